"""Planar cells with balls around them: a polygon inscribed in their union, and caps between it and the arcs.

At a vertex v with the normals n_1 and n_2 of its edges, the boundary of a fattened cell is an arc v + r u, u from n_1
to n_2. Chords between points of the arcs make the inscribed polygon. Beyond each chord is a cap, inside the triangle of
the chord and the tangents at its ends. Halving the arc leaves two caps, a quarter as high, and a triangle inside.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.sets.triangles import held, planar_hulls

Floats = NDArray[np.float64]

_ARC = np.pi / 16.0
"""Most of a full turn that one chord spans at first."""


def rounded(cells: Floats, margin: float) -> tuple[Any, Floats, Floats]:
    """The union of fattened cells as polygons and caps.

    Shapes: `cells` (n, k, 2), result (n,), result (c, 3, 2), result (c, 2). `polygons`: inscribed in a fattened cell
    each, up to rounding.
    """
    import shapely

    n, k = cells.shape[:2]
    hulls = planar_hulls(cells.reshape(-1, 2), np.repeat(np.arange(n), k))
    vertices, owner, first, turn = _corners(hulls)
    parts = np.maximum(np.ceil(turn / _ARC).astype(np.intp), 1)
    arc = np.repeat(np.arange(len(vertices)), parts)
    number = np.arange(len(arc)) - np.repeat(np.cumsum(parts) - parts, parts)
    step = (turn / parts)[arc]
    angles = first[arc] + np.stack([number, number + 1]) * step
    ends = vertices[arc] + margin * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    polygons = planar_hulls(ends.reshape(-1, 2)[_by_cell(owner[arc])], np.sort(np.tile(owner[arc], 2)))
    caps = with_apex(ends[0], ends[1], vertices[arc])
    open_ = ~held(shapely.polygons(caps), polygons) & (step > 0.0)
    return polygons, caps[open_], vertices[arc][open_]


def _by_cell(owner: NDArray[np.intp]) -> NDArray[np.intp]:
    """An order of both ends of all arcs in which those of one cell follow each other."""
    return np.argsort(np.tile(owner, 2), kind="stable")


def _corners(hulls: Any) -> tuple[Floats, NDArray[np.intp], Floats, Floats]:
    """Vertices of points, segments and polygons; their cells; the angles where their arcs start, and turn left by."""
    import shapely

    rings = shapely.get_exterior_ring(shapely.orient_polygons(hulls))
    solid = shapely.get_type_id(hulls) == 3
    flat, owner = shapely.get_coordinates(np.where(solid, rings, hulls), return_index=True)
    # A ring repeats its first point; a segment is a ring of two edges; a point is a full circle.
    last = np.r_[owner[1:] != owner[:-1], True]
    keep = ~(last & solid[owner])
    flat, owner = flat[keep], owner[keep]
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    counts = np.diff(np.r_[starts, len(flat)])
    base, size = np.repeat(starts, counts), np.repeat(counts, counts)
    place = np.arange(len(flat)) - base
    after, before = base + (place + 1) % size, base + (place - 1) % size
    out, into = flat[after] - flat, flat - flat[before]
    leave, come = (np.arctan2(-edge[:, 0], edge[:, 1]) for edge in (out, into))
    turn = np.where(size == 1, 2.0 * np.pi, np.where(size == 2, np.pi, (leave - come) % (2.0 * np.pi)))
    return flat, owner, come, turn


def with_apex(start: Floats, end: Floats, centres: Floats) -> Floats:
    """Triangles around caps: the ends of the arcs and where their tangents meet.

    Shapes: `start, end, centres` (n, 2), result (n, 3, 2).
    """
    towards = (start - centres) + (end - centres)
    share = 2.0 * (norms(start - centres) / norms(towards)) ** 2
    apex = centres + share[:, None] * towards
    return np.stack([start, end, apex], axis=1)


def arc_middles(caps: Floats, centres: Floats) -> Floats:
    """The middle of the arc of each cap. Shapes: `caps` (n, 3, 2), `centres` (n, 2), result (n, 2)."""
    towards = (caps[:, 0] - centres) + (caps[:, 1] - centres)
    share = norms(caps[:, 0] - centres) / norms(towards)
    return np.asarray(centres + share[:, None] * towards)
