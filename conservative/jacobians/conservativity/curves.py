"""Polygonal curves that try a conservative Jacobian hard: through ties, along them, and ending on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.nodes import Graph
from conservative.functions.ties.tie_points import Gaps, gaps

Floats = NDArray[np.float64]
_TRIES = 8
"""Starting points tried for every tied point wanted; many of them land outside the box."""


@dataclass(frozen=True, slots=True)
class CurveBox:
    """Where curves may run, `lower` and `upper` of shape (n,)."""

    lower: Floats
    upper: Floats

    def sample(self, rng: np.random.Generator, count: int) -> Floats:
        """Uniform points (count, n)."""
        return rng.uniform(self.lower, self.upper, size=(count, len(self.lower)))

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """Which points (..., n) lie inside, with a little room for rounding."""
        room = 1e-9 * np.maximum(1.0, np.abs(self.upper - self.lower))
        return np.asarray(((points >= self.lower - room) & (points <= self.upper + room)).all(axis=-1))

    def shorten(self, start: Floats, directions: Floats) -> Floats:
        """Ends start + s·direction with s ≤ 1 as large as the box allows."""
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(directions > 0, (self.upper - start) / directions, (self.lower - start) / directions)
        reach = np.where(directions == 0, np.inf, np.maximum(room, 0.0)).min(axis=-1, keepdims=True)
        return np.asarray(start + np.minimum(reach, 1.0) * directions)


def polygons_through_ties(graph: Graph, box: CurveBox, rng: np.random.Generator, count: int) -> list[Floats]:
    """At most `count` polygons (k, n), a quarter of each family.

    Random polygons; polygons whose corners are tied points; polygons inside ties, which leave a tied point in
    directions along which the tied values stay equal to first order; and lines through the origin and
    through points with integer coordinates, where expressions written by hand have their kinks.
    """
    quarter = -(-count // 4)
    found = [box.sample(rng, 4) for _ in range(quarter)]
    found += _lattice(box, rng, quarter)
    switches = gaps(graph)
    if len(switches) and len(box.lower):
        tied, wanted = _tied_points(switches, box, rng, quarter)
        found += _inside(switches, box, rng, tied, wanted)[:quarter]
        found += _through(box, rng, tied, quarter)
    return found[:count] if len(found) <= count else _spread(found, count)


def polygons_through(points: Floats, box: CurveBox, rng: np.random.Generator, count: int) -> list[Floats]:
    """At most `count` polygons (k, n): random ones, lines through integer points, and lines through given points."""
    third = -(-count // 3)
    found = [box.sample(rng, 3) for _ in range(third)] + _lattice(box, rng, third)
    inside = points[box.holds(points)]
    if len(inside):
        corners = inside[rng.integers(0, len(inside), size=third)]
        found += list(np.stack([box.sample(rng, third), corners, box.sample(rng, third)], axis=1))
    return _spread(found, min(count, len(found)))


def _spread(found: list[Floats], count: int) -> list[Floats]:
    return [found[i] for i in np.linspace(0, len(found) - 1, count).astype(int)]


def _lattice(box: CurveBox, rng: np.random.Generator, count: int) -> list[Floats]:
    """Through the origin and integer points, in directions with entries -1, 0 and 1."""
    n = len(box.lower)
    corners = rng.integers(-1, 2, size=(count, n)).astype(np.float64)
    corners[: count // 2] = 0.0
    directions = rng.integers(-1, 2, size=(2, count, n)).astype(np.float64)
    corners = np.clip(corners, box.lower, box.upper)
    ends = [box.shorten(corners, d * (box.upper - box.lower)) for d in directions]
    return list(np.stack([ends[0], corners, ends[1]], axis=1))


def _tied_points(
    switches: Gaps, box: CurveBox, rng: np.random.Generator, count: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Points of the box where one or more gaps vanish, and which ones were wanted, most ties first."""
    starts = box.sample(rng, _TRIES * count)
    sizes = rng.integers(1, min(len(switches), len(box.lower), 4) + 1, size=len(starts))
    order = rng.random((len(starts), len(switches))).argsort(axis=1)
    wanted = np.zeros((len(starts), len(switches)), dtype=np.bool_)
    np.put_along_axis(wanted, order, np.arange(len(switches)) < sizes[:, None], axis=1)
    points, landed = switches.land(starts, wanted)
    keep = np.flatnonzero(landed & box.holds(points))
    return points[keep], wanted[keep]


def _through(box: CurveBox, rng: np.random.Generator, tied: Floats, count: int) -> list[Floats]:
    """From tied point to tied point, with a random corner between."""
    if not len(tied):
        return []
    picks = tied[rng.integers(0, len(tied), size=(count, 3))]
    corners = box.sample(rng, count)
    return list(np.stack([picks[:, 0], corners, picks[:, 1], picks[:, 2]], axis=1))


def _inside(
    switches: Gaps, box: CurveBox, rng: np.random.Generator, tied: Floats, wanted: NDArray[np.bool_]
) -> list[Floats]:
    """Back and forth from tied points, inside the set where the wanted gaps vanish."""
    if not len(tied):
        return []
    _, slopes = switches.look(tied)
    rows = np.where(wanted[:, :, None] & np.isfinite(slopes), slopes, 0.0)
    across = np.linalg.pinv(rows, rcond=1e-9) @ rows
    ends = []
    for _ in range(2):
        free = rng.normal(size=tied.shape) * (box.upper - box.lower)
        along = free - (across @ free[:, :, None])[:, :, 0]
        ends.append(box.shorten(tied, np.where(np.abs(along) < 1e-12 * np.abs(free), 0.0, along)))
    moving = np.flatnonzero(np.abs(ends[0] - tied).max(axis=1) > 1e-6)
    return list(np.stack([ends[0], tied, ends[1]], axis=1)[moving])
