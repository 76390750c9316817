"""The implicit derivatives of many ties by one solve and k × k algebra.

A tie turns its row of z = Zx + L r into r = S z, S = diag(s), and [x; w] moves by Y r. At the fixed point, with
G = (Id − A₀)⁻¹, X₀ = G B₀,

    X(s) = X₀ + G Y r,   W(s) = W₀ + H r,   r = (Id − S M)⁻¹ S Q₀,   M = L + Z_A G Y,   Q₀ = Z_A X₀ + Z_B,

H = C₀ G Y + Y_w, W₀ = C₀ X₀ + D₀. Around s = 1/2: r = z/2 + d with |d| ≤ |z|/2, so that z = z_c + K_c d with
K_c = (Id − M/2)⁻¹M. Where ‖K_c‖₂ < 2 in some diagonal scaling, ‖z‖ ≤ ‖z_c‖/(1 − ‖K_c‖/2), and where |K_c| has a radius
below 2, |z| ≤ (Id − |K_c|/2)⁻¹|z_c|: then Id − S M is regular for all s in [0, 1]^k, and every entry of X and W lies
between bounds, without a vertex. Where M contracts in a scaling, the first holds: ‖K_c v/2‖ < ‖v‖ says ⟨u, Mu⟩ < ‖u‖².
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from conservative._core.errors import ArgumentError
from conservative.differentiation.resolvents import Resolvent
from conservative.functions.switched_jacobian import SwitchedJacobian

Floats = NDArray[np.float64]

_ROUNDING = 1e-12
"""Relative: bounds are widened by more than rounding usually is."""


class Swing(NamedTuple):
    """Bounds over all s of |z|, shape (k, m), and of ‖scale z‖₂ for every column; infinite where none is known."""

    rows: Floats
    scale: Floats
    size: Floats

    @property
    def regular(self) -> bool:
        """Whether z is bounded: then Id − S M is regular for all s."""
        return bool(np.isfinite(self.size).all())


def _swing(K: Floats, z: Floats) -> Swing:
    """From z = z_c + K d, |d| ≤ |z|/2: in a scaled norm, and then entry by entry, each bound improving the last."""
    k = len(K)
    if not k:
        return Swing(np.abs(z), np.ones(0), np.zeros(z.shape[1]))
    balanced = 1.0 / np.asarray(linalg.matrix_balance(K, permute=False, separate=True)[1][0])
    scale = min(
        (np.ones(k), balanced), key=lambda scale: float(np.linalg.norm(scale[:, None] * K / scale, 2))
    )  # fmt: skip
    rate = float(np.linalg.norm(scale[:, None] * K / scale, 2)) / 2 * (1.0 + 1e-10)
    if not rate < 1.0:
        rows = _by_entries(K, z)
        return Swing(rows, scale, np.linalg.norm(scale[:, None] * rows, axis=0))
    size = np.linalg.norm(scale[:, None] * z, axis=0) / (1.0 - rate)
    rows = np.abs(z) + np.linalg.norm(K / scale, axis=1)[:, None] * size / 2
    for _ in range(20):
        rows = np.minimum(rows, np.abs(z) + np.abs(K) @ rows / 2)
    return Swing(rows, scale, np.minimum(size, np.linalg.norm(scale[:, None] * rows, axis=0)))


def _by_entries(K: Floats, z: Floats) -> Floats:
    """(Id − |K|/2)⁻¹|z_c| where it is the sum of its series, else infinite."""
    if not max(abs(np.linalg.eigvals(np.abs(K)))) < 2.0 * (1.0 - 1e-9):
        return np.full(z.shape, np.inf)
    return np.asarray(np.linalg.solve(np.eye(len(K)) - np.abs(K) / 2, np.abs(z)))


class ReducedTies:
    """X(s) and W(s) of all s, after one solve with m + k columns."""

    def __init__(self, S: SwitchedJacobian, *, krylov: bool = False) -> None:
        p, (rows, n) = S.state_size, S.shape
        m, k = n - p, len(S.Z)
        self.S, self.p, self.m = S, p, m
        self.resolvent = Resolvent(S, krylov=krylov)
        Y, Z, L = (np.asarray(part, dtype=np.float64) for part in (S.Y, S.Z, S.L))
        units = np.zeros((n, m))
        units[p:] = np.eye(m)
        direct = np.asarray(S.base @ units, dtype=np.float64)
        solved = self.resolvent.solve(np.hstack([direct[:p], Y[:p]]))
        self.away = self.resolvent.residual(solved, np.hstack([direct[:p], Y[:p]]))
        self.X0, self.G = solved[:, :m], solved[:, m:]
        self.M, self.Q0 = L + Z[:, :p] @ self.G, Z[:, p:] + Z[:, :p] @ self.X0
        if rows > p:
            moved = np.zeros((n, m + k))
            moved[:p] = solved
            through = np.asarray(S.base @ moved, dtype=np.float64)[p:]
            self.W0, self.H = through[:, :m] + direct[p:], through[:, m:] + Y[p:]
        else:
            self.W0, self.H = self.X0, self.G
        self._check_kernel(Z, rows > p)

    @property
    def kernel(self) -> Floats:
        """What the state is determined up to, shape (p, d)."""
        return self.resolvent.kernel

    def solves(self, s: Floats) -> tuple[Floats, Floats]:
        """X and W at choices. Shapes: `s` (c, k), results (c, p, m) and (c, q, m)."""
        r = self.turned(s)
        return self.X0 + self.G @ r, self.W0 + self.H @ r

    def turned(self, s: Floats) -> Floats:
        """r of choices, shape (c, k, m)."""
        k = len(self.M)
        try:
            return np.asarray(np.linalg.solve(np.eye(k) - s[:, :, None] * self.M, s[:, :, None] * self.Q0))
        except np.linalg.LinAlgError as error:
            raise ArgumentError(
                "`implicit_jacobian(F=...)`: Id − A is singular at a choice of its ties, so that the implicit formula "
                "is undefined there. Iterate the set instead (`iterate_set`)."
            ) from error

    @property
    def regular(self) -> bool:
        """Whether Id − S M is known to be regular for all s in [0, 1]^k."""
        return self.swing.regular

    @property
    def swing(self) -> "Swing":
        """How far the rows z of the ties reach over all s."""
        k = len(self.M)
        half = np.eye(k) - self.M / 2
        try:
            K, z = np.linalg.solve(half, self.M), np.linalg.solve(half, self.Q0)
        except np.linalg.LinAlgError:
            return Swing(np.full(self.Q0.shape, np.inf), np.ones(k), np.full(self.m, np.inf))
        return _swing(np.asarray(K, dtype=np.float64), np.asarray(z, dtype=np.float64))

    def bounds(self, T0: Floats, T: Floats) -> Floats:
        """Between which values T0 + T r lies over all s. Shapes: `T0` (c, m), `T` (c, k), result (c, m, 2)."""
        middle, slope, _ = self._centred(T0, T)
        swing = self.swing
        entries = np.abs(slope) @ swing.rows / 2 if swing.regular else np.full(middle.shape, np.inf)
        whole = np.linalg.norm(slope / swing.scale, axis=1)[:, None] * swing.size / 2
        reach = np.minimum(entries, whole)
        reach = reach + _ROUNDING * (np.abs(middle) + np.abs(T) @ np.abs(self.Q0) + 1e-300)
        return np.stack([middle - reach, middle + reach], axis=-1)

    def attained(self, T0: Floats, T: Floats, columns: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """The least and largest of entries (T0 + T r)_{i, columns_i} that a search meets, and their choices.

        From those that are best to first order at the centre, by the signs of the gradient while that gains.
        Shapes: `T0` (c, m), `T` (c, k), results (c, 2) and (c, 2, k).
        """
        _, slope, z = self._centred(T0, T)
        start, Q = T0[np.arange(len(T0)), columns], self.Q0[:, columns].T
        found, weights = np.empty((len(T), 2)), np.empty((len(T), 2, len(self.M)))
        for side, sign in enumerate((-1.0, 1.0)):
            s = (sign * slope * z[:, columns].T > 0).astype(np.float64)
            value, rows = self._values(s, start, T, Q)
            for _ in range(4):
                other = (sign * self._gradient(s, T) * (Q + rows @ self.M.T) > 0).astype(np.float64)
                moved, moved_rows = self._values(other, start, T, Q)
                better = sign * moved > sign * value
                if not better.any():
                    break
                s[better], value[better], rows[better] = other[better], moved[better], moved_rows[better]
            found[:, side], weights[:, side] = value, s
        return found, weights

    def _centred(self, T0: Floats, T: Floats) -> tuple[Floats, Floats, Floats]:
        """T0 + T r at s = 1/2, its slope in d there, and the rows z."""
        half = np.eye(len(self.M)) - self.M / 2
        z = np.asarray(np.linalg.solve(half, self.Q0), dtype=np.float64)
        slope = np.asarray(T + T @ np.linalg.solve(half, self.M) / 2, dtype=np.float64)
        return T0 + T @ z / 2, slope, z

    def _values(self, s: Floats, start: Floats, T: Floats, Q: Floats) -> tuple[Floats, Floats]:
        """Entries at choices of their own, and r of these. Shapes: `s`, `T`, `Q` (c, k), `start` (c,)."""
        system = np.eye(len(self.M)) - s[:, :, None] * self.M
        r = np.asarray(np.linalg.solve(system, (s * Q)[:, :, None])[:, :, 0])
        return start + (T * r).sum(axis=1), r

    def _gradient(self, s: Floats, T: Floats) -> Floats:
        """The factor of z_l in how T r moves with s_l: T (Id − S M)⁻¹, shape (c, k)."""
        k = len(self.M)
        turned = np.eye(k) - s[:, :, None] * self.M
        return np.asarray(np.linalg.solve(np.swapaxes(turned, 1, 2), T[:, :, None])[:, :, 0])

    def _check_kernel(self, Z: Floats, has_output: bool) -> None:
        kernel = self.kernel
        if not kernel.shape[1]:
            return
        if len(Z) and np.abs(Z[:, : self.p] @ kernel).max() > 1e-9 * max(1.0, float(np.abs(Z).max())):
            raise ArgumentError(
                "`implicit_jacobian(F=...)`: Id − A is singular where ties are taken as the program takes them, along "
                "a direction that moves a tie, so that the implicit formula is undefined there. Iterate the set."
            )
