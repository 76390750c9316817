"""`derivative_moments`: mean and covariance of the derivative along x ← F_ξ(x, θ), a map drawn for each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, ShapeError
from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative._core.numbers import Estimate
from conservative._core.printable import shown
from conservative._core.result_lines import result_line
from conservative.functions import StateMap
from conservative.functions.points import read_number
from conservative.problems.parameters import numbers

Matrix = NDArray[Any]
_CALL = "derivative_moments"
_STATES = 40
_EXACT_STATES = 8


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DerivativeMoments:
    """Mean and covariance of the limit in law of X ← A_ξ X + B_ξ.

    Parameters
    ----------
    mean : ndarray, shape (p, m)
        (Id − E A)⁻¹ E B; `Fraction` objects where the maps and the point are exact.
    covariance : ndarray, shape (p, m, p, m)
        Of the entries of X; infinite where `rate` is not below one.
    rate : Estimate
        ρ(E[A ⊗ A]), the factor by which second moments contract.
    mean_rate : Estimate
        ρ(E A), that of the mean.
    """

    mean: Matrix
    covariance: Matrix
    rate: Estimate
    mean_rate: Estimate

    def __repr__(self) -> str:
        p, m = self.mean.shape
        rates = f"rate {self.rate.value:.6g}", f"of the mean {self.mean_rate.value:.6g}"
        return result_line(self, f"derivatives {p} × {m}", *rates)

    @property
    def variance(self) -> Matrix:
        """The variance of each entry, shape (p, m)."""
        return np.asarray(np.einsum("icic->ic", self.covariance))


def derivative_moments(
    maps: Sequence[StateMap], at: Any, *, probabilities: ArrayLike | None = None
) -> DerivativeMoments:
    """Mean and covariance of the derivative that piggyback carries along x ← F_ξ(x, θ), ξ drawn for each step.

    X ← A_ξ X + B_ξ with [A_i B_i] the Jacobian of F_i at the point. What holds in the limit of the steps holds where
    these do not depend on x (quadratic losses, θ in the targets), or x comes to rest at a common fixed point.

    Parameters
    ----------
    maps : sequence of StateMap
        F_1, ..., F_k with the same states and parameters, without ties at the point: of stochastic gradient descent
        `[cj.algorithms.sgd(problem, step=..., order=[i]) for i in range(n)]`.
    at : mapping of name to number, or sequence of p + m numbers
    probabilities : array_like, shape (k,), optional
        Equal ones when left out.

    Returns
    -------
    DerivativeMoments

    Raises
    ------
    ArgumentTypeError, ShapeError
    ArgumentError
        When a map ties at the point, or the mean does not converge.
    BudgetError
        With more than 40 states.

    Notes
    -----
    The mean solves (Id − E A) M = E B, the second moments S = E[A S Aᵀ + A M Bᵀ + B Mᵀ Aᵀ + B Bᵀ], one linear system of
    p² equations; in rationals up to 8 states where all is exact. With constant steps the variance stays; it is 0 where
    one X solves X = A_i X + B_i for every i.

    Examples
    --------
    Losses a_i (x − c_i θ)²/2 with a = (1, 2), c = (0, 3), in steps of 1/4:

    >>> import conservative as cj
    >>> maps = [cj.from_sympy(f"x - {a}*(x - {c}*t)/4", state="x", parameters="t") for a, c in ((1, 0), (2, 3))]
    >>> found = cj.differentiation.derivative_moments(maps, [0, 1])
    >>> print(found.mean.item(), found.variance.item())
    2 8/19
    """
    blocks, p = _blocks(maps, at)
    weights = _weights(probabilities, len(blocks))
    if blocks.dtype != object or weights.dtype != object or p > _EXACT_STATES:
        blocks, weights = blocks.astype(np.float64), weights.astype(np.float64)
    A, B = blocks[:, :, :p], blocks[:, :, p:]
    mean_A, mean_B = np.tensordot(weights, A, 1), np.tensordot(weights, B, 1)
    pair = np.einsum("i,ipr,iqs->pqrs", weights, A, A).reshape(p * p, p * p)
    mean_rate, rate = _radius(mean_A), _radius(pair)
    if not mean_rate < 1:
        raise ArgumentError(
            f"`{_CALL}(maps=...)`: the mean of the derivatives does not converge, for ρ(E A) is {mean_rate:.6g}. Take "
            "shorter steps."
        )
    mean = _solve(mean_A, mean_B)
    m = mean.shape[1]
    covariance: Matrix = np.full((p, m, p, m), np.inf)
    if rate < 1:
        drift = np.einsum("ipq,qc->ipc", A, mean) + B - mean
        right = np.einsum("i,ipc,iqd->pqcd", weights, drift, drift).reshape(p * p, m * m)
        covariance = _solve(pair, right).reshape(p, p, m, m).transpose(0, 2, 1, 3)
    return DerivativeMoments(mean, covariance, Estimate(rate), Estimate(mean_rate))


def _blocks(maps: Any, at: Any) -> tuple[Matrix, int]:
    """[A_i B_i] without the states that count steps, shape (k, p, p + m), and p."""
    wanted = "one or more maps F(x, θ) of one state to itself, with the same parameters"
    listed = as_items(maps, call=_CALL, argument="maps", wanted=wanted)
    for F in listed or [None]:
        if not isinstance(F, StateMap):
            raise ArgumentTypeError(f"`{_CALL}(maps=...)` needs {wanted}; got {shown(F)}.")
    sizes = {(F.size, F.state_size, F.parameter_size, getattr(F, "clock", 0)) for F in listed}
    size, states, m, clock = next(iter(sizes))
    if len(sizes) > 1 or size != states or not m:
        raise ShapeError(f"`{_CALL}(maps=...)` needs {wanted}; got components, states and parameters {sorted(sizes)}.")
    p = states - clock
    if p > _STATES:
        raise BudgetError(f"`{_CALL}` solves p² equations for p states, at most {_STATES}; got {p}.")
    forms = [F.switched(at) for F in listed]
    for number, form in enumerate(forms):
        if form.ties:
            raise ArgumentError(
                f"`{_CALL}(at=...)`: map {number} ties there, {form.ties[0]}, so that it has more than one derivative. "
                "Take a point off its kinks."
            )
    found = [form.dense_base() for form in forms]
    exact = all(block.dtype == object for block in found)
    stacked = np.stack(found if exact else [block.astype(np.float64) for block in found])
    return np.concatenate([stacked[:, :p, :p], stacked[:, :p, states:]], axis=2), p


def _weights(given: Any, k: int) -> Matrix:
    if given is None:
        return np.array([Fraction(1, k)] * k, dtype=object)
    wanted = f"{k} numbers of at least 0 with sum 1"
    read = [read_number(w, "a probability", _CALL) for w in
            as_items(given, call=_CALL, argument="probabilities", wanted=wanted)]  # fmt: skip
    if len(read) != k or min(read) < 0 or abs(float(sum(read)) - 1) > 1e-12:
        raise ShapeError(f"`{_CALL}(probabilities=...)` needs {wanted}; got {shown(given)}.")
    return numbers(read)


def _solve(A: Matrix, right: Matrix) -> Matrix:
    """(Id − A)⁻¹ r, in fractions where these are."""
    one = np.eye(len(A), dtype=int)
    if A.dtype != object:
        return np.linalg.solve(one - A, right)
    found = np.empty(right.shape, dtype=object)
    found[...] = from_flint(to_flint((one - A).tolist()).solve(to_flint(right.tolist())))
    return found


def _radius(A: Matrix) -> float:
    return float(np.abs(np.linalg.eigvals(A.astype(np.float64))).max(initial=0.0))
