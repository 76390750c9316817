"""The bound of the distance to the fixed set, against Fractions."""

import math
from fractions import Fraction

import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.decay import Decay

SIZES = st.floats(0.0, 1e150) | st.sampled_from([0.0, 5e-324, 1e-300, 1.0])


@drawn(20, 100, st.floats(0.0, 0.999), SIZES, SIZES, st.integers(0, 30))
def test_the_bound_is_the_smallest_double_that_holds_it(rate: float, step: float, carried: float, later: int) -> None:
    decay = Decay((1.0,), rate, rate)
    found = Fraction(distance_to_fixed(decay, step, later=later, carried=carried))
    a = Fraction(rate)
    assert found >= a**later / (1 - a) * Fraction(step) + Fraction(carried)
    total = Fraction(decay.tail(later)) * Fraction(step) + Fraction(carried)
    assert total <= found
    assert found == total or Fraction(math.nextafter(float(found), 0.0)) < total


@pytest.mark.parametrize(("rate", "later", "right"), [(0.5, 0, 6.0), (0.5, 1, 3.0), (0.5, 3, 0.75), (0.75, 1, 9.0)])
def test_a_step_of_three_at_known_rates(rate: float, later: int, right: float) -> None:
    assert distance_to_fixed(Decay((1.0,), rate, rate), 3.0, later=later) == right
    assert distance_to_fixed(Decay((1.0,), rate, rate), 3.0, later=later, carried=0.125) == right + 0.125


def test_without_contraction_only_what_does_not_move_is_bounded() -> None:
    still = Decay((1.0,), 1.0, 1.0)
    assert distance_to_fixed(still, 1e-300, later=5) == math.inf
    assert distance_to_fixed(still, 0.0, later=5, carried=0.25) == 0.25
