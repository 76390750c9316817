"""Sparse inverse covariance estimation, −log det Θ + tr(SΘ) + λ Σ_{i≠j}|Θ_ij|."""

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative.problems.curved_faces import slopes_on_support, solve_by_newton
from conservative.problems.faces import Face
from conservative.problems.log_det import LogDet, transposed
from conservative.problems.parameters import Parameters, Values, as_floats, choose
from conservative.problems.penalties import Penalty, signs, soft
from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import nonnegative, semidefinite

_SOURCE = "J. Friedman, T. Hastie, R. Tibshirani, Sparse inverse covariance estimation with the graphical lasso, 2008"


def inverse_covariance(S: Any, *, theta: Sequence[str] = ("lambda",), weight: Any = 1) -> Problem:
    """The sparse inverse Θ of a covariance S: −log det Θ + tr(SΘ) + λ Σ_{i≠j}|Θ_ij|, the graphical lasso.

    At the solution W = Θ⁻¹ has W_ii = S_ii, and |W_ij − S_ij| ≤ λ, with equality where Θ_ij is not zero.

    Parameters
    ----------
    S : array_like, shape (n, n)
        Symmetric and positive semidefinite, with a positive diagonal.
    theta : sequence of str
        Of "lambda", "S" (row by row; its symmetric part counts) and the numbers of an algorithm, such as "step".
    weight : number
        λ where it is not in θ, and its default where it is.

    Returns
    -------
    Problem
        Its unknowns are the n² entries of Θ, row by row. The two entries of a pair share one tie.

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    References
    ----------
    [friedman2008]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.inverse_covariance([[2, 1], [1, 2]])
    >>> (15 * problem.solve(0.5)).round(6).tolist()
    [8.0, -2.0, -2.0, 8.0]
    >>> algorithm = cj.algorithms.douglas_rachford(problem, step=1)
    >>> len(algorithm.switched().ties)
    1
    """
    call = "inverse_covariance"
    gram = as_floats(semidefinite(S, "S", call))
    if (gram.diagonal() <= 0).any():
        raise ArgumentError(f"`{call}(S=...)` needs a positive diagonal: a variable without variance has no inverse.")
    values = {"lambda": float(nonnegative(weight, "weight", call)), "S": gram}
    order = len(gram)
    return Problem(
        name=call, size=order**2, smooth=LogDet(order), penalty=OffDiagonal(order),
        parameters=Parameters(choose(theta, values, call=call), values),
        solver=solve_by_newton, slopes=slopes_on_support, source=_SOURCE,
    )  # fmt: skip


@final
class OffDiagonal(Penalty):
    """λ Σ_{i≠j}|Θ_ij| of symmetric matrices: one tie a pair i < j, shared by both of its entries."""

    separable: ClassVar[bool] = False
    states: ClassVar[tuple[int, ...]] = (0, 1, -1)

    def __init__(self, order: int) -> None:
        rows, columns = np.triu_indices(order, k=1)
        self.order = order
        self.diagonal = np.arange(order) * (order + 1)
        self.above = rows * order + columns
        places = np.empty((order, order), dtype=np.intp)
        places[np.arange(order), np.arange(order)] = np.arange(order)
        places[rows, columns] = places[columns, rows] = order + np.arange(len(rows))
        self.places = places.ravel()

    def value(self, w: Any, v: Values) -> Any:
        """λ Σ_{i≠j}|Θ_ij|."""
        off = np.abs(w).sum(axis=-1) - np.abs(w[..., self.diagonal]).sum(axis=-1)
        return np.squeeze(v["lambda"]) * off

    def within(self, z: Any) -> Any:
        """(Z + Zᵀ)/2."""
        return (z + z[..., transposed(self.order)]) / 2

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """Soft thresholding of the symmetric part beside its diagonal."""
        even = self.within(z)
        off = soft(even[..., self.above], s * v["lambda"])
        return np.concatenate([even[..., self.diagonal], off], axis=-1)[..., self.places]

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """Signs beside the diagonal, which is free."""
        states = signs(w, tolerance)
        states[self.diagonal] = 1
        return states

    def tilt(self, w: Any, states: Any, v: Values) -> Any:
        """λ sign(Θ_ij) beside the diagonal."""
        found = np.squeeze(v["lambda"]) * states.astype(np.float64)
        found[self.diagonal] = 0.0
        return found

    def face(self, states: Any, v: Values) -> Face:
        """The pairs of one sign."""
        return Face(states != 0, np.zeros(len(states)), self.tilt(states, states, v))

    def gaps(self, z: Any, v: Values) -> Any:
        """The pairs of z ∓ λ."""
        off = z[..., self.above]
        return np.stack([off - v["lambda"], off + v["lambda"]]) if off.size else np.full((1, 1), np.inf)

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and the constraint of symmetry."""
        import cvxpy as cp

        below = transposed(self.order)[self.above]
        return 2 * float(np.squeeze(v["lambda"])) * cp.norm1(w[self.above]), [w[self.above] == w[below]]
