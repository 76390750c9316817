"""JSON that every reader accepts."""

import json
from enum import Enum
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.numbers import Bracket
from conservative.report import as_json, encode


class Colour(Enum):
    RED = "the colour red"


@drawn(
    20,
    100,
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.fractions(), st.lists),
)
def test_everything_becomes_standard_json(value: object) -> None:
    nonstandard: list[str] = []
    json.loads(as_json(value), parse_constant=nonstandard.append)
    assert nonstandard == []


def test_results_keep_their_meaning() -> None:
    value = {
        "a": np.array([[1.0, np.inf]]),
        "b": Bracket(0.0, 1.0),
        "c": Colour.RED,
        "d": Fraction(-9, 8),
        1: np.int64(2),
    }
    assert encode(value) == {
        "a": [[1.0, "Infinity"]],
        "b": {"lower": 0.0, "upper": 1.0},
        "c": {"name": "RED", "text": "the colour red"},
        "d": "-9/8",
        "1": 2,
    }
