"""Germs: numbers that depend on a small t > 0, as power series with rational coefficients.

Ordered by their sign for all small t, they are one more arithmetic for the value pass: run along an arc, it takes the
branches that are taken there and gives the values, and with them what happens at points arbitrarily near one point.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from math import floor
from typing import Any, final

from conservative._core.errors import FunctionError
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.elementary import NEAREST

ORDER = 24
"""Terms kept where a series does not end."""
_LONGEST = 96
"""Terms kept of a polynomial."""
_ZERO = Fraction(0)

Terms = Sequence[Fraction]


@dataclass(frozen=True, slots=True)
class Germ:
    """c_0 + c_1 t + ...; `known` is the order from which on terms are missing, None when there are none.

    `terms`: without trailing zeros.
    """

    terms: tuple[Fraction, ...]
    known: int | None = None

    @classmethod
    def of(cls, terms: Terms, known: int | None = None) -> "Germ":
        """A germ in normal form."""
        if known is None and len(terms) > _LONGEST:
            known = _LONGEST
        kept = list(terms if known is None else terms[:known])
        while kept and kept[-1] == 0:
            kept.pop()
        return cls(tuple(kept), known)

    @classmethod
    def power_of_t(cls, order: int, factor: Fraction = Fraction(1)) -> "Germ":
        """factor · t^order."""
        return cls.of((*[_ZERO] * order, factor))

    def term(self, order: int) -> Fraction:
        """The coefficient of t^order."""
        if self.known is not None and order >= self.known:
            raise FunctionError("a series is not known that far")
        return self.terms[order] if order < len(self.terms) else _ZERO

    @property
    def order(self) -> int | None:
        """The exponent of the first term; None when there is none."""
        return next((i for i, c in enumerate(self.terms) if c), None)

    def plus(self, other: "Germ") -> "Germ":
        """The sum."""
        sums = [a + b for a, b in zip_longest(self.terms, other.terms, fillvalue=_ZERO)]
        return Germ.of(sums, _least(self.known, other.known))

    def times(self, other: "Germ") -> "Germ":
        """The product."""
        if Germ(()) in (self, other):
            return Germ(())
        known = _least(self.known, other.known)
        length = max(0, len(self.terms) + len(other.terms) - 1)
        product = [_ZERO] * (length if known is None else min(length, known))
        for i, a in enumerate(self.terms):
            if a:
                for j, b in enumerate(other.terms[: max(0, len(product) - i)]):
                    if b:
                        product[i + j] += a * b
        return Germ.of(product, known)

    def minus(self, other: "Germ") -> "Germ":
        """The difference."""
        return self.plus(Germ.of([-c for c in other.terms], other.known))

    def stretched(self, factor: int) -> "Germ":
        """The germ with t^factor in the place of t."""
        terms = [c for term in self.terms for c in (term, *[_ZERO] * (factor - 1))]
        return Germ.of(terms, None if self.known is None else self.known * factor)

    def __str__(self) -> str:
        shown = [_shown(c, i) for i, c in enumerate(self.terms) if c]
        return " + ".join(shown).replace("+ -", "- ") or "0"


@final
@dataclass(frozen=True, slots=True)
class GermArithmetic(Arithmetic):
    """Exact as far as terms are known; what they do not decide raises `FunctionError`, as values that do not exist."""

    tolerance: float = 0.0
    exact: bool = True

    def constant(self, value: Any) -> Germ:
        if not isinstance(value, Fraction):
            raise FunctionError("an irrational constant has no rational series")
        return Germ.of((value,))

    def add(self, terms: Sequence[Any]) -> Germ:
        total = Germ(())
        for term in terms:
            total = total.plus(term)
        return total

    def multiply(self, factors: Sequence[Any]) -> Germ:
        product = Germ((Fraction(1),))
        for factor in factors:
            product = product.times(factor)
        return product

    def power(self, base: Any, exponent: Fraction) -> Germ:
        if exponent.denominator == 1 and 0 <= exponent <= _LONGEST:
            return self.multiply([base] * int(exponent))
        if base == Germ(()) and exponent > 0:
            return Germ(())
        first = base.order
        if first is None or (exponent < 0 and first) or (first * exponent).denominator != 1:
            raise FunctionError("a power has no series at the point")
        leading = _rational_power(base.terms[first], exponent)
        unit = [c / base.terms[first] for c in base.terms[first:]]
        monomial = base.known is None and len(unit) == 1
        terms = [leading] if monomial else [leading * c for c in _unit_power(unit, exponent)]
        series = Germ.of(terms, None if monomial else _least(ORDER, base.known))
        return series.times(Germ.power_of_t(int(first * exponent)))

    def smooth(self, name: str, value: Any, *, slope: bool = False) -> Germ:
        if name == NEAREST:
            return Germ.of((Fraction(0 if slope else floor(value.term(0) + Fraction(1, 2))),))
        start = Fraction(int(name == "log"))
        if name not in _SERIES or value.term(0) != start:
            raise FunctionError(f"{name} has no rational series at the point")
        constant = value.known is None and len(value.terms) <= 1
        inner = [value.terms[i] if i < len(value.terms) else _ZERO for i in range(ORDER)]
        return Germ.of(_SERIES[name](inner), None if constant else _least(ORDER, value.known))

    def limit(self, value: Fraction) -> Germ:
        raise FunctionError("the expression is known at the point only")

    def compare(self, left: Any, right: Any) -> int:
        if left is right:
            return 0
        gap = left.minus(right)
        first = gap.order
        if first is None and gap.known is not None:
            raise FunctionError("a sign is not decided by the terms that are known")
        return 0 if first is None else 1 if gap.terms[first] > 0 else -1

    def near(self, left: Any, right: Any) -> float | None:
        return None


def _least(first: int | None, second: int | None) -> int | None:
    known = [k for k in (first, second) if k is not None]
    return min(known) if known else None


def _shown(factor: Fraction, order: int) -> str:
    power = "" if order == 0 else "t" if order == 1 else f"t**{order}"
    if not power or abs(factor) != 1:
        return f"{factor}*{power}" if power else str(factor)
    return power if factor == 1 else f"-{power}"


def _rational_power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1:
        return base ** int(exponent)
    root = Fraction(_root(base.numerator, exponent.denominator), _root(base.denominator, exponent.denominator))
    return root**exponent.numerator


def _root(number: int, degree: int) -> int:
    guess = round(number ** (1 / degree)) if 0 < number < 2**50 else 0
    if guess**degree != number:
        raise FunctionError("a root has no rational series at the point")
    return guess


def _unit_power(unit: Terms, exponent: Fraction) -> list[Fraction]:
    """(1 + a_1 t + ...)^r by n b_n = Σ_k (k r − n + k) a_k b_{n−k}, from f g' = r f' g."""
    series = [Fraction(1)]
    for n in range(1, ORDER):
        used = [k for k in range(1, min(n, len(unit) - 1) + 1) if unit[k]]
        series.append(sum(((k * exponent - n + k) * unit[k] * series[n - k] for k in used), _ZERO) / n)
    return series


def _driven(inner: Terms, rate: Callable[[list[Fraction]], Terms], start: Fraction) -> list[Fraction]:
    """f(a(t)) from its derivative f'(a) a', where the terms of f'(a) come from those of f(a) known so far."""
    series = [start]
    for n in range(1, ORDER):
        slope = rate(series)
        series.append(sum((k * inner[k] * slope[n - k] for k in range(1, n + 1) if inner[k]), _ZERO) / n)
    return series


