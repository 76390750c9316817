"""Results as numbers: a `Bracket` of two proved bounds, or an `Estimate` of which nothing is proved."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.printable import shown
from conservative._core.result_lines import number_text, result_line

UNIT_ROUNDOFF = 2.0**-53
"""Largest relative error of one rounding to double precision, round to nearest."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A real number known to lie in a closed interval, rounding included.

    Parameters
    ----------
    lower, upper : float
        Proved bounds; `upper` may be infinite. Every float operation on the
        way to them was rounded outward or had its error enclosed.

    Raises
    ------
    ArgumentError
        If a bound is NaN or ``lower > upper``.

    Examples
    --------
    >>> Bracket(1.0, 2.0).width
    1.0
    >>> 1.5 in Bracket(1.0, 2.0)
    True
    """

    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not all(isinstance(end, Real) for end in (self.lower, self.upper)):
            raise ArgumentTypeError(
                f"`Bracket` needs two numbers; got lower={shown(self.lower)} and upper={shown(self.upper)}."
            )
        if not self.lower <= self.upper:
            raise ArgumentError(
                f"`Bracket` needs lower <= upper, both numbers; got lower={shown(self.lower)} and "
                f"upper={shown(self.upper)}. If both are estimates of one number, use `Estimate`."
            )

    @property
    def width(self) -> float:
        """`upper - lower`, rounded up; zero exactly when the number is known."""
        if math.isinf(self.upper) or math.isinf(self.lower):
            return math.inf
        return float_above(Fraction(self.upper) - Fraction(self.lower))

    @property
    def midpoint(self) -> float:
        """The middle of the interval, as a float that proves nothing."""
        return self.lower / 2 + self.upper / 2

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, (int, float, Fraction)):
            return False
        return self.lower <= value <= self.upper

    def widen(self, amount: float) -> "Bracket":
        """The same bracket with `amount` added on both sides, rounded outward.

        Parameters
        ----------
        amount : float
            A nonnegative distance.

        Returns
        -------
        Bracket
        """
        if not isinstance(amount, Real) or not amount >= 0:
            raise ArgumentError(f"`Bracket.widen(amount=...)` needs a distance of at least 0; got {shown(amount)}.")
        try:
            return Bracket(round_down(self.lower - amount), round_up(self.upper + amount))
        except OverflowError:
            return Bracket(-math.inf, math.inf)

    def __repr__(self) -> str:
        return result_line(self, f"lower={number_text(self.lower)}", f"upper={number_text(self.upper)}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A float that proves nothing.

    Parameters
    ----------
    value : float
        The estimated number.

    Examples
    --------
    >>> float(Estimate(0.5))
    0.5
    """

    value: float

    def __float__(self) -> float:
        return self.value


def round_up(value: float) -> float:
    """The next double above a value computed with one rounding, hence an upper bound of it.

    Returns: A double at or above the exact result of that operation.
    """
    return math.nextafter(value, math.inf)


def round_down(value: float) -> float:
    """The next double below a value computed with one rounding, hence a lower bound of it.

    Returns: A double at or below the exact result of that operation.
    """
    return math.nextafter(value, -math.inf)


def largest(brackets: Iterable[Bracket]) -> Bracket:
    """The bracket of a maximum, from the brackets of its arguments."""
    found = list(brackets)
    return Bracket(max(b.lower for b in found), max(b.upper for b in found))


def float_below(value: Fraction) -> float:
    """The largest double that is at most a rational number (or minus infinity)."""
    try:
        near = float(value)
    except OverflowError:
        return float.fromhex("0x1.fffffffffffffp+1023") if value > 0 else -math.inf
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)


def float_above(value: Fraction) -> float:
    """The smallest double that is at least a rational number (or infinity)."""
    return -float_below(-value)
