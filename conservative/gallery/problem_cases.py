"""Problems at a parameter where something happens, for any algorithm to solve: small exact ones, and real data."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from conservative import problems
from conservative.gallery.cases import ProblemCase
from conservative.gallery.lasso import BREAKPOINT, diabetes_path

_X, _Y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]
_LARS = "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression, Ann. Statist. 2004 (data and path)"
_ENUMERATED = "solved in fractions by enumeration of signs and active sets"
_MIRRORED = "M. Cuturi, Sinkhorn distances: lightspeed computation of optimal transport, NeurIPS 2013"


def names() -> tuple[str, ...]:
    """The problems that are no case of another kind."""
    return tuple(_CASES)


def load(name: str) -> ProblemCase:
    """One of `names()`, or the problem behind `lasso-diabetes`."""
    return _diabetes() if name == "lasso-diabetes" else _CASES[name](name)


def _lasso(name: str) -> ProblemCase:
    return ProblemCase(
        name,
        "lasso of two unknowns at λ = 1, where a coordinate enters the path",
        _ENUMERATED,
        "dw/dλ is (−1/7, −1/14) to the left and (−1/5, 0) to the right, whatever the algorithm; J_pb depends on it",
        problems.lasso(_X, _Y),
        (Fraction(1),),
        "forward_backward",
        {"step": "1/10"},
    )


def _elastic_net(name: str) -> ProblemCase:
    return ProblemCase(
        name,
        "elastic net of two unknowns at λ = 5, where a coordinate enters the path",
        _ENUMERATED,
        "dw/dλ is (−3/26, −1/13) to the left and (−1/6, 0) to the right",
        problems.elastic_net(_X, _Y, ridge=1),
        (Fraction(5),),
        "forward_backward",
        {"step": "1/10"},
    )


def _ridge(name: str) -> ProblemCase:
    return ProblemCase(
        name,
        "ridge regression of two unknowns at θ = 1: smooth, so that each algorithm has one derivative",
        _ENUMERATED,
        "dw/dθ = (−19/52, 2/13)",
        problems.ridge(_X, _Y),
        (Fraction(1),),
        "gradient_descent",
        {"step": "1/10"},
    )


def _nonnegative(name: str) -> ProblemCase:
    return ProblemCase(
        name,
        "nonnegative least squares in its linear term c = (2, 3), where a bound is weakly active",
        _ENUMERATED,
        "dw/dc is [1/2 0; 0 0] or [2 −1; −1 2/3]",
        problems.nonnegative_least_squares(gram=[[2, 3], [3, 6]]),
        (Fraction(2), Fraction(3)),
        "projected_gradient",
        {"step": "1/5"},
    )


def _box(name: str) -> ProblemCase:
    return ProblemCase(
        name,
        "quadratic over a box in its linear term c = (3, 1), where two bounds are weakly active",
        _ENUMERATED,
        "four derivatives: 0, [1/3 0; 0 0], [0 0; 0 1/2] and [2/5 −1/5; −1/5 3/5]",
        problems.box_qp([[3, 1], [1, 2]]),
        (Fraction(3), Fraction(1)),
        "projected_gradient",
        {"step": "1/4"},
    )


def _simplex(name: str) -> ProblemCase:
    return ProblemCase(
        name,
        "quadratic over the simplex in its linear term c = (2, 2, 1), where x₃ is weakly active",
        _ENUMERATED,
        "the derivatives with x₃ out of the support and in it, both within the simplex's tangent space",
        problems.simplex_qp([[2, 1, 0], [1, 2, 1], [0, 1, 3]]),
        (Fraction(2), Fraction(2), Fraction(1)),
        "projected_gradient",
        {"step": "1/4"},
    )


def _transport(name: str) -> ProblemCase:
    return ProblemCase(
        name,
        "entropic optimal transport between two pairs of points in ε = 1",
        _MIRRORED,
        "dP₁₁/dε = −e⁻¹/(2(1 + e⁻¹)²) = −0.0983059667, though the update has the eigenvalue 1",
        problems.optimal_transport([[0.0, 1.0], [1.0, 0.0]], a=[0.5, 0.5], b=[0.5, 0.5]),
        (1.0,),
        "sinkhorn",
        {},
    )


def _diabetes() -> ProblemCase:
    path = diabetes_path()
    lam = float(path.lambdas[BREAKPOINT])
    # ‖Xw − y‖²/n is ‖Rw − d‖² up to a constant, with RᵀR = XᵀX/n: ten rows in place of 442.
    R = np.linalg.cholesky(path.gram).T
    return ProblemCase(
        "lasso-diabetes",
        f"lasso on the diabetes data, at a λ where a coordinate enters the path (λ = {lam:.6g})",
        _LARS,
        "the two derivatives dw/dλ are the slopes of the LARS path left and right of λ",
        problems.lasso(R, np.linalg.solve(R.T, path.correlation)),
        (lam,),
        "forward_backward",
        {},
    )


_CASES: dict[str, Callable[[str], ProblemCase]] = {
    "lasso-breakpoint": _lasso,
    "elastic-net-breakpoint": _elastic_net,
    "ridge-small": _ridge,
    "nonnegative-least-squares": _nonnegative,
    "box-qp": _box,
    "simplex-qp": _simplex,
    "transport-small": _transport,
}
