"""Ridge regression, ½‖Xw − y‖² + λ/2 ‖w‖²."""

from collections.abc import Sequence
from typing import Any

from conservative.problems.penalties import SquaredL2
from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import least_squares_values, nonnegative, quadratic_problem

_SOURCE = "A. E. Hoerl, R. W. Kennard, Ridge regression, Technometrics 12, 1970"


def ridge(X: Any, y: Any, *, theta: Sequence[str] = ("lambda",), weight: Any = 1, scale: str = "sum") -> Problem:
    """Least squares with a quadratic penalty, ½‖Xw − y‖² + λ/2 ‖w‖².

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p)
    y : array_like, shape (n,)
    theta : sequence of str
        Of "lambda", "y", "X", "c" (Xᵀy) and the numbers of an algorithm, such as "step".
    weight : number
        λ where it is not in θ, and its default where it is.
    scale : str
        "sum", or "mean" for ‖Xw − y‖²/(2n).

    Returns
    -------
    Problem

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.ridge([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> [str(x) for x in problem.solve(["1"])]
    ['41/26', '5/13']
    >>> [str(x) for x in problem.derivative(["1"])[:, 0]]
    ['-19/52', '2/13']
    """
    values = least_squares_values(X, y, 0, theta, scale, call="ridge")
    values["lambda"] = nonnegative(weight, "weight", "ridge")
    return quadratic_problem("ridge", values, theta, SquaredL2(), source=_SOURCE)
