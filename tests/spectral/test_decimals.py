"""Decimals beside a rational: on the right side, of the right number of digits, and as close as these allow."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from conservative.spectral.radius.decimal_rounding import decimal_above, decimal_below

positive = st.fractions(min_value=0, max_value=10**40).filter(lambda x: x > 0)


@given(positive, st.integers(-300, 300), st.integers(1, 20))
def test_decimals_enclose_the_number_within_one_unit(value, exponent, digits):
    number = value * Fraction(10) ** exponent
    below, above = decimal_below(number, digits=digits), decimal_above(number, digits=digits)
    assert below <= number <= above
    assert above - below <= number * Fraction(10) ** (1 - digits)
    assert (below == above) == (below == number)
    assert below > 0
