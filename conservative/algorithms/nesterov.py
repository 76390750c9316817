"""Nesterov's accelerated gradient: y = w + β(w − w₋), w ← y − α∇f(y)."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import momentum_and_step
from conservative.algorithms.parts import gradient_step, smooth_problem, total_curvatures, with_memory
from conservative.algorithms.rates import ASYMPTOTIC, nesterov_radius, proved_rate
from conservative.problems import Problem

_SOURCE = "Yu. Nesterov, Lectures on Convex Optimization, 2018"


def nesterov(problem: Problem, *, step: Any = None, momentum: Any = 0.5) -> Algorithm:
    """Accelerated gradient with constant momentum: y = w + β(w − w₋), w ← y − α∇f(y), f the whole objective.

    Converges on strongly convex quadratics exactly for 0 < α < (2 + 2β)/((1 + 2β)L), 0 <= β < 1: each curvature h makes
    r² − (1 + β)(1 − αh) r + β(1 − αh), whose roots are then inside of the circle. Its Jacobians have Euclidean
    norm above one; what contracts is a norm of products, if any.

    Parameters
    ----------
    problem : Problem
        With a gradient: ridge.
    step : number, optional
        α; 1/L when left out.
    momentum : number, optional
        β.

    Returns
    -------
    Algorithm
        Its state is (w, w₋), w₋ the iterate before.

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
    >>> problem = cj.problems.ridge([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.nesterov(problem, momentum="1/4")
    >>> algorithm.residual().vanishes
    True
    """
    call = "nesterov"
    smooth_problem(problem, call=call, remedy="Use `fista`.")
    _, L = total_curvatures(problem)
    alpha, beta = momentum_and_step(momentum, step, L, call=call)
    rate = proved_rate(problem, nesterov_radius(alpha.value, beta.value), whole=True)
    metric = "none that is known" if rate is None else ASYMPTOTIC
    return build(_rules, problem, [alpha, beta], name=call, rate=rate, metric=metric, source=_SOURCE)


def _rules(P: Problem) -> Rules:
    return with_memory(P, lambda w, moved, v: gradient_step(P, w + v["momentum"] * moved, v))
