"""A net of points of fix(𝒥) that is nearly closed under 𝒥, in any dimension.

For a finite set P of points of fix(𝒥), gap(fix, P) ≤ T gap(𝒥(P), P) with T = Σ c_s (see `Decay`). For one point x,
𝒥(x) is the simplex of its images A_i x + B_i (the images themselves for a finite family). A grid of weights with n
steps comes within (k − 1)/(2n) edges of each of its points: rounding the partial sums of weights up from one common
threshold gives grid weights, and for a uniformly random threshold the expected error of each sum vanishes.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.iteration.image.thin_points import boxed, thinned, to_nearest
from conservative.iteration.jacobian_blocks import Blocks
from conservative.matrix_sets.operations.images_and_hulls import affine_images

Floats = NDArray[np.float64]

_IMAGES = 400_000
"""Images made at a time."""

_SHARE = 0.6
"""Share of the distance to images that points of the net may have; the rest is for the grid of weights."""


@dataclass(frozen=True, slots=True)
class Net:
    """Points of fix(𝒥), up to `rounding`, and how far 𝒥 leads away from them.

    Shapes: `points` (n, p, m). `loose`: bound of gap(𝒥(points), points), rounded up. `rounding`: largest rounding error
    of one image.
    """

    points: Floats
    loose: float
    rounding: float


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop.

    `deadline`: on the clock of `time.monotonic`. `cells`: largest number of points or cells.
    """

    deadline: float
    cells: int

    def spent(self, count: int) -> bool:
        """Whether the time is over or there are too many cells."""
        return count > self.cells or time.monotonic() > self.deadline


def close_net(blocks: Blocks, seeds: Floats, *, reach: float, budget: Budget) -> Net | None:
    """Add images of points until every image is within `reach` of a point. Shapes: `seeds` (n, p, m)."""
    close = _SHARE * reach if blocks.convex and len(blocks.A) > 1 else reach
    stored = thinned(seeds, close)
    frontier, loose, worst = stored, 0.0, 0.0
    while len(frontier):
        tree = cKDTree(stored.reshape(len(stored), -1))
        fresh: list[Floats] = []
        for made in _images(blocks, frontier, reach - close, budget.cells):
            if made is None or budget.spent(len(stored) + sum(len(part) for part in fresh)):
                return None
            images, spread, rounding = made
            worst = max(worst, rounding)
            flat = images.reshape(len(images), -1)
            distance = to_nearest(flat, tree, most=close)
            far = ~(distance <= close)
            loose = max(loose, float(distance[~far].max(initial=0.0)) + spread)
            if far.any():
                fresh.append(boxed(images[far], close))
                loose = max(loose, close + spread)
        frontier = thinned(np.concatenate(fresh), close) if fresh else stored[:0]
        stored = np.concatenate([stored, frontier])
    size = float(np.abs(stored).max()) * math.sqrt(stored[0].size)
    noise = round_up(64.0 * (stored[0].size + 8) * UNIT_ROUNDOFF * size + worst)
    return Net(stored, round_up(round_up(loose * (1.0 + 1e-12)) + noise), worst)


def _images(blocks: Blocks, points: Floats, allowed: float, most: int) -> Iterator[tuple[Floats, float, float] | None]:
    """Batches of images of points on a grid of 𝒥, how far 𝒥 leads from each batch, and their rounding errors.

    `None` instead of a batch says that the grid would be too large.
    """
    k = len(blocks.A)
    corners, rounding = affine_images(points, blocks.A, blocks.B)
    corners = corners.swapaxes(0, 1)
    if not blocks.convex or k == 1:
        for i in range(0, len(points), _IMAGES):
            batch = corners[i : i + _IMAGES]
            yield batch.reshape(-1, *batch.shape[2:]), 0.0, rounding
        return
    flat = corners.reshape(len(points), k, -1)
    longest = np.zeros(len(points))
    for i in range(k):
        for j in range(i):
            longest = np.maximum(longest, np.sqrt(((flat[:, i] - flat[:, j]) ** 2).sum(axis=1)))
    steps: Floats = np.ceil((k - 1) * np.maximum(longest, 1e-300) / (2.0 * allowed))
    # Steps are rounded up to one of few numbers, so that points share their grids of weights.
    steps = np.ceil(1.25 ** np.ceil(np.log(steps) / np.log(1.25)))
    for number in np.unique(steps):
        if math.comb(int(number) + k - 1, k - 1) > most:
            yield None
            return
        weights = simplex_grid(k, int(number))
        mine = flat[steps == number]
        spread = (k - 1) * float(longest[steps == number].max()) / (2.0 * number)
        number_made = max(1, _IMAGES // len(weights))
        for i in range(0, len(mine), number_made):
            made = np.einsum("wk,nkd->nwd", weights, mine[i : i + number_made])
            yield made.reshape(-1, *points.shape[1:]), spread, 3.0 * rounding


def simplex_grid(k: int, steps: int) -> Floats:
    """All weights with k nonnegative multiples of 1/steps and sum 1. Shapes: result (n, k)."""
    grid = np.zeros((1, 0), dtype=np.int64)
    for _ in range(k - 1):
        left = steps - grid.sum(axis=1)
        row = np.repeat(np.arange(len(grid)), left + 1)
        step = np.arange(len(row)) - np.repeat(np.cumsum(left + 1) - left - 1, left + 1)
        grid = np.column_stack([grid[row], step])
    return np.column_stack([grid, steps - grid.sum(axis=1)]) / steps
