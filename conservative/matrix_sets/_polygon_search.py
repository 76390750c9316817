"""Nearest points of planar hulls in closed form: of all edges between neighbours around the middle, or inside.

Vertices sorted by their angle around the mean are in order around the hull, if none is inside of it. As in Wolfe's
algorithm the result is a candidate that proves nothing. Points whose primal and dual values are not as close as asked,
because some vertices are inside or nearly so, are left to that algorithm.
"""

import numpy as np
from numpy.typing import NDArray

from conservative.matrix_sets._wolfe import Candidates, nearest_points

Floats = NDArray[np.float64]

_MOST = 100
"""Vertices up to which every edge is tried; with more, the few steps of the other algorithm are faster."""


def nearest_in_plane(points: Floats, vertices: Floats, *, tolerance: Floats, stop_below: float = 0.0) -> Candidates:
    """As `nearest_points`, for points and vertices of the plane.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    vertices : ndarray, shape (k, 2)
    tolerance : ndarray, shape (n,)
    stop_below : float

    Returns
    -------
    Candidates
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
    after = np.roll(order, -1)
    start, edge = vertices[order], vertices[after] - vertices[order]
    arms = start - points[:, None]
    square = np.einsum("kd,kd->k", edge, edge)
    along = -(arms[..., 0] * edge[:, 0] + arms[..., 1] * edge[:, 1])
    share = np.clip(along / np.where(square > 0.0, square, 1.0), 0.0, 1.0)
    away = arms + share[:, :, None] * edge
    rows, best = np.arange(len(points)), (away[..., 0] ** 2 + away[..., 1] ** 2).argmin(axis=1)
    room = min(3, len(vertices))
    corral, weights = np.repeat(order[best][:, None], room, axis=1), np.zeros((len(points), room))
    corral[:, 1], weights[:, 1] = after[best], share[rows, best]
    weights[:, 0] = 1.0 - weights[:, 1]
    direction = away[rows, best]
    length = np.hypot(direction[:, 0], direction[:, 1])
    lowest = (direction @ vertices.T).min(axis=1) - (direction * points).sum(axis=1)
    done = (length * length - lowest <= tolerance * length) | (length <= stop_below)
    left = edge[:, 0] * -arms[..., 1] - edge[:, 1] * -arms[..., 0]
    inside = (left > 0.0).all(axis=1) & (room == 3)
    if inside.any():
        _fill(points, vertices, order, np.flatnonzero(inside), corral, weights, direction, done)
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
    """Weights of points inside, in the triangles that the first vertex makes with edges."""
    spokes = vertices[order[1:]] - vertices[order[0]]
    arm = points[rows] - vertices[order[0]]
    side = spokes[:, 0] * arm[:, None, 1] - spokes[:, 1] * arm[:, None, 0]
    sector = np.clip((side >= 0.0).sum(axis=1) - 1, 0, len(spokes) - 2)
    one, two = spokes[sector], spokes[sector + 1]
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    area = np.where(area != 0.0, area, np.inf)
    second = (arm[:, 0] * two[:, 1] - arm[:, 1] * two[:, 0]) / area
    third = (one[:, 0] * arm[:, 1] - one[:, 1] * arm[:, 0]) / area
    shares = np.maximum(np.stack([1.0 - second - third, second, third], axis=1), 0.0)
    found = np.stack([np.full(len(rows), order[0]), order[1 + sector], order[2 + sector]], axis=1)
    towards = np.einsum("nk,nkd->nd", shares / shares.sum(axis=1, keepdims=True), vertices[found]) - points[rows]
    good = np.hypot(towards[:, 0], towards[:, 1]) <= 1e-14
    rows = rows[good]
    corral[rows], weights[rows], direction[rows], done[rows] = found[good], shares[good], towards[good], True
