"""Numbers at a floating-point point once its ties are chosen: every double is a rational, so that nothing is rounded.

The tolerance decides which values tie, and nothing else. What follows (derivatives, cones, equality) is computed from
the doubles as they are: in rationals through sums, products, quotients and integer powers, and in balls of 256 bits
from the first number on that is not rational. A ball that holds zero without being zero has an unknown sign.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, final

import flint
import numpy as np
import sympy
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative._core.exact.linear_algebra import working_precision
from conservative.functions.graph.arithmetic import Arithmetic, FloatArithmetic, _check_domain, _check_power
from conservative.functions.graph.balls import BITS, LONGEST, Functions, RealBall, enclosed, made
from conservative.functions.graph.elementary import NEAREST, SMOOTH
from conservative.functions.graph.evaluate import Trace, Undefined, value_pass
from conservative.functions.graph.nodes import Graph

SLACK = Fraction(1, 2**180)
"""Equal numbers have overlapping balls, whose middles differ by less than this, relative to the largest entry."""

_CONSTANTS: dict[Any, Callable[[], Any]] = {
    sympy.pi: flint.arb.pi,
    sympy.E: flint.arb.const_e,
    sympy.EulerGamma: flint.arb.const_euler,
    sympy.Catalan: flint.arb.const_catalan,
    sympy.GoldenRatio: lambda: (1 + flint.arb(5).sqrt()) / 2,
}


@final
@dataclass(frozen=True, slots=True)
class EnclosedArithmetic(Arithmetic):
    """Rationals and balls. `doubts` collects what was taken for zero because its sign is unknown."""

    doubts: list[Any]
    tolerance: float = 0.0
    exact: bool = True
    rounded: bool = True

    def constant(self, value: Any) -> Any:
        if isinstance(value, (Fraction, RealBall)):
            return value
        return self._constant(value)

    def _constant(self, value: Any) -> Any:
        """An irrational number of sympy, operation by operation."""
        if value.is_Rational:
            return Fraction(int(value.p), int(value.q))
        if value.is_Add or value.is_Mul:
            parts = [self._constant(argument) for argument in value.args]
            return self.add(parts) if value.is_Add else self.multiply(parts)
        if value.is_Pow and value.exp.is_Rational:
            return self.power(self._constant(value.base), self._constant(value.exp))
        if value in _CONSTANTS:
            return made(_CONSTANTS[value])
        if value.is_Pow:
            logarithm = Functions().log(self._constant(value.base))
            return Functions().exp(self.multiply([self._constant(value.exp), logarithm]))
        if value.func.__name__.lower() in SMOOTH:
            return self.smooth(value.func.__name__.lower(), self._constant(value.args[0]))
        raise FunctionError(f"the constant {value} cannot be enclosed; give the point exactly")

    def add(self, terms: Sequence[Any]) -> Any:
        return _short(sum(terms, Fraction(0)))

    def multiply(self, factors: Sequence[Any]) -> Any:
        return _short(math.prod(factors, start=Fraction(1)))

    def power(self, base: Any, exponent: Fraction) -> Any:
        _check_power(base, exponent, self.compare(base, Fraction(0)))
        if isinstance(base, Fraction):
            root = _root(base, exponent.denominator)
            if root is not None and _bits(root) * abs(exponent.numerator) <= LONGEST:
                return root**exponent.numerator
        if exponent.denominator == 1:
            return made(lambda: enclosed(base) ** exponent.numerator)
        return made(lambda: enclosed(base) ** enclosed(exponent)) if self.compare(base, Fraction(0)) else Fraction(0)

    def smooth(self, name: str, value: Any, *, slope: bool = False) -> Any:
        _check_domain(name, value, lambda bound: self.compare(value, Fraction(bound)))
        rule = SMOOTH[name].slope if slope else SMOOTH[name].value
        try:
            result = rule(Functions(), value)
        except ZeroDivisionError as error:
            raise FunctionError(f"{name} has no finite value or slope") from error
        return result if isinstance(result, RealBall) else _short(Fraction(result))

    def compare(self, left: Any, right: Any) -> int:
        if not isinstance(left, RealBall) and not isinstance(right, RealBall):
            return int(left > right) - int(left < right)
        difference = left - right
        sign: int | None = (
            difference.sign if isinstance(difference, RealBall) else int(difference > 0) - int(difference < 0)
        )
        if sign is None:
            self.doubts.append(difference)
        return sign or 0

    def absolute(self, value: Any, sign: int) -> Any:
        return abs(value)

    def near(self, left: Any, right: Any) -> float | None:
        return None


@dataclass(frozen=True, slots=True)
class _Pair:
    """A value as a program computes it, in doubles, and as it is."""

    rounded: float
    exact: Any


@final
@dataclass(frozen=True, slots=True)
class _PairArithmetic(Arithmetic):
    """Both kinds of numbers side by side: ties by doubles and the tolerance, everything else as it is."""

    floats: FloatArithmetic
    numbers: EnclosedArithmetic
    tolerance: float = 0.0
    exact: bool = False

    def constant(self, value: Any) -> Any:
        return _Pair(self.floats.constant(value), self.numbers.constant(value))

    def add(self, terms: Sequence[Any]) -> Any:
        return self._both(lambda kind, parts: kind.add(parts), terms)

    def multiply(self, factors: Sequence[Any]) -> Any:
        return self._both(lambda kind, parts: kind.multiply(parts), factors)

    def power(self, base: Any, exponent: Fraction) -> Any:
        return self._both(lambda kind, parts: kind.power(parts[0], exponent), [base])

    def smooth(self, name: str, value: Any, *, slope: bool = False) -> Any:
        found = self._both(lambda kind, parts: kind.smooth(name, parts[0], slope=slope), [value])
        return replace(found, exact=Fraction(found.rounded)) if name == NEAREST else found

    def compare(self, left: Any, right: Any) -> int:
        return self.floats.compare(left.rounded, right.rounded)

    def absolute(self, value: Any, sign: int) -> Any:
        return self._both(lambda kind, parts: kind.absolute(parts[0], sign), [value])

    def extremum(self, values: Sequence[Any], direction: int) -> Any:
        return self._both(lambda kind, parts: kind.extremum(parts, direction), values)

    def near(self, left: Any, right: Any) -> float | None:
        return self.floats.near(left.rounded, right.rounded)

    def _both(self, call: Callable[[Arithmetic, list[Any]], Any], parts: Sequence[_Pair]) -> _Pair:
        return _Pair(call(self.floats, [p.rounded for p in parts]), call(self.numbers, [p.exact for p in parts]))


def enclosed_trace(graph: Graph, trace: Trace, tolerance: float) -> tuple[Trace, EnclosedArithmetic]:
    """A value pass in doubles with the same ties, and values as they are."""
    numbers = EnclosedArithmetic([])
    point = [_Pair(0.0, Fraction(0))] * graph.width
    for index, node in enumerate(graph.nodes):
        if node.op == "variable":
            point[node.data] = _Pair(float(trace.values[index]), Fraction(trace.values[index]))
    pairs = value_pass(graph, _PairArithmetic(FloatArithmetic(tolerance), numbers), point, trace.forced)
    for output in graph.outputs:
        if isinstance(pairs.values[output], Undefined) and not isinstance(trace.values[output], Undefined):
            raise FunctionError(f"the function has no value at the doubles as they are: {pairs.values[output].reason}")
    values = tuple(v.exact if isinstance(v, _Pair) else v for v in pairs.values)
    numbers.doubts.clear()
    return replace(trace, values=values), numbers


def as_rationals(*arrays: NDArray[Any]) -> tuple[list[NDArray[Any]], Fraction]:
    """Arrays of numbers as rationals, and how far an entry was moved at most: 0 where all are rational."""
    if all(isinstance(x, Fraction) for array in arrays for x in array.ravel()):
        return list(arrays), Fraction(0)
    numbers = EnclosedArithmetic([])
    found = [np.array([_middle(numbers.constant(x)) for x in a.ravel()], dtype=object).reshape(a.shape) for a in arrays]
    return found, SLACK * max((abs(x) for a in found for x in a.ravel()), default=Fraction(0))


def _middle(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    mantissa, exponent = (int(part) for part in value.ball.mid().man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def _short(value: Any) -> Any:
    if isinstance(value, RealBall) or _bits(value) <= LONGEST:
        return value
    with working_precision(BITS):
        return RealBall(enclosed(value))


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _root(base: Fraction, degree: int) -> Fraction | None:
    """A rational root of a number that is not negative, None where there is none."""
    if degree == 1:
        return base
    parts = []
    for whole in (base.numerator, base.denominator):
        root = int(flint.fmpz(whole).root(degree))
        if root**degree != whole:
            return None
        parts.append(root)
    return Fraction(parts[0], parts[1])
