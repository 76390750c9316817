"""The alternating direction method of multipliers on f(w) + g(z), w = z or Dw = z."""

from fractions import Fraction
from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.linked import inverse_with_penalty, multiplier
from conservative.algorithms.parts import halves, joined, resolvent_step
from conservative.algorithms.rates import proved_rate, splitting
from conservative.problems import Problem
from conservative.problems.problem import check_problem
from conservative.problems.quadratic import back, times

_SOURCE = "S. Boyd, N. Parikh, E. Chu, B. Peleato, J. Eckstein, Distributed optimization ... via ADMM, 2011"


def admm(problem: Problem, *, penalty: Any = 1) -> Algorithm:
    """w = prox_{f/ρ}(z − u), z ← prox_{g/ρ}(w + u), u ← u + w − z, u the scaled multiplier; its answer is z.

    On f(w) + g(Dw) it is w = argmin f(w) + ρ/2 ‖Dw − z + u‖², z ← prox_{g/ρ}(Dw + u), u ← u + Dw − z, with answer w.
    Converges for every ρ > 0. Its Jacobians often have Euclidean norm one: what contracts are their products.

    Parameters
    ----------
    problem : Problem
        With quadratic f, or inverse_covariance, or of Dw: total_variation, trend_filtering, isotonic.
    penalty : number, optional
        ρ.

    Returns
    -------
    Algorithm
        Its state is (z, u); `lift` of w is (w, −∇f(w)/ρ), or (Dw, u) with ρDᵀu = −∇f(w).

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Warns
    -----
    RangeWarning
        When a number is outside of its range.

    References
    ----------
    [giselssonboyd2017]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.admm(problem, penalty=4)
    >>> algorithm.residual().vanishes
    True
    """
    call = "admm"
    linked = check_problem(problem, call=call, linked=True).linked
    if not linked:
        resolvent_step(problem, call=call)
    rho = setting(penalty, "penalty", Range(0.0, float("inf"), "0 < penalty"), call=call)
    rate = None if linked else proved_rate(problem, splitting(1 / Fraction(rho.value)))
    metric = "none that is known" if linked else "Euclidean in z + u, of states that a step returned"
    rules = _linked_rules if linked else _rules
    return build(rules, problem, [rho], name=call, rate=rate, metric=metric, source=_SOURCE)


def _rules(P: Problem) -> Rules:
    resolvent = P.smooth.resolvent(P.parameters, lambda v: 1 / v["penalty"], "penalty")

    def update(state: Any, v: Any) -> Any:
        z, u = (P.penalty.within(part) for part in halves(state))
        w = resolvent(z - u, v) + u
        z = P.penalty.prox(w, 1 / v["penalty"], v)
        return joined(z, w - z)

    def lift(w: Any, v: Any) -> Any:
        return joined(w, -P.smooth.gradient(w, v) / v["penalty"])

    return Rules(update, {"z": P.size, "u": P.size}, lift=lift)


def _linked_rules(P: Problem) -> Rules:
    inverse, dual = inverse_with_penalty(P), multiplier(P)

    def output(state: Any, v: Any) -> Any:
        z, u = halves(state)
        return inverse(P.smooth.linear(v) + v["penalty"] * back(v["D"], z - u), v)

    def update(state: Any, v: Any) -> Any:
        moved = times(v["D"], output(state, v)) + halves(state)[1]
        z = P.penalty.prox(moved, 1 / v["penalty"], v)
        return joined(z, moved - z)

    def lift(w: Any, v: Any) -> Any:
        return joined(times(v["D"], w), dual(w, v) / v["penalty"])

    rows = P.parameters.values["D"].shape[0]
    return Rules(update, {"z": rows, "u": rows}, output, lift)
