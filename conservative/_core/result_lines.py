"""Results in one line below 120 characters: what it is, its size, its main number with its error, its status."""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conservative._core.numbers import Bracket

_LONGEST = 119
_SHORTEST = 12
_LONG_FRACTION = re.compile(r"(?<![\w.])-?(?:\d{18,}/\d+|\d+/\d{18,})(?![\w.])")


def result_line(result: object, *parts: str, sentence: str = "") -> str:
    """`Name(part, part, 'sentence')`; what is too long is cut where it is longest, so that the rest stays whole.

    Long fractions in the parts are shown as decimals marked "≈"; a sentence may state a bound: it is cut, not rounded.
    """
    name = type(result).__name__
    words = [*(_LONG_FRACTION.sub(_in_six_digits, " ".join(part.split())) for part in parts)]
    words += [repr(" ".join(sentence.split()))] if sentence else []
    while (over := len(f"{name}({', '.join(words)})") - _LONGEST) > 0:
        i = max(range(len(words)), key=lambda j: len(words[j]))
        size, second = len(words[i]), max((len(word) for j, word in enumerate(words) if j != i), default=0)
        if size <= _SHORTEST:
            break
        words[i] = _cut(words[i], max(size - over, min(second + 1, size - 1), _SHORTEST - 1))
    return f"{name}({', '.join(words)})"


def _cut(text: str, size: int) -> str:
    """The beginning of a text, then "…", then what closes its brackets and its quote, in so many characters."""
    kept = text[: size - 1]
    while len(kept) + 1 + len(_closing(kept)) > max(size, 2):
        kept = kept[:-1]
    return f"{kept}…{_closing(kept)}"


def _closing(text: str) -> str:
    if text.startswith(("'", '"')):
        return text[0] * (text.count(text[0]) % 2)
    waiting: list[str] = []
    for letter in text:
        if letter in "([{":
            waiting.append(")]}"["([{".index(letter)])
        elif waiting and letter == waiting[-1]:
            waiting.pop()
    return "".join(reversed(waiting))


def number_text(value: object) -> str:
    """A number as it is; one that is longer than Python prints, in six digits."""
    if isinstance(value, float):
        return float.__repr__(value)
    try:
        return str(value)
    except ValueError:
        return _six_digits(Fraction(value)) if isinstance(value, (int, Fraction)) else type(value).__name__


def above(value: float) -> str:
    """A bound in six digits, rounded up."""
    return f"{float(Context(prec=6, rounding=ROUND_CEILING).create_decimal_from_float(value)):.6g}"


def between(bracket: "Bracket") -> str:
    """A bracket: its ends as they are where they are close, otherwise in six digits, rounded outward."""
    low, high = bracket.lower, bracket.upper
    if math.isfinite(high - low) and high - low <= 1e-5 * max(abs(low), abs(high)):
        return f"in [{low!r}, {high!r}]" if low < high else f"= {low!r}".removesuffix(".0")
    lower = Context(prec=6, rounding=ROUND_FLOOR).create_decimal_from_float(low)
    return f"in [{float(lower):.6g}, {above(high)}]"


def count(number: int, noun: str) -> str:
    """`1 step`, `2 steps`, `2 matrices`: a number with its noun in the singular or the plural.

    >>> count(1, "vertex"), count(2, "vertex"), count(0, "entry"), count(1000, "half-space")
    ('1 vertex', '2 vertices', '0 entries', '1,000 half-spaces')
    """
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def shape(sizes: Sequence[object]) -> str:
    """`2 × 3`, the shape of one matrix."""
    return " × ".join(map(str, sizes))


def _plural(noun: str) -> str:
    if noun.endswith(("ex", "ix")):
        return f"{noun[:-2]}ices"
    if noun.endswith(("ch", "sh", "ss")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if re.search("[^aeou]y$", noun) else f"{noun}s"


def _in_six_digits(number: re.Match[str]) -> str:
    try:
        value = Fraction(number[0])
    except (ValueError, ZeroDivisionError):  # longer than Python reads
        return f"{number[0][:6]}…"
    return _six_digits(value)


def _six_digits(value: Fraction) -> str:
    near = Context(prec=6).divide(Decimal(value.numerator), Decimal(value.denominator)).normalize()
    return f"{'' if Fraction(near) == value else '≈'}{near}"
