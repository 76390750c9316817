"""A common quadratic norm: one ellipsoid that every matrix of a family shrinks, proved in rational arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import deadline_after
from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import is_clearly_positive, is_positive_semidefinite, to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily, as_family
from conservative._core.numbers import float_above, float_below
from conservative._core.rationals import as_fraction
from conservative._core.result_lines import result_line, shape
from conservative.certificates import Certificate, contraction_certificate
from conservative.spectral.norms.averaged import averaged_norm
from conservative.spectral.norms.raise_bound import raised
from conservative.spectral.norms.scaling import diagonal_balance, scale_family
from conservative.spectral.norms.unit_ball import UnitBall
from conservative.spectral.semidefinite.adapted import averaged_basis, common_weights
from conservative.spectral.semidefinite.program_time import is_affordable
from conservative.spectral.semidefinite.solve import solve_quietly

FloatArray = NDArray[np.float64]

_ELIMINATED = 12
"""Order up to which definiteness is decided by elimination; above, gamma is raised until it is clear."""

_SOLVER_SIZE = 32
"""Largest order for which semidefinite programs are solved: each takes seconds there, and the time grows like n^6."""

_SLACK, _ROUND = 1e-6, 16.0
"""Part of gamma that is given away for a better condition of P, and the condition that is good enough."""

_STATING = 5e-3
"""Seconds that stating a program takes for each matrix, about."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QuadraticNorm:
    """The norm sqrt(x^T P x), in which every matrix of a family has norm at most gamma.

    Parameters
    ----------
    P : ndarray, shape (n, n)
        Positive definite; its doubles are the exact entries.
    gamma : float
        A proved bound, at least `exact_gamma`.
    exact_weight : ExactMatrix
        P as rationals.
    exact_gamma : Fraction
        gamma^2 P - A_i^T P A_i is positive semidefinite for every i, proved.
    family : MatrixFamily
    """

    P: FloatArray
    gamma: float
    exact_weight: ExactMatrix
    exact_gamma: Fraction
    family: MatrixFamily

    @property
    def certificate(self) -> Certificate | None:
        """The claim that the joint spectral radius is at most `gamma`, which `check` proves again; made at each call.

        None where the numbers are beyond the checker's limits on size.
        """
        try:
            return contraction_certificate(self.family, self.exact_weight, Fraction(self.gamma))
        except (CertificateError, OverflowError):
            return None

    @property
    def ball(self) -> UnitBall:
        """The ellipsoid x^T P x <= 1."""
        return UnitBall.of_ellipsoid(self.P)

    @property
    def factor(self) -> FloatArray:
        """T = L^T with P = L L^T: the norm is about the Euclidean one of T x (T in doubles, not proved)."""
        return np.ascontiguousarray(np.linalg.cholesky(self.P).T)

    def __repr__(self) -> str:
        return result_line(self, shape((len(self.P), len(self.P))), f"gamma={self.gamma!r}")


def common_quadratic_norm(
    matrices: Any, *, scale: float | None = None, time_limit: float | None = None
) -> QuadraticNorm:
    """A quadratic norm in which the family contracts as strongly as semidefinite programming finds.

    P > 0 and A_i^T P A_i <= gamma^2 P for all i prove that the joint spectral radius is at most gamma, and that
    ||A_i|| <= gamma in the operator norm of sqrt(x^T P x).

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    scale : float, optional
        A lower bound of the joint spectral radius, if one is known: the solver stops there.
    time_limit : float, optional
        Seconds; None, the default, is no limit. The best norm that the solver has found by then is proved.

    Returns
    -------
    QuadraticNorm

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    The bound of `path_complete_bound` with memory 0, by the same Newton's steps on semidefinite programs (CLARABEL
    through cvxpy); of all P that prove it within a part of 1e-6 the best conditioned. P is rounded to doubles, and
    gamma raised until an exact LDL^T proves gamma^2 P - A_i^T P A_i >= 0. Beyond order 32, or if the solver fails, the
    leading eigenvector of X -> sum A_i^T X A_i or the identity remains: the answer is proved in any case, optimal only
    up to the solver.

    Examples
    --------
    >>> norm = common_quadratic_norm([[["1/2", 4], [0, "1/2"]]])
    >>> norm.gamma < 0.6
    True
    """
    family = as_family(matrices, call="common_quadratic_norm")
    deadline = deadline_after(time_limit, call="common_quadratic_norm")
    bound = None if scale is None else as_fraction(scale)
    balance = diagonal_balance(family)
    scaled = scale_family(family, transform=balance)
    if scaled is None or not scaled.floats.any():
        return prove_quadratic(family, np.eye(family.size), estimate=Fraction(0))
    unit = scaled.scale
    best_P, best = np.eye(family.size), _rate(scaled.floats, np.eye(family.size))
    known = 0.0 if bound is None else min(float_below(bound / unit), best)
    for candidate in _weights(scaled.floats, lower=known, deadline=deadline):
        rate = _rate(scaled.floats, candidate)
        if rate < best:
            best_P, best = candidate, rate
    best_P = _rounder(scaled.floats, best_P, best, deadline)
    best_P = _with_few_digits(scaled.floats, best_P / np.abs(best_P).max())
    return prove_quadratic(family, balance @ best_P @ balance, estimate=Fraction(_rate(scaled.floats, best_P)) * unit)


