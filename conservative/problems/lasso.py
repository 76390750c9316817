"""The lasso, ½‖Xw − y‖² + λ‖w‖₁, and its path in λ."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, MissingExtraError, ShapeError
from conservative.problems.faces import slopes_on_face, solve_by_faces
from conservative.problems.parameters import Parameters, Values, choose, read_array
from conservative.problems.penalties import L1, Penalty
from conservative.problems.problem import Problem
from conservative.problems.quadratic import Quadratic, quadratic_values

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
    weight : number
        λ where it is not in θ, and its default where it is.
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
    values = {**least_squares_values(X, y, 0, theta, scale, call=call), "lambda": _weight(weight, call)}
    return least_squares("lasso", values, theta, L1(), source=_SOURCE, path=_kinks)


def least_squares_values(X: Any, y: Any, ridge: Any, theta: Any, scale: str, *, call: str) -> dict[str, Any]:
    """X, y and what follows from them, checked."""
    design = read_array(X, 2, call=call, argument="X")
    target = read_array(y, 1, call=call, argument="y")
    if design.shape[0] != target.shape[0]:
        raise ShapeError(
            f"`{call}(X=..., y=...)` needs one number in y for each row of X; got {design.shape} and {target.shape}."
        )
    chosen = (theta,) if isinstance(theta, str) else tuple(theta)
    return quadratic_values(design, target, None, None, ridge=ridge, scale=scale, chosen=chosen, call=call)


def least_squares(name: str, values: Values, theta: Any, penalty: Penalty, *, source: str, path: Any = None) -> Problem:
    """A quadratic problem with polyhedral or quadratic g."""
    parameters = Parameters(choose(theta, values, call=name), values).unified
    smooth = Quadratic()
    return Problem(
        name=name, size=smooth.size(values), smooth=smooth, penalty=penalty, parameters=parameters,
        solver=solve_by_faces, slopes=slopes_on_face, path=path, source=source,
    )  # fmt: skip


def _weight(weight: Any, call: str) -> Any:
    """λ ≥ 0."""
    read = read_array(weight, 0, call=call, argument="weight")
    if read < 0:
        raise ArgumentError(f"`{call}(weight=...)` needs a number λ of at least 0; got {weight!r}.")
    return read


def _kinks(problem: Problem, v: Values, lower: float, upper: float) -> NDArray[np.float64]:
    """The breakpoints of the LARS path in λ, by scikit-learn."""
    if problem.parameters.chosen != ("lambda",):
        raise ArgumentError('`kinks` of the lasso follows the path in λ; θ must be ("lambda",).')
    try:
        from sklearn.linear_model import lars_path_gram
    except ImportError as error:
        raise MissingExtraError(
            "`kinks` needs scikit-learn. Install it with `pip install 'conservative[data]'`."
        ) from error
    gram, c = problem.smooth.hessian(v), problem.smooth.linear(v)
    lambdas, _, _ = lars_path_gram(c, gram, n_samples=1, method="lasso")
    found = np.unique(lambdas[lambdas > 0])
    return np.asarray(found[(found >= lower) & (found <= upper)])
