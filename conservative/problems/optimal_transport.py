"""Entropic optimal transport: the plan P between two histograms that minimises ⟨C, P⟩ + ε Σ P (log P − 1)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.parameters import Parameters, Values, choose, read_array
from conservative.problems.penalties import Penalty
from conservative.problems.problem import Problem

_SOURCE = "M. Cuturi, Sinkhorn distances: lightspeed computation of optimal transport, NeurIPS 2013"


def optimal_transport(
    C: Any, *, a: Any = None, b: Any = None, theta: Sequence[str] = ("epsilon",), epsilon: Any = 1
) -> Problem:
    """The plan P ≥ 0 with row sums a and column sums b that minimises ⟨C, P⟩ + ε Σ P (log P − 1).

    Parameters
    ----------
    C : array_like, shape (n, m)
        Costs.
    a, b : array_like, shape (n,) and (m,), optional
        Positive histograms of equal mass; uniform ones of mass 1 unless given.
    theta : sequence of str
        What θ consists of, in order: "epsilon", "C" (row by row), "a", "b".
    epsilon : number
        ε where it is not in θ, and its default where it is.

    Returns
    -------
    Problem
        Its unknowns are the n·m entries of P, row by row.

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    References
    ----------
    [cuturi2013]_

    Examples
    --------
    >>> import conservative as cj
    >>> cj.problems.optimal_transport([[0, 1], [1, 0]]).solve(1.0).round(6).tolist()
    [0.365529, 0.134471, 0.134471, 0.365529]
    """
    call = "optimal_transport"
    costs = np.asarray(read_array(C, 2, call=call, argument="C"), dtype=np.float64)
    sides = []
    for value, size, name in ((a, costs.shape[0], "a"), (b, costs.shape[1], "b")):
        side = np.full(size, 1 / size) if value is None else read_array(value, 1, call=call, argument=name)
        side = np.asarray(side, dtype=np.float64)
        if side.shape != (size,):
            raise ShapeError(f"`{call}({name}=...)` needs {size} numbers, as C has; got {side.shape}.")
        if not (side > 0).all():
            raise ArgumentError(f"`{call}({name}=...)` needs positive numbers; drop rows or columns without mass.")
        sides.append(side)
    masses = [float(side.sum()) for side in sides]
    if not np.isclose(masses[0], masses[1], rtol=1e-9):
        raise ArgumentError(f"`{call}(a=..., b=...)` needs equal masses; got {masses[0]:g} and {masses[1]:g}.")
    strength = float(read_array(epsilon, 0, call=call, argument="epsilon"))
    if not strength > 0:
        raise ArgumentError(f"`{call}(epsilon=...)` needs a positive number; got {strength:g}.")
    values = {"epsilon": strength, "C": costs, "a": sides[0], "b": sides[1]}
    return Problem(
        name="optimal transport", size=costs.size, smooth=None, penalty=NoPenalty(),
        parameters=Parameters(choose(theta, values, call=call), values), solver=_solve, source=_SOURCE,
    )  # fmt: skip


class NoPenalty(Penalty):
    """Nothing that a proximal map is needed for."""

    def value(self, w: Any, v: Values) -> Any:
        """Zero."""
        return 0.0

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """The identity."""
        return z

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """No entry has a state."""
        return np.zeros(np.shape(w), dtype=np.int_)

    def face(self, states: Any, v: Values) -> Any:
        """There are no faces."""
        raise NotImplementedError

    def gaps(self, z: Any, v: Values) -> Any:
        """There are no kinks."""
        return np.full((1, *np.shape(z)), np.inf)

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """Nothing."""
        return 0, []


def _solve(problem: Problem, values: Values) -> NDArray[np.float64]:
    """By Newton's method on the smooth concave dual in the row potentials, none of Sinkhorn's iterations."""
    epsilon = float(np.squeeze(values["epsilon"]))
    cost = np.asarray(values["C"], dtype=np.float64) / epsilon
    a, b = (np.asarray(values[name], dtype=np.float64) for name in "ab")

    def plan(x: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = x[:, None] - cost
        rows = rows - rows.max(axis=0)
        weights = np.exp(rows)
        return np.asarray(weights / weights.sum(axis=0) * b)

    def dual(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        rows = x[:, None] - cost
        top = rows.max(axis=0)
        return float(b @ (top + np.log(np.exp(rows - top).sum(axis=0))) - a @ x), plan(x).sum(axis=1) - a

    def curvature(x: NDArray[np.float64]) -> NDArray[np.float64]:
        P = plan(x)
        return np.asarray(np.diag(P.sum(axis=1)) - (P / b) @ P.T)

    x = minimize(dual, np.zeros(len(a)), jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x
    for _ in range(50):  # Newton to the last digit, on the quotient by constants
        step = np.linalg.lstsq(curvature(x), dual(x)[1], rcond=None)[0]
        x = x - step
        if np.abs(step).max() <= 1e-14 * max(1.0, np.abs(x).max()):
            break
    found = plan(x)
    if not np.abs(found.sum(axis=1) - a).max() <= 1e-6 * a.sum():
        raise ArgumentError(
            f"optimal transport at epsilon = {epsilon:.3g} has no plan that doubles can tell: its row sums are off by "
            f"{np.abs(found.sum(axis=1) - a).max():.2g}. Take a larger epsilon; without entropy it is a linear program."
        )
    return found.ravel()
