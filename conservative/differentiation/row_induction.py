"""Intervals of the rows of a step that is repeated, proved by induction over time: from below, until they hold.

Assume that every row lay in its interval at all times before. Then backward sweeps, with the switches of rows of one
sign decided and the others bounded by chords, bound each row at the next time, for all numbers of steps at once. If
these bounds are within the intervals, they hold for ever. Guesses start at the first step's rows and grow to what the
sweeps say. No norm of a product enters: ties may feed back into each other with a large gain.
"""

from collections.abc import Callable

import numpy as np

from conservative.differentiation.open_steps import Matrix, OpenStep
from conservative.differentiation.range_sweeps import Rows, relaxed

Start = Callable[[Matrix], Matrix]
"""From columns W to the largest ⟨W, u⟩ over the set that the run starts from."""

_ROUNDS = 60
_REFINED = 6
_ROOM = 1e-12
_NEGLIGIBLE, _HOPELESS = 1e-17, 1e6


def invariant_rows(step: OpenStep, first: Rows, v: Matrix, start: Start, *, most: int) -> Rows | None:
    """Intervals of all rows at all of `most` times; None where no guess held."""
    rows, moved, last = first, np.inf, np.inf
    for _ in range(_ROUNDS):
        after = bounded_rows(step, rows, v, start, most=most)
        if after is None:
            return None
        room = _ROOM * max(np.abs(after.lower).max(), np.abs(after.upper).max())
        up, down = after.upper + room - rows.upper, rows.lower - after.lower + room
        if (up <= 0).all() and (down <= 0).all():
            return _refined(step, rows, v, start, most)
        last, moved = moved, max(up.max(), down.max())
        if not moved < _HOPELESS * max(np.abs(first.lower).max(), np.abs(first.upper).max()):
            return None
        # Growth is geometric: go to where it would end, a little beyond.
        ratio = min(moved / last, 0.98)
        stretch = 1.0 + (1.1 * ratio / (1.0 - ratio) if ratio > 0.1 else 0.0)
        rows = Rows(rows.lower - stretch * np.maximum(down, 0), rows.upper + stretch * np.maximum(up, 0))
    return None


def _refined(step: OpenStep, rows: Rows, v: Matrix, start: Start, most: int) -> Rows:
    """What holds implies at most as much."""
    for _ in range(_REFINED):
        after = bounded_rows(step, rows, v, start, most=most)
        if after is None or not rows.crossing.any():
            break
        room = _ROOM * np.maximum(np.abs(after.lower), np.abs(after.upper))
        better = rows.within(Rows(after.lower - room, after.upper + room))
        done = np.sum(better.upper - better.lower) > 0.99 * np.sum(rows.upper - rows.lower)
        rows = better
        if done:
            break
    return rows


def bounded_rows(step: OpenStep, rows: Rows, v: Matrix, start: Start, *, most: int) -> Rows | None:
    """What intervals of the rows so far say of the next ones, whenever that is; None beyond all bounds."""
    k, p = len(step.Z), step.base.shape[0]
    signs = np.concatenate([np.eye(k), -np.eye(k)], axis=1)
    g, offset = relaxed(step, rows, step.L.T @ signs)
    W = step.Z.T @ (signs + g)
    upper = largest(step, rows, W[:p], v, start, most=most)
    if upper is None:
        return None
    upper = upper + offset + v @ W[p:]
    return Rows(-upper[k:], upper[:k])


def largest(step: OpenStep, rows: Rows, W: Matrix, v: Matrix, start: Start, *, most: int) -> Matrix | None:
    """Upper bounds of ⟨W, u_t⟩ over the first `most` times t and all selections."""
    p, size = len(W), np.abs(W).max(initial=0)
    total, best = np.zeros(W.shape[1]), start(W)
    for _ in range(most - 1):
        g, offset = relaxed(step, rows, step.Y.T @ W)
        W = np.asarray(step.base.T @ W + step.Z.T @ g)
        total, W = total + offset + v @ W[p:], W[:p]
        best = np.maximum(best, total + start(W))
        left = np.abs(W).max(initial=0)
        if left <= _NEGLIGIBLE * size:
            break
        if not left < 1e30 * size:
            return None
    return best
