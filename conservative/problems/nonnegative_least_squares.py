"""Nonnegative least squares, ½‖Xw − y‖² or ½ wᵀGw − cᵀw, over w ≥ 0."""

from collections.abc import Sequence
from typing import Any

from conservative._core.errors import ArgumentError
from conservative.problems.penalties import NonNegative
from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import gram_values, least_squares_values, quadratic_problem

_SOURCE = "C. L. Lawson, R. J. Hanson, Solving Least Squares Problems, 1974"


def nonnegative_least_squares(
    X: Any = None,
    y: Any = None,
    *,
    gram: Any = None,
    linear: Any = None,
    theta: Sequence[str] = ("c",),
    scale: str = "sum",
) -> Problem:
    """½‖Xw − y‖² over w ≥ 0, from X and y or from G = XᵀX and c = Xᵀy: ½ wᵀGw − cᵀw.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p), optional
    y : array_like, shape (n,), optional
    gram : array_like, shape (p, p), optional
        G, instead of X and y.
    linear : array_like, shape (p,), optional
        c where G is given and c is not in θ, and its default where it is; ones when left out.
    theta : sequence of str
        Of "c", with X also "y" and "X", with G also "gram", and the numbers of an algorithm, such as "step".
    scale : str
        "sum", or "mean" for ‖Xw − y‖²/(2n).

    Returns
    -------
    Problem

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.nonnegative_least_squares(gram=[[2, 3], [3, 6]])
    >>> problem.solve([2, 3])
    array([1., 0.])
    """
    call = "nonnegative_least_squares"
    if (gram is None) == (X is None or y is None):
        raise ArgumentError(
            f"`{call}` needs either X and y, or gram (and linear); got {'neither' if gram is None else 'both'}."
        )
    if gram is None:
        values = least_squares_values(X, y, 0, theta, scale, call=call)
    else:
        values = gram_values(gram, linear, theta, call=call)
    return quadratic_problem(call, values, theta, NonNegative(), source=_SOURCE)
