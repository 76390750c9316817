import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, ArgumentTypeError, DiscontinuityError, FunctionError
from conservative.functions import from_sympy

x, y, t = sp.symbols("x y t")


@pytest.mark.parametrize(
    "expression",
    [
        sp.exp(x) + sp.log(2 + x**2) - sp.sqrt(1 + y**2),
        sp.sin(x) * sp.cos(y) + sp.tan(x / 9) + sp.cot(2 + x / 9),
        sp.asin(x / 9) + sp.acos(x / 9) + sp.atan(y) + sp.sec(x / 9) + sp.csc(2 + x / 9),
        sp.sinh(x) - sp.cosh(y) + sp.tanh(x) + sp.asinh(x) + sp.acosh(5 + x) + sp.atanh(x / 9),
        sp.coth(5 + x) + sp.sech(x) + sp.csch(5 + x),
        sp.Max(x, y, 1) - sp.Min(x, 2 * y, 0) + sp.Abs(x - y) + sp.sign(x) * x,
        sp.Piecewise((x, (x > 0) & (y > 0)), (y, (x <= -1) | sp.Eq(y, 3)), (0, True)) * 0 + sp.pi * x + sp.E,
        sp.Piecewise((x**2, ~(x < 0)), (0, True)) + x ** sp.Rational(2) / (1 + y**4) + 2**x + (5 + x) ** y,
        sp.Heaviside(x) * x + sp.Float(0.75) * y,
        sp.Piecewise((x, sp.ITE(x > 0, y > 0, y < 1)), (y, sp.Xor(x > 1, y > 1)), (0, True)) * 0 + x,
    ],
)
def test_evaluate_agrees_with_lambdify(expression):
    points = np.random.default_rng(0).uniform(-3, 3, size=(40, 2))
    expected = [float(expression.subs({x: a, y: b}).evalf(20)) for a, b in points]
    F = from_sympy(expression, state=[x, y])
    np.testing.assert_allclose(F.evaluate(points)[:, 0], expected, rtol=1e-12, atol=1e-12)


@drawn(
    30,
    400,
    tree=PIECEWISE_LINEAR,
    at=st.tuples(st.fractions(-4, 4, max_denominator=9), st.fractions(-4, 4, max_denominator=9)),
)
def test_three_evaluations_agree(tree, at):
    F = from_sympy(tree.text, state=["x", "y"])
    exact = float(F.value(at)[0])
    floats = [float(v) for v in at]
    assert F.evaluate(floats)[0] == pytest.approx(exact, rel=1e-12, abs=1e-11)
    assert float(tree(*floats)) == pytest.approx(exact, rel=1e-12, abs=1e-11)


@settings(deadline=None, max_examples=60)
@given(tree=PIECEWISE_LINEAR)
def test_what_is_shown_reads_back_as_the_same_graph(tree):
    F = from_sympy(tree.text, state=["x", "y"])
    again = from_sympy(F.expressions, state=F.state)
    assert len(F.active([0, 0])) == len(again.active([0, 0]))
    grid = np.random.default_rng(1).normal(size=(20, 2))
    np.testing.assert_allclose(again.evaluate(grid), F.evaluate(grid), atol=1e-11)


def test_text_keeps_switches_that_sympy_removes():
    assert len(from_sympy(sp.Abs(x) - sp.Abs(-x), state=[x]).active([0])) == 1
    assert len(from_sympy("Abs(x) - Abs(-x)", state=[x]).active([0])) == 3
    kept = sp.Add(sp.Abs(x), -sp.Abs(-x, evaluate=False), evaluate=False)
    assert len(from_sympy(kept, state=[x]).active([0])) == 3


def test_evaluate_broadcasts_over_leading_axes():
    F = from_sympy([x * t, x - y], state=[x, y], parameters=t)
    points = np.random.default_rng(0).normal(size=(4, 1, 2))
    theta = np.random.default_rng(1).normal(size=(3, 1))
    value = F.evaluate(points, theta)
    assert value.shape == (4, 3, 2)
    np.testing.assert_allclose(value[..., 0], points[..., 0] * theta[:, 0])
    assert F.evaluate(np.zeros((0, 2)), [1.0]).shape == (0, 2)


