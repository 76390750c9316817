"""Slow distances in exact arithmetic: every face of the hull is tried."""

from fractions import Fraction
from itertools import combinations

import numpy as np

Row = list[Fraction]


def squared_distance(point: np.ndarray, vertices: np.ndarray) -> Fraction:
    """The exact squared Euclidean distance of a point to conv(vertices), all doubles taken as they are.

    The nearest point lies in the relative interior of a simplex of affinely independent vertices, where it is the
    projection onto their affine hull; among the projections with nonnegative weights it is the nearest.
    """
    x = [Fraction(float(c)) for c in point]
    arms = [[Fraction(float(c)) - b for c, b in zip(v, x, strict=True)] for v in np.unique(vertices, axis=0)]
    best = min(_dot(a, a) for a in arms)
    for size in range(2, min(len(arms), len(x) + 1) + 1):
        for chosen in combinations(arms, size):
            weights = _affine_weights(list(chosen))
            if weights is not None and min(weights) >= 0:
                near = [
                    sum((w * a[i] for w, a in zip(weights, chosen, strict=True)), Fraction(0)) for i in range(len(x))
                ]
                best = min(best, _dot(near, near))
    return best


def _dot(a: Row, b: Row) -> Fraction:
    return sum((s * t for s, t in zip(a, b, strict=True)), Fraction(0))


def _affine_weights(arms: list[Row]) -> Row | None:
    """Weights of the minimum-norm point of an affine hull; `None` for dependent points."""
    n = len(arms)
    rows = [[_dot(a, b) for b in arms] + [Fraction(1), Fraction(0)] for a in arms]
    rows.append([Fraction(1)] * n + [Fraction(0), Fraction(1)])
    for column in range(n + 1):
        pivot = next((r for r in range(column, n + 1) if rows[r][column] != 0), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [v / lead for v in rows[column]]
        for r in range(n + 1):
            if r != column and rows[r][column] != 0:
                factor = rows[r][column]
                rows[r] = [v - factor * w for v, w in zip(rows[r], rows[column], strict=True)]
    return [rows[i][-1] for i in range(n)]
