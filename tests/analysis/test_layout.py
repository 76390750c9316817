"""Printed brackets contain what they print."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conservative._core.numbers import Bracket
from conservative.analysis.layout import bracket_text, claim_text, matrix_lines, value_text

positive = st.floats(1e-6, 1e6)


@given(positive, positive)
def test_the_printed_bracket_contains_the_bracket(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    text = bracket_text(Bracket(low, high))
    if "," in text:
        printed_low, printed_high = map(float, text.strip("[]").split(", "))
        assert printed_low <= low
        assert high <= printed_high
    elif text.endswith("..."):
        digits = Decimal(text[:-3])
        unit = Decimal(1).scaleb(digits.as_tuple().exponent)
        assert digits <= Decimal(low) <= Decimal(high) < digits + unit
        assert high - low <= 1e-11 * low
    else:
        assert low == high or low <= float(text) <= high
        assert abs(float(text) - low) <= 1e-11 * low


def test_a_block_is_printed_with_its_bar() -> None:
    assert matrix_lines("[A B]", [["3/4", "-3/4", 0], [1, 0, 0]], split=2) == [
        "[A B] = [ 3/4 -3/4 | 0 ]",
        "        [   1    0 | 0 ]",
    ]


@given(positive, st.integers(0, 40))
def test_neighbouring_doubles_are_printed_with_the_digits_they_share(a: float, steps: int) -> None:
    high = a
    for _ in range(steps):
        high = math.nextafter(high, math.inf)
    text = bracket_text(Bracket(a, high))
    assert len(text) >= 3 or float(text) == a
    if text.endswith("..."):
        assert text[:-3] == f"{Decimal(a):f}"[: len(text) - 3]


def test_a_long_claim_is_printed_in_decimals_rounded_outward() -> None:
    low, high = Fraction(10**30 // 3, 10**30), Fraction(2 * 10**30 // 3 + 1, 10**30)
    text = claim_text(f"it lies in [{low}, {high}].")
    printed_low, printed_high = (Fraction(end) for end in text[len("it lies in [") : -2].split(", "))
    assert low - Fraction(1, 10**16) < printed_low <= low
    assert high <= printed_high < high + Fraction(1, 10**16)
    assert claim_text(f"it is <= {high}.") == "it is <= 0.66666666666666667."
    assert claim_text(f"it is >= {high}.") == "it is >= 0.66666666666666666."
    assert claim_text("it lies in [1/2, 3/4].") == "it lies in [1/2, 3/4]."


def test_a_word_is_named_as_everywhere_else_in_a_report() -> None:
    claim = "equals rho(A_1 A_1 A_2)^(1/3), and lies in [1, 2]."
    assert claim_text(claim) == "equals rho(A_112)^(1/3), and lies in [1, 2]."
    claim = "of the 16 given matrices equals rho(A_12), and lies in [1, 2]."
    assert claim_text(claim) == claim


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.5, 0.5, "= 0.5"),
        (1 / 3, 1 / 3, "= 0.3333333333333333"),
        (1.0, 1.0000000000000002, "≈ 1 (to within 2.3e-16)"),
        (1.0321435344200296, 1.0321435344200298, "= 1.032143534420029..."),
        (0.9, 1.1, "in [0.9, 1.1]"),
        (0.25, math.inf, "in [0.25, inf]"),
    ],
)
def test_a_bracket_at_the_end_of_a_sentence(low: float, high: float, text: str) -> None:
    assert value_text(Bracket(low, high)) == text


def test_long_rationals_in_a_matrix_are_rounded_and_say_so() -> None:
    assert matrix_lines("M", [[Fraction(1, 3**30), Fraction(1, 2)]])[0] == "M = [ 1/205891132094649 1/2 ]"
    assert matrix_lines("M", [[Fraction(1, 3**50), Fraction(1, 2)]])[0] == "M ≈ [ 1.39296e-24 1/2 ]"
