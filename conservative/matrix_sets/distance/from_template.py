"""The gap from a template hull whose vertices are too many to list, between proved bounds."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_up
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.template import TemplateHull

Floats = NDArray[np.float64]

_ASCENTS = 20
_STARTS = 8
"""Points that ascend together."""
_MOST_CORNERS = 10
"""Dimensions of boxes whose vertices are listed."""


def gap_from_template(X: TemplateHull, Y: MatrixSet) -> Bracket:
    """Bounds of max_{x ∈ X} d(x, Y) that list no vertices.

    Returns: below, the distance of points of X found by ascent: those farthest along the template's directions and
    towards far corners of the box around X, then along the directions from Y to the farthest of them. Above, the gap
    from the box around X: at its vertices if Y is convex and p·q ≤ 10, else at most d(c, Y) plus the largest ‖x − c‖,
    with c an inner point or a mean of points of X. The bracket is valid, and narrow for boxes only: the maximum is
    NP-hard.

    >>> import numpy as np
    >>> axes = np.concatenate([np.eye(4), -np.eye(4)]).reshape(-1, 2, 2)
    >>> cube, half = TemplateHull(axes, np.ones(8)), TemplateHull(axes, 0.5 * np.ones(8))
    >>> found = gap_from_template(cube, half)
    >>> 1.0 in found, found.width < 1e-8
    (True, True)
    """
    around, upper = _box_corners(X, Y), math.inf
    directions = X.directions
    if around is not None:
        found = Y.project(around)
        upper = float(found.upper.max())
        order = np.argsort(-found.upper)[:_STARTS]
        directions = np.concatenate([directions, (around - found.nearest)[order]])
    points = _farthest_along(X, directions)
    middle, lower = points.mean(axis=0), 0.0
    for _ in range(_ASCENTS):
        found = Y.project(points)
        order = np.argsort(-found.lower)[:_STARTS]
        if found.lower[order[0]] <= lower:
            break
        lower = float(found.lower[order[0]])
        points = _farthest_along(X, (points - found.nearest)[order])
    upper = min(upper, *(_within_reach(X, Y, c) for c in (middle, X.inside)))
    return Bracket(min(lower, upper), upper)


def _farthest_along(X: TemplateHull, directions: Floats) -> Floats:
    """Points of X, proved to be in it, that nearly attain the support in each direction, shape (n, p, q)."""
    rows, inner = X.directions.reshape(len(X.directions), -1), X.inside.ravel()
    scale = max(float(np.abs(X.heights).max()), 1e-300)
    found = []
    for direction in directions.reshape(len(directions), -1):
        size = float(np.abs(direction).max()) or 1.0
        solved = linprog(-direction / size, A_ub=rows, b_ub=X.heights / scale, bounds=(None, None))
        found.append(scale * solved.x if solved.x is not None else inner)
    return X.project(np.array(found).reshape(-1, *X.shape)).nearest


def _ends(X: TemplateHull) -> tuple[Floats, Floats]:
    """The smallest and the largest value of every entry, rounded outward, shapes (p, q)."""
    d = X.inside.size
    ends = X.support(np.concatenate([np.eye(d), -np.eye(d)]).reshape(-1, *X.shape))
    return -ends[d:].reshape(X.shape), ends[:d].reshape(X.shape)


def _box_corners(X: TemplateHull, Y: MatrixSet) -> Floats | None:
    """The vertices of the box around X, if the gap to Y is attained there and they are few, shape (2^d, p, q)."""
    if not Y.convex or X.inside.size > _MOST_CORNERS:
        return None
    low, high = _ends(X)
    turns = itertools.product(*np.stack([low.ravel(), high.ravel()], axis=1))
    return np.array(list(turns)).reshape(-1, *X.shape)


def _within_reach(X: TemplateHull, Y: MatrixSet, c: Floats) -> float:
    """d(c, Y) plus the largest distance of the box around X to c."""
    low, high = _ends(X)
    arms = np.maximum(high - c, c - low) * (1.0 + 4.0 * UNIT_ROUNDOFF) + 5e-324
    return round_up(float(Y.project(c).upper) + float(frobenius_bounds(arms)[1]))
