"""Looking at sets in many dimensions: projections onto chosen directions, and the principal axes to choose."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_matrices
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.matrix_sets._images import vertex_rounding
from conservative.matrix_sets.base import MatrixSet
from conservative.matrix_sets.cells import CellUnion
from conservative.matrix_sets.finite import FiniteSet
from conservative.matrix_sets.polytope import MatrixPolytope
from conservative.matrix_sets.region import PlanarRegion, triangles

Floats = NDArray[np.float64]


def project_onto(S: MatrixSet, directions: ArrayLike) -> MatrixPolytope | FiniteSet | CellUnion:
    """The set of coordinates {(⟨U_1, X⟩, ..., ⟨U_r, X⟩) : X ∈ S}, as r × 1 matrices.

    Parameters
    ----------
    S : MatrixSet
        A polytope, finite set, zonotope of few generators, union of cells, or region; of template hulls those whose
        vertices can be listed.
    directions : array_like, shape (r, p, q)
        For a picture, two matrices, for example rows of `principal_axes(S)`.

    Returns
    -------
    MatrixPolytope, FiniteSet or CellUnion
        The exact image, up to rounding, which is added to its errors; those of S are multiplied by the norm of the
        projection. A union with a margin gives a superset, unless the directions are orthonormal.

    Raises
    ------
    ArgumentTypeError
        If `S` is not a set whose parts can be listed.
    ShapeError, EmptySetError, NonFiniteError, BudgetError

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
    rows = U.reshape(len(U), -1)
    lower, upper = (float(bound[0]) for bound in spectral_norm_bounds(rows[None]))
    listed = upper * vertex_rounding(S)
    rounding = round_up(
        listed + (rows.shape[1] + 8) * UNIT_ROUNDOFF * 1.01 * float(frobenius_bounds(rows)[1]) * S.radius
    )
    missing, extra = (round_up(round_up(upper * error) + rounding) for error in (S.e_missing, S.e_extra))
    if isinstance(S, PlanarRegion):
        return _cells(
            CellUnion(triangles(S.geometry).reshape(-1, 3, *S.shape)), S, rows, (lower, upper), (missing, extra)
        )
    if isinstance(S, CellUnion):
        return _cells(S, S, rows, (lower, upper), (missing, extra))
    kind = FiniteSet if isinstance(S, FiniteSet) else MatrixPolytope
    if not S.convex and kind is MatrixPolytope:
        raise ArgumentTypeError(
            f"`project_onto(S=...)` needs a polytope, a finite set, a zonotope or a union of cells; got "
            f"{type(S).__name__}."
        )
    return kind(_image(S.extreme, rows), exactness=S.exactness, e_missing=missing, e_extra=extra)


def principal_axes(S: MatrixSet, *, count: int = 2) -> Floats:
    """Orthonormal directions in which the extreme points of a set spread most.

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
    d = S.shape[0] * S.shape[1]
    if not 1 <= count <= d:
        raise ArgumentError(f"`principal_axes(count=...)` needs a number from 1 to {d}; got {count}.")
    flat = S.extreme.reshape(-1, d)
    _, _, axes = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=True)
    chosen = axes[:count]
    signs = np.sign(chosen[np.arange(count), np.abs(chosen).argmax(axis=1)])
    return np.asarray((signs[:, None] * chosen).reshape(count, *S.shape))


def _image(points: Floats, rows: Floats) -> Floats:
    return np.asarray((points.reshape(*points.shape[:-2], -1) @ rows.T)[..., None])


def _cells(
    S: CellUnion, told: MatrixSet, rows: Floats, norms: tuple[float, float], errors: tuple[float, float]
) -> CellUnion:
    """A ball becomes an ellipsoid with half axes between the singular values: the larger ball covers it."""
    lower, upper = norms
    lower = lower if len(rows) == 1 else float(np.linalg.svd(rows, compute_uv=False)[-1]) * (1.0 - 1e-12)
    stretched = S.margin > 0.0 and upper - lower > 1e-12 * upper
    excess = round_up(S.margin * max(0.0, upper - lower)) if S.margin > 0.0 else 0.0
    return CellUnion(
        _image(S.cells, rows),
        margin=round_up(S.margin * upper) if S.margin > 0.0 else 0.0,
        exactness=Exactness.OUTER if stretched else told.exactness,
        e_missing=errors[0],
        e_extra=round_up(errors[1] + excess),
    )
