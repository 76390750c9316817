"""The largest spectral norm over a zonotope: proved above without its vertices, attained below."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative._core.norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_up
from conservative.matrix_sets._enclosure import norms
from conservative.matrix_sets.zonotope import MatrixZonotope

Floats = NDArray[np.float64]

_FLIPS = 50
_POWER_STEPS = 30


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
    signs: Floats
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
    Above, the least of four bounds, all with rounding enclosed: ‖C‖ + Σ‖G_i‖; ‖|C| + Σ|G_i|‖, since the norm is
    monotone on nonnegative matrices; for factors ‖C‖ + ‖UᵀD‖‖D⁻¹V‖, D balancing the rows; and, when every generator
    of rank one acts in a row (or column) of its own which is parallel to the centre there, as it is for A = diag(t) M,
    the norm at the largest weights: XᵀX = Σ c_r² v_r v_rᵀ grows with every |c_r|. That last bound is attained; a
    row that is not quite parallel costs the norm of its remainder. Below, alternating ascent: leading singular vectors
    (x, y) of one vertex, then the signs of xᵀG_i y, until no sign changes. The vertex found is a vertex whatever the
    search did.

    Examples
    --------
    A = diag(t) M with t ∈ [0, 1]²:

    >>> Z = MatrixZonotope.from_rank_one([[0, 0], [0, 0]], U=[[1, 0], [0, 1]], V=[[3, -4], [1, 1]])
    >>> found = largest_norm(Z)
    >>> found.bounds.width < 1e-12, found.signs.tolist(), found.proof
    (True, [1.0, 1.0], 'monotone in the rows')
    """
    center = float(spectral_norm_bounds(Z.center[None])[1][0])
    sizes = Z.parts.sizes()
    total = round_up(float(sizes.sum()) * (1.0 + (len(sizes) + 4) * UNIT_ROUNDOFF)) if len(sizes) else 0.0
    uppers = {"the sum of the norms": center + total}
    absolute = np.abs(Z.center) + Z.parts.total()
    inflate = 1.0 + (Z.parts.count + 4) * UNIT_ROUNDOFF
    uppers["absolute values"] = float(spectral_norm_bounds(absolute[None])[1][0]) * inflate
    start = np.ones(Z.parts.count)
    if Z.factors is not None and Z.parts.count:
        uppers["balanced factors"] = center + _balanced(*Z.factors)
        for name, flip in (("rows", False), ("columns", True)):
            monotone = _monotone(Z, transpose=flip)
            if monotone is not None:
                uppers[f"monotone in the {name}"], start = monotone
    proof = min(uppers, key=lambda name: uppers[name])
    upper = round_up(round_up(uppers[proof]))
    signs = _ascend(Z, start)
    vertex = Z.center + Z.parts.combine(signs[None])[0]
    lower = max(0.0, _attained(vertex) - Z.rounding)
    return LargestNorm(Bracket(min(lower, upper), upper), signs, proof)


def _balanced(U: Floats, V: Floats) -> float:
    left, right = norms(U), norms(V)
    usable = (left > 0.0) & (right > 0.0)
    balance = np.sqrt(np.divide(right, left, out=np.ones_like(left), where=usable))
    scaled, unscaled = U * balance[:, None], V / balance[:, None]
    product = spectral_norm_bounds(scaled[None])[1][0] * spectral_norm_bounds(unscaled[None])[1][0]
    # Each entry of the two factors was rounded once, which moves the norms by at most √k times as much relatively.
    return round_up(float(product) * (1.0 + 4.0 * (len(U) + 4) * UNIT_ROUNDOFF))


def _monotone(Z: MatrixZonotope, *, transpose: bool) -> tuple[float, Floats] | None:
    """The bound for generators in rows of their own, and the signs at which it is attained."""
    assert Z.factors is not None
    U, V = Z.factors[::-1] if transpose else Z.factors
    center = Z.center.T if transpose else Z.center
    owned = U != 0.0
    if (owned.sum(axis=1) != 1).any() or (owned.sum(axis=0) > 1).any():
        return None
    rows = owned.argmax(axis=1)
    height = U[np.arange(len(U)), rows]
    own = center[rows]
    square = np.einsum("kq,kq->k", V, V)
    share = np.divide(np.einsum("kq,kq->k", own, V), square, out=np.zeros(len(V)), where=square > 0.0)
    apart = frobenius_bounds((own - share[:, None] * V)[None])[1][0]
    largest = np.abs(share) + np.abs(height)
    scaled = center.copy()
    scaled[rows] = largest[:, None] * V
    rounding = 8.0 * UNIT_ROUNDOFF * float(frobenius_bounds(np.abs(center) + np.abs(scaled))[1])
    bound = float(spectral_norm_bounds(scaled[None])[1][0]) + float(apart) + rounding
    signs = np.where(height >= 0.0, 1.0, -1.0) * np.where(share >= 0.0, 1.0, -1.0)
    return round_up(round_up(bound)), signs


def _ascend(Z: MatrixZonotope, signs: Floats) -> Floats:
    """Signs at which the norm is locally largest among those that the singular vectors ask for."""
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
    """Approximate leading singular vectors, by the decomposition when small and by power steps when large."""
    if max(matrix.shape) <= 200:
        U, sigma, Vt = np.linalg.svd(matrix, full_matrices=False)
        return U[:, 0], Vt[0], float(sigma[0])
    right = start / max(float(np.linalg.norm(start)), 5e-324)
    left, size = matrix @ right, 0.0
    for _ in range(_POWER_STEPS):
        left = matrix @ right
        left /= max(float(np.linalg.norm(left)), 5e-324)
        right = matrix.T @ left
        size = float(np.linalg.norm(right))
        right /= max(size, 5e-324)
    return left, right, size


def _attained(matrix: Floats) -> float:
    """A proved lower bound of ‖M‖₂."""
    return float(spectral_norm_bounds(matrix[None])[0][0])
