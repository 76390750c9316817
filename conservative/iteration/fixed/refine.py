"""Refining the sets around fix(𝒥) until they are close enough, or the budget ends."""

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exactness import Exactness
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_down, round_up
from conservative._core.rows import first_rows
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.decay import Decay
from conservative.iteration.image.epsilon_net import Budget, Net, close_net
from conservative.iteration.image.hull_net import cover_net
from conservative.iteration.image.planar_image import OVERLAY, inner_growth, outer_region, plane_maps
from conservative.iteration.jacobian_blocks import Blocks
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixSet, PlanarRegion
from conservative.matrix_sets.distance.gaps import measured_gap
from conservative.matrix_sets.operations.images_and_hulls import affine_images

Floats = NDArray[np.float64]

_MOST_CELLS = 500
"""Most cells that are worth having instead of balls, which are much faster to search."""

_RATIO = 0.4
"""Ratio of the steps of one region to those of the next."""

_FINEST = 2.0**-40
"""Least radius of a net, in sizes: rounding moves its points by a little less."""

_MOST_ROUNDS = 12
"""Most images of regions between two measurements."""

_SLACK = 0.02
"""Margin of a region's outer image, in steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Enclosure:
    """An inner and an outer set of fix(𝒥), and the Hausdorff distance between them."""

    inner: MatrixSet
    outer: MatrixSet
    distance: Bracket


@dataclass(slots=True, eq=False)
class Task:
    """What is refined; `best` is the narrowest enclosure so far.

    Shapes: `seeds` (n, p, m). `decay`: must contract. `seeds`: points of fix(𝒥), up to `seed_error`.
    """

    blocks: Blocks
    decay: Decay
    seeds: Floats
    seed_error: float
    tol: float
    budget: Budget
    best: Enclosure

    def offer(self, found: Enclosure) -> bool:
        """Keep an enclosure if it is narrower; whether it is narrow enough."""
        if found.distance.upper < self.best.distance.upper:
            self.best = found
        return self.best.distance.upper <= self.tol

    def extra(self, rounding: float) -> float:
        """Bound of the distance to fix(𝒥) of images of the seeds, each with so much rounding."""
        seeds = round_up(max(self.decay.norms) * self.seed_error)
        return distance_to_fixed(self.decay, rounding, later=0, carried=seeds)


def refine(task: Task) -> bool:
    """Improve the task's enclosure by the means that suit the dimension.

    The steps do not depend on `tol`, which only ends them: a smaller one goes on where a larger one ended.

    `task`: its `best` is improved.
    """
    p, m = task.seeds.shape[1:]
    if task.blocks.convex and p * m == 2:
        # What was found before an overlay failed, snapped coordinates and all, stays valid.
        with suppress(_geometry_error()):
            return refine_plane(task)
        return True
    return refine_net(task)


def _geometry_error() -> type[Exception]:
    import shapely

    error: type[Exception] = shapely.errors.GEOSException
    return error


def refine_net(task: Task) -> bool:
    """Nets of points, each finer than the last: by half in one dimension and in two, by less where that costs more.

    The outer set is the union of balls around the points, or of their fattened images.

    `task`: its `best` is improved.
    """
    total, shrink = task.decay.tail(0), 0.5 ** (1.0 / max(1, task.seeds[0].size - 1))
    flat = task.seeds.reshape(len(task.seeds), -1)
    size = float(np.linalg.norm(flat.max(axis=0) - flat.min(axis=0))) + float(np.abs(flat).max())
    radius = min(0.5 * size, task.best.distance.upper)
    seeds, before, growth = task.seeds, 0, 2.0
    closed = cover_net if task.blocks.convex and len(task.blocks.A) > 2 else close_net
    while radius > _FINEST * total * size:
        net = closed(task.blocks, seeds, reach=radius / total, budget=task.budget)
        if net is None:
            steps = max(0.0, math.log(radius / task.tol) / -math.log(shrink))
            hopeless = math.log(max(before, 1)) + steps * math.log(growth) > math.log(task.budget.cells)
            return hopeless or time.monotonic() <= task.budget.deadline
        enough = task.offer(_balls(task, net))
        if task.blocks.convex and len(net.points) <= _MOST_CELLS:
            enough = task.offer(_image_cells(task, net))
        growth = max(1.2, len(net.points) / before) if before else growth
        seeds, before = net.points, len(net.points)
        if enough or before * growth > task.budget.cells:
            return True
        radius *= shrink
    return True


def _balls(task: Task, net: Net) -> Enclosure:
    """The points, and balls around them that hold fix(𝒥): their Hausdorff distance is the radius."""
    extra = task.extra(net.rounding)
    radius = distance_to_fixed(task.decay, net.loose, later=0)
    inner = FiniteSet(net.points, exactness=Exactness.INNER, e_missing=radius, e_extra=extra)
    outer = CellUnion(net.points[:, None], radius, exactness=Exactness.OUTER, e_extra=round_up(radius + extra))
    return Enclosure(inner, outer, Bracket(max(0.0, round_down(radius * (1.0 - 1e-15))), radius))


def _image_cells(task: Task, net: Net) -> Enclosure:
    """The images conv{A_i x + B_i} of the points, and the same fattened so that they hold fix(𝒥).

    Every point of fix(𝒥) is in the image of a point of fix(𝒥), which has one of the net within T·loose, and 𝒥 stretches
    distances by at most ‖A‖₂.
    """
    images, rounding = affine_images(net.points, task.blocks.A, task.blocks.B)
    cells, extra = images.swapaxes(0, 1), task.extra(max(net.rounding, rounding))
    away = distance_to_fixed(task.decay, net.loose, later=0)
    radius = round_up(round_up(task.decay.one_step * away) + rounding)
    inner = CellUnion(cells, exactness=Exactness.INNER, e_missing=radius, e_extra=extra)
    outer = CellUnion(cells, radius, exactness=Exactness.OUTER, e_extra=round_up(radius + extra))
    return Enclosure(inner, outer, Bracket(max(0.0, round_down(radius * (1.0 - 1e-15))), radius))


def refine_plane(task: Task) -> bool:
    """Regions that shrink to fix(𝒥), and regions that grow to it, at steps that are halved.

    The outer regions are found by exact predicates to cover what they must, with room that exceeds all rounding of
    coordinates, since steps stay far above it. The inner ones are unions that are proved to hold nothing beyond their
    parts, up to rounding: `OVERLAY` of the size is added to their error for every union made.

    `task`: its `best` is improved.
    """
    import shapely

    L, b = plane_maps(task.blocks)
    outer = task.best.outer.to_shapely()
    diameter = max(math.hypot(outer.bounds[2] - outer.bounds[0], outer.bounds[3] - outer.bounds[1]), 1e-300)
    size = max(task.best.outer.radius, diameter)
    finest = 64.0 * UNIT_ROUNDOFF * size * len(L)
    hull, outer = outer, shapely.buffer(outer, 1e-3 * diameter)
    if outer.is_empty or not shapely.covers(outer, hull):
        return True  # a point, or too small for polygons: the hull says all there is
    inner = shapely.MultiPoint(_few(task.seeds.reshape(-1, 2), diameter / 5.0))
    step, budget, unions = diameter / 16.0, task.budget, 0
    while step > 1e6 * finest:
        # Pieces of boundary, times pairs of maps, whose images are united at a time: about a kilobyte for each cell.
        if 2.0 * max(outer.length, inner.length) / step * len(L) ** 2 > budget.cells:
            return True
        begun = time.monotonic()
        for _ in range(_rounds(task.decay, _RATIO)):
            before, started = shapely.get_num_coordinates(inner), time.monotonic()
            outer = outer_region(outer, L, b, step=step, slack=_SLACK * step)
            inner, unions = inner_growth(inner, L, b, step=step), unions + 1
            after, now = shapely.get_num_coordinates(inner), time.monotonic()
            # Segments that cross, as families of rank one make them, meet in the square of their number of points.
            if after > budget.cells:
                return True
            if now + 0.7 * (now - started) * max(1.0, after / before) ** 1.5 > budget.deadline:
                task.offer(_regions(task, inner, outer, rounding=finest + OVERLAY * size * unions, tol=0.1 * step))
                return _hopeless(task, after)
        rounding = finest + OVERLAY * size * unions
        if task.offer(_regions(task, inner, outer, rounding=rounding, tol=0.1 * step)):
            return True
        if 2.0 * time.monotonic() - begun > budget.deadline:
            return _hopeless(task, shapely.get_num_coordinates(inner))
        step *= _RATIO
    return True


def _hopeless(task: Task, points: int) -> bool:
    """Whether regions within `tol` need more points than allowed: their number grows as the steps shrink."""
    return points * task.best.distance.upper / task.tol > task.budget.cells


def _few(points: Floats, side: float) -> Floats:
    """One point of each box of this side."""
    return points[first_rows(np.floor(points / side).astype(np.int64))]


def _rounds(decay: Decay, ratio: float) -> int:
    """Number of images that shrink distances by this ratio."""
    return next((s for s in range(1, _MOST_ROUNDS) if decay.at(s) <= ratio), _MOST_ROUNDS)


def _regions(task: Task, inner: Any, outer: Any, *, rounding: float, tol: float) -> Enclosure:
    shape = task.seeds.shape[1], task.seeds.shape[2]
    extra = task.extra(rounding)
    found = measured_gap(PlanarRegion(outer, shape), PlanarRegion(inner, shape), tol=tol)
    distance = Bracket(found.lower, round_up(found.upper + rounding))
    reach = distance.upper
    return Enclosure(
        PlanarRegion(inner, shape, exactness=Exactness.INNER, e_missing=reach, e_extra=extra),
        PlanarRegion(outer, shape, exactness=Exactness.OUTER, e_extra=round_up(reach + extra)),
        distance,
    )
