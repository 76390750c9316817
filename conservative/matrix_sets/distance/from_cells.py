"""The farthest point of a union of cells from another, where p·q ≥ 3: branch and bound, cell by cell.

The distance to one convex cell C of Y is convex, so over a hull of v_1..v_k it is largest at a vertex: max d(·, Y) ≤
min_C max_j d(v_j, C). Where unions are close, this settles nearly all cells of X at once. A cell that no single C comes
near is divided into boxes. Let z be the point of the cell nearest to a box's middle c, at distance s. If s exceeds the
half diagonal r, the box misses the cell; else d(x, Y) ≤ d(c, Y) + r there. Only a few cells C near c are tried:
whichever they are, the bounds hold. From below, d(z, Y) counts.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.matrix_sets.interrupts import InterruptedSearch, out_of_time
from conservative.matrix_sets.nearest.batch_projection import pair_distances
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.sets.cell_union import CellUnion

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_TRIED = 6
"""Cells of Y that are compared with each box."""

_BATCH = 512
"""Boxes divided at a time: those with the largest upper bounds."""

_LOOKED_AT = 8
"""Points of each batch whose distance to all of Y is found."""

_BUDGET = 40_000
"""Boxes measured before a wider bracket is returned."""


def farthest_in_cells(X: CellUnion, Y: CellUnion, *, tol: float | None = None, budget: int = _BUDGET) -> Bracket:
    """Bounds of max_{x ∈ X} d(x, Y).

    `X, Y`: without margins. `tol`: width that is narrow enough; by default 1e-9 times the size of the sets. Raises
    InterruptedSearch on an interrupt from the keyboard, with the bracket so far.
    """
    search = _Search(X, Y)
    width = 1e-9 * max(X.radius, Y.radius) if tol is None else tol
    lower, settled, used = 0.0, 0.0, 0
    uppers = np.full(len(X.cells), np.nextafter(X.radius + Y.radius, np.inf))
    try:
        uppers, points = search.whole_cells()
        owners = np.arange(len(uppers))
        low, high = search.corners.min(axis=1), search.corners.max(axis=1)
        centres, halves = 0.5 * low + 0.5 * high, 0.5 * (high - low) * (1.0 + 1e-12)
        while True:
            lower = max(lower, search.lower_bound(points, uppers[-len(points) :]))
            alive = uppers > lower + width
            settled = max(settled, float(uppers[~alive].max(initial=0.0)))
            owners, centres, halves, uppers = owners[alive], centres[alive], halves[alive], uppers[alive]
            if not len(uppers) or used >= budget or out_of_time():
                break
            order = np.argsort(-uppers)
            chosen, rest = order[:_BATCH], order[_BATCH:]
            parts, sides = _divided(centres[chosen], halves[chosen])
            twice = np.tile(owners[chosen], 2)
            fresh, points = search.boxes(parts, sides, twice, np.tile(uppers[chosen], 2))
            used += len(parts)
            owners, uppers = np.concatenate([owners[rest], twice]), np.concatenate([uppers[rest], fresh])
            centres, halves = np.concatenate([centres[rest], parts]), np.concatenate([halves[rest], sides])
    except KeyboardInterrupt:
        raise InterruptedSearch(Bracket(lower, max(lower, settled, float(uppers.max(initial=0.0))))) from None
    return Bracket(lower, max(lower, settled, float(uppers.max(initial=0.0))))


def _divided(centres: Floats, halves: Floats) -> tuple[Floats, Floats]:
    """Halve every box along its longest side."""
    rows, side = np.arange(len(centres)), halves.argmax(axis=1)
    sides, step = halves.copy(), np.zeros_like(halves)
    sides[rows, side] *= 0.5
    step[rows, side] = sides[rows, side]
    return np.concatenate([centres - step, centres + step]), np.concatenate([sides, sides])


class _Search:
    """Bounds over cells of X and boxes in them."""

    def __init__(self, X: CellUnion, Y: CellUnion) -> None:
        self.X, self.Y = X, Y
        self.d = int(X.cells[0, 0].size)
        self.corners = X.cells.reshape(*X.cells.shape[:2], self.d)
        self.theirs = Y.cells.reshape(*Y.cells.shape[:2], self.d)
        self.tree = cKDTree(self.theirs.mean(axis=1))
        self.noise: float = 64.0 * (self.d + 8) * UNIT_ROUNDOFF * (X.radius + Y.radius) + 5e-324
        self.close = 1e-6 * (X.radius + Y.radius)

    def whole_cells(self) -> tuple[Floats, Floats]:
        """For each cell of X, a bound of its distances, and the vertex that attains it."""
        n, k = self.corners.shape[:2]
        _, best = self._near(self.corners.mean(axis=1))
        away = pair_distances(self.corners.reshape(-1, self.d), self.theirs[np.repeat(best, k)])[2].reshape(n, k)
        farthest = self.corners[np.arange(n), away.argmax(axis=1)]
        return np.nextafter(away.max(axis=1) + self.noise, np.inf), farthest

    def boxes(self, centres: Floats, halves: Floats, owners: Indices, uppers: Floats) -> tuple[Floats, Floats]:
        """Bounds over boxes of the cells that own them, −inf where they miss these, and points of the cells."""
        reach = norms(halves) * (1.0 + 1e-12) + self.noise
        inside, apart, _ = pair_distances(centres, self.corners[owners])
        away, best = self._near(centres)
        signs = 1.0 - 2.0 * ((np.arange(2**self.d)[:, None] >> np.arange(self.d)) & 1)
        ends = (centres[:, None] + signs * halves[:, None]).reshape(-1, self.d)
        at_ends = pair_distances(ends, self.theirs[np.repeat(best, len(signs))])[2].reshape(len(centres), -1)
        high = np.minimum(away + reach, at_ends.max(axis=1) + self.noise)
        return np.where(apart > reach, -np.inf, np.minimum(uppers, np.nextafter(high, np.inf))), inside

    def lower_bound(self, points: Floats, uppers: Floats) -> float:
        """The largest distance of the most promising points."""
        order = np.argsort(-uppers)[:_LOOKED_AT]
        found = self.Y.project(points[order].reshape(-1, *self.X.shape)).lower
        return float(max(0.0, float(found.max()) - self.noise))

    def _near(self, points: Floats) -> tuple[Floats, Indices]:
        """Upper bounds of distances to Y, and the cells that attain them among those tried."""
        tried = min(_TRIED, len(self.theirs))
        cells = self.tree.query(points, tried)[1].reshape(len(points), tried)
        away = pair_distances(np.repeat(points, tried, axis=0), self.theirs[cells.ravel()])[2].reshape(cells.shape)
        # Where several hold the point, up to the accuracy of pairs, that with the nearest middle.
        rows, best = np.arange(len(points)), (away <= away.min(axis=1)[:, None] + self.close).argmax(axis=1)
        return away[rows, best], cells[rows, best]
