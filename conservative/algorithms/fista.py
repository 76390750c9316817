"""FISTA: y = w + β(w − w₋), w ← prox_{αg}(y − α∇f(y))."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm, Formulas, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import curvatures, first, joined, twice
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
        return joined(P.penalty.prox(y - v["step"] * P.smooth.gradient(y, v), v["step"], v), w)

    return Formulas(update, output=first(P), lift=twice(P))