def test_constant_components_have_the_batch_shape():
    F = from_sympy([0, x], state=[x])
    assert F.evaluate(np.ones((5, 1))).tolist() == [[0.0, 1.0]] * 5


def test_evaluate_is_nan_off_the_domain():
    F = from_sympy([sp.log(x), sp.Piecewise((x, x > 0))], state=[x])
    assert np.isnan(F.evaluate([[-1.0]])).all()


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (sp.floor(x), "jump|disagree"),
        (sp.ceiling(x), "jump|disagree"),
        (sp.Mod(x, 2), "jump|disagree"),
        (sp.Function("nearest")(x), "nearest"),
        (sp.I * x, "ImaginaryUnit"),
        (sp.gamma(x), "gamma"),
        (sp.Function("g")(x), "g"),
        (sp.oo + x, "Infinity"),
        (sp.nan, "NaN"),
        (sp.zoo, "ComplexInfinity"),
        (x + y, "unknown symbol y"),
        (sp.Symbol("x", positive=True), "other assumptions"),
        (x > 0, "condition"),
        (sp.Derivative(sp.sin(x), x), "doit"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(expression, words):
    with pytest.raises(FunctionError, match=words):
        from_sympy(expression, state=[x])


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        (sp.sign(x), ("0 at the point", "1 beside")),
        (sp.Heaviside(x), ("1/2 at the point", "1 beside")),
        (sp.Piecewise((x, x > 1), (x + 1, True)), ("x = 1", "2 at the point and 1 beside")),
        (sp.Piecewise((x, sp.Eq(x, 2)), (0, True)), ("x = 2", "2 at the point and 0 beside")),
        ("Max(10*sign(x), 5)", ("5 at the point and 10 beside",)),
        ("sign(x - 1)*exp(x)", ("x = 1",)),
    ],
)
def test_jumps_are_refused_with_the_point_and_both_values(expression, values):
    with pytest.raises(DiscontinuityError) as caught:
        from_sympy(expression, state=[x])
    for words in values:
        assert words in str(caught.value)


@pytest.mark.parametrize("state", [[], [1], None, 3, ["not a name"], ["Max"], ["lambda"], [x, x], [x, "x"]])
def test_unusable_symbols(state):
    with pytest.raises((ArgumentError, ArgumentTypeError)):
        from_sympy(sp.Integer(1), state=state)


@pytest.mark.parametrize("F", [[], None, [None], [sp.eye(2)], object(), {"a": 1.5}.keys() and [b"x"]])
def test_unusable_functions(F):
    with pytest.raises((ArgumentError, ArgumentTypeError)):
        from_sympy(F, state=[x])


def test_names_are_matched_with_symbols_of_any_assumption():
    u = sp.Symbol("u", real=True)
    F = from_sympy(sp.Abs(u), state="u")
    assert F.state == (u,)
    with pytest.raises(ArgumentError, match="two symbols named u"):
        from_sympy(u + sp.Symbol("u"), state="u")


def test_a_long_sum_is_not_a_deep_one():
    F = from_sympy(" + ".join(f"{i}*Max(x, {i})" for i in range(1000)), state="x")
    assert F.evaluate([-1.0])[0] == sum(i * i for i in range(1000))


def test_evaluate_shape_errors():
    F = from_sympy(x * t, state=[x], parameters=[t])
    for args in [([1.0],), ([1.0, 2.0], [1.0]), (1.0, [1.0]), ([1.0], [1.0, 2.0]), (np.ones((2, 1)), np.ones((3, 1)))]:
        with pytest.raises(ArgumentError, match="evaluate"):
            F.evaluate(*args)
    with pytest.raises(ArgumentError, match="finite"):
        F.evaluate([np.nan], [1.0])
