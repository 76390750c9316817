"""Radii of positive operators between two exact inequalities in their cone."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import as_python_fraction, is_positive_semidefinite, to_flint
from conservative._core.families.as_family import MatrixFamily
from conservative.spectral.growth.mean_lift import exact_lifts
from conservative.spectral.semidefinite.lift import symmetric_lift

FloatArray = NDArray[np.float64]

MARGINS = (1e-13, 1e-11, 1e-9, 1e-7, 1e-5, 1e-3)
"""Relative distances from the radius in doubles at which an inequality is tried."""


def entrywise_bounds(exact: flint.fmpq_mat) -> tuple[Fraction, Fraction]:
    """Bounds of rho(L) for a matrix L >= 0.

    L v <= g v for a v > 0 gives rho(L) <= g, and L v >= g v for a nonzero v >= 0 gives rho(L) >= g: the quotients of
    entries are exact, for v from doubles.

    Shapes: `exact` (N, N).
    """
    floats = np.array([[int(x.p) / int(x.q) for x in row] for row in exact.tolist()])
    lower, upper = Fraction(0), _row_sum(exact)
    for v in _near_eigenvectors(floats, np.ones(len(floats))):
        v = np.where(np.abs(v) > 1e-14 * np.abs(v).max(), np.abs(v), 0.0)
        quotients = _quotients(exact, v)
        lower = max(lower, min(quotients))
        if (v > 0).all():
            upper = min(upper, max(quotients))
    return lower, upper


def _row_sum(matrix: flint.fmpq_mat) -> Fraction:
    return as_python_fraction(max(sum(row, flint.fmpq(0)) for row in matrix.tolist()))


def _quotients(matrix: flint.fmpq_mat, v: FloatArray) -> list[Fraction]:
    """(L v)_r / v_r where v_r > 0."""
    vector = to_flint([[Fraction(float(x))] for x in v])
    image = matrix * vector
    return [as_python_fraction(image[r, 0] / vector[r, 0]) for r in range(len(v)) if v[r] > 0]


def _near_eigenvectors(operator: FloatArray, unit: FloatArray) -> Iterator[FloatArray]:
    """The leading eigenvector, and (g Id - L)^-1 of an interior point for g a little above the radius."""
    values, vectors = np.linalg.eig(operator)
    leading = int(np.argmax(np.abs(values)))
    yield np.asarray(vectors[:, leading].real, dtype=np.float64)
    radius = float(np.abs(values[leading]))
    for margin in MARGINS:
        with contextlib.suppress(np.linalg.LinAlgError):
            resolvent = radius * (1 + margin) * np.eye(len(unit)) - operator
            yield np.asarray(np.linalg.solve(resolvent, unit), dtype=np.float64)


def semidefinite_bounds(family: MatrixFamily, p: int) -> tuple[Fraction, Fraction]:
    """Bounds of the radius of X -> mean of B_i X B_i^T, B_i the lift of A_i to degree p/2.

    mean of B_i X B_i^T <= g X with X > 0 gives radius <= g; >= g X with a nonzero X >= 0 gives radius >= g. Both are
    decided by exact LDL^T, for X from doubles; without a proof they are 0 and the mean of
    the squared Frobenius norms.
    """
    exact = exact_lifts(family, p // 2)
    floats = np.array([symmetric_lift(m, p // 2) for m in family.floats])
    n = floats.shape[1]
    operator = np.mean([np.kron(b, b) for b in floats], axis=0)
    radius = float(np.abs(np.linalg.eigvals(operator)).max())
    lower, upper = Fraction(0), _frobenius_bound(exact)
    for flat in _near_eigenvectors(operator, np.eye(n).ravel()):
        X = flat.reshape(n, n) * np.sign(np.trace(flat.reshape(n, n)) or 1.0)
        weight = to_flint([[Fraction(float(x)) for x in row] for row in (X + X.T) / (2 * np.abs(X).max())])
        if not is_positive_semidefinite(weight):
            continue
        image = _mean_image(exact, weight)
        lower = max(lower, _proved(image, weight, radius, side=-1, known=lower))
        if is_positive_semidefinite(weight, strict=True):
            upper = min(upper, _proved(image, weight, radius, side=1, known=upper))
    return lower, upper


def _proved(image: flint.fmpq_mat, weight: flint.fmpq_mat, radius: float, *, side: int, known: Fraction) -> Fraction:
    """The best radius (1 + side margin) whose inequality is proved, unless a better one is known."""
    for margin in MARGINS:
        rate = Fraction(radius * (1 + side * margin))
        if side * (rate - known) >= 0:
            break
        difference = weight * flint.fmpq(rate.numerator, rate.denominator) - image
        if is_positive_semidefinite(difference * side):
            return rate
    return known


def _mean_image(lifts: list[flint.fmpq_mat], weight: flint.fmpq_mat) -> flint.fmpq_mat:
    total = lifts[0] * weight * lifts[0].transpose()
    for b in lifts[1:]:
        total = total + b * weight * b.transpose()
    return total / flint.fmpq(len(lifts))


def _frobenius_bound(lifts: list[flint.fmpq_mat]) -> Fraction:
    """Mean of |B_i|_F^2: a bound of the operator's norm, hence of its radius."""
    squares = sum((x * x for b in lifts for x in b.entries()), flint.fmpq(0))
    return as_python_fraction(squares / len(lifts))
