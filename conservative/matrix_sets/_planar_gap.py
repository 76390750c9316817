"""The point of a planar set that is farthest from a region: division into triangles along Voronoi edges.

Only X ∖ Y matters. The distance to one boundary segment s of Y is convex, so over a triangle it is largest at a vertex:
max_K d(·, Y) ≤ min_s max_j d(v_j, s). If the vertices have a common nearest segment, the bound is attained. Otherwise
an edge whose ends are nearest to two segments is divided where both are equally far, on their Voronoi edge, so that
straight Voronoi edges are resolved after finitely many divisions.
"""

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_up
from conservative.matrix_sets._enclosure import norms
from conservative.matrix_sets._interrupts import InterruptedSearch
from conservative.matrix_sets.base import MatrixSet
from conservative.matrix_sets.region import PlanarRegion, triangles

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_OVERLAY = 1e-11
"""Relative error granted to a few of shapely's overlays, each of which snaps vertices within 1e-12 when it must."""

_BUDGET = 400_000
_BATCH = 4096
_BISECTIONS = 50


def farthest_in_plane(X: MatrixSet, Y: PlanarRegion, *, tol: float | None = None) -> Bracket:
    """Bounds of max_{x ∈ X} d(x, Y) in the plane.

    Parameters
    ----------
    X : MatrixSet
        Whose `to_shapely` is exact, up to shapely's unions.
    Y : PlanarRegion
    tol : float, optional
        Width that is narrow enough; by default 1e-9 times the size of the sets.

    Returns
    -------
    Bracket

    Raises
    ------
    InterruptedSearch
        On an interrupt from the keyboard, with the bracket so far.
    """
    import shapely

    geometry = X.to_shapely()
    if shapely.covers(Y.geometry, geometry):
        return Bracket(0.0, 0.0)
    size = max(X.radius, Y.radius)
    noise = round_up(_OVERLAY * size)
    rest = shapely.difference(geometry, Y.geometry)
    if rest.is_empty:
        return Bracket(0.0, noise)
    try:
        found = _search(triangles(rest), Y, width=1e-9 * size if tol is None else tol)
    except InterruptedSearch as stop:
        raise InterruptedSearch(_loosened(stop.bracket, noise)) from None
    return _loosened(found, noise)


def _loosened(found: Bracket, noise: float) -> Bracket:
    return Bracket(max(0.0, found.lower - noise), round_up(found.upper + noise))


def _search(corners: Floats, Y: PlanarRegion, *, width: float) -> Bracket:
    lower, settled, used = 0.0, 0.0, 0
    depth = np.zeros(len(corners), dtype=np.intp)
    low, high, near = _bounds(corners, Y)
    lower = float(low.max())
    try:
        while True:
            alive = high > lower
            settled = max(settled, float(high[~alive].max(initial=0.0)))
            corners, depth, high, near = corners[alive], depth[alive], high[alive], near[alive]
            if not len(high) or high.max() <= lower + width or used > _BUDGET:
                return Bracket(lower, max(lower, settled, float(high.max(initial=0.0))))
            order = np.argsort(-high)
            chosen, rest = order[:_BATCH], order[_BATCH:]
            chosen = chosen[high[chosen] > lower + width]
            rest = np.setdiff1d(np.arange(len(high)), chosen)
            fresh = _divided(corners[chosen], near[chosen], depth[chosen], Y)
            used += len(fresh)
            new_low, new_high, new_near = _bounds(fresh, Y)
            lower = max(lower, float(new_low.max()))
            new_high = np.minimum(new_high, np.tile(high[chosen], 2))
            corners, high = np.concatenate([corners[rest], fresh]), np.concatenate([high[rest], new_high])
            near = np.concatenate([near[rest], new_near])
            depth = np.concatenate([depth[rest], np.tile(depth[chosen] + 1, 2)])
    except KeyboardInterrupt:
        raise InterruptedSearch(Bracket(lower, max(lower, settled, float(high.max(initial=0.0))))) from None


def _bounds(corners: Floats, Y: PlanarRegion) -> tuple[Floats, Floats, Indices]:
    """Lower and upper bounds of the largest distance over each triangle, and the nearest segment of each corner."""
    n = len(corners)
    seen = np.concatenate([corners, corners.mean(axis=1, keepdims=True)], axis=1)
    exact = Y.project(seen[:, :3].reshape(-1, *Y.shape))
    near = Y.nearest_segments(seen.reshape(-1, 2)).reshape(n, 4)
    apart = _to_segment(corners[:, None], Y.segments[near][:, :, None])
    upper = apart.max(axis=2).min(axis=1)
    size = norms(corners).max(axis=1) + float(np.abs(Y.segments).max())
    upper = np.minimum(upper, exact.upper.reshape(n, 3).min(axis=1) + _diameter(corners))
    return exact.lower.reshape(n, 3).max(axis=1), upper + 64.0 * UNIT_ROUNDOFF * size, near[:, :3]


def _diameter(corners: Floats) -> Floats:
    return np.asarray(norms(corners - np.roll(corners, 1, axis=1)).max(axis=1))


def _to_segment(points: Floats, segments: Floats) -> Floats:
    """Distances of points (..., 2) to segments (..., 2, 2), in floating point."""
    start = segments[..., 0, :]
    edge = segments[..., 1, :] - start
    square = (edge * edge).sum(axis=-1)
    along = ((points - start) * edge).sum(axis=-1)
    share = np.clip(np.divide(along, square, out=np.zeros(along.shape), where=square > 0.0), 0.0, 1.0)
    return np.asarray(norms(start + share[..., None] * edge - points))


def _divided(corners: Floats, near: Indices, depth: Indices, Y: PlanarRegion) -> Floats:
    """Both halves of each triangle: cut on a Voronoi edge, and now and then across the longest edge."""
    n, rows = len(corners), np.arange(len(corners))
    other = np.roll(np.arange(3), -1)
    start, end = corners, corners[:, other]
    first, second = Y.segments[near], Y.segments[near[:, other]]
    at_end = _to_segment(end, first) - _to_segment(end, second)
    at_start = _to_segment(start, second) - _to_segment(start, first)
    pull = at_end + at_start
    edge = pull.argmax(axis=1)
    longest = norms(end - start).argmax(axis=1)
    plain = (pull[rows, edge] <= 1e-13 * (1e-300 + norms(end - start).max(axis=1))) | (depth % 6 == 5)
    edge = np.where(plain, longest, edge)
    a, b = start[rows, edge], end[rows, edge]
    share = _tie(a, b, first[rows, edge], second[rows, edge])
    share = np.where(plain | (share < 1e-6) | (share > 1.0 - 1e-6), 0.5, share)
    cut = a + share[:, None] * (b - a)
    apex = corners[rows, (edge + 2) % 3]
    return np.concatenate([np.stack([a, cut, apex], axis=1), np.stack([cut, b, apex], axis=1)]).reshape(2 * n, 3, 2)


def _tie(a: Floats, b: Floats, first: Floats, second: Floats) -> Floats:
    """Where, from a to b, two segments are equally far."""
    low, high = np.zeros(len(a)), np.ones(len(a))
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        points = a + middle[:, None] * (b - a)
        nearer = _to_segment(points, first) < _to_segment(points, second)
        low, high = np.where(nearer, middle, low), np.where(nearer, high, middle)
    return np.asarray(0.5 * (low + high))
