"""½ wᵀGw − cᵀw + ridge/2 ‖w‖², from data X and y (G = κ XᵀX, c = κ Xᵀy) or from G and c themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.linalg import LinearOperator, eigsh, splu

from conservative._core.errors import ArgumentError
from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative.functions import SmoothMap
from conservative.problems.parameters import Parameters, Values, as_floats

_DENSE = 500
"""Order up to which all eigenvalues of H are computed."""


@dataclass(frozen=True, slots=True)
class Quadratic:
    """The smooth part of least squares and of quadratic programs; its numbers are in the problem's `Parameters`.

    X (n, p), y (n,), factor κ, gram G (p, p), c (p,) and ridge, of which X and y or G and c may be None.
    """

    def value(self, w: Any, v: Values) -> Any:
        """f(w), over leading axes."""
        if v["X"] is not None:
            rest = times(v["X"], w) - v["y"]
            return (v["factor"] * (rest * rest).sum(axis=-1) + np.squeeze(v["ridge"]) * (w * w).sum(axis=-1)) / 2
        return (w * (times(v["gram"], w) + v["ridge"] * w)).sum(axis=-1) / 2 - (v["c"] * w).sum(axis=-1)

    def gradient(self, w: Any, v: Values) -> Any:
        """(G + ridge I) w − c, over leading axes."""
        if v["gram"] is not None:
            return times(v["gram"], w) + v["ridge"] * w - self.linear(v)
        if v["c"] is not None:
            return v["factor"] * back(v["X"], times(v["X"], w)) + v["ridge"] * w - v["c"]
        return v["factor"] * back(v["X"], times(v["X"], w) - v["y"]) + v["ridge"] * w

    def linear(self, v: Values) -> Any:
        """c."""
        return v["c"] if v["c"] is not None else v["factor"] * back(v["X"], v["y"])

    def hessian(self, v: Values) -> Any:
        """G + ridge I, a matrix."""
        gram = v["gram"]
        if gram is None:
            X = v["X"]
            gram = v["factor"] * ((X.T @ X).toarray() if sparse.issparse(X) else np.swapaxes(X, -1, -2) @ X)
        return gram + over_matrices(v["ridge"]) * np.eye(gram.shape[-1], dtype=int)

    def block(self, free: NDArray[np.intp], v: Values) -> Any:
        """The rows and columns of G + ridge I of some entries."""
        if v["gram"] is not None:
            return v["gram"][np.ix_(free, free)] + np.squeeze(v["ridge"])[()] * np.eye(len(free), dtype=int)
        columns = v["X"][:, free]
        return self.hessian({**v, "X": columns})

    def hessian_at(self, w: Any, v: Values) -> Any:
        """G + ridge I, the same at every w."""
        return self.hessian(v)

    def resolvent(
        self, parameters: Parameters, step: Callable[[Values], Any], setting: str
    ) -> Callable[[Any, Values], Any]:
        """z, values ↦ (I + γH)⁻¹(z + γc), the proximal map of γf; inverted once where H and the setting are fixed."""
        return linear_resolvent(self, parameters, ("X", "gram", "ridge", setting), step)

    def curvatures(self, v: Values) -> tuple[float, float]:
        """Smallest and largest eigenvalue of H in floats; where H is large, the smallest is ridge, a lower bound."""
        if self.size(v) <= _DENSE:
            ends = np.linalg.eigvalsh(np.asarray(self.hessian(v), dtype=np.float64))
            return max(float(ends[0]), 0.0), float(ends[-1])
        p = self.size(v)
        product = LinearOperator((p, p), matvec=lambda w: self.gradient(w, {**v, "c": np.zeros(p)}))
        return float(v["ridge"]), float(eigsh(product, k=1, return_eigenvectors=False, v0=np.ones(p))[0])

    def in_cvxpy(self, w: Any, v: Values) -> Any:
        """For cvxpy."""
        import cvxpy as cp

        if v["gram"] is not None:
            curved = cp.quad_form(w, cp.psd_wrap(self.hessian(v))) / 2
        else:
            curved = v["factor"] / 2 * cp.sum_squares(v["X"] @ w) + np.squeeze(v["ridge"]) / 2 * cp.sum_squares(w)
        return curved - self.linear(v) @ w

    def size(self, v: Values) -> int:
        """p."""
        return int((v["gram"] if v["gram"] is not None else v["X"]).shape[-1])


def linear_resolvent(
    smooth: Any, parameters: Parameters, depends: Sequence[str], step: Callable[[Values], Any]
) -> Callable[[Any, Values], Any]:
    """z, values ↦ (I + γH)⁻¹(z + γc), inverted once where all that H and γ depend on is fixed."""
    inverse = _inverse(smooth, parameters.values, step) if parameters.fixed(*depends) else None

    def solve(z: Any, v: Values) -> Any:
        right = z + step(v) * smooth.linear(v)
        if inverse is not None:
            return inverse(right)
        return solve_rows(np.eye(smooth.size(v), dtype=int) + over_matrices(step(v)) * smooth.hessian(v), right)

    return solve


def _inverse(f: Any, v: Values, step: Callable[[Values], Any]) -> Callable[[Any], Any]:
    """r ↦ (I + γH)⁻¹ r: through n × n where X has fewer rows than columns, by sparse factors where both are many."""
    p, gamma, X = f.size(v), step(v), v["X"] if isinstance(f, Quadratic) else None
    if X is not None and v["gram"] is None and X.shape[0] < p:
        # (aI + γκXᵀX)⁻¹ = (I − Xᵀ(a/(γκ) I + XXᵀ)⁻¹X)/a, a = 1 + γ ridge
        a = 1 + gamma * v["ridge"]
        outer = (X @ X.T).toarray() if sparse.issparse(X) else X @ X.T
        inner = inverse_of(a / (gamma * v["factor"]) * np.eye(X.shape[0], dtype=int) + outer)
        return lambda r: (r - back(X, times(inner, times(X, r)))) / a
    if X is not None and sparse.issparse(X) and p > _DENSE:
        H = v["factor"] * (X.T @ X) + v["ridge"] * sparse.eye_array(p)
        factors = splu(sparse.csc_array(sparse.eye_array(p) + gamma * H))
        return SmoothMap(
            lambda r, _: factors.solve(np.ascontiguousarray(r.T)).T,
            lambda r, _, dr, __: factors.solve(dr),
            lambda r, _, u: (factors.solve(u, "T"), np.zeros(0)),
            state=p, parameters=0,
        )  # fmt: skip
    inverse = inverse_of(np.eye(p, dtype=int) + gamma * f.hessian(v))
    return lambda r: times(inverse, r)


def quadratic_values(
    X: Any, y: Any, gram: Any, c: Any, *, ridge: Any, scale: str, chosen: tuple[str, ...], call: str
) -> dict[str, Any]:
    """The numbers of a quadratic part: G and c are formed once unless X or y is in θ, G where that is no larger."""
    factor: Any = Fraction(1)
    if scale not in ("sum", "mean"):
        raise ArgumentError(f'`{call}(scale=...)` is "sum", ½‖Xw − y‖², or "mean", ‖Xw − y‖²/(2n); got {scale!r}.')
    if X is not None and scale == "mean":
        factor = Fraction(1, X.shape[0])
    if not Parameters((), {"X": X, "y": y, "gram": gram, "c": c, "ridge": ridge}).exact:
        X, y, gram, c, ridge, factor = (as_floats(value) for value in (X, y, gram, c, ridge, factor))
    if X is not None and "X" not in chosen:
        if not sparse.issparse(X) and X.shape[1] <= 2 * X.shape[0]:
            gram = factor * (X.T @ X)
        if "y" not in chosen:
            c = factor * (X.T @ y)
    return {"X": X, "y": y, "gram": gram, "c": c, "ridge": ridge, "factor": factor}


def over_matrices(number: Any) -> Any:
    """A number, or numbers (..., 1), so that they multiply matrices (..., p, p)."""
    return number[..., None] if getattr(number, "ndim", 0) else number


def times(M: Any, v: Any) -> Any:
    """M v over the leading axes of either: (..., q, p), (..., p) → (..., q)."""
    if sparse.issparse(M):
        return (M @ v.T).T
    return v @ M.T if M.ndim == 2 else (M @ v[..., None])[..., 0]


def back(M: Any, u: Any) -> Any:
    """Mᵀ u over leading axes."""
    return times(M.T if sparse.issparse(M) else np.swapaxes(M, -1, -2), u)


def solve_rows(M: Any, right: Any) -> Any:
    """M⁻¹ r over leading axes."""
    if isinstance(M, np.ndarray) and M.dtype == object:
        return times(inverse_of(M), right)
    if M.ndim > 2:
        return np.linalg.solve(M, right[..., None])[..., 0]
    return np.linalg.solve(M, right if right.ndim == 1 else right.T).T


def inverse_of(M: Any) -> Any:
    """The inverse of a matrix of floats or of `Fraction`, which is not singular."""
    if M.dtype != object:
        return linalg.inv(M, check_finite=False)
    found = np.empty(M.shape, dtype=object)
    found[...] = from_flint(to_flint(M.tolist()).inv())
    return found
