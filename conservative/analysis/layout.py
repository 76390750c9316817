"""Numbers and small matrices as aligned text."""

import math
from collections.abc import Sequence
from typing import Any

from conservative._core.numbers import Bracket

MOST_DIGITS = 12
"""Significant digits beyond which a bracket's ends are not told apart."""

LARGEST_SHOWN = 6
"""Matrices with more rows or columns than this are described, not printed."""


def bracket_text(bracket: Bracket) -> str:
    """A bracket with just enough digits to show where its ends part.

    A bracket too narrow to show, around a short decimal, is shown as that decimal.

    Parameters
    ----------
    bracket : Bracket

    Returns
    -------
    str

    Examples
    --------
    >>> bracket_text(Bracket(1.03214353, 1.032361))
    '[1.03214, 1.03237]'
    >>> bracket_text(Bracket(0.7499999999999999, 0.7500000000000001))
    '0.75'
    """
    if bracket.lower == bracket.upper:
        return f"{bracket.lower:.12g}"
    if math.isinf(bracket.upper):
        return f"[{_down(bracket.lower, 6)}, inf]"
    size = max(abs(bracket.lower), abs(bracket.upper))
    digits = min(max(2 - math.floor(math.log10((bracket.upper - bracket.lower) / size)), 3), MOST_DIGITS)
    low, high = _down(bracket.lower, digits), _up(bracket.upper, digits)
    near = f"{bracket.midpoint:.{MOST_DIGITS - 1}g}"
    if digits == MOST_DIGITS and float(near) in bracket:
        return near
    return f"[{low}, {high}]"


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
    r"""A matrix as lines of aligned columns, with its name on the first.

    Parameters
    ----------
    name : str
    rows : sequence of rows
        Entries are shown with `str`, floats with six digits.
    split : int, optional
        A bar is drawn before this column, as in [A | B].

    Returns
    -------
    list of str

    Examples
    --------
    >>> print(*matrix_lines("M", [[1, -0.5], [10, 0]], split=1), sep="\n")
    M = [  1 | -0.5 ]
        [ 10 |    0 ]
    """
    cells = [[f"{x:.6g}" if isinstance(x, float) else str(x) for x in row] for row in rows]
    widths = [max(len(row[c]) for row in cells) for c in range(len(cells[0]))]
    lines = []
    for r, row in enumerate(cells):
        padded = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if split is not None and 0 < split < len(padded):
            padded.insert(split, "|")
        label = f"{name} = " if r == 0 else " " * (len(name) + 3)
        lines.append(f"{label}[ {' '.join(padded)} ]")
    return lines
