"""Real numbers enclosed in balls of 256 bits, beside the rationals."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, final

import flint

from conservative._core.errors import FunctionError
from conservative._core.exact.linear_algebra import working_precision

BITS = 256
LONGEST = 20_000
"""Bits beyond which a rational becomes a ball."""


@final
class RealBall:
    """A real number that is not rational, or too long, enclosed."""

    __slots__ = ("ball",)

    def __init__(self, ball: Any) -> None:
        self.ball = ball

    @property
    def sign(self) -> int | None:
        """The sign, None where it is unknown."""
        if self.ball > 0:
            return 1
        return -1 if self.ball < 0 else 0 if self.ball == 0 else None

    def __float__(self) -> float:
        return float(self.ball.mid())

    def __abs__(self) -> "Number":
        return made(lambda: abs(self.ball))

    def __neg__(self) -> "Number":
        return made(lambda: -self.ball)

    def __add__(self, other: Any) -> Any:
        return made(lambda: self.ball + enclosed(other)) if _one(other) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return made(lambda: self.ball - enclosed(other)) if _one(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return made(lambda: enclosed(other) - self.ball) if _one(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        if not _one(other):
            return NotImplemented
        return (
            Fraction(0) if not isinstance(other, RealBall) and other == 0 else made(lambda: self.ball * enclosed(other))
        )

    def __truediv__(self, other: Any) -> Any:
        return made(lambda: self.ball / enclosed(other)) if _one(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        if not _one(other):
            return NotImplemented
        return Fraction(0) if other == 0 else made(lambda: enclosed(other) / self.ball)

    def __pow__(self, exponent: int) -> "Number":
        return made(lambda: self.ball**exponent)

    def __gt__(self, other: Any) -> bool:
        with working_precision(BITS):
            return bool(self.ball > enclosed(other))

    def __lt__(self, other: Any) -> bool:
        with working_precision(BITS):
            return bool(self.ball < enclosed(other))

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __repr__(self) -> str:
        return repr(float(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RealBall) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Any, ...]:
        return (*self.ball.mid().man_exp(), *self.ball.rad().man_exp())

    __radd__, __rmul__ = __add__, __mul__


Number = Fraction | RealBall


def _one(value: Any) -> bool:
    """Whether the other operand is a number, and not an array, whose operators go entry by entry."""
    return isinstance(value, (RealBall, Fraction, int))


def enclosed(value: Any) -> Any:
    """A number as a ball; called at the working precision."""
    if isinstance(value, RealBall):
        return value.ball
    number = Fraction(value)
    return flint.arb(flint.fmpq(number.numerator, number.denominator))


def made(call: Callable[[], Any]) -> Number:
    """The result of a computation with balls; a short one without radius is rational again."""
    with working_precision(BITS):
        ball = call()
    if not ball.is_finite():
        raise FunctionError("the value is not finite")
    if ball.is_exact():
        mantissa, exponent = (int(part) for part in ball.man_exp())
        if abs(exponent) < LONGEST:
            return Fraction(mantissa) * Fraction(2) ** exponent
    return RealBall(ball)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "nearest": lambda v: (v + flint.arb(0.5)).mid().floor(),
    "sigmoid": lambda v: 1 / (1 + (-v).exp()),
    "softplus": lambda v: (-abs(v)).exp().log1p() + (v + abs(v)) / 2,
    "sinc_slope": lambda v: (v.cos() - v.sinc()) / v if v != 0 else flint.arb(0),
}


class Functions:
    """The elementary functions on numbers, under the names that sympy has for them."""

    @property
    def pi(self) -> Number:
        """The number π."""
        return made(flint.arb.pi)

    def __getattr__(self, name: str) -> Callable[[Any], Number]:
        if name in _FUNCTIONS:
            return lambda value: made(lambda: _FUNCTIONS[name](enclosed(value)))
        if not hasattr(flint.arb, name):
            raise FunctionError(f"{name} cannot be enclosed")
        return lambda value: made(lambda: getattr(enclosed(value), name)())
