"""Unions and differences of polygons: what shapely returns is used only where it is proved right up to a margin.

GEOS, the library under shapely, can drop slivers without a word, or give up. What it returns is cut into triangles, and
`covered` proves that it holds all parts and is held by them. A union that fails is tried again for coordinates snapped
to a fine grid, then for all but the thin parts. What then fails is kept as a collection of parts that may overlap.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from conservative.matrix_sets.sets.proved_cover import covered
from conservative.matrix_sets.sets.triangles import simple_parts, triangulated

_SNAP = 1e-12
"""Grid of snapped coordinates as a share of the size."""

_MARGIN = 2e-12
"""Half the side of the squares by which sets may differ, as a share of the size; distances may be √2 times as large."""

_GROUP = 64
"""Parts that are united at a time; of more, groups of neighbours are united first."""

_THIN = 1e-9
"""Area of thin parts, as a share of the square of their perimeter."""

_EXTREME = 300
"""Exponents of two beyond which products of coordinates may leave the doubles."""


def united(parts: Any, *, complete: bool = True) -> Any:
    """The union of polygons, lines and points.

    `complete`: whether the union must have all of them, or be in their union only, which is proved in less time.
    Returns: proved to be within 3e-12 of the size of the union, in the Hausdorff distance, twice that of more than 64
    parts, three times of more than 4,096; where shapely finds no such union, a collection of parts that may overlap.
    """
    import shapely

    parts = simple_parts(parts)
    exponent = far_exponent(parts)
    if exponent:
        return moved_by(united(moved_by(parts, -exponent), complete=complete), exponent)
    if len(parts) == 1:
        return parts[0]
    if len(parts) > _GROUP:
        near = np.argsort(_places(parts), kind="stable")
        groups = [united(parts[near[i : i + _GROUP]], complete=complete) for i in range(0, len(parts), _GROUP)]
        parts = simple_parts(groups)
    union = _proved(parts, complete)
    if union is not None:
        return union
    thin = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) <= _THIN * shapely.length(parts) ** 2)
    solid = _proved(parts[~thin], complete) if thin.any() and not thin.all() else None
    return shapely.GeometryCollection([*parts[thin], *simple_parts(parts[~thin] if solid is None else solid)])


def _places(parts: Any) -> Any:
    """Numbers that are near for neighbours: columns of about as many parts, upwards and downwards in turn."""
    import shapely

    low_x, low_y, high_x, high_y = shapely.bounds(parts).T
    x, y = np.argsort(np.argsort(low_x + high_x)), np.argsort(np.argsort(low_y + high_y))
    side = int(np.ceil(len(parts) ** 0.5))
    column = x // side
    return column * len(parts) + np.where(column % 2 == 0, y, len(parts) - 1 - y)


def _proved(parts: Any, complete: bool) -> Any:
    """A union that passes the proof, or `None`."""
    margin, own = _MARGIN * _size(parts), triangulated(parts)
    for union in unions(parts):
        found = triangulated(union)
        if covered(found, own, margin=margin) and (not complete or covered(own, found, margin=margin)):
            return union
    return None


def unions(parts: Any) -> Iterator[Any]:
    """What may be the union; nothing is proved."""
    import shapely

    return _attempts(shapely.union_all, simple_parts(parts), grid=_SNAP * _size(parts))


def unproved_union(parts: Any) -> Any:
    """The first of `unions`, for callers that prove what they need of it, or need no more.

    Raises shapely.errors.GEOSException if there is none.
    """
    import shapely

    for union in unions(parts):
        return union
    raise shapely.errors.GEOSException("no valid union is found")


def differences(first: Any, second: Any) -> Iterator[Any]:
    """What may be the points of the first set that are not in the second; nothing is proved."""
    import shapely

    return _attempts(shapely.difference, first, second, grid=_SNAP * max(_size(first), _size(second)))


def _attempts(operation: Callable[..., Any], *sets: Any, grid: float) -> Iterator[Any]:
    import shapely

    for options in ({}, {"grid_size": grid}):
        try:
            found = operation(*sets, **options)
        except shapely.errors.GEOSException:
            continue
        if shapely.is_valid(found):
            yield found


def _size(parts: Any) -> float:
    import shapely

    return float(np.abs(shapely.get_coordinates(parts)).max(initial=0.0))


def far_exponent(parts: Any, *, most: float = 0.0) -> int:
    """The exponent of the size of geometries where it is so large, or so small, that they should be scaled; else 0."""
    size = max(_size(parts), most)
    exponent = int(np.frexp(size)[1]) if np.isfinite(size) else 0
    return exponent if abs(exponent) > _EXTREME else 0


def moved_by(parts: Any, exponent: int) -> Any:
    """Geometries times a power of two."""
    import shapely

    with np.errstate(under="ignore"):
        return shapely.transform(parts, lambda x: np.ldexp(x, exponent))
