"""Linear projections of sets in many dimensions: onto given directions, or onto the principal axes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_matrices
from conservative._core.errors import ArgumentTypeError, ShapeError
from conservative._core.numbers import round_up
from conservative.matrix_sets.operations.as_cells import as_cells, vertex_rounding
from conservative.matrix_sets.operations.images_and_hulls import affine_image
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.finite import FiniteSet
from conservative.matrix_sets.sets.pair_checks import check_set
from conservative.matrix_sets.sets.polytope import MatrixPolytope
from conservative.matrix_sets.sets.region import PlanarRegion
from conservative.matrix_sets.sets.template import TemplateHull
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope
from conservative.matrix_sets.zonotopes.zonotope_algebra import zonotope_shadow

Floats = NDArray[np.float64]


def project_onto(S: MatrixSet, directions: ArrayLike) -> MatrixSet:
    """The set of coordinates {(⟨U_1, X⟩, ..., ⟨U_r, X⟩) : X ∈ S}, as r × 1 matrices.

    Parameters
    ----------
    S : MatrixSet
        Of p × q matrices.
    directions : array_like, shape (r, p, q)
        For a picture, two matrices, for example rows of `principal_axes(S)`.

    Returns
    -------
    MatrixSet
        A finite set, zonotope or union of cells of the kind of `S`; triangles of a region; a polytope otherwise. It is
        the exact image, up to rounding, which is added to its errors; those of S are multiplied by the norm of the
        projection. A union with a margin gives a superset (of an inner union a subset), unless the directions are
        orthonormal. Template hulls whose vertices cannot be listed, p·q > 3, give an outer template hull.

    Raises
    ------
    ArgumentTypeError
        If `S` is not a set, or an inner template hull whose vertices cannot be listed.
    ShapeError, EmptySetError, NonFiniteError

    Examples
    --------
    >>> cube = MatrixPolytope([[[x, y], [z, 0.0]] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    >>> shadow = project_onto(cube, [[[1, 0], [0, 0]], [[0, 1], [0, 0]]])
    >>> shadow.shape, shadow.to_shapely().area
    ((2, 1), 1.0)
    """
    if not isinstance(S, MatrixSet):
        raise ArgumentTypeError(f"`project_onto(S=...)` needs a set of matrices; got {type(S).__name__}.")
    U = as_matrices(directions, call="project_onto", argument="directions")
    if U.shape[1:] != S.shape:
        p, q = S.shape
        raise ShapeError(
            f"`project_onto(directions=...)` needs shape (r, {p}, {q}), matrices of the set's shape; got {U.shape}."
        )
    if isinstance(S, MatrixZonotope):
        return zonotope_shadow(S, U)
    return affine_image(_columns(S), U.reshape(len(U), -1), np.zeros((len(U), 1)))


def _columns(S: MatrixSet) -> MatrixSet:
    """The same set with its matrices written as columns, row after row."""
    told = (S.exactness, S.e_missing, S.e_extra)
    column = (S.shape[0] * S.shape[1], 1)
    if isinstance(S, FiniteSet):
        return FiniteSet(S.points.reshape(-1, *column), *told)
    if isinstance(S, TemplateHull) and not S.enumerable:
        return TemplateHull(S.directions.reshape(-1, *column), S.heights, *told)
    if isinstance(S, CellUnion | PlanarRegion):
        union = as_cells(S)
        return CellUnion(union.cells.reshape(*union.cells.shape[:2], *column), union.margin, *told)
    rounding = vertex_rounding(S)
    missing, extra = (round_up(error + rounding) if rounding > 0.0 else error for error in told[1:])
    return MatrixPolytope(S.extreme.reshape(-1, *column), S.exactness, missing, extra)


def principal_axes(S: MatrixSet, *, count: int = 2) -> Floats:
    """Orthonormal directions in which the extreme points of a set spread most.

    Experimental: nothing else in the package relies on it, and a release may change it.

    Parameters
    ----------
    S : MatrixSet
    count : int
        How many, at most p·q.

    Returns
    -------
    ndarray, shape (count, p, q)
        The sign of each makes its largest entry positive.

    Raises
    ------
    ArgumentError
        If `count` is not between 1 and p·q.

    Examples
    --------
    >>> np.abs(principal_axes(FiniteSet([[[0.0, 0.0]], [[0.0, 3.0]], [[0.5, 1.0]]]), count=1)).round(0).tolist()
    [[[0.0, 1.0]]]
    """
    check_set(S, call="principal_axes", argument="S")
    d = S.shape[0] * S.shape[1]
    count = as_count(count, call="principal_axes", argument="count", least=1, most=d)
    flat = S.extreme.reshape(-1, d)
    with np.errstate(under="ignore"):
        flat = np.ldexp(flat, -np.frexp(np.abs(flat).max())[1])
    _, _, axes = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=True)
    chosen = axes[:count]
    signs = np.sign(chosen[np.arange(count), np.abs(chosen).argmax(axis=1)])
    return np.asarray((signs[:, None] * chosen).reshape(count, *S.shape))
