"""True images in many dimensions as balls around points of them: their number stays that of a net of the set."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.iteration.image.epsilon_net import Budget, Net
from conservative.iteration.image.hull_net import cover_image, spread
from conservative.iteration.jacobian_blocks import Blocks
from conservative.matrix_sets import CellUnion, MatrixPolytope

Floats = NDArray[np.float64]

MOST_POINTS = 200_000
"""Balls of one set."""

_MOST_GRID = 2_000_000
"""Points of the grid around one cell."""

_SLOPES = 8
"""Directions, for each dimension, in which a grid is cut."""

_CELL_SHARE = 0.6
"""Share of the tolerance within which cells are replaced by points of them."""

_GRID_SHARE = 0.65
"""Share of the distance to points that the grid may take; the rest is for thinning them."""


@dataclass(slots=True, eq=False)
class Clouds:
    """Images one after the other, remembering how far the points of the last one are outside the true set.

    `blocks`: several maps, or their hull.
    """

    blocks: Blocks
    last: CellUnion | None = None
    outside: float = 0.0

    def image(self, X: CellUnion, *, tol: float, deadline: float) -> CellUnion:
        """Balls around points of 𝒥(𝒳) that hold all of it.

        `X`: exact or outer; its cells are replaced by points of them first. Returns: OUTER. With points P within r of 𝒳
        and at most e outside it, the points of 𝒥(P) within δ of all of it come within ρr + δ of 𝒥(𝒳), which is the
        margin, and are at most ρe and rounding outside it; ρ = max ‖A_i‖₂. Raises BudgetError if more than 200,000
        points would be needed, or the time is over.
        """
        # The balls are outside by their radius as well, their middles are not.
        before = self.outside if X is self.last else X.e_extra
        self.last, self.outside = _image(self.blocks, X, before, tol, Budget(deadline, MOST_POINTS))
        return self.last


def _image(blocks: Blocks, X: CellUnion, outside: float, tol: float, budget: Budget) -> tuple[CellUnion, float]:
    points, off, rounding = X.cells[:, 0], 0.0, 0.0
    norm = float(spectral_norm_bounds(blocks.A)[1].max())
    if X.cells.shape[1] > 1:
        points, off, rounding = _points_of(X, _CELL_SHARE * tol, budget)
        tol = tol * (1.0 - _CELL_SHARE * min(1.0, norm))
    net = _known(cover_image(blocks, points, reach=tol, budget=budget), budget)
    margin = round_up(round_up(norm * round_up(X.margin + off)) + net.loose)
    outside = round_up(round_up(norm * round_up(outside + rounding)) + net.rounding)
    missing = round_up(norm * X.e_missing) if X.e_missing > 0.0 else 0.0
    return CellUnion(net.points[:, None], margin, Exactness.OUTER, missing, round_up(margin + outside)), outside


def _points_of(X: CellUnion, reach: float, budget: Budget) -> tuple[Floats, float, float]:
    """Points of cells, how far the cells lead away from them (at most `reach`), and their rounding.

    Every x of a cell has a point g of a grid within ρ; projections do not stretch, so the point of the cell nearest to
    g is within ρ of x.
    """
    size, d = X.radius, X.cells[0, 0].size
    rho = _GRID_SHARE * reach
    spacing = 2.0 * rho / d**0.5 * (1.0 - 1e-12)
    slopes = np.random.default_rng(0).normal(size=(_SLOPES * d, d))
    slopes /= np.linalg.norm(slopes, axis=1, keepdims=True)
    found = []
    for cell in X.cells:
        flat = cell.reshape(len(cell), d)
        grid = _grid(flat.min(axis=0), flat.max(axis=0), spacing)
        # Half-spaces in a few directions rule most of the others out.
        grid = grid[(grid @ slopes.T <= (flat @ slopes.T).max(axis=0) + rho + 1e-9 * size).all(axis=1)]
        if budget.spent(0):
            raise BudgetError("the time is over")
        near = MatrixPolytope(cell).project(grid.reshape(-1, *X.shape), stop_below=0.0)
        found.append(near.nearest[near.lower <= rho])
    close = 0.98 * (reach - rho)
    points = spread(np.concatenate(found), close)
    rounding = round_up(64.0 * (d + 8) * UNIT_ROUNDOFF * size)
    return points, round_up(rho + close + rounding), rounding


def _grid(low: Floats, high: Floats, spacing: float) -> Floats:
    """A grid that comes within half a spacing of each coordinate of a box, shape (n, d)."""
    counts = np.floor((high - low) / spacing).astype(np.int64) + 1
    if np.prod(counts.astype(np.float64)) > _MOST_GRID:
        raise BudgetError(f"a grid of {np.prod(counts.astype(np.float64)):.0f} points is needed")
    middle = 0.5 * (low + high)
    ticks = [m + spacing * (np.arange(c) - 0.5 * (c - 1)) for m, c in zip(middle, counts, strict=True)]
    return np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1).reshape(-1, len(low))


def _known(net: Net | None, budget: Budget) -> Net:
    if net is None:
        late = time.monotonic() > budget.deadline
        raise BudgetError("the time is over" if late else f"more than {budget.cells} points are needed")
    return net