def prove_quadratic(family: MatrixFamily, P: FloatArray, *, estimate: Fraction) -> QuadraticNorm:
    """The smallest gamma near an estimate for which P is proved a common quadratic norm, or the identity's.

    Shapes: `P` (n, n). `P`: Symmetric; taken as the exact value of its doubles.
    """
    exact = tuple(tuple(Fraction(float(x)) for x in row) for row in P)
    weight = to_flint(exact)
    matrices = [to_flint(m) for m in family.exact]
    if not is_positive_semidefinite(weight, strict=True):
        return prove_quadratic(family, np.eye(family.size), estimate=estimate)
    images = [a.transpose() * weight * a for a in matrices]
    quick = family.size > _ELIMINATED and is_clearly_positive(weight)
    is_proved = is_clearly_positive if quick else is_positive_semidefinite
    for gamma in raised(estimate):
        square = flint.fmpq(gamma.numerator, gamma.denominator) ** 2
        if all(is_proved(weight * square - image) for image in images):
            break
    frozen = np.array(P)
    frozen.setflags(write=False)
    return QuadraticNorm(frozen, float_above(gamma) + 0.0, exact, gamma, family)


def proves_quadratic(family: MatrixFamily, P: FloatArray, gamma: Fraction) -> bool:
    """Whether P is clearly a norm in which no matrix exceeds gamma: quick, and False where it is so by a hair only.

    Shapes: `P` (n, n). `P`: exactly symmetric; taken as the exact value of its doubles.
    """
    weight = to_flint([[Fraction(x) for x in row] for row in P.tolist()])
    square = flint.fmpq(gamma.numerator, gamma.denominator) ** 2
    matrices = (to_flint(m) for m in family.exact)
    slacks = (weight * square - a.transpose() * weight * a for a in matrices)
    return is_clearly_positive(weight) and all(is_clearly_positive(slack) for slack in slacks)


def _with_few_digits(matrices: FloatArray, P: FloatArray) -> FloatArray:
    """P in multiples of 2^-24, which keeps certificates short, unless that costs more than a part of 1e-9."""
    coarse = np.ldexp(np.round(np.ldexp(P, 24)), -24)
    return coarse if _rate(matrices, coarse) <= _rate(matrices, P) * (1 + 1e-9) else P


def _rate(matrices: FloatArray, P: FloatArray) -> float:
    """max ||L^T A_i L^-T|| in doubles, with P = L L^T; infinite when P is not numerically positive definite."""
    try:
        factor = np.linalg.cholesky(P).T
        moved = factor @ matrices @ np.linalg.inv(factor)
    except np.linalg.LinAlgError:
        return float("inf")
    return float(np.linalg.norm(moved, 2, axis=(1, 2)).max()) if np.isfinite(moved).all() else float("inf")


def _rounder(matrices: FloatArray, P: FloatArray, gamma: float, deadline: float) -> FloatArray:
    """The P nearest to a multiple of the identity among those that nearly prove gamma.

    Bounds in such a norm are multiplied by its condition. The given P where it is round enough, or no time is left.
    """
    n = len(P)
    if np.linalg.cond(P) <= _ROUND or not _is_begun(matrices, deadline):
        return P
    import cvxpy as cp

    weight, spread = cp.Variable((n, n), symmetric=True), cp.Variable()
    bounds = [weight >> np.eye(n), spread * np.eye(n) >> weight]
    square = (gamma * (1 + _SLACK / 2)) ** 2
    steps = [square * weight - a.T @ weight @ a >> 0 for a in matrices]
    if not solve_quietly(cp.Problem(cp.Minimize(spread), bounds + steps), solver="CLARABEL", deadline=deadline):
        return P
    found = (weight.value + weight.value.T) / 2
    return found if _rate(matrices, found) <= gamma * (1 + _SLACK) and np.linalg.cond(found) < np.linalg.cond(P) else P


def _is_begun(matrices: FloatArray, deadline: float) -> bool:
    """Whether order and time allow a program."""
    n = matrices.shape[1]
    return n <= _SOLVER_SIZE and is_affordable([n] * (len(matrices) + 2), deadline - _STATING * len(matrices))


def _weights(matrices: FloatArray, *, lower: float, deadline: float) -> Iterator[FloatArray]:
    """Candidates P: of the power iteration, then of better and better bounds while the solver finds them."""
    yield averaged_norm(matrices)
    if _is_begun(matrices, deadline):
        radius = max(lower, float(np.abs(np.linalg.eigvals(matrices)).max()))
        yield from common_weights(
            matrices, averaged_basis(matrices), low=radius**2, close=_SLACK / 4, deadline=deadline
        )
