"""Proved contraction factors: curvatures enclosed by exact tests of definiteness, roots and tanh in rational ends."""

from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from typing import Any

import flint
import numpy as np
from scipy import linalg

from conservative._core.exact.linear_algebra import is_positive_semidefinite, to_flint
from conservative._core.numbers import Bracket, float_above, float_below
from conservative.problems import Problem
from conservative.problems.parameters import Parameters
from conservative.problems.quadratic import Quadratic

_MOST = 12
_PRODUCTS = 100_000
_SLACK = Fraction(1, 10**9)
_ROOT = 2**80

ASYMPTOTIC = "none: the rate is the spectral radius of the one A"
"""Powers of A fall like it, up to a factor that grows with their number."""

Ends = tuple[Fraction, Fraction]
"""Lower and upper end of a real number."""
Factor = Callable[[Fraction, Fraction], Ends]
"""(μ, L) → a factor that falls with μ and rises with L."""

_DIP = Fraction(1, 1000)
"""How far a factor may be below its values at the corners of enclosed curvatures, at most."""


def proved_rate(problem: Problem, factor: Factor, *, whole: bool = False) -> Bracket | None:
    """factor(μ, L) with the curvatures of f, or of f + g; None for large, curved or singular problems."""
    return enclosed_rate(exact_hessian(problem, whole=whole), factor)


def enclosed_rate(H: Any, factor: Factor) -> Bracket | None:
    """factor(μ, L) of the ends of a symmetric matrix, enclosed; None for large or singular ones."""
    if H is None or len(H) > _MOST:
        return None
    H = _fractions(H)
    mu, L = least_ratio(H, np.eye(len(H), dtype=int)), largest_curvature(H)
    if mu is None or L is None:
        return None
    ends = [factor(a, b) for a in mu for b in L]
    low = min(low for low, _ in ends)
    # Curvatures are enclosed within 1e-9 of themselves; factors are roots of theirs at worst, and may dip in between.
    exact = mu[0] == mu[1] and L[0] == L[1]
    return contracting((low if exact else max(Fraction(0), low - _DIP), max(high for _, high in ends)))


def exact_hessian(problem: Problem, *, whole: bool = False) -> Any:
    """The Hessian of f, or of f + g, in fractions; None where f is not quadratic, or large."""
    values = problem.parameters.values
    if not isinstance(problem.smooth, Quadratic) or problem.size > _MOST:
        return None
    if values["gram"] is None and values["X"].shape[0] * problem.size**2 > _PRODUCTS:
        return None
    read = {name: _fractions(values[name]) for name in ("X", "gram", "ridge", "factor")}
    H = problem.smooth.hessian(Parameters((), {**values, **read}).values)
    if whole:
        H = H + Fraction(problem.penalty.curvature(values)) * np.eye(len(H), dtype=int)
    return H


def least_ratio(H: Any, B: Any) -> Ends | None:
    """The largest c with H − cB positive semidefinite, enclosed within 10⁻⁹ of itself; None unless it is positive."""
    try:
        near = linalg.eigh(H.astype(np.float64), B.astype(np.float64), eigvals_only=True, subset_by_index=[0, 0])[0]
    except linalg.LinAlgError:
        return None
    if not near > 0:
        return None
    low, high = (Fraction(float(near)) * (1 + sign * _SLACK) for sign in (-1, 1))
    return (low, high) if _definite(H - low * B) and not _definite(H - high * B) else None


def largest_curvature(H: Any) -> Ends | None:
    """L, enclosed within 10⁻⁹ of itself; None unless it is positive."""
    one = np.eye(len(H), dtype=int)
    near = Fraction(float(np.linalg.eigvalsh(H.astype(np.float64))[-1]))
    low, high = (near * (1 + sign * _SLACK) for sign in (-1, 1))
    return (low, high) if near > 0 and _definite(high * one - H) and not _definite(low * one - H) else None


def contracting(ends: Ends | None) -> Bracket | None:
    """A factor as a bracket, where it is below one."""
    return Bracket(float_below(ends[0]), float_above(ends[1])) if ends is not None and ends[1] < 1 else None


