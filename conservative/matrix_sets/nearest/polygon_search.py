"""Nearest points of planar hulls in closed form: of all edges between neighbours around the middle, or inside.

Vertices sorted by their angle around the mean are in order around the hull, if none is inside of it. As in Wolfe's
algorithm the result is a candidate that proves nothing. Points whose primal and dual values are not as close as asked,
because some vertices are inside or nearly so, are left to that algorithm.
"""

import numpy as np
from numpy.typing import NDArray

from conservative.matrix_sets.nearest.min_norm_point import Candidates, nearest_points

Floats = NDArray[np.float64]

_MOST = 100
"""Vertices up to which every edge is tried; with more, the few steps of the other algorithm are faster."""


def nearest_in_plane(points: Floats, vertices: Floats, *, tolerance: Floats, stop_below: float = 0.0) -> Candidates:
    """As `nearest_points`, for points and vertices of the plane.

    Shapes: `points` (n, 2), `vertices` (k, 2), `tolerance` (n,).
    """
    if len(vertices) > _MOST:
        return nearest_points(points, vertices, tolerance=tolerance, stop_below=stop_below)
    found, done = _around(points, vertices, tolerance, stop_below)
    rest = np.flatnonzero(~done)
    if len(rest):
        slow = nearest_points(points[rest], vertices, tolerance=tolerance[rest], stop_below=stop_below)
        found.corral[rest], found.weights[rest], found.direction[rest] = slow.corral, slow.weights, slow.direction
    return found


def _around(
    points: Floats, vertices: Floats, tolerance: Floats, stop_below: float
) -> tuple[Candidates, NDArray[np.bool_]]:
    """Candidates on edges and in triangles, and which of them are good enough."""
    aside = vertices - vertices.mean(axis=0)
    order = np.argsort(np.arctan2(aside[:, 1], aside[:, 0]))
    after = np.append(order[1:], order[:1])
    start, (ex, ey) = vertices[order], (vertices[after] - vertices[order]).T
    ax, ay = start[:, 0] - points[:, :1], start[:, 1] - points[:, 1:]
    square = ex * ex + ey * ey
    share = (ax * ex + ay * ey) / -np.where(square > 0.0, square, 1.0)
    share = np.minimum(np.maximum(share, 0.0), 1.0)
    x, y = ax + share * ex, ay + share * ey
    rows, best = np.arange(len(points)), (x * x + y * y).argmin(axis=1)
    room = min(3, len(vertices))
    corral, weights = np.repeat(order[best][:, None], room, axis=1), np.zeros((len(points), room))
    corral[:, 1], weights[:, 1] = after[best], share[rows, best]
    weights[:, 0] = 1.0 - weights[:, 1]
    length = np.hypot(x[rows, best], y[rows, best])
    along = (weights[:, 0] * weights[:, 1] > 0.0) & (square[best] > 0.0)
    # Seen from nearby, the normal of an edge is known far better than the difference of two points.
    direction = np.where(along, [-ey[best], ex[best]], [x[rows, best], y[rows, best]]).T
    lowest = (direction @ vertices.T).min(axis=1) - (direction * points).sum(axis=1)
    size = np.hypot(direction[:, 0], direction[:, 1])
    # No dual value is below zero, so a short distance is as good as its tolerance.
    done = (length * size - lowest <= tolerance * size) | (length <= np.maximum(tolerance, stop_below))
    left = np.flatnonzero(~done)
    if room == 3 and left.size:
        _fill(points, vertices, order, left, corral, weights, direction, done)
    return Candidates(corral, weights, direction), done


def _fill(
    points: Floats,
    vertices: Floats,
    order: NDArray[np.intp],
    rows: NDArray[np.intp],
    corral: NDArray[np.intp],
    weights: Floats,
    direction: Floats,
    done: NDArray[np.bool_],
) -> None:
    """Weights of those of the points that are inside, in the triangles that the first vertex makes with edges."""
    spokes = vertices[order[1:]] - vertices[order[0]]
    arm = points[rows] - vertices[order[0]]
    side = spokes[:, 0] * arm[:, None, 1] - spokes[:, 1] * arm[:, None, 0]
    sector = np.clip((side >= 0.0).sum(axis=1) - 1, 0, len(spokes) - 2)
    one, two = spokes[sector], spokes[sector + 1]
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    area = np.where(area != 0.0, area, np.inf)
    second, third, rest = np.zeros(len(rows)), np.zeros(len(rows)), arm
    for _ in range(2):  # the second time for what rounding left, which is much in thin triangles
        second += (rest[:, 0] * two[:, 1] - rest[:, 1] * two[:, 0]) / area
        third += (one[:, 0] * rest[:, 1] - one[:, 1] * rest[:, 0]) / area
        rest = arm - second[:, None] * one - third[:, None] * two
    shares = np.maximum(np.stack([1.0 - second - third, second, third], axis=1), 0.0)
    found = np.stack([np.full(len(rows), order[0]), order[1 + sector], order[2 + sector]], axis=1)
    towards = np.einsum("nk,nkd->nd", shares / shares.sum(axis=1, keepdims=True), vertices[found]) - points[rows]
    good = np.hypot(towards[:, 0], towards[:, 1]) <= 1e-14
    rows = rows[good]
    corral[rows], weights[rows], direction[rows], done[rows] = found[good], shares[good], towards[good], True
