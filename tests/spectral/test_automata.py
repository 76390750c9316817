"""Automata of allowed words, and the lifted family whose radius is the constrained one."""

from itertools import groupby, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.families.as_family import as_family
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import lifted_family
from conservative.spectral.words.products import make_product

U, L = [[1, 1], [0, 1]], [[1, 0], [1, 1]]
HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]


def contains(word, factor):
    return any(word[i : i + len(factor)] == factor for i in range(len(word) - len(factor) + 1))


@st.composite
def forbidden_words(draw):
    letters = draw(st.integers(2, 3))
    word = st.lists(st.integers(0, letters - 1), min_size=1, max_size=3).map(tuple)
    return letters, draw(st.lists(word, min_size=1, max_size=3))


@drawn(6, 60, forbidden_words())
def test_the_automaton_of_forbidden_words_allows_exactly_the_others(drawn):
    letters, banned = drawn
    if {(i,) for i in range(letters)} <= set(banned):
        with pytest.raises(cj.ConservativeError, match="forbids every letter"):
            Automaton.from_forbidden(banned, letters=letters)
        return
    automaton = Automaton.from_forbidden(banned, letters=letters)
    for length in range(1, 6):
        wanted = [w for w in product(range(letters), repeat=length) if not any(contains(w, b) for b in banned)]
        assert list(automaton.words(length)) == wanted
        assert all(automaton.allows(w) == (w in wanted) for w in product(range(letters), repeat=length))


@given(
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=3, max_size=3).filter(lambda t: any(map(any, t)))
)
@settings(deadline=None)
def test_successions_allow_the_listed_pairs(table):
    automaton = Automaton.from_successions(table)
    for i, j in product(range(3), repeat=2):
        assert automaton.allows((i, j)) == (table[i][j] and any(table[j]))


@given(st.integers(1, 3), st.integers(1, 3))
@settings(deadline=None, max_examples=9)
def test_dwell_times_allow_exactly_the_words_without_short_runs_inside(steps, letters):
    automaton = Automaton.dwell_time(steps, letters=letters)
    for word in product(range(letters), repeat=5):
        runs = [len(list(run)) for _, run in groupby(word)]
        assert automaton.allows(word) == all(run >= steps for run in runs[1:-1]), word
    assert Automaton.dwell_time(1, letters=letters).nodes == letters


def test_dwell_time_slows_the_heavy_ball_down():
    fast, slow = (cj.joint_spectral_radius(HEAVY_BALL, automaton=Automaton.dwell_time(k)) for k in (1, 3))
    assert fast.lower > 1.032
    assert slow.upper < 1
    for words in (0, True, 5000, "2"):
        with pytest.raises(cj.ConservativeError, match="steps"):
            Automaton.dwell_time(words)


def test_edges_in_time_order_by_name():
    road = [("cold", "cold", "idle"), ("cold", "cold", "gas"), ("cold", "hot", "brake"), ("hot", "cold", "idle")]
    names = ("idle", "brake", "gas")
    drive = Automaton.from_edges(road, letters=names)
    assert (drive.nodes, drive.letters) == (2, 3)
    after_braking = {(a, b) for a, b in product(range(3), repeat=2) if drive.allows((b, a)) and a == 1}
    assert after_braking == {(1, 0)}  # the product is written with the later step on the left
    backwards = Automaton.from_edges(road, letters=names, order="product")
    assert all(drive.allows(w) == backwards.allows(w[::-1]) for w in product(range(3), repeat=3))
    numbers = [(0, 1, 0), (1, 1, 1), (1, 0, 0)]
    assert Automaton.from_edges(numbers, order="product") == Automaton(2, tuple(numbers))
    assert Automaton.from_edges(numbers, letters=4).letters == 4


@pytest.mark.parametrize(
    ("edges", "options", "message"),
    [
        ([], {}, "at least one"),
        ([("a", "b")], {}, "triples"),
        ([("a", "b", "x")], {}, "names of all letters"),
        ([("a", "b", "x")], {"letters": ("y",)}, "does not name the letter 'x'"),
        ([("a", "b", "x")], {"letters": ("x", "x")}, "twice"),
        ([("a", "b", 1)], {"letters": (1, True)}, "twice"),
        (5, {}, "triples"),
        ([([], "b", 0)], {}, "hashable"),
        ([("a", "b", 0)], {"order": "space"}, "order"),
        ([("a", "b", 0), ("a", "b", 0)], {}, "twice"),
    ],
)
def test_named_edges_that_cannot_be_read(edges, options, message):
    with pytest.raises(cj.ConservativeError, match=message):
        Automaton.from_edges(edges, **options)


@given(st.integers(1, 3), st.integers(0, 2))
def test_the_de_bruijn_automaton_allows_everything(letters, memory):
    automaton = Automaton.de_bruijn(letters, memory)
    assert len(automaton.edges) == letters ** (memory + 1)
    assert all(automaton.closed_path(w * max(1, memory)) for w in product(range(letters), repeat=2))


