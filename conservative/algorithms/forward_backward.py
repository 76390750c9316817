"""Forward–backward splitting (ISTA): w ← prox_{αg}(w − α∇f(w))."""

from typing import Any

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import curvatures, damping, proximal_step
from conservative.algorithms.rates import forward, proved_rate
from conservative.problems import Problem
from conservative.problems.problem import check_problem

_SOURCE = "P. L. Combettes, V. R. Wajs, Signal recovery by proximal forward-backward splitting, SIAM MMS 4, 2005"


def forward_backward(problem: Problem, *, step: Any = None) -> Algorithm:
    """A gradient step on f, then the proximal map of g: w ← prox_{αg}(w − α∇f(w)); ISTA for the lasso.

    Converges for 0 < α < 2/L, L the largest curvature of f. Where f is strongly convex it contracts by
    max(|1 − αμ|, |1 − αL|) in the Euclidean norm, as does every element of its Jacobians; divided by 1 + αλ where g is
    λ/2 ‖w‖².

    Parameters
    ----------
    problem : Problem
        f and g of `cj.problems`.
    step : number, optional
        α, exact where it is given so; 1/L when left out.

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
        When α is not below 2/L.

    References
    ----------
    [Combettes2005]_

    Examples
    --------
    At λ = 1 a coordinate enters the path of this lasso: one tie, two Jacobians.

    >>> from fractions import Fraction
    >>> import conservative as cj
    >>> problem = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> ista = cj.algorithms.forward_backward(problem, step=Fraction(1, 10))
    >>> J = cj.conservative_jacobian(ista, [2, 0, 1])
    >>> len(J.vertices)
    2
    >>> cj.implicit_jacobian(J).vertices.round(4).tolist()
    [[[-0.1429], [-0.0714]], [[-0.2], [0.0]]]
    """
    call = "forward_backward"
    _, L = curvatures(check_problem(problem, call=call))
    steps = Range(0.0, 2 / L, "0 < step < 2/L")
    alpha = setting(1 / L if step is None else step, "step", steps, call=call)
    rate = proved_rate(problem, forward(alpha.value, damping(problem)))
    return build(_rules, problem, [alpha], name=call, rate=rate, metric="Euclidean", source=_SOURCE)


def _rules(P: Problem) -> Rules:
    return Rules(lambda w, v: proximal_step(P, w, v))
