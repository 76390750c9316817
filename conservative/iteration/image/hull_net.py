"""Nets of points for the hull of several maps, whose images are cells that are halved where needed.

A ball is convex: if all vertices of a cell are within r of one point, so is the cell. Cells of 𝒥({x}) = conv{A_i x +
B_i} that are within reach of a stored point are settled whole; the others are halved, until they are so small that
their middles are taken as new points.
"""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.iteration.image.epsilon_net import Budget, Net
from conservative.iteration.image.thin_points import MOST_COMPARED, boxed, separated
from conservative.iteration.image.true_image import halved
from conservative.iteration.jacobian_blocks import Blocks
from conservative.matrix_sets.operations.images_and_hulls import affine_images

Floats = NDArray[np.float64]

_SHARE = 0.6
"""Share of the distance to images by which new points are thinned; the rest is for the cells they stand for."""

_BATCH = 256
"""Most points whose images are looked at together; a few at first, while little of the net is there."""

_WAITING = 40_000_000
"""Most entries of all cells waiting to be halved."""

_ENTRIES = 1_000_000
"""Entries of cells measured at a time."""

_FANS = 500
"""Most simplices into which one image is divided."""

_DEEPEST = 60
"""Halvings of one cell, for its rounding: far fewer are made."""


def cover_net(blocks: Blocks, seeds: Floats, *, reach: float, budget: Budget) -> Net | None:
    """Add points of images of points until every image is within `reach` of a point. Shapes: `seeds` (n, p, m)."""
    return _filled(blocks, None, spread(seeds, _SHARE * reach), 0.0, most=_BATCH, reach=reach, budget=budget)


def cover_image(blocks: Blocks, points: Floats, *, reach: float, budget: Budget) -> Net | None:
    """Points of 𝒥(points) that come within `reach` of all of it. Shapes: `points` (n, p, m)."""
    corners, worst = affine_images(points, blocks.A, blocks.B)
    if not blocks.convex:
        stored = spread(corners.reshape(-1, *points.shape[1:]), reach)
        return None if budget.spent(len(stored)) else _net(stored, reach, worst)
    stored = spread(corners.reshape(-1, *points.shape[1:]), _SHARE * reach)
    return _filled(blocks, points, stored, worst, most=4 * _BATCH, reach=reach, budget=budget)


def _filled(
    blocks: Blocks, points: Floats | None, stored: Floats, worst: float, *, most: int, reach: float, budget: Budget
) -> Net | None:
    """Stored points and those that the images of points still need; of the stored ones themselves where none is given.

    `worst`: rounding of the stored points so far. `most`: points looked at together.
    """
    looked, batch, loose = 0, 1, 0.0
    while looked < len(stored if points is None else points):
        todo = (stored if points is None else points)[looked : looked + batch]
        made = _added(blocks, todo, stored, reach=reach, budget=budget)
        if made is None:
            return None
        stored, away, rounding = made
        worst, loose = max(worst, rounding), max(loose, away)
        looked += len(todo)
        batch = min(2 * batch, most)
    return _net(stored, loose, worst)


def _added(
    blocks: Blocks, todo: Floats, stored: Floats, *, reach: float, budget: Budget
) -> tuple[Floats, float, float] | None:
    """Stored points and new ones within `reach` of all images of some points, how far these lead, and rounding."""
    close = _SHARE * reach
    tree = cKDTree(stored.reshape(len(stored), -1))
    fresh, loose, worst = [stored[:0]], 0.0, 0.0
    for made in _uncovered(blocks, todo, tree, reach=reach, small=reach - close):
        if made is None or budget.spent(len(stored) + sum(len(part) for part in fresh)):
            return None
        middles, away, rounding = made
        worst, loose = max(worst, rounding), max(loose, reach if len(middles) else away)
        fresh.append(middles)
    return np.concatenate([stored, spread(np.concatenate(fresh), close)]), loose, worst


def _net(stored: Floats, loose: float, worst: float) -> Net:
    size = float(np.abs(stored).max()) * math.sqrt(stored[0].size)
    noise = round_up(64.0 * (stored[0].size + 8) * UNIT_ROUNDOFF * size + worst)
    return Net(stored, round_up(round_up(loose * (1.0 + 1e-12)) + noise), worst)


def spread(points: Floats, close: float) -> Floats:
    """Some of the points, within `close` of all of them. Shapes: `points` (n, p, m), result (k, p, m)."""
    if not len(points):
        return points
    # 0.075 of it for boxes, the rest for what is thinned; where there are too many, one point for each larger box.
    few = boxed(points, 0.3 * close)
    return separated(few, 0.92 * close) if len(few) < MOST_COMPARED else boxed(points, 3.9 * close)


def _uncovered(
    blocks: Blocks, points: Floats, tree: Any, *, reach: float, small: float
) -> Iterator[tuple[Floats, float, float] | None]:
    """Middles of cells of the images that no stored point covers, how far the other cells lead away, and rounding.

    A cell is covered if all its vertices are within `reach` of one stored point; middles are those of cells with
    circumradius at most `small`. `None` instead of a triple says that there are too many cells.
    """
    corners, rounding = affine_images(points, blocks.A, blocks.B)
    fans = _fans(len(blocks.A), points[0].size)
    size = float(np.abs(corners).max()) * math.sqrt(points[0].size)
    rounding = 3.0 * rounding + 2.0 * (_DEEPEST + len(blocks.A)) * UNIT_ROUNDOFF * size
    entries = fans.shape[1] * points[0].size
    step, together = max(1, _ENTRIES // (len(fans) * entries)), max(1, _ENTRIES // entries)
    for first in range(0, len(points), step):
        started = corners[:, first : first + step].swapaxes(0, 1)[:, fans]
        waiting = [started.reshape(-1, fans.shape[1], *points.shape[1:])]
        while waiting:
            if sum(part.size for part in waiting) > _WAITING:
                yield None
                return
            cells = waiting.pop()
            if len(cells) > together:
                waiting.append(cells[together:])
            middles, loose, large = _divided(cells[:together], tree, reach, small)
            if len(large):
                waiting.append(large)
            yield middles, loose, rounding


def _divided(cells: Floats, tree: Any, reach: float, small: float) -> tuple[Floats, float, Floats]:
    """Middles of small cells that are not covered, the reach of the covered ones, and halves of the large ones."""
    flat = cells.reshape(*cells.shape[:2], -1)
    middle = flat.mean(axis=1)
    nearest = tree.data[tree.query(middle)[1]]
    away = np.sqrt(((flat - nearest[:, None]) ** 2).sum(axis=2).max(axis=1))
    radius = np.sqrt(((flat - middle[:, None]) ** 2).sum(axis=2).max(axis=1))
    covered = away <= reach
    done = ~covered & (radius <= small)
    loose = float(away[covered].max(initial=0.0))
    return middle[done].reshape(-1, *cells.shape[2:]), loose, halved(cells[~covered & ~done])


def _fans(k: int, d: int) -> NDArray[np.intp]:
    """Vertex numbers of simplices that cover the hull of any k points in d dimensions: Carathéodory from the first."""
    if k <= d + 1 or math.comb(k - 1, d) > _FANS:
        return np.arange(k)[None]
    return np.array([(0, *others) for others in combinations(range(1, k), d)])
