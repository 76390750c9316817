"""Douglas–Rachford splitting: s = prox_{γg}(z), z ← z + prox_{γf}(2s − z) − s."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.linked import graph_projection, multiplier
from conservative.algorithms.parts import joined, resolvent_step
from conservative.algorithms.rates import proved_rate, splitting
from conservative.problems import Problem
from conservative.problems.problem import check_problem
from conservative.problems.quadratic import times

_SOURCE = "P.-L. Lions, B. Mercier, Splitting algorithms for the sum of two nonlinear operators, SINUM 16, 1979"


def douglas_rachford(problem: Problem, *, step: Any = None) -> Algorithm:
    """s = prox_{γg}(z), z ← z + prox_{γf}(2s − z) − s; its answer is w = prox_{γg}(z).

    Converges for every γ > 0. Where f is strongly convex and smooth it contracts in the Euclidean norm by (1 + δ)/2,
    δ = max((γL − 1)/(γL + 1), (1 − γμ)/(1 + γμ)). On f(w) + g(Dw) it splits f(w) + g(z) from the graph Dw = z:
    s = (prox_{γf}(a), prox_{γg}(b)), (a, b) ← (a, b) + Π(2s − (a, b)) − s, with answer prox_{γf}(a).

    Parameters
    ----------
    problem : Problem
        With quadratic f, or inverse_covariance, or of Dw: total_variation, trend_filtering, isotonic.
    step : number, optional
        γ; 1/L when left out, 1 where f has no L.

    Returns
    -------
    Algorithm
        Its state is z; `lift` of w is w − γ∇f(w), or (w + γ∇f(w), Dw + γu) with Dᵀu = −∇f(w).

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
    >>> algorithm = cj.algorithms.douglas_rachford(problem)
    >>> algorithm.residual().vanishes
    True
    """
    call = "douglas_rachford"
    if check_problem(problem, call=call, linked=True).linked:
        gamma = setting(1 if step is None else step, "step", Range(0.0, float("inf"), "0 < step"), call=call)
        return build(_linked_rules, problem, [gamma], name=call, source=_SOURCE)
    default = resolvent_step(problem, call=call)
    steps = Range(0.0, float("inf"), "0 < step")
    gamma = setting(default if step is None else step, "step", steps, call=call)
    rate = proved_rate(problem, splitting(gamma.value))
    return build(_rules, problem, [gamma], name=call, rate=rate, metric="Euclidean", source=_SOURCE)


def _rules(P: Problem) -> Rules:
    resolvent = P.smooth.resolvent(P.parameters, lambda v: v["step"], "step")

    def update(z: Any, v: Any) -> Any:
        z = P.penalty.within(z)
        s = P.penalty.prox(z, v["step"], v)
        return z + resolvent(2 * s - z, v) - s

    def output(z: Any, v: Any) -> Any:
        # The same operations as in the update: a tie of theirs is then one.
        return P.penalty.prox(P.penalty.within(z), v["step"], v)

    def lift(w: Any, v: Any) -> Any:
        return w - v["step"] * P.smooth.gradient(w, v)

    return Rules(update, {"z": P.size}, output, lift)


def _linked_rules(P: Problem) -> Rules:
    n, rows, dual = P.size, P.parameters.values["D"].shape[0], multiplier(P)
    resolvent = P.smooth.resolvent(P.parameters, lambda v: v["step"], "step")
    onto_graph = graph_projection(P)

    def output(state: Any, v: Any) -> Any:
        return resolvent(state[..., :n], v)

    def update(state: Any, v: Any) -> Any:
        s = joined(output(state, v), P.penalty.prox(state[..., n:], v["step"], v))
        ahead = 2 * s - state
        w = onto_graph(ahead[..., :n], ahead[..., n:], v)
        return state + joined(w, times(v["D"], w)) - s

    def lift(w: Any, v: Any) -> Any:
        return joined(w + v["step"] * P.smooth.gradient(w, v), times(v["D"], w) + v["step"] * dual(w, v))

    return Rules(update, {"a": n, "b": rows}, output, lift)
