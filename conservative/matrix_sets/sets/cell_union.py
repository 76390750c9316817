"""Finite unions of convex cells: the sets that are not convex, in any dimension."""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_distance, as_real_array
from conservative._core.errors import ArgumentError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.result_lines import count, result_line, shape
from conservative._core.rows import first_rows
from conservative.matrix_sets.nearest.batch_projection import pair_distances
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.sets.base import MatrixSet, Projection, check_errors, keep, largest_products, moved_back
from conservative.matrix_sets.sets.finite import FiniteSet
from conservative.matrix_sets.sets.planar import planar_cells

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_FAR = 300
"""Exponents of two beyond which sets are moved to size one."""

_PAIRS = 400_000
"""Pairs of a point and a cell that are measured together."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class CellUnion(MatrixSet):
    """The union of the hulls of n cells of k matrices each, all fattened by a Euclidean ball.

    Parameters
    ----------
    cells : array_like, shape (n, k, p, q)
        Vertices; repeat some where a cell has fewer. With k = 1 the cells are balls.
    margin : float
        Radius of the ball that is added to every cell.
    exactness : Exactness
        Relation to the set this one stands for.
    e_missing, e_extra : float
        Proved one-sided Frobenius distances to that set: from it to this union, and from this union to it.

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Notes
    -----
    A KD-tree of the cells' middles with their circumradii leaves few cells that can be nearest to a point.

    Examples
    --------
    >>> two = CellUnion([[[[0.0]], [[1.0]]], [[[3.0]], [[4.0]]]])
    >>> two.contains([[[0.5]], [[2.0]], [[3.5]]]).tolist()
    [True, False, True]
    """

    cells: NDArray[np.float64]
    margin: float = 0.0
    exactness: Exactness = Exactness.EXACT
    e_missing: float = 0.0
    e_extra: float = 0.0
    _centres: FiniteSet = field(init=False, repr=False)
    _reach: Floats = field(init=False, repr=False)

    def __init__(
        self,
        cells: ArrayLike,
        margin: float = 0.0,
        exactness: Exactness = Exactness.EXACT,
        e_missing: float = 0.0,
        e_extra: float = 0.0,
    ) -> None:
        wanted = "shape (n, k, p, q), the vertices of each cell"
        cells = as_real_array(cells, call="CellUnion", argument="cells", wanted=wanted)
        if cells.ndim >= 1 and cells.shape[0] == 0:
            raise EmptySetError("`CellUnion(cells=...)` needs at least one cell; got none.")
        if cells.ndim != 4 or 0 in cells.shape:
            raise ShapeError(f"`CellUnion(cells=...)` needs {wanted}; got {cells.shape}. For one cell pass `[cell]`.")
        if not np.isfinite(as_distance(margin, call="CellUnion", argument="margin")):
            raise ArgumentError(f"`CellUnion(margin=...)` needs a finite radius of at least 0; got {margin}.")
        # A mean lies in its cell, up to rounding, so that its distance bounds the cell's. Shares add up to a double.
        with np.errstate(over="ignore", under="ignore"):
            centres = np.clip((cells / cells.shape[1]).sum(axis=1), cells.min(axis=1), cells.max(axis=1))
            arms = (cells - centres[:, None]).reshape(len(cells), cells.shape[1], -1)
        keep(self, cells=cells, margin=float(margin), exactness=exactness, e_missing=e_missing, e_extra=e_extra)
        keep(self, _centres=FiniteSet(centres), _reach=norms(arms).max(axis=1) * (1.0 + 1e-12))
        check_errors(self)

    @property
    def shape(self) -> tuple[int, int]:
        """(p, q), the shape of one matrix."""
        return int(self.cells.shape[2]), int(self.cells.shape[3])

    @property
    def convex(self) -> bool:
        """Whether there is one cell only."""
        return len(self.cells) == 1

    @property
    def extreme(self) -> Floats:
        """The cells' vertices; with a margin, matrices whose hull holds the set within √(p·q) margins."""
        p, q = self.shape
        corners = self.cells.reshape(-1, p * q)
        corners = corners[first_rows(corners)]
        if self.margin > 0.0:
            reach = self.margin * (p * q) ** 0.5 * (1.0 + 1e-12)
            steps = np.concatenate([np.eye(p * q), -np.eye(p * q)]) * reach
            corners = (corners[:, None] + steps).reshape(-1, p * q)
        return np.asarray(corners.reshape(-1, p, q))

    @property
    def core(self) -> "CellUnion":
        """The union without its margin, as an exact set."""
        return CellUnion(self.cells)

    def support(self, direction: ArrayLike) -> Floats:
        """Support function h(U) = max ⟨U, X⟩ over the set, in floating point.

        Parameters
        ----------
        direction : array_like, shape (..., p, q)

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        flat, batch = self._flatten(direction, call="support", argument="direction")
        corners = self.cells.reshape(-1, flat.shape[1])
        with np.errstate(over="ignore"):
            return np.asarray((largest_products(flat, corners) + self.margin * norms(flat)).reshape(batch))

    def project(self, points: ArrayLike, *, stop_below: float = 0.0) -> Projection:
        """Nearest matrices of the union, with proved distances.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        stop_below : float
            Not needed here.

        Returns
        -------
        Projection

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError

        Notes
        -----
        A cell whose middle is farther than the nearest middle plus its circumradius cannot be nearest; the others are
        measured, each with a primal and a dual value.
        """
        flat, batch = self._flatten(points, call="project", argument="points")
        p, q = self.shape
        exponent = self._far_exponent(flat)
        if exponent:
            with np.errstate(under="ignore"):
                near = CellUnion(np.ldexp(self.cells, -exponent), float(np.ldexp(self.margin, -exponent)))
                found = near.project(np.ldexp(flat, -exponent).reshape(*batch, p, q))
            return moved_back(found, exponent)
        nearest, lower, upper = np.empty_like(flat), np.zeros(len(flat)), np.zeros(len(flat))
        first = self._centres.project(flat.reshape(-1, p, q))
        if self._reach.max() == 0.0:
            nearest, lower, upper = first.nearest.reshape(-1, p * q), first.lower, first.upper
        else:
            step = max(256, _PAIRS // len(self.cells))
            for i in range(0, len(flat), step):
                rows = slice(i, i + step)
                nearest[rows], lower[rows], upper[rows] = self._measure(flat[rows], first.upper[rows])
        nearest, lower, upper = self._fattened(flat, nearest, lower, upper)
        return Projection(nearest.reshape(*batch, p, q), lower.reshape(batch), upper.reshape(batch))

    def _far_exponent(self, flat: Floats) -> int:
        """The exponent of sizes whose squares leave the doubles; otherwise 0."""
        size = max(float(np.abs(self.cells).max()), float(np.abs(flat).max(initial=0.0)), self.margin)
        exponent = int(np.frexp(size)[1])
        return exponent if abs(exponent) > _FAR else 0

    def nearest_middles(self, points: ArrayLike) -> Indices:
        """Numbers of the cells whose middles are nearest to matrices, up to rounding.

        Parameters
        ----------
        points : array_like, shape (n, p, q)

        Returns
        -------
        ndarray of int, shape (n,)
        """
        flat, _ = self._flatten(points, call="nearest_middles", argument="points")
        return self._centres.nearest(flat)

    def _measure(self, flat: Floats, reached: Floats) -> tuple[Floats, Floats, Floats]:
        """Distances to the union without its margin."""
        stored = self._centres.points.reshape(len(self.cells), -1)
        row, cell = self._candidates(flat, reached)
        apart = norms(stored[cell] - flat[row])
        slack = 1e-12 * (reached[row] + self._reach[cell])
        close = apart * (1.0 - 1e-12) <= reached[row] + self._reach[cell] + slack
        row, cell = row[close], cell[close]
        corners = self.cells.reshape(*self.cells.shape[:2], -1)[cell]
        near, low, high = pair_distances(flat[row], corners)
        starts = np.searchsorted(row, np.arange(len(flat)))
        order = np.lexsort((high, row))
        return near[order[starts]], np.minimum.reduceat(low, starts), high[order[starts]]

    def _candidates(self, flat: Floats, reached: Floats) -> tuple[Indices, Indices]:
        """Pairs of a point and a cell that may be nearest to it, sorted by points."""
        centre, exponent = self._centres._centre, self._centres._exponent
        n, tree = len(flat), self._centres._tree
        with np.errstate(under="ignore", over="ignore"):
            unit = np.ldexp(flat - centre, -exponent)
            radius = np.ldexp(reached + self._reach.max(), -exponent) * (1.0 + 1e-9) + 1e-12
        if exponent < -1000 or not (np.isfinite(radius).all() and np.isfinite(unit).all()):
            return np.divmod(np.arange(n * len(self.cells)), len(self.cells))
        found = tree.query_ball_point(unit, radius)
        row = np.repeat(np.arange(n), [len(x) for x in found])
        return row, np.concatenate([np.asarray(x, dtype=np.intp) for x in found])

    def _fattened(self, flat: Floats, nearest: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats]:
        if self.margin == 0.0:
            return nearest, lower, upper
        share = np.minimum(1.0, self.margin / np.where(upper > 0.0, upper, 1.0))[:, None]
        within = upper <= self.margin
        moved = np.where(within[:, None], flat, nearest + share * (flat - nearest))
        up = 1.0 + 4.0 * UNIT_ROUNDOFF
        low = np.maximum(lower - self.margin * up, 0.0) * (1.0 - 4.0 * UNIT_ROUNDOFF)
        high = np.where(within, 0.0, np.maximum(upper - self.margin, 0.0) + 4.0 * UNIT_ROUNDOFF * upper)
        return moved, np.minimum(low, high), high

    def to_shapely(self) -> Any:
        """The union as a shapely geometry; rows and columns become x and y.

        Returns
        -------
        shapely geometry
            Balls become polygons around them.

        Raises
        ------
        ShapeError
            If p·q is not 2.
        """
        return planar_cells(self.cells, margin=self.margin)

    def __repr__(self) -> str:
        fat = [f"margin={self.margin:.3g}"] if self.margin else []
        return result_line(self, count(len(self.cells), "cell"), shape(self.shape), *fat, self.exactness.name)
