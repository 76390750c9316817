from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.exact.hull_membership import _confirmed, hull_contains

ENTRY = st.fractions(-5, 5, max_denominator=7)
ROW = st.tuples(ENTRY, ENTRY, ENTRY)


def stack(rows):
    return np.array(rows, dtype=object).reshape(len(rows), 1, -1)


@drawn(25, 300, rows=st.lists(ROW, min_size=1, max_size=6), weights=st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_combinations_are_inside_and_points_beyond_a_plane_are_not(rows, weights):
    weights = weights[: len(rows)]
    total = sum(weights) or 1
    share = [Fraction(w, total) for w in weights] if sum(weights) else [Fraction(1)] + [Fraction(0)] * (len(rows) - 1)
    inside = tuple(sum((s * r[i] for s, r in zip(share, rows, strict=True)), Fraction(0)) for i in range(3))
    assert hull_contains(stack(rows), stack([inside]), exact=True)
    top = max(r[0] for r in rows)
    beyond = (top + Fraction(1, 10**12), inside[1], inside[2])
    assert not hull_contains(stack(rows), stack([inside, beyond]), exact=True)


def test_nothing_is_in_an_empty_hull():
    assert not hull_contains(np.zeros((0, 1, 2)), np.zeros((1, 1, 2)), exact=False)


def test_points_within_the_slack_of_a_face_are_inside_and_points_farther_away_are_not():
    triangle = stack([(Fraction(0), Fraction(0), Fraction(0)), (3, 0, 0), (0, 3, 0)]) + Fraction(0)
    slack = Fraction(1, 2**200)
    near = stack([(Fraction(1), Fraction(1), slack)])
    assert hull_contains(triangle, near, exact=True, slack=slack)
    assert not hull_contains(triangle, near, exact=True, slack=slack / 2)
    assert not hull_contains(triangle, near, exact=True)


def test_a_support_with_a_vertex_too_many_is_solved_by_some_of_it():
    square = list(stack([(Fraction(x), Fraction(y)) for x in (0, 1) for y in (0, 1)]).reshape(4, 2))
    middle = np.array([Fraction(1, 2)] * 2)
    for slack in (Fraction(0), Fraction(1, 2**100)):
        assert _confirmed(square, middle, slack)
        assert not _confirmed(square, middle + Fraction(1), slack)
