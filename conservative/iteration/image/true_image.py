"""The true image 𝒥(𝒳) = {A X + B : [A B] ∈ 𝒥, X ∈ 𝒳}, which need not be convex, within a tolerance."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count, as_positive
from conservative._core.errors import ArgumentTypeError, BudgetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import round_up
from conservative.iteration.jacobian_blocks import Blocks, read_blocks
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixSet
from conservative.matrix_sets.operations.as_cells import as_cells
from conservative.matrix_sets.operations.images_and_hulls import affine_images
from conservative.matrix_sets.sets.intervals import merged

Floats = NDArray[np.float64]

_MOST_CELLS = 200_000


def set_image(J: Any, X: MatrixSet, *, tol: float, max_cells: int = _MOST_CELLS) -> MatrixSet:
    """The image 𝒥(𝒳) within `tol`, as a union of convex cells.

    Parameters
    ----------
    J : JacobianSet, MatrixPolytope, FiniteSet or array_like of shape (k, p, p + m)
        Blocks [A_i B_i]; a `FiniteSet` stands for the finite family, everything else for the hull.
    X : MatrixSet
        Of p × m matrices; its vertices, cells or triangles are listed.
    tol : float
        Absolute: Hausdorff distance to the true image that is wanted.
    max_cells : int
        Most cells.

    Returns
    -------
    CellUnion or FiniteSet
        A superset of the image of the stored 𝒳, with `e_extra` at most `tol` plus what 𝒳 brings along; exact, up to
        rounding, for finite families, for single matrices, for numbers, and when all A_i are equal. Balls that are a
        margin of 𝒳 become balls max ‖A_i‖₂ times as large, which makes the image an outer one.

    Raises
    ------
    BudgetError
        If more cells are needed, or the vertices of 𝒳 are too many to list.
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Notes
    -----
    For convex 𝒥_a ⊆ 𝒥 and 𝒳_b ⊆ 𝒳 let C = conv{A_i X_j + B_i}. A point of C is Σ μ_ij (A_i X_j + B_i); with λ_i = Σ_j
    μ_ij and ν_j = Σ_i μ_ij it differs from the point (Σ λ_i A_i)(Σ ν_j X_j) + Σ λ_i B_i of the image by Σ μ_ij (A_i −
    A_λ)(X_j − X_ν), a covariance, at most r(𝒥_a) r(𝒳_b) with circumradii of the A-parts and of 𝒳_b. The 𝒳_b are
    halved at the middles of their longest edges until the product is at most `tol`.

    Examples
    --------
    The image of a segment under conv{x ↦ 0, x ↦ x} is the segment with 0:

    >>> from conservative.matrix_sets import MatrixPolytope
    >>> image = set_image([[[0.0, 0.0]], [[1.0, 0.0]]], MatrixPolytope([[[1.0]], [[2.0]]]), tol=0.1)
    >>> image.contains([[[0.5]], [[2.5]]]).tolist()
    [True, False]
    """
    tol = as_positive(tol, call="set_image", argument="tol")
    max_cells = as_count(max_cells, call="set_image", argument="max_cells", least=1)
    blocks = read_blocks(J, call="set_image")
    X = _read_cells(X, blocks)
    cells = X.cells
    norm = float(spectral_norm_bounds(blocks.A)[1].max())
    margin = round_up(norm * X.margin) if X.margin > 0.0 else 0.0
    line = X.shape == (1, 1)
    if not blocks.convex or len(blocks.A) == 1 or bool((blocks.A[0] == blocks.A).all()) or cells.shape[1] == 1 or line:
        error = 0.0  # Of numbers too: the image of an interval is connected.
    else:
        cells = _small(cells, reach=tol / _spread(blocks.A), most=max_cells)
        error = round_up(_spread(blocks.A) * _radii(cells).max() * (1.0 + 1e-12))
    n, j = cells.shape[:2]
    images, rounding = affine_images(cells.reshape(-1, *X.shape), blocks.A, blocks.B)
    images = images.reshape(len(blocks.A), n, j, *X.shape)
    images = images.swapaxes(0, 1).reshape(n, -1, *X.shape) if blocks.convex else images.reshape(-1, j, *X.shape)
    if line and images.shape[1] > 1:
        ends = images.reshape(len(images), -1)
        images = merged(np.stack([ends.min(axis=1), ends.max(axis=1)], axis=1))[:, :, None, None]
    if len(images) > max_cells:
        raise _too_many(len(images), max_cells)
    exactness = (
        X.exactness if error == margin == 0.0 else (Exactness.OUTER if X.exactness is not Exactness.INNER else None)
    )
    if exactness is None:
        raise ArgumentTypeError("`set_image(X=...)` needs an exact or an outer set where the image is an outer one.")
    e_missing = round_up(round_up(norm * X.e_missing) + rounding)
    e_extra = round_up(round_up(round_up(norm * X.e_extra) + rounding) + round_up(error + margin))
    if images.shape[1] == 1 and margin == 0.0:
        return FiniteSet(images[:, 0], exactness=exactness, e_missing=e_missing, e_extra=e_extra)
    return CellUnion(images, margin, exactness=exactness, e_missing=e_missing, e_extra=e_extra)


def _too_many(needed: int, most: int) -> BudgetError:
    return BudgetError(f"`set_image(max_cells={most})` needs at least {needed} cells for this `tol`; raise either.")


def _read_cells(X: Any, blocks: Blocks) -> CellUnion:
    if not isinstance(X, MatrixSet):
        raise ArgumentTypeError(
            f"`set_image(X=...)` needs a set of matrices; got {type(X).__name__}. Wrap an array of shape (n, p, m) in "
            "`MatrixPolytope` (its hull) or `FiniteSet` (its points)."
        )
    if X.shape != blocks.B.shape[1:]:
        p, m = blocks.B.shape[1:]
        raise ShapeError(f"`set_image(X=...)` needs {p} × {m} matrices; got {X.shape[0]} × {X.shape[1]}.")
    return as_cells(X)


def _spread(A: Floats) -> float:
    """A bound of the circumradius of the A-parts: about the middle of their box."""
    middle = 0.5 * A.min(axis=0) + 0.5 * A.max(axis=0)
    return float(frobenius_bounds(A - middle)[1].max())


def _radii(cells: Floats) -> Floats:
    middle = 0.5 * cells.min(axis=1) + 0.5 * cells.max(axis=1)
    return np.asarray(frobenius_bounds(cells - middle[:, None])[1].max(axis=1))


def _small(cells: Floats, *, reach: float, most: int) -> Floats:
    """Cells of at most this circumradius with the same union."""
    done: list[Floats] = []
    while len(cells):
        large = _radii(cells) > reach
        done.append(cells[~large])
        cells = halved(cells[large])
        if sum(len(part) for part in done) + len(cells) > most:
            raise _too_many(sum(len(part) for part in done) + len(cells), most)
    return np.concatenate(done)


def halved(cells: Floats) -> Floats:
    """Both halves of each hull: with c the middle of its longest edge ab, once c for a and once c for b.

    Their union is the hull: μ_a a + μ_b b = (μ_a − μ_b) a + 2 μ_b c where μ_a ≥ μ_b, and so
    with a and b exchanged.

    Shapes: `cells` (n, j, p, q), result (2n, j, p, q).
    """
    n, j, p, q = cells.shape
    first, second = np.triu_indices(j, 1)
    edges = (cells[:, first] - cells[:, second]).reshape(n, len(first), p * q)
    longest = np.einsum("ned,ned->ne", edges, edges).argmax(axis=1)
    rows, a, b = np.arange(n), first[longest], second[longest]
    middle = 0.5 * cells[rows, a] + 0.5 * cells[rows, b]
    left, right = cells.copy(), cells.copy()
    left[rows, b], right[rows, a] = middle, middle
    return np.concatenate([left, right])
