"""The true image 𝒥(𝒳) of a region of the plane, from its boundary alone.

For 𝒥 = conv{[A_i B_i]} let T(X) = conv{A_i X + B_i} = 𝒥({X}). A point y = A_λ X + B_λ of the boundary of 𝒥(𝒳) comes
from some X of the boundary of 𝒳: if A_λ is invertible, X cannot be inside, because the map is open; if it is not, X can
be moved along the kernel until it meets the boundary. So ∂𝒥(𝒳) ⊆ 𝒥(∂𝒳), and every component of the complement of
𝒥(∂𝒳) is wholly inside 𝒥(𝒳) or wholly outside.

Above: for a piece γ of the boundary, conv{A_i X_j + B_i}, X_j the vertices of γ, holds 𝒥(γ). Below: for a segment from
x to x' of 𝒳, the map (λ, t) ↦ [A_λ B_λ] at x + t(x' − x) takes the unit square continuously onto a set that holds every
point around which the image of the square's boundary winds; this is a quadrilateral, maybe crossing itself.
"""

import math
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.iteration.image.overhang import overhang
from conservative.iteration.image.pieces import divided, pieces
from conservative.iteration.image.rounded_regions import MARGIN, rounded_off
from conservative.iteration.jacobian_blocks import Blocks
from conservative.matrix_sets.operations.moved_geometry import moved
from conservative.matrix_sets.sets.robust_overlay import united, unproved_union
from conservative.matrix_sets.sets.triangles import boundary_segments, held, planar_hulls, simple_parts, triangulated

Floats = NDArray[np.float64]

OVERLAY = 1e-11
"""Relative error granted to each union; it is proved to be smaller."""

_FEW_VERTICES = 2000
"""Vertices of the images of finite families that are kept: these multiply with every step."""

_ALL_PAIRS = 6
"""So many blocks or fewer have all their pairs swept; of more, consecutive pairs."""

_DEPTH = 9
"""Halvings of the boxes that decide about a hole; one that stays in doubt is filled."""

_PARTS = 4
"""Parts into which the hull of two blocks is divided: 𝒥(γ) is the union of its images under the parts."""


def plane_maps(blocks: Blocks) -> tuple[Floats, Floats]:
    """The maps x ↦ L_i x + b_i of the plane, x the two entries of X. Shapes: result (k, 2, 2), result (k, 2)."""
    m = blocks.B.shape[2]
    return np.stack([np.kron(A, np.eye(m)) for A in blocks.A]), blocks.B.reshape(-1, 2)


def outer_image(region: Any, L: Floats, b: Floats, *, step: float, slack: float) -> tuple[Any, float]:
    """A region that holds 𝒥(𝒳), for the hull of the maps, and how far it may reach beyond.

    `slack`: margin that is added so that few vertices suffice; must be above all rounding errors. `image`: that of
    `outer_region`.
    """
    wide, cells, beyond = _cover(region, L, b, step, slack)
    image, doubtful = _filled(wide, region, L, b, small=slack * slack)
    margin = overhang(wide, cells, margin=MARGIN * slack)
    return image, (beyond + doubtful + margin) * (1.0 + 1e-12)


def outer_region(region: Any, L: Floats, b: Floats, *, step: float, slack: float) -> Any:
    """A region that holds 𝒥(𝒳), for the hull of the maps.

    `step, slack`: as in `outer_image`. Returns: Polygons. shapely's exact predicate has confirmed that they cover what
    every piece of the boundary leads to, and every hole of theirs is proved to be outside, so that no overlay needs to
    be right.
    """
    return _filled(_cover(region, L, b, step, slack)[0], region, L, b, small=slack * slack)[0]


def _cover(region: Any, L: Floats, b: Floats, step: float, slack: float) -> tuple[Any, Any, float]:
    """A region that holds the image of the boundary, the cells it is made of, and how far these reach beyond 𝒥(𝒳)."""
    segments = divided(boundary_segments(region), step)
    stretch = float(np.linalg.norm(L, 2, axis=(1, 2)).max()) * (1.0 + 1e-12)
    piece, bend = _flat_pieces(region, segments, step, most=0.25 * slack / max(stretch, 1e-300))
    images = np.einsum("kij,naj->knai", L, segments) + b[:, None, None]
    groups = [images]
    if len(L) == 2:
        share = np.linspace(0.0, 1.0, _PARTS + 1)[:, None, None, None]
        between = images[0] + share * (images[1] - images[0])
        groups = [between[i : i + 2] for i in range(_PARTS)]
    cells = np.concatenate([_hulls(group, piece) for group in groups])
    longest = float(np.bincount(piece, np.hypot(*(segments[:, 1] - segments[:, 0]).T)).max())
    beyond = 0.5 * part_spread(L) * longest + stretch * bend
    return rounded_off(unproved_union(cells), cells, slack), cells, beyond


