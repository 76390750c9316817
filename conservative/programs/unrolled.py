"""A program that iterates by itself is told of: its ties act on each other, and one step would do."""

from collections import Counter
from typing import Any

from conservative.functions.switched_jacobian import SwitchedTie

_OFTEN = 4
"""Ties of one name and line that make a program an iteration."""


def unrolled_warning(ties: tuple[SwitchedTie, ...], L: Any) -> tuple[str, ...]:
    """What to say where one line ties again and again, each time on the way to the next."""
    if not (L != 0).any():
        return ()
    name, often = Counter(str(tie) for tie in ties).most_common(1)[0]
    if often < _OFTEN:
        return ()
    return (
        f"{name} ties {often} times, each on the way to the next: the program seems to iterate. Trace one step and let "
        "the recursion iterate.",
    )
