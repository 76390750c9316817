"""Searches that end early: on Ctrl-C, what was proved travels with the interrupt; out of time, it is returned."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from conservative._core.numbers import Bracket


class InterruptedSearch(KeyboardInterrupt):
    """An interrupt from the keyboard, with the bracket proved so far.

    Loops that keep their own records let it pass, as any interrupt; `gap` turns it into its answer.
    """

    def __init__(self, bracket: Bracket) -> None:
        super().__init__()
        self.bracket = bracket


_DEADLINE: ContextVar[float] = ContextVar("deadline of searches", default=math.inf)


@contextmanager
def searching_until(deadline: float) -> Iterator[None]:
    """Searches begun inside end at this time with the bracket they have, as if their budget was spent."""
    token = _DEADLINE.set(min(deadline, _DEADLINE.get()))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def out_of_time() -> bool:
    """Whether searches should end with what they have."""
    return time.monotonic() > _DEADLINE.get()
