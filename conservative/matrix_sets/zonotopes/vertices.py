"""Vertices of a zonotope: combinations of signs, or in the plane a walk along its edges."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sign_vectors(count: int) -> Floats:
    """All vectors of ±1, shape (2^count, count).

    >>> sign_vectors(1).tolist()
    [[-1.0], [1.0]]
    """
    bits = np.arange(2**count)[:, None] >> np.arange(count)[None, :]
    return np.asarray(2.0 * (bits & 1) - 1.0)


def planar_vertices(center: Floats, generators: Floats) -> Floats:
    """Vertices of a zonotope on the line or in the plane, in order around it.

    Shapes: `center` (d,), `generators` (k, d), result (at most 2k, d). Returns: in the plane each generator is an edge
    twice: sorted by angle, the edges walk around the set.

    >>> planar_vertices(np.zeros(2), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
    """
    if len(center) == 1:
        reach = np.abs(generators).sum()
        return np.array([center - reach, center + reach])
    upward = generators[(generators != 0.0).any(axis=1)]
    downward = (upward[:, 1] < 0.0) | ((upward[:, 1] == 0.0) & (upward[:, 0] < 0.0))
    upward = np.where(downward[:, None], -upward, upward)
    upward = upward[np.argsort(np.arctan2(upward[:, 1], upward[:, 0]), kind="stable")]
    right = np.cumsum(np.concatenate([-upward.sum(axis=0)[None], 2.0 * upward]), axis=0)[: max(1, len(upward))]
    return np.asarray(center + (np.concatenate([right, -right]) if len(upward) else right))
