from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from conservative._core.errors import (
    ArgumentError,
    ArgumentTypeError,
    BudgetError,
    ConservativeError,
    DiscontinuityError,
    FunctionError,
    NonFiniteError,
    ShapeError,
)
from conservative.functions import from_sympy

x, y, lam = sp.symbols("x y lam")


def pieces(F, at, **kw):
    return {p.expressions for p in F.active(at, **kw)}


@pytest.mark.parametrize("at", [{x: 0, y: 0}, {"x": 0, "y": "0"}, [0, 0], (Fraction(0), 0), np.zeros(2, dtype=int)])
def test_every_way_to_give_an_exact_point(at):
    F = from_sympy(sp.Max(x, y), state=[x, y])
    assert F.point(at).exact
    assert pieces(F, at) == {(x,), (y,)}


@pytest.mark.parametrize("at", [[0.0, 0], np.zeros(2), {x: sp.Float(0), y: 0}, {"x": np.float32(0), "y": 0}])
def test_one_float_makes_a_float_point(at):
    F = from_sympy(sp.Max(x, y), state=[x, y])
    assert not F.point(at).exact
    assert F.point(at).tolerance == 1e-9
    assert pieces(F, at) == {(x,), (y,)}


@pytest.mark.parametrize(
    ("at", "error"),
    [
        ([0], ShapeError),
        ([0, 0, 0], ShapeError),
        ({x: 0}, ArgumentError),
        ({x: 0, y: 0, lam: 0}, ArgumentError),
        ([0, np.nan], NonFiniteError),
        ([0, np.inf], NonFiniteError),
        ([0, "one"], ArgumentError),
        ([0, "1/0"], ArgumentError),
        ([0, True], ArgumentError),
        ([0, None], ArgumentTypeError),
        ([0, x], ArgumentTypeError),
        ([0, sp.I], ArgumentError),
        ([0, sp.oo], ArgumentError),
        ("00", ArgumentTypeError),
        (3, ArgumentTypeError),
        ([1j, 0], ArgumentTypeError),
    ],
)
def test_bad_points(at, error):
    with pytest.raises(error):
        from_sympy(x + y, state=[x, y]).active(at)


@pytest.mark.parametrize("tolerance", [-1, np.nan, np.inf, "1"])
def test_bad_tolerances(tolerance):
    with pytest.raises(ConservativeError, match="tolerance"):
        from_sympy(x, state=[x]).active([0.0], tolerance=tolerance)


def test_algebraic_ties_are_decided_exactly():
    F = from_sympy(sp.Max(x**2, 2, sp.Rational(14142135623730951, 10**16) ** 2), state=[x])
    assert len(F.active([sp.sqrt(2)])) == 1  # the square of the double is above 2
    G = from_sympy(sp.Max(x**2 - 2 * sp.sqrt(6), 5), state=[x])
    assert len(G.active([sp.sqrt(2) + sp.sqrt(3)])) == 2
    nested = sp.sqrt(5 + 2 * sp.sqrt(6))
    H = from_sympy(sp.Max(x, y), state=[x, y])
    assert len(H.active([nested, sp.sqrt(2) + sp.sqrt(3)])) == 2
    assert len(H.active([nested, sp.sqrt(2) + sp.sqrt(3) + sp.Rational(1, 10**40)])) == 1


def test_transcendental_ties_that_cannot_be_decided_are_refused():
    F = from_sympy("Max(exp(x), y)", state=["x", "y"])
    assert len(F.active([0, 1])) == 2
    assert len(F.active([1, sp.E])) == 2
    assert len(F.active([1, "271828/100000"])) == 1


def test_exact_arithmetic_is_bounded():
    for text in ("exp(exp(exp(exp(x))))", "((x**1000)**1000)**1000", "(pi + E + x)**999"):
        F = from_sympy(text, state="x")
        with pytest.raises(FunctionError, match=r"floats|digits"):
            F.active([Fraction(7, 3) if "exp" not in text else 3] if "pi" not in text else [sp.sqrt(2)])


def test_tolerance_decides_float_ties():
    F = from_sympy(sp.Abs(x), state=[x])
    assert len(F.active([1e-10])) == 2
    assert len(F.active([1e-10], tolerance=1e-12)) == 1
    assert len(F.active([sp.Rational(1, 10**10)])) == 1


SOFT = [
    sp.sign(x) * sp.Max(sp.Abs(x) - lam, 0),
    sp.Max(x - lam, 0) - sp.Max(-x - lam, 0),
    sp.Piecewise((x - lam, x > lam), (x + lam, x < -lam), (0, True)),
    sp.Piecewise((0, sp.Abs(x) <= lam), (x - lam * sp.sign(x), True)),
    x - sp.Min(sp.Max(x, -lam), lam),
]


