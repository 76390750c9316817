"""Trend filtering, ½‖w − y‖² + λ‖Dᵏw‖₁ with the differences of order k."""

from collections.abc import Sequence
from typing import Any

from conservative._core.checks import as_count
from conservative.problems.denoising import denoising_problem, differences, signal
from conservative.problems.penalties import L1
from conservative.problems.problem import Problem

_SOURCE = "S.-J. Kim, K. Koh, S. Boyd, D. Gorinevsky, l1 trend filtering, SIAM Review 51, 2009"


def trend_filtering(
    y: Any, *, order: int = 2, theta: Sequence[str] = ("lambda",), weight: Any = 1, scale: str = "sum"
) -> Problem:
    """A piecewise polynomial near data: ½‖w − y‖² + λ‖Dᵏw‖₁, Dᵏ the differences of order k.

    Parameters
    ----------
    y : array_like, shape (n,)
    order : int
        k of at least 1: pieces of degree k − 1; 1 is total variation, 2 (1, −2, 1) bends a straight line.
    theta : sequence of str
        Of "lambda", "y", "D" and the numbers of an algorithm, such as "step".
    weight : number or array_like, shape (n - order,)
        λ, one for all differences or one for each, where it is not in θ, and its default where it is.
    scale : str
        "sum", or "mean" for ‖w − y‖²/(2n).

    Returns
    -------
    Problem

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.trend_filtering([0, 2, 1, 3])
    >>> [str(x) for x in problem.solve(["1/10"])]
    ['1/10', '17/10', '13/10', '29/10']
    """
    call = "trend_filtering"
    degree = as_count(order, call=call, argument="order", least=1)
    read = signal(y, degree + 1, call=call)
    D = differences(len(read), degree)
    return denoising_problem(call, read, D, L1(), theta, weight=weight, scale=scale, source=_SOURCE)
