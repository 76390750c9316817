"""Limits of time, one way for all calls: a deadline is a moment on the clock of `time.monotonic`, infinite for never.

What a call is given is `time_limit`, seconds from its beginning; None is no limit, in every call: then the search
ends by its other budgets, which do not depend on the clock. Work that cannot be stopped is begun only where it is
expected to end before the deadline.
"""

import math
import time
from typing import Any

from conservative._core.checks import as_time_limit

DEFAULT_SECONDS = 10.0
"""The limit of calls that could otherwise run for ever, where none is given."""

NEVER = math.inf
"""The deadline of a call without a limit."""


def deadline_after(time_limit: Any, *, call: str) -> float:
    """The moment at which a time limit that begins now will be over."""
    return time.monotonic() + as_time_limit(time_limit, call=call)


def is_over(deadline: float) -> bool:
    """Whether a deadline has passed."""
    return time.monotonic() >= deadline


def seconds_left(deadline: float) -> float:
    """The seconds until a deadline, at least 0."""
    return max(0.0, deadline - time.monotonic())


def time_limit_until(deadline: float, *, part: float = 1.0) -> float | None:
    """The seconds until a deadline, or a part of them, as a `time_limit`: None where there is no limit."""
    return None if deadline == NEVER else part * seconds_left(deadline)
