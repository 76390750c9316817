"""Functions that are not continuous selections where somebody looks, each refused in words that say why."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from conservative._core.errors import DiscontinuityError, FunctionError
from conservative._core.exactness import Exactness
from conservative.functions import from_sympy
from conservative.jacobians import conservative_jacobian

THIRD = Fraction(1, 3)


def found(text, at, state="x"):
    return conservative_jacobian(from_sympy(text, state=list(state)), at)


def vertices(text, at, state="x"):
    return {tuple(v) for v in found(text, at, state).vertices[:, 0].tolist()}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Piecewise((5, Eq(x, y)), (x, True))", "x meets y"),
        ("Piecewise((x, x*y > 1), (2*x, True))", r"x\*y meets 1"),
        (
            "Piecewise((1, x > y), (0, True))",
            r"from_sympy.*where x meets y: component 0 is 0 at the point and 1 beside it",
        ),
        ("Piecewise((x, x > 0), (x + 1, x > -1), (x, True))", "x meets 0"),
        ("Piecewise((x, x >= 0), (1 - x, x <= 0))", "x meets 0"),
        ("Piecewise((x, x > -1), (2*x, x < 1))", "x meets -1"),
        ("sign(x)", "x meets 0"),
        ("sign(x)*Abs(x - 1)", "x meets 0"),
        ("Piecewise((x, And(x > 0, y > 0)), (y, True))", "meets 0"),
    ],
    ids=[
        "a value at one line",
        "product",
        "jump",
        "overlap",
        "overlap in a point",
        "overlap in an interval",
        "sign",
        "sign of a product",
        "quadrant",
    ],
)
def test_jumps_are_found_when_a_function_is_built(text, words):
    with pytest.raises(DiscontinuityError, match=words):
        from_sympy(text, state=["x", "y"])


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Piecewise((1, x**3 > y**3 + x), (0, True))", [0, 0]),
        ("Piecewise((x + 1, exp(x) + x**3 > 1), (2*x, True))", [0, 0]),
        ("sign(x)*Max(Abs(x) - y, 0)", [0, -1]),
        ("Piecewise((x, x**2*y**2 > 1), (2*x, True))", [1, 1]),
        ("Piecewise((0, x**2 + y**2 < 1), (x, True))", [1, 0]),
        ("Piecewise((5, Eq(x**2, y**2)), (x, True))", [1, 1]),
    ],
)
def test_jumps_at_a_point_are_refused_there(text, at, convert):
    F = from_sympy(text, state=["x", "y"])
    with pytest.raises(DiscontinuityError, match=r"`conservative_jacobian\(at=...\)`, at x = .* meets .* beside it"):
        conservative_jacobian(F, [convert(v) for v in at])


@pytest.mark.parametrize("convert", [Fraction, float])
def test_continuity_is_judged_on_the_whole(convert):
    soft = "sign(x)*Max(Abs(x) - l, 0)"
    for at, wanted in [
        ([0, 1], {(0, 0)}),
        ([1, 1], {(0, 0), (1, -1)}),
        ([-1, 1], {(0, 0), (1, 1)}),
        ([2, 1], {(1, -1)}),
        ([0, THIRD], {(0, 0)}),
        ([THIRD, THIRD], {(0, 0), (1, -1)}),
    ]:
        point = [convert(v) for v in at]
        assert vertices(soft, point, "xl") == wanted
        assert found(soft, point, "xl").exactness is Exactness.EXACT
    # for l < 0 there is a jump at x = 0, and so arbitrarily near (0, 0)
    with pytest.raises(DiscontinuityError, match="beside the point, where x meets 0: along x = 0, l = -t"):
        found(soft, [convert(0), convert(0)], "xl")
    # written for both signs of l, the sign and the maximum turn together
    whole = from_sympy("sign(x)*Max(Abs(x) - Max(l, 0), 0)", state=["x", "l"])
    cells = conservative_jacobian(whole, [convert(0), convert(0)], kind="conical")
    assert {tuple(v) for v in cells.vertices[:, 0].tolist()} >= {(1, -1), (1, 1), (1, 0)}


@pytest.mark.parametrize("at", [0, -1, Fraction(-1, 2), -0.5, 0.0])
def test_holes(at):
    with pytest.raises(FunctionError, match=r"no guard of a Piecewise holds; add a default"):
        found("Piecewise((x, x > 0), (2*x, x < -1))", [at])
    assert np.isnan(from_sympy("Piecewise((x, x > 0), (2*x, x < -1))", state="x").evaluate([-0.5])).all()


def test_a_hole_elsewhere_does_no_harm():
    assert vertices("Piecewise((x, x > 0), (2*x, x < -1))", [1]) == {(1,)}
    # a hole that only touches the point is beside it
    with pytest.raises(FunctionError, match="x meets 0, has no value there: no guard"):
        found("Piecewise((x, x >= 0), (2*x, x < -1))", [0])


def test_overlapping_guards_that_agree_or_never_matter():
    assert vertices("Piecewise((x, x >= 0), (-x, x <= 0))", [0]) == {(1,), (-1,)}
    # the first guard that holds wins, here and in sympy, NumPy's select and Python
    assert vertices("Piecewise((x, x > -1), (5, x > 0), (x, True))", [1]) == {(1,)}
    assert from_sympy("Piecewise((x, x > -1), (5, x > 0), (x, True))", state="x").evaluate([3.0]).tolist() == [3.0]


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("sqrt(x)", -1, "complex: the square root of the negative number -1"),
        ("x**(1/3)", -8, r"complex: the power 1/3 of the negative number -8"),
        ("(x - 1)**(-1/2)", 0, "complex"),
        ("log(x)", -1, "log needs an argument that is positive; it is -1"),
        ("asin(x)", 2, "asin needs an argument that is"),
        ("x**x", -1, "positive"),
        ("1/x", 0, "division by zero"),
        ("x/x", 0, "division by zero"),
        ("Piecewise((x, 1/x > 0), (0, True))", 0, "division by zero"),
        ("Piecewise((sin(1/x)*x, Ne(x, 0)), (0, True))", 0, "x meets 0, has no value there: division by zero"),
        ("Max(1/(x - Abs(x)), 0)", 0, "division by zero"),
        ("sqrt(x)", 0, "no finite selection of smooth pieces exists there"),
        ("asin(x)", 1, "asin has no finite"),
        ("acosh(1 + x**2)", 0, "acosh has no finite"),
    ],
)
def test_values_that_do_not_exist(text, at, words, convert):
    with pytest.raises(FunctionError, match=rf"`conservative_jacobian\(at=...\)`, at x = .*{words}"):
        found(text, [convert(at)])


def test_complex_numbers_are_refused_when_a_function_is_built():
    x = sp.Symbol("x")
    with pytest.raises(FunctionError, match=r"ImaginaryUnit.*Only real functions"):
        from_sympy(x + sp.I, state=[x])
    with pytest.raises(FunctionError, match="unknown symbol I"):
        from_sympy("x + I", state="x")
    with pytest.raises(FunctionError, match="ComplexInfinity"):
        from_sympy(x + sp.zoo, state=[x])


def test_a_complex_branch_that_is_not_taken_does_no_harm():
    text = "Piecewise((sqrt(x), x > 1), ((x + 1)/2, True))"
    assert vertices(text, [-4]) == {(0.5,)}
    assert vertices(text, [1]) == {(0.5,)}
    assert vertices(text, [4]) == {(0.25,)}


@pytest.mark.parametrize(
    ("text", "state", "at", "wanted"),
    [
        ("Piecewise((x, exp(x) > 1), (2*x, True))", "x", [0], {(1,), (2,)}),
        ("Piecewise((x, exp(x) > 1), (2*x, True))", "x", [THIRD], {(1,)}),
        ("Piecewise((x, exp(x) > 1), (2*x, True))", "x", [0.0], {(1,), (2,)}),
        ("Piecewise((sin(x), sin(x) > 0), (0, True))", "x", [sp.pi], {(-1,), (0,)}),
        ("Piecewise((x, x**y > z), (x + (x**y - z)**2, True))", "xyz", [2, sp.log(3) / sp.log(2), 3], {(1, 0, 0)}),
        ("Piecewise((x, exp(exp(x)) > y), (2*x - 1, True))", "xy", [1, sp.exp(sp.E)], {(1, 0), (2, 0)}),
        ("Max(exp(x) - y, 0)", "xy", [1, sp.E + sp.Rational(1, 10**80)], {(0, 0)}),
    ],
)
def test_guards_that_are_not_semialgebraic_are_decided_where_they_can_be(text, state, at, wanted):
    assert vertices(text, at, state) == wanted


@pytest.mark.parametrize(
    ("text", "state", "at", "named"),
    [
        ("Piecewise((x, atan(x) + atan(y) > z), (x, True))", "xyz", [sp.Rational(1, 2), THIRD, sp.pi / 4], "atan"),
        ("Piecewise((x, asin(x) > y), (x, True))", "xy", [sp.Rational(3, 5), 2 * sp.atan(sp.Rational(1, 3))], "asin"),
    ],
)
def test_guards_that_cannot_be_decided_are_refused_by_name(text, state, at, named):
    F = from_sympy(text, state=list(state))
    with pytest.raises(
        FunctionError, match=rf"cannot be decided exactly whether .*{named}.* is zero; give the point as"
    ):
        conservative_jacobian(F, at)
    # the remedy of the message works
    assert len(conservative_jacobian(F, [float(v) for v in at]).vertices) == 1
