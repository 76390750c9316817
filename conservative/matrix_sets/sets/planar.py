"""Sets of 1 × 2 or 2 × 1 matrices as shapely geometries; shapely is imported when it is asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ShapeError
from conservative.matrix_sets.sets.robust_overlay import moved_by, united
from conservative.matrix_sets.sets.triangles import planar_hulls

_EXTREME = 300

_SIDES = 32


def planar_points(points: NDArray[np.float64]) -> Any:
    """A shapely point or multipoint. Shapes: `points` (k, p, q). Raises ShapeError if p·q is not 2."""
    import shapely

    flat = _plane(points)
    return shapely.Point(flat[0]) if len(flat) == 1 else shapely.MultiPoint(flat)


def planar_hull(vertices: NDArray[np.float64]) -> Any:
    """The convex hull as a shapely point, segment or polygon.

    Shapes: `vertices` (k, p, q). Raises ShapeError if p·q is not 2.
    """
    flat = _plane(vertices)
    return _hulls(flat, np.zeros(len(flat), dtype=np.intp))[0]


def _hulls(flat: NDArray[np.float64], index: NDArray[np.intp]) -> Any:
    # Products of coordinates decide on which side points are: near one they neither overflow nor vanish.
    exponent = int(np.frexp(np.abs(flat).max())[1])
    if abs(exponent) <= _EXTREME:
        return planar_hulls(flat, index)
    with np.errstate(under="ignore"):
        return moved_by(planar_hulls(np.ldexp(flat, -exponent), index), exponent)


def planar_cells(cells: NDArray[np.float64], *, margin: float) -> Any:
    """The union of convex cells, each fattened by polygons around balls.

    Shapes: `cells` (n, k, p, q). Returns: A collection of parts that overlap, where shapely finds no union that is
    proved to be right. Raises ShapeError if p·q is not 2.
    """
    return united(planar_parts(cells, margin=margin))


def planar_parts(cells: NDArray[np.float64], *, margin: float = 0.0) -> Any:
    """The convex cells, each fattened by polygons around balls; not united.

    Shapes: `cells` (n, k, p, q), result (n,). Raises ShapeError if p·q is not 2.
    """
    n, k = cells.shape[:2]
    flat, index = _plane(cells.reshape(-1, *cells.shape[2:])), np.repeat(np.arange(n), k)
    if margin > 0.0:
        # A polygon of 32 sides around the ball; the hull of sums is the sum of the hulls.
        angles = np.arange(_SIDES) * (2.0 * np.pi / _SIDES)
        around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (margin / np.cos(np.pi / _SIDES) * (1.0 + 1e-9))
        flat, index = (flat[:, None] + around).reshape(-1, 2), np.repeat(index, _SIDES)
    return _hulls(flat, index)


def planar_collection(cells: NDArray[np.float64]) -> Any:
    """The hulls of cells as one geometry, without uniting them. Shapes: `cells` (n, k, p, q)."""
    import shapely

    return shapely.GeometryCollection(list(planar_parts(cells)))


def _plane(points: NDArray[np.float64]) -> NDArray[np.float64]:
    p, q = points.shape[1:]
    if p * q != 2:
        raise ShapeError(
            f"`to_shapely()` needs a set of 1 × 2 or 2 × 1 matrices; got {p} × {q}. "
            "Project the set to two directions first, for example with `affine_image`."
        )
    return points.reshape(-1, 2)
