"""The lasso, ½‖Xw − y‖² + λ‖w‖₁, and its path in λ."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, BudgetError, MissingExtraError
from conservative.problems.parameters import Values, weight_array
from conservative.problems.paths import along_faces
from conservative.problems.penalties import L1
from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import least_squares_values, quadratic_problem

_FOLLOWED = 60
"""Unknowns up to which the path is followed from face to face."""

_ROUNDED = 1e-12
"""Part of λ_max below which an end of the path is 0 but for rounding, as where X has no full column rank."""

_SOURCE = "R. Tibshirani, Regression shrinkage and selection via the lasso, J. R. Stat. Soc. B 58, 1996"


def lasso(X: Any, y: Any, *, theta: Sequence[str] = ("lambda",), weight: Any = 1, scale: str = "sum") -> Problem:
    """Least squares with a bound on the sum of absolute values, ½‖Xw − y‖² + λ‖w‖₁.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p)
        Whole numbers, fractions and rational strings stay exact.
    y : array_like, shape (n,)
    theta : sequence of str
        What θ consists of, in order: "lambda", "y", "X", "c" (Xᵀy, as a vector of its own), and the numbers of an
        algorithm, such as "step".
    weight : number or array_like, shape (p,)
        λ, one for all entries or one for each, where it is not in θ, and its default where it is.
    scale : str
        "sum", or "mean" for ‖Xw − y‖²/(2n) + λ‖w‖₁, the scale of scikit-learn.

    Returns
    -------
    Problem

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    References
    ----------
    [Tibshirani1996]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> problem
    Problem(lasso, 2 unknowns, θ = (lambda), exact data)
    >>> problem.solve(1)
    array([2., 0.])
    >>> problem.kinks(0, 20)
    array([ 1., 11.])
    """
    call = "lasso"
    values = least_squares_values(X, y, 0, theta, scale, call=call)
    values["lambda"] = weight_array(weight, "weight", values["X"].shape[1], call=call)
    return quadratic_problem("lasso", values, theta, L1(), source=_SOURCE, path=path_kinks)


def path_kinks(problem: Problem, v: Values, lower: float, upper: float) -> NDArray[np.float64]:
    """The breakpoints of the path in λ: followed from face to face where it is short, else those of LARS.

    LARS lets one feature in at a time: where several enter together it has breakpoints at which no slope jumps.
    """
    if problem.parameters.chosen != ("lambda",):
        raise ArgumentError(f'`kinks` of {problem.name} follows the path in λ; θ must be ("lambda",).')
    if problem.size <= _FOLLOWED:
        with suppress(ArgumentError, BudgetError):  # where the solution is not unique
            return along_faces(problem, v, "lambda", lower, upper)
    try:
        from sklearn.linear_model import lars_path_gram
    except ImportError as error:
        raise MissingExtraError(
            "`kinks` needs scikit-learn. Install it with `pip install 'conservative[data]'`."
        ) from error
    gram, c = problem.smooth.hessian(v), problem.smooth.linear(v)
    lambdas, _, _ = lars_path_gram(c, gram, n_samples=1, method="lasso")
    found = np.unique(lambdas[lambdas > _ROUNDED * np.abs(c).max(initial=0.0)])
    return np.asarray(found[(found >= lower) & (found <= upper)])
