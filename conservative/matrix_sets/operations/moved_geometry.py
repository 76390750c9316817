"""Affine images of planar geometries, of maps of any rank: polygons may become segments, and these points."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.matrix_sets.sets.intervals import merged
from conservative.matrix_sets.sets.triangles import planar_hulls, simple_parts, triangulated

Floats = NDArray[np.float64]

FLAT = 1e-12
"""Width of an image, as a share of the size, below which it is a segment."""


def moved(geometry: Any, L: Floats, b: Floats) -> Any:
    """The image under x ↦ L x + b.

    A connected part that becomes flat is a segment: the image of the part is connected, so that it meets every line
    across. If images of rings are valid, their vertices' rounding moves the boundary by as much, and what the boundary
    winds around as well.

    Shapes: `L` (2, 2), `b` (2,).
    """
    import shapely

    parts = simple_parts(geometry)
    flat, index = shapely.get_coordinates(parts, return_index=True)
    left, sigma, right = np.linalg.svd(L)
    reach = float(np.abs(flat).max())
    # Whatever the decomposition is worth, this is how far a map of rank one is from L.
    off = float(np.abs(L - sigma[0] * np.outer(left[:, 0], right[0])).max()) + 4.0 * UNIT_ROUNDOFF * np.abs(L).max()
    if 2.0 * off * reach <= FLAT * (float(np.abs(L).max()) * reach + float(np.abs(b).max())):
        along = sigma[0] * (flat @ right[0])
        starts = np.flatnonzero(np.r_[True, index[1:] != index[:-1]])
        ends = merged(np.stack([np.minimum.reduceat(along, starts), np.maximum.reduceat(along, starts)], axis=1))
        lines = (ends[:, :, None] * left[:, 0] + b).reshape(-1, 2)
        return planar_hulls(lines, np.repeat(np.arange(len(ends)), 2))
    images = shapely.transform(parts, lambda x: x @ L.T + b)
    broken = ~shapely.is_valid(images)
    if not broken.any():
        return images
    corners = triangulated(parts[broken]).triangles @ L.T + b
    hulls = planar_hulls(corners.reshape(-1, 2), np.repeat(np.arange(len(corners)), 3))
    return np.concatenate([images[~broken], hulls])
