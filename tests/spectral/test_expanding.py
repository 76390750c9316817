"""Shortest expanding products against brute force over all words in exact arithmetic."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.spectral import families

from conservative import ConservativeError, expanding_product
from conservative._core.exact.linear_algebra import flint_product, radius_against_one, to_flint
from conservative._core.families.as_family import as_family
from conservative.spectral import Automaton, ExpansionStatus, shortest_expanding
from conservative.spectral.expanding import shortest_word
from conservative.spectral.expanding.pruned_tree import proved_stable, walk
from conservative.spectral.words.cyclic_words import canonical_word

HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]


def shortest_by_brute_force(family, max_length):
    """All expanding words of the first length that has one, by exact decisions on every word."""
    factors = [to_flint(m) for m in family]
    for length in range(1, max_length + 1):
        words = product(range(len(family)), repeat=length)
        found = {canonical_word(w) for w in words if radius_against_one(flint_product(factors, w)) > 0}
        if found:
            return found
    return set()


def scaled(matrices, factor):
    return [[[Fraction(x) * factor for x in row] for row in m] for m in matrices]


def conjugated(matrices, left, right):
    def times(a, b):
        return [[sum(x * y for x, y in zip(row, col, strict=True)) for col in zip(*b, strict=True)] for row in a]

    return [times(times(left, [[Fraction(x) for x in row] for row in m]), right) for m in matrices]


def test_heavy_ball():
    found = expanding_product(HEAVY_BALL, max_length=8)
    assert found.word == (0, 0, 1, 1)
    assert found.eigenvalue == Fraction(-9, 8)
    assert found.spectral_radius == 1.125
    assert 1.125 in found.radius
    assert found.exact_matrix == ((Fraction(-9, 8), Fraction(81, 128)), (0, Fraction(-9, 32)))
    np.testing.assert_array_equal(found.matrix, [[-1.125, 0.6328125], [0, -0.28125]])
    assert expanding_product(HEAVY_BALL, max_length=3) is None


@given(
    families(max_size=3, max_count=2), st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)])
)
@settings(deadline=None, max_examples=80)
def test_agrees_with_brute_force(family, factor):
    family = scaled(family, factor)
    expected = shortest_by_brute_force(family, 5)
    found = expanding_product(family, max_length=5)
    assert (found is None) == (not expected)
    if found is not None:
        assert found.word in expected
        radii = {w: np.abs(np.linalg.eigvals(np.array(flint_floats(family, w)))).max() for w in expected}
        assert radii[found.word] >= max(radii.values()) * (1 - 1e-6)


def flint_floats(family, word):
    return [
        [float(Fraction(int(x.p), int(x.q))) for x in row]
        for row in flint_product([to_flint(m) for m in family], word).tolist()
    ]


@pytest.mark.parametrize("lyndon", [False, True])
def test_both_walks_meet_every_expanding_class(lyndon):
    family = as_family(scaled([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], Fraction(7, 10)), call="test")
    factors = [to_flint(m) for m in family.exact]
    for length in (3, 5, 7):
        met = set()
        for chunk in walk(family, lyndon=lyndon).level(length):
            met |= {canonical_word(w) for w in chunk.letters.tolist()}
        words = {canonical_word(w) for w in product(range(2), repeat=length)}
        expanding = {w for w in words if len(w) == length and radius_against_one(flint_product(factors, w)) > 0}
        assert expanding
        assert expanding <= met


@given(families(max_size=3, max_count=2), st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_stability_proofs_in_floats_are_true(rows, length):
    family = as_family(scaled(rows, Fraction(1, 4)), call="test")
    factors = [to_flint(m) for m in family.exact]
    for chunk in walk(family, lyndon=True).level(length):
        for letters, stable in zip(chunk.letters.tolist(), proved_stable(chunk), strict=True):
            assert not stable or radius_against_one(flint_product(factors, letters)) < 0


@pytest.mark.parametrize(
    "step", [Fraction(1, 10**12), Fraction(1, 10**40), Fraction(0), -Fraction(1, 10**12), -Fraction(1, 10**40)]
)
def test_radii_within_rounding_of_one_are_decided_exactly(step):
    family = [
        [[0, 2, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 3], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [(1 + step) / 6, 0, 0]],
    ]
    found = expanding_product(family, max_length=4)
    assert (found is not None) == (step > 0)
    if found is not None:
        assert found.word == (0, 1, 2)
        assert found.radius.upper > 1


def test_isometries_in_a_skew_basis_never_expand():
    turns = [[["3/5", "4/5"], ["-4/5", "3/5"]], [["5/13", "12/13"], ["-12/13", "5/13"]]]
    skew = conjugated(turns, [[1, 1], [0, 1]], [[1, -1], [0, 1]])
    assert expanding_product(skew, max_length=13) is None
    grown = scaled(skew, 1 + Fraction(1, 10**30))
    assert expanding_product(grown, max_length=13).word == (0,)


def test_ties_go_to_the_smallest_word():
    swap = [[[0, 2], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [1, 0]]]
    assert expanding_product(swap, max_length=4).word == (0, 1)
    signs = [[[2, 0], [0, 1]], [[-2, 0], [0, 1]]]
    assert expanding_product(signs, max_length=2).word == (0,)


@pytest.mark.parametrize(
    "family",
    [
        [[[0, 0], [0, 0]]],
        [[[0, 1e300], [0, 0]], [[0, 1e-300], [0, 0]]],
        [[[0.5, 1e300], [0, 0.5]], [[0.25, -1e300], [0, 0.5]]],
        [[[1, 1], [0, 1]], [[1, 0], [0, 1]]],
        [[[1, 0], [1, 0]], [[0, 1], [0, -1]]],
        [[[1e-300, 0], [1e-300, 1e-300]]],
    ],
    ids=["zero", "nilpotent", "huge-shear", "shear", "radius-one", "tiny"],
)
def test_degenerate_families_without_expansion(family):
    assert expanding_product(family, max_length=9) is None


def test_extreme_entries_that_expand():
    tiny_and_huge = [[[0, 1e300], [0, 0]], [[0, 0], ["1.5e-300", 0]]]
    assert expanding_product(tiny_and_huge, max_length=3).word == (0, 1)


def test_words_of_length_twenty_are_searched_by_classes():
    shears = [[[1, 1], [0, 1]], [[1, 2], [0, 1]]]
    assert expanding_product(shears, max_length=12) is None


@pytest.mark.parametrize("max_length", [0, -1, 1.5, True, "4", None])
def test_refuses_a_bad_length(max_length):
    with pytest.raises(ConservativeError, match="max_length"):
        expanding_product(HEAVY_BALL, max_length=max_length)


@pytest.mark.parametrize("matrices", [[], [[[1, 2]]], [[[1, float("nan")], [0, 1]]], np.eye(2), [[[1, 2], [3]]], 5])
def test_refuses_what_is_not_a_family(matrices):
    with pytest.raises(ConservativeError, match="expanding_product"):
        expanding_product(matrices, max_length=3)


def test_the_proved_length_is_one_less_than_the_product_found():
    found = shortest_expanding(HEAVY_BALL, max_length=8)
    assert (found.product.word, found.proved_length, found.status) == ((0, 0, 1, 1), 3, ExpansionStatus.FOUND)
    cut = shortest_expanding(HEAVY_BALL, max_length=3)
    assert (cut.product, cut.proved_length, cut.status) == (None, 3, ExpansionStatus.LENGTH_LIMIT)
    assert shortest_expanding([[[2]]], max_length=1).proved_length == 0


@given(families(max_size=3, max_count=2), st.sampled_from([Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)]))
@settings(deadline=None, max_examples=60)
def test_no_word_up_to_the_proved_length_expands(family, factor):
    family = scaled(family, factor)
    found = shortest_expanding(family, max_length=4)
    assert not shortest_by_brute_force(family, min(int(min(found.proved_length, 6)), 6))
    assert (found.product is not None) == (found.status is ExpansionStatus.FOUND)
    if found.product is not None:
        assert len(found.product.word) == found.proved_length + 1


def test_a_family_that_never_expands_is_proved_for_every_length():
    slow = conjugated([[["1/2", 4], [0, "1/2"]], [["1/2", -4], [0, "1/4"]]], [[1, 1], [0, 1]], [[1, -1], [0, 1]])
    found = shortest_expanding(slow, max_length=30)
    assert (found.product, found.proved_length, found.status) == (None, math.inf, ExpansionStatus.NEVER)


def test_time_and_interruption_leave_the_lengths_that_are_proved(monkeypatch):
    shears = [[[1, 1], [0, 1]], [[1, 2], [0, 1]]]
    brief = shortest_expanding(shears, max_length=60, time_limit=0.2)
    assert (brief.product, brief.status) == (None, ExpansionStatus.TIME_LIMIT)
    assert 0 <= brief.proved_length < 60

    def level(tree, length, deadline):
        if length == 5:
            raise KeyboardInterrupt
        return original(tree, length, deadline)

    original = shortest_word._level
    monkeypatch.setattr(shortest_word, "_level", level)
    stopped = shortest_expanding(shears, max_length=60)
    assert (stopped.proved_length, stopped.status) == (4, ExpansionStatus.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        expanding_product(shears, max_length=60)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_refuses_a_time_limit_that_is_negative(seconds):
    with pytest.raises(ConservativeError, match="time_limit"):
        shortest_expanding(HEAVY_BALL, max_length=3, time_limit=seconds)


def test_an_automaton_leaves_out_words():
    free = expanding_product(HEAVY_BALL, max_length=12)
    alternating = Automaton.from_forbidden([(1, 1)], letters=2)
    found = shortest_expanding(HEAVY_BALL, max_length=14, automaton=alternating)
    assert free.word == (0, 0, 1, 1)
    assert found.product is None
    assert found.proved_length >= 14
    full = Automaton.de_bruijn(2, 1)
    assert expanding_product(HEAVY_BALL, max_length=12, automaton=full).word == free.word
    one_word = Automaton(4, [(0, 1, 0), (1, 2, 0), (2, 3, 1), (3, 0, 1)])
    assert expanding_product(HEAVY_BALL, max_length=4, automaton=one_word).word == free.word
