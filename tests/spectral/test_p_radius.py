"""p-radii against closed forms, the tree of words, and each other."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.spectral import families, product
from strategies.stages import drawn

from conservative import ConservativeError, joint_spectral_radius
from conservative._core.families.as_family import as_family
from conservative.spectral import Automaton, p_radius
from conservative.spectral.growth.cones import entrywise_bounds, semidefinite_bounds
from conservative.spectral.growth.mean_lift import mean_lift, path_lift
from conservative.spectral.words.spectral_radius import radius_of

UL = [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]
GOLDEN = (1 + 5**0.5) / 2


def near(a, b, relative=1e-9):
    return abs(a - b) <= relative * max(abs(a), abs(b))


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5])
def test_the_mean_of_entries_to_a_power_grows_like_the_p_radius(p):
    """(U^T .. 1)^p over random words, exactly from the tree of words."""
    means = []
    for length in (9, 10):
        vectors = np.array([[1.0, 1.0]])
        for _ in range(length):
            vectors = np.concatenate([vectors @ np.array(m, dtype=float) for m in UL])
        means.append((vectors.sum(axis=1) ** p).mean())
    found = p_radius(UL, p=p)
    assert near(found.lower, found.upper, 1e-14)
    assert near((means[1] / means[0]) ** (1 / p), found.lower, 1e-3)


def test_p_radii_in_closed_form():
    orthogonal = [[[1, 1], [1, 1]], [[2, -2], [-2, 2]]]
    assert near(p_radius(orthogonal).upper, math.sqrt(4**2 / 2))
    assert near(p_radius([[[3]], [[-4]]], p=1).upper, 3.5)
    assert near(p_radius([[[0, -1], [1, 0]]], p=4).lower, 1.0)
    assert p_radius([[[0, 1], [0, 0]], [[0, 3], [0, 0]]]).bracket.upper == 0.0
    assert p_radius(np.array(UL) * 1.7e308).joint_spectral_radius.upper == math.inf
    assert near(p_radius(np.array(UL) * 1e300, p=4).upper / 1e300, p_radius(UL, p=4).upper)


def test_p_radii_increase_to_the_joint_spectral_radius():
    found = [p_radius(UL, p=p) for p in (1, 2, 4, 8, 16, 28)]
    assert all(a.upper < b.lower for a, b in itertools.pairwise(found))
    assert all(f.joint_spectral_radius.lower <= GOLDEN <= f.joint_spectral_radius.upper for f in found)
    assert found[-1].joint_spectral_radius.upper < 1.63


@drawn(10, 50, families(max_size=3, max_count=3), st.sampled_from([2, 4]))
def test_the_joint_radius_lies_between_its_p_radius_bounds(rows, p):
    bounds = p_radius(rows, p=p).joint_spectral_radius
    found = joint_spectral_radius(rows, tol=0.05)
    assert bounds.lower <= found.upper * (1 + 1e-12)
    assert found.lower <= bounds.upper * (1 + 1e-12)


@given(families(max_size=3, max_count=2), st.sampled_from([2, 4]))
@settings(deadline=None, max_examples=25)
def test_semidefinite_bounds_enclose_the_exact_radius(rows, p):
    family = as_family(rows, call="test")
    lower, upper = semidefinite_bounds(family, p)
    exact = radius_of(mean_lift(family, p))[0]
    assert lower <= Fraction(exact.upper)
    assert upper >= Fraction(exact.lower)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3]))
@settings(deadline=None, max_examples=20)
def test_entrywise_bounds_enclose_the_exact_radius_tightly(seed, p):
    rows = np.random.default_rng(seed).integers(0, 5, size=(2, 3, 3)).tolist()
    family = as_family(rows, call="test")
    lower, upper = entrywise_bounds(mean_lift(family, p))
    exact = radius_of(mean_lift(family, p))[0]
    assert lower <= Fraction(exact.upper)
    assert upper >= Fraction(exact.lower)


def test_cones_are_tight_for_irreducible_families_beyond_the_exact_size():
    signed = p_radius(np.random.default_rng(1).normal(size=(2, 9, 9)))
    assert signed.upper <= signed.lower * (1 + 1e-9)
    positive = p_radius(np.random.default_rng(1).random((2, 6, 6)), p=3)
    assert positive.upper <= positive.lower * (1 + 1e-9)


NEVER_TWICE = Automaton(2, [(0, 0, 0), (0, 1, 1), (1, 0, 0)])  # no two letters 1 in a row


@pytest.mark.parametrize("p", [1, 2, 3])
def test_constrained_p_radii_of_numbers_in_closed_form(p):
    """Sums over paths grow like the radius of [[a, b], [a, 0]], a = 2^p, b = 3^p, and their number like golden^t."""
    a, b = 2**p, 3**p
    wanted = ((a + math.sqrt(a * a + 4 * a * b)) / 2 / GOLDEN) ** (1 / p)
    found = p_radius([[[2]], [[3]]], p=p, automaton=NEVER_TWICE)
    assert found.lower <= wanted * (1 + 1e-14)
    assert wanted * (1 - 1e-14) <= found.upper <= found.lower * (1 + 1e-13)
    assert found.joint_spectral_radius.lower <= math.sqrt(6) <= found.joint_spectral_radius.upper


def test_an_automaton_that_allows_everything_changes_nothing():
    for p, rows in ((1, UL), (2, UL), (2, [[[1, -1], [0, 2]], [[0, 1], [3, 1]]])):
        free, all_words = p_radius(rows, p=p), p_radius(rows, p=p, automaton=Automaton.de_bruijn(2, 1))
        assert (free.lower, free.upper, free.words) == (all_words.lower, all_words.upper, all_words.words)
    never = p_radius(UL, automaton=Automaton(2, [(0, 1, 0)]))
    assert (never.upper, never.joint_spectral_radius.upper) == (0.0, 0.0)
    alternating = p_radius(UL, automaton=Automaton(2, [(0, 1, 0), (1, 0, 1)]))  # one word: its rate, whatever p
    assert near(alternating.lower, GOLDEN, 1e-14)
    assert alternating.words == 1.0


@drawn(4, 10, st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
def test_constrained_p_radii_against_all_paths(seed, p):
    rows = np.random.default_rng(seed).integers(1, 5, size=(2, 2, 2))
    sums = []
    for length in (11, 12):
        ends = {node: np.array([[1.0, 1.0]]) for node in (0, 1)}
        for _ in range(length):
            ends = {v: np.concatenate([ends[u] @ rows[i] for u, w, i in NEVER_TWICE.edges if w == v]) for v in (0, 1)}
        vectors = np.concatenate([*ends.values()])
        sums.append((vectors.sum(axis=1) ** p).mean())
    found = p_radius(rows, p=p, automaton=NEVER_TWICE)
    assert near((sums[1] / sums[0]) ** (1 / p), found.lower, 2e-2)
    assert found.lower <= joint_spectral_radius(rows, automaton=NEVER_TWICE).upper


def test_constrained_cones_agree_with_the_exact_polynomial_beyond_its_size():
    rng = np.random.default_rng(3)
    for rows, p in ((rng.random((2, 4, 4)), 3), (rng.normal(size=(2, 9, 9)), 2)):
        found = p_radius(rows, p=p, automaton=NEVER_TWICE)
        total = path_lift(as_family(rows, call="test"), NEVER_TWICE.edges, 2, p)
        wanted = (np.abs(np.linalg.eigvals(np.array(total.tolist(), dtype=float))).max() / GOLDEN) ** (1 / p)
        assert near(found.lower, wanted, 1e-8)
        assert near(found.upper, wanted, 1e-8)


def test_p_radius_refuses_what_it_cannot_bound():
    signed = [[[1, -1], [0, 1]]]
    for p in (0, 1, 3, True, 2.0):
        with pytest.raises(ConservativeError, match="p_radius"):
            p_radius(signed, p=p)
    with pytest.raises(ConservativeError, match="too large"):
        p_radius(np.random.default_rng(0).normal(size=(2, 30, 30)), p=6)


def test_lifts_multiply_like_the_matrices():
    a, b = [[1, 2], [-1, 3]], [["1/2", 0], [4, 1]]
    lifts = [mean_lift(as_family([m], call="test"), 3) for m in (a, b)]
    whole = product([[Fraction(x) for x in row] for row in a], [[Fraction(x) for x in row] for row in b])
    assert lifts[0] * lifts[1] == mean_lift(as_family([whole], call="test"), 3)
