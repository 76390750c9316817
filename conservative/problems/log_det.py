"""−log det Θ + tr(SΘ) over symmetric matrices, row by row, and its proximal map by eigenvalues."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative.functions import SmoothMap
from conservative.problems.parameters import Values


@dataclass(frozen=True, slots=True)
class LogDet:
    """The smooth part of inverse covariance estimation in the p² entries of Θ, of which the symmetric part counts."""

    order: int

    def value(self, w: Any, v: Values) -> Any:
        """f(Θ), infinite where Θ is not positive definite, over leading axes."""
        T = self.symmetric(w)
        definite = np.linalg.eigvalsh(T)[..., 0] > 0
        logarithm = np.linalg.slogdet(np.where(definite[..., None, None], T, np.eye(self.order)))[1]
        return np.where(definite, (v["S"] * T).sum(axis=(-2, -1)) - logarithm, np.inf)

    def gradient(self, w: Any, v: Values) -> Any:
        """S − Θ⁻¹."""
        inverse = np.linalg.inv(np.asarray(self.symmetric(w), dtype=np.float64))
        S = (v["S"] + np.swapaxes(v["S"], -1, -2)) / 2
        return (S - inverse).reshape(*w.shape[:-1], self.order**2)

    def hessian_at(self, w: Any, v: Values) -> Any:
        """Θ⁻¹ ⊗ Θ⁻¹."""
        inverse = np.linalg.inv(self.symmetric(w))
        return np.kron(inverse, inverse)

    def curvatures(self, v: Values) -> tuple[float, float]:
        """There are none: −log det is steep without bound."""
        raise ArgumentError(
            "the curvature of −log det Θ has no bound, so that no step of a gradient method is safe. Use "
            "`douglas_rachford` or `admm`, which take its proximal map."
        )

    def resolvent(self, parameters: Any, step: Any, setting: str) -> Any:
        """Z, values ↦ the proximal map of γf: eigenvalues l of Z − γS become (l + √(l² + 4γ))/2."""
        p, turn = self.order, transposed(self.order)
        prox = SmoothMap(_value, _jvp, _vjp, state=p * p, parameters=1)

        def solve(z: Any, v: Values) -> Any:
            gamma = step(v)
            shift = v["S"]
            moved = z - gamma * shift.reshape(*shift.shape[:-2], p * p)
            return prox((moved + moved[..., turn]) / 2, gamma)

        return solve

    def symmetric(self, w: Any) -> Any:
        """(Θ + Θᵀ)/2 as a matrix."""
        T = w.reshape(*w.shape[:-1], self.order, self.order)
        return (T + np.swapaxes(T, -1, -2)) / 2

    def in_cvxpy(self, w: Any, v: Values) -> Any:
        """For cvxpy."""
        import cvxpy as cp

        T = cp.reshape(w, (self.order, self.order), order="C")
        return cp.trace(v["S"] @ T) - cp.log_det((T + T.T) / 2)


def transposed(p: int) -> NDArray[np.intp]:
    """Where the entries of Θᵀ stand among those of Θ."""
    return np.arange(p * p).reshape(p, p).T.ravel()


def _value(x: Any, gamma: Any) -> Any:
    values, Q = np.linalg.eigh(_square(x))
    moved = (values + np.sqrt(values * values + 4 * np.asarray(gamma, dtype=np.float64))) / 2
    return ((Q * moved[..., None, :]) @ np.swapaxes(Q, -1, -2)).reshape(np.shape(x))


def _square(x: Any) -> Any:
    p = round(np.sqrt(np.shape(x)[-1]))
    return np.asarray(x, dtype=np.float64).reshape(*np.shape(x)[:-1], p, p)


@lru_cache(maxsize=8)
def _linearized(x: bytes, gamma: float) -> tuple[Any, Any, Any]:
    """Q, the divided differences (1 + (lᵢ + lⱼ)/(rᵢ + rⱼ))/2 with r = √(l² + 4γ), and the slopes 1/r by γ."""
    values, Q = np.linalg.eigh(_square(np.frombuffer(x)))
    r = np.sqrt(values * values + 4 * gamma)
    return Q, (1 + (values[:, None] + values) / (r[:, None] + r)) / 2, 1 / r


def _jvp(x: Any, gamma: Any, dx: Any, dgamma: Any) -> Any:
    Q, K, slope = _linearized(np.ascontiguousarray(x, dtype=np.float64).tobytes(), float(gamma[0]))
    inner = K * (Q.T @ _square(dx) @ Q) + np.diag(slope * dgamma[0])
    return (Q @ inner @ Q.T).ravel()


def _vjp(x: Any, gamma: Any, u: Any) -> Any:
    Q, K, slope = _linearized(np.ascontiguousarray(x, dtype=np.float64).tobytes(), float(gamma[0]))
    turned = Q.T @ _square(u) @ Q
    return (Q @ (K * turned) @ Q.T).ravel(), np.array([slope @ turned.diagonal()])
