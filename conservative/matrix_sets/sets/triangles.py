"""Polygons as triangles, with a proof that these are all of it; convex hulls, with a proof that they hold all points.

Let every triangle be oriented to the left. Their indicator functions add up to the winding number of the sum of their
edges, in which edges passed both ways cancel. If what is left is the boundary of the polygon, its inside on the left,
then the sum is 1 inside and 0 outside. So it is enough to count edges, and to know the signs of areas.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.matrix_sets.sets.proved_cover import Cut

Floats = NDArray[np.float64]


def simple_parts(geometry: Any) -> Any:
    """The points, lines and polygons of which a geometry, or an array of them, consists."""
    import shapely

    parts = np.atleast_1d(np.asarray(geometry, dtype=object)).ravel()
    while (shapely.get_type_id(parts) >= 4).any():  # multi-geometries and collections
        parts = shapely.get_parts(parts)
    return parts[~shapely.is_empty(parts)]


def boundary_segments(geometry: Any) -> Floats:
    """All segments of rings and lines, and points as segments of length 0. Shapes: result (n, 2, 2)."""
    import shapely

    parts = simple_parts(geometry)
    kind = shapely.get_type_id(parts)
    lines = np.concatenate([shapely.get_rings(parts[kind == 3]), parts[(kind == 1) | (kind == 2)]])
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    joined = line[1:] == line[:-1]
    segments = np.stack([coordinates[:-1], coordinates[1:]], axis=1)[joined]
    points = shapely.get_coordinates(parts[kind == 0])
    return np.concatenate([segments.reshape(-1, 2, 2), np.repeat(points[:, None], 2, axis=1)])


def held(parts: Any, holders: Any) -> NDArray[np.bool_]:
    """Whether geometries are in a single one of others each, by shapely's predicate, which is exact.

    Shapes: result (len(parts),).
    """
    import shapely

    found = shapely.STRtree(holders).query(parts, predicate="covered_by")[0]
    return np.isin(np.arange(len(parts)), found)


def triangulated(geometry: Any) -> Cut:
    """Triangles, segments and points (as triangles with repeated corners) whose union is the geometry.

    Returns: its rounding is 0, unless shapely's triangles fail the proof.
    """
    import shapely

    parts = simple_parts(geometry)
    solid = shapely.get_type_id(parts) == 3
    corners, rounding = _solid(parts[solid]) if solid.any() else (np.zeros((0, 3, 2)), 0.0)
    thin = boundary_segments(parts[~solid]) if not solid.all() else np.zeros((0, 2, 2))
    segments = np.concatenate([boundary_segments(parts[solid]), thin]) if solid.any() else thin
    return Cut(np.concatenate([corners, thin[:, [0, 1, 1]]]), segments, rounding)


def _solid(polygons: Any) -> tuple[Floats, float]:
    import shapely

    try:
        with np.errstate(over="ignore", invalid="ignore"):
            made = shapely.get_parts(shapely.constrained_delaunay_triangles(polygons))
        corners = shapely.get_coordinates(made).reshape(-1, 4, 2)[:, :3]
        signs = _orientations(corners)
        if _fills(corners, signs, polygons):
            # Flat ones add no area; those left are closed and hold nearly every point, hence all.
            return corners[signs != 0], 0.0
    except (shapely.errors.GEOSException, ValueError):
        pass
    size = float(np.abs(shapely.get_coordinates(polygons)).max())
    return np.concatenate([_trapezoids(polygon) for polygon in polygons]), 32.0 * UNIT_ROUNDOFF * size


def _fills(corners: Floats, signs: NDArray[np.int64], polygons: Any) -> bool:
    """Whether the triangles' oriented edges add up to the polygons' rings."""
    import shapely

    ends = [np.roll(corners, -1, axis=1), corners]
    if not (signs != 0).any():
        return False
    if signs[signs != 0][0] < 0:
        ends, signs = ends[::-1], -signs
    ring, owner = shapely.get_coordinates(shapely.get_rings(shapely.orient_polygons(polygons)), return_index=True)
    joined = owner[1:] == owner[:-1]
    start = np.concatenate([ends[1].reshape(-1, 2), ring[1:][joined]])
    end = np.concatenate([ends[0].reshape(-1, 2), ring[:-1][joined]])
    places = np.unique(np.concatenate([start, end]) @ np.array([1.0, 1j]) + 0.0, return_inverse=True)[1].ravel()
    a, b = places[: len(start)].astype(np.int64), places[len(start) :].astype(np.int64)
    pair = np.unique(np.minimum(a, b) * (places.max() + 1) + np.maximum(a, b), return_inverse=True)[1].ravel()
    return bool((signs >= 0).all() and not np.bincount(pair, np.sign(b - a)).any())


def _orientations(corners: Floats) -> NDArray[np.int64]:
    """Signs of the areas of triangles, exact."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    one, two = first[:, 0] * second[:, 1], first[:, 1] * second[:, 0]
    area = one - two
    doubtful = np.flatnonzero(~(np.abs(area) > 8.0 * UNIT_ROUNDOFF * (np.abs(one) + np.abs(two)) + 1e-300))
    signs = np.sign(area).astype(np.int64)
    for i in doubtful:
        (a, b), (c, d), (e, f) = ((Fraction(x), Fraction(y)) for x, y in corners[i].tolist())
        exact = (c - a) * (f - b) - (d - b) * (e - a)
        signs[i] = (exact > 0) - (exact < 0)
    return signs


