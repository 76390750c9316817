"""The farthest point of a cloud from a cloud: most points are ruled out without being looked up.

The KD-tree of X lists its points so that neighbours stand together, in groups. Points of the widest groups, where X is
sparse, are measured first. A grid whose boxes have a diagonal of at most the largest distance found
rules out every x that shares its box with some y. Of what is left one point of every group is measured; the point y
found for it is near the others too, d(x, Y) ≤ ‖x − y‖, and those that cannot exceed the largest distance found are
never looked up.
"""

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.sets.finite import FiniteSet

Floats = NDArray[np.float64]

_GROUP = 8
_FIRST = 256
"""Points measured first, those with the largest upper bounds; each later batch is eight times as large."""

_MANY = 4096
"""Points from which on the grid is worth its making."""

_BOXES = 4
"""Most boxes of a grid for each point; with more, few points share one."""


def farthest_in_cloud(X: FiniteSet, Y: FiniteSet) -> Bracket:
    """Bounds of max_i min_j ‖x_i − y_j‖.

    Returns: as narrow as rounding allows: ends are those of `FiniteSet.project`, and ‖x − y‖ has its d + 8 roundings
    added, so that a point is only left out if it provably does not exceed the lower end.

    >>> farthest_in_cloud(FiniteSet([[[0.0]], [[3.0]]]), FiniteSet([[[1.0]]])).lower > 1.99
    True
    """
    points = X.points[X.neighbours]
    lower = upper = 0.0
    if len(points) > _MANY:
        found = Y.project(_sparse(points))
        lower, upper = float(found.lower.max()), float(found.upper.max())
        points = points[~_near(points, Y.points, reach=lower)]
        if len(points) == 0:
            return Bracket(min(lower, upper), upper)
    count = -(-len(points) // _GROUP)
    found = Y.project(points[::_GROUP], stop_below=lower)
    lower, upper = max(lower, float(found.lower.max())), max(upper, float(found.upper.max()))
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
        found = Y.project(points[np.sort(chosen)], stop_below=lower)
        lower, upper = max(lower, float(found.lower.max())), max(upper, float(found.upper.max()))
        pending = pending[bound[pending] > lower]
        batch *= 8
    return Bracket(min(lower, upper), upper)


def _sparse(points: Floats) -> Floats:
    """One point of each of the groups of neighbours that stand farthest apart."""
    groups = points[: len(points) // _GROUP * _GROUP].reshape(-1, _GROUP, points[0].size)
    with np.errstate(over="ignore"):
        width = np.abs(groups[:, -1] - groups[:, 0]).max(axis=1)
    return points[np.argpartition(-width, min(_FIRST, len(width) - 1))[:_FIRST] * _GROUP]


def _near(points: Floats, others: Floats, *, reach: float) -> NDArray[np.bool_]:
    """Whether a point shares a box, of a diagonal below `reach`, with one of the others.

    A difference is rounded by a share u of itself and a quotient again, so that boxes seem up to 2⁻²⁰ of a side larger
    than they are; the thousandth taken off the side covers that.
    """
    within = np.zeros(len(points), dtype=bool)
    stored = [np.ascontiguousarray(x) for x in others.reshape(len(others), -1).T]
    side = 0.999 * reach / len(stored) ** 0.5
    low = [float(x.min()) for x in stored]
    with np.errstate(all="ignore"):
        extent = [
            (float(x.max()) - start) / side if side > 0.0 else np.inf for x, start in zip(stored, low, strict=True)
        ]
        if not np.prod(np.add(extent, 1.0)) <= _BOXES * len(others):
            return within
    sizes = [int(count) + 1 for count in extent]
    box = np.zeros(len(others), dtype=np.int64)
    mine = np.zeros(len(points), dtype=np.int64)
    within[:] = True
    for x, y, start, size in zip(points.reshape(len(points), -1).T, stored, low, sizes, strict=True):
        with np.errstate(over="ignore"):
            place = (x - start) / side
        within &= (place >= 0.0) & (place < size)
        mine = mine * size + np.clip(place, 0.0, size - 1.0).astype(np.int64)
        box = box * size + ((y - start) / side).astype(np.int64)
    taken = np.zeros(int(np.prod(sizes)), dtype=bool)
    taken[box] = True
    return np.asarray(within & taken[mine])
