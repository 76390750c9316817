"""The farthest point of a set from a set that is not convex: branch and bound on the 1-Lipschitz distance.

A cell is a box c + [−h, h] in orthonormal coordinates of the affine span. Let z be the point of the set nearest to c,
found to be at distance s. If s exceeds the half diagonal r, the cell misses the set. Otherwise every x of the set in
the cell is within r of c, so d(x, Y) ≤ d(c, Y) + r, and d(z, Y) is attained in the set, up to the rounding of z. If c
is deeper than r inside Y, then d(x, Y) = 0.
"""

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.matrix_sets.interrupts import InterruptedSearch, out_of_time
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.intervals import farthest_on_line
from conservative.matrix_sets.sets.region import PlanarRegion

Floats = NDArray[np.float64]

_BUDGET = 400_000
"""Cells measured before a wider bracket is returned."""

_PAIRS = 4_000_000
"""Pairs of a cell and a cell of Y that are measured at most: half a minute, if those of Y are large."""

_BATCH = 4096
"""Cells divided at a time: those with the largest upper bounds."""


def farthest_in_hull(X: MatrixSet, Y: MatrixSet, *, tol: float | None = None, budget: int = _BUDGET) -> Bracket:
    """Bounds of max_{x ∈ X} d(x, Y).

    `tol`: width that is narrow enough; by default 1e-9 times the size of the sets. Raises InterruptedSearch on an
    interrupt from the keyboard, with the bracket so far.
    """
    if isinstance(Y, CellUnion) and Y.cells.shape[1] > 1:
        budget = min(budget, max(_BATCH, _PAIRS // len(Y.cells)))
    corners = X.extreme.reshape(len(X.extreme), -1)
    if corners.shape[1] == 1:
        return farthest_on_line(X, Y)
    ends = Y.project(X.project(X.extreme).nearest if isinstance(X, CellUnion) else X.extreme)
    lower, settled = float(ends.lower.max()), float(ends.upper.max())
    origin, axes, half = _span(corners)
    if axes.shape[0] == 0:
        return Bracket(lower, max(settled, _rounding(X, Y) + settled))
    width = 1e-9 * max(X.radius, Y.radius) if tol is None else tol
    noise = _rounding(X, Y)
    centres, halves, uppers = origin[None], half[None], np.array([np.inf])
    used = 1
    try:
        while uppers.size and uppers.max() > lower + width and used < budget and (used == 1 or not out_of_time()):
            order = np.argsort(-uppers)
            chosen, rest = order[:_BATCH], order[_BATCH:]
            children, child_halves = _divide(centres[chosen], halves[chosen], axes)
            used += len(children)
            low, high = _measure(children, child_halves, X, Y, noise)
            lower = max(lower, float(low.max(initial=0.0)))
            centres = np.concatenate([centres[rest], children])
            halves = np.concatenate([halves[rest], child_halves])
            uppers = np.concatenate([uppers[rest], high])
            alive = uppers > lower
            settled = max(settled, float(uppers[~alive].max(initial=0.0)))
            centres, halves, uppers = centres[alive], halves[alive], uppers[alive]
    except KeyboardInterrupt:
        # Every record is replaced by one that is valid with all others, old or new.
        raise InterruptedSearch(Bracket(lower, max(settled, lower, float(uppers.max(initial=0.0))))) from None
    return Bracket(lower, max(settled, lower, float(uppers.max(initial=0.0))))


def _rounding(X: MatrixSet, Y: MatrixSet) -> float:
    """More than all roundings of one centre, its half diagonal and its nearest point together."""
    p, q = X.shape
    return 64.0 * (p * q + 8) * UNIT_ROUNDOFF * (X.radius + Y.radius) + 5e-324


def _span(corners: Floats) -> tuple[Floats, Floats, Floats]:
    """Centre, orthonormal axes (r, d) and half widths (r,) of a box around the corners in their affine span.

    Directions thinner than 1e-13 of the longest are left out; `_divide` starts from half widths large enough to cover
    them.
    """
    origin = corners.mean(axis=0)
    _, sigma, axes = np.linalg.svd(corners - origin, full_matrices=False)
    axes = axes[sigma > 1e-13 * max(float(sigma[0]), 5e-324)]
    coordinates = (corners - origin) @ axes.T
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    left_out = float(np.abs(corners - origin - coordinates @ axes).max()) * corners.shape[1] ** 0.5
    half = 0.5 * (high - low) * (1.0 + 1e-12) + 4.0 * left_out
    return origin + (0.5 * (low + high)) @ axes, axes, half


def _divide(centres: Floats, halves: Floats, axes: Floats) -> tuple[Floats, Floats]:
    """Halve every cell along its longest side."""
    rows = np.arange(len(centres))
    side = halves.argmax(axis=1)
    smaller = halves.copy()
    smaller[rows, side] *= 0.5
    step = smaller[rows, side, None] * axes[side]
    return np.concatenate([centres - step, centres + step]), np.concatenate([smaller, smaller])


def _measure(centres: Floats, halves: Floats, X: MatrixSet, Y: MatrixSet, noise: float) -> tuple[Floats, Floats]:
    """Bounds of the largest d(x, Y) over the hull inside every cell; −inf for cells that miss the hull."""
    p, q = X.shape
    reach = norms(halves) * (1.0 + 1e-12) + noise
    inside = X.project(centres.reshape(-1, p, q))
    misses = inside.lower > reach
    at_centre = Y.project(centres.reshape(-1, p, q))
    at_point = Y.project(inside.nearest)
    low = np.where(misses, 0.0, np.maximum(at_point.lower - noise, 0.0))
    deep = Y.depth(centres.reshape(-1, p, q)) >= reach if isinstance(Y, PlanarRegion) else np.zeros_like(misses)
    high = np.minimum(at_centre.upper + reach, at_point.upper + inside.upper + reach + noise)
    return low, np.where(misses, -np.inf, np.where(deep, 0.0, np.nextafter(high, np.inf)))
