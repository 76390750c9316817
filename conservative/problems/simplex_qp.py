"""Quadratic programs over the simplex, ½ wᵀGw − cᵀw, w ≥ 0, Σw = 1."""

from collections.abc import Sequence
from typing import Any

from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import gram_values, quadratic_problem
from conservative.problems.simplex import Simplex


def simplex_qp(gram: Any, linear: Any = None, *, theta: Sequence[str] = ("c",)) -> Problem:
    """½ wᵀGw − cᵀw over the probability simplex.

    Its projection is the one of programs that sort: an entry at the threshold is in the support or out of it, in the
    threshold and in the result alike, so that every derivative stays in the simplex's tangent space.

    Parameters
    ----------
    gram : array_like, shape (p, p)
        G, symmetric and positive semidefinite.
    linear : array_like, shape (p,), optional
        c where it is not in θ, and its default where it is; ones when left out.
    theta : sequence of str
        Of "c", "gram" and the numbers of an algorithm, such as "step".

    Returns
    -------
    Problem

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.simplex_qp([[2, 1, 0], [1, 2, 1], [0, 1, 3]])
    >>> problem.solve([2, 2, 1])
    array([0.5, 0.5, 0. ])
    """
    values = gram_values(gram, linear, theta, call="simplex_qp")
    return quadratic_problem("simplex_qp", values, theta, Simplex(), source="")