@pytest.mark.parametrize("expression", SOFT, ids=str)
def test_soft_threshold_however_written(expression):
    F = from_sympy(expression, state=[x], parameters=[lam])
    assert pieces(F, [2, 1]) == {(x - lam,)}
    assert pieces(F, [1, 1]) == {(x - lam,), (0,)}
    assert pieces(F, [-1, 1]) == {(x + lam,), (0,)}
    assert pieces(F, [0, 1]) == {(0,)}
    np.testing.assert_allclose(F.evaluate([[3.0], [-0.5], [-3.0]], [1.0])[:, 0], [2.0, 0.0, -2.0])


def test_continuity_is_judged_on_the_whole():
    steps = "Piecewise((1, x > 0), (0, True)) + Piecewise((0, x > 0), (1, True))"
    assert pieces(from_sympy(steps, state="x"), [0]) == {(1,)}
    turned = "Piecewise((1, x > 0), (0, True)) + Piecewise((1, -x >= 0), (0, True))"
    assert pieces(from_sympy(turned, state="x"), [0]) == {(1,)}
    nested = "Piecewise((x, sign(x) > 0), (2*x, True))"
    assert pieces(from_sympy(nested, state="x"), [0]) == {(x,), (2 * x,)}


def test_a_branch_that_agrees_is_active_though_its_guard_is_not():
    # the talk's I(x): every smooth piece with the value of the function, wherever its guard holds
    F = from_sympy("Piecewise((x, x < 1), (x**2, True))", state="x")
    assert pieces(F, [0]) == {(x,), (x**2,)}
    assert pieces(F, ["1/2"]) == {(x,)}


def test_jumps_at_the_point_are_refused():
    F = from_sympy(sp.sign(x) * sp.Max(sp.Abs(x) - lam, 0), state=[x], parameters=[lam])
    with pytest.raises(DiscontinuityError, match=r"x = 0, lam = -1.* is 0 at the point and 1 beside"):
        F.active([0, -1])
    corner = from_sympy(sp.Piecewise((5, sp.Eq(x, 0) & (y > 0)), (0, True)) * x, state=[x, y])
    assert pieces(corner, [0, 0]) >= {(0,)}
    ray = from_sympy("Piecewise((5, Eq(x, 0) & (y > 10)), (x, True))", state=["x", "y"])
    with pytest.raises(DiscontinuityError):
        ray.active([0, 10])
    assert pieces(ray, [1, 0]) == {(x,)}
    cubic = from_sympy("Piecewise((1, x**3 + x**5 > 0), (-1, True))", state="x")
    with pytest.raises(DiscontinuityError):
        cubic.active([0])


def test_infeasible_combinations_do_not_count_as_jumps():
    # x > y, y > z and z > x never hold together
    text = "Piecewise((1, (x > y) & (y > z) & (z > x)), (0, True)) + x"
    assert pieces(from_sympy(text, state=["x", "y", "z"]), [0, 0, 0]) == {(x,)}


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("1/x", [0], "division by zero"),
        ("sqrt(x)", [-1], "complex"),
        ("x**(1/3)", [-8], "complex"),
        ("log(x)", [0], "positive"),
        ("acos(x)", [2], "at most 1"),
        ("Piecewise((x, x > 0))", [-1], "default"),
        ("Piecewise((x, x >= 0))", [0], "default"),
        ("Piecewise((sin(x)/x, x != 0), (1, True))", [0], "division by zero"),
        ("Piecewise((x, log(x) > 0), (x, True))", [-1], "positive"),
    ],
)
@pytest.mark.parametrize("convert", [Fraction, float])
def test_points_without_a_value(text, at, words, convert):
    F = from_sympy(text, state="x")
    with pytest.raises(FunctionError, match=words):
        F.active([convert(v) for v in at])


def test_an_undefined_branch_that_is_not_taken_does_no_harm():
    F = from_sympy("Piecewise((log(x), x > 1), (x - 1, True))", state="x")
    assert pieces(F, [-1]) == {(x - 1,)}
    assert pieces(F, [1]) == {(x - 1,), (sp.log(x),)}


def test_ties_in_branches_not_taken_do_no_harm():
    F = from_sympy("Piecewise((1 + (x - 1)*Abs(x - y), x > 1), (x, True))", state=["x", "y"])
    assert pieces(F, [0, 0]) == {(x,)}
    G = from_sympy("Max(x, Abs(y) - 5)", state=["x", "y"])
    assert pieces(G, [1, 0]) == {(x,)}


def test_too_many_pieces_say_the_count():
    F = from_sympy([f"Abs(x{i})" for i in range(20)], state=[f"x{i}" for i in range(20)])
    with pytest.raises(BudgetError, match=r"20 switches.*1,048,576"):
        F.active([0] * 20)


def test_a_piece_has_its_symbolic_jacobian():
    F = from_sympy([sp.Max(x * y, 0)], state=[x], parameters=[y])
    assert {p.jacobian for p in F.active([0, 3])} == {sp.ImmutableMatrix([[y, x]]), sp.ImmutableMatrix([[0, 0]])}


def test_residual_needs_a_map_of_the_state_to_itself():
    with pytest.raises(ArgumentError, match="state"):
        from_sympy(x + y, state=[x, y]).residual([0, 0])
