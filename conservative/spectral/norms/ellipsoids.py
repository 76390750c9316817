"""Quadratic norms without a solver: the ellipsoid of least volume around two, folded over the family."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over
from conservative.spectral.words.candidates import in_norm

FloatArray = NDArray[np.float64]

_STEPS = 60
_RIDGES = (1e-2, 1e-3, 1e-5)
"""Multiples of the identity that are added in the first, second and last third of the steps."""


def folded_norm(matrices: FloatArray, *, deadline: float = NEVER) -> tuple[float, FloatArray]:
    """A quadratic norm in which a family is small, from a few dozen steps in doubles.

    X -> the fold of A_i^T X A_i over i, where two forms are joined to the least form above both in a basis that makes
    both diagonal: that of the intersection's ellipsoid of largest volume. A fixed point up to a factor gamma^2 has all
    A_i^T P A_i <= gamma^2 P. For many matrices a weighted sum of the A_i^T X A_i in place of the fold is better, with
    weights that rise where the norm is large; the least rate is taken. Each step costs a few decompositions of order n
    for every matrix.

    Shapes: `matrices` (k, n, n), result (n, n).

    [gaubertstott2017]_
    """
    n = matrices.shape[1]
    P = np.eye(n)
    best = (_rate(matrices, P), P)
    for step in range(_STEPS):
        if is_over(deadline):
            break
        images = matrices.transpose(0, 2, 1) @ P @ matrices
        size = float(np.trace(images, axis1=1, axis2=2).max())
        if not 0 < size < np.inf:
            break
        ridge = _RIDGES[step * len(_RIDGES) // _STEPS] * size / n
        try:
            joined = _fold((images + images.transpose(0, 2, 1)) / 2 + ridge * np.eye(n))
            P = P / np.trace(P) + joined / np.trace(joined)
            best = min(best, (_rate(matrices, P), P), key=lambda pair: pair[0])
        except np.linalg.LinAlgError:
            break
    return min(best, _reweighted(matrices, deadline), key=lambda pair: pair[0])


def _reweighted(matrices: FloatArray, deadline: float) -> tuple[float, FloatArray]:
    """The best of X -> sum w_i A_i^T X A_i, with weights that rise where the norm is large."""
    n = matrices.shape[1]
    weight, P = np.ones(len(matrices)), np.eye(n)
    best = (np.inf, P)
    for _ in range(_STEPS):
        norms = np.linalg.norm(in_norm(matrices, P), 2, axis=(1, 2))
        largest = float(norms.max())
        if not 0 < largest < np.inf or is_over(deadline):
            break
        best = min(best, (largest, P), key=lambda pair: pair[0])
        weight *= norms / largest
        image = np.einsum("k,kab->ab", weight, matrices.transpose(0, 2, 1) @ P @ matrices)
        size = float(np.trace(image))
        if not 0 < size < np.inf:
            break
        P = P / np.trace(P) + (image + image.T) / (2 * size) + _RIDGES[-1] * np.eye(n) / n
    return best


def _fold(forms: FloatArray) -> FloatArray:
    while len(forms) > 1:
        half = len(forms) // 2
        forms = np.concatenate([_join(forms[:half], forms[half : 2 * half]), forms[2 * half :]])
    return np.asarray(forms[0])


def _join(first: FloatArray, second: FloatArray) -> FloatArray:
    """Pairwise T max(D, 1) T^T where first = T T^T and second = T D T^T."""
    factor = np.linalg.cholesky(first)
    inverse = np.linalg.inv(factor)
    values, vectors = np.linalg.eigh(inverse @ second @ inverse.transpose(0, 2, 1))
    basis = factor @ vectors
    return np.asarray((basis * np.maximum(values, 1)[:, None, :]) @ basis.transpose(0, 2, 1))


def _rate(matrices: FloatArray, P: FloatArray) -> float:
    moved = in_norm(matrices, P)
    return float(np.linalg.norm(moved, 2, axis=(1, 2)).max())
