"""floor, ceiling, frac and Mod: read, and continuous only where their jumps cancel in the whole."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import DiscontinuityError
from conservative.functions.graph.interval_hessians import _CURVED

x = sp.Symbol("x", real=True)
WAVE = "Abs(Mod(x, 2) - 1)"
BUMP = "frac(x)*(1 - frac(x))"


def slopes(F, at, kind="program"):
    J = cj.conservative_jacobian(F, [at], kind=kind)
    return {round(float(v), 9) for v in J.vertices.ravel()}, J.exactness.name


TABLE = [
    (WAVE, 0, {-1, 1}), (WAVE, 1, {-1, 1}), (WAVE, -4, {-1, 1}), (WAVE, Fraction(1, 2), {-1}), (WAVE, 2.0, {-1, 1}),
    (WAVE, 7.3, {1}), (WAVE, 0.5, {-1}), (WAVE, Fraction(10**30), {-1, 1}),
    ("Abs(x % 2 - 1)", 0, {-1, 1}), ("Abs(Mod(x, -2) + 1)", 0, {-1, 1}), ("Abs(mod(x, 2) - 1)", 3, {-1, 1}),
    ("Abs(Mod(10*x, 2) - 1)", 3 * 0.1, {-10, 10}), ("Abs(Mod(10*x, 2) - 1)", 0.6000000000000001, {-10, 10}),
    (BUMP, 0, {-1, 1}), (BUMP, 3.0, {-1, 1}), (BUMP, Fraction(1, 2), {0}), (BUMP, 0.5, {0}),
    ("Min(frac(x), 1 - frac(x))", Fraction(1, 2), {-1, 1}), ("Min(frac(x), 1 - frac(x))", -2, {-1, 1}),
    ("x*floor(x)", 0, {-1, 0}), ("x*ceil(x)", 0, {0, 1}), ("(x - 1)*ceiling(x)", 1, {1, 2}),
    ("floor(x/3)*x*(x - 3)", 3.0, {0, 3}), ("sin(pi*floor(x))**2 + x", Fraction(1, 2), {1}),
    ("frac(x) + floor(x)", 5, {1}), ("ceiling(x) + floor(-x) + 2*x", 0, {2}),
    ("(frac(x)*(1 - frac(x)))**2", 1, {0}), ("Max(x*floor(x), 0)", 0, {-1, 0}),
    ("Abs(Mod(x**2, 2) - 1)", 2, {-4, 4}), ("Abs(Mod(exp(x) - 1, 2) - 1)", 0, {-1, 1}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "wanted"), TABLE)
def test_known_slopes(text, at, wanted):
    F = cj.from_sympy(text, state="x")
    for kind in ("conical", "program", "selection"):
        assert slopes(F, at, kind) == (wanted, "EXACT")
    if isinstance(at, float):
        J = cj.jacobians.conservative_jacobians(F, [[at]])
        assert {round(float(v), 9) for v in J.vertices.ravel()} == wanted


@pytest.mark.parametrize(
    "expression",
    [sp.Abs(sp.Mod(x, 2) - 1), sp.frac(x) * (1 - sp.frac(x)), x * sp.floor(x), sp.Abs(sp.ceiling(x / 3) - x / 3 - 0.5)],
)
def test_sympy_is_read_alike_and_shown_as_it_was_written(expression):
    F = cj.from_sympy(expression, state=[x])
    points = np.append(np.linspace(-7, 7, 57), np.random.default_rng(1).uniform(-50, 50, 40))[:, None]
    wanted = [float(expression.subs(x, Fraction(p))) for p in points[:, 0]]
    np.testing.assert_allclose(F.evaluate(points)[:, 0], wanted, atol=1e-12)
    for again in (
        cj.from_sympy(F.expressions, state=F.state),
        cj.from_sympy([str(e) for e in F.expressions], state="x"),
        pickle.loads(pickle.dumps(F)),
    ):
        np.testing.assert_array_equal(again.evaluate(points), F.evaluate(points))
        assert slopes(again, 0) == slopes(F, 0)
    assert "nearest" not in str(F.expressions)


@pytest.mark.parametrize("text", ["Mod(x, 2)", "floor(x)", "ceiling(x)", "frac(x)", "x % 3 + Abs(x)", "floor(2*x)/2"])
def test_a_jump_that_stays_is_refused_when_the_function_is_built(text):
    with pytest.raises(DiscontinuityError, match="disagree"):
        cj.from_sympy(text, state="x")


@pytest.mark.parametrize(("at", "kept"), [(2, True), (3, True), (4, False), (4.0, False), (6, False), (5, True)])
def test_a_jump_at_some_integers_is_refused_there(at, kept):
    F = cj.from_sympy("Mod(x, 2)*Max(x - 3, 0)", state="x")
    if kept:
        assert slopes(F, at)[0] == {max(at - 3, 0) + at % 2 * (at > 3)} if at != 3 else slopes(F, at)[0] == {0, 1}
        return
    with pytest.raises(DiscontinuityError, match="disagree"):
        cj.conservative_jacobian(F, [at])
    with pytest.raises(DiscontinuityError, match="disagree"):
        cj.jacobians.conservative_jacobians(F, [[float(at)]])


def test_constants_are_folded_and_the_names_stay_free():
    text = "floor(7/2) + Mod(-7, 3) + ceil(1/2) + frac(5/4) + x"
    assert cj.from_sympy(text, state="x").evaluate([0.0])[0] == 3 + 2 + 1 + 0.25
    assert cj.from_sympy("floor*Mod + frac", state="floor Mod frac").evaluate([2.0, 3.0, 4.0])[0] == 10.0


def test_products_of_waves_in_two_variables():
    F = cj.from_sympy("Abs(Mod(x/3, 2) - 1) + Abs(Mod(y, 2) - 1)", state="x y")
    third = round(1 / 3, 9)
    found = {tuple(np.round(v, 9).tolist()) for v in cj.conservative_jacobian(F, [0, 0]).vertices[:, 0]}
    assert found == {(a, b) for a in (-third, third) for b in (-1.0, 1.0)}


@drawn(
    6,
    25,
    slope=st.fractions(-3, 3, max_denominator=4).filter(bool),
    shift=st.fractions(-2, 2, max_denominator=4),
    at=st.fractions(-9, 9, max_denominator=4),
    period=st.sampled_from([1, 2, 3, Fraction(1, 2), -2]),
)
def test_triangle_waves_have_the_slopes_beside_the_point(slope, shift, at, period):
    F = cj.from_sympy(f"Abs(Mod(({slope})*x + ({shift}), {period}) - ({period})/2)", state="x")
    inside = 2 * (slope * at + shift) / period
    wanted = {slope, -slope} if inside.denominator == 1 else {slope if inside % 2 > 1 else -slope}
    wanted = wanted if period > 0 or len(wanted) == 2 else {-w for w in wanted}
    for point in (at, float(at)):
        assert slopes(F, point) == ({round(float(w), 9) for w in wanted}, "EXACT")


def test_boxes_that_reach_half_way_hold_both_integers():
    nearest = _CURVED["nearest"]
    assert [int(nearest(arb(v, 0.2))[0].unique_fmpz()) for v in (0.2, 0.8, -1.1)] == [0, 1, -1]
    wide = nearest(arb(0.5, 0.2))
    assert all(wide[0].contains(n) for n in (0, 1))
    assert wide[1:] == (0, 0)
