"""Spectrum-maximizing products from the literature, each with a certificate of its lower bound.

The heavy-ball word 1122 is from Vaiter's talk on iterative differentiation (2023); 0.6596789 is Gripenberg's example,
*Computing the joint spectral radius* (1996). The other families are common tests of joint-spectral-radius software.
A table may be wrong: what counts here is that the exact checker accepts the value.
"""

import math

import pytest

from conservative.certificates import check, expansion_certificate, word_bound

U, L = [[1, 1], [0, 1]], [[1, 0], [1, 1]]
TRIPLE = [
    [[0, 1, 7, 4], [1, 6, -2, -3], [-1, -1, -2, -6], [3, 0, 9, 1]],
    [[-3, 3, 0, -2], [-2, 1, 4, 9], [4, -3, 1, 1], [1, -5, -1, -2]],
    [[1, 4, 5, 10], [0, 5, 1, -4], [0, -1, 4, 6], [-1, 5, 0, 1]],
]
SIGNS = [
    [[0, -1, 1, 1], [1, 0, 0, 0], [0, -1, 0, 0], [1, -1, -1, 0]],
    [[0, -1, 1, 0], [-1, -1, 1, 1], [-1, 0, 0, 0], [-1, -1, 0, -1]],
]
RHOMBUS = [
    [[0, 1, 0, 0, 0], [1, 0, 2, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 2, 1]],
    [[1, 0, 2, 0, 0], [0, 0, 0, 2, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]],
]


@pytest.mark.parametrize(
    ("family", "word", "value"),
    [
        ([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], "1122", math.sqrt(math.sqrt(9 / 8))),
        ([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], "11211221122", 1.0321435344200295),
        ([[["17/10", "-4/5"], [1, 0]], [["4/5", "-4/5"], [1, 0]]], "1122", 1.1276771539493573),
        ([U, L], "12", (1 + math.sqrt(5)) / 2),
        ([[[1, 1], [0, 0]], [[1, 0], [1, 0]]], "12", math.sqrt(2)),
        ([[[0, 1], [0, 0]], L], "12222", 4 ** (1 / 5)),
        ([U, [["13/20", 0], ["13/20", "13/20"]]], "112", 1.34365251096),
        ([[["3/5", 0], ["1/5", "3/5"]], [["3/5", "-3/5"], [0, "-1/5"]]], "1" * 12 + "2", 0.659678908955284),
        ([[[2, 2], [0, 0]], [[1, 1], [1, 1]]], "1", 2.0),
        ([[[-1, -1], [-4, 0]], [[3, 3], [-2, 1]]], "12", 3.917384715148),
        (TRIPLE, "13", 8.914964143716),
        (SIGNS, "2", 1.777919122033),
        (RHOMBUS, "1", 2.0),
    ],
)
def test_the_published_value_is_a_proved_lower_bound(family: list[list[list[object]]], word: str, value: float) -> None:
    letters = tuple(int(letter) - 1 for letter in word)
    bound = word_bound(family, letters)
    assert float(bound) == pytest.approx(value, rel=1e-11)
    assert check(expansion_certificate(family, letters, bound=bound))
