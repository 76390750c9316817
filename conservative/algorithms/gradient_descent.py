"""Gradient descent: w ← w − α∇f(w)."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import gradient_step, smooth_problem, total_curvatures
from conservative.algorithms.rates import forward, proved_rate
from conservative.problems import Problem

_SOURCE = "Yu. Nesterov, Lectures on Convex Optimization, 2018"


def gradient_descent(problem: Problem, *, step: Any = None) -> Algorithm:
    """Gradient descent, w ← w − α∇f(w), f the whole objective.

    Converges for 0 < α < 2/L, L the largest curvature, and contracts by max(|1 − αμ|, |1 − αL|) where f is strongly
    convex.

    Parameters
    ----------
    problem : Problem
        With a gradient: ridge.
    step : number, optional
        α; 1/L when left out.

    Returns
    -------
    Algorithm
        Its state is w itself.

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
    >>> algorithm = cj.algorithms.gradient_descent(problem)
    >>> algorithm.residual().vanishes
    True
    """
    call = "gradient_descent"
    smooth_problem(problem, call=call, remedy="Use `forward_backward` or `projected_gradient`.")
    _, L = total_curvatures(problem)
    steps = Range(0.0, 2 / L, "0 < step < 2/L")
    alpha = setting(1 / L if step is None else step, "step", steps, call=call)
    rate = proved_rate(problem, forward(alpha.value), whole=True)
    return build(_rules, problem, [alpha], name=call, rate=rate, metric="Euclidean", source=_SOURCE)


def _rules(P: Problem) -> Rules:
    return Rules(lambda w, v: gradient_step(P, w, v))
