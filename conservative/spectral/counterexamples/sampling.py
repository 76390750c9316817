"""Parameter points: a low-discrepancy sequence, a local climb, and the simple rationals of a box."""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from conservative._core.simplest import complexity, rationals_in, simplest_between

FloatArray = NDArray[np.float64]
Point = tuple[Fraction, ...]

MAX_DENOMINATOR = 24
"""Largest denominator of the points that are enumerated."""

_MOST_POINTS = 1 << 17
"""Simple points of one largest denominator, beyond which they are not enumerated."""

_BISECTIONS = 40

_WIDE = 20
"""Ratio of the ends of a range from which its logarithm is sampled too."""


def spread_points(lower: FloatArray, upper: FloatArray, *, count: int) -> FloatArray:
    """Points that fill a box evenly: multiples of the inverse powers of a generalised golden ratio, modulo one.

    Shapes: `lower, upper` (d,), result (count, d).
    """
    d = lower.size
    golden = 2.0
    for _ in range(60):
        golden = (1 + golden) ** (1 / (d + 1))
    steps = golden ** -np.arange(1.0, d + 1)
    shares = (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0
    points = lower + (upper - lower) * shares
    wide = np.flatnonzero((lower > 0) & (upper > _WIDE * lower))
    points[::2, wide] = lower[wide] * (upper[wide] / lower[wide]) ** shares[::2, wide]
    return np.clip(points, lower, upper)


def climb(
    start: FloatArray,
    objective: Callable[[FloatArray], FloatArray],
    *,
    box: tuple[FloatArray, FloatArray],
    rng: np.random.Generator,
    rounds: int = 12,
    until: float = math.inf,
) -> tuple[FloatArray, FloatArray]:
    """Improve several points at once by random steps whose length shrinks.

    Shapes: `start` (g, d), result (g, d), result (g,).
    """
    lower, upper = box
    points, values = start.copy(), objective(start)
    groups = len(start)
    for step in range(rounds):
        if values.max() > until:
            break
        moves = rng.standard_normal((groups, 24, lower.size)) * (0.25 * 0.6**step * (upper - lower))
        tried = np.clip(points[:, None] + moves, lower, upper)
        reached = objective(tried.reshape(-1, lower.size)).reshape(groups, -1)
        best = reached.argmax(axis=1)
        better = reached[np.arange(groups), best] > values
        points[better] = tried[np.arange(groups), best][better]
        values[better] = reached[np.arange(groups), best][better]
    return points, values


def simple_points(ranges: Sequence[tuple[Fraction, Fraction]]) -> Iterator[tuple[int, list[Point]]]:
    """The rational points of a box by their largest denominator, the simplest first."""
    free = [a < b for a, b in ranges]
    known: list[list[Fraction]] = [[] if f else [a] for f, (a, _) in zip(free, ranges, strict=True)]
    for denominator in range(1, MAX_DENOMINATOR + 1):
        fresh = [
            rationals_in(a, b, denominator=denominator) if f and (b - a) * denominator <= _MOST_POINTS else []
            for f, (a, b) in zip(free, ranges, strict=True)
        ]
        larger = [old + new for old, new in zip(known, fresh, strict=True)]
        if math.prod(map(len, larger)) - math.prod(map(len, known)) > _MOST_POINTS:
            return
        new_sets = [set(new) for new in fresh]
        points = [p for p in product(*larger) if any(x in s for x, s in zip(p, new_sets, strict=True))]
        known = larger
        yield denominator, sorted(points, key=lambda p: complexity(_moving(p, free)))


def _moving(point: Point, free: Sequence[bool]) -> list[Fraction]:
    return [x for x, f in zip(point, free, strict=True) if f]


def rounded_point(
    point: FloatArray, allowed: Callable[[FloatArray], NDArray[np.bool_]], ranges: Sequence[tuple[Fraction, Fraction]]
) -> Point:
    """A point of small denominators near an allowed one, one coordinate after the other by the Stern–Brocot tree.

    For each coordinate the ends of the allowed interval around the point are bisected, and the simplest rational
    strictly between them is taken. What comes out still has to be proved.

    Shapes: `point` (d,).
    """
    exact = [a if a == b else min(max(Fraction(float(x)), a), b) for x, (a, b) in zip(point, ranges, strict=True)]
    for axis, (lower, upper) in enumerate(ranges):
        if lower == upper:
            continue
        low = _edge(exact, axis, float(lower), allowed)
        high = _edge(exact, axis, float(upper), allowed)
        inner = Fraction(high - low) / 1000
        exact[axis] = simplest_between(max(Fraction(low) + inner, lower), min(Fraction(high) - inner, upper))
    return tuple(exact)


def _edge(
    exact: Sequence[Fraction], axis: int, end: float, allowed: Callable[[FloatArray], NDArray[np.bool_]]
) -> float:
    """How far the coordinate can move towards an end and stay allowed, by bisection."""
    inside, outside = float(exact[axis]), end
    for _ in range(_BISECTIONS):
        middle = outside if _ == 0 else (inside + outside) / 2
        tried = np.array([[float(x) for x in exact]])
        tried[0, axis] = middle
        if allowed(tried)[0]:
            if middle == end:
                return end
            inside = middle
        else:
            outside = middle
    return inside
