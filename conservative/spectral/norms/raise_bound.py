"""Bounds raised little by little, from an estimate in doubles, until exact arithmetic proves one of them."""

import math
from collections.abc import Iterator
from fractions import Fraction

from conservative._core.numbers import float_above


def raised(estimate: Fraction) -> Iterator[Fraction]:
    """The estimate, then larger numbers: by parts of 1e-15, 1e-14, ... of it, then by doubling, for ever.

    >>> candidates = raised(Fraction(1, 3))
    >>> next(candidates) >= Fraction(1, 3), next(candidates) > Fraction(1, 3)
    (True, True)
    """
    yield double_above(estimate)
    if estimate == 0:
        estimate = Fraction(1, 2**1074)
    for digits in range(15, -1, -1):
        yield double_above(estimate * (1 + Fraction(1, 10**digits)))
    while True:
        estimate *= 4
        yield double_above(estimate)


def double_above(value: Fraction) -> Fraction:
    """A rational with few digits at or just above a value: a double, where doubles reach."""
    near = float_above(value)
    return value if math.isinf(near) else Fraction(near)
