"""Chambolle–Pock: the primal–dual method on max_y yᵀ(Xw − b) − κ⁻¹‖y‖²/2, or on max_y yᵀDw − g*(y)."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from conservative._core.errors import ArgumentError
from conservative._core.numbers import Bracket
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.linked import conjugate_prox, multiplier, operator_norm
from conservative.algorithms.parts import damping, joined, quadratic_part
from conservative.algorithms.rates import contracting, exact_hessian, largest_curvature, root
from conservative.problems import Problem
from conservative.problems.problem import check_problem
from conservative.problems.quadratic import back, times

_SOURCE = (
    "A. Chambolle, T. Pock, A first-order primal-dual algorithm for convex problems, J. Math. Imaging Vis. 40, 2011"
)


def chambolle_pock(problem: Problem, *, step: Any = None, dual_step: Any = None) -> Algorithm:
    """y ← (y + σ(Xw̄ − b))/(1 + σ), w ← prox_{τg}(w − τXᵀy), w̄ ← 2w − w₋.

    Converges for τσ‖X‖² <= 1, in the norm M = [[I/τ, −Xᵀ], [−X, I/σ]] of (2w − w̄, y): it is the resolvent of a monotone
    map there. A quadratic term of f joins g. Where g is γ-strongly convex that map is strongly monotone, ⟨Δ, MΔ⁺⟩ ≥
    (1 + m)‖Δ⁺‖²_M with m = min(γτ, σ/κ)/(1 + √(τσ)‖X‖), and the method contracts by 1/(1 + m).
    On f(w) + g(Dw) it is y ← prox_{σg*}(y + σDw̄), w ← prox_{τf}(w − τDᵀy), with D for X.

    Parameters
    ----------
    problem : Problem
        With data X and y: lasso, elastic_net, ridge, nonnegative_least_squares; or of Dw: total_variation,
        trend_filtering, isotonic.
    step : number, optional
        τ; 1/‖X‖ when left out.
    dual_step : number, optional
        σ; 1/(τ‖X‖²) when left out.

    Returns
    -------
    Algorithm
        Its state is (w, w̄, y); `lift` of w is (w, w, Xw − b), or (w, w, y) with Dᵀy = −∇f(w).

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Warns
    -----
    RangeWarning
        When a number is outside of its range.

    References
    ----------
    [chambollepock2011]_
    [heyuan2012]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.chambolle_pock(problem)
    >>> algorithm.residual().vanishes
    True
    """
    call = "chambolle_pock"
    linked = check_problem(problem, call=call, linked=True).linked
    norm = operator_norm(problem) if linked else _norm(problem, call=call)
    steps = Range(0.0, float("inf"), "0 < step")
    tau = setting(1 / norm if step is None else step, "step", steps, call=call)
    duals = Range(0.0, 1 / (float(tau.value) * norm**2), "0 < dual_step <= 1/(step ‖X‖²)", closed=True)
    sigma = setting(duals.upper if dual_step is None else dual_step, "dual_step", duals, call=call)
    metric = "[[I/τ, −Xᵀ], [−X, I/σ]] in (2w − w̄, y), of states that a step returned"
    rate = None if linked else _contraction(problem, tau.value, sigma.value)
    rules = _linked_rules if linked else _rules
    return build(rules, problem, [tau, sigma], name=call, rate=rate, metric=metric, source=_SOURCE)


def _norm(problem: Problem, *, call: str) -> float:
    """‖X‖."""
    quadratic_part(problem, call=call)
    values = problem.floats.parameters.values
    if values["X"] is None or values["y"] is None or "c" in problem.parameters.chosen:
        raise ArgumentError(
            f"`{call}(problem=...)` needs data X and y, not a Gram matrix or c; {problem.name} has none."
        )
    return float((problem.smooth.curvatures({**values, "ridge": 0.0})[1] / values["factor"]) ** 0.5)


def _contraction(problem: Problem, step: Any, dual_step: Any) -> Bracket | None:
    """1/(1 + m), m = min(γτ, σ/κ)/(1 + √(τσ)‖X‖), with γ and 1/κ the strong convexity of g and of f's conjugate."""
    tau, sigma, v = Fraction(step), Fraction(dual_step), problem.parameters.values
    convex = Fraction(v["ridge"]) + Fraction(damping(problem))
    without = replace(problem, parameters=replace(problem.parameters, values={**v, "ridge": Fraction(0)}))
    H = exact_hessian(without)
    L = None if H is None else largest_curvature(H)
    if not convex or L is None:
        return None
    kappa = Fraction(v["factor"])
    strong = min(convex * tau, sigma / kappa)
    low, high = (1 / (1 + strong / (1 + root(tau * sigma * end / kappa)[side])) for side, end in enumerate(L))
    return contracting((low, high))


def _rules(P: Problem) -> Rules:
    p = P.size

    def update(z: Any, v: Any) -> Any:
        w, ahead, y = z[..., :p], z[..., p : 2 * p], z[..., 2 * p :]
        y = (y + v["dual_step"] * (times(v["X"], ahead) - v["y"])) / (1 + v["dual_step"] / v["factor"])
        damped = 1 + v["step"] * v["ridge"]
        after = P.penalty.prox((w - v["step"] * back(v["X"], y)) / damped, v["step"] / damped, v)
        return joined(after, 2 * after - w, y)

    def lift(w: Any, v: Any) -> Any:
        return joined(w, w, v["factor"] * (times(v["X"], w) - v["y"]))

    states = {"w": p, "w_bar": p, "y": P.parameters.values["y"].shape[0]}
    return Rules(update, states, lift=lift)


def _linked_rules(P: Problem) -> Rules:
    p, dual = P.size, multiplier(P)
    resolvent = P.smooth.resolvent(P.parameters, lambda v: v["step"], "step")

    def update(z: Any, v: Any) -> Any:
        w, ahead, y = z[..., :p], z[..., p : 2 * p], z[..., 2 * p :]
        y = conjugate_prox(P, y + v["dual_step"] * times(v["D"], ahead), v["dual_step"], v)
        after = resolvent(w - v["step"] * back(v["D"], y), v)
        return joined(after, 2 * after - w, y)

    states = {"w": p, "w_bar": p, "y": P.parameters.values["D"].shape[0]}
    return Rules(update, states, lift=lambda w, v: joined(w, w, dual(w, v)))