def test_products_of_edges_are_products_of_letters_or_zero():
    family = as_family(HEAVY_BALL, call="test")
    automaton = Automaton.from_forbidden([(1, 1)], letters=2)
    lifted = lifted_family(family, automaton)
    for edges in product(range(3), repeat=3):
        whole = make_product(lifted, edges)
        follows = all(automaton.edges[a][1] == automaton.edges[b][0] for a, b in pairwise(edges))
        if not follows:
            assert not np.any(whole.matrix)
            with pytest.raises(cj.ConservativeError, match="needs a path"):
                automaton.letter_word(edges)
            continue
        u, v = automaton.edges[edges[0]][0], automaton.edges[edges[-1]][1]
        block = whole.matrix[2 * u : 2 * u + 2, 2 * v : 2 * v + 2]
        assert np.array_equal(block, make_product(family, automaton.letter_word(edges)).matrix)
        assert np.count_nonzero(whole.matrix) == np.count_nonzero(block)


def radius(family, automaton, **options):
    return cj.joint_spectral_radius(lifted_family(as_family(family, call="test"), automaton), **options)


def test_the_full_automaton_gives_the_plain_radius():
    plain = cj.joint_spectral_radius([U, L])
    for memory in (0, 1):
        found = radius([U, L], Automaton.de_bruijn(2, memory))
        assert found.lower <= plain.upper
        assert plain.lower <= found.upper
        assert found.upper - found.lower < 1e-8


def test_one_cycle_gives_the_rate_of_its_word():
    word = (0, 0, 1, 1)
    cycle = Automaton(4, tuple((i, (i + 1) % 4, letter) for i, letter in enumerate(word)))
    found = radius(HEAVY_BALL, cycle)
    exact = 1.125**0.25
    assert found.lower <= exact * (1 + 1e-15)
    assert exact <= found.upper * (1 + 1e-15)
    assert found.upper - found.lower < 1e-8
    assert cycle.letter_word(cycle.closed_path(word)) == word


def test_forbidding_a_letter_drops_its_matrix():
    automaton = Automaton.from_forbidden([(1,)], letters=2)
    assert {letter for _, _, letter in automaton.edges} == {0}
    assert radius(HEAVY_BALL, automaton).upper == pytest.approx(3**0.5 / 2, rel=1e-8)


def test_dwell_time_by_brute_force():
    """At least two letters of a kind in a row: the best cyclic word up to length 12 is found by enumeration."""
    family = as_family([U, L], call="test")
    dwell = Automaton.from_forbidden([(0, 1, 0), (1, 0, 1)], letters=2)
    best = max(
        make_product(family, w).spectral_radius ** (1 / length)
        for length in range(1, 11)
        for w in product(range(2), repeat=length)
        if dwell.closed_path(w * 2)
    )
    found = radius([U, L], dwell)
    assert best == pytest.approx((3 + 8**0.5) ** 0.25, rel=1e-12)  # UULL has trace 6
    assert found.lower <= best * (1 + 1e-12)
    assert best <= found.upper * (1 + 1e-12)
    assert found.upper - found.lower < 1e-6


def test_only_closed_paths_matter():
    automaton = Automaton(3, ((0, 0, 0), (0, 1, 1), (1, 2, 1)))
    assert automaton.essential() == Automaton(1, ((0, 0, 0),), 2)
    assert Automaton(2, ((0, 1, 0),)).essential() is None
    assert radius([U, L], automaton).upper == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Automaton(0, ((0, 0, 0),)), "nodes"),
        (lambda: Automaton(2, ((0, 2, 0),)), "got the edge"),
        (lambda: Automaton(2, ((0, 1, 0), (0, 1, 0))), "twice"),
        (lambda: Automaton(2, ((0, 1),)), "triples"),
        (lambda: Automaton(2, ()), "triples"),
        (lambda: Automaton(2, ((0, 1, "a"),)), "triples of integers"),
        (lambda: Automaton(2, ((0, 1, 3),), 2), "letters from 0 to 1"),
        (lambda: Automaton.from_successions([[1, 0]]), "shape"),
        (lambda: Automaton.from_successions([[0, 0], [0, 0]]), "allows nothing"),
        (lambda: Automaton.from_successions([[2, 0], [0, 0]]), "True or False"),
        (lambda: Automaton.from_forbidden([(2,)], letters=2), "0 to 1"),
        (lambda: Automaton.from_forbidden([()], letters=2), "at least one letter"),
        (lambda: Automaton.de_bruijn(3, 16), "less memory"),
        (lambda: lifted_family(as_family([U], call="test"), Automaton.de_bruijn(2, 0)), "family has 1 matrices"),
        (lambda: cj.spectral.path_complete_bound([U, L], automaton="golden"), "needs an `Automaton`"),
    ],
)
def test_bad_automata_are_refused(build, message):
    with pytest.raises(cj.ConservativeError, match=message):
        build()
