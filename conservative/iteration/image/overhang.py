"""How far a region reaches beyond convex cells, proved without a union of the cells, which a library can get wrong.

Let horizontal lines be h apart. From a point of the region R one of them is at most h/2 above or below. Either the way
there is in R, and the section of R with the line is found to be in those of the cells with a margin; or it meets the
boundary of R, which is found to be in the cells with a margin.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.matrix_sets.sets.proved_cover import Intervals, intervals_within
from conservative.matrix_sets.sets.triangles import boundary_segments, planar_hulls

Floats = NDArray[np.float64]

_MOST_CROSSINGS = 1_000_000
"""Crossings of lines with cells, roughly; the lines are farther apart where there would be more."""

_TOGETHER = 1_000_000
"""Pairs of a segment and a side of a cell that are compared together."""

_SIDES = 8
"""Sides of the polygons that stand for discs."""


def overhang(region: Any, cells: Any, *, margin: float) -> float:
    """The largest distance of a point of the region to the cells, at most.

    `region`: polygons. `cells`: convex ones. `margin`: how far the region should reach, well above rounding. Returns:
    1.6 margins, where lines can be as near as that needs; where no such bound is found, the diagonal of a box.
    """
    import shapely

    flat, cell = shapely.get_coordinates(cells, return_index=True)
    angles = np.arange(_SIDES) * (2.0 * np.pi / _SIDES)
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (margin * (1.0 + 1e-6) / np.cos(np.pi / _SIDES))
    wide = planar_hulls((flat[:, None] + around).reshape(-1, 2), np.repeat(cell, _SIDES))
    left, low, right, high = shapely.total_bounds(np.append(wide, region)).tolist()
    bounds = shapely.bounds(wide)
    apart = max(margin, float((bounds[:, 3] - bounds[:, 1]).sum()) / _MOST_CROSSINGS)
    if _holds_boundary(wide, boundary_segments(region)):
        ours, theirs = (_sections(parts, low, apart) for parts in (shapely.get_parts(region), wide))
        if intervals_within(ours, theirs):
            return (1.083 * margin + 0.5 * apart) * (1.0 + 1e-5)
    return math.hypot(right - left, high - low) * (1.0 + 1e-12)


def _holds_boundary(polygons: Any, segments: Floats) -> bool:
    """Whether segments are in the union of convex polygons."""
    import shapely

    ring, owner = shapely.get_coordinates(
        shapely.get_exterior_ring(shapely.orient_polygons(polygons)), return_index=True
    )
    side = np.flatnonzero(owner[1:] == owner[:-1])
    edges, first = ring[side + 1] - ring[side], np.searchsorted(owner[side], np.arange(len(polygons)))
    step, whole = max(1, _TOGETHER // len(side)), True
    for at in range(0, len(segments), step):
        start, end = (segments[at : at + step, i, None] - ring[side] for i in (0, 1))
        # How far to the right of each side a segment starts and ends; inside it is nowhere.
        here, there = (edges[:, 1] * x[..., 0] - edges[:, 0] * x[..., 1] for x in (start, end))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = here / (here - there)
        enter = np.where(here > 0.0, np.where(there > 0.0, np.inf, share), 0.0)
        leave = np.where(there > 0.0, np.where(here > 0.0, -np.inf, share), 1.0)
        enter, leave = np.maximum.reduceat(enter, first, axis=1), np.minimum.reduceat(leave, first, axis=1)
        row, cell = np.nonzero(enter <= leave)
        number = np.arange(len(start))
        needed = number, np.zeros(len(start)), np.ones(len(start))
        whole = whole and intervals_within(needed, (row, enter[row, cell], leave[row, cell]))
    return whole


def _sections(polygons: Any, low: float, apart: float) -> Intervals:
    """What each of the polygons has in common with horizontal lines."""
    import shapely

    polygon = np.arange(len(polygons))
    rings, ring_owner = shapely.get_rings(polygons, return_index=True)
    ring, number = shapely.get_coordinates(rings, return_index=True)
    owner = polygon[ring_owner][number]
    above = np.ceil((ring[:, 1] - low) / apart).astype(np.int64)  # the first line that is not below
    edge = np.flatnonzero((number[1:] == number[:-1]) & (above[1:] != above[:-1]))
    least, most = np.minimum(above[edge], above[edge + 1]), np.maximum(above[edge], above[edge + 1])
    count = most - least
    edge, row = np.repeat(edge, count), np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - least, count)
    start, end = ring[edge], ring[edge + 1]
    share = np.clip((low + row * apart - start[:, 1]) / (end[:, 1] - start[:, 1]), 0.0, 1.0)
    x = start[:, 0] + share * (end[:, 0] - start[:, 0])
    order = np.lexsort((x, owner[edge] * (above.max() + 1) + row))
    return row[order][::2], x[order][::2], x[order][1::2]
