"""A quadratic norm for a whole zonotope: the method of centres for one linear matrix inequality with multipliers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over
from conservative.spectral.semidefinite.pencil import symmetric_basis

FloatArray = NDArray[np.float64]

_OUTER = 80
_INNER = 8
_STEP_BACK = 0.1
"""Part of the way from the smallest admissible s back to the last one, which leaves room for the next centre."""

_CLOSE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Inequality:
    """F(s) = diag(s P - V^T D V, D) - [A U^T]^T P [A U^T] >= 0, D diagonal: then |A + U^T diag(t) V| <= sqrt(s) in P.

    With w = diag(t) V x, |t_j| <= 1, the form (x, w) -> w^T D w - x^T V^T D V x is at most 0, and F(s) >= 0 says that
    |A x + U^T w|_P^2 <= s |x|_P^2 + (w^T D w - x^T V^T D V x).

    Shapes: `B` (n, n + m), `V` (m, n). `B`: [A U^T].
    """

    B: FloatArray
    V: FloatArray

    @property
    def n(self) -> int:
        """Order of P."""
        return int(self.B.shape[0])

    def value(self, square: float, P: FloatArray, d: FloatArray) -> FloatArray:
        """F(s). Shapes: `P` (n, n), `d` (m,), result (n + m, n + m)."""
        n = self.n
        F = -(self.B.T @ P @ self.B)
        F[:n, :n] += square * P - (self.V.T * d) @ self.V
        F[n:, n:] += np.diag(d)
        return np.asarray((F + F.T) / 2)

    def start(self) -> tuple[float, FloatArray, FloatArray]:
        """The identity, equal multipliers, and an s large enough for them. Shapes: result (n, n), result (m,)."""
        n, m = self.n, len(self.V)
        A, U = self.B[:, :n], self.B[:, n:].T
        sizes = (float(np.linalg.norm(U, 2)), float(np.linalg.norm(self.V, 2)))
        cross = float(np.linalg.norm(A, 2)) / max(sizes[1], 1e-8)
        weight = sizes[0] * (sizes[0] + cross) + 1e-12
        d = np.full(m, 1.5 * weight)
        rest = np.linalg.solve(np.diag(d) - U @ U.T, U @ A)
        need = A.T @ A + (self.V.T * d) @ self.V + A.T @ U.T @ rest
        return 1.1 * float(np.linalg.eigvalsh((need + need.T) / 2)[-1]) + 1e-12, np.eye(n), d


def centres(inequality: Inequality, *, deadline: float = NEVER) -> Iterator[tuple[float, FloatArray, FloatArray]]:
    """Points (P, d) with smaller and smaller s, each strictly inside the inequality in doubles.

    At a given s the analytic centre, the maximum of log det F(s) + log(1 - tr P - sum d), is approached by damped
    Newton steps; then s is lowered most of the way to where F(s) becomes singular. A step costs O((n + m)^3 + n^6).

    Shapes: result (n, n), result (m,).
    """
    square, P, d = inequality.start()
    total = np.trace(P) + d.sum()
    P, d = P / (2 * total), d / (2 * total)
    for _ in range(_OUTER):
        for _ in range(_INNER):
            if is_over(deadline):
                return
            moved = _newton(inequality, square, P, d)
            if moved is None:
                return
            P, d, decrement = moved
            if decrement < 0.5:
                break
        yield square, P, d
        lowest = _lowest(inequality, square, P, d)
        if lowest is None or square - lowest <= _CLOSE * square:
            return
        square = lowest + _STEP_BACK * (square - lowest)


def _lowest(inequality: Inequality, square: float, P: FloatArray, d: FloatArray) -> float | None:
    """The s at which F(s) becomes singular for these P and d."""
    n = inequality.n
    try:
        factor = np.linalg.cholesky(P)
        W = np.linalg.inv(inequality.value(square, P, d))[:n, :n]
    except np.linalg.LinAlgError:
        return None
    return square - 1 / float(np.linalg.eigvalsh(factor.T @ ((W + W.T) / 2) @ factor)[-1])


def _newton(
    inequality: Inequality, square: float, P: FloatArray, d: FloatArray
) -> tuple[FloatArray, FloatArray, float] | None:
    """One damped Newton step towards the centre, with its decrement; None when rounding leaves no step."""
    n, basis = inequality.n, symmetric_basis(inequality.n)
    try:
        W = np.linalg.inv(inequality.value(square, P, d))
        gradient, hessian = _derivatives(inequality, square, (W + W.T) / 2, basis)
        slack = 1 - np.trace(P) - d.sum()
        linear = np.concatenate([basis.T @ np.eye(n).ravel(), np.ones(len(d))])
        gradient = gradient + linear / slack
        hessian = hessian + np.outer(linear, linear) / slack**2
        step = -np.linalg.solve(hessian, gradient)
    except np.linalg.LinAlgError:
        return None
    decrement = float(-gradient @ step) ** 0.5 if gradient @ step < 0 else 0.0
    width = basis.shape[1]
    dP, dd = (basis @ step[:width]).reshape(n, n), step[width:]
    length = 1.0 if decrement < 0.25 else 1 / (1 + decrement)
    for _ in range(20):
        P1, d1 = P + length * dP, d + length * dd
        if np.trace(P1) + d1.sum() < 1 and _is_positive(inequality.value(square, P1, d1)) and _is_positive(P1):
            return P1, d1, decrement
        length /= 2
    return None


def _is_positive(matrix: FloatArray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _derivatives(
    inequality: Inequality, square: float, W: FloatArray, basis: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient and Hessian of -log det F in the upper triangle of P and in d, with W the inverse of F."""
    n, B, V = inequality.n, inequality.B, inequality.V
    BW = B @ W
    X, Y, Z = W[:n, :n], W[:n] @ B.T, BW @ B.T
    ww, wv, vv = W[n:, n:], W[n:, :n] @ V.T, V @ X @ V.T
    by_P = -(square * X - Z).ravel() @ basis
    by_d = -(np.diag(ww) - np.diag(vv))
    full = square**2 * _sandwich(X, X) - square * (_sandwich(Y, Y) + _sandwich(Y.T, Y.T)) + _sandwich(Z, Z)
    PP = basis.T @ (basis.T @ full).T
    columns = (W[:n, n:], BW[:, n:], X @ V.T, BW[:, :n] @ V.T)
    p, q, r, t = (np.einsum("ij,kj->ikj", c, c).reshape(n * n, -1) for c in columns)
    PD = basis.T @ (square * p - q - square * r + t)
    DD = ww**2 - wv**2 - wv.T**2 + vv**2
    return np.concatenate([by_P, by_d]), np.block([[PP, PD], [PD.T, DD]])


def _sandwich(left: FloatArray, right: FloatArray) -> FloatArray:
    """The matrix of the form X -> tr(X L X R^T) on row-major entries."""
    n = len(left)
    return np.asarray(np.einsum("jk,il->ijkl", left, right).reshape(n * n, n * n))
