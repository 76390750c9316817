"""Sinkhorn's algorithm in the logarithmic domain: x ← log a − log(K (b / Kᵀeˣ)), K = exp(−C/ε)."""

from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.numbers import Bracket
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.rates import contracting, tanh_squared
from conservative.problems import Problem
from conservative.problems.problem import check_problem

_SOURCE = (
    "R. Sinkhorn, P. Knopp, Concerning nonnegative matrices and doubly stochastic matrices, Pacific J. Math., 1967"
)


def sinkhorn(problem: Problem) -> Algorithm:
    """One row and one column scaling, in logarithms of the row scalings; the output is the plan.

    ∂₁F is row-stochastic, diag(1/a) P diag(1/b) Pᵀ, with the eigenvalue 1 on constants, along which the output does not
    move: F contracts on the quotient by constants, in the seminorm max − min by Birkhoff's tanh²(Δ/4) with
    Δ = max (C_il + C_jk − C_ik − C_jl)/ε, and asymptotically by λ₂ = σ₂²(diag(a)^{−1/2} P diag(b)^{−1/2}).

    Parameters
    ----------
    problem : Problem
        `cj.problems.optimal_transport`.

    Returns
    -------
    Algorithm
        Its state is x = log of the row scalings, one number a row.

    Raises
    ------
    ArgumentTypeError

    References
    ----------
    [franklinlorenz1989]_
    [sinkhornknopp1967]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.optimal_transport([[0, 1], [1, 0]])
    >>> step = cj.algorithms.sinkhorn(problem)
    >>> step.output(step.lift(problem.solve(1.0), [1.0]), [1.0]).round(6).tolist()
    [0.365529, 0.134471, 0.134471, 0.365529]
    """
    P = check_problem(problem, call="sinkhorn")
    if P.name != "optimal transport":
        raise ArgumentTypeError(f"`sinkhorn(problem=...)` needs `cj.problems.optimal_transport`; got {P.name}.")
    rate = _birkhoff(P.parameters.values["C"], P.parameters.values["epsilon"])
    return build(_rules, P, name="sinkhorn", rate=rate, metric="variation seminorm, max − min", source=_SOURCE)


def _birkhoff(C: Any, epsilon: Any) -> Bracket | None:
    """tanh²(Δ/4), Δ = max (C_il + C_jk − C_ik − C_jl)/ε; enclosed up to the largest difference as it rounds."""
    apart = C[:, None, :] - C[None, :, :]
    spans = apart.max(axis=-1) - apart.min(axis=-1)
    i, j = np.unravel_index(int(spans.argmax()), spans.shape)
    exact = [Fraction(x) - Fraction(y) for x, y in zip(C[i].tolist(), C[j].tolist(), strict=True)]
    width = max(exact) - min(exact)
    slack = 8 * Fraction(float(np.abs(C).max())) * Fraction(2) ** -53
    low, high = (tanh_squared(end / (4 * Fraction(epsilon))) for end in (width, width + slack))
    return contracting((low[0], high[1]))


def _rules(P: Problem) -> Rules:
    def scaled(v: Any) -> Any:
        strength = v["epsilon"]
        for name in ("epsilon", "a", "b"):
            _refuse_below_zero(v[name], name)
        return v["C"] / (strength[..., None] if np.ndim(strength) else strength)

    def columns(x: Any, cost: Any, v: Any) -> Any:
        return np.log(v["b"]) - _log_sum(np.swapaxes(x[..., :, None] - cost, -1, -2))

    def update(x: Any, v: Any) -> Any:
        cost = scaled(v)
        return np.log(v["a"]) - _log_sum(columns(x, cost, v)[..., None, :] - cost)

    def output(x: Any, v: Any) -> Any:
        cost = scaled(v)
        plan = np.exp(x[..., :, None] - cost + columns(x, cost, v)[..., None, :])
        return plan.reshape(*x.shape[:-1], P.size)

    def lift(w: Any, v: Any) -> Any:
        cost = scaled(v)
        plan = w.reshape(*w.shape[:-1], *P.parameters.values["C"].shape)
        if not (plan > 0).all():
            return _of_positive_entries(plan, np.broadcast_to(cost, plan.shape))
        rows = (np.log(plan) + cost).mean(axis=-1)
        return rows - rows.mean(axis=-1, keepdims=True)

    return Rules(update, {"x": len(P.parameters.values["a"])}, output, lift)


def _of_positive_entries(plan: Any, cost: Any) -> Any:
    """x of least squares with x_i + y_j = log P_ij + C_ij/ε where P_ij is not 0: as ε falls entries leave the doubles.

    What the other entries would tell is lost: `residual` says by how much F moves the state then.
    """
    n, m = plan.shape[-2:]
    rows = np.repeat(np.eye(n), m, axis=0)
    equations = np.concatenate([rows, np.tile(np.eye(m), (n, 1))], axis=1)
    found = []
    for P, c in zip(plan.reshape(-1, n * m), cost.reshape(-1, n * m), strict=True):
        known = P > 0
        x = np.linalg.lstsq(equations[known], np.log(P[known]) + c[known], rcond=None)[0][:n]
        found.append(x - x.mean())
    return np.array(found).reshape(*plan.shape[:-2], n)


def _refuse_below_zero(value: Any, name: str) -> None:
    least = float(np.min(getattr(value, "v", value)))
    if not least > 0:
        raise ArgumentError(
            f"`sinkhorn` needs {name} above 0; got {least:.6g}. "
            + (
                "Take a small epsilon, such as 1e-3 of the largest cost: steps are in logarithms."
                if name == "epsilon"
                else "Leave out rows and columns without mass."
            )
        )


def _log_sum(z: Any) -> Any:
    """log Σ exp over the last axis, by halves: no maximum, and so no tie that cancels."""
    while z.shape[-1] > 1:
        half = z.shape[-1] // 2
        joined = np.logaddexp(z[..., :half], z[..., half : 2 * half])
        z = joined if z.shape[-1] == 2 * half else np.concatenate([joined, z[..., 2 * half :]], axis=-1)
    return z[..., 0]
