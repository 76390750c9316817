"""Quadratic norms that the matrices of a block preserve on a subspace: groups, reflections, rotations in any basis.

Polytopes of such blocks have images on their boundary for ever, or do not close at all; the norm proves the radius.
"""

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.words.candidates import in_norm

FloatArray = NDArray[np.float64]

_SQUARINGS = 24
"""The mean is applied 2^24 times: some groups come close to their invariant form slowly."""

_MOST_ORDER = 12
"""Order up to which that is cheap; above, only the Euclidean norm is tried."""

_EXTREMAL = 1e-11
"""Relative excess of a norm over the best rate, in doubles, below which it counts as extremal."""

_PRESERVED = 1e-9


def preserved_form(matrices: FloatArray, *, rate: float) -> FloatArray | None:
    """A quadratic norm that is extremal, and that some matrix preserves (up to the rate) on a plane.

    For a finite or compact group of matrices that has no common invariant subspace, the limit is its one invariant
    form. Without a preserved plane a polytope closes as well, and may prove more: that the word attains the radius.

    Shapes: `matrices` (k, n, n), result (n, n). Returns: P: in the norm sqrt(x^T P x) all matrices are at most the rate
    long, as far as doubles tell. None when neither the Euclidean norm nor the limit of X -> sum A_i^T X A_i is such a
    norm.
    """
    return _extremal(matrices, rate, planes=True)


def extremal_form(matrices: FloatArray, *, rate: float) -> FloatArray | None:
    """A quadratic norm in which all matrices are at most the rate long, whether or not one preserves it on a plane.

    Shapes: `matrices` (k, n, n), result (n, n).
    """
    return _extremal(matrices, rate, planes=False)


def _extremal(matrices: FloatArray, rate: float, *, planes: bool) -> FloatArray | None:
    n = matrices.shape[1]
    for form in (np.eye(n), _refined(matrices) if n <= _MOST_ORDER else None):
        if form is None:
            continue
        sizes = np.linalg.svd(in_norm(matrices, form), compute_uv=False)
        if sizes.max() <= rate * (1 + _EXTREMAL) and (not planes or sizes[:, 1].max() >= rate * (1 - _PRESERVED)):
            return form
    return None


def _refined(matrices: FloatArray) -> FloatArray | None:
    """The averaged form, averaged again in the coordinates that it gives: there little is lost to rounding."""
    first = _averaged(matrices)
    if first is None:
        return None
    factor = np.linalg.cholesky(first).T
    second = _averaged(factor @ matrices @ np.linalg.inv(factor))
    if second is None:
        return None
    form = factor.T @ second @ factor
    return np.asarray((form + form.T) / 2)


def _averaged(matrices: FloatArray) -> FloatArray | None:
    """The limit of the mean of A_i^T X A_i from the identity; None when the forms do not stay definite."""
    n = matrices.shape[1]
    # Half of the old form: without it, families that permute two subspaces would oscillate.
    mean = np.einsum("kia,kjb->abij", matrices, matrices).reshape(n * n, n * n)
    step = mean / max(float(np.abs(mean).sum(axis=1).max()), 1e-300)
    radius = float(np.abs(np.linalg.eigvals(step)).max())
    if not radius > 0:
        return None
    step = (step / radius + np.eye(n * n)) / 2
    for _ in range(_SQUARINGS):
        step = step @ step
        size = float(np.abs(step).max())
        if not 0 < size < np.inf:
            return None
        step /= size
    X = (step @ np.eye(n).ravel()).reshape(n, n)
    X = (X + X.T) / 2
    smallest, largest = np.linalg.eigvalsh(X)[[0, -1]]
    return np.asarray(X) if smallest > 1e-12 * abs(largest) else None
