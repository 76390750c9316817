"""Cartesian products: matrices put together from independent parts."""

import math

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.numbers import round_up
from conservative._core.printable import shown
from conservative.matrix_sets.operations.as_cells import as_cells
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.finite import FiniteSet
from conservative.matrix_sets.sets.polytope import MatrixPolytope
from conservative.matrix_sets.sets.template import TemplateHull
from conservative.matrix_sets.zonotopes.generators import DenseGenerators, Generators, RankOneGenerators
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope

Floats = NDArray[np.float64]

_MOST_NUMBERS = 20_000_000
"""Numbers that a product may list: pairs of vertices times the size of a matrix."""


def product(X: MatrixSet, Y: MatrixSet, *, axis: int = 1) -> MatrixSet:
    """The set {[x y] : x ∈ X, y ∈ Y} of matrices with independent parts, side by side or one above the other.

    With `axis=1` and sets 𝒜, ℬ this is the set of all blocks [A B] whose parts vary independently.

    Parameters
    ----------
    X, Y : MatrixSet
        Of p × q and p × r matrices (`axis=1`), or of p × q and r × q matrices (`axis=0`); both exact or inner, or both
        exact or outer.
    axis : {1, 0}
        1 puts x left of y, 0 puts x above y.

    Returns
    -------
    MatrixSet
        Of p × (q + r), or (p + r) × q matrices: a `FiniteSet`, `MatrixZonotope` or `TemplateHull` from two of the kind,
        a `MatrixPolytope` from other convex sets, and a `CellUnion` of all pairs of cells from the rest. It is the
        product itself, up to the rounding of listed vertices, but for margins: two balls of radii r and s make no ball,
        so the balls become one of radius √(r² + s²) in an outer set, or min(r, s) in an inner one, and the difference
        is in the errors. Errors of X and Y add as √(e² + f²).

    Raises
    ------
    ShapeError
        If the shapes do not fit together.
    BudgetError
        If more than 20 million numbers would be listed.
    ArgumentTypeError, ArgumentError

    Examples
    --------
    Slopes a in [-1/2, 0] and b in [0, 1] that vary independently:

    >>> square = product(MatrixPolytope([[[-0.5]], [[0.0]]]), MatrixPolytope([[[0.0]], [[1.0]]]))
    >>> square
    MatrixPolytope(4 vertices, 1 × 2, EXACT)
    >>> square.to_shapely().area
    0.5
    """
    exactness = _checked(X, Y, axis)
    missing, extra = (_together(e, f) for e, f in ((X.e_missing, Y.e_missing), (X.e_extra, Y.e_extra)))
    if isinstance(X, MatrixZonotope) and isinstance(Y, MatrixZonotope):
        center = np.concatenate([X.center, Y.center], axis=axis)
        return MatrixZonotope(center, _generators(X, Y, axis), exactness, missing, extra)
    if isinstance(X, TemplateHull) and isinstance(Y, TemplateHull):
        directions = np.concatenate(_apart(X.directions, Y.directions, X.shape, Y.shape, axis))
        return TemplateHull(directions, np.concatenate([X.heights, Y.heights]), exactness, missing, extra)
    if isinstance(X, FiniteSet) and isinstance(Y, FiniteSet):
        return FiniteSet(_pairs(X.points[:, None], Y.points[:, None], axis)[:, 0], exactness, missing, extra)
    left, right = as_cells(X), as_cells(Y)
    cells = _pairs(left.cells, right.cells, axis)
    missing, extra = _together(left.e_missing, right.e_missing), _together(left.e_extra, right.e_extra)
    if X.convex and Y.convex and left.margin == right.margin == 0.0:
        return MatrixPolytope(cells[0], exactness, missing, extra)
    small, large = min(left.margin, right.margin), _together(left.margin, right.margin)
    off = round_up(large - small) if large > 0.0 else 0.0
    if exactness is Exactness.INNER:
        return CellUnion(cells, small, exactness, _plus(missing, off), extra)
    return CellUnion(cells, large, Exactness.OUTER if off else exactness, missing, _plus(extra, off))


