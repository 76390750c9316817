"""Numbers and small matrices as aligned text."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from conservative._core.numbers import Bracket, float_above, float_below
from conservative.spectral import word_text

SHORT = 12
"""Significant digits of a decimal that counts as short."""

_MOST_DIGITS = 16
"""Significant digits that are printed at most."""

_ALL_DIGITS = 16
"""Significant digits of a rational that is rounded outward: one more where the first is small."""

_NARROW = 1e-12
"""Relative width below which a bracket is shown as one number."""

_LONG = 20
"""Characters beyond which a rational is shown as a decimal."""

_KNOWN = 9
"""Digits of an end of a set at most."""

_PLAIN = 40
"""Exponents up to which a decimal is written without one."""

_LONGEST_EXACT = 60
"""Characters of a rational that is the exact value beyond which a decimal stands for it."""

LARGEST_SHOWN = 6
"""Matrices with more rows or columns than this are described, not printed."""


def bracket_text(bracket: Bracket) -> str:
    """A bracket with just enough digits to show where its ends part.

    The digits that both ends of a narrow bracket share are shown with dots behind them, and a narrow bracket around a
    short decimal is shown as that decimal.
    """
    if bracket.lower == bracket.upper:
        return number_text(bracket.lower)
    if math.isinf(bracket.upper):
        return f"[{_down(bracket.lower, 6)}, inf]"
    size = max(abs(bracket.lower), abs(bracket.upper))
    width = (bracket.upper - bracket.lower) / size
    if width <= _NARROW:
        near = f"{bracket.midpoint:.{SHORT - 1}g}"
        if float(near) in bracket:
            return near
        shared = _shared_digits(bracket)
        if shared:
            return f"{shared}..."
    digits = min(max(2 - math.floor(math.log10(width)), 3), _MOST_DIGITS)
    return f"[{_down(bracket.lower, digits)}, {_up(bracket.upper, digits)}]"


def value_text(bracket: Bracket) -> str:
    """A bracket as the end of a sentence: "in [a, b]", "= a" where that is proved, "≈ a" with the width otherwise."""
    text = bracket_text(bracket)
    if text.startswith("["):
        return f"in {text}"
    if text.endswith("...") or bracket.width == 0:
        return f"= {text}"
    return f"≈ {text} (to within {_up(bracket.width, 2)})"


def exact_text(value: Fraction) -> str:
    """A rational that is known exactly: as a decimal where that is short, otherwise as a quotient beside a decimal.

    >>> exact_text(Fraction(3, 5)), exact_text(Fraction(2, 3)), exact_text(Fraction(0.3))
    ('= 0.6', '= 2/3 ≈ 0.666666666667', '= 0.3 (the double)')
    """
    near = Bracket(float_below(value), float_above(value))
    short = f"{near.midpoint:.{SHORT}g}"
    if not math.isinf(near.upper) and Fraction(short) == value:
        return f"= {short}"
    if near.width == 0:
        return f"= {number_text(near.lower)} (the double)"
    return f"= {value} ≈ {short}" if len(str(value)) <= _LONG else value_text(near)


def up_text(value: float, digits: int = SHORT) -> str:
    """An upper bound as a decimal that is at least as large, of twelve digits.

    >>> up_text(0.5), up_text(2 / 3)
    ('0.5', '0.666666666667')
    """
    return _up(value, digits) if 0 < value < math.inf else f"{value:g}"


def down_text(value: float, digits: int) -> str:
    """A lower bound as a decimal that is at most as large.

    >>> down_text(2 / 3, 3), down_text(1e-9, 2)
    ('0.666', '1e-09')
    """
    return _down(value, digits)


def known_text(value: float, error: float) -> str:
    """A number that is known to within an error, with the digits that the error leaves, nine at most.

    >>> known_text(1e-19, 1e-14), known_text(12 / 13, 1e-14), known_text(0.6136, 0.0082)
    ('0', '0.923076923', '0.6136')
    """
    if 0 < error < math.inf:
        value = round(value, min(max(1 - math.floor(math.log10(error)), 0), 300)) + 0.0
    return f"{value:.{_KNOWN}g}"


def number_text(value: float) -> str:
    """A double as a short decimal where that is the same double, in full otherwise.

    >>> number_text(2.0), number_text(0.1), number_text(1 / 3)
    ('2', '0.1', '0.3333333333333333')
    """
    short = f"{value:.{SHORT}g}"
    return short if float(short) == value else repr(value)


def _shared_digits(bracket: Bracket) -> str:
    """The digits that all numbers of a positive bracket begin with; empty when they are fewer than a report shows."""
    if not bracket.lower > 0:
        return ""
    exponent = math.floor(math.log10(bracket.lower))
    for digits in range(_MOST_DIGITS, SHORT - 1, -1):
        unit = Fraction(10) ** (exponent - digits + 1)
        low, high = (math.floor(Fraction(end) / unit) for end in (bracket.lower, bracket.upper))
        if low == high:
            return f"{Decimal(low).scaleb(exponent - digits + 1):.{digits}g}"
    return ""


def claim_text(sentence: str) -> str:
    """The sentence of a certificate as a report shows it: long rationals as decimals rounded outward, words 1-based."""

    def ends(match: re.Match[str]) -> str:
        return f"[{_rational_text(match[1], 'down')}, {_rational_text(match[2], 'up')}]"

    def bound(match: re.Match[str]) -> str:
        return f"{match[1]} {_rational_text(match[2], 'up' if match[1].startswith('<') else 'down')}"

    given = re.search(r"of the (\d+) given", sentence)
    count = int(given[1]) if given else 0

    def word(match: re.Match[str]) -> str:
        return f"rho(A_{word_text([int(number) - 1 for number in re.findall(r'[0-9]+', match[1])], count)})"

    sentence = re.sub(r"rho\((A_\d+(?: A_\d+)*)\)", word, sentence)

    def exactly(match: re.Match[str]) -> str:
        if len(match[1]) <= _LONGEST_EXACT:
            return match[0]
        digits = len(match[1]) - match[1].count("/")
        return f"is exactly a rational of {digits} digits, at least {_rational_text(match[1], 'down')}"

    sentence = re.sub(r"is exactly (\d+(?:/\d+)?)", exactly, sentence)
    sentence = re.sub(r"\[(\d+(?:/\d+)?), (\d+(?:/\d+)?)\]", ends, sentence)
    return re.sub(r"(<=|<|>=|>) (\d+(?:/\d+)?)", bound, sentence)


def _rational_text(text: str, side: str) -> str:
    """A rational as it is when it is short, otherwise as a decimal below or above it."""
    if len(text) <= _LONG:
        return text
    value = Fraction(text)
    exponent = len(str(value.numerator)) - len(str(value.denominator)) - _ALL_DIGITS
    scaled = value / Fraction(10) ** exponent
    end = math.floor(scaled) if side == "down" else math.ceil(scaled)
    decimal = Decimal(end).scaleb(exponent).normalize()
    return f"{decimal:f}" if abs(exponent) <= _PLAIN else str(decimal).lower()


def _down(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    return text if float(text) <= value else _step(value, digits, -1)


def _up(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    return text if float(text) >= value else _step(value, digits, +1)


def _step(value: float, digits: int, sign: int) -> str:
    """The decimal of so many digits on the wanted side of a value."""
    exponent = int(f"{value:e}".split("e")[1]) - digits + 1
    return f"{value + sign * 0.5 * 10.0**exponent:.{digits}g}"


def matrix_lines(name: str, rows: Sequence[Sequence[Any]], *, split: int | None = None) -> list[str]:
    r"""A matrix as lines of aligned columns, with its name on the first."""
    cells = [[_cell(x) for x in row] for row in rows]
    sign = "≈" if any(isinstance(x, Fraction) and len(str(x)) > _LONG for row in rows for x in row) else "="
    widths = [max(len(row[c]) for row in cells) for c in range(len(cells[0]))]
    lines = []
    for r, row in enumerate(cells):
        padded = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if split is not None and 0 < split < len(padded):
            padded.insert(split, "|")
        label = f"{name} {sign} " if r == 0 else " " * (len(name) + 3)
        lines.append(f"{label}[ {' '.join(padded)} ]")
    return lines


def _cell(entry: Any) -> str:
    text = str(entry)
    is_long = isinstance(entry, Fraction) and len(text) > _LONG
    return f"{float(entry):.6g}" if isinstance(entry, float) or is_long else text