def _trapezoids(polygon: Any) -> Floats:
    """Triangles of the trapezoids between neighbouring abscissae of vertices, up to rounding."""
    segments = boundary_segments(polygon)
    segments = segments[segments[:, 0, 0] != segments[:, 1, 0]]
    order = np.argsort(segments[:, :, 0], axis=1)
    left, right = np.take_along_axis(segments, order[:, :, None], axis=1).swapaxes(0, 1)
    x = np.unique(segments[:, :, 0])
    first, last = np.searchsorted(x, left[:, 0]), np.searchsorted(x, right[:, 0])
    edge = np.repeat(np.arange(len(left)), last - first)
    slab = np.arange(len(edge)) - np.repeat(np.cumsum(last - first) - last, last - first)
    low, high = (_heights(left[edge], right[edge], x[at]) for at in (slab, slab + 1))
    order = np.lexsort((low + high, slab))
    under, over = order[::2], order[1::2]
    corners = [np.stack([x[slab[s] + i], y[s]], axis=1) for s in (under, over) for i, y in ((0, low), (1, high))]
    return np.concatenate([np.stack(corners[:3], axis=1), np.stack(corners[1:], axis=1)])


def _heights(left: Floats, right: Floats, x: Floats) -> Floats:
    """Ordinates of segments at abscissae between their ends."""
    share = (x - left[:, 0]) / (right[:, 0] - left[:, 0])
    y = left[:, 1] + share * (right[:, 1] - left[:, 1])
    return np.where(share >= 1.0, right[:, 1], y)


def planar_hulls(points: Floats, index: NDArray[np.intp]) -> Any:
    """The convex hulls of groups of points as shapely points, segments and polygons.

    Shapes: `points` (n, 2), `index` (n,). `index`: numbers of the groups, each from 0 on, in order. Returns: each found
    to be valid, to hold its points, and convex to rounding; exact otherwise.
    """
    import shapely

    groups = shapely.multipoints(points, indices=index)
    hulls = shapely.convex_hull(groups)
    wrong = ~(shapely.is_valid(hulls) & shapely.covers(hulls, groups) & _convex(hulls))
    for i in np.flatnonzero(wrong):
        first, last = np.searchsorted(index, [i, i + 1])
        hulls[i] = _exact_hull(points[first:last])
    return hulls


def _convex(hulls: Any) -> NDArray[np.bool_]:
    """Whether rings turn one way only, up to rounding."""
    import shapely

    fine = np.ones(len(hulls), dtype=bool)
    solid = np.flatnonzero(shapely.get_type_id(hulls) == 3)
    ring, owner = shapely.get_coordinates(shapely.get_exterior_ring(hulls[solid]), return_index=True)
    first = np.searchsorted(owner, owner)
    # The corner after the last is the second, since a ring repeats its first.
    after = np.where(np.r_[owner[1:] == owner[:-1], False], np.arange(len(ring)) + 1, first + 1)
    into, out = ring - ring[np.maximum(np.arange(len(ring)) - 1, first)], ring[after] - ring
    one, two = into[:, 0] * out[:, 1], into[:, 1] * out[:, 0]
    rounding = 8.0 * UNIT_ROUNDOFF * (np.abs(one) + np.abs(two))
    left, right = (np.bincount(owner, side * (one - two) > rounding, len(solid)) > 0 for side in (1.0, -1.0))
    fine[solid] = ~(left & right)
    return fine


def _exact_hull(points: Floats) -> Any:
    """The hull by Andrew's chains, in rationals."""
    import shapely

    rows = sorted(set(map(tuple, points.tolist())))
    if len(rows) == 1:
        return shapely.Point(rows[0])
    chains = []
    for way in (rows, rows[::-1]):
        chain: list[Any] = []
        for point in way:
            while len(chain) > 1 and not _left_turn(chain[-2], chain[-1], point):
                chain.pop()
            chain.append(point)
        chains.append(chain[:-1])
    ring = chains[0] + chains[1]
    return shapely.LineString(ring) if len(ring) == 2 else shapely.Polygon(ring)


def _left_turn(a: Any, b: Any, c: Any) -> bool:
    return bool(_orientations(np.array([[a, b, c]]))[0] > 0)
