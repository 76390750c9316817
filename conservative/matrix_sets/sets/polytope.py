"""The convex hull of finitely many matrices."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_matrices
from conservative._core.exactness import Exactness
from conservative._core.result_lines import count, result_line, shape
from conservative.matrix_sets.nearest.proved_projection import hull_distances
from conservative.matrix_sets.sets.base import MatrixSet, Projection, check_errors, keep
from conservative.matrix_sets.sets.planar import planar_hull


@final
@dataclass(frozen=True, slots=True, eq=False)
class MatrixPolytope(MatrixSet):
    """The convex hull of matrices V_1..V_k.

    Repeated, collinear and interior points among the vertices are allowed.

    Parameters
    ----------
    vertices : array_like, shape (k, p, q)
        Kept as a read-only float64 array.
    exactness : Exactness
        Relation to the set this polytope stands for.
    e_missing, e_extra : float
        Proved one-sided Frobenius distances to that set: from it to the polytope, and from the polytope to it.

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Examples
    --------
    >>> square = MatrixPolytope([[[0, 0]], [[1, 0]], [[1, 1]], [[0, 1]]])
    >>> square.shape, float(square.support([[1, 1]]))
    ((1, 2), 2.0)
    >>> square.contains([[[0.5, 0.5]], [[2, 0]]]).tolist()
    [True, False]
    """

    vertices: NDArray[np.float64]
    exactness: Exactness = Exactness.EXACT
    e_missing: float = 0.0
    e_extra: float = 0.0

    def __init__(
        self,
        vertices: ArrayLike,
        exactness: Exactness = Exactness.EXACT,
        e_missing: float = 0.0,
        e_extra: float = 0.0,
    ) -> None:
        read = as_matrices(vertices, call="MatrixPolytope", argument="vertices")
        keep(self, vertices=read, exactness=exactness, e_missing=e_missing, e_extra=e_extra)
        check_errors(self)

    @property
    def shape(self) -> tuple[int, int]:
        """(p, q), the shape of one matrix."""
        return int(self.vertices.shape[1]), int(self.vertices.shape[2])

    @property
    def convex(self) -> bool:
        """True."""
        return True

    @property
    def extreme(self) -> NDArray[np.float64]:
        """The vertices, shape (k, p, q)."""
        return self.vertices

    def project(self, points: ArrayLike, *, stop_below: float = 0.0) -> Projection:
        """Nearest matrices of the hull by Wolfe's algorithm, with proved distances.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        stop_below : float
            Points known to be at most this far may keep a wide (valid) bracket.

        Returns
        -------
        Projection

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError

        Notes
        -----
        The upper end is the distance to a convex combination of vertices, the lower end min_i ⟨W, V_i − X⟩/‖W‖ for a
        direction W; both have their rounding errors added outward, so they hold however the search went.
        """
        flat, batch = self._flatten(points, call="project", argument="points")
        p, q = self.shape
        if flat.shape[0] == 0:
            return Projection(np.zeros((*batch, p, q)), np.zeros(batch), np.zeros(batch))
        corners = self.vertices.reshape(-1, p * q)
        found = hull_distances(flat, corners, stop_below=stop_below)
        share = found.weights / found.weights.sum(axis=1, keepdims=True)
        nearest = np.einsum("nm,nmd->nd", share, corners.take(found.corral, axis=0))
        return Projection(nearest.reshape(*batch, p, q), found.lower.reshape(batch), found.upper.reshape(batch))

    def to_shapely(self) -> Any:
        """The hull as a shapely point, segment or polygon; rows and columns become x and y.

        Returns
        -------
        shapely.Point, shapely.LineString or shapely.Polygon

        Raises
        ------
        ShapeError
            If p·q is not 2.
        """
        return planar_hull(self.vertices)

    def __repr__(self) -> str:
        return result_line(self, count(len(self.vertices), "vertex"), shape(self.shape), self.exactness.name)
