"""Fewer points that represent many: each of the many is near one that is kept."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from conservative._core.rows import first_rows

Floats = NDArray[np.float64]

MOST_COMPARED = 50_000
"""Points that are compared with each other."""

_BATCH = 256
"""Points of which all pairs are compared at a time."""


def boxed(points: Floats, close: float) -> Floats:
    """One point for each box of diagonal `close / 4`. Shapes: `points` (n, p, m), result (c, p, m)."""
    flat = points.reshape(len(points), -1)
    side = 0.249 * close / math.sqrt(flat.shape[1])
    boxes = np.floor((flat - flat.min(axis=0)) / side).astype(np.int64)
    return points[np.sort(first_rows(boxes))]


def thinned(points: Floats, close: float) -> Floats:
    """Some of the points, within 3/4 `close` of all of them, so that together with `boxed` all stay within `close`.

    Shapes: `points` (n, p, m), result (c, p, m).
    """
    return separated(boxed(points, close), 0.5 * close)


def separated(points: Floats, apart: float) -> Floats:
    """Points such that all given ones are within `apart` of a kept one, by batches in random order.

    Only points of one batch are compared with each other, so that memory is bounded where all are near all.

    Shapes: `points` (n, p, m), result (c, p, m).
    """
    flat = points.reshape(len(points), -1)
    if len(flat) >= MOST_COMPARED:
        return points
    waiting = np.random.default_rng(0).permutation(len(flat))
    kept: list[NDArray[np.intp]] = []
    while len(waiting):
        batch = waiting[:_BATCH]
        chosen = batch[_apart(flat[batch], apart)]
        kept.append(chosen)
        left = waiting[len(batch) :]
        waiting = left[~(to_nearest(flat[left], cKDTree(flat[chosen]), most=apart) <= apart)] if len(left) else left
    return points[np.sort(np.concatenate(kept))] if kept else points


def to_nearest(points: Floats, tree: Any, *, most: float) -> Floats:
    """Distances to the points that a tree finds within a distance, computed here; infinite where it finds none.

    Shapes: `points` (n, d), result (n,).
    """
    index = np.asarray(tree.query(points, distance_upper_bound=most)[1], dtype=np.intp)
    found = index < tree.n
    away = np.full(len(points), np.inf)
    away[found] = np.sqrt(((points[found] - tree.data[index[found]]) ** 2).sum(axis=1))
    return away


def _apart(points: Floats, apart: float) -> NDArray[np.intp]:
    """Numbers of points more than `apart` from each other that have all others near; the first ones go before."""
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    near = squared <= apart * apart
    before = near & np.tri(len(points), k=-1, dtype=bool)
    open_, kept = np.ones(len(points), dtype=bool), np.zeros(len(points), dtype=bool)
    while open_.any():
        chosen = open_ & ~(before & open_).any(axis=1)
        kept |= chosen
        open_ &= ~near[chosen].any(axis=0)
    return np.flatnonzero(kept)
