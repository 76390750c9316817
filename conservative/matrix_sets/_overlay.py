"""Unions and differences of polygons that do not fail: where floating point gives up, coordinates are snapped."""

from typing import Any

import numpy as np

_SNAP = 1e-12
"""Grid of snapped coordinates as a share of the size, within the error granted to every overlay."""


def united(parts: Any) -> Any:
    """The union of polygons, lines and points.

    Parameters
    ----------
    parts : sequence or ndarray of shapely geometries

    Returns
    -------
    shapely geometry
        Within 4e-12 of the size of the union, where shapely can only find it for snapped coordinates.

    Raises
    ------
    shapely.errors.GEOSException
        If snapping loses more: it makes parts vanish that are thinner than the grid.
    """
    import shapely

    try:
        return shapely.union_all(parts)
    except shapely.errors.GEOSException as error:
        grid = _grid(parts)
        union = shapely.union_all(shapely.make_valid(np.asarray(parts)), grid_size=grid)
        if not shapely.covers(shapely.buffer(union, 4.0 * grid), parts).all():
            raise error
        return union


def difference(first: Any, second: Any) -> Any:
    """The points of the first set that are not in the second.

    Parameters
    ----------
    first, second : shapely geometry

    Returns
    -------
    shapely geometry
        As `united`.

    Raises
    ------
    shapely.errors.GEOSException
        As `united`.
    """
    import shapely

    try:
        return shapely.difference(first, second)
    except shapely.errors.GEOSException as error:
        grid = _grid([first, second])
        rest = shapely.difference(shapely.make_valid(first), shapely.make_valid(second), grid_size=grid)
        if not shapely.covers(shapely.buffer(shapely.GeometryCollection([rest, second]), 4.0 * grid), first):
            raise error
        return rest


def _grid(parts: Any) -> float:
    import shapely

    return _SNAP * float(np.nanmax(np.abs(shapely.bounds(np.asarray(parts)))))
