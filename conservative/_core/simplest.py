"""Simple rational numbers in an interval, by the Stern–Brocot tree and by denominators."""

import math
from collections.abc import Iterable
from fractions import Fraction


def simplest_between(lower: Fraction, upper: Fraction) -> Fraction:
    """The rational of smallest denominator in a closed interval, and of smallest modulus among those.

    The first node of the Stern–Brocot tree inside, found by continued fractions: an integer if there is one,
    otherwise floor + 1/x with x the simplest number between the inverses of the remainders.

    `lower, upper`: ``lower <= upper``.
    """
    if lower <= 0 <= upper:
        return Fraction(0)
    if upper < 0:
        return -simplest_between(-upper, -lower)
    whole = math.ceil(lower)
    if whole <= upper:
        return Fraction(whole)
    floor = whole - 1
    return floor + 1 / simplest_between(1 / (upper - floor), 1 / (lower - floor))


def rationals_in(lower: Fraction, upper: Fraction, *, denominator: int) -> list[Fraction]:
    """All rationals in lowest terms with one denominator in a closed interval, in order."""
    first, last = math.ceil(lower * denominator), math.floor(upper * denominator)
    return [Fraction(p, denominator) for p in range(first, last + 1) if math.gcd(p, denominator) == 1]


def complexity(values: Iterable[Fraction]) -> tuple[int, int, int]:
    """How simple a rational point is: largest denominator, then the sums of denominators and of numerators."""
    numbers = list(values)
    return (
        max(x.denominator for x in numbers),
        sum(x.denominator for x in numbers),
        sum(abs(x.numerator) for x in numbers),
    )
