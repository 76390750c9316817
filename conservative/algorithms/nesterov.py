"""Nesterov's accelerated gradient: y = w + β(w − w₋), w ← y − α∇f(y)."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm, Formulas, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import first, gradient, joined, smooth_problem, total_curvatures, twice
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
    momenta = Range(0.0, 1.0, "0 <= momentum < 1")
    beta = setting(momentum, "momentum", momenta, call=call, zero=True)
    most = (2 + 2 * float(beta)) / ((1 + 2 * float(beta)) * L)
    steps = Range(0.0, most, "0 < step < (2 + 2 momentum)/((1 + 2 momentum)L)")
    settings = {"step": setting(1 / L if step is None else step, "step", steps, call=call), "momentum": beta}
    return build(
        _formulas, problem, settings, name=call, states=lambda P: {"w": P.size, "w_": P.size},
        conditions={"step": steps, "momentum": momenta}, rate=None, metric="none that is known", source=_SOURCE,
    )  # fmt: skip


def _formulas(P: Problem) -> Formulas:
    def update(z: Any, theta: Any) -> Any:
        v = P.read(theta)
        w, before = z[..., : P.size], z[..., P.size :]
        y = w + v["momentum"] * (w - before)
        return joined(y - v["step"] * gradient(P, y, v), w)

    return Formulas(update, output=first(P), lift=twice(P))
