"""Quadratic programs over a box, ½ wᵀGw − cᵀw, lower ≤ w ≤ upper."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.parameters import read_array
from conservative.problems.penalties import Box
from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import gram_values, quadratic_problem


def box_qp(gram: Any, linear: Any = None, *, lower: Any = 0, upper: Any = 1, theta: Sequence[str] = ("c",)) -> Problem:
    """½ wᵀGw − cᵀw over lower ≤ w ≤ upper.

    Parameters
    ----------
    gram : array_like, shape (p, p)
        G, symmetric and positive semidefinite.
    linear : array_like, shape (p,), optional
        c where it is not in θ, and its default where it is; ones when left out.
    lower, upper : number or array_like, shape (p,)
    theta : sequence of str
        Of "c", "lower", "upper", "gram" and the numbers of an algorithm, such as "step".

    Returns
    -------
    Problem

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.box_qp([[3, 1], [1, 2]])
    >>> problem.solve([3, 1])
    array([1., 0.])
    """
    values = gram_values(gram, linear, theta, call="box_qp")
    p = len(values["gram"])
    for name, bound in (("lower", lower), ("upper", upper)):
        spread = np.full(p, bound, dtype=object) if np.ndim(bound) == 0 else bound
        values[name] = read_array(spread, 1, call="box_qp", argument=name)
        if values[name].shape != (p,):
            raise ShapeError(f"`box_qp({name}=...)` needs a number or {p} numbers; got {values[name].shape}.")
    if (values["lower"] >= values["upper"]).any():
        raise ArgumentError("`box_qp` needs lower < upper in every entry.")
    return quadratic_problem("box_qp", values, theta, Box(), source="")
