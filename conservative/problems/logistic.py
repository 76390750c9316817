"""Logistic regression with an ℓ₁ penalty, Σ log(1 + exp(−yᵢ xᵢᵀw)) + λ‖w‖₁."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.curved_faces import slopes_on_support, solve_by_newton
from conservative.problems.parameters import Parameters, Values, as_floats, choose, read_array, weight_array
from conservative.problems.penalties import L1
from conservative.problems.problem import Problem
from conservative.problems.quadratic import back, times

_SOURCE = "K. Koh, S.-J. Kim, S. Boyd, An interior-point method for l1-regularized logistic regression, JMLR 8, 2007"


def logistic(X: Any, y: Any, *, theta: Sequence[str] = ("lambda",), weight: Any = 1, scale: str = "sum") -> Problem:
    """Logistic regression with labels ±1 and an ℓ₁ penalty, Σ log(1 + exp(−yᵢ xᵢᵀw)) + λ‖w‖₁.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p)
    y : array_like, shape (n,)
        Labels, 1 or −1.
    theta : sequence of str
        Of "lambda", "X" and the numbers of an algorithm, such as "step".
    weight : number or array_like, shape (p,)
        λ, one for all entries or one for each, where it is not in θ, and its default where it is.
    scale : str
        "sum", with λ = 1/C of scikit-learn, or "mean" for the mean of the logarithms, the scale of glmnet.

    Returns
    -------
    Problem

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.logistic([[1, 2], [2, -1], [-1, 1], [3, 1]], [1, 1, -1, 1])
    >>> problem.solve(1.0).round(8).tolist()
    [0.93653307, 0.0]
    """
    call = "logistic"
    design = as_floats(read_array(X, 2, call=call, argument="X"))
    labels = as_floats(read_array(y, 1, call=call, argument="y"))
    if design.shape[0] != labels.shape[0]:
        raise ShapeError(
            f"`{call}(X=..., y=...)` needs one label for each row of X; got {design.shape} and {labels.shape}."
        )
    if not np.isin(labels, (-1.0, 1.0)).all():
        raise ArgumentError(f"`{call}(y=...)` needs labels 1 and -1. From labels 0 and 1 pass `2 * y - 1`.")
    if scale not in ("sum", "mean"):
        raise ArgumentError(f'`{call}(scale=...)` is "sum" or "mean", of the logarithms; got {scale!r}.')
    strength = as_floats(weight_array(weight, "weight", design.shape[1], call=call))
    factor = 1 / len(labels) if scale == "mean" else 1.0
    values = {"X": design, "y": labels, "lambda": strength, "factor": factor}
    parameters = Parameters(choose(theta, {"lambda": strength, "X": design}, call=call), values)
    return Problem(
        name=call, size=design.shape[1], smooth=Logistic(), penalty=L1(), parameters=parameters,
        solver=_solve, slopes=slopes_on_support, source=_SOURCE,
    )  # fmt: skip


def _solve(problem: Problem, v: Values) -> NDArray[np.float64]:
    """By Newton's method; refused where no w is best, without a penalty on data that a hyperplane separates."""
    w = solve_by_newton(problem, v)
    if np.min(v["lambda"]) == 0 and (v["y"] * times(v["X"], w) > 0).all():
        raise ArgumentError(
            f"{problem.name} has no solution at lambda = 0: a hyperplane separates the labels, so that longer w are "
            "always better. Take a positive lambda."
        )
    return w


@dataclass(frozen=True, slots=True)
class Logistic:
    """Σ log(1 + exp(−yᵢ xᵢᵀw))."""

    def value(self, w: Any, v: Values) -> Any:
        """f(w), over leading axes."""
        return v["factor"] * np.logaddexp(0, -v["y"] * times(v["X"], w)).sum(axis=-1)

    def gradient(self, w: Any, v: Values) -> Any:
        """−Xᵀ(y / (1 + exp(y Xw)))."""
        margin = v["y"] * times(v["X"], w)
        return -v["factor"] * back(v["X"], v["y"] * (1 - np.tanh(margin / 2)) / 2)

    def hessian_at(self, w: Any, v: Values) -> Any:
        """Xᵀ diag(q(1 − q)) X."""
        q = (1 - np.tanh(v["y"] * times(v["X"], w) / 2)) / 2
        curved = (v["factor"] * q * (1 - q))[:, None]
        weighted = v["X"].multiply(curved) if hasattr(v["X"], "multiply") else curved * v["X"]
        H = v["X"].T @ weighted
        return H.toarray() if hasattr(H, "toarray") else H

    def curvatures(self, v: Values) -> tuple[float, float]:
        """0 and ‖X‖²/4."""
        X = v["X"]
        gram = (X.T @ X) if X.shape[1] <= X.shape[0] else (X @ X.T)
        gram = gram.toarray() if hasattr(gram, "toarray") else gram
        return 0.0, v["factor"] * float(np.linalg.eigvalsh(gram)[-1]) / 4

    def in_cvxpy(self, w: Any, v: Values) -> Any:
        """For cvxpy."""
        import cvxpy as cp

        return v["factor"] * cp.sum(cp.logistic(-cp.multiply(v["y"], v["X"] @ w)))
