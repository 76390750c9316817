"""A quadratic norm in which every member of a zonotope contracts alike, proved in exact arithmetic."""

from dataclasses import dataclass, field
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER
from conservative._core.exact.linear_algebra import from_flint
from conservative._core.families.as_family import ExactMatrix
from conservative._core.numbers import float_above
from conservative.spectral.norms.raise_bound import raised
from conservative.spectral.semidefinite.positivity import is_proved_semidefinite
from conservative.spectral.zonotopes.data import SquareZonotope, as_rational
from conservative.spectral.zonotopes.interior_point import Inequality, centres

FloatArray = NDArray[np.float64]

_BITS = 44
"""Fractional bits to which P and the multipliers are rounded, relative to the largest of each."""

_ROOM = Fraction(1, 10**9)
"""Relative amount by which the bound is raised first, so that the proof has room."""

_MOST_RAISES = 8


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ZonotopeNorm:
    """The norm sqrt(x^T P x), in which every matrix A + U^T diag(t) V with |t_j| <= 1 has norm at most gamma.

    Shapes: `P` (n, n). `gamma`: proved, at least `exact_gamma`. `exact_gamma`: diag(gamma^2 P - V^T D V, D) - [A U^T]^T
    P [A U^T] is positive semidefinite, P positive definite, proved. `exact_weight`: P as rationals. `multipliers`: the
    diagonal of D, positive.
    """

    P: FloatArray
    gamma: float
    exact_gamma: Fraction
    exact_weight: ExactMatrix = field(repr=False)
    multipliers: tuple[Fraction, ...] = field(repr=False)

    def __repr__(self) -> str:
        return f"ZonotopeNorm(gamma={self.gamma!r}, order {len(self.P)}, {len(self.multipliers)} multipliers)"


def zonotope_norm(Z: SquareZonotope, *, deadline: float = NEVER) -> ZonotopeNorm | None:
    """The best norm that the method of centres finds, proved; None when nothing was found or proved.

    `Z`: with at least one factor. `deadline`: `time.monotonic()` at which the search stops.
    """
    scaled, unit, balance = Z.scaled()
    inequality = Inequality(np.hstack([scaled.center, scaled.U.T]), scaled.V)
    best = None
    try:
        for found in centres(inequality, deadline=deadline):
            best = found
    except (np.linalg.LinAlgError, FloatingPointError):
        return None
    if best is None or not all(np.isfinite(part).all() for part in best):
        return None
    return _proved(Z, best, unit, balance)


def _proved(
    Z: SquareZonotope, found: tuple[float, FloatArray, FloatArray], unit: float, balance: FloatArray
) -> ZonotopeNorm | None:
    """The inequality in rationals, in the scaled data, with the bound raised until it is proved."""
    square, P, d = found
    weight, multipliers = as_rational(_rounded(P)), as_rational(_rounded(d / np.abs(P).max(), one=True)[:, None])
    if not is_proved_semidefinite(weight, strict=True):
        return None
    center, U, V = Z.rational
    shrink = flint.fmpq(1) / as_rational(np.array([[unit]]))[0, 0]
    scale = [row[0] for row in as_rational(balance[:, None]).tolist()]
    left = flint.fmpq_mat([[x * shrink / s for x in row] for s, row in zip(scale, U.tolist(), strict=True)])
    right = flint.fmpq_mat([[x * s for x in row] for s, row in zip(scale, V.tolist(), strict=True)])
    fixed = _fixed_part(center * shrink, left, right, weight, multipliers)
    for count, gamma in enumerate(raised(Fraction(square**0.5) * (1 + _ROOM))):
        if count == _MOST_RAISES:
            return None
        if is_proved_semidefinite(_added(fixed, weight, gamma)):
            break
    exact = gamma * Fraction(unit)
    own = tuple(
        Fraction(int(m.p), int(m.q)) * Fraction(float(s)) ** 2
        for (m,), s in zip(multipliers.tolist(), balance, strict=True)
    )
    frozen = np.array(_rounded(P))
    frozen.setflags(write=False)
    return ZonotopeNorm(frozen, float_above(exact), exact, from_flint(weight), own)


def _rounded(values: FloatArray, *, one: bool = False) -> FloatArray:
    """Values divided by the largest (or by one), in multiples of 2^-44 of it."""
    size = 1.0 if one else float(np.abs(values).max())
    return np.asarray(np.ldexp(np.round(np.ldexp(values / size, _BITS)), -_BITS))


def _fixed_part(
    center: flint.fmpq_mat, U: flint.fmpq_mat, V: flint.fmpq_mat, P: flint.fmpq_mat, d: flint.fmpq_mat
) -> list[list[flint.fmpq]]:
    """The inequality without gamma^2 P, as rows."""
    n, m = center.nrows(), U.nrows()
    columns = [a + b for a, b in zip(center.tolist(), U.transpose().tolist(), strict=True)]
    B = flint.fmpq_mat(columns)
    scaled = flint.fmpq_mat([[d[j, 0] * x for x in row] for j, row in enumerate(V.tolist())])
    rows = (-(B.transpose() * P * B)).tolist()
    lost = (V.transpose() * scaled).tolist()
    for i in range(n):
        for j in range(n):
            rows[i][j] -= lost[i][j]
    for j in range(m):
        rows[n + j][n + j] += d[j, 0]
    return list(rows)


def _added(rows: list[list[flint.fmpq]], P: flint.fmpq_mat, gamma: Fraction) -> flint.fmpq_mat:
    square = flint.fmpq(gamma.numerator, gamma.denominator) ** 2
    n = P.nrows()
    top = [[x + square * P[i, j] if j < n else x for j, x in enumerate(row)] for i, row in enumerate(rows[:n])]
    return flint.fmpq_mat(top + rows[n:])
