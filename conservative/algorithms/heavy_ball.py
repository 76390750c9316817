"""Heavy ball: w ← prox(w − α∇f(w) + β(w − w₋))."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import MOMENTA, Range, setting
from conservative.algorithms.parts import curvatures, gradient_step, total_curvatures, with_memory
from conservative.algorithms.rates import ASYMPTOTIC, heavy_ball_radius, proved_rate
from conservative.problems import Problem
from conservative.problems.problem import check_problem

_SOURCE = "B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964"


def heavy_ball(problem: Problem, *, step: Any = None, momentum: Any = 0.5) -> Algorithm:
    """Gradient descent with momentum, w ← w − α∇f(w) + β(w − w₋); where g has kinks, followed by its proximal map.

    Converges on quadratics for 0 <= β < 1 and 0 < α < 2(1 + β)/L. It contracts in no norm that depends on the
    Euclidean one alone; its derivatives may grow at kinks of the gradient.

    Parameters
    ----------
    problem : Problem
        f and g of `cj.problems`.
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

    References
    ----------
    [polyak1964]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.ridge([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.heavy_ball(problem, momentum="1/4")
    >>> algorithm.residual().vanishes
    True
    """
    call = "heavy_ball"
    smooth = check_problem(problem, call=call).penalty.smooth
    _, L = (total_curvatures if smooth else curvatures)(problem)
    beta = setting(momentum, "momentum", MOMENTA, call=call, zero=True)
    steps = Range(0.0, 2 * (1 + float(beta.value)) / L, "0 < step < 2(1 + momentum)/L")
    alpha = setting(1 / L if step is None else step, "step", steps, call=call)
    rate = proved_rate(problem, heavy_ball_radius(alpha.value, beta.value), whole=True) if smooth else None
    metric = "none that is known" if rate is None else ASYMPTOTIC
    return build(_rules, problem, [alpha, beta], name=call, rate=rate, metric=metric, source=_SOURCE)


def _rules(P: Problem) -> Rules:
    def update(w: Any, moved: Any, v: Any) -> Any:
        inertia = v["momentum"] * moved
        if P.penalty.smooth:
            return gradient_step(P, w, v) + inertia
        return P.penalty.prox(w - v["step"] * P.smooth.gradient(w, v) + inertia, v["step"], v)

    return with_memory(P, update)
