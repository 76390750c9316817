"""Newton's method on a smooth objective: w ← w − (∇²f)⁻¹∇f(w)."""

from conservative._core.numbers import Bracket
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.parts import gradient, hessian, smooth_problem
from conservative.problems import Problem
from conservative.problems.quadratic import Quadratic, solve_rows

_SOURCE = "Yu. Nesterov, Lectures on Convex Optimization, 2018"


def newton(problem: Problem) -> Algorithm:
    """Newton's method, w ← w − (∇²f)⁻¹∇f(w), f the whole objective.

    At the solution ∂F/∂w is zero: the derivative by θ of one step is that of the solution. Semismooth Newton methods
    for objectives with kinks are discontinuous, so that no conservative Jacobian exists: they are not offered.

    Parameters
    ----------
    problem : Problem
        With a gradient: ridge.

    Returns
    -------
    Algorithm
        Its state is w itself.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.ridge([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> J = cj.conservative_jacobian(cj.algorithms.newton(problem), ["41/26", "5/13", 1])
    >>> J.vertices[0, :, :2].tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    smooth_problem(
        problem, call="newton",
        remedy="Semismooth Newton is discontinuous, outside of the theory; use `forward_backward`.",
    )  # fmt: skip
    rate = Bracket(0.0, 0.0) if isinstance(problem.smooth, Quadratic) else None
    return build(_rules, problem, name="newton", rate=rate, metric="Euclidean", source=_SOURCE)


def _rules(P: Problem) -> Rules:
    return Rules(lambda w, v: w - solve_rows(hessian(P, w, v), gradient(P, w, v)))
