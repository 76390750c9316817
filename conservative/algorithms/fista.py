"""FISTA: y = w + β(w − w₋), w ← prox_{αg}(y − α∇f(y))."""

from typing import Any

import numpy as np

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, momentum_and_step, setting
from conservative.algorithms.parts import curvatures, damping, joined, proximal_step, with_memory
from conservative.algorithms.rates import ASYMPTOTIC, nesterov_radius, proved_rate
from conservative.problems import Problem
from conservative.problems.problem import check_problem

_MOVING = (
    'the momentum of `fista(momentum="t_k")` depends on the number of the step and tends to one, so that no point '
    "stays: take a constant `momentum`"
)
_SOURCE = "A. Beck, M. Teboulle, A fast iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sci. 2, 2009"


def fista(problem: Problem, *, step: Any = None, momentum: Any = 0.5) -> Algorithm:
    """Accelerated forward-backward splitting: y = w + β(w − w₋), w ← prox_{αg}(y − α∇f(y)).

    Converges for 0 < α <= 1/L, and from near a solution of a quadratic f, whose support no longer changes, for
    0 < α < (2 + 2β)/((1 + 2β)L): that is the range. With the momenta of the article, β = (t₋ − 1)/t,
    t ← (1 + √(1 + 4t²))/2, the step depends on its number. t then is one more state, which loops follow; it grows
    without end and β tends to one, so that there is no fixed point, and no limit of the steps that contracts.

    Parameters
    ----------
    problem : Problem
        f and g of `cj.problems`.
    step : number, optional
        α; 1/L when left out.
    momentum : number, optional
        β, constant; or "t_k" for the article's.

    Returns
    -------
    Algorithm
        Its state is (w, w₋), w₋ the iterate before, and (w, w₋, t) with "t_k", from t = 1.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Warns
    -----
    RangeWarning
        When a number is outside of its range.

    References
    ----------
    [beckteboulle2009]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.fista(problem)
    >>> algorithm.residual().vanishes
    True
    """
    call = "fista"
    _, L = curvatures(check_problem(problem, call=call))
    if isinstance(momentum, str) and momentum == "t_k":
        alpha = setting(1 / L if step is None else step, "step", Range(0.0, 1 / L, "0 < step <= 1/L", True), call=call)
        return build(_moving_rules, problem, [alpha], name=call, source=_SOURCE, no_fixed_point=_MOVING)
    alpha, beta = momentum_and_step(momentum, step, L, call=call)
    smooth = problem.penalty.smooth
    rate = proved_rate(problem, nesterov_radius(alpha.value, beta.value, damping(problem))) if smooth else None
    metric = "none that is known" if rate is None else ASYMPTOTIC
    return build(_rules, problem, [alpha, beta], name=call, rate=rate, metric=metric, source=_SOURCE)


def _moving_rules(P: Problem) -> Rules:
    p = P.size

    def update(z: Any, v: Any) -> Any:
        w, before, t = z[..., :p], z[..., p : 2 * p], z[..., 2 * p :]
        after = (1 + np.sqrt(1 + 4 * t * t)) / 2
        y = w + (t - 1) / after * (w - before)
        return joined(proximal_step(P, y, v), w, after)

    def lift(w: Any, v: Any) -> Any:
        return joined(w, w, w[..., :1] * 0 + 1)

    return Rules(update, {"w": p, "w_": p, "t": 1}, lift=lift, clock=1)


def _rules(P: Problem) -> Rules:
    return with_memory(P, lambda w, moved, v: proximal_step(P, w + v["momentum"] * moved, v))