def _checked(X: MatrixSet, Y: MatrixSet, axis: int) -> Exactness:
    """The exactness of the product, after a look at the arguments."""
    for name, value in (("X", X), ("Y", Y)):
        if not isinstance(value, MatrixSet):
            raise ArgumentTypeError(
                f"`product({name}=...)` needs a set of matrices; got {type(value).__name__}. "
                "Wrap an array of shape (k, p, q) in `MatrixPolytope` (its hull) or `FiniteSet` (its points)."
            )
    if not isinstance(axis, int) or axis not in (0, 1):
        raise ArgumentError(
            f"`product(axis=...)` needs 1 (side by side) or 0 (one above the other); got {shown(axis)}."
        )
    if X.shape[1 - axis] != Y.shape[1 - axis]:
        same = "rows" if axis == 1 else "columns"
        raise ShapeError(
            f"`product(X, Y, axis={axis})` needs matrices with as many {same}; got {X.shape} and {Y.shape}."
            + (f" They fit with axis={1 - axis}." if X.shape[axis] == Y.shape[axis] else "")
        )
    exactness = X.exactness.then(Y.exactness)
    if exactness is None:
        raise ArgumentTypeError("`product(X, Y)` needs sets that are not one inner and the other outer.")
    return exactness


def _together(e: float, f: float) -> float:
    """√(e² + f²), rounded up."""
    return round_up(math.hypot(e, f) * (1.0 + 4e-16)) if e > 0.0 and f > 0.0 else max(e, f)


def _plus(error: float, off: float) -> float:
    return round_up(error + off) if off > 0.0 else error


def _pairs(left: Floats, right: Floats, axis: int) -> Floats:
    """All pairs of cells, each with all pairs of vertices, shape (n n', k k', ., .)."""
    (n, k, p, q), (m, j, r, s) = left.shape, right.shape
    size = n * m * k * j * (p * q + r * s)
    if size > _MOST_NUMBERS:
        raise BudgetError(
            f"`product(X, Y)` would list {size:,} numbers; at most {_MOST_NUMBERS:,} are. Take zonotopes, whose "
            "products add their generators, or simpler sets."
        )
    shape = (n, m, k, j)
    first = np.broadcast_to(left[:, None, :, None], (*shape, p, q))
    second = np.broadcast_to(right[None, :, None, :], (*shape, r, s))
    return np.concatenate([first, second], axis=4 + axis).reshape(n * m, k * j, *_joined((p, q), (r, s), axis))


def _joined(first: tuple[int, int], second: tuple[int, int], axis: int) -> tuple[int, int]:
    return (first[0], first[1] + second[1]) if axis == 1 else (first[0] + second[0], first[1])


def _apart(
    first: Floats, second: Floats, left: tuple[int, int], right: tuple[int, int], axis: int
) -> tuple[Floats, Floats]:
    """Matrices of the first shape with zeros for the second part, and the other way round."""
    widths = [(0, 0), (0, 0), (0, 0)]
    after, before = list(widths), list(widths)
    after[1 + axis], before[1 + axis] = (0, right[axis]), (left[axis], 0)
    return np.pad(first, after), np.pad(second, before)


def _generators(X: MatrixZonotope, Y: MatrixZonotope, axis: int) -> Generators:
    """Those of X with zeros for Y and those of Y with zeros for X; factors stay factors."""
    if isinstance(X.parts, RankOneGenerators) and isinstance(Y.parts, RankOneGenerators):
        (U, V), (S, T) = (X.parts.U, X.parts.V), (Y.parts.U, Y.parts.V)
        if axis == 1:
            V, T = np.pad(V, [(0, 0), (0, Y.shape[1])]), np.pad(T, [(0, 0), (X.shape[1], 0)])
        else:
            U, S = np.pad(U, [(0, 0), (0, Y.shape[0])]), np.pad(S, [(0, 0), (X.shape[0], 0)])
        return RankOneGenerators(np.concatenate([U, S]), np.concatenate([V, T]))
    return DenseGenerators(np.concatenate(_apart(X.parts.dense(), Y.parts.dense(), X.shape, Y.shape, axis)))
