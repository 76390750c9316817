"""Sweeps through open steps: bounds of ⟨w, u_T⟩ over all selections backward, attained values forward.

u_{t+1} = J_t(s_t)[u_t; v] with s_t free. Backward, the bound stays affine in u: ⟨w, J(s)x⟩ = ⟨w, Bx⟩ + Σ s_i a_i r_i
with the row r_i ∈ [l_i, h_i] known in advance, and max(0, a_i r_i) is a_i r_i or 0 where that interval has one sign,
and at most the chord of the convex function over it elsewhere. One column a direction and side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.differentiation.open_steps import OpenStep

Matrix = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Intervals of the rows r of one step, over all selections. Shapes: (k,)."""

    lower: Matrix
    upper: Matrix

    @property
    def middle(self) -> Matrix:
        """Where a first choice is made."""
        return (self.lower + self.upper) / 2

    @property
    def largest(self) -> Matrix:
        """Bounds of |r|."""
        return np.maximum(-self.lower, self.upper)

    @property
    def crossing(self) -> Matrix:
        """Whose sign is open."""
        return np.asarray((self.lower < 0) & (self.upper > 0))

    def within(self, other: "Rows") -> "Rows":
        """What both say."""
        return Rows(np.fmax(self.lower, other.lower), np.fmin(self.upper, other.upper))


def relaxed(step: OpenStep, rows: Rows, a: Matrix) -> tuple[Matrix, Matrix]:
    """Weights g with Σ s_i a_i r_i ≤ Σ g_i r_i + offset for all selections; `a` (k, c), results (k, c), (c,)."""
    if step.simple:
        low, high = _products(a, rows.lower[:, None], rows.upper[:, None])
        s = _chord(low, high)
        return s * a, _offsets(s, low).sum(axis=0)
    a, g, offset = a.copy(), np.zeros_like(a), np.zeros_like(a[0])
    for part in reversed(step.parts):
        slots = list(part.slots)
        low, high = _products(a[slots], rows.lower[slots, None], rows.upper[slots, None])
        member = np.array([[i in pattern for i in slots] for pattern in part.patterns], dtype=a.dtype)
        weights, lifted = _largest(member @ low, member @ high)
        g[slots] = (member.T @ weights) * a[slots]
        offset = offset + lifted
        a += step.L[slots].T @ g[slots]
    return g, offset


def _largest(low: Matrix, high: Matrix) -> tuple[Matrix, Matrix]:
    """An affine bound of max(0, z_1, ..., z_r) over z_i in its interval: weights of z and offset."""
    s = _chord(low, high)
    lifted = _offsets(s, low).sum(axis=0)
    if len(low) == 1:
        return s, lifted
    # Or one of them, or none, raised by what another may exceed it by; the least in the middle of the box is taken.
    none = np.zeros_like(low[:1])
    low, high = np.concatenate([none, low]), np.concatenate([none, high])
    excess = high[None] - low[:, None]
    excess[np.arange(len(low)), np.arange(len(low))] = 0
    lift = excess.max(axis=1)
    middle = (low + high) / 2
    best = (middle + lift).argmin(axis=0)
    one = (np.arange(len(low))[:, None] == best)[1:].astype(low.dtype)
    there = np.take_along_axis(middle + lift, best[None], axis=0)[0]
    single = there < (s * middle[1:]).sum(axis=0) + lifted
    return np.where(single, one, s), np.where(single, np.take_along_axis(lift, best[None], axis=0)[0], lifted)


def _products(a: Matrix, lower: Matrix, upper: Matrix) -> tuple[Matrix, Matrix]:
    ends = a * lower, a * upper
    return np.minimum(*ends), np.maximum(*ends)


def _chord(low: Matrix, high: Matrix) -> Matrix:
    """The slope between max(0, low) and max(0, high)."""
    width = high - low
    crossing = (low < 0) & (high > 0)
    slope = np.where(crossing, high, 0) / np.where(crossing, width, 1)
    return np.where(crossing, slope, (low >= 0).astype(slope.dtype))


def _offsets(s: Matrix, low: Matrix) -> Matrix:
    return np.where(low < 0, -s * low, 0 * low)


def chosen(step: OpenStep, rows: Matrix, a: Matrix) -> tuple[Matrix, Matrix]:
    """The patterns that make Σ s_i a_i r_i largest, tie after tie from the last; and s_i a_i. Shapes: all (k, c)."""
    if step.simple:
        s = (a * rows > 0).astype(a.dtype)
        return s, s * a
    a, s = a.copy(), np.zeros_like(a)
    for tie in reversed(step.ties):
        slots = list(tie.slots)
        member = np.array([[i in pattern for i in slots] for pattern in ((), *tie.patterns)], dtype=a.dtype)
        best = (member @ (a[slots] * rows[slots])).argmax(axis=0)
        s[slots] = member[best].T
        a += step.L[slots].T @ (s[slots] * a[slots])
    return s, s * a


def bound_sweep(
    steps: Sequence[OpenStep], rows: Sequence[Rows], W: Matrix, v: Matrix
) -> tuple[Matrix, Matrix, list[Matrix]]:
    """Columns w and constants with ⟨W, u_T⟩ ≤ ⟨w, u_0⟩ + constant for all selections; and choices to try first."""
    p, constant = len(W), np.zeros_like(W[0])
    tried = []
    for step, known in zip(reversed(steps), reversed(rows), strict=True):
        a = step.Y.T @ W
        g, offset = relaxed(step, known, a)
        tried.append(chosen(step, known.middle[:, None], a)[0])
        W = np.asarray(step.base.T @ W + step.Z.T @ g)
        constant = constant + offset + v @ W[p:]
        W = W[:p]
    return W, constant, tried[::-1]


def replay(steps: Sequence[OpenStep], choices: Sequence[Matrix], u: Matrix, v: Matrix) -> tuple[Matrix, list[Matrix]]:
    """u_T and the rows of every step, for a selection in each column. Shapes: `u` (p, c), `v` (m,)."""
    driven = np.repeat(v[:, None], u.shape[1], axis=1)
    found = []
    for step, s in zip(steps, choices, strict=True):
        x = np.concatenate([u, driven])
        rows = step.Z @ x
        for i in np.flatnonzero((step.L != 0).any(axis=1)):
            rows[i] += step.L[i, :i] @ (s[:i] * rows[:i])
        found.append(rows)
        u = np.asarray(step.base @ x + step.Y @ (s * rows))
    return u, found


def chosen_sweep(steps: Sequence[OpenStep], rows: Sequence[Matrix], W: Matrix) -> list[Matrix]:
    """Better choices for every step from the last to the first, each the best one where the other steps stay."""
    found, p = [], len(W)
    for step, known in zip(reversed(steps), reversed(rows), strict=True):
        s, g = chosen(step, known, step.Y.T @ W)
        found.append(s)
        W = np.asarray(step.base.T @ W + step.Z.T @ g)[:p]
    return found[::-1]


def ascend(
    steps: Sequence[OpenStep], choices: list[Matrix], u: Matrix, v: Matrix, W: Matrix, *, goal: Matrix, rounds: int
) -> Matrix:
    """The largest ⟨W, u_T⟩ attained, a column each; ends where the goal is reached or nothing moves."""
    best, last = None, None
    for _ in range(rounds):
        end, rows = replay(steps, choices, u, v)
        last = (W * end).sum(axis=0)
        moving = best is None or (last > best).any()
        best = last if best is None else np.maximum(best, last)
        if not moving or (best >= goal).all():
            break
        choices = chosen_sweep(steps, rows, W)
    return np.asarray(best)
