"""What algorithms on f(w) + g(Dw) share: multipliers, the dual, and the proximal map of g*."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigsh, splu

from conservative._core.errors import ArgumentError
from conservative.problems import Problem
from conservative.problems.distance import Distance
from conservative.problems.parameters import Values
from conservative.problems.problem import check_problem
from conservative.problems.quadratic import back, inverse_of, over_matrices, solve_rows, times

_LARGE = 500


def linked_problem(problem: Any, *, call: str) -> Problem:
    """A problem f(w) + g(Dw), f a weighted distance."""
    read = check_problem(problem, call=call, linked=True)
    if not read.linked or not isinstance(read.smooth, Distance):
        raise ArgumentError(
            f"`{call}(problem=...)` needs f(w) + g(Dw), as `total_variation`, `trend_filtering` and `isotonic` are; "
            f"{read.name} is none. Use `forward_backward`."
        )
    return read


def primal(P: Problem, u: Any, v: Values) -> Any:
    """The w with ∇f(w) + Dᵀu = 0."""
    return v["y"] - back(v["D"], u) / P.smooth.diagonal(v)


def conjugate_prox(P: Problem, z: Any, s: Any, v: Values) -> Any:
    """The proximal map of s g*, z − s prox_{g/s}(z/s)."""
    return z - s * P.penalty.prox(z / s, 1 / s, v)


def multiplier(P: Problem) -> Callable[[Any, Values], Any]:
    """w, values ↦ the u with Dᵀu = −∇f(w), for D with independent rows."""
    fixed = P.parameters.fixed("D")
    solver = _gram_solver(P.parameters.values["D"]) if fixed else None

    def rule(w: Any, v: Values) -> Any:
        right = times(v["D"], -P.smooth.gradient(w, v))
        if solver is not None:
            return solver(right)
        return solve_rows(v["D"] @ np.swapaxes(v["D"], -1, -2), right)

    return rule


def _gram_solver(D: Any) -> Callable[[Any], Any]:
    """r ↦ (DDᵀ)⁻¹r, factored at the first call."""
    kept: list[Any] = []

    def factored() -> Any:
        gram = D @ D.T
        try:
            if sparse.issparse(gram):
                return splu(gram.tocsc()).solve
            if gram.dtype != object and np.linalg.matrix_rank(D) < len(D):
                raise np.linalg.LinAlgError
            inverse = inverse_of(gram)
        except (RuntimeError, ZeroDivisionError, np.linalg.LinAlgError) as error:
            raise ArgumentError(
                "`lift(w=...)` needs a D with independent rows: here a solution has many multipliers. Iterate from a "
                "state of your own instead."
            ) from error
        return lambda right: times(inverse, right)

    def solve(right: Any) -> Any:
        if not kept:
            kept.append(factored())
        return kept[0](right.T).T if sparse.issparse(D) else kept[0](right)

    return solve


def inverse_with_penalty(P: Problem) -> Callable[[Any, Values], Any]:
    """r, values ↦ (diag(κω) + ρDᵀD)⁻¹ r; inverted once where it is fixed."""

    def matrix(v: Values) -> Any:
        return P.smooth.hessian(v) + over_matrices(v["penalty"]) * _normal_matrix(v["D"])

    return _inverse(P, matrix, "D", "weights", "penalty")


def graph_projection(P: Problem) -> Callable[[Any, Any, Values], Any]:
    """a, b, values ↦ the w for which (w, Dw) is nearest, (I + DᵀD)⁻¹(a + Dᵀb)."""
    inverse = _inverse(P, lambda v: np.eye(P.size, dtype=int) + _normal_matrix(v["D"]), "D")
    return lambda a, b, v: inverse(a + back(v["D"], b), v)


def _inverse(P: Problem, matrix: Callable[[Values], Any], *depends: str) -> Callable[[Any, Values], Any]:
    if P.parameters.fixed(*depends):
        inverse = inverse_of(matrix(P.parameters.values))
        return lambda right, v: times(inverse, right)
    return lambda right, v: solve_rows(matrix(v), right)


def _normal_matrix(D: Any) -> Any:
    return (D.T @ D).toarray() if sparse.issparse(D) else np.swapaxes(D, -1, -2) @ D


def dual_curvatures(P: Problem) -> tuple[float, float]:
    """The ends of D diag(κω)⁻¹ Dᵀ, in floats; 0 for the lower one where it is large."""
    v = P.floats.parameters.values
    D, weights = v["D"], P.floats.smooth.diagonal(v)
    scaled = D.multiply(1 / weights).tocsr() if sparse.issparse(D) else D / weights
    if max(D.shape) > _LARGE:
        gram = sparse.csr_array(scaled) @ sparse.csr_array(D).T
        return 0.0, float(eigsh(gram, k=1, return_eigenvectors=False, v0=np.ones(D.shape[0]))[0]) * (1 + 1e-9)
    gram = scaled @ D.T
    ends = np.linalg.eigvalsh(gram.toarray() if sparse.issparse(gram) else gram)
    if not ends[-1] > 0:
        raise ArgumentError(f"the matrix D of {P.name} is zero, so that no step has a scale.")
    return max(float(ends[0]), 0.0), float(ends[-1])


def operator_norm(P: Problem) -> float:
    """‖D‖."""
    D = P.floats.parameters.values["D"]
    if max(D.shape) > _LARGE:
        gram = sparse.csr_array(D) @ sparse.csr_array(D).T
        return float(eigsh(gram, k=1, return_eigenvectors=False, v0=np.ones(D.shape[0]))[0] ** 0.5)
    return float(np.linalg.norm(D.toarray() if sparse.issparse(D) else D, 2))
