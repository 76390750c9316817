"""Two arithmetics on one graph: exact real numbers, and doubles with a tolerance for ties.

Exact numbers are `Fraction` as long as they are rational, and real sympy numbers otherwise; zero
is decided exactly for rational and algebraic numbers. In both, a value that does not exist raises
`FunctionError` with the reason, which the value pass keeps until somebody needs the value.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np
import sympy
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.functions.graph.elementary import EXACT, FLOAT, NEAREST, SMOOTH

NEAR_TIE_FACTOR = 1e3
"""Two values within this many tolerances of each other, yet not tied, are reported as a near-tie."""

_MAX_BITS = 500_000
_MAX_EXPONENTIAL_ARGUMENT = 10_000
_MAX_TERMS = 20_000
_DIGITS = 60


class Arithmetic(ABC):
    """What the value pass and the derivative pass need from a kind of numbers."""

    exact: bool
    tolerance: float
    rounded: bool = False
    """Whether the point itself was rounded, although its numbers are taken as they are."""

    @abstractmethod
    def constant(self, value: Any) -> Any:
        """The number for a constant of the graph."""

    @abstractmethod
    def add(self, terms: Sequence[Any]) -> Any:
        """A sum."""

    @abstractmethod
    def multiply(self, factors: Sequence[Any]) -> Any:
        """A product."""

    @abstractmethod
    def power(self, base: Any, exponent: Fraction) -> Any:
        """A constant rational power, real."""

    @abstractmethod
    def smooth(self, name: str, value: Any, *, slope: bool = False) -> Any:
        """An elementary function, or its derivative."""

    @abstractmethod
    def compare(self, left: Any, right: Any) -> int:
        """The sign of left - right, 0 at a tie."""

    @abstractmethod
    def near(self, left: Any, right: Any) -> float | None:
        """The distance of two untied values when it is suspiciously small."""

    def limit(self, value: Fraction) -> Any:
        """The value of an expression that is known at the point itself only."""
        return self.constant(value)

    def absolute(self, value: Any, sign: int) -> Any:
        """|value|, given the sign of what is not tied with 0: never negative, also at a tie within the tolerance."""
        return value if sign >= 0 else self.multiply([self.constant(Fraction(-1)), value])

    def extremum(self, values: Sequence[Any], direction: int) -> Any:
        """The largest value, or the least for direction -1."""
        best = values[0]
        for value in values[1:]:
            if self.compare(value, best) == direction:
                best = value
        return best

    def exponential(self, base: Any, exponent: Any) -> Any:
        """base ** exponent for a positive base."""
        return self.smooth("exp", self.multiply([exponent, self.smooth("log", base)]))

    def clean(self, vector: NDArray[Any]) -> NDArray[Any]:
        """A gradient in normal form, so that equal exact gradients compare equal."""
        return vector

    def vanishes(self, vector: NDArray[Any]) -> bool:
        """Whether a gradient is zero."""
        zero = self.constant(Fraction(0))
        return all(self.compare(entry, zero) == 0 for entry in vector)


@final
@dataclass(frozen=True, slots=True)
class FloatArithmetic(Arithmetic):
    """Doubles; values within `tolerance * max(1, |a|, |b|)` are tied."""

    tolerance: float
    exact: bool = False

    def constant(self, value: Any) -> Any:
        return _finite(float(value), "a constant is too large for a double")

    def add(self, terms: Sequence[Any]) -> Any:
        return _finite(sum(terms), "a sum overflows")

    def multiply(self, factors: Sequence[Any]) -> Any:
        return _finite(math.prod(factors), "a product overflows")

    def power(self, base: Any, exponent: Fraction) -> Any:
        _check_power(base, exponent, 1 if base > 0 else -1 if base < 0 else 0)
        try:
            return _finite(float(base) ** (int(exponent) if exponent.denominator == 1 else float(exponent)), "")
        except OverflowError as error:
            raise FunctionError("a power overflows") from error

    def smooth(self, name: str, value: Any, *, slope: bool = False) -> Any:
        _check_domain(name, value, lambda bound: (value > bound) - (value < bound))
        rule = SMOOTH[name].slope if slope else SMOOTH[name].value
        with np.errstate(all="ignore"):
            return _finite(float(rule(FLOAT, np.float64(value))), f"{name} has no finite value or slope")

    def compare(self, left: Any, right: Any) -> int:
        if abs(left - right) <= self.tolerance * max(1.0, abs(left), abs(right)):
            return 0
        return 1 if left > right else -1

    def absolute(self, value: Any, sign: int) -> Any:
        return abs(value)

    def extremum(self, values: Sequence[Any], direction: int) -> Any:
        return max(values) if direction > 0 else min(values)

    def near(self, left: Any, right: Any) -> float | None:
        distance, scale = abs(left - right), self.tolerance * max(1.0, abs(left), abs(right))
        return float(distance) if scale < distance <= NEAR_TIE_FACTOR * scale else None


@final
@dataclass(frozen=True, slots=True)
class ExactArithmetic(Arithmetic):
    """Exact real numbers."""

    tolerance: float = 0.0
    exact: bool = True

    def constant(self, value: Any) -> Any:
        return value

    def add(self, terms: Sequence[Any]) -> Any:
        if all(isinstance(t, Fraction) for t in terms):
            return _bounded(sum(terms, Fraction(0)))
        return as_exact(sympy.Add(*map(as_sympy, terms)))

    def multiply(self, factors: Sequence[Any]) -> Any:
        if all(isinstance(f, Fraction) for f in factors):
            return _bounded(math.prod(factors, start=Fraction(1)))
        return as_exact(sympy.Mul(*map(as_sympy, factors)))

    def power(self, base: Any, exponent: Fraction) -> Any:
        _check_power(base, exponent, exact_sign(base))
        if isinstance(base, Fraction) and exponent.denominator == 1:
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if bits * abs(exponent) > _MAX_BITS:
                raise FunctionError("a power is too large to be computed exactly; give the point as floats")
            return base ** int(exponent)
        number = as_sympy(base)
        if number.is_Add and math.comb(len(number.args) + int(abs(exponent)), len(number.args)) > _MAX_TERMS:
            raise FunctionError("a power of a sum is too large to be computed exactly; give the point as floats")
        return as_exact(sympy.Pow(number, as_sympy(exponent)))

    def smooth(self, name: str, value: Any, *, slope: bool = False) -> Any:
        _check_domain(name, value, lambda bound: exact_sign(self.add([value, Fraction(-bound)])))
        if name != NEAREST and abs(float(value)) > _MAX_EXPONENTIAL_ARGUMENT:
            raise FunctionError(f"{name} of a number beyond {_MAX_EXPONENTIAL_ARGUMENT}; give the point as floats")
        rule = SMOOTH[name].slope if slope else SMOOTH[name].value
        found = sympy.sympify(rule(EXACT, as_sympy(value)))
        if found.is_infinite:
            raise FunctionError(f"{name} has no finite {'slope' if slope else 'value'} at {value}")
        return as_exact(found)

    def compare(self, left: Any, right: Any) -> int:
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            return (left > right) - (left < right)
        return exact_sign(as_exact(as_sympy(left) - as_sympy(right)))

    def near(self, left: Any, right: Any) -> float | None:
        return None

    def clean(self, vector: NDArray[Any]) -> NDArray[Any]:
        if all(isinstance(entry, Fraction) for entry in vector):
            return vector
        return np.array([e if isinstance(e, Fraction) else as_exact(sympy.sympify(e)) for e in vector], dtype=object)


def as_sympy(value: Any) -> Any:
    """A `Fraction` as a sympy rational; sympy numbers pass."""
    return sympy.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else value


def as_sympy_matrix(rows: Any) -> Any:
    """Rows of `Fraction` and sympy numbers as an immutable sympy matrix."""
    return sympy.ImmutableMatrix([[as_sympy(entry) for entry in row] for row in rows])


def as_exact(value: Any) -> Any:
    """A sympy number as a `Fraction` when rational, expanded otherwise; never complex or infinite."""
    number = sympy.expand(value)
    if number.is_Rational:
        return Fraction(int(number.p), int(number.q))
    if number.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
        raise FunctionError("division by zero")
    if number.is_real is False:
        raise FunctionError("the value is not real")
    return number


def exact_sign(value: Any) -> int:
    """The sign of an exact real number, proved for rational and algebraic numbers."""
    if isinstance(value, Fraction):
        return (value > 0) - (value < 0)
    approximate = value.evalf(_DIGITS, maxn=4 * _DIGITS)
    if approximate.is_Float and approximate._prec > 1 and abs(approximate) > sympy.Float(10) ** (-_DIGITS // 2):
        return 1 if approximate > 0 else -1
    if value.is_algebraic:
        polynomial = sympy.minimal_polynomial(value, polys=True)
        if polynomial.degree() == 1 and polynomial.eval(0) == 0:
            return 0
        return 1 if value.evalf(20 * _DIGITS, maxn=10_000) > 0 else -1
    if value.is_zero or value.equals(0):
        return 0
    raise FunctionError(
        f"it cannot be decided exactly whether {str(value)[:60]} is zero; give the point as floats to decide ties "
        "within a tolerance"
    )


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_BITS:
        raise FunctionError("a number has too many digits to be computed exactly; give the point as floats")
    return value


def _finite(value: Any, reason: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise FunctionError(reason or "the value is not finite")
    return number


def _check_power(base: Any, exponent: Fraction, sign: int) -> None:
    if sign == 0 and exponent < 0:
        raise FunctionError("division by zero")
    if sign < 0 and exponent.denominator != 1:
        what = "the square root" if exponent == Fraction(1, 2) else f"the power {exponent}"
        raise FunctionError(f"the value is complex: {what} of the negative number {str(base)[:40]}")


def _check_domain(name: str, value: Any, sign_above: Any) -> None:
    for test, bound, words in SMOOTH[name].domain:
        if not test(sign_above(bound), 0):
            raise FunctionError(f"{name} needs an argument that is {words}; it is {str(value)[:40]}")
