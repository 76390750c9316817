"""Planar unions with a margin and fewer vertices: what shapely makes is checked, and their box taken where it fails."""

from typing import Any

import numpy as np

MARGIN = 1.6
"""How far regions should reach beyond the cells, at most, in slacks."""


def rounded_off(union: Any, cells: Any, slack: float) -> Any:
    """A little more than the union, with fewer vertices.

    It covers all cells by shapely's predicate, which is exact; where nothing that shapely makes does, it is their box.
    How far it reaches beyond is for `overhang` to say.
    """
    import shapely

    wide = shapely.buffer(union, slack, quad_segs=2)
    for candidate in (shapely.simplify(wide, 0.5 * slack), wide):
        if _covers(candidate, cells):
            wider = shapely.buffer(candidate, 1e-3 * slack, join_style="mitre")
            return wider if _covers(wider, cells) else candidate
    low, high = (end(shapely.get_coordinates(cells), axis=0) for end in (np.min, np.max))
    return shapely.box(*(low - slack), *(high + slack))


def _covers(candidate: Any, cells: Any) -> bool:
    import shapely

    shapely.prepare(candidate)
    return bool(candidate.is_valid and shapely.covers(candidate, cells).all())
