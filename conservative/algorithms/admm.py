"""The alternating direction method of multipliers on f(w) + g(z), w = z."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import halves, joined, resolvent_step
from conservative.problems import Problem

_SOURCE = "S. Boyd, N. Parikh, E. Chu, B. Peleato, J. Eckstein, Distributed optimization ... via ADMM, 2011"


def admm(problem: Problem, *, penalty: Any = 1) -> Algorithm:
    """w = prox_{f/ρ}(z − u), z ← prox_{g/ρ}(w + u), u ← u + w − z, u the scaled multiplier; its answer is z.

    Converges for every ρ > 0. Its Jacobians often have Euclidean norm one: what contracts are their products.

    Parameters
    ----------
    problem : Problem
        With quadratic f, or inverse_covariance.
    penalty : number, optional
        ρ.

    Returns
    -------
    Algorithm
        Its state is (z, u); `lift` of w is (w, −∇f(w)/ρ).

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Warns
    -----
    RangeWarning
        When a number is outside of its range.

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.admm(problem, penalty=4)
    >>> algorithm.residual().vanishes
    True
    """
    call = "admm"
    resolvent_step(problem, call=call)
    rho = setting(penalty, "penalty", Range(0.0, float("inf"), "0 < penalty"), call=call)
    return build(_rules, problem, [rho], name=call, source=_SOURCE)


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
