"""Common invariant subspaces up to rounding, and contraction on them of nearby families that leave them invariant."""

from collections.abc import Iterator
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from conservative._core.exact.linear_algebra import is_positive_semidefinite, to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, float_above
from conservative.spectral.norms.averaged import averaged_norm
from conservative.spectral.semidefinite.quadratic_norm import QuadraticNorm, common_quadratic_norm, proves_quadratic
from conservative.spectral.verdict.quotient import Quotient, Side, split_off
from conservative.spectral.words.candidates import in_norm

FloatArray = NDArray[np.float64]

_ROUNDINGS = 64
"""Vectors that matrices move by so many roundings, times the order, count as fixed."""

_SOLVED_ORDER, _ROOM = 24, Fraction(1, 10**4)
"""Order up to which a semidefinite program finds the norm, and what the proof of other norms leaves above them."""

_SIMPLE, _MOST_ORDER = 1000, 200
"""Largest denominator of a vector that matrices may be meant to fix, and largest order at which one is sought."""

DISTANCES = (Fraction(1, 10**9), Fraction(1, 10**12))
"""How far, relative to the largest matrix, the families may be of which a verdict speaks: the first that it allows."""


def near_quotients(family: MatrixFamily) -> Iterator[Quotient]:
    """Subspaces that matrices of doubles leave as they are but for rounding; none for families of other rationals.

    Yields: by simple vectors v with A_i v = v up to rounding for all i, such as (1, ..., 1); and the subspace on which
    simple w with A_i^T w = w up to rounding vanish. `kept` is S_2 A_i T_2, or S_1 A_i T_1: the matrices of all families
    that fix v exactly differ from it by at most `spread` times their distance from this family.
    """
    if not 1 < family.size <= _MOST_ORDER or not _is_of_doubles(family):
        return
    matrices = [to_flint(m) for m in family.exact]
    for side, stack in ((Side.QUOTIENT, family.floats), (Side.SUBSPACE, family.floats.transpose(0, 2, 1))):
        fixed = _nearly_fixed(stack)
        if fixed:
            yield split_off(matrices, [[flint.fmpq(x.numerator, x.denominator) for x in v] for v in fixed], side)


def kept_norm(family: MatrixFamily, *, time_limit: float | None) -> QuadraticNorm | None:
    """A quadratic norm of what is kept: of large matrices one that costs no solver, a hair above what it could be."""
    if family.size <= _SOLVED_ORDER:
        return common_quadratic_norm(family, time_limit=time_limit)
    P = averaged_norm(family.floats)
    P = (P + P.T) / 2
    rate = float(np.linalg.norm(in_norm(family.floats, P), 2, axis=(1, 2)).max())
    gamma = Fraction(rate) * (1 + _ROOM)
    if not proves_quadratic(family, P, gamma):
        return None
    exact = tuple(tuple(Fraction(x) for x in row) for row in P.tolist())
    return QuadraticNorm(P, float_above(gamma), exact, gamma, family)


def departure(family: MatrixFamily, split: Quotient) -> float:
    """About how far a family is from one that leaves W, or the quotient by it, exactly as it is, in Frobenius norms."""
    T, S = (np.array([[float(x) for x in row] for row in rows]) for rows in (split.basis, split.inverse))
    moved, r = S @ family.floats @ T - np.eye(family.size), split.dimension
    quotient = split.side is Side.QUOTIENT
    change = T @ moved[:, :, :r] @ S[:r] if quotient else T[:, r:] @ moved[:, r:] @ S
    return float(np.linalg.norm(change, axis=(1, 2)).max())


def bound_nearby(split: Quotient, norm: QuadraticNorm, *, scale: float, off: float) -> tuple[Fraction, Fraction] | None:
    """A distance, and a bound below one of the radius of what is kept of all families within it.

    With P between l and L times the identity, a change E of the kept matrices has norm at most sqrt(L / l) |E| in
    sqrt(x^T P x), and |E| is at most |S_2| |T_2| times the distance, Frobenius norms.

    `distance, bound`: the distance in the Frobenius norm. None where no distance that is tried, and is not below `off`,
    leaves a bound below one.
    """
    stretch = _stretch(norm.exact_weight)
    if stretch is None:
        return None
    for share in DISTANCES:
        distance = share * Fraction(max(scale, 1.0))
        bound = norm.exact_gamma + stretch * _spread(split) * distance
        if bound < 1 and distance >= off:
            return distance, bound
    return None


def _is_of_doubles(family: MatrixFamily) -> bool:
    return all(Fraction(float(x)) == x for matrix in family.exact for row in matrix for x in row)


def _nearly_fixed(matrices: FloatArray) -> list[list[Fraction]]:
    """Simple vectors that every matrix fixes up to rounding, a basis of them; empty where there is none."""
    n = matrices.shape[1]
    moved = np.concatenate([A - np.eye(n) for A in matrices])
    small = _ROUNDINGS * n * UNIT_ROUNDOFF * max(1.0, float(np.abs(matrices).sum(axis=2).max()))
    _, sizes, rows = np.linalg.svd(moved, full_matrices=True)
    null = rows[np.concatenate([sizes, np.zeros(n - len(sizes))]) <= small]
    if not 0 < len(null) < n:
        return []
    pivots = qr(null, mode="r", pivoting=True)[1][: len(null)]
    reduced = np.linalg.solve(null[:, pivots], null)
    vectors = [[Fraction(float(x)).limit_denominator(_SIMPLE) for x in row] for row in reduced]
    rounded = np.array([[float(x) for x in row] for row in vectors])
    return vectors if np.abs(moved @ rounded.T).max() <= small * n * max(1.0, np.abs(rounded).max()) else []


def _stretch(weight: ExactMatrix) -> Fraction | None:
    """A bound of sqrt(L / l), where P lies between l and L times the identity; None where P is too flat to tell."""
    P = to_flint(weight)
    n = P.nrows()
    least = float(np.linalg.eigvalsh(np.array([[float(x) for x in row] for row in weight]))[0]) * 0.9
    if not least > 0:
        return None
    lower = Fraction(least)
    shift = flint.fmpq(lower.numerator, lower.denominator)
    below = P - flint.fmpq_mat([[shift * int(i == j) for j in range(n)] for i in range(n)])
    if not is_positive_semidefinite(below):
        return None
    ratio = sum(weight[i][i] for i in range(n)) / lower
    return Fraction(float_above(ratio) ** 0.5) * Fraction(1_000_001, 1_000_000)


def _spread(split: Quotient) -> Fraction:
    """A bound of |S_2| |T_2|, or of |S_1| |T_1| for a subspace, in Frobenius norms."""
    r = split.dimension
    part = slice(r, None) if split.side is Side.QUOTIENT else slice(0, r)
    rows = np.array([[float(x) for x in row] for row in split.inverse[part]])
    columns = np.array([[float(x) for x in row[part]] for row in split.basis])
    size = frobenius_bounds(rows)[1] * frobenius_bounds(columns)[1]
    return Fraction(float(size)) * Fraction(1_000_001, 1_000_000)
