"""Brackets and outward rounding, against exact rationals."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conservative._core.errors import ArgumentError
from conservative._core.exactness import Exactness
from conservative._core.numbers import Bracket, float_above, float_below, largest, round_down, round_up

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.fractions())
def test_float_below_and_above_are_the_nearest_doubles_on_each_side(value: Fraction) -> None:
    low, high = float_below(value), float_above(value)
    assert Fraction(low) <= value <= Fraction(high)
    assert high == low or high == math.nextafter(low, math.inf)


def test_rationals_beyond_the_doubles_get_one_sided_bounds() -> None:
    assert float_below(Fraction(10) ** 400) == 1.7976931348623157e308
    assert float_above(Fraction(10) ** 400) == math.inf
    assert float_above(Fraction(-10) ** 401) == -1.7976931348623157e308
    assert float_above(Fraction(1, 10**400)) == 5e-324


@given(finite, finite)
def test_outward_rounding_encloses_a_sum(a: float, b: float) -> None:
    exact = Fraction(a) + Fraction(b)
    if math.isfinite(a + b):
        low, high = round_down(a + b), round_up(a + b)
        assert low == -math.inf or Fraction(low) <= exact
        assert high == math.inf or Fraction(high) >= exact


@given(finite, finite)
def test_the_width_of_a_bracket_is_an_upper_bound(a: float, b: float) -> None:
    bracket = Bracket(min(a, b), max(a, b))
    if math.isfinite(bracket.width):
        assert Fraction(bracket.width) >= Fraction(bracket.upper) - Fraction(bracket.lower)
    assert a in bracket
    assert b in bracket


@pytest.mark.parametrize("ends", [(1.0, 0.0), (math.nan, 1.0), (0.0, math.nan)])
def test_a_bracket_refuses_ends_in_disorder(ends: tuple[float, float]) -> None:
    with pytest.raises(ArgumentError, match="lower <= upper"):
        Bracket(*ends)


def test_the_bracket_of_a_maximum() -> None:
    assert largest([Bracket(0.0, 3.0), Bracket(1.0, 2.0)]) == Bracket(1.0, 3.0)


def test_an_inner_step_after_an_outer_one_says_nothing() -> None:
    assert Exactness.EXACT.then(Exactness.INNER) is Exactness.INNER
    assert Exactness.OUTER.then(Exactness.OUTER) is Exactness.OUTER
    assert Exactness.INNER.then(Exactness.OUTER) is None
