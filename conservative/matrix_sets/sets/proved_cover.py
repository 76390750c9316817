"""Proofs that planar sets cover each other up to a margin, so that the library that made them need not be trusted.

Let C^δ be C plus the square [−δ, δ]². For polygons C_j let N = X ∖ ∪ C_j^δ. If N has a point, it has a boundary point
y. As y is in X and inside of no C_j^δ, y is on the boundary of X or on that of some C_j^δ, hence on that of s^δ for a
segment s of the boundary of C_j. So X ⊆ ∪ C_j^δ if

* the segments of the boundary of X are in ∪ C_j^{δ/2}, and
* the boundary of every s^δ, as far as it is in X, is in ∪ C_j^{δ/2}.

Both speak of intervals of segments, inside of triangles that make up X and the C_j. A triangle plus a square is the
intersection of half planes along its edges, on either side, and of its box; each end of an interval satisfies these up
to rounding, whatever the angle, and what is between them by convexity. All roundings together stay below δ/8, the
margin that X is given in the second condition.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Intervals = tuple[Indices, Floats, Floats]
"""Numbers of segments, and where on them, from 0 to 1, intervals start and end."""

_LEAST = 4096.0 * UNIT_ROUNDOFF
"""Smallest margin, as a share of the size, in which all roundings have room."""

_MOST_PAIRS = 400_000
"""Pairs of a segment and a triangle that are compared at most."""


_SAMPLE = 64
"""Segments whose pairs are counted to guess how many there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A planar set cut into triangles.

    Shapes: `triangles` (n, 3, 2), `segments` (k, 2, 2). `triangles`: corners in any order; segments and points repeat
    some. `segments`: they hold the boundary, and are in the set. `rounding`: Hausdorff distance of the triangles' union
    to the set, at most.
    """

    triangles: Floats
    segments: Floats
    rounding: float = 0.0

    @property
    def size(self) -> float:
        """Largest coordinate, in absolute value."""
        return float(np.abs(self.triangles).max(initial=0.0))


def covered(inner: Cut, *outer: Cut, margin: float) -> bool:
    """Whether a set is proved to be in the union of others, fattened by a margin; `False` proves nothing.

    `margin`: half the side of the squares that are added to the union, so that distances may be √2 times as large.
    """
    triangles = np.concatenate([c.triangles for c in outer])
    if not len(inner.triangles):
        return True
    size = max(c.size for c in (inner, *outer))
    if not len(triangles) or not margin >= _LEAST * size:
        return len(triangles) > 0 and size == 0.0
    found = _clipped(inner.segments, triangles, 0.5 * margin)
    whole = np.arange(len(inner.segments)), np.zeros(len(inner.segments)), np.ones(len(inner.segments))
    if found is None or not intervals_within(whole, found):
        return False
    edges = _around(np.concatenate([c.segments for c in outer]), margin)
    needed = _clipped(edges, inner.triangles, 0.125 * margin)
    if needed is None:
        return False
    some = np.unique(needed[0])
    cover = _clipped(edges[some], triangles, 0.5 * margin)
    return cover is not None and intervals_within((np.searchsorted(some, needed[0]), *needed[1:]), cover)


def _around(segments: Floats, margin: float) -> Floats:
    """The six sides of every segment plus a square, shape (6 n, 2, 2)."""
    start, end = segments[:, 0], segments[:, 1]
    signs = np.where(end >= start, 1.0, -1.0)
    corner = margin * signs
    turned = corner * np.array([1.0, -1.0])
    # From the corner behind the start, along both sides, to the corner beyond the end.
    ring = [start - corner, start + turned, end + turned, end + corner, end - turned, start - turned, start - corner]
    return np.concatenate([np.stack(pair, axis=1) for pair in pairwise(ring)])


def _clipped(segments: Floats, triangles: Floats, margin: float) -> Intervals | None:
    """The parts of segments in triangles plus a square, or `None` if there seem to be too many pairs."""
    import shapely

    low, high = triangles.min(axis=1) - margin, triangles.max(axis=1) + margin
    tree = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
    start, end = segments.min(axis=1), segments.max(axis=1)
    boxes = shapely.box(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    some = boxes[:: max(1, len(boxes) // _SAMPLE)]
    if tree.query(some).shape[1] * (len(boxes) / max(1, len(some))) > _MOST_PAIRS:
        return None
    row, cell = tree.query(boxes)
    edges = np.roll(triangles, -1, axis=1) - triangles
    turned = np.stack([edges[..., 1], -edges[..., 0]], axis=-1)
    normals = np.concatenate([turned, np.broadcast_to(np.eye(2), (len(triangles), 2, 2))], axis=1)
    heights = normals[:, :, None, 0] * triangles[:, None, :, 0] + normals[:, :, None, 1] * triangles[:, None, :, 1]
    room = margin * np.abs(normals).sum(axis=2)
    floor, ceiling = heights.min(axis=2) - room, heights.max(axis=2) + room
    first, last = np.zeros(len(row)), np.ones(len(row))
    for k in range(normals.shape[1]):
        (x, y), (one, two) = normals[cell, k].T, segments[row].swapaxes(0, 1)
        at_start, at_end = one[:, 0] * x + one[:, 1] * y, two[:, 0] * x + two[:, 1] * y
        slope = (two[:, 0] - one[:, 0]) * x + (two[:, 1] - one[:, 1]) * y
        moves = slope != 0.0
        step = np.where(moves, slope, 1.0)
        least, most = floor[cell, k], ceiling[cell, k]
        with np.errstate(over="ignore", under="ignore"):
            enter, leave = (least - at_start) / step, (most - at_start) / step
        inside = (at_start >= least) & (at_start <= most) & (at_end >= least) & (at_end <= most)
        first = np.where(inside | ~moves, first, np.maximum(first, np.minimum(enter, leave)))
        last = np.where(inside | ~moves, last, np.minimum(last, np.maximum(enter, leave)))
        kept = (first <= last) & (inside | moves)
        row, cell, first, last = row[kept], cell[kept], first[kept], last[kept]
    return row, first, last


def intervals_within(needed: Intervals, cover: Intervals) -> bool:
    """Whether every interval is in the union of those of the other kind on the same segment, or row."""
    if not len(needed[0]):
        return True
    if not len(cover[0]):
        return False
    # Ranks of the numbers, so that those of all segments can stand in one line without rounding.
    rank = np.unique(np.concatenate([*cover[1:], *needed[1:]]), return_inverse=True)[1].ravel().astype(np.int64)
    most, n = int(rank.max()) + 1, len(cover[0])
    first, last = cover[0] * most + rank[:n], cover[0] * most + rank[n : 2 * n]
    start, end = (
        needed[0] * most + rank[2 * n : 2 * n + len(needed[0])],
        needed[0] * most + rank[2 * n + len(needed[0]) :],
    )
    order = np.argsort(first)
    first, reached = first[order], np.maximum.accumulate(last[order])
    fresh = np.r_[True, first[1:] > reached[:-1]]
    begins = first[fresh]
    ends = reached[np.r_[np.flatnonzero(fresh)[1:] - 1, n - 1]]
    place = np.searchsorted(begins, start, side="right") - 1
    return bool((place >= 0).all() and (ends[place] >= end).all())
