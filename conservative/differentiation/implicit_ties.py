"""The implicit Jacobians of many rank-one ties, by their support function: no vertex is listed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_down, round_up
from conservative._core.printable import shown
from conservative.jacobians import JacobianZonotope

Floats = NDArray[np.float64]

_ENUMERATED = 12
"""Up to so many ties every vertex is solved for, if that is also cheap."""

_WORK = 2e9


@dataclass(frozen=True, slots=True, eq=False)
class ImplicitSupport:
    """max ⟨D, X⟩ over X ∈ J_imp = {(Id − A)⁻¹B : [A B] ∈ 𝒥}.

    Parameters
    ----------
    bounds : Bracket
        Proved.
    weights : ndarray, shape (k,)
        Zeros and ones: the vertex whose solve is the lower end.
    solution : ndarray, shape (p, m)
        That solve, up to rounding.
    flips : int
        How many ties were flipped on the way there; no single flip improves it further.
    """

    bounds: Bracket
    weights: Floats = field(repr=False)
    solution: Floats = field(repr=False)
    flips: int


def implicit_support(J: JacobianZonotope, direction: ArrayLike) -> ImplicitSupport:
    """Bounds of the support function of J_imp in one direction.

    Experimental: nothing else in the package relies on it, and a release may change it.

    Parameters
    ----------
    J : JacobianZonotope
        {[A B] = base + Σ t_i u_i v_iᵀ}, with ‖A‖₂ ≤ ρ < 1 proved by `J.largest_norm()`.
    direction : array_like, shape (p, m)

    Returns
    -------
    ImplicitSupport

    Raises
    ------
    ArgumentError
        If ρ < 1 is not proved, so that Id − A may be singular; or if there is no parameter.
    ShapeError

    Notes
    -----
    With v_i = (a_i, b_i), moving one t_i by δ moves the solve X = K B, K = (Id − A)⁻¹, by Sherman–Morrison,

        X ← X + δ K u_i (a_iᵀX + b_iᵀ) / (1 − δ a_iᵀK u_i),

    along a segment, since the scalar factor is monotone in δ. So J_imp is swept by segments tie after tie, a linear
    function is largest at a vertex t ∈ {0, 1}^k, and conv J_imp is the hull of the 2^k vertex solves.

    *Below*: coordinate ascent over the vertices by that formula, one flip for O(p(k + m)) operations after one solve.
    The value is proved by the residual R of the float solution X̃: ‖X − X̃‖ ≤ ‖R‖/(1 − ρ). *Above*: up to 12 ties all
    vertices are solved, each with its residual, if they are small. For more, let X₀ and Y₀ be (nearly) (Id − A₀)⁻¹B₀
    and (Id − A₀)⁻ᵀD at the centre, E_t = Σ s_i u_i w_iᵀ/2 with w_i = X₀ᵀa_i + b_i, and F_t = Σ s_i a_i (u_iᵀY₀)/2.
    From X_t − X₀ = (Id − A_t)⁻¹(R₀ + E_t) and Y_t − Y₀ = (Id − A_t)⁻ᵀ(S₀ + F_t), with residuals R₀ and S₀,

        ⟨D, X_t⟩ ≤ ⟨D, X₀⟩ + ⟨Y₀, R₀⟩ + Σ|u_iᵀY₀w_i|/2 + ‖S₀ + F‖‖R₀ + E‖/(1 − ρ),

    the last norms bounded over all s. It is sharp to first order in the size of the ties.

    Examples
    --------
    F = θ − |x|/2 at 0, where J_imp = [2/3, 2]:

    >>> from conservative.functions import from_sympy
    >>> from conservative.jacobians import jacobian_zonotope
    >>> J = jacobian_zonotope(from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"]), [0, 0])
    >>> 2.0 in implicit_support(J, [[1.0]]).bounds.widen(1e-12)
    True
    """
    D, rho = _checked(J, direction)
    parts = _Parts(J)
    weights, solution, flips = _ascend(parts, D)
    lower = _vertex_bounds(J, weights, solution, D, rho)[0]
    few = J.tie_count <= _ENUMERATED and 2**J.tie_count * J.state_size**3 <= _WORK
    upper = _enumerated(J, D, rho) if few else _first_order(J, D, rho)
    return ImplicitSupport(Bracket(min(lower, upper), upper), weights, solution, flips)


class _Parts:
    """The factors, split into state and parameter columns."""

    def __init__(self, J: JacobianZonotope) -> None:
        p = J.state_size
        self.A, self.B = J.base[:, :p], J.base[:, p:]
        self.U, self.a, self.b = J.U, J.V[:, :p], J.V[:, p:]

    def system(self, weights: Floats) -> tuple[Floats, Floats]:
        """Id − A and B at one t."""
        scaled = self.U.T * weights
        return np.eye(len(self.A)) - self.A - scaled @ self.a, self.B + scaled @ self.b


def _checked(J: JacobianZonotope, direction: ArrayLike) -> tuple[Floats, float]:
    call = "implicit_support"
    if not isinstance(J, JacobianZonotope):
        raise ArgumentTypeError(
            f"`{call}(J=...)` needs a `JacobianZonotope`, as `jacobian_zonotope` returns; got {shown(J)}."
        )
    (q, n), p = J.shape, J.state_size
    if q != p or n == p:
        raise ArgumentError(
            f"`{call}(J=...)` needs blocks [A B] with square A and a parameter part; got shape ({q}, {p} + {n - p})."
        )
    D = as_real_array(direction, call=call, argument="direction", wanted=f"shape ({p}, {n - p})")
    if D.shape != (p, n - p):
        raise ShapeError(f"`{call}(direction=...)` needs shape ({p}, {n - p}); got {D.shape}.")
    rho = J.largest_norm().bounds.upper + J.state.e_missing
    if not rho < 1.0:
        raise ArgumentError(
            f"`{call}(J=...)` needs ‖A‖₂ < 1 on the whole set, so that Id − A is invertible; only ‖A‖₂ ≤ {rho:.6g} is "
            "proved. Change variables to a norm in which the update contracts, or iterate the set."
        )
    return D, float(rho)


def _ascend(parts: _Parts, D: Floats) -> tuple[Floats, Floats, int]:
    """Coordinate ascent over t ∈ {0, 1}^k from the signs that the centre suggests."""
    k = len(parts.U)
    middle = np.full(k, 0.5)
    system, right = parts.system(middle)
    X, Y = _solve(system, right), _solve(system.T, D)
    slopes = np.einsum("km,km->k", parts.U @ Y, parts.a @ X + parts.b)
    weights = (slopes > 0.0).astype(np.float64)
    system, right = parts.system(weights)
    KU, X = _solve(system, parts.U.T), _solve(system, right)
    flips = 0
    while k and flips < 4 * k:
        delta = 1.0 - 2.0 * weights
        pivots = 1.0 - delta * np.einsum("kp,pk->k", parts.a, KU)
        moved = parts.a @ X + parts.b
        gains = delta * np.einsum("pk,pm,km->k", KU, D, moved, optimize=True) / pivots
        best = int(gains.argmax())
        if gains[best] <= 1e-13 * float(np.abs(X).max() * np.abs(D).sum() + 5e-324):
            break
        step = delta[best] / pivots[best]
        column = KU[:, best].copy()
        X = X + step * np.outer(column, moved[best])
        KU = KU + step * np.outer(column, parts.a[best] @ KU)
        weights[best] = 1.0 - weights[best]
        flips += 1
    system, right = parts.system(weights)
    return weights, _solve(system, right), flips


def _solve(system: Floats, right: Floats) -> Floats:
    return np.asarray(np.linalg.solve(system, right), dtype=np.float64)


def _residual(J: JacobianZonotope, weights: Floats, X: Floats) -> float:
    """More than ‖B_t − (Id − A_t)X‖_F for t in the box, with J's own rounding added."""
    parts = _Parts(J)
    system, right = parts.system(weights)
    size = (float(frobenius_bounds(J.base)[1]) + 2.0 * float(J.blocks.parts.sizes().sum())) + 1.0
    reach = 1.0 + float(frobenius_bounds(X)[1])
    noise = (J.shape[1] + J.tie_count + 16) * UNIT_ROUNDOFF * 1.01 * size * reach * 2.0
    return round_up(float(frobenius_bounds(right - system @ X)[1]) + noise + J.rounding * reach)


def _vertex_bounds(J: JacobianZonotope, weights: Floats, X: Floats, D: Floats, rho: float) -> tuple[float, float]:
    """⟨D, (Id − A_t)⁻¹B_t⟩ between bounds."""
    slack = _residual(J, weights, X) * _size(D) / (1.0 - rho) * (1.0 + 1e-14) + _product_rounding(D, X)
    value = float((D * X).sum())
    return round_down(value - slack), round_up(value + slack)


def _enumerated(J: JacobianZonotope, D: Floats, rho: float) -> float:
    parts, k = _Parts(J), J.tie_count
    bits = (np.arange(2**k)[:, None] >> np.arange(k)[None, :] & 1).astype(np.float64)
    ends = [_vertex_bounds(J, t, _solve(*parts.system(t)), D, rho)[1] for t in bits]
    return max(ends)


def _first_order(J: JacobianZonotope, D: Floats, rho: float) -> float:
    parts, k = _Parts(J), J.tie_count
    middle = np.full(k, 0.5)
    system, right = parts.system(middle)
    X, Y = _solve(system, right), _solve(system.T, D)
    left, moved = parts.U @ Y, parts.a @ X + parts.b
    primal = _residual(J, middle, X)
    reach = (1.0 + _size(Y)) * (2.0 * float(J.blocks.parts.sizes().sum()) + float(frobenius_bounds(J.base)[1]) + 1.0)
    noise = (J.shape[1] + k + 16) * UNIT_ROUNDOFF * 2.02 * reach
    dual = round_up(_size(D - system.T @ Y) + noise + J.rounding * (1.0 + _size(Y)))
    first = 0.5 * float(np.abs(np.einsum("km,km->k", left, moved)).sum())
    second = _spread(parts.U, moved) + noise * (1.0 + _size(X))
    third = _spread(parts.a, left) + noise
    rounding = noise * (1.0 + _size(X)) * 4.0 + _product_rounding(D, X)
    bound = float((D * X).sum()) + _size(Y) * primal + first
    return round_up((bound + (dual + third) * (primal + second) / (1.0 - rho)) * 1.0 + rounding + 1e-14 * abs(bound))


def _spread(U: Any, W: Any) -> float:
    """A bound of ‖Σ s_i u_i w_iᵀ‖_F/2 over signs: by the Gram matrix entry by entry, or one by one."""
    tall, wide = (max(float(np.abs(factor).max(initial=0.0)), 1e-150) for factor in (U, W))
    U, W = U / tall, W / wide
    together = float(np.abs((U @ U.T) * (W @ W.T)).sum()) ** 0.5
    apart = float((np.sqrt(np.einsum("kp,kp->k", U, U)) * np.sqrt(np.einsum("km,km->k", W, W))).sum())
    return float(0.5 * (min(together * (1.0 + 1e-7), apart * (1.0 + 1e-10)) + 1e-140) * tall * wide)


def _size(matrix: Floats) -> float:
    return float(frobenius_bounds(matrix)[1])


def _product_rounding(D: Floats, X: Floats) -> float:
    return (D.size + 8) * UNIT_ROUNDOFF * 1.01 * _size(D) * _size(X)
