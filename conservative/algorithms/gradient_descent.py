"""Gradient descent: w ← w − α∇f(w)."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm, Formulas, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import gradient, smooth_problem, total_curvatures
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
    return build(
        _formulas, problem, {"step": alpha},
        name=call, states=lambda P: {"w": P.size}, conditions={"step": steps},
        rate=proved_rate(problem, forward(alpha), whole=True), metric="Euclidean",
        source=_SOURCE,
    )  # fmt: skip


def _formulas(P: Problem) -> Formulas:
    def update(w: Any, theta: Any) -> Any:
        v = P.read(theta)
        return w - v["step"] * gradient(P, w, v)

    return Formulas(update, output=lambda w, theta: w, lift=lambda w, theta: w)