def _flat_pieces(region: Any, segments: Floats, step: float, *, most: float) -> tuple[NDArray[np.intp], float]:
    """As `pieces`, divided where hulls of pieces may leave the region by more than `most`; how far hulls leave it.

    A connected piece meets every line across its chord, so a point of its hull is no farther from it than the piece is
    wide.
    """
    piece = pieces(segments, step)
    starts = np.searchsorted(piece, np.arange(piece[-1] + 1))
    ends = np.append(starts[1:], len(segments)) - 1
    chord = segments[ends, 1] - segments[starts, 0]
    length = np.hypot(*chord.T)[:, None]
    normal = np.where(length > 0.0, chord[:, ::-1] / np.where(length > 0.0, length, 1.0) * [-1.0, 1.0], [0.0, 1.0])
    across = np.einsum("nai,ni->na", segments - segments[starts[piece], :1], normal[piece])
    width = np.maximum.reduceat(across.max(axis=1), starts) - np.minimum.reduceat(across.min(axis=1), starts)
    wide = np.flatnonzero(width > most)
    if not len(wide):
        return piece, float(width.max()) * (1.0 + 1e-12)
    inside = np.isin(piece, wide)
    hulls = planar_hulls(segments[inside].reshape(-1, 2), np.repeat(np.searchsorted(wide, piece[inside]), 2))
    apart = np.isin(piece, wide[~held(hulls, simple_parts(region))])
    fresh = np.r_[True, (piece[1:] != piece[:-1]) | apart[1:]]
    return np.cumsum(fresh) - 1, most


def part_spread(L: Floats) -> float:
    """Circumradius, in the operator norm, of the linear parts that one cell of `outer_image` combines.

    Shapes: `L` (k, 2, 2).
    """
    middle = 0.5 * (L.min(axis=0) + L.max(axis=0))
    largest = float(np.linalg.norm(L - middle, 2, axis=(1, 2)).max()) * (1.0 + 1e-12)
    return largest / _PARTS if len(L) == 2 else largest


def finite_image(region: Any, L: Floats, b: Floats, *, slack: float) -> tuple[Any, float]:
    """The union of the images of a region under finitely many maps, fattened where it has many vertices.

    `error`: bound of gap(image, 𝒥(𝒳)): 0 while there are few vertices, all to the rounding of unions.
    """
    import shapely

    union = united(np.concatenate([moved(region, L[i], b[i]) for i in range(len(L))]))
    if shapely.get_num_coordinates(union) <= _FEW_VERTICES:
        return union, 0.0
    parts = triangulated(union)
    cells = planar_hulls(parts.triangles.reshape(-1, 2), np.repeat(np.arange(len(parts.triangles)), 3))
    wide = rounded_off(union, simple_parts(union), slack)
    return wide, overhang(wide, cells, margin=MARGIN * slack) + parts.rounding


def _hulls(images: Floats, piece: NDArray[np.intp]) -> Any:
    """The hulls of the images (k, n, 2, 2) of the n segments of every piece."""
    return planar_hulls(images.swapaxes(0, 1).reshape(-1, 2), np.repeat(piece, 2 * len(images)))


def _filled(wide: Any, region: Any, L: Floats, b: Floats, *, small: float) -> tuple[Any, float]:
    """The region without those holes that belong, or may belong, to the image, and the depth of the latter."""
    import shapely

    kept, doubtful, parts = [], 0.0, shapely.get_parts(wide)
    for part in parts:
        if part.geom_type != "Polygon" or not len(part.interiors):
            kept.append(part)
            continue
        open_ = []
        for ring in part.interiors:
            hole = shapely.Polygon(ring)
            # Parts that lie in a hole may divide it: then no point speaks for all of it.
            alone = not (shapely.contains_properly(hole, parts) | shapely.overlaps(hole, parts)).any()
            outside = _outside(hole, region, L, b) if hole.area > small and alone else None
            if outside:
                open_.append(ring)
            elif outside is None:
                # A disc in the hole has at most its area.
                doubtful = max(doubtful, math.sqrt(hole.area / math.pi))
        kept.append(shapely.Polygon(part.exterior, open_))
    return shapely.GeometryCollection(kept), doubtful


def _outside(hole: Any, region: Any, L: Floats, b: Floats) -> bool | None:
    """Whether a point of the hole is outside 𝒥(region), `None` if undecided.

    Boxes around the region are halved until the image of each misses the point, or that of a middle does not.
    """
    import shapely

    inside = hole.representative_point()
    if not shapely.contains_properly(hole, inside):
        return None
    point = np.array(inside.coords[0])
    left, low, right, high = region.bounds
    boxes = np.array([[left, low, right, high]])
    shapely.prepare(region)
    for _ in range(_DEPTH):
        middle = 0.5 * (boxes[:, :2] + boxes[:, 2:])
        seen = _surrounded(middle[:, None], point, L, b)
        if bool((seen & shapely.intersects_xy(region, middle[:, 0], middle[:, 1])).any()):
            return False
        first = np.concatenate([boxes[:, :2], middle], axis=1)
        size = middle - boxes[:, :2]
        shifts = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[:, None] * size
        boxes = (first + np.concatenate([shifts, shifts], axis=2)).reshape(-1, 4)
        corners = boxes[:, [[0, 1], [2, 1], [0, 3], [2, 3]]]
        boxes = boxes[_surrounded(corners, point, L, b) & shapely.intersects(region, shapely.box(*boxes.T))]
        if len(boxes) == 0:
            return True
    return None


