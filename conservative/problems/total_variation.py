"""Total variation denoising, ½‖w − y‖² + λ Σ|w_j − w_i|, on a chain or a graph."""

from collections.abc import Sequence
from typing import Any

from conservative.problems.denoising import denoising_problem, differences, incidence, signal
from conservative.problems.penalties import L1
from conservative.problems.problem import Problem

_SOURCE = (
    "L. I. Rudin, S. Osher, E. Fatemi, Nonlinear total variation based noise removal algorithms, Physica D 60, 1992"
)


def total_variation(
    y: Any,
    *,
    edges: Sequence[Sequence[int]] | None = None,
    theta: Sequence[str] = ("lambda",),
    weight: Any = 1,
    scale: str = "sum",
) -> Problem:
    """Denoising by the sum of absolute differences of neighbours, ½‖w − y‖² + λ Σ|w_j − w_i|.

    Parameters
    ----------
    y : array_like, shape (n,)
        Whole numbers, fractions and rational strings stay exact.
    edges : sequence of pairs (i, j), optional
        Neighbours in a graph; a chain when left out.
    theta : sequence of str
        Of "lambda", "y", "D" (the matrix of differences) and the numbers of an algorithm, such as "step".
    weight : number or array_like, shape (edges,)
        λ, one for all edges or one for each, where it is not in θ, and its default where it is.
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
    >>> problem = cj.problems.total_variation([0, 3, 6])
    >>> problem.solve(1).tolist()
    [1.0, 3.0, 5.0]
    >>> problem.kinks(0, 10).round(6).tolist()
    [3.0]
    """
    call = "total_variation"
    read = signal(y, 2, call=call)
    D = differences(len(read), 1) if edges is None else incidence(edges, len(read), call=call)
    return denoising_problem(call, read, D, L1(), theta, weight=weight, scale=scale, source=_SOURCE)
