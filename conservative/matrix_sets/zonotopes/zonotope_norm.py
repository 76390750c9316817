"""The largest spectral norm over a zonotope: proved above without its vertices, attained below."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError, svds

from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_up
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope

Floats = NDArray[np.float64]

_FLIPS = 50
_SMALL = 200


@dataclass(frozen=True, slots=True, eq=False)
class LargestNorm:
    """max ‖Z‖₂ over a zonotope.

    Parameters
    ----------
    bounds : Bracket
        Proved. The lower end is the norm of the matrix C + Σ s_i G_i of `signs`, less rounding.
    signs : ndarray, shape (k,)
        Entries ±1.
    proof : str
        Which upper bound is the smallest.
    """

    bounds: Bracket
    signs: Floats = field(repr=False)
    proof: str


def largest_norm(Z: MatrixZonotope) -> LargestNorm:
    """Bounds of max ‖X‖₂ over a zonotope, a maximum that is NP-hard in general.

    Parameters
    ----------
    Z : MatrixZonotope

    Returns
    -------
    LargestNorm

    Notes
    -----
    Above, when every generator of rank one acts in a row (or column) of its own which is parallel to the centre
    there, as it is for A = diag(t) M, the norm at the largest weights: XᵀX = Σ c_r² v_r v_rᵀ grows with every |c_r|.
    This bound is attained; the remainder of a row that rounding left not quite parallel is added. Otherwise the
    least of ‖C‖ + Σ‖G_i‖; of ‖|C| + Σ|G_i|‖, since the norm is monotone on nonnegative matrices; and for factors of
    ‖C‖ + ‖UᵀD‖‖D⁻¹V‖, D balancing the rows. All have rounding enclosed. Below, alternating ascent: leading singular
    vectors (x, y) of one vertex, then the signs of xᵀG_i y, until no sign changes. The vertex found is a vertex
    whatever the search did.

    Examples
    --------
    A = diag(t) M with t ∈ [0, 1]²:

    >>> Z = MatrixZonotope.from_rank_one([[0, 0], [0, 0]], U=[[1, 0], [0, 1]], V=[[3, -4], [1, 1]])
    >>> found = largest_norm(Z)
    >>> found.bounds.width < 1e-12, found.signs.tolist(), found.proof
    (True, [1.0, 1.0], 'monotone in the rows')
    """
    monotone = _monotone(Z)
    if monotone is not None:
        proof, upper, signs = monotone
    else:
        uppers = _general(Z)
        proof = min(uppers, key=lambda name: uppers[name])
        upper, signs = round_up(round_up(uppers[proof])), _ascend(Z)
    vertex = Z.center + Z.parts.combine(signs[None])[0]
    lower = max(0.0, _attained(vertex) - Z.rounding)
    return LargestNorm(Bracket(min(lower, upper), upper), signs, proof)


def _general(Z: MatrixZonotope) -> dict[str, float]:
    center = float(spectral_norm_bounds(Z.center[None])[1][0])
    sizes = Z.parts.sizes()
    total = round_up(float(sizes.sum()) * (1.0 + (len(sizes) + 4) * UNIT_ROUNDOFF)) if len(sizes) else 0.0
    absolute = np.abs(Z.center) + Z.parts.total()
    inflate = 1.0 + (Z.parts.count + 4) * UNIT_ROUNDOFF
    uppers = {
        "the sum of the norms": center + total,
        "absolute values": float(spectral_norm_bounds(absolute[None])[1][0]) * inflate,
    }
    if Z.factors is not None and Z.parts.count:
        uppers["balanced factors"] = center + _balanced(*Z.factors)
    return uppers


def _balanced(U: Floats, V: Floats) -> float:
    left, right = norms(U), norms(V)
    usable = (left > 0.0) & (right > 0.0)
    balance = np.sqrt(np.divide(right, left, out=np.ones_like(left), where=usable))
    scaled, unscaled = U * balance[:, None], V / balance[:, None]
    product = spectral_norm_bounds(scaled[None])[1][0] * spectral_norm_bounds(unscaled[None])[1][0]
    # Each entry of the two factors was rounded once, which moves the norms by at most √k times as much relatively.
    return round_up(float(product) * (1.0 + 4.0 * (len(U) + 4) * UNIT_ROUNDOFF))


def _monotone(Z: MatrixZonotope) -> tuple[str, float, Floats] | None:
    """The bound for generators in rows (or columns) of their own, parallel to the centre, and where it is attained."""
    if Z.factors is None or Z.parts.count == 0:
        return None
    for name, (U, V), center in (("rows", Z.factors, Z.center), ("columns", Z.factors[::-1], Z.center.T)):
        owned = U != 0.0
        if (owned.sum(axis=1) != 1).any() or (owned.sum(axis=0) > 1).any():
            continue
        rows = owned.argmax(axis=1)
        height = U[np.arange(len(U)), rows]
        own = center[rows]
        square = np.einsum("kq,kq->k", V, V)
        share = np.divide(np.einsum("kq,kq->k", own, V), square, out=np.zeros(len(V)), where=square > 0.0)
        apart = float(frobenius_bounds(own - share[:, None] * V)[1])
        scaled = center.copy()
        scaled[rows] = (np.abs(share) + np.abs(height))[:, None] * V
        size = float(frobenius_bounds(np.abs(center) + np.abs(scaled))[1])
        if apart > 1e-9 * size:
            continue
        bound = float(spectral_norm_bounds(scaled[None])[1][0]) + apart + 8.0 * UNIT_ROUNDOFF * size
        signs = np.where(height >= 0.0, 1.0, -1.0) * np.where(share >= 0.0, 1.0, -1.0)
        return f"monotone in the {name}", round_up(round_up(bound)), signs
    return None


def _ascend(Z: MatrixZonotope) -> Floats:
    """Signs at which the norm is locally largest among those that the singular vectors ask for."""
    signs = np.ones(Z.parts.count)
    right = np.random.default_rng(0).standard_normal(Z.shape[1])
    best, best_size = signs, -1.0
    for _ in range(_FLIPS):
        vertex = Z.center + Z.parts.combine(signs[None])[0]
        left, right, size = _leading(vertex, right)
        if size <= best_size * (1.0 + 1e-12):
            break
        best, best_size = signs, size
        wanted = np.where(_bilinear(Z, left, right) >= 0.0, 1.0, -1.0)
        if (wanted == signs).all():
            break
        signs = wanted
    return best


def _bilinear(Z: MatrixZonotope, left: Floats, right: Floats) -> Floats:
    """The numbers xᵀG_i y."""
    if Z.factors is not None:
        return np.asarray((Z.factors[0] @ left) * (Z.factors[1] @ right))
    return np.asarray(Z.parts.inner(np.outer(left, right)[None])[0])


def _leading(matrix: Floats, start: Floats) -> tuple[Floats, Floats, float]:
    """Approximate leading singular vectors: by the full decomposition when small, by Lanczos steps when large."""
    if min(matrix.shape) > _SMALL:
        wide = matrix.shape[0] > matrix.shape[1]
        first = start if wide else matrix @ start
        try:
            U, sigma, Vt = svds(matrix, k=1, v0=first if first.any() else np.ones_like(first))
            return U[:, 0], Vt[0], float(sigma[0])
        except ArpackError:
            pass
    U, sigma, Vt = np.linalg.svd(matrix, full_matrices=False)
    return U[:, 0], Vt[0], float(sigma[0])


def _attained(matrix: Floats) -> float:
    """A proved lower bound of ‖M‖₂: ‖M v‖/‖v‖ for an approximate leading vector v."""
    if min(matrix.shape) <= _SMALL:
        return float(spectral_norm_bounds(matrix[None])[0][0])
    right = _leading(matrix, np.random.default_rng(0).standard_normal((matrix.shape[1],)))[1][:, None]
    rounding = (matrix.shape[1] + 4) * UNIT_ROUNDOFF * 1.01 * float(frobenius_bounds(matrix)[1])
    stretched = float(frobenius_bounds(matrix @ right)[0]) / float(frobenius_bounds(right)[1])
    return float(stretched * (1.0 - 4.0 * UNIT_ROUNDOFF) - rounding)
