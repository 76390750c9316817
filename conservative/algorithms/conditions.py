"""Named ranges of an algorithm's numbers: outside of them it is not known to converge, yet it runs."""

import warnings
from dataclasses import dataclass
from typing import Any

from conservative._core.errors import ArgumentError
from conservative.problems.parameters import read_array


class RangeWarning(UserWarning):
    """A number of an algorithm lies outside of the range in which the algorithm is known to converge."""


@dataclass(frozen=True, slots=True)
class Range:
    """An interval in which a setting must lie for the algorithm to be known to converge.

    Parameters
    ----------
    lower, upper : float
    meaning : str
        The ends as a formula, "0 < step < 2/L".
    closed : bool
        Whether the upper end belongs to it.
    """

    lower: float
    upper: float
    meaning: str
    closed: bool = False

    def __contains__(self, value: Any) -> bool:
        number = float(value)
        return self.lower < number < self.upper or (
            self.closed and number <= self.upper * (1 + 1e-12) and number > self.lower
        )

    def __str__(self) -> str:
        return f"{self.meaning}, here ({self.lower:.6g}, {self.upper:.6g})"


def setting(value: Any, name: str, within: Range, *, call: str, zero: bool = False) -> Any:
    """A positive setting, exact where it is given so; a warning with the range where it lies outside."""
    read = read_array(value, 0, call=call, argument=name)
    if read < 0 or (read == 0 and not zero):
        raise ArgumentError(
            f"`{call}({name}=...)` needs a number {'of at least' if zero else 'above'} 0; got {value!r}."
        )
    if read not in within and not (zero and read == 0):
        warnings.warn(
            f"{name} = {value} of {call} is outside of the range in which it is known to converge: {within}. It runs "
            "all the same.",
            RangeWarning,
            stacklevel=3,
        )
    return read