def _surrounded(corners: Floats, point: Floats, L: Floats, b: Floats) -> NDArray[np.bool_]:
    """Whether the point may be in the hull of all images of each row of corners: no open half plane holds them."""
    images = np.einsum("kij,ncj->nkci", L, corners) + b[:, None] - point
    images = images.reshape(len(corners), -1, 2)
    angle = np.sort(np.arctan2(images[..., 1], images[..., 0]), axis=1)
    around = np.diff(angle, axis=1, append=angle[:, :1] + 2.0 * np.pi)
    return np.asarray(around.max(axis=1) <= np.pi + 1e-9)


def inner_growth(region: Any, L: Floats, b: Floats, *, step: float) -> Any:
    """The region, and a subset of 𝒥(𝒳) that reaches nearly as far, up to the rounding of one union."""
    import shapely

    segments = _chords(region, step)
    images = np.einsum("kij,naj->knai", L, segments) + b[:, None, None]
    k, n = images.shape[:2]
    parts = [planar_hulls(images[:, :, 0].swapaxes(0, 1).reshape(-1, 2), np.repeat(np.arange(n), k))]
    pairs = combinations(range(k), 2) if k <= _ALL_PAIRS else zip(range(k), [*range(1, k), 0], strict=True)
    moving = (segments[:, 0] != segments[:, 1]).any(axis=1)
    near = shapely.buffer(region, 0.05 * step, quad_segs=2)
    shapely.prepare(near)
    for i, j in pairs:
        ring = np.stack(
            [images[i][moving, 0], images[j][moving, 0], images[j][moving, 1], images[i][moving, 1]], axis=1
        )
        parts.append(swept(ring[~shapely.covers(near, shapely.linestrings(ring))]))
    parts.append(_whole_images(region, L, b))
    found = np.concatenate(parts)
    fresh = found[~shapely.covers(near, found)]
    return united(np.append(fresh, region), complete=False) if len(fresh) else region


def swept(ring: Floats) -> Any:
    """What closed ways along four segments wind around, to rounding.

    Where sides cross, these are two triangles; otherwise a diagonal divides the quadrilateral, which may be flat.

    Shapes: `ring` (n, 4, 2).
    """
    import shapely

    polygons = shapely.polygons(np.concatenate([ring, ring[:, :1]], axis=1))
    valid = shapely.is_valid(polygons)
    ring = ring[~valid]
    a, b, c, d = ring.swapaxes(0, 1)
    by_ac, by_bd = _turn(a, b, c) * _turn(a, c, d) >= 0.0, _turn(b, c, d) * _turn(b, d, a) >= 0.0
    across = (_turn(a, b, c) * _turn(a, b, d) > 0.0)[:, None]  # ab does not cross cd, so bc crosses da
    p, q, r, s = (np.where(across, y, x) for x, y in ((a, b), (b, c), (c, d), (d, a)))
    at, past = _turn(r, s, p), _turn(r, s, q)
    share = np.clip(np.divide(at, at - past, out=np.zeros_like(at), where=at != past), 0.0, 1.0)
    middle = p + share[:, None] * (q - p)
    ways = [(a, b, c, a, c, d), (b, c, d, b, d, a), (middle, q, r, middle, s, p)]
    corners = np.choose(np.where(by_ac, 0, np.where(by_bd, 1, 2))[:, None, None], [np.stack(w, axis=1) for w in ways])
    flat = corners.reshape(-1, 2)
    triangles = planar_hulls(flat, np.repeat(np.arange(len(flat) // 3), 3)) if len(flat) else polygons[:0]
    return np.concatenate([polygons[valid], triangles])


def _turn(a: Floats, b: Floats, c: Floats) -> Floats:
    """Twice the area of triangles, positive to the left, in floating point."""
    return np.asarray((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))


def _whole_images(region: Any, L: Floats, b: Floats) -> Any:
    """The region under every map and under the means of neighbours: what boundaries sweep over may have holes."""
    after = np.roll(np.arange(len(L)), -1)
    maps = np.concatenate([L, 0.5 * (L + L[after])]), np.concatenate([b, 0.5 * (b + b[after])])
    return np.concatenate([moved(region, A, c) for A, c in zip(*maps, strict=True)])


def _chords(region: Any, step: float) -> Floats:
    """Segments of the region: chords of pieces of the boundary, or, where they leave it, the boundary's own."""
    import shapely

    segments = divided(boundary_segments(region), step)
    piece = pieces(segments, step)
    starts = np.searchsorted(piece, np.arange(piece[-1] + 1))
    ends = np.append(starts[1:], len(segments)) - 1
    chords = np.stack([segments[starts, 0], segments[ends, 1]], axis=1)
    within = held(shapely.linestrings(chords), simple_parts(region)) & (starts < ends)
    return np.concatenate([chords[within], segments[~within[piece]]])
