"""A common quadratic norm: one ellipsoid that every matrix of a family shrinks, proved in rational arithmetic."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, deadline_after, is_over, seconds_left
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
from conservative.spectral.semidefinite.program_time import is_affordable

FloatArray = NDArray[np.float64]

_BISECTIONS = 24
_MAX_SPREAD = 1e9

_ELIMINATED = 12
"""Order up to which definiteness is decided by elimination; above, gamma is raised until it is clear."""

_SOLVER_SIZE = 32
"""Largest order for which semidefinite programs are solved: each takes seconds there, and the time grows like n^6."""

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
        A lower bound of the joint spectral radius, if one is known: it shortens the bisection.
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
    Bisection on gamma, each step a semidefinite feasibility problem (CLARABEL through cvxpy). Its P is rounded
    to doubles, and gamma raised until an exact LDL^T proves gamma^2 P - A_i^T P A_i >= 0. Beyond order
    32, or if the solver fails, the leading eigenvector of X -> sum A_i^T X A_i or the identity remains: the
    answer is proved in any case, optimal only up to the solver.

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
    known = 0.0 if bound is None else float_below(bound / unit)
    best_P, best = np.eye(family.size), _rate(scaled.floats, np.eye(family.size))
    for candidate in _solutions(scaled.floats, lower=known, upper=best, deadline=deadline):
        rate = _rate(scaled.floats, candidate)
        if rate < best:
            best_P, best = candidate, rate
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


def _solutions(matrices: FloatArray, *, lower: float, upper: float, deadline: float) -> Iterator[FloatArray]:
    """Candidates P: of the power iteration, then of a bisection on gamma that ends early when the solver fails."""
    averaged = averaged_norm(matrices)
    yield averaged
    if matrices.shape[1] > _SOLVER_SIZE or not _is_begun(matrices, deadline):
        return
    import cvxpy as cp

    upper = min(upper, _rate(matrices, averaged))
    n = matrices.shape[1]
    radius = max(lower, float(np.abs(np.linalg.eigvals(matrices)).max()))
    low, high = radius, upper
    weight = cp.Variable((n, n), symmetric=True)
    spread = cp.Variable()
    square = cp.Parameter(nonneg=True)
    constraints = [weight >> np.eye(n), spread * np.eye(n) >> weight, spread <= _MAX_SPREAD]
    constraints += [square * weight - a.T @ weight @ a >> 0 for a in matrices]
    problem = cp.Problem(cp.Minimize(spread), constraints)
    for _ in range(_BISECTIONS):
        if high <= low * (1 + 1e-6) or is_over(deadline):
            return
        middle = (low + high) / 2
        square.value = middle**2
        found = _solved(problem, weight, deadline)
        if found is None:
            low = middle
            continue
        yield found
        high = min(middle, _rate(matrices, found))


def _is_begun(matrices: FloatArray, deadline: float) -> bool:
    orders = [matrices.shape[1]] * (len(matrices) + 2)
    return is_affordable(orders, deadline - _STATING * len(matrices))


def _solved(problem: Any, weight: Any, deadline: float) -> FloatArray | None:
    import cvxpy as cp

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            options = {} if deadline == NEVER else {"time_limit": seconds_left(deadline)}
            problem.solve(solver=cp.CLARABEL, **options)
    except cp.SolverError:
        return None
    if problem.status not in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE} or weight.value is None:
        return None
    value = np.asarray(weight.value, dtype=np.float64)
    return (value + value.T) / 2