def _pair(inner: Terms, sign: int) -> tuple[list[Fraction], list[Fraction]]:
    """(sin a, cos a) for sign −1, (sinh a, cosh a) for sign 1."""
    odd, even = [_ZERO], [Fraction(1)]
    for n in range(1, ORDER):
        rates = [(k * inner[k], n - k) for k in range(1, n + 1) if inner[k]]
        grown = sum((r * even[i] for r, i in rates), _ZERO) / n, sum((r * odd[i] for r, i in rates), _ZERO) / n
        odd.append(grown[0])
        even.append(sign * grown[1])
    return odd, even


def _quotient(above: Terms, below: Terms) -> list[Fraction]:
    return list(Germ.of(above, ORDER).times(Germ.of(_unit_power(below, Fraction(-1)), ORDER)).terms)


def _integrated(inner: Terms, exponent: Fraction, square: int) -> list[Fraction]:
    """The primitive of a'(1 ± a²)^r, which vanishes at 0."""
    a = Germ.of(inner, ORDER)
    whole = Germ((Fraction(1),)).plus(a.times(a).times(Germ((Fraction(square),))))
    slope = _unit_power(whole.terms, exponent)
    return _driven(inner, lambda _: slope, _ZERO)


def _logarithm(inner: Terms) -> list[Fraction]:
    slope = _unit_power(inner, Fraction(-1))
    return _driven(inner, lambda _: slope, _ZERO)


def _logistic(known: list[Fraction]) -> Terms:
    """s (1 - s) from the terms of s."""
    s = Germ.of(known, len(known))
    rate = s.minus(s.times(s)).terms
    return [*rate, *[_ZERO] * (len(known) - len(rate))]


def _sinc(a: Germ) -> list[Fraction]:
    """1 - a²/6 (1 - a²/20 (1 - ...)), the series of sin(a)/a."""
    square, total = a.times(a), Germ((Fraction(1),))
    for k in range(ORDER // 2, 0, -1):
        total = Germ((Fraction(1),)).minus(square.times(total).times(Germ((Fraction(1, 2 * k * (2 * k + 1)),))))
    return list(total.terms)


_SERIES: dict[str, Callable[[Terms], Terms]] = {
    "exp": lambda a: _driven(a, lambda known: known, Fraction(1)),
    "log": _logarithm,
    "sin": lambda a: _pair(a, -1)[0],
    "cos": lambda a: _pair(a, -1)[1],
    "tan": lambda a: _quotient(*_pair(a, -1)),
    "sinh": lambda a: _pair(a, 1)[0],
    "cosh": lambda a: _pair(a, 1)[1],
    "tanh": lambda a: _quotient(*_pair(a, 1)),
    "asin": lambda a: _integrated(a, Fraction(-1, 2), -1),
    "asinh": lambda a: _integrated(a, Fraction(-1, 2), 1),
    "atan": lambda a: _integrated(a, Fraction(-1), 1),
    "atanh": lambda a: _integrated(a, Fraction(-1), -1),
    "log1p": lambda a: _logarithm([Fraction(1), *a[1:]]),
    "expm1": lambda a: [_ZERO, *_driven(a, lambda known: known, Fraction(1))[1:]],
    "sigmoid": lambda a: _driven(a, _logistic, Fraction(1, 2)),
    "sinc": lambda a: _sinc(Germ.of(a, ORDER)),
}
"""Series of f(a(t)) for a(0) = 0 (log: a(0) = 1)."""
