"""Whether all selections of one step contract in a common norm: their recursion has one limit then, within a ball."""

import numpy as np

from conservative._core.errors import ConservativeError
from conservative.differentiation.open_steps import Matrix, OpenStep
from conservative.functions.switched_jacobian import moved_rows
from conservative.spectral import joint_spectral_radius

_ROUNDS = 5000
_MOST = 800
_TIES, _STATES = 6, 40
"""Up to these sizes all selections are listed."""


def contracts(step: OpenStep, gain: Matrix) -> bool:
    """By a small gain in the largest norm, then in a quadratic one, then by listing few selections."""
    if np.abs(np.linalg.eigvals(gain)).max() < 1.0 - 1e-9:
        return True
    return any(storage(step, weights) is not None for weights in (_sizes(step), _balance(gain))) or _listed(step)


def ball(step: OpenStep, v: Matrix, u: Matrix) -> tuple[Matrix, float] | None:
    """A centre and a radius of what all selections reach from u; None where no quadratic norm is found.

    V(e) = e'Pe of the distance e to the centre's fixed point has V ← ρ² V + (1 + 1/ε) Σ λ_i m_i²/4, m its rows.
    """
    p, weights = len(step.Y), _sizes(step)
    if p > _MOST:
        return None
    J = step.centre(np.eye(step.base.shape[1]))
    try:
        centre = np.linalg.solve(np.eye(p) - J[:, :p], J[:, p:] @ v)
    except np.linalg.LinAlgError:
        return None
    middle = step.Zc @ np.concatenate([centre, v])
    for j in range(1, 13):
        share = 2.0**-j
        P = storage(step, weights, discount=1.0 - share, slack=share / 4)
        if P is not None:
            driven = (1.0 + 4.0 / share) * float(weights @ middle**2) / 4
            level = max(driven / share, float((u - centre) @ P @ (u - centre)))
            return centre, float(np.sqrt(1.001 * level / np.linalg.eigvalsh(P)[0]))
    return None


def _sizes(step: OpenStep) -> Matrix:
    return np.asarray((np.asarray(step.Y) ** 2).sum(axis=0))


def _balance(gain: Matrix) -> Matrix:
    """Weights in which the gain's Euclidean norm is about its spectral radius: left over right Perron vector."""
    right = left = np.ones(len(gain))
    for _ in range(200):
        right, left = gain @ right + 1e-9 * right.mean(), gain.T @ left + 1e-9 * left.mean()
        right, left = right / right.max(), left / left.max()
    return np.asarray(left / right)


def storage(step: OpenStep, weights: Matrix, *, discount: float = 1.0, slack: float = 0.0) -> Matrix | None:
    """P with |A(s)x|² ≤ discount |x|² in its norm, strictly, for all s; by Σ λ_i ((1 + slack) r_i²/4 − d_i²) ≥ 0.

    What is gained at most from all time before is a Riccati recursion, which grows to P or beyond all bounds. The
    identity is added for strictness.
    """
    p = len(step.Yc)
    if p > _MOST:
        return None
    A = step.centre(np.eye(step.base.shape[1]))[:, :p]
    Z, Y, L = step.Zc[:, :p], step.Yc, step.Lc
    wide = np.diag(weights) * (1.0 + slack) / 4
    P = np.zeros((p, p))
    small = 1e-6 * float(weights.max()) * np.eye(p)
    for _ in range(_ROUNDS):
        try:
            factor = np.linalg.cholesky(np.diag(weights) - L.T @ wide @ L - Y.T @ P @ Y)
        except np.linalg.LinAlgError:
            return None
        H = np.linalg.solve(factor, Y.T @ P @ A + L.T @ wide @ Z)
        after = small + (A.T @ P @ A + Z.T @ wide @ Z + H.T @ H) / discount
        if not np.isfinite(after).all():
            return None
        if np.abs(after - P).max() <= 1e-9 * np.abs(after).max():
            return np.asarray(after * (1 + 1e-6))
        P = (after + after.T) / 2
    return None


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
