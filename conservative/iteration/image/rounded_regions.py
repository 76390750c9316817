"""Planar unions with a margin and fewer vertices: what shapely makes is checked, and its box taken where it fails."""

import math
from typing import Any

import numpy as np

from conservative.matrix_sets.sets.triangles import simple_parts


def rounded_off(union: Any, cells: Any, slack: float) -> tuple[Any, float]:
    """A little more than the union, with fewer vertices, and how much more at most.

    It covers all cells by shapely's predicate, which is exact; where nothing that shapely makes does, it is their box.
    """
    import shapely

    wide = shapely.buffer(union, slack, quad_segs=2)
    for candidate, error in ((shapely.simplify(wide, 0.5 * slack), 1.6 * slack), (wide, 1.1 * slack)):
        if _covers(candidate, cells) and _is_near(candidate, union, error):
            wider = shapely.buffer(candidate, 1e-3 * slack, join_style="mitre")
            return (wider if _covers(wider, cells) and _is_near(wider, union, error) else candidate), error
    low, high = (end(shapely.get_coordinates(cells), axis=0) for end in (np.min, np.max))
    return shapely.box(*(low - slack), *(high + slack)), math.hypot(*(high - low + 2.0 * slack)) * (1.0 + 1e-12)


def _covers(candidate: Any, cells: Any) -> bool:
    import shapely

    shapely.prepare(candidate)
    return bool(candidate.is_valid and shapely.covers(candidate, cells).all())


def _is_near(wide: Any, union: Any, error: float) -> bool:
    """Whether vertices are as near to a union as they should be, and the area is no larger than Steiner's formula."""
    import shapely

    away = shapely.distance(shapely.points(shapely.get_coordinates(wide)), union)
    most = union.area + error * union.length + math.pi * error**2 * len(simple_parts(union))
    # A segment has two sides; a boundary that is passed twice is as long.
    return bool(away.max() <= error) and wide.area <= most + error * union.length
