"""Whether all selections of one step contract in a common norm, so that their recursion has one limit."""

import numpy as np

from conservative._core.errors import ConservativeError
from conservative.differentiation.open_steps import Matrix, OpenStep
from conservative.differentiation.tie_rows import Kernel
from conservative.functions.switched_jacobian import moved_rows
from conservative.spectral import joint_spectral_radius

_ROUNDS = 5000
_MOST = 800
_TIES, _STATES = 6, 40
"""Up to these sizes all selections are listed."""


def feedback(step: OpenStep, kernel: Kernel) -> Matrix:
    """½(κ + |L_c|): how far rows spread by what rows did before, κ = Σ_l |K_l|."""
    return np.asarray((kernel.sum + np.abs(step.Lc)) / 2)


def contracts(step: OpenStep, kernel: Kernel) -> bool:
    """By a small gain in the largest norm, then in a quadratic one, then by listing few selections."""
    gain = feedback(step, kernel)
    if np.abs(np.linalg.eigvals(gain)).max() < 1.0 - 1e-9:
        return True
    sizes = (np.asarray(step.Y) ** 2).sum(axis=0)
    return any(_quadratic(step, weights) for weights in (sizes, _balance(gain))) or _listed(step)


def _balance(gain: Matrix) -> Matrix:
    """Weights in which the gain's Euclidean norm is about its spectral radius: left over right Perron vector."""
    right = left = np.ones(len(gain))
    for _ in range(200):
        right, left = gain @ right + 1e-9 * right.mean(), gain.T @ left + 1e-9 * left.mean()
        right, left = right / right.max(), left / left.max()
    return np.asarray(left / right)


def _quadratic(step: OpenStep, weights: Matrix) -> bool:
    """Whether some P has ‖A(s)x‖_P ≤ ‖x‖_P for x ≠ 0, strictly, shown with Σ λ_i (r_i²/4 − d_i²) ≥ 0.

    The largest gain from all time before is a Riccati recursion, which grows to P or beyond all bounds. The identity is
    added for strictness.
    """
    p = len(step.Yc)
    if p > _MOST:
        return False
    A = step.centre(np.eye(step.base.shape[1]))[:, :p]
    Z, Y, L = step.Zc[:, :p], step.Yc, step.Lc
    over = np.diag(weights)
    P = np.zeros((p, p))
    small = 1e-9 * float(weights.max()) * np.eye(p)
    for _ in range(_ROUNDS):
        M = over - L.T @ over @ L / 4 - Y.T @ P @ Y
        try:
            factor = np.linalg.cholesky(M)
        except np.linalg.LinAlgError:
            return False
        H = np.linalg.solve(factor, Y.T @ P @ A + L.T @ over @ Z / 4)
        after = small + A.T @ P @ A + Z.T @ over @ Z / 4 + H.T @ H
        if not np.isfinite(after).all():
            return False
        if np.abs(after - P).max() <= 1e-12 * np.abs(after).max():
            return True
        P = (after + after.T) / 2
    return False


def _listed(step: OpenStep) -> bool:
    p, k = step.Y.shape
    if len(step.ties) > _TIES or p > _STATES:
        return False
    choices = np.zeros((1, k))
    for tie in step.ties:
        turned = [np.isin(np.arange(k), pattern).astype(float) for pattern in ((), *tie.patterns)]
        choices = np.concatenate([choices + turn for turn in turned])
    A = step.base[:, :p] + step.Y @ moved_rows(choices, step.Z[:, :p], step.L)
    try:
        return joint_spectral_radius(A).upper < 1.0
    except ConservativeError:
        return False
