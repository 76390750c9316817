"""Joint spectral radii from the literature, each with its source.

Jungers, The Joint Spectral Radius, 2009; Guglielmi and Protasov, Exact computation of joint spectral characteristics of
linear operators, 2013; Mejstrik, Algorithm 1011: improved invariant polytope algorithm, 2020; Hare, Morris, Sidorov and
Theys, An explicit counterexample to the Lagarias-Wang finiteness conjecture, 2011;
Vaiter's talk, 2023, for the heavy ball.
"""

from fractions import Fraction

import pytest

from conservative import check, joint_spectral_radius
from conservative.spectral import RadiusStatus
from conservative.spectral.words.cyclic_words import canonical_word, word_text

U, L = [[1, 1], [0, 1]], [[1, 0], [1, 1]]
ALPHA = "0.749326546330367557943961948091344672091327370236064317358024"
GOLDEN = (1 + 5**0.5) / 2


def times(matrix, factor):
    return [[f"{x}" if x == 0 else factor for x in row] for row in matrix]


def heavy_ball(alpha, beta, steep):
    a, b = Fraction(alpha), Fraction(beta)
    return [[[1 + b - a * curve, -b], [1, 0]] for curve in (1, Fraction(steep))]


TABLE = {
    "heavy ball": ([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], 1.03214353442003, "11211221122"),
    "heavy ball .1 .8 10": (heavy_ball("0.1", "0.8", 10), 1.1276771539493573, "1122"),
    "heavy ball .25 .25 9": (heavy_ball("0.25", "0.25", 9), (1 + 2**0.5) / 2, "12"),
    "U, L": ([U, L], GOLDEN, "12"),
    "projections": ([[[1, 1], [0, 0]], [[1, 0], [1, 0]]], 2**0.5, "12"),
    "nilpotent and L": ([[[0, 1], [0, 0]], L], 4**0.2, "12222"),
    "U, .9 L": ([U, times(L, "0.9")], 0.9**0.5 * GOLDEN, "12"),
    "U, .65 L": ([U, times(L, "0.65")], 1.34365251096, "112"),
    "1^12 2": ([[["3/5", 0], ["1/5", "3/5"]], [["3/5", "-3/5"], [0, "-1/5"]]], 0.659678908955284, "1" * 12 + "2"),
    "ones": ([[[2, 2], [0, 0]], [[1, 1], [1, 1]]], 2.0, "1"),
    "signed": ([[[1, 0], [1, 0]], [[0, 1], [0, -1]]], 1.0, "1"),
    "integers": ([[[-1, -1], [-4, 0]], [[3, 3], [-2, 1]]], 3.917384715148, "12"),
    "4x4 triple": (
        [
            [[0, 1, 7, 4], [1, 6, -2, -3], [-1, -1, -2, -6], [3, 0, 9, 1]],
            [[-3, 3, 0, -2], [-2, 1, 4, 9], [4, -3, 1, 1], [1, -5, -1, -2]],
            [[1, 4, 5, 10], [0, 5, 1, -4], [0, -1, 4, 6], [-1, 5, 0, 1]],
        ],
        8.914964143716,
        "13",
    ),
    "complex": (
        [
            [[0, -1, 1, 1], [1, 0, 0, 0], [0, -1, 0, 0], [1, -1, -1, 0]],
            [[0, -1, 1, 0], [-1, -1, 1, 1], [-1, 0, 0, 0], [-1, -1, 0, -1]],
        ],
        1.777919122033,
        "2",
    ),
    "Pascal rhombus": (
        [
            [[0, 1, 0, 0, 0], [1, 0, 2, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 2, 1]],
            [[1, 0, 2, 0, 0], [0, 0, 0, 2, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]],
        ],
        2.0,
        "1",
    ),
    "code ++-": (
        [
            [[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]],
            [[1, 0, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]],
        ],
        1.754877666247,
        "1122",
    ),
    "length 119": (
        [[["15/92", "-73/79"], ["56/59", "89/118"]], [["-231/241", "-143/219"], ["103/153", "-38/65"]]],
        1.011793560033504,
        119,
    ),
    "length 41": (
        [[[-1, 1, -1], [-1, -1, 1], [0, 1, 1]], [[-1, 1, -1], [-1, -1, 0], [0, 1, 1]]],
        1.6841852824915513,
        41,
    ),
    "diagonal": ([[[1, 0, 0], [0, "1/2", 0], [0, 0, "1/4"]], [["1/2", 0, 0]] * 3], 1.0, "1"),
}


@pytest.mark.parametrize("name", TABLE)
def test_brackets_hold_the_published_radius(name):
    family, value, word = TABLE[name]
    found = joint_spectral_radius(family)
    assert found.lower <= value * (1 + 1e-11)
    assert found.lower >= value * (1 - 1e-10)
    assert found.upper >= value * (1 - 1e-11)
    assert found.upper <= found.lower * (1 + 1e-9)
    if isinstance(word, int):
        assert len(found.word) == word
    else:
        assert found.word == canonical_word(tuple(int(c) - 1 for c in word)), word_text(found.word)
    claim = found.certificate.claim
    assert claim.upper <= claim.lower * (1 + Fraction(1, 10**9))
    assert check(found.certificate).valid


def test_a_family_without_maximizing_product_gets_an_interval():
    found = joint_spectral_radius([U, times(L, ALPHA)])
    assert found.lower < found.upper < found.lower * (1 + 1e-3)
    assert found.status is not RadiusStatus.EXACT
    assert found.certificate.kind != "exact"
    assert check(found.certificate).valid
