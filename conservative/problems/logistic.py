"""Logistic regression with an ℓ₁ penalty, Σ log(1 + exp(−yᵢ xᵢᵀw)) + λ‖w‖₁."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.curved_faces import slopes_on_support, solve_by_newton
from conservative.problems.parameters import Parameters, Values, as_floats, choose, read_array
from conservative.problems.penalties import L1
from conservative.problems.problem import Problem
from conservative.problems.quadratic import back, times
from conservative.problems.quadratic_problems import nonnegative

_SOURCE = "K. Koh, S.-J. Kim, S. Boyd, An interior-point method for l1-regularized logistic regression, JMLR 8, 2007"


def logistic(X: Any, y: Any, *, theta: Sequence[str] = ("lambda",), weight: Any = 1) -> Problem:
    """Logistic regression with labels ±1 and an ℓ₁ penalty, Σ log(1 + exp(−yᵢ xᵢᵀw)) + λ‖w‖₁.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p)
    y : array_like, shape (n,)
        Labels, 1 or −1.
    theta : sequence of str
        Of "lambda" and the numbers of an algorithm, such as "step".
    weight : number
        λ where it is not in θ, and its default where it is.

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
    values = {"X": design, "y": labels, "lambda": float(nonnegative(weight, "weight", call))}
    parameters = Parameters(choose(theta, {"lambda": values["lambda"]}, call=call), values)
    return Problem(
        name=call, size=design.shape[1], smooth=Logistic(), penalty=L1(), parameters=parameters,
        solver=solve_by_newton, slopes=slopes_on_support, source=_SOURCE,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Logistic:
    """Σ log(1 + exp(−yᵢ xᵢᵀw))."""

    def value(self, w: Any, v: Values) -> Any:
        """f(w), over leading axes."""
        return np.logaddexp(0, -v["y"] * times(v["X"], w)).sum(axis=-1)

    def gradient(self, w: Any, v: Values) -> Any:
        """−Xᵀ(y / (1 + exp(y Xw)))."""
        margin = v["y"] * times(v["X"], w)
        return -back(v["X"], v["y"] * (1 - np.tanh(margin / 2)) / 2)

    def hessian_at(self, w: Any, v: Values) -> Any:
        """Xᵀ diag(q(1 − q)) X."""
        q = (1 - np.tanh(v["y"] * times(v["X"], w) / 2)) / 2
        weighted = (
            v["X"].multiply((q * (1 - q))[:, None]) if hasattr(v["X"], "multiply") else (q * (1 - q))[:, None] * v["X"]
        )
        H = v["X"].T @ weighted
        return H.toarray() if hasattr(H, "toarray") else H

    def curvatures(self, v: Values) -> tuple[float, float]:
        """0 and ‖X‖²/4."""
        X = v["X"]
        gram = (X.T @ X) if X.shape[1] <= X.shape[0] else (X @ X.T)
        gram = gram.toarray() if hasattr(gram, "toarray") else gram
        return 0.0, float(np.linalg.eigvalsh(gram)[-1]) / 4

    def in_cvxpy(self, w: Any, v: Values) -> Any:
        """For cvxpy."""
        import cvxpy as cp

        return cp.sum(cp.logistic(-cp.multiply(v["y"], v["X"] @ w)))
