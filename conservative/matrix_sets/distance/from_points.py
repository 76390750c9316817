"""The gap from finitely many points: likely candidates first, the rest against the largest distance so far."""

import math

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import Bracket
from conservative.matrix_sets.interrupts import InterruptedSearch
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope

Floats = NDArray[np.float64]

_FIRST = 512
"""Points measured in full before the others are compared with the largest distance found."""


def farthest_point(points: Floats, Y: MatrixSet) -> Bracket:
    """Bounds of the largest distance of finitely many points to Y.

    Shapes: `points` (n, p, q). Raises InterruptedSearch on an interrupt from the keyboard, with the bracket so far.
    """
    flat = points.reshape(len(points), -1)
    if len(points) > 2 * _FIRST:
        middle, size = _middle(Y)
        with np.errstate(over="ignore", under="ignore"):
            scale = max(float(np.abs(flat).max()), size, 5e-324)
            outlying = (((flat - middle) / scale) ** 2).sum(axis=1)
        order = np.argpartition(-outlying, _FIRST)
        points = points[order]
    head = Y.project(points[:_FIRST])
    lower, upper = float(head.lower.max()), float(head.upper.max())
    if len(points) > _FIRST:
        try:
            rest = Y.project(points[_FIRST:], stop_below=lower)
        except KeyboardInterrupt:
            raise InterruptedSearch(Bracket(lower, math.inf)) from None
        lower, upper = max(lower, float(rest.lower.max())), max(upper, float(rest.upper.max()))
    return Bracket(lower, upper if math.isfinite(upper) else math.inf)


def _middle(Y: MatrixSet) -> tuple[Floats, float]:
    """Roughly the middle of a set, flat, and its largest entry."""
    if isinstance(Y, MatrixZonotope):
        return Y.center.ravel(), Y.radius
    corners = Y.extreme.reshape(len(Y.extreme), -1)
    return 0.5 * corners.min(axis=0) + 0.5 * corners.max(axis=0), float(np.abs(corners).max())
