"""Projected gradient: w ← Π(w − α∇f(w)), Π the projection onto the constraints."""

from typing import Any

from conservative._core.errors import ArgumentError
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import curvatures, proximal_step
from conservative.algorithms.rates import forward, proved_rate
from conservative.problems import Problem
from conservative.problems.problem import check_problem

_SOURCE = "A. A. Goldstein, Convex programming in Hilbert space, Bull. AMS 70, 1964"


def projected_gradient(problem: Problem, *, step: Any = None) -> Algorithm:
    """A gradient step on f, then the projection onto the constraints: w ← Π(w − α∇f(w)).

    Forward-backward splitting where g is a constraint. Converges for 0 < α < 2/L.

    Parameters
    ----------
    problem : Problem
        With constraints: nonnegative_least_squares, box_qp, simplex_qp.
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
    >>> problem = cj.problems.nonnegative_least_squares(gram=[[2, 3], [3, 6]], linear=[2, 3])
    >>> algorithm = cj.algorithms.projected_gradient(problem)
    >>> algorithm.residual().vanishes
    True
    """
    call = "projected_gradient"
    _, L = curvatures(check_problem(problem, call=call))
    if not problem.penalty.constraint:
        raise ArgumentError(
            f"`{call}(problem=...)` needs constraints; {problem.name} has a penalty. Use `forward_backward`."
        )
    steps = Range(0.0, 2 / L, "0 < step < 2/L")
    alpha = setting(1 / L if step is None else step, "step", steps, call=call)
    rate = proved_rate(problem, forward(alpha.value))
    return build(_rules, problem, [alpha], name=call, rate=rate, metric="Euclidean", source=_SOURCE)


def _rules(P: Problem) -> Rules:
    return Rules(lambda w, v: proximal_step(P, w, v))
