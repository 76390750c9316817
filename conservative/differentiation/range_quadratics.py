"""Upper bounds of ⟨w, u_T⟩ over all selections that are quadratic in u_t: for ties whose rows change their sign.

s_i ∈ [0, 1] says no more and no less than d_i (r_i − d_i) ≥ 0 for what the switch passes on, d_i = s_i r_i. With any
λ ≥ 0 therefore V_t(u) = max over d of V_{t+1}(A u + B v + Y d) + Σ λ_i d_i (r_i − d_i) bounds what is reached from u,
and V_t stays ½ u'Pu + q'u + c: a Riccati recursion. (Lagrangian duality; no interval of a row enters.) At a best
selection λ_i = |a_i|/|r_i| with the cotangent a_i makes that selection stationary, so that the bound is attained if
nothing exceeds it there. The bound is convex in λ, and descends along the slope that the path of its maximum shows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from conservative.differentiation.common_contraction import ball
from conservative.differentiation.open_steps import Matrix, OpenStep
from conservative.differentiation.range_sweeps import ascend

_ENVELOPES = (0.0, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.995)
_FLOOR = 1e-2
_GAIN = 1e-4
"""Rounds end where the bound falls by less than this share of what is left to fall."""


_OPEN = 1e-2
"""Share of the inner width that an outer end may be off before it is sharpened."""

_WORK = 1e11
"""Floating-point operations that sharpening may take, about; more directions get fewer rounds."""

_ROUNDS, _STATES, _DISTINCT = 100, 300, 400
_FORGOTTEN = 1e-12


class Parts(NamedTuple):
    """One step with its tangent put in: u ↦ A u + b + Y d, rows Z u + z + L d."""

    A: Matrix
    b: Matrix
    Y: Matrix
    Z: Matrix
    z: Matrix
    L: Matrix


class Swept(NamedTuple):
    """c + q'u + ½ u'Pu at the start, and the maximising d = F u + f of every step, last column f."""

    c: float
    q: Matrix
    P: Matrix
    feedback: list[Matrix]


def parts_of(step: OpenStep, v: Matrix) -> Parts:
    """The step's matrices for one tangent."""
    p = step.base.shape[0]
    drive = np.concatenate([np.zeros(p), v])
    A = np.asarray(step.base @ np.eye(p + len(v), p))
    return Parts(A, np.asarray(step.base @ drive), step.Y, step.Z[:, :p], step.Z @ drive, step.L)


def swept(steps: Sequence[Parts], w: Matrix, weights: Matrix) -> Swept | None:
    """V at the start for multipliers (T, k); None where some maximum over d is not finite."""
    q, P, c, feedback = w, np.zeros((len(w), len(w))), 0.0, list[Matrix]()
    for step, given in zip(reversed(steps), weights[::-1], strict=True):
        weight = given[: len(step.Z)]
        cross = weight[:, None] * step.L
        PY = P @ step.Y
        try:
            factor = np.linalg.cholesky(2 * np.diag(weight) - cross - cross.T - step.Y.T @ PY)
        except np.linalg.LinAlgError:
            return None
        Pb = P @ step.b
        H = np.column_stack([PY.T @ step.A + weight[:, None] * step.Z, step.Y.T @ (Pb + q) + weight * step.z])
        half = np.linalg.solve(factor, H)
        feedback.append(np.linalg.solve(factor.T, half))
        c += float(q @ step.b + step.b @ Pb / 2 + half[:, -1] @ half[:, -1] / 2)
        q = step.A.T @ (q + Pb) + half[:, :-1].T @ half[:, -1]
        P = step.A.T @ P @ step.A + half[:, :-1].T @ half[:, :-1]
        if not abs(c) < 1e100:
            return None
    return Swept(c, q, P, feedback[::-1])


def replayed(steps: Sequence[Parts], found: Swept, u: Matrix, k: int) -> tuple[Matrix, Matrix]:
    """Rows and d along the path on which the bound is attained, shapes (T, k)."""
    rows, passed = np.zeros((len(steps), k)), np.zeros((len(steps), k))
    for t, (step, F) in enumerate(zip(steps, found.feedback, strict=True)):
        d, n = F[:, :-1] @ u + F[:, -1], len(step.Z)
        rows[t, :n], passed[t, :n] = step.Z @ u + step.z + step.L @ d, d
        u = step.A @ u + step.b + step.Y @ d
    return rows, passed


def at_start(found: Swept, u: Matrix, radius: float) -> float:
    """The largest V over a ball around u."""
    value = found.c + float(found.q @ u + u @ found.P @ u / 2)
    if not radius:
        return value
    slope = float(np.linalg.norm(found.q + found.P @ u))
    return value + radius * slope + radius**2 * float(np.linalg.norm(found.P)) / 2


