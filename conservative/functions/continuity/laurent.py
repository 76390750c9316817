"""Laurent series t^k (c_0 + c_1 t + ...) along arcs: a quotient 0/0 beside the point, and its limit.

Germs have no negative powers, so that sin(t)/t has no value among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

from conservative._core.errors import FunctionError
from conservative.functions.continuity.power_series import Germ, GermArithmetic
from conservative.functions.graph.arithmetic import Arithmetic

_GERMS = GermArithmetic()

Laurent = tuple[int, Germ]
"""t^k times a series."""


@final
@dataclass(frozen=True, slots=True)
class LaurentArithmetic(Arithmetic):
    """Exact as far as terms are known, as `GermArithmetic`."""

    tolerance: float = 0.0
    exact: bool = True

    def constant(self, value: Any) -> Laurent:
        return 0, _GERMS.constant(value)

    def add(self, terms: Sequence[Any]) -> Laurent:
        low = min((k for k, _ in terms), default=0)
        return low, _GERMS.add([germ.times(Germ.power_of_t(k - low)) for k, germ in terms])

    def multiply(self, factors: Sequence[Any]) -> Laurent:
        return sum(k for k, _ in factors), _GERMS.multiply([germ for _, germ in factors])

    def power(self, base: Any, exponent: Fraction) -> Laurent:
        k, germ = base
        order = germ.order
        if order is None:
            return 0, _GERMS.power(power_series(base), exponent)
        shift = (k + order) * exponent
        if shift.denominator != 1:
            raise FunctionError("a root of a series without a constant term is no series in t")
        unit = Germ.of(germ.terms[order:], None if germ.known is None else germ.known - order)
        return int(shift), _GERMS.power(unit, exponent)

    def smooth(self, name: str, value: Any, *, slope: bool = False) -> Laurent:
        return 0, _GERMS.smooth(name, power_series(value), slope=slope)

    def limit(self, value: Fraction) -> Laurent:
        return 0, _GERMS.limit(value)

    def compare(self, left: Any, right: Any) -> int:
        return _GERMS.compare(self.add([left, self.multiply([right, self.constant(Fraction(-1))])])[1], Germ(()))

    def near(self, left: Any, right: Any) -> float | None:
        return None


def power_series(laurent: Laurent) -> Germ:
    """The power series that a Laurent series is."""
    k, germ = laurent
    if k >= 0:
        return germ.times(Germ.power_of_t(k))
    if any(germ.term(i) for i in range(-k)):
        raise FunctionError("a pole")
    return Germ.of(germ.terms[-k:], None if germ.known is None else germ.known + k)
