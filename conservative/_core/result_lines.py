"""Results in one line below 120 characters: what it is, its size, its main number with its error, its status."""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction

from conservative._core.numbers import Bracket

_LONGEST = 119
_LONG_NUMBER = re.compile(r"(?<![\d.])-?(?:\d{18,}(?:/\d+)?|\d+/\d{18,})")


def result_line(result: object, *parts: str) -> str:
    """`Name(part, part, ...)`; where that is too long, the longest part is cut, so that the others stay whole."""
    name = type(result).__name__
    words = [_in_decimals(part) for part in parts]
    while (over := len(f"{name}({', '.join(words)})") - _LONGEST) > 0:
        i = max(range(len(words)), key=lambda j: len(words[j]))
        words[i] = words[i][: max(len(words[i]) - over - 1, 4)] + "…"
    return f"{name}({', '.join(words)})"


def above(value: float) -> str:
    """A bound in six digits, rounded up."""
    return f"{float(Context(prec=6, rounding=ROUND_CEILING).create_decimal_from_float(value)):.6g}"


def between(bracket: Bracket) -> str:
    """A bracket in six digits, rounded outward."""
    lower = Context(prec=6, rounding=ROUND_FLOOR).create_decimal_from_float(bracket.lower)
    return f"in [{float(lower):.6g}, {above(bracket.upper)}]"


def count(number: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _in_decimals(text: str) -> str:
    """Text without line breaks, its long integers and fractions in six digits."""
    return _LONG_NUMBER.sub(_shortened, " ".join(text.split()))


def _shortened(number: re.Match[str]) -> str:
    try:
        value = Fraction(number[0])
        text = f"{float(value):.6g}"
    except (ValueError, OverflowError, ZeroDivisionError):  # too long for Python, or for a double
        return f"{number[0][:6]}…"
    return text if Fraction(text) == value else f"≈{text}"
