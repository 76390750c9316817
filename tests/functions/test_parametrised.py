"""Families with parameters: exact and float values agree, and what cannot be read is refused by name."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative import ConservativeError, from_sympy
from conservative.functions.parametrised import parametrised_family

a, b, k = sp.symbols("alpha beta kappa", positive=True)
x, y, theta = sp.symbols("x y theta", real=True)
BOX = {a: (0, 2), b: (0, 1), k: (1, 10)}


def heavy_ball(curvature):
    return sp.Matrix([[1 + b - a * curvature, -b], [1, 0]])


def update():
    gradient = sp.Piecewise((x, x >= 0), (k * x, True))
    return from_sympy([x - a * gradient + b * (x - y) + theta, x], state=[x, y], parameters=[theta, a, b, k])


@drawn(20, 100, st.tuples(*[st.fractions(min_value=0, max_value=1, max_denominator=50)] * 3))
def test_doubles_and_rationals_agree(values):
    family = parametrised_family([heavy_ball(1), heavy_ball(k)], ranges=BOX, call="test")
    exact = family.at(values)
    alpha, beta, kappa = values
    assert exact.exact[1] == ((1 + beta - alpha * kappa, -beta), (1, 0))
    floats = family.evaluate(np.array([[float(v) for v in values]]))[0]
    np.testing.assert_allclose(floats, exact.floats, rtol=1e-14, atol=1e-15)


def test_a_function_gives_the_jacobians_of_its_pieces():
    family = parametrised_family(update(), ranges=BOX, at={x: 0, y: 0, theta: 0}, call="test")
    listed = parametrised_family([heavy_ball(1), heavy_ball(k)], ranges=BOX, call="test")
    point = (Fraction(1), Fraction(3, 4), Fraction(1, 4))
    assert family.function is not None
    assert family.at(point).exact == listed.at(point).exact


def test_text_is_kept_and_read_by_the_whitelist():
    family = parametrised_family([[["Max(a, 1/2)", 0.25], [0, "a"]]], ranges={"a": (0, 1)}, call="test")
    assert family.at([Fraction(1, 3)]).exact == (((Fraction(1, 2), Fraction(1, 4)), (0, Fraction(1, 3))),)


def test_irrational_entries_have_no_exact_matrix():
    family = parametrised_family([[[sp.sqrt(a)]]], ranges={a: (0, 4)}, call="test")
    assert family.at([Fraction(1, 4)]).exact == (((Fraction(1, 2),),),)
    with pytest.raises(ConservativeError, match="alpha = 1/3 an entry is not a rational"):
        family.at([Fraction(1, 3)])


@pytest.mark.parametrize(
    ("source", "ranges", "at", "message"),
    [
        ([heavy_ball(1)], {a: (0, 2)}, None, "no range for beta"),
        ([heavy_ball(1)], {**BOX}, None, "names kappa, on which no entry depends"),
        ([heavy_ball(1)], {a: (0, 2), b: (1, 0)}, None, "range of beta is empty, 1 > 0"),
        ([heavy_ball(1)], {a: (0, sp.sqrt(2)), b: (0, 1)}, None, "irrational"),
        ([heavy_ball(1)], {a: (0, float("inf")), b: (0, 1)}, None, "finite"),
        ([heavy_ball(1)], {a: (0, 1, 2), b: (0, 1)}, None, "needs \\(lower, upper\\)"),
        ([heavy_ball(1)], {a: 1, b: 1}, None, "at least one parameter"),
        ([heavy_ball(1)], {}, None, "at least one parameter"),
        ([heavy_ball(1)], [a], None, "needs a mapping"),
        ([heavy_ball(1)], {3: (0, 1)}, None, "symbols or names as keys"),
        ([[["a", 1], [0, "c"]]], {"a": (0, 1)}, None, "unknown symbol c"),
        ([[["a", 1]]], {"a": (0, 1)}, None, "square matrices of one order"),
        ([], {"a": (0, 1)}, None, "square matrices"),
        ([heavy_ball(1), sp.Matrix([[a]])], {a: (0, 1), b: (0, 1)}, None, "of one order"),
        (heavy_ball(1), {a: (0, 1), b: (0, 1)}, None, "For one matrix A"),
        ([heavy_ball(1)], {a: (0, 1), b: (0, 1)}, {x: 0}, "Leave `at` out"),
        (update(), BOX, {x: 0}, "no value for y, theta"),
        (update(), BOX, {x: 0, y: 0, theta: 1}, "give a fixed point"),
        (update(), {**BOX, "gamma": (0, 1)}, {x: 0, y: 0, theta: 0}, "'gamma' is not among"),
    ],
)
def test_refusals_say_what_was_wanted(source, ranges, at, message):
    with pytest.raises(ConservativeError, match=message):
        parametrised_family(source, ranges=ranges, at=at, call="test")


def test_pieces_that_change_inside_the_ranges_are_refused():
    F = from_sympy(sp.Max(a * x / 4, x / 8 + sp.Min(a - 1, 0)), state=[x], parameters=[a])
    with pytest.raises(ConservativeError, match="other pieces are active"):
        parametrised_family(F, ranges={a: (0, 2)}, at={x: 0}, call="test")


def test_a_family_that_was_read_keeps_its_ranges():
    family = parametrised_family([heavy_ball(1)], ranges={a: (0, 1), b: (0, 1)}, call="test")
    assert parametrised_family(family, ranges=None, call="test") is family
    with pytest.raises(ConservativeError, match="has its ranges already"):
        parametrised_family(family, ranges={a: (0, 1)}, call="test")
    assert family.within({"beta": (0, 2), "alpha": (1, 1)}).ranges == ((1, 1), (0, 2))
    with pytest.raises(ConservativeError, match="needs a mapping"):
        parametrised_family([heavy_ball(1)], ranges=None, call="test")
