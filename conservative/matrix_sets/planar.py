"""Sets of 1 × 2 or 2 × 1 matrices as shapely geometries; shapely is imported when it is asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ShapeError
from conservative.matrix_sets._overlay import united

_EXTREME = 300


def planar_points(points: NDArray[np.float64]) -> Any:
    """A shapely point or multipoint.

    Parameters
    ----------
    points : ndarray, shape (k, p, q) with p·q = 2

    Returns
    -------
    shapely.Point or shapely.MultiPoint

    Raises
    ------
    ShapeError
        If p·q is not 2.
    """
    import shapely

    flat = _plane(points)
    return shapely.Point(flat[0]) if len(flat) == 1 else shapely.MultiPoint(flat)


def planar_hull(vertices: NDArray[np.float64]) -> Any:
    """The convex hull as a shapely point, segment or polygon.

    Parameters
    ----------
    vertices : ndarray, shape (k, p, q) with p·q = 2

    Returns
    -------
    shapely.Point, shapely.LineString or shapely.Polygon

    Raises
    ------
    ShapeError
        If p·q is not 2.
    """
    import shapely

    flat = _plane(vertices)
    # Products of coordinates decide on which side points are: near one they neither overflow nor vanish.
    exponent = int(np.frexp(np.abs(flat).max())[1])
    if abs(exponent) <= _EXTREME:
        return shapely.MultiPoint(flat).convex_hull
    scaled = shapely.MultiPoint(np.ldexp(flat, -exponent)).convex_hull
    return shapely.transform(scaled, lambda x: np.ldexp(x, exponent))


def planar_cells(cells: NDArray[np.float64], *, margin: float) -> Any:
    """The union of convex cells, each fattened by polygons around balls.

    Parameters
    ----------
    cells : ndarray, shape (n, k, p, q) with p·q = 2
    margin : float

    Returns
    -------
    shapely geometry

    Raises
    ------
    ShapeError
        If p·q is not 2.
    """
    import shapely

    n, k = cells.shape[:2]
    flat = _plane(cells.reshape(-1, *cells.shape[2:]))
    parts = shapely.convex_hull(shapely.multipoints(flat, indices=np.repeat(np.arange(n), k)))
    if margin > 0.0:
        # A polygon of 32 sides inscribed in the enlarged circle holds the ball.
        parts = shapely.buffer(parts, margin / np.cos(np.pi / 32.0) * (1.0 + 1e-9), quad_segs=8)
    return united(parts)


def _plane(points: NDArray[np.float64]) -> NDArray[np.float64]:
    p, q = points.shape[1:]
    if p * q != 2:
        raise ShapeError(
            f"`to_shapely()` needs a set of 1 × 2 or 2 × 1 matrices; got {p} × {q}. "
            "Project the set to two directions first, for example with `affine_image`."
        )
    return points.reshape(-1, 2)
