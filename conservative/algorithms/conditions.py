"""Named ranges of an algorithm's numbers: outside of them it is not known to converge, yet it runs."""

import warnings
from collections.abc import Sequence
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


MOMENTA = Range(0.0, 1.0, "0 <= momentum < 1")


@dataclass(frozen=True, slots=True)
class Setting:
    """A number of an algorithm and the range that it should lie in."""

    name: str
    value: Any
    within: Range


def setting(value: Any, name: str, within: Range, *, call: str, zero: bool = False) -> Setting:
    """A positive number, or one of at least zero, exact where it is given so."""
    read = read_array(value, 0, call=call, argument=name)
    if read < 0 or (read == 0 and not zero):
        raise ArgumentError(
            f"`{call}({name}=...)` needs a number {'of at least' if zero else 'above'} 0; got {value!r}."
        )
    return Setting(name, read, within)


def momentum_and_step(momentum: Any, step: Any, L: float, *, call: str) -> tuple[Setting, Setting]:
    """β in [0, 1) and α below (2 + 2β)/((1 + 2β)L), 1/L when left out, of y = w + β(w − w₋), w ← y − α∇f(y)."""
    beta = setting(momentum, "momentum", MOMENTA, call=call, zero=True)
    most = (2 + 2 * float(beta.value)) / ((1 + 2 * float(beta.value)) * L)
    steps = Range(0.0, most, "0 < step < (2 + 2 momentum)/((1 + 2 momentum)L)")
    return setting(1 / L if step is None else step, "step", steps, call=call), beta


def warn_outside(settings: Sequence[Setting], *, call: str) -> None:
    """A warning, at the call of the algorithm's own function, with the range of each number outside of its own."""
    for name, value, within in ((each.name, each.value, each.within) for each in settings):
        if value not in within and value != 0:
            warnings.warn(
                f"{name} = {value} of {call} is outside of the range in which it is known to converge: {within}. It "
                "runs all the same.",
                RangeWarning,
                stacklevel=4,
            )
