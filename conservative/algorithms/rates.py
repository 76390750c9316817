"""Proved contraction factors of small quadratic problems: curvatures enclosed by exact tests of definiteness."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.exact.linear_algebra import is_positive_semidefinite, to_flint
from conservative._core.numbers import Bracket, float_above, float_below
from conservative.problems import Problem
from conservative.problems.quadratic import Quadratic

_MOST = 12
_SLACK = Fraction(1, 10**9)

Ends = tuple[Fraction, Fraction]


def proved_rate(
    problem: Problem, factor: Callable[[Fraction, Fraction], Fraction], *, whole: bool = False
) -> Bracket | None:
    """factor(μ, L), which falls with μ and rises with L, enclosed; None for large, curved or singular problems."""
    if not isinstance(problem.smooth, Quadratic) or problem.size > _MOST:
        return None
    H = np.array(problem.smooth.hessian(problem.parameters.values), dtype=object)
    if whole:
        H = H + Fraction(problem.penalty.curvature(problem.parameters.values)) * np.eye(len(H), dtype=int)
    return enclosed_rate(H, factor)


def enclosed_rate(H: Any, factor: Callable[[Fraction, Fraction], Fraction]) -> Bracket | None:
    """factor(μ, L) of the ends of a symmetric matrix, enclosed; None for large or singular ones."""
    if H is None or len(H) > _MOST:
        return None
    exact = np.array([[Fraction(x) for x in row] for row in H.tolist()], dtype=object)
    mu, L = (Fraction(float(end)) for end in np.linalg.eigvalsh(exact.astype(np.float64))[[0, -1]])
    if not mu > 0:
        return None
    (mu_low, mu_high), (L_low, L_high) = ((end * (1 - _SLACK), end * (1 + _SLACK)) for end in (mu, L))
    enclosed = (
        _definite(exact, mu_low, 1) and not _definite(exact, mu_high, 1)
        and _definite(exact, L_high, -1) and not _definite(exact, L_low, -1)
    )  # fmt: skip
    if not enclosed:
        return None
    ends = [factor(a, b) for a in (mu_low, mu_high) for b in (L_low, L_high)]
    return Bracket(float_below(min(ends)), float_above(max(ends))) if max(ends) < 1 else None


def forward(step: Any) -> Callable[[Fraction, Fraction], Fraction]:
    """max(|1 − αμ|, |1 − αL|)."""
    alpha = Fraction(step)
    return lambda mu, L: max(abs(1 - alpha * mu), abs(1 - alpha * L))


def splitting(step: Any) -> Callable[[Fraction, Fraction], Fraction]:
    """(1 + δ)/2, δ = max((γL − 1)/(γL + 1), (1 − γμ)/(1 + γμ))."""
    gamma = Fraction(step)
    return lambda mu, L: (1 + max((gamma * L - 1) / (gamma * L + 1), (1 - gamma * mu) / (1 + gamma * mu))) / 2


def _definite(H: Any, end: Fraction, sign: int) -> bool:
    """Whether sign (H − end I) is positive semidefinite."""
    shifted = sign * (H - end * np.eye(len(H), dtype=int))
    return is_positive_semidefinite(to_flint(shifted.tolist()))
