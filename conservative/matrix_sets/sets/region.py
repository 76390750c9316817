"""Compact sets of the plane, convex or not: matrices of shape 1 × 2 or 2 × 1 as a shapely geometry."""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.result_lines import result_line, shape
from conservative._core.rows import first_rows
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.sets.base import MatrixSet, Projection, check_errors, moved_back
from conservative.matrix_sets.sets.planar import planar_hull
from conservative.matrix_sets.sets.robust_overlay import far_exponent, moved_by
from conservative.matrix_sets.sets.triangles import boundary_segments, simple_parts

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True, eq=False)
class PlanarRegion(MatrixSet):
    """A set of 1 × 2 or 2 × 1 matrices given by polygons, segments and points, which may overlap in a collection.

    Parameters
    ----------
    geometry : shapely geometry
        Nonempty; coordinates x and y are the two entries.
    matrix_shape : (2, 1) or (1, 2)
    exactness : Exactness
        Relation to the set this one stands for.
    e_missing, e_extra : float
        Proved one-sided Frobenius distances to that set: from it to this region, and from this region to it.

    Attributes
    ----------
    segments : ndarray, shape (n, 2, 2)
        The boundary's segments.

    Raises
    ------
    ArgumentTypeError, EmptySetError, ShapeError, ArgumentError

    Notes
    -----
    shapely decides which points are inside (exactly, for the stored doubles), and its tree finds the nearest boundary
    segment; distances are computed here, with their rounding added outward. shapely's own Hausdorff distance, which
    compares boundary vertices only, is never used.

    Examples
    --------
    >>> import shapely
    >>> ring = PlanarRegion(shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 3, 3)))
    >>> ring.contains([[[2.0], [0.5]], [[2.0], [2.0]]]).tolist(), float(ring.project([[2.0], [2.0]]).upper) >= 1.0
    ([True, False], True)
    """

    geometry: Any
    matrix_shape: tuple[int, int] = (2, 1)
    exactness: Exactness = Exactness.EXACT
    e_missing: float = 0.0
    e_extra: float = 0.0
    segments: Floats = field(init=False, repr=False)
    _tree: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        import shapely

        if not isinstance(self.geometry, shapely.Geometry):
            raise ArgumentTypeError(
                f"`PlanarRegion(geometry=...)` needs a shapely geometry; got {type(self.geometry).__name__}. "
                "For vertices of a hull take `MatrixPolytope`."
            )
        if self.geometry.is_empty:
            raise EmptySetError("`PlanarRegion(geometry=...)` needs at least one point; got an empty geometry.")
        if tuple(self.matrix_shape) not in ((2, 1), (1, 2)):
            raise ShapeError(f"`PlanarRegion(matrix_shape=...)` needs (2, 1) or (1, 2); got {self.matrix_shape}.")
        # Products of coordinates decide what is valid: near one they neither overflow nor vanish.
        exponent = far_exponent(self.geometry)
        near = moved_by(self.geometry, -exponent) if exponent else self.geometry
        if not (np.isfinite(shapely.get_coordinates(self.geometry)).all() and shapely.is_valid(near)):
            raise ArgumentError(
                "`PlanarRegion(geometry=...)` needs a valid geometry of finite coordinates; got "
                f"{shapely.is_valid_reason(near)}. Repair it with `shapely.make_valid`."
            )
        segments = boundary_segments(self.geometry)
        object.__setattr__(self, "matrix_shape", tuple(self.matrix_shape))
        object.__setattr__(self, "segments", segments)
        object.__setattr__(self, "_tree", shapely.STRtree(shapely.linestrings(segments)))
        shapely.prepare(self.geometry)
        check_errors(self)

    @property
    def shape(self) -> tuple[int, int]:
        """(2, 1) or (1, 2), the shape of one matrix."""
        return self.matrix_shape

    @property
    def convex(self) -> bool:
        """Whether the region is a point; other convex regions are better kept as a `MatrixPolytope`."""
        return len(self.segments) == 1 and bool((self.segments[0, 0] == self.segments[0, 1]).all())

    @property
    def extreme(self) -> Floats:
        """Vertices of the convex hull, shape (k, p, q)."""
        import shapely

        corners = shapely.get_coordinates(planar_hull(shapely.get_coordinates(self.geometry)[:, :, None]))
        return np.asarray(corners[first_rows(corners)].reshape(-1, *self.matrix_shape))

    def project(self, points: ArrayLike, *, stop_below: float = 0.0) -> Projection:
        """Nearest matrices of the region, with proved distances.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        stop_below : float
            Not needed here: every distance is found to rounding.

        Returns
        -------
        Projection

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        flat, batch = self._flatten(points, call="project", argument="points")
        if len(flat) == 0:
            return Projection(np.zeros((*batch, *self.shape)), np.zeros(batch), np.zeros(batch))
        exponent = far_exponent(self.geometry, most=float(np.abs(flat).max()))
        if exponent:
            return self._from_afar(flat.reshape(*batch, *self.shape), exponent)
        inside = self._inside(flat)
        nearest, lower, upper = self._to_boundary(flat)
        nearest = np.where(inside[:, None], flat, nearest).reshape(*batch, *self.shape)
        lower, upper = np.where(inside, 0.0, lower), np.where(inside, 0.0, upper)
        return Projection(nearest, lower.reshape(batch), upper.reshape(batch))

    def depth(self, points: ArrayLike) -> Floats:
        """Lower bounds of the distance of each matrix to the complement; 0 outside.

        Parameters
        ----------
        points : array_like, shape (..., p, q)

        Returns
        -------
        ndarray, shape (...)
        """
        flat, batch = self._flatten(points, call="depth", argument="points")
        inside = self._inside(flat)
        return np.asarray(np.where(inside, self._to_boundary(flat)[1], 0.0).reshape(batch))

    def _from_afar(self, points: Floats, exponent: int) -> Projection:
        """The same for sizes whose squares are no doubles, from those of size one."""
        with np.errstate(over="ignore", under="ignore"):
            near = PlanarRegion(moved_by(self.geometry, -exponent), self.shape)
            found = near.project(np.ldexp(points, -exponent))
        return moved_back(found, exponent)

    def _inside(self, flat: Floats) -> NDArray[np.bool_]:
        """Whether points are in the region; only polygons have an index of their own."""
        import shapely

        if self.geometry.geom_type in ("Polygon", "MultiPolygon"):
            return np.asarray(shapely.intersects_xy(self.geometry, flat[:, 0], flat[:, 1]))
        found = shapely.STRtree(simple_parts(self.geometry)).query(shapely.points(flat), predicate="intersects")[0]
        return np.isin(np.arange(len(flat)), found)

    def nearest_segments(self, flat: Floats) -> NDArray[np.intp]:
        """Numbers of the boundary segments nearest to points.

        Parameters
        ----------
        flat : ndarray, shape (n, 2)

        Returns
        -------
        ndarray of int, shape (n,)
            Rows of `segments`.
        """
        import shapely

        found = self._tree.query_nearest(shapely.points(flat), all_matches=False)
        index = np.empty(len(flat), dtype=np.intp)
        index[found[0]] = found[1]
        return index

    def _to_boundary(self, flat: Floats) -> tuple[Floats, Floats, Floats]:
        """Nearest points of the boundary, with distances rounded down and up."""
        index = self.nearest_segments(flat)
        start, edge = self.segments[index, 0], self.segments[index, 1] - self.segments[index, 0]
        square = np.einsum("nd,nd->n", edge, edge)
        along = np.einsum("nd,nd->n", flat - start, edge)
        share = np.clip(np.divide(along, square, out=np.zeros_like(along), where=square > 0.0), 0.0, 1.0)
        nearest = start + share[:, None] * edge
        size = norms(nearest - flat)
        noise = 32.0 * UNIT_ROUNDOFF * (norms(flat) + norms(start) + norms(edge))
        noise = np.where((size > 0.0) | (share > 0.0), noise, 0.0)
        return nearest, np.maximum(size - noise, 0.0), size + noise

    def to_shapely(self) -> Any:
        """The geometry itself.

        Returns
        -------
        shapely geometry
        """
        return self.geometry

    def __repr__(self) -> str:
        with np.errstate(over="ignore"):
            area = f"area={self.geometry.area:.6g}"
        return result_line(self, self.geometry.geom_type, shape(self.shape), area, self.exactness.name)
