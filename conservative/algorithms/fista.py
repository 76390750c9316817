"""FISTA: y = w + β(w − w₋), w ← prox_{αg}(y − α∇f(y))."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import momentum_and_step
from conservative.algorithms.parts import curvatures, damping, proximal_step, with_memory
from conservative.algorithms.rates import ASYMPTOTIC, nesterov_radius, proved_rate
from conservative.problems import Problem
from conservative.problems.problem import check_problem

_SOURCE = "A. Beck, M. Teboulle, A fast iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sci. 2, 2009"


def fista(problem: Problem, *, step: Any = None, momentum: Any = 0.5) -> Algorithm:
    """Accelerated forward-backward splitting: y = w + β(w − w₋), w ← prox_{αg}(y − α∇f(y)), constant β.

    Converges for 0 < α <= 1/L, and from near a solution of a quadratic f, whose support no longer changes, for
    0 < α < (2 + 2β)/((1 + 2β)L): that is the range. With the momenta t_k of the article β tends to one:
    that map depends on k, has no contracting limit, and is none of these.

    Parameters
    ----------
    problem : Problem
        f and g of `cj.problems`.
    step : number, optional
        α; 1/L when left out.
    momentum : number, optional
        β, constant.

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
    alpha, beta = momentum_and_step(momentum, step, L, call=call)
    smooth = problem.penalty.smooth
    rate = proved_rate(problem, nesterov_radius(alpha.value, beta.value, damping(problem))) if smooth else None
    metric = "none that is known" if rate is None else ASYMPTOTIC
    return build(_rules, problem, [alpha, beta], name=call, rate=rate, metric=metric, source=_SOURCE)


def _rules(P: Problem) -> Rules:
    return with_memory(P, lambda w, moved, v: proximal_step(P, w + v["momentum"] * moved, v))
