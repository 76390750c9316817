"""One-sided derivatives in fractions: what a program of trees does at x + εv, to first order in a positive ε.

Numbers are kept as value, slope along v and gradient; decisions are by value, then by slope. Along a direction without
special position what then still ties has one gradient. Knows neither the package nor any array library.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Sided:
    """value + ε slope, and the gradient there."""

    value: Fraction
    slope: Fraction
    gradient: tuple[Fraction, ...]

    def __add__(self, other: Any) -> "Sided":
        other = self.like(other)
        return Sided(self.value + other.value, self.slope + other.slope, _sum(self.gradient, other.gradient))

    def __mul__(self, other: Any) -> "Sided":
        other = self.like(other)
        return Sided(
            self.value * other.value,
            self.value * other.slope + self.slope * other.value,
            _sum([self.value * g for g in other.gradient], [other.value * g for g in self.gradient]),
        )

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Sided":
        return self * -1

    def __sub__(self, other: Any) -> "Sided":
        return self + -self.like(other)

    def like(self, other: Any) -> "Sided":
        if isinstance(other, Sided):
            return other
        return Sided(Fraction(other), Fraction(0), (Fraction(0),) * len(self.gradient))

    def exceeds(self, other: "Sided") -> bool:
        return (self.value, self.slope) > (other.value, other.slope)


def _sum(one: Any, other: Any) -> tuple[Fraction, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def larger(a: Sided, b: Sided) -> Sided:
    return b if b.exceeds(a) else a


def smaller(a: Sided, b: Sided) -> Sided:
    return a if b.exceeds(a) else b


def gradients(program: Callable[[list[Sided]], list[Sided]], at: Any, direction: Any) -> list[list[Fraction]]:
    """The Jacobian that a program has along one direction."""
    size = len(at)
    unit = [tuple(Fraction(int(i == j)) for j in range(size)) for i in range(size)]
    return [
        list(out.gradient)
        for out in program([Sided(Fraction(at[i]), Fraction(direction[i]), unit[i]) for i in range(size)])
    ]
