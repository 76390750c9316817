"""Intervals of the rows r_i = z_i·[u_t; v] of every tie over all selections before it, from the centre s = 1/2 outward.

With d = (s − 1/2) r the loop is linear in d, so that r_t = middle_t + Σ K_{t,τ} d_τ with |d_τ| ≤ |r_τ|/2, and the
kernels K = Z_c A_c ⋯ A_c Y_c come from a few columns that are carried forward. Correlations of the rows are kept
as long as columns are: where there are too many, the small ones become a box in the basis of their span.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.differentiation.common_contraction import ball
from conservative.differentiation.open_steps import Matrix, OpenStep
from conservative.differentiation.range_sweeps import Rows
from conservative.differentiation.row_induction import invariant_rows

Floats = NDArray[np.float64]

MOST_COLUMNS = 512

NEGLIGIBLE = 1e-17
"""Share of the first columns below which later ones are left out; the margin of the result covers them."""


class Spread:
    """A zonotope around 0: unit columns (p, g) and radii (g,)."""

    def __init__(self, p: int, dtype: object) -> None:
        self.columns: Matrix = np.zeros((p, 0), dtype=dtype)  # type: ignore[call-overload]
        self.radii: Matrix = np.zeros(0, dtype=dtype)  # type: ignore[call-overload]

    def along(self, rows: Matrix) -> Matrix:
        """Largest |row · z|."""
        return np.asarray(np.abs(rows @ self.columns) @ self.radii)

    def move(self, step: OpenStep) -> None:
        """The image by the centre's state part."""
        if self.columns.shape[1]:
            m = step.base.shape[1] - len(self.columns)
            idle = np.zeros((m, self.columns.shape[1]), dtype=self.columns.dtype)
            self.columns = step.centre(np.concatenate([self.columns, idle]))

    def add(self, columns: Matrix, radii: Matrix) -> None:
        """The Minkowski sum with more columns."""
        self.columns = np.concatenate([self.columns, columns], axis=1)
        self.radii = np.concatenate([self.radii, radii])
        if self.columns.dtype != object and len(self.radii) > MOST_COLUMNS:
            self._compress()

    def _compress(self) -> None:
        sizes = np.linalg.norm(self.columns, axis=0) * self.radii
        order = np.argsort(sizes)
        keep, small = order[len(order) - MOST_COLUMNS // 2 :], order[: len(order) - MOST_COLUMNS // 2]
        scaled = self.columns[:, small] * self.radii[small]
        basis, values, _ = np.linalg.svd(scaled, full_matrices=False)
        basis = basis[:, values > 1e-15 * values[0]]
        self.columns = np.concatenate([self.columns[:, keep], basis], axis=1)
        self.radii = np.concatenate([self.radii[keep], np.abs(basis.T @ scaled).sum(axis=1)])


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """The largest ⟨W, u⟩ over a zonotope."""

    centre: Matrix
    columns: Matrix
    radii: Matrix

    def __call__(self, W: Matrix) -> Matrix:
        """Of every column of W."""
        return np.asarray(self.centre @ W + self.radii @ np.abs(self.columns.T @ W))


def in_step(step: OpenStep, middle: Matrix, spread: Matrix) -> tuple[Rows, Matrix]:
    """Intervals of one step's rows, from those before its own switches act; and the radii of d."""
    spread, radii = spread.copy(), np.abs(middle)
    for i in np.flatnonzero((step.Lc != 0).any(axis=1)):
        radii[:i] = (np.abs(middle[:i]) + spread[:i]) / 2
        spread[i] += np.abs(step.Lc[i, :i]) @ radii[:i]
    return Rows(middle - spread, middle + spread), (np.abs(middle) + spread) / 2


def rows_along(steps: Sequence[OpenStep], u: Matrix, v: Matrix) -> tuple[list[Rows], Matrix]:
    """Intervals for every step from one u_0 on, and a size of all u_t."""
    spread, found = Spread(len(u), u.dtype), list[Rows]()
    run = next((t for t in reversed(range(len(steps))) if steps[t] is not steps[-1]), -1) + 1
    size = np.abs(u).max(initial=0)
    for t, step in enumerate(steps):
        if t == run and len(steps) - run > 2:
            tail, largest = run_of(steps[-1], len(steps) - run, u, spread, v)
            return found + tail, max(size, largest)
        x = np.concatenate([u, v])
        rows, radii = in_step(step, step.Zc @ x, spread.along(step.Zc[:, : len(u)]))
        found.append(rows)
        u = step.centre(x)
        spread.move(step)
        spread.add(step.Yc, radii)
        size = max(size, np.abs(u).max() + (np.abs(spread.columns) @ spread.radii).max(initial=0))
    return found, size


def rows_in_ball(step: OpenStep, v: Matrix, within: tuple[Matrix, float] | None) -> Rows | None:
    """Intervals of the rows over a ball; None without one."""
    if within is None:
        return None
    centre, radius = within
    middle = step.Zc @ np.concatenate([centre, v])
    spread = radius * np.linalg.norm(step.Zc[:, : len(centre)], axis=1)
    rows, _ = in_step(step, middle, spread)
    return rows


def run_of(step: OpenStep, length: int, u: Matrix, spread: "Spread", v: Matrix) -> tuple[list[Rows], Matrix]:
    """The same for one step that is repeated: by induction, and from the centre outward where signs stay open."""
    kernel = Kernel(step, length)
    start = Reach(u, spread.columns, spread.radii)
    held = None
    if u.dtype != object:
        wide = spread.along(step.Zc[:, : len(u)])
        first = in_step(step, step.Zc @ np.concatenate([u, v]), wide)[0]
        held = invariant_rows(step, first, v, start, most=length)
        if held is None and not len(spread.radii):
            held = rows_in_ball(step, v, ball(step, v, u))
    decided = held is not None and not held.crossing.any()
    found, size = list[Rows](), np.abs(u).max(initial=0)
    for _ in range(length):
        x = np.concatenate([u, v])
        if not decided:
            wide = spread.along(step.Zc[:, : len(u)]) + kernel.spread()
            rows, radii = in_step(step, step.Zc @ x, wide)
            found.append(rows if held is None else rows.within(held))
            kernel.push(radii if held is None else np.minimum(radii, held.largest))
        u = step.centre(x)
        spread.move(step)
        size = max(size, np.abs(u).max() + (np.abs(spread.columns) @ spread.radii).max(initial=0))
    largest = held.largest if held is not None else np.max(kernel.radii, axis=0)
    return found if held is None or not decided else [held] * length, size + (kernel.norms * largest).sum()


class Kernel:
    """K_l = Z_c A_cˡ Y_c of one step that is repeated, and the radii of d at the times before."""

    def __init__(self, step: OpenStep, most: int) -> None:
        p, k = step.Yc.shape
        self.blocks: list[Matrix] = []
        self.norms = np.zeros(k, dtype=step.Yc.dtype)
        self.radii: list[Matrix] = []
        carried = Spread(p, step.Yc.dtype)
        carried.columns, first = step.Yc, np.abs(step.Yc).max(initial=0)
        self.last = first
        for _ in range(most):
            self.blocks.append(np.abs(step.Zc[:, :p] @ carried.columns))
            if carried.columns.dtype != object:
                self.norms = self.norms + np.linalg.norm(carried.columns, axis=0)
            carried.move(step)
            self.last = np.abs(carried.columns).max(initial=0)
            if self.last <= NEGLIGIBLE * first or not self.last < 1e100:
                break
        self.flat = np.concatenate(self.blocks, axis=1)

    def gain(self, step: OpenStep) -> Matrix:
        """½(κ + |L_c|): how far rows spread by what rows did before, κ = Σ_l |K_l|."""
        return np.asarray((self.sum + np.abs(step.Lc)) / 2)

    @property
    def sum(self) -> Matrix:
        """Σ |K_l|, shape (k, k)."""
        return np.asarray(sum(self.blocks))

    def push(self, radii: Matrix) -> None:
        """Say how large d was at the step just made."""
        self.radii.append(radii)

    def spread(self) -> Matrix:
        """How far the rows of the next step may be from their middle."""
        recent = self.radii[: -len(self.blocks) - 1 : -1]
        if not recent:
            return np.zeros_like(self.norms)
        past = np.concatenate(recent)
        return np.asarray(self.flat[:, : len(past)] @ past)
