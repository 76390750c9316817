"""Finitely many matrices, as a set."""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from conservative._core.checks import as_matrices
from conservative._core.exactness import Exactness
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.result_lines import count, result_line, shape
from conservative.matrix_sets.nearest.proved_projection import frame, norms
from conservative.matrix_sets.sets.base import MatrixSet, Projection, check_errors, keep
from conservative.matrix_sets.sets.planar import planar_points

Floats = NDArray[np.float64]

_LOOSE = 2.0
"""Where near is enough, the tree may return a point up to 1 + 2 times as far as the nearest."""

_TREE_ROUNDINGS = 4096
"""Roundings granted to the tree: its squared distances add nonnegative terms, a few for each level."""

_REACH = 2.0**300
"""Queries farther than this many set sizes are moved to this distance; any point is then nearest, up to the
diameter."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class FiniteSet(MatrixSet):
    """The set {X_1, ..., X_n} of matrices.

    Parameters
    ----------
    points : array_like, shape (n, p, q)
        Kept as a read-only float64 array.
    exactness : Exactness
        Relation to the set this one stands for.
    e_missing, e_extra : float
        Proved one-sided Frobenius distances to that set: from it to these points, and from these points to it.

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Examples
    --------
    >>> ends = FiniteSet([[[0.0]], [[1.0]]])
    >>> float(ends.project([[0.25]]).upper) >= 0.25
    True
    >>> ends.contains([[[1.0]], [[0.5]]]).tolist()
    [True, False]
    """

    points: NDArray[np.float64]
    exactness: Exactness = Exactness.EXACT
    e_missing: float = 0.0
    e_extra: float = 0.0
    _centre: NDArray[np.float64] = field(init=False, repr=False)
    _exponent: int = field(init=False, repr=False)
    _tree: Any = field(init=False, repr=False)

    def __init__(
        self,
        points: ArrayLike,
        exactness: Exactness = Exactness.EXACT,
        e_missing: float = 0.0,
        e_extra: float = 0.0,
    ) -> None:
        read = as_matrices(points, call="FiniteSet", argument="points")
        flat = read.reshape(len(read), -1)
        centre, exponent = frame(flat)
        with np.errstate(under="ignore"):
            tree = cKDTree(np.ldexp(flat - centre, -exponent))
        keep(self, points=read, exactness=exactness, e_missing=e_missing, e_extra=e_extra)
        keep(self, _centre=centre, _exponent=exponent, _tree=tree)
        check_errors(self)

    @property
    def shape(self) -> tuple[int, int]:
        """(p, q), the shape of one matrix."""
        return int(self.points.shape[1]), int(self.points.shape[2])

    @property
    def convex(self) -> bool:
        """Whether there is one point only."""
        return len(self.points) == 1

    @property
    def extreme(self) -> NDArray[np.float64]:
        """All points, shape (n, p, q)."""
        return self.points

    @property
    def neighbours(self) -> NDArray[np.intp]:
        """The numbers of the points in an order in which near points stand together, shape (n,)."""
        return np.asarray(self._tree.indices, dtype=np.intp)

    def project(self, points: ArrayLike, *, stop_below: float = 0.0) -> Projection:
        """Nearest matrices of the set by a KD-tree, with proved distances.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        stop_below : float
            Points found to be no farther than this keep a wide (valid) bracket: any point of the set that is near
            enough will do for them.

        Returns
        -------
        Projection

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError

        Notes
        -----
        The upper end is the distance to the point found, rounded up, whether or not it is the nearest. The lower end
        takes off the rounding of the centred coordinates and of the tree's sums, which is all by which a nearer point
        can be missed.
        """
        flat, batch = self._flatten(points, call="project", argument="points")
        p, q = self.shape
        stored = self.points.reshape(len(self.points), -1)
        d = p * q
        with np.errstate(under="ignore", over="ignore", invalid="ignore"):
            query = np.clip(np.ldexp(flat - self._centre, -self._exponent), -_REACH, _REACH)
            index, size = self._found(flat, query, stop_below)
            far = (np.abs(query) >= _REACH).any(axis=1)
            exact = (d + 8) * UNIT_ROUNDOFF * size
            rounding = 8.0 * np.sqrt(d) * UNIT_ROUNDOFF * (np.sqrt(d) + norms(query)) + 1e-150
            missed = np.ldexp(np.where(far, 2.1 * np.sqrt(d), rounding), self._exponent)
            missed = missed + (d + _TREE_ROUNDINGS) * UNIT_ROUNDOFF * size
        lower = size - exact - (missed if len(stored) > 1 else 0.0)
        settled = (lower > 0.0) & np.isfinite(size) & (size >= stop_below)
        lower = np.where(settled, np.nextafter(lower, 0.0), 0.0)
        upper = np.where(size > 0.0, np.nextafter(size + exact, np.inf), 0.0)
        return Projection(stored[index].reshape(*batch, p, q), lower.reshape(batch), upper.reshape(batch))

    def nearest(self, flat: Floats) -> NDArray[np.intp]:
        """Numbers of the nearest points, up to rounding.

        Parameters
        ----------
        flat : ndarray, shape (n, p·q)

        Returns
        -------
        ndarray of int, shape (n,)
        """
        with np.errstate(under="ignore", over="ignore"):
            query = np.clip(np.ldexp(flat - self._centre, -self._exponent), -_REACH, _REACH)
        return np.asarray(self._tree.query(query)[1], dtype=np.intp)

    def _found(self, flat: Floats, query: Floats, stop_below: float) -> tuple[NDArray[np.intp], Floats]:
        """Numbers of the nearest points, or of near enough ones, and their distances in floating point."""
        stored = self.points.reshape(len(self.points), -1)
        loose = _LOOSE if stop_below > 0.0 else 0.0
        index = np.asarray(self._tree.query(query, eps=loose)[1], dtype=np.intp)
        size = norms(stored[index] - flat)
        again: NDArray[np.intp] = np.flatnonzero(~(size < stop_below) & (loose > 0.0))
        if len(again):
            index[again] = self._tree.query(query[again])[1]
            size[again] = norms(stored[index[again]] - flat[again])
        return index, size

    def to_shapely(self) -> Any:
        """The points as a shapely point or multipoint; rows and columns become x and y.

        Returns
        -------
        shapely.Point or shapely.MultiPoint

        Raises
        ------
        ShapeError
            If p·q is not 2.
        """
        return planar_points(self.points)

    def __repr__(self) -> str:
        return result_line(self, count(len(self.points), "point"), shape(self.shape), self.exactness.name)
