"""Euclidean operator norms with proved bounds, and Assumption A decided on them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import is_positive_semidefinite, to_flint
from conservative._core.families.as_family import ExactMatrix, as_family
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AssumptionA:
    """Whether every matrix of a family contracts in the Euclidean norm.

    Parameters
    ----------
    norm : Bracket
        The largest operator norm ||A_i||_2 of the family.
    index : int
        The matrix that attains it (0-based; the first one in a tie of the floats).
    holds : bool
        Whether ``norm < 1``, decided exactly.
    """

    norm: Bracket
    index: int
    holds: bool


def assumption_a(matrices: Any) -> AssumptionA:
    """Assumption A for the hull of a family: is the largest ||A||_2 below one?

    The norm is convex, so its maximum over the hull is attained at a vertex.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads

    Returns
    -------
    AssumptionA

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    The bracket comes from `spectral_norm_bounds`, widened by the rounding of the entries. When it contains 1,
    ||A|| < 1 is decided by Id - A^T A > 0 with an LDL^T in rational arithmetic.

    Examples
    --------
    >>> verdict = assumption_a([[["3/5", "4/5"], ["-4/5", "3/5"]]])
    >>> verdict.holds, verdict.norm.lower <= 1 <= verdict.norm.upper
    (False, True)
    """
    family = as_family(matrices, call="assumption_a")
    lower, upper = spectral_norm_bounds(family.floats)
    if family.rounding > 0:
        slack = 2 * UNIT_ROUNDOFF * frobenius_bounds(family.floats)[1]
        lower, upper = np.maximum(lower - 2 * slack, 0.0), np.nextafter(upper + slack, np.inf)
    unclear = np.flatnonzero((lower < 1) & (upper >= 1))
    for i in unclear:
        if _contracts(family.exact[i]):
            upper[i] = 1.0
        else:
            lower[i] = 1.0
    contracts = upper < 1
    contracts[unclear] = lower[unclear] < 1
    index = int(np.argmax(lower))
    return AssumptionA(Bracket(float(lower.max()), float(upper.max())), index, bool(contracts.all()))


def _contracts(matrix: ExactMatrix) -> bool:
    a = to_flint(matrix)
    identity = to_flint([[Fraction(int(i == j)) for j in range(len(matrix))] for i in range(len(matrix))])
    return is_positive_semidefinite(identity - a.transpose() * a, strict=True)


def spectral_norm_bound(matrices: FloatArray) -> FloatArray:
    """Proved upper bounds of ||A||_2 for a batch of float matrices of moderate scale.

    Parameters
    ----------
    matrices : ndarray, shape (..., n, n)

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    A 2 x 2 matrix [[a, b], [c, d]] has sigma_1 + sigma_2 = |(a + d, b - c)| and sigma_1 - sigma_2 = |(a - d, b
    + c)|, so sigma_1 is half their sum; each term has relative error 4 u and the result 6 u, for which 12 u is
    added, with 2^-500 for squares that underflow; where they overflow, the bound is infinite or NaN. Larger
    matrices go to the checked singular value decomposition of the ground floor.

    Examples
    --------
    >>> bound = spectral_norm_bound(np.array([[3.0, 0.0], [4.0, 0.0]]))
    >>> 5.0 <= float(bound) <= 5.0 + 1e-14
    True
    """
    if matrices.shape[-2:] != (2, 2):
        return spectral_norm_bounds(matrices)[1]
    a, b, c, d = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 1, 0], matrices[..., 1, 1]
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        norm = 0.5 * (np.sqrt((a + d) ** 2 + (b - c) ** 2) + np.sqrt((a - d) ** 2 + (b + c) ** 2))
    return np.asarray(norm * (1 + 12 * UNIT_ROUNDOFF) + 2.0**-500, dtype=np.float64)
