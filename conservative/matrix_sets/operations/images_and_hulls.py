"""Images and hulls of sets of matrices."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_items, as_real_array
from conservative._core.errors import ArgumentTypeError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import spectral_norm_bounds
from conservative._core.numbers import round_up
from conservative.matrix_sets.operations.as_cells import vertex_rounding
from conservative.matrix_sets.operations.image_cells import affine_images as affine_images
from conservative.matrix_sets.operations.image_cells import region_image, template_image, union_image
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.finite import FiniteSet
from conservative.matrix_sets.sets.pair_checks import check_set
from conservative.matrix_sets.sets.polytope import MatrixPolytope
from conservative.matrix_sets.sets.region import PlanarRegion
from conservative.matrix_sets.sets.template import TemplateHull
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope
from conservative.matrix_sets.zonotopes.zonotope_algebra import zonotope_image

Floats = NDArray[np.float64]


def affine_image(S: MatrixSet, A: ArrayLike, B: ArrayLike) -> MatrixSet:
    """The set {A X + B : X ∈ S}.

    Parameters
    ----------
    S : MatrixSet
        A set of p × q matrices.
    A : array_like, shape (r, p)
    B : array_like, shape (r, q)

    Returns
    -------
    MatrixSet
        Of the kind of `S`, but the image of a region outside the plane is a union of triangles. Its errors are those of
        `S` times ‖A‖₂, plus rounding. Where a margin's balls become ellipsoids, larger balls are taken for exact and
        outer sets, smaller ones for inner sets, and the difference is in the errors. The image of a template hull is an
        outer one.

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentTypeError

    Examples
    --------
    >>> affine_image(FiniteSet([[[1.0]], [[2.0]]]), [[3.0]], [[1.0]]).extreme.ravel().tolist()
    [4.0, 7.0]
    """
    check_set(S, call="affine_image", argument="S")
    p, q = S.shape
    left = as_real_array(A, call="affine_image", argument="A", wanted=f"shape (r, {p})")
    shift = as_real_array(B, call="affine_image", argument="B", wanted=f"shape (r, {q})")
    if left.ndim != 2 or left.shape[1] != p or shift.shape != (left.shape[0], q):
        raise ShapeError(
            f"`affine_image(A=..., B=...)` needs shapes (r, {p}) and (r, {q}) for a set of {p} × {q} matrices; got "
            f"{left.shape} and {shift.shape}. A acts from the left, B has the shape of the image."
        )
    if isinstance(S, MatrixZonotope):
        return zonotope_image(S, left, shift)
    if isinstance(S, PlanarRegion):
        return region_image(S, left, shift)
    if isinstance(S, TemplateHull):
        return template_image(S, left, shift)
    if isinstance(S, CellUnion):
        return union_image(S, left, shift)
    images, rounding = affine_images(S.extreme, left[None], shift[None])
    norm = float(spectral_norm_bounds(left[None])[1][0])
    kind = FiniteSet if isinstance(S, FiniteSet) else MatrixPolytope
    return kind(
        images[0],
        exactness=S.exactness,
        e_missing=round_up(round_up(norm * S.e_missing) + rounding),
        e_extra=round_up(round_up(norm * S.e_extra) + rounding),
    )


def hull(sets: MatrixSet | Iterable[MatrixSet]) -> MatrixPolytope:
    """The convex hull of one set, or of the union of several.

    Parameters
    ----------
    sets : MatrixSet or iterable of MatrixSet
        All of one shape.

    Returns
    -------
    MatrixPolytope
        With all extreme points of all sets as vertices.

    Raises
    ------
    EmptySetError, ShapeError

    Examples
    --------
    >>> float(hull([FiniteSet([[[0.0]]]), FiniteSet([[[3.0]]])]).support([[1.0]]))
    3.0
    """
    parts = (
        [sets]
        if isinstance(sets, MatrixSet | str)
        else as_items(sets, call="hull", argument="sets", wanted="sets of matrices")
    )
    for part in parts:
        check_set(part, call="hull", argument="sets")
    if not parts:
        raise EmptySetError("`hull(sets=...)` needs at least one set; got none.")
    if len({part.shape for part in parts}) > 1:
        shapes = sorted({part.shape for part in parts})
        raise ShapeError(f"`hull(sets=...)` needs sets of one shape; got {shapes}.")
    exactness: Exactness | None = parts[0].exactness
    for part in parts[1:]:
        exactness = None if exactness is None else exactness.then(part.exactness)
    if exactness is None:
        raise ArgumentTypeError(
            "`hull(sets=...)` needs sets that are all exact or inner, or all exact or outer; got both kinds. "
            "Take the hulls of the inner and of the outer sets apart."
        )
    return MatrixPolytope(
        np.concatenate([part.extreme for part in parts]),
        exactness=exactness,
        e_missing=max(_with_rounding(part.e_missing, part) for part in parts),
        e_extra=max(_with_rounding(part.e_extra, part) for part in parts),
    )


def _with_rounding(error: float, part: MatrixSet) -> float:
    rounding = vertex_rounding(part)
    return round_up(error + rounding) if rounding > 0.0 else error
