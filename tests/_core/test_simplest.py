"""Simple rationals against brute force over denominators."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.simplest import complexity, rationals_in, simplest_between

ends = st.fractions(min_value=-5, max_value=5, max_denominator=60)


def by_denominators(lower, upper):
    denominator = 1
    while True:
        found = [Fraction(p, denominator) for p in range(-6 * denominator, 6 * denominator + 1)]
        inside = [x for x in found if lower <= x <= upper]
        if inside:
            return min(inside, key=abs)
        denominator += 1


@drawn(50, 500, ends, ends)
def test_the_simplest_has_the_smallest_denominator(a, b):
    lower, upper = sorted((a, b))
    assert simplest_between(lower, upper) == by_denominators(lower, upper)


@given(ends, ends, st.integers(1, 12))
def test_rationals_of_a_denominator(a, b, denominator):
    lower, upper = sorted((a, b))
    expected = [Fraction(p, denominator) for p in range(-5 * denominator, 5 * denominator + 1)]
    assert rationals_in(lower, upper, denominator=denominator) == [
        x for x in expected if lower <= x <= upper and x.denominator == denominator
    ]


@pytest.mark.parametrize(("point", "cost"), [(["1/2", "4"], (2, 3, 5)), (["-3/7", "0"], (7, 8, 3))])
def test_complexity(point, cost):
    assert complexity(map(Fraction, point)) == cost
