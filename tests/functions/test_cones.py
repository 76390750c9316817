"""Open cones by generators, by linear programs and by the exact simplex method, against each other."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

import conservative as cj
from conservative._core.exact.simplex import strict_solution
from conservative.functions.ties import double_description
from conservative.functions.ties.double_description import ExactCone
from conservative.functions.ties.lp_cones import LinearCone, telling_order

ENTRY = st.fractions(-2, 2, max_denominator=3)


@st.composite
def conditions(draw, largest=4):
    width = draw(st.integers(1, largest))
    rows = draw(st.lists(st.tuples(st.lists(ENTRY, min_size=width, max_size=width), st.integers(0, 5)), max_size=8))
    return width, [(np.array(row, dtype=object), kind == 0) for row, kind in rows]


def narrowed(cone, rows):
    for row, equal in rows:
        cone = cone.narrow(row, equal=equal)
        if cone is None:
            return None
    return cone


def satisfied(direction, rows):
    values = [(sum((a * b for a, b in zip(row, direction, strict=True)), Fraction(0)), equal) for row, equal in rows]
    return all(value == 0 if equal else value > 0 for value, equal in values)


@settings(deadline=None, max_examples=20)
@given(given_conditions=conditions())
def test_three_ways_agree_and_every_direction_is_inside(given_conditions):
    width, rows = given_conditions
    strict, equal = ([row for row, e in rows if e is kind] for kind in (False, True))
    by_rays = narrowed(ExactCone.whole(width), rows)
    by_simplex = strict_solution(strict, equal, width) if strict else (Fraction(0),) * width
    by_programs = LinearCone.of(strict, equal, width=width)
    assert (by_rays is None) == (by_simplex is None) == (by_programs is None)
    if by_rays is not None:
        for direction in (by_rays.interior, by_simplex, by_programs.interior):
            assert satisfied(direction, rows)


@pytest.mark.parametrize("thickness", [Fraction(1, 10**9), Fraction(1, 10**30)])
@pytest.mark.parametrize("width", [2, 3])
def test_thin_cones_are_neither_lost_nor_invented(thickness, width):
    pad = [Fraction(0)] * (width - 2)
    above = np.array([-thickness, Fraction(1), *pad], dtype=object)
    below = np.array([2 * thickness, Fraction(-1), *pad], dtype=object)
    beyond = np.array([Fraction(-3) * thickness, Fraction(1), *pad], dtype=object)
    for make in (ExactCone.whole, lambda n: LinearCone.of((), (), width=n)):
        cone = narrowed(make(width), [(above, False), (below, False)])
        assert cone is not None
        assert satisfied(cone.interior, [(above, False), (below, False)])
        assert cone.narrow(beyond) is None


def test_a_cone_with_too_many_rays_goes_on_by_programs(monkeypatch):
    monkeypatch.setattr(double_description, "MAX_RAYS", 8)
    cone = ExactCone.whole(6)
    rows = [np.array([Fraction(0)] * 5 + [Fraction(1)], dtype=object)]
    for axis in range(5):
        for sign in (1, -1):
            rows.append(np.array([Fraction(sign * int(i == axis)) for i in range(5)] + [Fraction(1)], dtype=object))
    for row in rows:
        cone = cone.narrow(row)
    assert isinstance(cone, LinearCone)
    assert satisfied(cone.interior, [(row, False) for row in rows])
    outside = np.array([Fraction(1)] * 5 + [Fraction(-5)], dtype=object)
    assert cone.narrow(outside) is None
    assert cone.narrow(outside + np.array([Fraction(0)] * 5 + [Fraction(1, 10**12)], dtype=object)) is not None


def test_irrational_rows_are_confirmed_exactly():
    root = sp.sqrt(2)
    cone = ExactCone.whole(2).narrow(np.array([root, Fraction(-1)], dtype=object))
    assert cone is not None
    assert all(isinstance(x, Fraction) for x in cone.interior)
    assert cone.narrow(np.array([-root, Fraction(1)], dtype=object)) is None


@pytest.mark.parametrize("width", [2, 3])
def test_a_maximum_of_many_dependent_forms_takes_those_at_the_corners_of_their_hull(width):
    rng = np.random.default_rng(width)
    rows = [[int(v) for v in row] for row in rng.integers(-9, 10, (40, width))]
    names = [f"x{i}" for i in range(width)]
    forms = ["+".join(f"({c})*{n}" for c, n in zip(row, names, strict=True)) for row in rows]
    J = cj.conservative_jacobian(cj.from_sympy(f"Max({', '.join(forms)})", state=names), [0] * width, kind="conical")
    distinct = np.unique(np.array(rows), axis=0)
    corners = distinct[ConvexHull(distinct).vertices]
    assert J.exactness.name == "EXACT"
    assert {tuple(v) for v in J.vertices[:, 0].tolist()} == {tuple(map(float, c)) for c in corners}


def test_rows_that_contradict_each_other_come_first():
    rows = [np.array([Fraction(v) for v in row], dtype=object) for row in [(1, 0, k) for k in range(1, 30)]]
    order = telling_order((), (), [*rows, np.array([Fraction(v) for v in (-1, 0, -3)], dtype=object)])
    assert sorted(order) == list(range(30))
    assert 29 in list(order)[:2]
