"""Decimals of few digits beside a positive rational: the bounds that certificates claim."""

import math
from fractions import Fraction

DIGITS = 13
"""Significant digits of the bounds that certificates claim."""


def decimal_below(value: Fraction, *, digits: int = DIGITS) -> Fraction:
    """The largest decimal of some significant digits that is at most a positive number."""
    unit = _unit(value, digits)
    return math.floor(value / unit) * unit


def decimal_above(value: Fraction, *, digits: int = DIGITS) -> Fraction:
    """The smallest decimal of some significant digits that is at least a positive number."""
    unit = _unit(value, digits)
    return math.ceil(value / unit) * unit


def _unit(value: Fraction, digits: int) -> Fraction:
    """The power of ten of which a positive number has a multiple of so many digits."""
    exponent = math.ceil((value.numerator.bit_length() - value.denominator.bit_length() + 1) * math.log10(2))
    while Fraction(10) ** exponent > value:
        exponent -= 1
    return Fraction(10) ** (exponent - digits + 1)
