"""Images and hulls of sets of matrices."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import ArgumentTypeError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.matrix_sets.base import MatrixSet
from conservative.matrix_sets.finite import FiniteSet
from conservative.matrix_sets.polytope import MatrixPolytope
from conservative.matrix_sets.zonotope import MatrixZonotope
from conservative.matrix_sets.zonotope_algebra import zonotope_image

Floats = NDArray[np.float64]


def affine_images(points: Floats, A: Floats, B: Floats) -> tuple[Floats, float]:
    """All A_i X_j + B_i, and a bound of their rounding errors.

    Parameters
    ----------
    points : ndarray, shape (n, p, q)
    A : ndarray, shape (k, r, p)
    B : ndarray, shape (k, r, q)

    Returns
    -------
    images : ndarray, shape (k, n, r, q)
    rounding : float
        At least the largest Frobenius distance of a computed image to the exact one: each entry is a sum of p
        products and one term, so it errs by at most (p + 1)u/(1 − (p + 1)u) times |A||X| + |B|.

    Examples
    --------
    >>> affine_images(np.ones((1, 1, 1)), np.full((1, 1, 1), 0.5), np.ones((1, 1, 1)))[0].tolist()
    [[[[1.5]]]]
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        images = np.einsum("krp,npq->knrq", A, points, optimize=True) + B[:, None]
        size = frobenius_bounds(A)[1] * frobenius_bounds(points)[1].max() + frobenius_bounds(B)[1]
        rounding = (A.shape[2] + 4) * UNIT_ROUNDOFF * float(size.max()) + 1e-320
    return images, rounding


def affine_image(S: MatrixSet, A: ArrayLike, B: ArrayLike) -> MatrixSet:
    """The set {A X + B : X ∈ S}.

    Parameters
    ----------
    S : MatrixPolytope, FiniteSet or MatrixZonotope
        A set of p × q matrices.
    A : array_like, shape (r, p)
    B : array_like, shape (r, q)

    Returns
    -------
    MatrixPolytope, FiniteSet or MatrixZonotope
        Of the kind of `S`. Its errors are those of `S` times ‖A‖₂, plus rounding.

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentTypeError

    Examples
    --------
    >>> affine_image(FiniteSet([[[1.0]], [[2.0]]]), [[3.0]], [[1.0]]).extreme.ravel().tolist()
    [4.0, 7.0]
    """
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
    images, rounding = affine_images(S.extreme, left[None], shift[None])
    norm = float(spectral_norm_bounds(left[None])[1][0])
    kind = _kind(S, call="affine_image")
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
    parts = [sets] if isinstance(sets, MatrixSet) else list(sets)
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
        e_missing=max(part.e_missing for part in parts),
        e_extra=max(part.e_extra for part in parts),
    )


def _kind(S: MatrixSet, *, call: str) -> type[MatrixPolytope] | type[FiniteSet]:
    if isinstance(S, (MatrixPolytope, FiniteSet)):
        return type(S)
    raise ArgumentTypeError(f"`{call}(S=...)` needs a MatrixPolytope or a FiniteSet; got {type(S).__name__}.")
