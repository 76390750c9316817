"""Open polyhedral cones {d : g . d > 0 for every row g}, narrowed one row at a time, in exact arithmetic.

A cone is kept by its generators: lines, and extreme rays with the set of rows that each makes tight (the double
description method of Motzkin, Raiffa, Thompson and Thrall, 1953). With generators at hand, whether one more row leaves
an open cone is a matter of signs: a row that is positive on some generator can be met inside, and one that is positive
on none cannot. Nothing is lost to a tolerance, however thin the cone is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.arithmetic import as_exact, as_sympy
from conservative.functions.graph.balls import RealBall
from conservative.functions.ties.lp_cones import LinearCone

MAX_RAYS = 128
"""A cone with more extreme rays (a box of 30 sides has a billion) is handed to linear programs."""


@dataclass(frozen=True, slots=True)
class ExactCone:
    """A nonempty cone with rational rows, open within the solutions of its equations.

    Shapes: `lines` (l, n), `rays` (r, n). `lines`: a basis of the lineality space. `tight`: for every ray, the
    conditions that vanish on it, as bits. `strict`, `equal`: the conditions so far, as primitive integer vectors.
    """

    lines: NDArray[Any]
    rays: NDArray[Any]
    tight: tuple[int, ...] = ()
    strict: tuple[NDArray[Any], ...] = ()
    equal: tuple[NDArray[Any], ...] = ()

    @classmethod
    def whole(cls, width: int) -> Self:
        """All directions of R^width."""
        identity = np.array([[int(i == j) for j in range(width)] for i in range(width)], dtype=object)
        return cls(identity.reshape(width, width), np.zeros((0, width), dtype=object))

    @property
    def interior(self) -> tuple[Fraction, ...]:
        """A direction inside: the sum of the extreme rays."""
        total = self.rays.sum(axis=0) if len(self.rays) else [0] * self.lines.shape[1]
        scale = max((abs(x) for x in total), default=0) or 1
        return tuple(Fraction(int(x), int(scale)) for x in total)

    def narrow(self, row: NDArray[Any], *, equal: bool = False) -> "ExactCone | LinearCone | None":
        """The part where row . d > 0 (or = 0); None when it is empty."""
        row = rational_multiple(row)
        if not all(isinstance(x, Fraction) for x in row):
            strict, zero = (self.strict, (*self.equal, row)) if equal else ((*self.strict, row), self.equal)
            return LinearCone.of(strict, zero, width=len(row))
        g = _primitive(row)
        bit = 1 << (len(self.strict) + len(self.equal))
        kept = replace(
            self, strict=self.strict if equal else (*self.strict, g), equal=(*self.equal, g) if equal else self.equal
        )
        along = self.lines @ g
        if along.any():
            return kept._tilted(along, g, bit, equal)
        values = self.rays @ g
        if not equal and not (values > 0).any():
            return None
        crossed = kept._crossed(values, bit, equal)
        if crossed is None:
            return LinearCone.of(kept.strict, kept.equal, width=len(g))
        inside = crossed.rays.sum(axis=0) if equal and len(crossed.rays) else g * 0
        return crossed if not equal or all(s @ inside > 0 for s in crossed.strict) else None

    def _tilted(self, along: NDArray[Any], g: NDArray[Any], bit: int, equal: bool) -> "ExactCone":
        """A row that some line crosses: that line becomes a ray, and everything else moves along it into the plane."""
        pivot = int(np.flatnonzero(along)[0])
        line, slope = self.lines[pivot], along[pivot]
        if slope < 0:
            line, slope = -line, -slope
        others = np.delete(np.arange(len(self.lines)), pivot)
        lines = _primitive_rows(slope * self.lines[others] - np.outer(along[others], line))
        rays = _primitive_rows(slope * self.rays - np.outer(self.rays @ g, line))
        tight = tuple(t | bit for t in self.tight)
        if equal:
            return replace(self, lines=lines, rays=rays, tight=tight)
        return replace(self, lines=lines, rays=np.vstack([rays, line[None]]), tight=(*tight, bit - 1))

    def _crossed(self, values: NDArray[Any], bit: int, equal: bool) -> "ExactCone | None":
        """One step of the double description method; None when it would make too many rays."""
        if not equal and (values > 0).all():
            return self
        up, level, down = (np.flatnonzero(test).tolist() for test in (values > 0, values == 0, values < 0))
        stay = level if equal else sorted(up + level)
        if len(up) * len(down) > MAX_RAYS**2 or len(stay) > MAX_RAYS:
            return None
        pairs = [(i, j) for i in up for j in down if self._adjacent(i, j)]
        if len(pairs) + len(stay) > MAX_RAYS:
            return None
        made = [values[i] * self.rays[j] - values[j] * self.rays[i] for i, j in pairs]
        rays = np.vstack([self.rays[stay], *(m[None] for m in made)])
        tight = [self.tight[i] | (bit if values[i] == 0 else 0) for i in stay]
        tight += [(self.tight[i] & self.tight[j]) | bit for i, j in pairs]
        return replace(self, rays=_primitive_rows(rays), tight=tuple(tight))

    def _adjacent(self, i: int, j: int) -> bool:
        """Whether two extreme rays span a face: no third ray is tight wherever both are."""
        common = self.tight[i] & self.tight[j]
        if common.bit_count() < self.lines.shape[1] - len(self.lines) - 2:
            return False
        return not any(common & ~t == 0 for k, t in enumerate(self.tight) if k not in (i, j))


def rational_multiple(row: NDArray[Any]) -> NDArray[Any]:
    """A row over the size of its first entry that is not zero, where that makes it rational: (√2, -√8) is (1, -2)."""
    if all(isinstance(x, Fraction) for x in row) or any(isinstance(x, RealBall) for x in row):
        return row
    size = abs(as_sympy(next(x for x in row if x != 0)))
    scaled = [as_exact(as_sympy(x) / size) for x in row]
    return np.array(scaled, dtype=object) if all(isinstance(x, Fraction) for x in scaled) else row


def _primitive(row: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    """The integer vector without common factor that points the same way."""
    denominator = math.lcm(*(x.denominator for x in row))
    whole = [int(x * denominator) for x in row]
    divisor = math.gcd(*whole) or 1
    return np.array([x // divisor for x in whole], dtype=object)


def _primitive_rows(rows: NDArray[Any]) -> NDArray[Any]:
    if not len(rows):
        return rows
    divisors = np.array([math.gcd(*row) or 1 for row in rows.tolist()], dtype=object)
    shortened: NDArray[Any] = rows // divisors[:, None]
    return shortened
