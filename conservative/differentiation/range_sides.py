"""Both sides of ⟨w, u_T⟩ over all selections, for columns w and one tangent v: along steps, and in the limit of one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from conservative._core.errors import BudgetError, ExpansionError
from conservative.differentiation.common_contraction import ball, contracts
from conservative.differentiation.open_steps import Matrix, OpenStep
from conservative.differentiation.range_blocks import compressed, merged
from conservative.differentiation.range_quadratics import sharpened
from conservative.differentiation.range_sweeps import Rows, ascend, bound_sweep
from conservative.differentiation.row_induction import invariant_rows
from conservative.differentiation.tie_rows import NEGLIGIBLE, Kernel, rows_along, rows_in_ball

_ROUNDS = 12
_LONGEST = 20_000
"""Steps after which a contraction that is still going on is too slow."""

_SMALL = 1e-15


def along(steps: Sequence[OpenStep], W: Matrix, v: Matrix, u: Matrix) -> tuple[Matrix, Matrix]:
    """Inner and outer intervals of ⟨W, u_T⟩ for u_0 = u, shapes (c, 2).

    Before the first tie there is one derivative and after the last one cotangent: sweeps go between the two.
    """
    tied = [t for t, step in enumerate(steps) if step.ties]
    if not tied:
        for step in steps:
            u = np.asarray(step.base @ np.concatenate([u, v]))
        value = W.T @ u
        margin = _margin(steps, W, v, np.abs(u).max(initial=0))
        return np.stack([value, value], axis=1), np.stack([value - margin, value + margin], axis=1)
    first, last = tied[0], tied[-1] + 1
    for step in steps[:first]:
        u = np.asarray(step.base @ np.concatenate([u, v]))
    rest, p = 0 * W[0], len(W)
    for step in reversed(steps[last:]):
        W = np.asarray(step.base.T @ W)
        rest, W = rest + v @ W[p:], W[:p]
    window, W, v, u = compressed(merged(steps[first:last]), W, v, u)
    rows, size = rows_along(window, u, v)
    inner, outer = both_sides(window, rows, W, v, u)
    margin = _margin(steps, W, v, size)[:, None] * np.array([-1, 1])
    return inner + rest[:, None], outer + rest[:, None] + margin


def both_sides(
    steps: Sequence[OpenStep], rows: Sequence[Rows], W: Matrix, v: Matrix, u: Matrix
) -> tuple[Matrix, Matrix]:
    """Inner and outer intervals, shapes (c, 2): upper ends in the first columns of the sweeps, lower ones after."""
    both = np.concatenate([W, -W], axis=1)
    inner, outer = upper_ends(steps, rows, both, v, u)
    if outer.dtype != object:
        inner, outer = sharpened(steps, both, v, u, inner, outer)
    return _intervals(inner), _intervals(outer)


def upper_ends(
    steps: Sequence[OpenStep], rows: Sequence[Rows], W: Matrix, v: Matrix, u: Matrix
) -> tuple[Matrix, Matrix]:
    """What is attained of ⟨W, u_T⟩ and an affine bound of it, a number a column."""
    w, constant, choices = bound_sweep(steps, rows, W, v)
    outer = u @ w + constant
    start = np.repeat(u[:, None], W.shape[1], axis=1)
    slack = 0 * outer if outer.dtype == object else 1e-13 * np.abs(outer)
    return ascend(steps, choices, start, v, W, goal=outer - slack, rounds=_ROUNDS), outer


def _intervals(ends: Matrix) -> Matrix:
    """Upper ends along W, then along −W."""
    c = len(ends) // 2
    return np.stack([-ends[c:], ends[:c]], axis=1)


def _margin(steps: Sequence[OpenStep], W: Matrix, v: Matrix, size: Any) -> Matrix:
    """Room for rounding, some times what it usually is; none where all is exact."""
    if W.dtype == object:
        return np.asarray(0 * np.abs(W).sum(axis=0))
    scale = 1.0 + float(np.sqrt(len(steps) * len(W)))
    return np.asarray(1e-15 * scale * np.linalg.norm(W, axis=0) * (len(W) ** 0.5 * size + float(np.abs(v).max())))


class Limit:
    """J_pb of one step at a fixed point, along one tangent after another.

    From the derivative that s = 1/2 leads to, the sets that are reached grow to J_pb where the recursion contracts.
    """

    def __init__(self, step: OpenStep) -> None:
        self.step, self.p = step, step.base.shape[0]
        self.kernel = Kernel(step, _LONGEST)
        if len(step.Z) and not self.kernel.last <= NEGLIGIBLE * np.abs(step.Yc).max(initial=0):
            raise ExpansionError(_EXPANDING)
        self.norms = self.kernel.norms
        if len(step.Z) and not contracts(step, self.kernel.gain(step)):
            raise BudgetError(_SLOW)

    def rest(self, v: Matrix) -> Matrix:
        """The derivative that stays, for s = 1/2: an element of J_pb."""
        u, first = np.zeros(self.p), None
        for _ in range(_LONGEST):
            after = self.step.centre(np.concatenate([u, v]))
            moved = np.abs(after - u).max()
            first = moved if first is None else first
            u = after
            if moved <= _SMALL * np.abs(u).max() or not moved < 1e100:
                break
        if not moved <= 1e-13 * max(np.abs(u).max(), 1e-300):
            raise ExpansionError(_EXPANDING)
        return u

    def rows(self, u: Matrix, v: Matrix) -> tuple[Rows, float]:
        """Intervals of the rows over J_pb, and a bound of ‖z − u‖ there."""
        step = self.step
        middle = step.Zc @ np.concatenate([u, v])
        held = invariant_rows(step, Rows(middle, middle), v, lambda W: np.asarray(u @ W), most=_LONGEST)
        if held is None:
            within = ball(step, v, u)
            held = rows_in_ball(step, v, within)
            if within is not None and held is not None:
                return held, within[1] + float(np.linalg.norm(within[0] - u))
        held = self.outward(middle) if held is None else held
        return held, float(self.norms @ held.largest) / 2

    def outward(self, middle: Matrix) -> Rows:
        """By the small gain: |r| ≤ (I − ½(κ + |L_c|))⁻¹ |middle| with κ = Σ_l |K_l|."""
        gain = self.kernel.gain(self.step)
        if not np.abs(np.linalg.eigvals(gain)).max() < 1.0 - 1e-9:
            raise BudgetError(_OPEN)
        largest = np.linalg.solve(np.eye(len(middle)) - gain, np.abs(middle)) * (1 + 1e-12)
        spread = np.maximum(largest - np.abs(middle), 0)
        return Rows(middle - spread, middle + spread)

    def swept(self, rows: Rows, W: Matrix, u: Matrix, v: Matrix, radius: float) -> tuple[Matrix, int]:
        """Upper bounds of ⟨W, z⟩ over J_pb v, and after how many steps back the rest did not count."""
        total, scale = np.zeros(W.shape[1]), np.abs(W).max() * (radius + np.abs(u).max())
        best, t = np.full(W.shape[1], np.inf), 0
        while t < _LONGEST:
            left = np.linalg.norm(W, axis=0) * radius
            best = np.minimum(best, total + u @ W + left)
            if left.max() <= _SMALL * scale or not left.max() < 1e100:
                break
            W, constant, _ = bound_sweep([self.step], [rows], W, v)
            total, t = total + constant, t + 1
        return best, t

    def along(self, W: Matrix, v: Matrix) -> tuple[Matrix, Matrix]:
        """Inner and outer intervals, shapes (c, 2)."""
        u = self.rest(v)
        if not len(self.step.Z):
            value, room = W.T @ u, 1e-12 * np.abs(W).sum(axis=0) * np.abs(u).max()
            return np.stack([value, value], axis=1), np.stack([value - room, value + room], axis=1)
        rows, radius = self.rows(u, v)
        both = np.concatenate([W, -W], axis=1)
        upper, length = self.swept(rows, both, u, v, radius)
        steps = [self.step] * length
        inner, _ = upper_ends(steps, [rows] * length, both, v, u)
        around = ball(self.step, v, u)
        if around is not None:
            inner, upper = sharpened(steps, both, v, u, inner, upper, around)
        room = 1e-12 * np.abs(W).sum(axis=0) * np.abs(u).max() + 1e-13 * np.abs(upper).max()
        return _intervals(inner), _intervals(upper) + room[:, None] * np.array([-1, 1])


def limits(step: OpenStep, W: Matrix, V: Matrix) -> list[tuple[Matrix, Matrix]]:
    """Inner and outer intervals over J_pb for each column of V, each in the coordinates that it needs."""
    whole, found = None, []
    for v in V.T:
        [part], rows, driven, _ = compressed([step], W, v, np.zeros(len(W)))
        if part is step:
            whole = Limit(step) if whole is None else whole
        found.append((whole if part is step and whole is not None else Limit(part)).along(rows, driven))
    return found


_EXPANDING = (
    "`derivative_range(steps=None)` needs a map that contracts at the fixed point; the selection in the middle of all "
    "does not, or takes more than 20,000 steps. Give `steps` for what a loop of that length may return."
)
_SLOW = (
    "`derivative_range(steps=None)`: the ties feed back into each other more than the contraction of their middle "
    "allows for, so no limit of the recursion is proved to exist this way. Give `steps`, or see `fixed_set`."
)
_OPEN = (
    "`derivative_range(steps=None)`: the recursion has a limit, but no bounds of what its ties multiply were found. "
    "Give `steps`, or see `fixed_set`."
)
