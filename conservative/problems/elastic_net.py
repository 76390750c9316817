"""The elastic net, ½‖Xw − y‖² + ridge/2 ‖w‖² + λ‖w‖₁."""

from collections.abc import Sequence
from typing import Any

from conservative.problems.lasso import path_kinks
from conservative.problems.parameters import weight_array
from conservative.problems.penalties import L1
from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import least_squares_values, nonnegative, quadratic_problem

_SOURCE = "H. Zou, T. Hastie, Regularization and variable selection via the elastic net, J. R. Stat. Soc. B 67, 2005"


def elastic_net(
    X: Any, y: Any, *, ridge: Any = 1, theta: Sequence[str] = ("lambda",), weight: Any = 1, scale: str = "sum"
) -> Problem:
    """The lasso with a quadratic term, ½‖Xw − y‖² + ridge/2 ‖w‖² + λ‖w‖₁; the quadratic term is part of f.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p)
    y : array_like, shape (n,)
    ridge : number
        The weight of ‖w‖²/2.
    theta : sequence of str
        Of "lambda", "ridge", "y", "X", "c" (Xᵀy) and the numbers of an algorithm, such as "step".
    weight : number or array_like, shape (p,)
        λ, one for all entries or one for each, where it is not in θ, and its default where it is.
    scale : str
        "sum", or "mean" for ‖Xw − y‖²/(2n).

    Returns
    -------
    Problem

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.elastic_net([[2, 1], [1, 2], [0, 1]], [4, 3, -1], ridge=1)
    >>> problem.solve(5)
    array([1., 0.])
    """
    call = "elastic_net"
    values = least_squares_values(X, y, nonnegative(ridge, "ridge", call), theta, scale, call=call)
    values["lambda"] = weight_array(weight, "weight", values["X"].shape[1], call=call)
    return quadratic_problem(call, values, theta, L1(), source=_SOURCE, path=path_kinks)
