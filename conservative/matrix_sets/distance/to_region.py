"""The point of a planar set that is farthest from a region: division into triangles along Voronoi edges.

Only X ∖ Y matters, and of it what triangles show to be far; what shapely finds for it is proved to be all of it, and of
X. The distance to one boundary segment s of Y is convex, so over a triangle it is largest at a vertex:
max_K d(·, Y) ≤ min_s max_j d(v_j, s). If the vertices have a common nearest segment, the bound is attained. Otherwise
an edge whose ends are nearest to two segments is divided where both are equally far, on their Voronoi edge, so that
straight Voronoi edges are resolved after finitely many divisions. A set with rounded corners has triangles around caps
too: only their ends and the middles of their arcs are in the set, and halving the arc makes the triangles flatter.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, largest, round_up
from conservative.matrix_sets.distance.from_cells import farthest_in_cells
from conservative.matrix_sets.distance.rounded_cells import arc_middles, rounded, with_apex
from conservative.matrix_sets.distance.to_nonconvex import farthest_in_hull
from conservative.matrix_sets.interrupts import InterruptedSearch, out_of_time
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.operations.as_cells import as_cells
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.planar import planar_parts
from conservative.matrix_sets.sets.proved_cover import covered
from conservative.matrix_sets.sets.region import PlanarRegion
from conservative.matrix_sets.sets.robust_overlay import differences, unions
from conservative.matrix_sets.sets.triangles import held, planar_hulls, simple_parts, triangulated

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_OVERLAY = 1e-11
"""Relative error granted to a union and a difference, each of which is proved within 3e-12."""

_BUDGET = 400_000
_BATCH = 4096
_BISECTIONS = 50


def farthest_in_plane(X: MatrixSet, Y: PlanarRegion, *, tol: float | None = None) -> Bracket:
    """Bounds of max_{x ∈ X} d(x, Y) in the plane.

    `X`: whose `to_shapely` is exact, up to the rounding of unions, or a `CellUnion` with a margin. `tol`: width that is
    narrow enough; by default 1e-9 times the size of the sets. Raises InterruptedSearch on an interrupt from the
    keyboard, with the bracket so far.
    """
    import shapely

    size = max(X.radius, Y.radius)
    noise = round_up(_OVERLAY * size)
    margin = X.margin if isinstance(X, CellUnion) else 0.0
    if isinstance(X, CellUnion) and 0.0 < margin <= noise:
        core = farthest_in_plane(X.core, Y, tol=tol)
        return Bracket(core.lower, round_up(core.upper + margin))
    parts, caps, centres = _pieces(X)
    holders = simple_parts(Y.geometry)
    parts = parts[~held(parts, holders)]
    open_ = ~held(shapely.polygons(caps), holders)
    caps, centres = caps[open_], centres[open_]
    if not len(parts) and not len(caps):
        return Bracket(0.0, noise if margin > 0.0 else 0.0)
    width = 1e-9 * size if tol is None else tol
    solid, settled = _promising(parts, Y, width=width)
    solid_away = _away(solid, Y, margin=0.2 * noise)
    if solid_away is None:
        # No library's difference is proved to be right.
        found = (farthest_in_hull if margin > 0.0 else farthest_in_cells)(as_cells(X), as_cells(Y), tol=tol)
        return _loosened(found, noise)
    corners = np.concatenate([solid_away, caps])
    centres = np.concatenate([np.full((len(solid_away), 2), np.nan), centres])
    if not len(corners):
        return _loosened(settled, noise)
    try:
        found = _search(corners, centres, Y, width=width)
    except InterruptedSearch as stop:
        raise InterruptedSearch(_loosened(largest((settled, stop.bracket)), noise)) from None
    return _loosened(largest((settled, found)), noise)


def _promising(parts: Any, Y: PlanarRegion, *, width: float) -> tuple[Floats, Bracket]:
    """Triangles of the parts that may hold the farthest point, and what is known of the others."""
    own = triangulated(parts).triangles
    if not len(own):
        return own, Bracket(0.0, 0.0)
    low, high, _ = _bounds(own, np.full((len(own), 2), np.nan), Y)
    lower = float(low.max())
    alive = high > lower + width
    return own[alive], Bracket(lower, max(lower, float(high[~alive].max(initial=0.0))))


def _away(solid: Floats, Y: PlanarRegion, *, margin: float) -> Floats | None:
    """Triangles of what is not in Y; `None` if no difference is proved to be right, within a margin."""
    import shapely

    if not len(solid):
        return solid
    parts, theirs = planar_hulls(solid.reshape(-1, 2), np.repeat(np.arange(len(solid)), 3)), simple_parts(Y.geometry)
    near, holders = shapely.STRtree(theirs).query(parts, predicate="intersects")
    if not len(near):
        return solid
    touching = np.isin(np.arange(len(parts)), near)
    parts, theirs = parts[touching], theirs[np.unique(holders)]
    parts = parts[~held(parts, theirs)]
    rest = _difference(parts, theirs, margin=margin) if len(parts) else solid[:0]
    return None if rest is None else np.concatenate([solid[~touching], rest])


def _difference(parts: Any, others: Any, *, margin: float) -> Floats | None:
    """Triangles of what is in some polygons and not in others, with the proof."""
    own, theirs = triangulated(parts), triangulated(others)
    for union, taken in zip(unions(parts), unions(others), strict=False):
        for rest in differences(union, taken):
            solid = triangulated(rest)
            if covered(solid, own, margin=margin) and covered(own, theirs, solid, margin=margin):
                return solid.triangles
    return None


def _loosened(found: Bracket, noise: float) -> Bracket:
    return Bracket(max(0.0, found.lower - noise), round_up(found.upper + noise))


def _pieces(X: MatrixSet) -> tuple[Any, Floats, Floats]:
    """The set as polygons, segments and points, and caps with the centres of their arcs if it has a margin."""
    if isinstance(X, CellUnion) and X.margin > 0.0:
        return rounded(X.cells.reshape(*X.cells.shape[:2], 2), X.margin)
    parts = planar_parts(X.cells) if isinstance(X, CellUnion) else simple_parts(X.to_shapely())
    return parts, np.zeros((0, 3, 2)), np.zeros((0, 2))


def _search(corners: Floats, centres: Floats, Y: PlanarRegion, *, width: float) -> Bracket:
    """Divide triangles until the largest bound is narrow enough; those with a centre are around caps."""
    settled, used = 0.0, 0
    depth = np.zeros(len(corners), dtype=np.intp)
    low, high, near = _bounds(corners, centres, Y)
    lower = float(low.max())
    try:
        while True:
            alive = high > lower
            settled = max(settled, float(high[~alive].max(initial=0.0)))
            corners, centres, high = corners[alive], centres[alive], high[alive]
            depth, near = depth[alive], near[alive]
            if not len(high) or high.max() <= lower + width or used > _BUDGET or out_of_time():
                return Bracket(lower, max(lower, settled, float(high.max(initial=0.0))))
            order = np.argsort(-high)
            chosen = order[:_BATCH]
            chosen = chosen[high[chosen] > lower + width]
            rest = np.setdiff1d(np.arange(len(high)), chosen)
            fresh, their_centres, parent = _divided(corners, centres, near, depth, chosen, Y)
            used += len(fresh)
            new_low, new_high, new_near = _bounds(fresh, their_centres, Y)
            lower = max(lower, float(new_low.max()))
            corners, centres = np.concatenate([corners[rest], fresh]), np.concatenate([centres[rest], their_centres])
            near, depth = np.concatenate([near[rest], new_near]), np.concatenate([depth[rest], depth[parent] + 1])
            high = np.concatenate([high[rest], np.minimum(new_high, high[parent])])
    except KeyboardInterrupt:
        raise InterruptedSearch(Bracket(lower, max(lower, settled, float(high.max(initial=0.0))))) from None


def _bounds(corners: Floats, centres: Floats, Y: PlanarRegion) -> tuple[Floats, Floats, Indices]:
    """Lower and upper bounds of the largest distance over each triangle, and segments near its corners."""
    n = len(corners)
    seen = np.concatenate([corners, corners.mean(axis=1, keepdims=True)], axis=1)
    caps = np.isfinite(centres[:, 0])
    # Where tangents meet is outside of the set.
    seen[caps, 2] = arc_middles(corners[caps], centres[caps])
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


def _divided(
    corners: Floats, centres: Floats, near: Indices, depth: Indices, chosen: Indices, Y: PlanarRegion
) -> tuple[Floats, Floats, Indices]:
    """Parts of the chosen triangles, their centres, and the numbers of the triangles they are parts of."""
    caps = np.isfinite(centres[chosen, 0])
    plain, round_ = chosen[~caps], chosen[caps]
    halves = _halved(corners[plain], near[plain], depth[plain], Y)
    middle = arc_middles(corners[round_], centres[round_])
    start, end, around = corners[round_, 0], corners[round_, 1], centres[round_]
    inside = np.stack([start, middle, end], axis=1)
    fresh = np.concatenate([halves, inside, with_apex(start, middle, around), with_apex(middle, end, around)])
    straight = np.full((len(halves) + len(inside), 2), np.nan)
    return fresh, np.concatenate([straight, around, around]), np.concatenate([plain, plain, round_, round_, round_])


def _halved(corners: Floats, near: Indices, depth: Indices, Y: PlanarRegion) -> Floats:
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
