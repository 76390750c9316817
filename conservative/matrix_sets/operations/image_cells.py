"""Affine images of points, of unions with a margin, of regions, and of half-spaces."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentTypeError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.matrix_sets.operations.as_cells import as_cells
from conservative.matrix_sets.operations.moved_geometry import moved
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.region import PlanarRegion
from conservative.matrix_sets.sets.robust_overlay import united
from conservative.matrix_sets.sets.template import TemplateHull

Floats = NDArray[np.float64]

_OVERLAY = 1e-11
"""Relative error granted to the image of a region and the union of its parts."""


def affine_images(points: Floats, A: Floats, B: Floats) -> tuple[Floats, float]:
    """All A_i X_j + B_i, and a bound of their rounding errors.

    Shapes: `points` (n, p, q), `A` (k, r, p), `B` (k, r, q), result (k, n, r, q). `rounding`: at least the largest
    Frobenius distance of a computed image to the exact one: each entry of AX errs by at most pu/(1 − pu) times |A||X|,
    and adding an entry of B by u times the sum, and by at most what is added.

    >>> affine_images(np.ones((1, 1, 1)), np.full((1, 1, 1), 0.5), np.ones((1, 1, 1)))[0].tolist()
    [[[[1.5]]]]
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        images = np.einsum("krp,npq->knrq", A, points, optimize=True) + B[:, None]
        turned = frobenius_bounds(A)[1] * frobenius_bounds(points)[1].max()
        added = np.minimum(1.01 * UNIT_ROUNDOFF * (turned + frobenius_bounds(B)[1]), 1.01 * turned)
        rounding = float(((A.shape[2] + 3) * UNIT_ROUNDOFF * turned + added).max()) + 1e-320
    return images, rounding


def union_image(S: CellUnion, A: Floats, B: Floats) -> CellUnion:
    """The image of a union of cells; its margin is that of a superset, of an inner union that of a subset.

    A ball of radius m becomes an ellipsoid whose half axes are m times the singular values of A, and flat where A has
    more rows than columns.

    Shapes: `A` (r, p), `B` (r, q).
    """
    n, k = S.cells.shape[:2]
    images, rounding = affine_images(S.cells.reshape(-1, *S.shape), A[None], B[None])
    cells = images[0].reshape(n, k, *B.shape)
    norm = float(spectral_norm_bounds(A[None])[1][0])
    missing, extra = (round_up(round_up(norm * error) + rounding) for error in (S.e_missing, S.e_extra))
    if S.margin == 0.0:
        return CellUnion(cells, exactness=S.exactness, e_missing=missing, e_extra=extra)
    least = _least_stretch(A, norm)
    off = round_up(S.margin * (norm - least))
    if S.exactness is Exactness.INNER:
        margin = float(np.nextafter(S.margin * least, 0.0)) if least > 0.0 else 0.0
        return CellUnion(cells, margin, S.exactness, round_up(missing + off), extra)
    turned = norm - least <= 1e-12 * norm
    margin = round_up(S.margin * norm)
    return CellUnion(cells, margin, S.exactness if turned else Exactness.OUTER, missing, round_up(extra + off))


def _least_stretch(A: Floats, norm: float) -> float:
    """The radius of a ball in the image of the unit ball, rounded down."""
    if A.shape[0] > A.shape[1]:
        return 0.0
    sigma = float(np.linalg.svd(A, compute_uv=False)[-1])
    return max(0.0, min(norm, sigma * (1.0 - 1e-15) - 16.0 * A.size * UNIT_ROUNDOFF * norm))


def region_image(S: PlanarRegion, A: Floats, B: Floats) -> PlanarRegion | CellUnion:
    """The image of a region: a region if it is in the plane, a union of triangles otherwise.

    Shapes: `A` (r, p), `B` (r, q).
    """
    q = S.shape[1]
    if B.size != 2:
        return union_image(as_cells(S), A, B)
    L, b = np.asarray(np.kron(A, np.eye(q)), dtype=np.float64), B.ravel()
    norm = float(spectral_norm_bounds(A[None])[1][0])
    rounding = round_up(_OVERLAY * (norm * S.radius + float(frobenius_bounds(B)[1])))
    missing, extra = (round_up(round_up(norm * error) + rounding) for error in (S.e_missing, S.e_extra))
    return PlanarRegion(united(moved(S.geometry, L, b)), (B.shape[0], q), S.exactness, missing, extra)


def template_image(S: TemplateHull, A: Floats, B: Floats) -> TemplateHull:
    """An outer hull of the image: with D = A⁺ᵀU, ± every axis, and ± what is orthogonal to the image, ⟨D, AX + B⟩ ≤
    h(AᵀD) + ⟨D, B⟩.

    Shapes: `A` (r, p), `B` (r, q). `S`: of p × q matrices; exact or outer.
    """
    if S.exactness is Exactness.INNER:
        raise ArgumentTypeError("`affine_image(S=...)` needs a template hull that is exact or outer; got an inner one.")
    axes = np.concatenate([np.eye(B.size), -np.eye(B.size)]).reshape(-1, *B.shape)
    turned = np.einsum("pr,kpq->krq", np.linalg.pinv(A), S.directions)
    sizes = frobenius_bounds(turned)[1]
    turned = turned[sizes > 1e-9 * sizes.max()] if sizes.max() > 0.0 else turned[:0]
    directions = np.concatenate([turned, axes, _across(A, B.shape[1])])
    size = frobenius_bounds(directions)[1]
    reach = float(frobenius_bounds(A)[1]) * S.radius + float(frobenius_bounds(B)[1])
    below = S.support(np.einsum("rp,krq->kpq", A, directions))
    heights = below + np.einsum("krq,rq->k", directions, B)
    heights = heights + size * ((A.size + B.size + 16) * UNIT_ROUNDOFF * 1.01 * reach + 1e-300) * 4.0
    norm = float(spectral_norm_bounds(A[None])[1][0])
    return TemplateHull(directions, heights, Exactness.OUTER, e_missing=round_up(norm * S.e_missing))


def _across(A: Floats, q: int) -> Floats:
    """± the directions orthogonal to all AX, shape (n, r, q)."""
    left, sigma, _ = np.linalg.svd(A)
    rank = int((sigma > 1e-13 * max(float(sigma[0]), 1e-300)).sum())
    away = np.einsum("rn,jq->njrq", left[:, rank:], np.eye(q)).reshape(-1, A.shape[0], q)
    return np.concatenate([away, -away])
