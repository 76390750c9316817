"""The farthest point of a cloud from a cloud: groups of neighbours are ruled out by one of them.

The KD-tree of X lists its points so that neighbours stand together. One point of every group is measured first; the
point y of Y found for it is near the others too, d(x, Y) ≤ ‖x − y‖, and those that cannot exceed the largest distance
found are never looked up.
"""

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.matrix_sets._enclosure import norms
from conservative.matrix_sets.finite import FiniteSet

Floats = NDArray[np.float64]

_GROUP = 8
_FIRST = 256
"""Points measured first, those with the largest upper bounds; each later batch is eight times as large."""


def farthest_in_cloud(X: FiniteSet, Y: FiniteSet) -> Bracket:
    """Bounds of max_i min_j ‖x_i − y_j‖.

    Parameters
    ----------
    X, Y : FiniteSet
        Of matrices of one shape.

    Returns
    -------
    Bracket
        As narrow as rounding allows: ends are those of `FiniteSet.project`, and ‖x − y‖ has its d + 8 roundings
        added, so that a point is only left out if it provably does not exceed the lower end.

    Examples
    --------
    >>> farthest_in_cloud(FiniteSet([[[0.0]], [[3.0]]]), FiniteSet([[[1.0]]])).lower > 1.99
    True
    """
    points = X.points[X.neighbours]
    count = -(-len(points) // _GROUP)
    found = Y.project(points[::_GROUP])
    lower, upper = float(found.lower.max()), float(found.upper.max())
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        apart = points - np.repeat(found.nearest, _GROUP, axis=0)[: len(points)]
        reach = norms(apart.reshape(len(points), -1)) * (1.0 + (X.points[0].size + 8) * UNIT_ROUNDOFF)
        bound = np.nextafter(reach, np.inf)
    bound = np.where(np.isnan(bound), np.inf, bound)
    bound[np.arange(count) * _GROUP] = 0.0
    pending = np.flatnonzero(bound > lower)
    pending = pending[np.argsort(-bound[pending], kind="stable")]
    batch = _FIRST
    while pending.size:
        chosen, pending = pending[:batch], pending[batch:]
        found = Y.project(points[np.sort(chosen)])
        lower, upper = max(lower, float(found.lower.max())), max(upper, float(found.upper.max()))
        pending = pending[bound[pending] > lower]
        batch *= 8
    return Bracket(min(lower, upper), upper)
