"""Sets of numbers, that is of 1 × 1 matrices: their intervals, and the farthest point of one set from another."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion

Floats = NDArray[np.float64]


def intervals(S: MatrixSet) -> Floats:
    """The components of a set of numbers, in order; a margin is added in floating point. Shapes: result (n, 2)."""
    if isinstance(S, CellUnion):
        cells = S.cells.reshape(len(S.cells), -1)
        ends = np.stack([cells.min(axis=1) - S.margin, cells.max(axis=1) + S.margin], axis=1)
    elif S.convex:
        ends = np.array([[S.extreme.min(), S.extreme.max()]])
    else:
        ends = np.repeat(S.extreme.reshape(-1, 1), 2, axis=1)
    return merged(ends)


def merged(ends: Floats) -> Floats:
    """Disjoint intervals with the same union. Shapes: `ends` (n, 2), result (k, 2). Returns: in order."""
    ends = ends[np.argsort(ends[:, 0])]
    reached = np.maximum.accumulate(ends[:, 1])
    starts = np.flatnonzero(np.r_[True, ends[1:, 0] > reached[:-1]])
    return np.stack([ends[starts, 0], reached[np.r_[starts[1:], len(ends)] - 1]], axis=1)


def farthest_on_line(X: MatrixSet, Y: MatrixSet) -> Bracket:
    """The largest distance of a number of X to Y: at an end of X, or in X midway between two intervals of Y.

    Between two intervals of Y the distance rises up to the middle and falls after it; if X misses the middle, it is
    largest at an end of X.
    """
    ours, theirs = intervals(X), intervals(Y)
    middles = 0.5 * theirs[:-1, 1] + 0.5 * theirs[1:, 0]
    owner = np.searchsorted(ours[:, 0], middles, side="right") - 1
    middles = middles[(owner >= 0) & (middles <= ours[owner, 1])]
    candidates = np.concatenate([ours.ravel(), middles])
    after = np.searchsorted(theirs[:, 0], candidates, side="right")
    left = np.where(after > 0, candidates - theirs[after - 1, 1], np.inf)
    right = np.where(after < len(theirs), theirs[np.minimum(after, len(theirs) - 1), 0] - candidates, np.inf)
    distances = np.maximum(np.minimum(left, right), 0.0)
    added = sum(2.0 * UNIT_ROUNDOFF * S.radius for S in (X, Y) if isinstance(S, CellUnion) and S.margin > 0.0)
    error = np.where(distances > 0.0, 1.01 * UNIT_ROUNDOFF * distances + 5e-324, 0.0) + added
    error[ours.size :] += 2.02 * UNIT_ROUNDOFF * np.abs(middles) + 5e-324
    lower, upper = float((distances - error).max()), float((distances + error).max())
    up = float(np.nextafter(upper, np.inf)) if upper > 0.0 else 0.0
    return Bracket(max(0.0, float(np.nextafter(lower, -np.inf))), up)
