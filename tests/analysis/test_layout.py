"""Printed brackets contain what they print."""

from hypothesis import given
from hypothesis import strategies as st

from conservative._core.numbers import Bracket
from conservative.analysis.layout import bracket_text, matrix_lines

positive = st.floats(1e-6, 1e6)


@given(positive, positive)
def test_the_printed_bracket_contains_the_bracket(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    text = bracket_text(Bracket(low, high))
    if "," in text:
        printed_low, printed_high = map(float, text.strip("[]").split(", "))
        assert printed_low <= low
        assert high <= printed_high
    else:
        assert low == high or low <= float(text) <= high
        assert abs(float(text) - low) <= 1e-11 * low


def test_a_block_is_printed_with_its_bar() -> None:
    assert matrix_lines("[A B]", [["3/4", "-3/4", 0], [1, 0, 0]], split=2) == [
        "[A B] = [ 3/4 -3/4 | 0 ]",
        "        [   1    0 | 0 ]",
    ]
