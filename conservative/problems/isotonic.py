"""Isotonic regression, ½ Σ ωᵢ (wᵢ − yᵢ)² over w that do not fall."""

from collections.abc import Sequence
from typing import Any

from conservative.problems.denoising import denoising_problem, differences, incidence, signal
from conservative.problems.penalties import NonNegative
from conservative.problems.problem import Problem

_SOURCE = "R. E. Barlow et al., Statistical Inference under Order Restrictions, 1972"


def isotonic(
    y: Any,
    *,
    weights: Any = None,
    edges: Sequence[Sequence[int]] | None = None,
    increasing: bool = True,
    theta: Sequence[str] = ("y",),
) -> Problem:
    """The nearest w without a fall: ½ Σ ωᵢ (wᵢ − yᵢ)² over w_i ≤ w_j for all edges (i, j).

    Parameters
    ----------
    y : array_like, shape (n,)
    weights : array_like, shape (n,), optional
        ω, positive; ones when left out.
    edges : sequence of pairs (i, j), optional
        The order; 0, 1, ..., n − 1 when left out.
    increasing : bool
        Or w_i ≥ w_j.
    theta : sequence of str
        Of "y", "weights", "D" and the numbers of an algorithm, such as "step".

    Returns
    -------
    Problem

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.isotonic([1, 3, 2, 4])
    >>> problem.solve().tolist()
    [Fraction(1, 1), Fraction(5, 2), Fraction(5, 2), Fraction(4, 1)]
    """
    call = "isotonic"
    read = signal(y, 2, call=call)
    D = differences(len(read), 1) if edges is None else incidence(edges, len(read), call=call)
    return denoising_problem(call, read, D if increasing else -D, NonNegative(), theta, weights=weights, source=_SOURCE)