def first_weights(steps: Sequence[Parts], w: Matrix, u: Matrix, choices: Sequence[Matrix], decay: float) -> Matrix:
    """Flat multipliers: for each step the cotangents' size over the rows', the largest along some selections."""
    T, k = len(steps), max(len(step.Z) for step in steps)
    size, rows = np.zeros(T), np.zeros(T)
    for s in choices:
        x, back = u, w
        for t, step in enumerate(steps):
            r = step.Z @ x + step.z
            rows[t] = max(rows[t], float(np.linalg.norm(r)))
            x = step.A @ x + step.b + step.Y @ (s[t, : len(r)] * r)
        for t in reversed(range(T)):
            a = steps[t].Y.T @ back
            size[t] = max(size[t], float(np.linalg.norm(a)))
            back = steps[t].A.T @ back + steps[t].Z.T @ (s[t, : len(a)] * a)
    flat = size / np.maximum(rows, 1e-3 * max(rows.max(), 1e-300))
    for t in range(T - 2, -1, -1):
        flat[t] = max(flat[t], decay * flat[t + 1], _FLOOR * flat[t + 1])
    for t in range(1, T):
        flat[t] = max(flat[t], _FLOOR * flat[t - 1])
    return np.repeat(np.maximum(flat, 1e-300)[:, None], k, axis=1)


def quadratic_bound(
    steps: Sequence[Parts], w: Matrix, u: Matrix, radius: float, choices: Sequence[Matrix], *, goal: float, rounds: int
) -> tuple[float, Matrix | None]:
    """An upper bound of ⟨w, u_T⟩ from a ball around u, and a selection (T, k) that it suggests."""
    k, best, found = max(len(step.Z) for step in steps), np.inf, None
    for decay in _ENVELOPES:
        weights = first_weights(steps, w, u, choices, decay)
        found = swept(steps, w, weights)
        if found is not None:
            break
    if found is None:
        return np.inf, None
    best, share = at_start(found, u, radius), 1.0
    for _ in range(rounds):
        rows, passed = replayed(steps, found, u, k)
        # The bound's slope along log λ is λ d (r − d); steps are as long as that is beside r².
        scale = np.maximum(rows**2, 1e-3 * (rows**2).mean())
        move = np.clip(2 * passed * (passed - rows) / scale, -1.0, 1.0)
        better = None
        while share > 1e-3 and better is None:
            tried = weights * np.exp(share * move)
            after = swept(steps, w, tried)
            if after is not None and at_start(after, u, radius) < best:
                better = after
            else:
                share /= 2
        if better is None:
            break
        fallen = best - at_start(better, u, radius)
        weights, found, best, share = tried, better, best - fallen, min(1.0, 2.0 * share)
        if fallen <= _GAIN * max(best - goal, 0.0):
            break
    rows, passed = replayed(steps, found, u, k)
    return best, (passed * rows > rows * rows / 2).astype(np.float64)


def sharpened(
    steps: Sequence[OpenStep],
    both: Matrix,
    v: Matrix,
    u: Matrix,
    inner: Matrix,
    outer: Matrix,
    around: tuple[Matrix, float] | None = None,
) -> tuple[Matrix, Matrix]:
    """Better ends for the columns of `both`, upper sides and then lower ones, where bounds and what is attained part.

    The loop starts at u, or anywhere in a ball.
    """
    c, p = both.shape[1] // 2, len(u)
    width = np.tile(inner[:c] + inner[c:], 2)
    open_ends = np.flatnonzero(outer - inner > _OPEN * np.maximum(width, 1e-9 * np.abs(outer)))
    if not steps or not len(open_ends) or p > _STATES:
        return inner, outer
    made = {id(step): parts_of(step, v) for step in steps}
    parts = [made[id(step)] for step in steps]
    k = max(len(part.Z) for part in parts)
    fixed = [np.full((len(parts), k), value) for value in (0.5, 1.0)]
    length, within = _memory(parts, both, fixed) if len(made) == 1 else len(parts), around
    if within is None and length < len(parts):
        within = ball(steps[-1], v, u)
        length = len(parts) if within is None else length
    rounds = min(_ROUNDS, int(_WORK / (len(open_ends) * length * 8 * (p + k) ** 3)))
    if length > _DISTINCT or rounds < 1:
        return inner, outer
    inner, outer = inner.copy(), outer.copy()
    free = all(tie.patterns == (tie.slots,) and len(tie.slots) == 1 for step in steps for tie in step.ties)
    centre, radius = (u, 0.0) if within is None else within
    for j in open_ends:
        w, some = both[:, j], [s[-length:] for s in fixed]
        bound, suggested = quadratic_bound(
            parts[-length:], w, centre, radius, some, goal=float(inner[j]), rounds=rounds
        )
        outer[j] = min(outer[j], bound)
        if suggested is not None and free:
            choices = np.concatenate([fixed[0][length:], suggested])
            tried = [s[: len(part.Z), None] for s, part in zip(choices, parts, strict=True)]
            reached = ascend(steps, tried, u[:, None], v, w[:, None], goal=outer[j : j + 1], rounds=20)
            inner[j] = max(inner[j], float(reached[0]))
    return inner, outer


def _memory(parts: Sequence[Parts], W: Matrix, choices: Sequence[Matrix]) -> int:
    """After how many steps back cotangents count no more, along some selections."""
    longest, size = 1, np.abs(W).max()
    for s in choices:
        back, t = W, 0
        for part, weights in zip(reversed(parts), s[::-1], strict=True):
            a = part.Y.T @ back
            back, t = part.A.T @ back + part.Z.T @ (weights[: len(a), None] * a), t + 1
            if np.abs(back).max() <= _FORGOTTEN * size:
                break
        longest = max(longest, t)
    return longest