def forward(step: Any, damping: Any = 0) -> Factor:
    """max(|1 − αμ|, |1 − αL|)/(1 + αλ), g = λ/2 ‖w‖² or convex with λ = 0."""
    alpha, after = Fraction(step), 1 + Fraction(step) * Fraction(damping)
    return lambda mu, L: _known(max(abs(1 - alpha * mu), abs(1 - alpha * L)) / after)


def splitting(step: Any) -> Factor:
    """(1 + δ)/2, δ = max((γL − 1)/(γL + 1), (1 − γμ)/(1 + γμ))."""
    gamma = Fraction(step)
    return lambda mu, L: _known((1 + max((gamma * L - 1) / (gamma * L + 1), (1 - gamma * mu) / (1 + gamma * mu))) / 2)


def heavy_ball_radius(step: Any, momentum: Any) -> Factor:
    """The larger modulus of the roots of r² − (1 + β − αh) r + β, over the curvatures h: at an end."""
    alpha, beta = Fraction(step), Fraction(momentum)
    return _at_the_ends(lambda h: _radius(1 + beta - alpha * h, beta))


def nesterov_radius(step: Any, momentum: Any, damping: Any = 0) -> Factor:
    """The same of r² − (1 + β) q r + β q, q = (1 − αh)/(1 + αλ)."""
    alpha, beta, after = Fraction(step), Fraction(momentum), 1 + Fraction(step) * Fraction(damping)

    def radius(h: Fraction) -> Ends:
        q = (1 - alpha * h) / after
        return _radius((1 + beta) * q, beta * q)

    return _at_the_ends(radius)


def sweep_factor(H: Any) -> Ends | None:
    """‖I − (D + L)⁻¹H‖ in the norm of the energy: √(1 − c), c the largest with H − c(D + L)D⁻¹(D + Lᵀ) ⪰ 0."""
    lower = np.tril(H)
    found = least_ratio(H, lower / H.diagonal() @ lower.T)
    return None if found is None else (root(1 - found[1])[0], root(1 - found[0])[1])


def row_factor(H: Any) -> Ends:
    """Sassenfeld's: the largest of β_j = (Σ_{k<j}|H_jk|β_k + Σ_{k>j}|H_jk|)/H_jj, which bounds a sweep in ‖·‖_∞."""
    found: list[Fraction] = []
    for j, row in enumerate(np.abs(H)):
        before = sum((x * beta for x, beta in zip(row, found, strict=False)), Fraction(0))
        found.append((before + sum(row[j + 1 :], Fraction(0))) / row[j])
    return _known(max(found))


def tanh_squared(quarter: Fraction) -> Ends:
    """tanh² of a fraction."""
    value = flint.arb(flint.fmpq(quarter.numerator, quarter.denominator)).tanh() ** 2
    low, high = (Fraction(int(man)) * Fraction(2) ** int(exp) for man, exp in
                 (end.man_exp() for end in (value.lower(), value.upper())))  # fmt: skip
    return max(low, Fraction(0)), high


def _at_the_ends(radius: Callable[[Fraction], Ends]) -> Factor:
    def factor(mu: Fraction, L: Fraction) -> Ends:
        ends = [radius(mu), radius(L)]
        return max(low for low, _ in ends), max(high for _, high in ends)

    return factor


def _radius(trace: Fraction, determinant: Fraction) -> Ends:
    """The larger modulus of the roots of r² − tr + d."""
    inside = trace * trace - 4 * determinant
    if inside < 0:
        return root(determinant)
    low, high = root(inside)
    return (abs(trace) + low) / 2, (abs(trace) + high) / 2


def root(q: Fraction) -> Ends:
    """√q between fractions; of what is below 0 by rounding, that of 0."""
    q = max(q, Fraction(0))
    low = isqrt(q.numerator * _ROOT**2 // q.denominator)
    return Fraction(low, _ROOT), Fraction(low + 1, _ROOT)


def _known(q: Fraction) -> Ends:
    return q, q


def _fractions(value: Any) -> Any:
    if value is None:
        return None
    dense = value.toarray() if hasattr(value, "toarray") else np.asarray(value)
    found = np.empty(dense.shape, dtype=object)
    found[...] = np.vectorize(Fraction, otypes=[object])(dense)
    return found if found.ndim else found[()]


def _definite(H: Any) -> bool:
    """Whether H is positive semidefinite."""
    return is_positive_semidefinite(to_flint(H.tolist()))
