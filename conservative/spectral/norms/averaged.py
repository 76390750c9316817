"""The quadratic norm in which a family is small on average: cheap, and a good one to begin with."""

import numpy as np

from conservative.spectral.words.candidates import FloatArray

_STEPS = 60


def averaged_norm(matrices: FloatArray, *, ridge: float = 1e-9) -> FloatArray:
    """About the leading eigenvector P of X -> sum A_i^T X A_i, by powers: gamma^2 is at most the radius of that map.

    Shapes: `matrices` (..., k, n, n), result (..., n, n).
    """
    identity = np.eye(matrices.shape[-1])
    X = np.broadcast_to(identity, (*matrices.shape[:-3], *identity.shape))
    vanished = np.zeros((*matrices.shape[:-3], 1, 1), dtype=bool)
    for _ in range(_STEPS):
        image = (matrices.swapaxes(-1, -2) @ X[..., None, :, :] @ matrices).sum(axis=-3)
        size = np.trace(image, axis1=-2, axis2=-1)[..., None, None]
        vanished = vanished | ~(size > 0)
        if vanished.all():
            break
        X = (image + image.swapaxes(-1, -2)) / (2 * np.where(vanished, 1.0, size)) + ridge * identity
    return np.asarray(np.where(vanished, identity, X))
