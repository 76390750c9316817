"""The word tree: all products of a length from those one shorter, in one matrix product, and their radii."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def stack_horizontally(matrices: FloatArray) -> FloatArray:
    """[M_1 ... M_k], the right factor of every step of the tree. Shapes: `matrices` (k, n, n), result (n, k n)."""
    return np.ascontiguousarray(np.concatenate(list(matrices), axis=1))


def extend(rows: FloatArray, stacked: FloatArray) -> FloatArray:
    """Every product of a chunk times every matrix: ``rows.reshape(-1, n) @ [M_1 ... M_k]``.

    Shapes: `rows` (n, N, n), `stacked` (n, k n), result (n, N k, n).
    """
    n = rows.shape[0]
    product: FloatArray = rows.reshape(-1, n) @ stacked
    return product.reshape(n, -1, n)


def spectral_radii(rows: FloatArray) -> FloatArray:
    """Spectral radii of a chunk of products, in doubles (estimates, not bounds).

    n = 1: the modulus. n = 2: with half trace h and D = ((a - d)/2)^2 + b c, the radius is |h| + sqrt(D) for
    D >= 0 and sqrt(h^2 - D) = sqrt(det) for a complex pair; neither sum cancels. Otherwise batched LAPACK.

    Shapes: `rows` (n, N, n), result (N,).
    """
    n = rows.shape[0]
    if n == 1:
        return np.abs(rows[0, :, 0])
    if n > 2:
        return np.asarray(np.abs(np.linalg.eigvals(rows.transpose(1, 0, 2))).max(axis=1), dtype=np.float64)
    a, b, c, d = rows[0, :, 0], rows[0, :, 1], rows[1, :, 0], rows[1, :, 1]
    half = a + d
    half *= 0.5
    discriminant = a - d
    discriminant *= 0.5
    discriminant *= discriminant
    discriminant += b * c
    root = np.abs(discriminant)
    np.sqrt(root, out=root)
    root += np.abs(half)
    half *= half
    half -= discriminant
    np.sqrt(half, out=half, where=discriminant < 0)
    np.copyto(root, half, where=discriminant < 0)
    return root
