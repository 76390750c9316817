"""Reading exact rational numbers, safely, from what users write."""

import math
import re
from fractions import Fraction
from numbers import Rational
from typing import Any

from conservative._core.errors import ArgumentError, ArgumentTypeError, NonFiniteError
from conservative._core.printable import shown

MAX_DIGITS = 4_000
"""Most digits of a numerator or denominator that are read: Python itself refuses to print more than 4,300."""

_MAX_BITS = 13_300
_MAX_LENGTH = 10_000
_RATIONAL_TEXT = re.compile(r"[+-]?(?:\d+/0*[1-9]\d*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?)", flags=re.ASCII)


def as_fraction(value: Any) -> Fraction:
    """One exact rational number.

    A float is read as the exact value of the double (0.1 is not 1/10: write ``"0.1"`` or
    ``"1/10"`` for that).

    `value`: strings are an integer, a decimal (exact), or ``"numerator/denominator"``. Raises ArgumentError for text
    that is not a rational number. Raises NonFiniteError for NaN and infinities. Raises ArgumentTypeError for everything
    else, irrational sympy numbers included.
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _MAX_LENGTH or not _RATIONAL_TEXT.fullmatch(text):
            raise ArgumentError(f'a rational number looks like "3", "-3/4" or "0.75"; got {text[:40]!r}.')
        mantissa, _, exponent = text.lower().partition("e")
        if max(map(len, mantissa.split("/"))) + abs(int(exponent or 0)) > MAX_DIGITS:
            raise _too_long(text[:40])
        return Fraction(text)
    if isinstance(value, bool):
        raise ArgumentTypeError(f"a rational number is wanted; got the truth value {value}.")
    if isinstance(value, Rational) or (hasattr(value, "p") and hasattr(value, "q")):
        exact = Fraction(int(value.numerator), int(value.denominator))
        if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > _MAX_BITS:
            raise _too_long(f"{type(value).__name__} of {exact.numerator.bit_length()} bits")
        return exact
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"a rational number is wanted; got {type(value).__name__} {shown(value)}.") from error
    if not math.isfinite(number):
        raise NonFiniteError(f"a finite number is wanted; got {number}.")
    if getattr(value, "is_Float", False) is False and getattr(value, "is_number", False):
        raise ArgumentTypeError(
            f"a rational number is wanted; got the irrational {str(value)[:40]!r}. "
            "Pass `float(value)` to work with the nearest double."
        )
    return Fraction(number)


def nearest_double(value: Fraction, *, what: str) -> float:
    """The double nearest to a rational number. Raises NonFiniteError if it lies beyond the doubles' range.

    >>> nearest_double(Fraction(3, 4), what="this number")
    0.75
    """
    try:
        return float(value)
    except OverflowError:
        size = int((value.numerator.bit_length() - value.denominator.bit_length()) * math.log10(2.0))
        raise NonFiniteError(
            f"{what} is about 1e{size}, beyond the range of doubles (1.8e308). Divide the data by a power of two."
        ) from None


def _too_long(got: str) -> ArgumentError:
    return ArgumentError(f"a rational number of at most {MAX_DIGITS:,} digits is wanted; got {got!r}. Round it.")
