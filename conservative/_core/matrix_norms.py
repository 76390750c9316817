"""Norms of matrices between proved bounds."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF

Floats = NDArray[np.float64]


def frobenius_bounds(matrices: Floats) -> tuple[Floats, Floats]:
    """Frobenius norms of a stack of matrices, between proved bounds.

    The norm is computed on entries divided by the largest, with relative error at most (p·q/2 + 4)u, u the unit
    roundoff.

    Shapes: `matrices` (..., p, q), result (...). `lower, upper`: both are zero exactly for the zero matrix.

    >>> lower, upper = frobenius_bounds(np.array([[3.0, 4.0]]))
    >>> bool(lower <= 5.0 <= upper)
    True
    """
    largest = np.abs(matrices).max(axis=(-2, -1))
    usable = (largest > 0.0) & (largest < np.inf)
    safe = np.where(usable, largest, 1.0)
    with np.errstate(over="ignore", under="ignore"):
        ratio = matrices / safe[..., None, None]
        size = safe * np.sqrt(np.einsum("...pq,...pq->...", ratio, ratio))
        error = (matrices.shape[-1] * matrices.shape[-2] + 8) * UNIT_ROUNDOFF
        lower = np.maximum(np.nextafter(size * (1.0 - error), -np.inf), 0.0)
        upper = np.nextafter(size * (1.0 + error), np.inf)
    return np.where(largest > 0.0, lower, 0.0), np.where(largest > 0.0, upper, 0.0)


def spectral_norm_bounds(matrices: Floats) -> tuple[Floats, Floats]:
    """Largest singular values of a stack of matrices, between proved bounds.

    A singular value decomposition A ≈ UΣVᵀ is computed and then checked, so LAPACK is not trusted: with η ≥ ‖UᵀU −
    I‖_F, and the same for V, and δ ≥ ‖A − UΣVᵀ‖_F, all three with their own rounding added, ‖A‖₂ ≤ (1 + η) max Σ + δ.
    The lower bound is ‖A v‖/‖v‖ for the leading right singular vector v, less rounding. Matrices of shape (2, 2) have a
    closed form. Entries are first divided by a power of two near the largest. Where no row and no column has two
    entries that are not zero, the largest entry is the norm, exactly: multiples of the identity are common, and
    1/(1 − ‖A‖) magnifies what is added here.

    Shapes: `matrices` (..., p, q), result (...).
    """
    p, q = matrices.shape[-2:]
    exponent = np.frexp(np.abs(matrices).max(axis=(-2, -1)))[1]
    with np.errstate(over="ignore", under="ignore"):
        unit = np.ldexp(matrices, -exponent[..., None, None])
        lower, upper = _in_plane(unit) if p == q == 2 else _by_decomposition(unit)
        small, large = frobenius_bounds(matrices)
        lower = np.nextafter(np.ldexp(lower, exponent), -np.inf)
        upper = np.nextafter(np.ldexp(upper, exponent), np.inf)
    # The Frobenius norm bounds from above, and below when divided by √min(p, q): exact for one row or column, and for
    # zero.
    lower = np.maximum(lower, np.maximum(small / np.sqrt(min(p, q)) * (1.0 - 4.0 * UNIT_ROUNDOFF), 0.0))
    lower, upper = np.minimum(lower, np.minimum(upper, large)), np.minimum(upper, large)
    entries = matrices != 0.0
    alone = (entries.sum(axis=-1).max(axis=-1) <= 1) & (entries.sum(axis=-2).max(axis=-1) <= 1)
    largest = np.abs(matrices).max(axis=(-2, -1))
    return np.where(alone, largest, lower), np.where(alone, largest, upper)


def _in_plane(unit: Floats) -> tuple[Floats, Floats]:
    """2‖[[a, b], [c, d]]‖₂ = |(a + d, b − c)| + |(a − d, b + c)|, of entries of size one, in six roundings."""
    a, b, c, d = unit[..., 0, 0], unit[..., 0, 1], unit[..., 1, 0], unit[..., 1, 1]
    size = 0.5 * (np.sqrt((a + d) ** 2 + (b - c) ** 2) + np.sqrt((a - d) ** 2 + (b + c) ** 2))
    return size * (1.0 - 8.0 * UNIT_ROUNDOFF), size * (1.0 + 8.0 * UNIT_ROUNDOFF)


def _by_decomposition(unit: Floats) -> tuple[Floats, Floats]:
    """Bounds for entries of size one from a singular value decomposition that is checked."""
    p, q = unit.shape[-2:]
    U, sigma, Vt = np.linalg.svd(unit, full_matrices=False)
    rounding = (p + q + 8) * UNIT_ROUNDOFF
    defect = np.maximum(_defect(np.swapaxes(U, -1, -2)), _defect(Vt))
    product = (U * sigma[..., None, :]) @ Vt
    residual = frobenius_bounds(unit - product)[1] + rounding * (p * q) ** 0.5 * 2.0 * sigma[..., 0]
    upper = (sigma[..., 0] * (1.0 + defect) + residual + 1e-300) * (1.0 + 8.0 * UNIT_ROUNDOFF)
    lead = Vt[..., :1, :]
    stretched = frobenius_bounds(unit @ np.swapaxes(lead, -1, -2))[0] - rounding * (p * q) ** 0.5
    lower = np.maximum(stretched / frobenius_bounds(lead)[1] * (1.0 - 4.0 * UNIT_ROUNDOFF) - 1e-300, 0.0)
    return lower, upper


def _defect(rows: Floats) -> Floats:
    """A bound of ‖Q Qᵀ − I‖_F for rows that should be orthonormal."""
    r, n = rows.shape[-2:]
    gram = rows @ np.swapaxes(rows, -1, -2) - np.eye(r)
    return np.asarray(frobenius_bounds(gram)[1] + (n + 4) * r * UNIT_ROUNDOFF * 1.01)
