"""How long a semidefinite program takes, roughly: so that none is begun that ends long after a limit of time."""

import sys
from collections.abc import Sequence

from conservative._core.deadlines import seconds_left

_PER_SECOND = 1e8
"""Work that a program does a second, roughly."""

_LOADING = 1.5
"""Seconds that loading cvxpy takes, once a process, about."""


def is_affordable(sizes: Sequence[int], deadline: float) -> bool:
    """Whether a program with matrices of these orders is worth starting: not if it takes more than twice the time.

    >>> from conservative._core.deadlines import NEVER, deadline_after
    >>> soon = deadline_after(60.0, call="example")
    >>> is_affordable([10, 10, 10], soon), is_affordable([78, 78, 78], soon), is_affordable([78, 78, 78], NEVER)
    (True, False, True)
    """
    return program_seconds(sizes) <= 2 * (seconds_left(deadline) - loading_seconds())


def program_seconds(sizes: Sequence[int]) -> float:
    """Seconds that a program with matrices of these orders takes, roughly."""
    return sum((size * (size + 1) / 2) ** 3 for size in sizes) / _PER_SECOND


def loading_seconds() -> float:
    """Seconds until the first program can be stated: none where cvxpy is loaded already."""
    return 0.0 if "cvxpy" in sys.modules else _LOADING
