"""How fast products of the state blocks shrink: the constants of every error bound.

Let c_s be a bound of ‖A_1 ⋯ A_s‖₂ over all words of length s. Two sets driven by the same 𝒥 satisfy
dist(𝒥ˢ(𝒳), 𝒥ˢ(𝒴)) ≤ c_s dist(𝒳, 𝒴), because X ↦ A_1(⋯(A_s X + B_s)⋯) + B_1 stretches by at most ‖A_1 ⋯ A_s‖₂.
The sums T_t = Σ_{s ≥ t} c_s bound the distance to the fixed set (`a_posteriori` says how): if ‖A‖ ≤ ρ < 1 then
c_s = ρˢ, T_0 = 1/(1 − ρ) and T_1 = ρ/(1 − ρ), the bounds of the theory page.
Products of vertices suffice: ‖A_1 ⋯ A_s‖ is convex in each factor.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.deadlines import NEVER, is_over
from conservative._core.errors import ArgumentError, ShapeError
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.result_lines import count, result_line
from conservative.iteration.bounds.word_tree_bound import code_bound

Floats = NDArray[np.float64]

_PRODUCTS = 20_000
"""Largest number of products of one length that is formed."""

_DIGITS = 256
"""Binary digits of powers."""

_ENTRIES = 4_000_000
"""Largest number of entries of all products of one length."""


@dataclass(frozen=True, slots=True)
class Decay:
    """Bounds c_{qn + r} = rate^q · norms[r] of the norms of all products, for r < n = len(norms).

    Parameters
    ----------
    norms : tuple of float
        c_0, ..., c_{n−1}, rounded up.
    rate : float
        Bound of the norms of products of length n, rounded up. Below 1, some power of 𝒥 contracts.
    one_step : float
        Bound of ‖A‖₂ over the family, rounded up: Assumption A in the Euclidean norm holds if it is below 1.
    """

    norms: tuple[float, ...]
    rate: float
    one_step: float

    def __repr__(self) -> str:
        return result_line(self, count(len(self.norms), "norm"), f"rate={self.rate}", f"one_step={self.one_step}")

    @property
    def contracts(self) -> bool:
        """Whether the products are proved to shrink geometrically."""
        return self.rate < 1.0

    def at(self, length: int) -> float:
        """A bound of the norms of products of this length, rounded up.

        Parameters
        ----------
        length : int

        Returns
        -------
        float
        """
        q, r = divmod(length, len(self.norms))
        if q == 0:
            return self.norms[r]
        if not self.contracts:
            return _grown(self.rate, q, self.norms[r])
        return _rounded_up(_power(self.rate, q) * Fraction(self.norms[r]))

    def tail(self, start: int) -> float:
        """The sum T of the bounds from this length on, rounded up; infinite when nothing contracts.

        Parameters
        ----------
        start : int

        Returns
        -------
        float
        """
        if not (self.contracts and max(self.norms) < math.inf):
            return math.inf
        q, r = divmod(start, len(self.norms))
        norms, rate = [Fraction(norm) for norm in self.norms], Fraction(self.rate)
        rest = sum(norms[r:]) + rate * sum(norms) / (1 - rate)
        return _rounded_up(_power(self.rate, q) * rest)


def decay_of(A: Floats, *, norm: ArrayLike | None = None, deadline: float = NEVER) -> Decay:
    """Bounds of the norms of all products of a family.

    Shapes: `A` (k, p, p), `norm` (p, p). `norm`: A positive definite P: products are measured in ‖x‖_P = √(xᵀPx) and
    converted by its condition number. Returns: in the first norm that contracts: Euclidean in one step, the given one,
    Euclidean in several steps. If none does, the rate is at least 1.
    """
    one_step = float(spectral_norm_bounds(A)[1].max())
    if norm is not None:
        moved = _conjugated(A, norm)
        condition, rate = moved.condition, moved.weight
        if rate < 1.0 and (one_step >= 1.0 or condition / (1.0 - rate) < 1.0 / (1.0 - one_step)):
            return Decay((condition,), rate, one_step)
    if one_step < 1.0:
        return Decay((1.0,), one_step, one_step)
    return _grouped(A, one_step, deadline)


def _grouped(A: Floats, one_step: float, deadline: float) -> Decay:
    """Lengthen the products until they contract well, or there are too many of them."""
    k, p = A.shape[:2]
    largest = min(_PRODUCTS, _ENTRIES // (p * p))
    products, norms = A, [1.0, one_step]
    roundings: list[float] = []
    size = float(frobenius_bounds(A)[1].max())
    best = Decay((1.0,), one_step, one_step)
    while len(products) * k <= largest and len(norms) <= 64 and np.isfinite(norms[-1]) and not is_over(deadline):
        with np.errstate(under="ignore", over="ignore", invalid="ignore"):
            roundings.append((p + 2) * UNIT_ROUNDOFF * size * float(frobenius_bounds(products)[1].max()))
            products = np.einsum("wij,kjl->wkil", products, A, optimize=True).reshape(-1, p, p)
        if not np.isfinite(products).all():
            break
        # A rounding made at length j is multiplied by a product of the factors that follow it.
        error = math.fsum(e * c for e, c in zip(reversed(roundings), norms, strict=False))
        rate = _up(float(spectral_norm_bounds(products)[1].max()) + error + 1e-300, len(norms) + 8)
        found = Decay(tuple(norms), rate, one_step)
        if _merit(found) < _merit(best):
            best = found
        if rate < 0.5:
            break
        norms.append(rate)
    return best


def _merit(decay: Decay) -> tuple[float, float]:
    """Small is good: first a small sum of all bounds, then, where that is infinite, slow growth."""
    return decay.tail(0), decay.rate ** (1.0 / len(decay.norms))


def pruned_decay(A: Floats, *, norm: ArrayLike, deadline: float = NEVER) -> Decay:
    """Bounds from a tree of words measured in ‖x‖_P, cut where they have shrunk.

    Shapes: `A` (k, p, p), `norm` (p, p). Returns: with a rate of at least 1 if no tree was small enough.
    """
    one_step = float(spectral_norm_bounds(A)[1].max())
    moved = _conjugated(A, norm)
    if not math.isfinite(moved.weight):
        return Decay((1.0,), max(one_step, 1.0), one_step)
    constant, rate = code_bound(moved.A, error=moved.error, weight=moved.weight, deadline=deadline)
    return Decay((_up(constant * moved.condition, 2),), rate, one_step)


@dataclass(frozen=True, slots=True, eq=False)
class _Conjugated:
    """T A T⁻¹ up to `error`, with TᵀT = P: bounds of their norms, and of ‖T‖₂‖T⁻¹‖₂.

    The float factor T defines the norm, so P need not be factored exactly. With S ≈ T⁻¹ and ‖TS − I‖ ≤ ε < 1,
    ‖T A T⁻¹‖ ≤ ‖T A S‖/(1 − ε).
    """

    A: Floats
    error: float
    weight: float
    condition: float


def _conjugated(A: Floats, norm: ArrayLike) -> _Conjugated:
    p = A.shape[1]
    P = as_real_array(norm, call="iterate_set", argument="norm", wanted=f"shape ({p}, {p})")
    if P.shape != (p, p):
        raise ShapeError(f"`iterate_set(norm=...)` needs shape ({p}, {p}), the size of the state; got {P.shape}.")
    try:
        T = np.asarray(np.linalg.cholesky(0.5 * (P + P.T)).T, dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise ArgumentError(
            "`iterate_set(norm=...)` needs a positive definite matrix P; got one that is not. "
            "Add a multiple of the identity."
        ) from error
    S = np.asarray(np.linalg.inv(T), dtype=np.float64)
    sizes = [float(frobenius_bounds(M)[1].max()) for M in (T, A, S)]
    rounding = 4 * (p + 2) * UNIT_ROUNDOFF
    defect = float(frobenius_bounds(T @ S - np.eye(p))[1]) + rounding * (sizes[0] * sizes[2] + 1.0)
    if not defect < 0.5:
        return _Conjugated(A, math.inf, math.inf, math.inf)
    turned, noise = T @ A @ S, rounding * sizes[0] * sizes[1] * sizes[2]
    stretched = float(spectral_norm_bounds(turned)[1].max()) + noise
    condition = float(spectral_norm_bounds(T)[1]) * float(spectral_norm_bounds(S)[1])
    # T A T⁻¹ = T A S (T S)⁻¹, and ‖(T S)⁻¹ − I‖ ≤ ε/(1 − ε).
    off = _up(noise + stretched * defect / (1.0 - defect), 8)
    return _Conjugated(turned, off, _up(stretched / (1.0 - defect), 8), _up(condition / (1.0 - defect), 8))


def _power(rate: float, exponent: int) -> Fraction:
    """rate^exponent, rate < 1, rounded up far beyond doubles: 1/(1 − rate) magnifies what is lost here."""
    power, base = Fraction(1), Fraction(rate)
    while exponent:
        if exponent & 1:
            power = _shortened(power * base)
        base, exponent = _shortened(base * base), exponent >> 1
    return power


def _shortened(value: Fraction) -> Fraction:
    """A positive number, or a little more, with few digits."""
    size = value.numerator.bit_length() - _DIGITS
    return value if size <= 0 else Fraction(((value.numerator >> size) + 1) << size, value.denominator)


def _grown(rate: float, exponent: int, norm: float) -> float:
    """rate^exponent · norm, rounded up, for a rate of at least 1."""
    try:
        return _up(rate**exponent * norm, 4 * exponent.bit_length() + 16)
    except OverflowError:
        return math.inf


def _rounded_up(value: Fraction) -> float:
    """The smallest double that is not below, or infinity."""
    try:
        found = float(value)
    except OverflowError:
        return math.inf
    return found if Fraction(found) >= value else math.nextafter(found, math.inf)


def _up(value: float, roundings: int) -> float:
    """Above the exact value of a nonnegative expression computed with so many roundings."""
    return math.nextafter(value * (1.0 + roundings * UNIT_ROUNDOFF), math.inf) if value > 0.0 else 0.0
