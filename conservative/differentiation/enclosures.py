"""Proved bounds on matrices of doubles that single differentiations need: norms, powers, solves with Id − A."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF

Floats = NDArray[np.float64]

_DECOMPOSED = 200
"""Order up to which a singular value decomposition gives the norm."""

_SLACK = 1.0 + 1e-13
_MOST_STEPS = 1 << 14


def norm_above(A: Floats) -> float:
    """More than ‖A‖₂. Shapes: `A` (p, q).

    Beyond the order of a decomposition c²Id − AᵀA is factored by Cholesky's method in doubles: where that ends, the
    matrix is at least −(q + 2)u times its trace, and AᵀA is within pu‖A‖_F² of what was formed.
    """
    size = float(frobenius_bounds(A)[1]) if A.size else 0.0
    if min(A.shape) <= _DECOMPOSED or size == 0.0:
        return min(size, float(spectral_norm_bounds(A)[1])) if A.size else 0.0
    vector = np.ones(A.shape[1])
    for _ in range(30):
        vector = A.T @ (A @ vector)
        vector /= max(float(np.linalg.norm(vector)), 1e-300)
    gram = A.T @ A
    for room in (1e-6, 1e-3, 1e-2, 1e-1):
        c = float(np.linalg.norm(A @ vector)) * (1.0 + room)
        M = c * c * np.eye(len(gram)) - gram
        noise = (sum(A.shape) + 8) * UNIT_ROUNDOFF * 1.01
        try:
            np.linalg.cholesky(M)
        except np.linalg.LinAlgError:
            continue
        return min(size, math.sqrt(c * c + noise * (size * size + len(gram) * c * c)) * _SLACK)
    return size


@dataclass(frozen=True, slots=True)
class PowerDecay:
    """‖Aⁿ‖₂ ≤ rate < 1, and ‖(Id − A)⁻¹‖₂ ≤ ‖Id + A + … + Aⁿ⁻¹‖₂/(1 − rate) ≤ total; n is `steps`."""

    steps: int
    rate: float
    total: float


def power_decay(A: Floats, *, off: float = 0.0) -> PowerDecay | None:
    """The first power of two whose power of A is proved to contract; None where none is found. Shapes: `A` (p, p).

    With Sₙ = Id + … + Aⁿ⁻¹, S₂ₙ = Sₙ + AⁿSₙ; roundings of products are carried along. `off`: how far A is from the
    matrix that is meant, at most, in the Frobenius norm.
    """
    p = len(A)
    power, total, n = A, np.eye(p), 1
    off_total = 0.0
    while n <= _MOST_STEPS:
        rate = (norm_above(power) + off) * _SLACK
        if rate < 1.0:
            size = (norm_above(total) + off_total) * _SLACK
            return PowerDecay(n, rate, size / (1.0 - rate) * _SLACK)
        large, sums = float(frobenius_bounds(power)[1]), float(frobenius_bounds(total)[1])
        if not large * large < 1e100:
            return None
        noise = (p + 2) * UNIT_ROUNDOFF * 1.01
        off_total = off_total * (1.0 + large + off) + off * sums + noise * (large * sums + sums) * 2.0
        off = off * (2.0 * large + off) + noise * large * large
        total, power, n = total + power @ total, power @ power, 2 * n
    return None


def enclosed_solves(A: Floats, B: Floats, *, rounded: bool = False) -> tuple[Floats, Floats]:
    """(Id − A)⁻¹B in doubles, and proved Frobenius distances from the exact solves; infinite where there is no proof.

    With C near (Id − A)⁻¹, E = Id − C(Id − A) and R = B − (Id − A)X, the error is (Id − E)⁻¹CR. A finite bound proves
    Id − A invertible. `rounded`: A and B stand for
    numbers of which they are the nearest doubles. Shapes: `A` (k, p, p), `B` (k, p, m), result (k, p, m) and (k,).
    """
    k, p, m = B.shape
    N = np.eye(p) - A
    X, errors = np.zeros((k, p, m)), np.full(k, np.inf)
    for i in range(k):
        try:
            C = np.linalg.inv(N[i])
        except np.linalg.LinAlgError:
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            X[i] = C @ B[i]
            X[i] += C @ (B[i] - X[i] + A[i] @ X[i])
            errors[i] = _solve_error(A[i], B[i], N[i], C, X[i], UNIT_ROUNDOFF * rounded)
    return X, np.where(np.isnan(errors), np.inf, errors)


def _solve_error(A: Floats, B: Floats, N: Floats, C: Floats, X: Floats, entries: float) -> float:
    p = len(A)
    noise = (p + 6) * UNIT_ROUNDOFF * 1.01
    a, b, n, c, x = (float(frobenius_bounds(M)[1]) if M.size else 0.0 for M in (A, B, N, C, X))
    diagonal = float(np.abs(np.diagonal(N)).max()) * UNIT_ROUNDOFF
    away = float(frobenius_bounds(np.eye(p) - C @ N)[1]) + noise * (p**0.5 + c * n) + c * (diagonal + entries * a)
    if not away < 1.0 or not X.size:
        return np.inf if not away < 1.0 else 0.0
    R = B - X + A @ X
    loose = noise * (b + x + a * x) + entries * (b + a * x)
    moved = float(frobenius_bounds(C @ R)[1]) + c * loose + noise * c * float(frobenius_bounds(R)[1])
    return float(moved / (1.0 - away) * _SLACK)
