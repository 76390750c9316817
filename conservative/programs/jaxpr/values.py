"""What a walked program's variables hold: an array, whether it moves, its number, and open discrete values."""

from dataclasses import dataclass
from typing import Any

from conservative.programs.jaxpr.library import jnp

FIXED, MOVES, COTANGENT = 0, 1, 2
"""Does not depend on the point; does; is what the rule of a custom derivative pulls back."""


@dataclass(frozen=True, slots=True)
class Open:
    """A piecewise constant array whose elements may take other values, by the outcome of a guard that ties.

    A guard compares two numbers: <, = or >. Outcomes count from the one at the point, round about.

    Parameters
    ----------
    guard : array of int, of the value's shape
        Which guard decides an element; −1 where none is tied.
    others : pair of arrays
        The value at the next outcome of that guard and at the one after.
    binary : bool
        Whether at most one of the two differs from the value at the point, or both are equal.
    """

    guard: Any
    others: tuple[Any, Any]
    binary: bool


@dataclass(frozen=True, slots=True)
class Value:
    """One variable.

    Parameters
    ----------
    array : array
    depends : int
    number : int
        Equal numbers mean equal arrays, however computed.
    open : Open or None
    """

    array: Any
    depends: int
    number: int
    open: Open | None = None

    @property
    def floating(self) -> bool:
        """Whether derivatives pass through it at all."""
        return bool(jnp.issubdtype(jnp.result_type(self.array), jnp.inexact))
