"""Real data: the lasso on scikit-learn's diabetes set, exactly at a kink of its path.

With X standardised and y centred and scaled, forward–backward with step α on
‖y − Xw‖²/(2n) + λ‖w‖₁ is F(w, λ) = soft(w − α Xᵀ(Xw − y)/n, αλ). At a breakpoint λ of
the LARS path one inactive coordinate sits at the threshold's kink, and ∂w̄/∂λ is the
segment between the slopes of the path on its two sides.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from conservative._core.errors import MissingExtraError
from conservative.functions import from_sympy
from conservative.gallery.cases import FunctionCase

BREAKPOINT = 3
"""Which breakpoint of the path: the third in order of decreasing λ, where a third coordinate enters."""

TITLE = "lasso on the diabetes data by ISTA, at a λ where a coordinate enters the path"

_SOURCE = "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression, Ann. Statist. 2004 (data and path)"


@dataclass(frozen=True, slots=True, eq=False)
class LassoPath:
    """The standardised data and the piecewise-linear lasso path.

    Shapes: `gram` (p, p), `correlation` (p,), `lambdas` (k,), `weights` (p, k). `gram`: xᵀX/n. `correlation`: xᵀy/n.
    `lambdas`: breakpoints, decreasing. `weights`: the solution at each breakpoint.
    """

    gram: NDArray[np.float64]
    correlation: NDArray[np.float64]
    lambdas: NDArray[np.float64]
    weights: NDArray[np.float64]


def diabetes_path() -> LassoPath:
    """Load the data that scikit-learn ships, standardise it, and follow the LARS path.

    Raises MissingExtraError when scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_diabetes
        from sklearn.linear_model import lars_path
    except ImportError as error:
        raise MissingExtraError(
            "the case `lasso-diabetes` needs scikit-learn for its data. "
            "Install it with `pip install 'conservative[data]'`."
        ) from error
    X, y = load_diabetes(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = (y - y.mean()) / y.std()
    lambdas, _, weights = lars_path(X, y, method="lasso")
    return LassoPath(X.T @ X / len(y), X.T @ y / len(y), lambdas, weights)


def _soft(z: sp.Expr, threshold: sp.Expr) -> sp.Expr:
    # Unevaluated: sympy would ask for the sign of every sum.
    return sp.Max(z - threshold, 0, evaluate=False) - sp.Max(-z - threshold, 0, evaluate=False)


def load() -> FunctionCase:
    """The case `lasso-diabetes`.

    Raises MissingExtraError when scikit-learn is not installed.
    """
    path = diabetes_path()
    p = len(path.correlation)
    w = sp.symbols(f"w1:{p + 1}", real=True)
    lam = sp.Symbol("lambda", real=True)
    alpha = float(1 / np.linalg.eigvalsh(path.gram)[-1])
    forward = np.eye(p) - alpha * path.gram
    update = [
        _soft(sum((float(c) * v for c, v in zip(row, w, strict=True)), sp.Float(alpha * b)), alpha * lam)
        for row, b in zip(forward, path.correlation, strict=True)
    ]
    point: dict[str, Any] = {str(v): float(x) for v, x in zip(w, path.weights[:, BREAKPOINT], strict=True)}
    point["lambda"] = float(path.lambdas[BREAKPOINT])
    return FunctionCase(
        name="lasso-diabetes",
        title=f"{TITLE} (λ = {point['lambda']:.6g})",
        source=_SOURCE,
        answer="the two vertex solves of (Id − A)⁻¹B are the slopes of the LARS path left and right of λ",
        function=from_sympy(update, state=w, parameters=(lam,)),
        at=point,
        initial=[[[0.0]] * p],
    )
