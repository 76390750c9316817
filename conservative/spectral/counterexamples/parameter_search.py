"""The search: nominate parameters in doubles, many at once, and prove the simplest or the best of them exactly."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import is_over
from conservative._core.errors import FunctionError
from conservative._core.simplest import complexity
from conservative.functions.parametrised import ParametrisedFamily
from conservative.spectral.counterexamples.batch_words import Level, largest_radii, point_chunks, stable, word_levels
from conservative.spectral.counterexamples.result import ProvedCounterexample, prove
from conservative.spectral.counterexamples.sampling import Point, climb, rounded_point, simple_points, spread_points
from conservative.spectral.words.cyclic_words import Word

FloatArray = NDArray[np.float64]

_MARGIN = 1e-9
_CLIMBERS = 16
_TRIED = 40
"""Simple points of one denominator that are proved exactly before the next denominator."""

_GAIN = 1e-3
"""By how much a larger denominator must raise the rate."""


class OutOfTimeError(Exception):
    """Raised inside the search when its deadline has passed."""


@dataclass(slots=True, eq=False)
class ParameterSearch:
    """One search: the family, the words, and a count of the points looked at.

    `samples`: points spread over the box. `deadline`: `time.monotonic()` at which to stop. `examined`: stable points at
    which products were looked at. `length`: longest words looked at on all samples.
    """

    family: ParametrisedFamily
    max_length: int
    samples: int
    converges: bool
    rng: np.random.Generator
    deadline: float
    examined: int = 0
    length: int = 0

    def levels(self, length: int) -> tuple[Level, ...]:
        """The tree of words up to a length."""
        return word_levels(self.family.count, max_length=length)

    def rates(self, points: FloatArray, levels: tuple[Level, ...], *, only: int | None = None) -> FloatArray:
        """The largest radius of a product at every point, to the power one over its length.

        Shapes: `points` (N, d), result (N,).
        """
        result = np.full(len(points), -np.inf)
        words = max(level.period.size for level in levels)
        for part in point_chunks(len(points), words=words, size=self.family.size):
            if is_over(self.deadline):
                raise OutOfTimeError
            matrices = self.family.evaluate(points[part])
            kept = np.flatnonzero(stable(matrices, margin=_MARGIN))
            self.examined += kept.size
            if not kept.size:
                continue
            best = np.zeros(kept.size)
            for length, (radii, _) in enumerate(largest_radii(matrices[kept], levels), 1):
                if only is None:
                    np.maximum(best, radii ** (1.0 / length), out=best)
                elif length == only:
                    best = radii
            result[part.start + kept] = best
        return result

    def proved(self, point: Point, *, max_length: int, word: Word | None = None) -> ProvedCounterexample | None:
        """The exact decision at one point."""
        try:
            family = self.family.at(point)
        except FunctionError:
            return None
        return prove(family, point, max_length=max_length, word=word, converges=self.converges)

    def shortest(self) -> Iterator[ProvedCounterexample]:
        """Counterexamples of the shortest word found, each simpler than the one before."""
        points = self._spread()
        for length in range(2, self.max_length + 1):
            levels = self.levels(length)
            if not len(points):
                return

            def radius(tried: FloatArray, levels: tuple[Level, ...] = levels, length: int = length) -> FloatArray:
                return self.rates(tried, levels, only=length)

            reached, values = self._climbed(points, radius)
            self.length = length
            if values.max() > 1 + _MARGIN:
                found = False
                for proved in self._simplified(reached[values > 1 + _MARGIN], radius, length):
                    yield proved
                    found = True
                if found:
                    return

    def simplest(self) -> Iterator[ProvedCounterexample]:
        """Counterexamples with words of any length, each with simpler parameters than the one before."""
        points = self._spread()
        if not len(points):
            return
        levels = self.levels(self.max_length)
        rate = partial(self.rates, levels=levels)
        reached, values = self._climbed(points, rate)
        self.length = self.max_length
        if values.max() > 1 + _MARGIN:
            yield from self._simplified(reached[values > 1 + _MARGIN], rate, self.max_length)

    def margin(self) -> Iterator[ProvedCounterexample]:
        """Counterexamples whose rate grows, with longer and longer denominators."""
        points = self._spread()
        if not len(points):
            return
        levels = self.levels(self.max_length)
        rate = partial(self.rates, levels=levels)
        values = rate(points)
        self.length = self.max_length
        top = np.argsort(-values)[:_CLIMBERS]
        best = 0.0
        for proved, value in self._approached(points[top[:1]], rate, levels, above=best):
            best = value
            yield proved
        reached, values = climb(points[top], rate, box=self.family.box, rng=self.rng, rounds=24)
        order = np.argsort(-values)[:4]
        for proved, _ in self._approached(reached[order], rate, levels, above=best):
            yield proved

    def _approached(
        self,
        targets: FloatArray,
        rate: Callable[[FloatArray], FloatArray],
        levels: tuple[Level, ...],
        *,
        above: float,
    ) -> Iterator[tuple[ProvedCounterexample, float]]:
        """Rational points near some targets whose rates grow, with longer and longer denominators."""
        best = above
        for target in targets:
            for denominator in (4, 8, 16, 32, 64, 128, 256):
                near = self._neighbours(target, denominator)
                tried = np.array([[float(x) for x in p] for p in near])
                rates = rate(tried)
                top = int(rates.argmax())
                value = float(rates[top])
                if value <= max(best * (1 + _GAIN), 1 + _MARGIN):
                    continue
                word = self._winner(tried[top : top + 1], levels)
                proved = self.proved(near[top], max_length=len(word), word=word)
                if proved is not None:
                    best = value
                    yield proved, value

    def _spread(self) -> FloatArray:
        """Stable points of the box, corners of the sequence's cells left to the climb."""
        lower, upper = self.family.box
        points = spread_points(lower, upper, count=self.samples)
        return points[stable(self.family.evaluate(points), margin=_MARGIN)]

    def _climbed(
        self,
        points: FloatArray,
        objective: Callable[[FloatArray], FloatArray],
    ) -> tuple[FloatArray, FloatArray]:
        """All points, if some of them expand already; otherwise the best of them improved."""
        values = objective(points)
        if values.max() > 1 + _MARGIN:
            return points, values
        top = np.argsort(-values)[:_CLIMBERS]
        return climb(points[top], objective, box=self.family.box, rng=self.rng, until=1 + _MARGIN)

    def _simplified(
        self, reached: FloatArray, objective: Callable[[FloatArray], FloatArray], length: int
    ) -> Iterator[ProvedCounterexample]:
        """From points that expand in doubles to proved ones of small denominators."""

        def allowed(tried: FloatArray) -> NDArray[np.bool_]:
            return np.asarray(objective(tried) > 1 + _MARGIN)

        best: tuple[int, ...] | None = None
        starts = reached[np.argsort(-objective(reached))[:8]]
        for start in starts:  # a first answer that holds, should the time run out below
            proved = self.proved(rounded_point(start, allowed, self.family.ranges), max_length=length)
            if proved is not None and (best is None or self._cost(proved.values) < best):
                best = self._cost(proved.values)
                yield proved
        for denominator, points in simple_points(self.family.ranges):
            if best is not None and denominator > best[0]:
                return
            if not points:
                continue
            good = np.flatnonzero(allowed(np.array([[float(x) for x in p] for p in points])))
            for position in good[:_TRIED]:
                if best is not None and self._cost(points[position]) >= best:
                    break
                proved = self.proved(points[position], max_length=length)
                if proved is not None:
                    yield proved
                    return

    def _cost(self, values: Point) -> tuple[int, ...]:
        return complexity([x for x, (a, b) in zip(values, self.family.ranges, strict=True) if a < b])

    def _neighbours(self, point: FloatArray, denominator: int) -> list[Point]:
        """The corners of the cell of multiples of 1/denominator that holds a point, moved into the box."""
        choices = []
        for x, (lower, upper) in zip(point, self.family.ranges, strict=True):
            below = Fraction(math.floor(float(x) * denominator), denominator)
            ends = [min(max(near, lower), upper) for near in (below, below + Fraction(1, denominator))]
            choices.append(list(dict.fromkeys(ends)))
        return list(product(*choices))

    def _winner(self, point: FloatArray, levels: tuple[Level, ...]) -> Word:
        """The word of largest rate at one point."""
        found: list[tuple[float, Word]] = []
        for length, (radii, best) in enumerate(largest_radii(self.family.evaluate(point), levels), 1):
            found.append((float(radii[0]) ** (1.0 / length), levels[length - 1].word(int(best[0]))))
        top = max(rate for rate, _ in found)
        return next(word for rate, word in found if rate >= top * (1 - 1e-12))
