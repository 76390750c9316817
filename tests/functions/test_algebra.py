"""Sums, products, compositions, changes of variables, against sympy and against plain evaluation."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, ArgumentTypeError, FunctionError, NonFiniteError, ShapeError
from conservative.functions import compose, from_sympy, stack, vocabulary

x, y, z, t, a = sp.symbols("x y z t a")
POINTS = np.random.default_rng(7).uniform(-2, 2, (50, 2))


def planar(text):
    return from_sympy(text, state=["x", "y"])


@drawn(15, 200, first=PIECEWISE_LINEAR, second=PIECEWISE_LINEAR)
def test_arithmetic_against_evaluation(first, second):
    F, G = planar(first.text), planar(second.text)
    f, g = (np.broadcast_to(tree(*POINTS.T), 50) for tree in (first, second))
    for made, wanted in [
        (F + G, f + g),
        (F - G, f - g),
        (F * G, f * g),
        (-F, -f),
        (3 * F - 1, 3 * f - 1),
        (1 - F, 1 - f),
        (F / 4, f / 4),
        (np.float64(0.5) * F, f / 2),
        ("1/3" + F * sp.Rational(2, 3), f * 2 / 3 + 1 / 3),
    ]:
        np.testing.assert_allclose(made.evaluate(POINTS)[:, 0], wanted, atol=1e-12)
    both = stack(F, G)
    np.testing.assert_allclose(both.evaluate(POINTS), np.stack([f, g], axis=1), atol=1e-12)
    turned = np.array([[1, 2], [0, -1], [0.5, 0]]) @ both
    np.testing.assert_allclose(turned.evaluate(POINTS), np.stack([f + 2 * g, -g, f / 2], axis=1), atol=1e-12)
    inside = compose(F, both)
    np.testing.assert_allclose(inside.evaluate(POINTS)[:, 0], np.broadcast_to(first(f, g), 50), atol=1e-12)


def test_quotients():
    F = planar("x") / planar("1 + y**2")
    np.testing.assert_allclose(F.evaluate(POINTS)[:, 0], POINTS[:, 0] / (1 + POINTS[:, 1] ** 2))
    with pytest.raises(ArgumentError, match="not 0"):
        planar("x") / 0


def test_one_component_times_many():
    F = from_sympy(["x", "y"], state=["x", "y"]) * planar("Abs(x)")
    assert F.evaluate([[-2.0, 3.0]]).tolist() == [[-4.0, 6.0]]
    with pytest.raises(ShapeError, match="components"):
        F + planar("x")
    with pytest.raises(ShapeError, match="or one"):
        F * stack(planar("x"), planar("y"), planar("x"))


def test_variables_are_joined_by_name():
    F = from_sympy("x + t", state="x", parameters="t")
    G = from_sympy("y*t + a", state="y", parameters=["a", "t"])
    H = F + G
    assert ([s.name for s in H.state], [s.name for s in H.parameters]) == (["x", "y"], ["t", "a"])
    assert H.evaluate([2.0, 3.0], [5.0, 7.0]).tolist() == [2 + 5 + 15 + 7]
    real = from_sympy(sp.Symbol("x", real=True) ** 2, state=[sp.Symbol("x", real=True)])
    assert len((real + from_sympy("x", state="x")).state) == 1
    with pytest.raises(ArgumentError, match="state variable of one function and a parameter of another"):
        F + from_sympy("t", state="t")


def test_equal_subexpressions_stay_one_switch():
    F, G = from_sympy("Abs(x)", state="x"), from_sympy("3 - Abs(x)", state="x")
    assert {p.expressions for p in (F + G).active([0])} == {(3,)}
    assert {p.expressions for p in (F - F).active([0])} == {(0,)}


def test_composition_joins_parameters_and_replaces_state_by_position():
    G = from_sympy("Max(u - t*v, 0)", state=["u", "v"], parameters="t")
    F = from_sympy(["x - s", "x*t"], state="x", parameters=["s", "t"])
    H = compose(G, F)
    assert ([s.name for s in H.state], [s.name for s in H.parameters]) == (["x"], ["s", "t"])
    assert H.evaluate([4.0], [1.0, 0.5]).tolist() == [2.0]
    twice = compose(from_sympy("x/2 - Abs(x)", state="x"), from_sympy("x/2 - Abs(x)", state="x"))
    assert twice.evaluate([[2.0]]).tolist() == [[-1.5]]
    with pytest.raises(ShapeError, match="as many components"):
        compose(G, from_sympy("x", state="x"))
    with pytest.raises(ArgumentError, match="state variable of one"):
        compose(from_sympy("u + x", state="u", parameters="x"), from_sympy("x", state="x"))
    with pytest.raises(ArgumentTypeError, match="from_sympy"):
        compose(G, sp.Abs(x))


def test_every_kind_of_node_survives_a_copy():
    text = [
        "Piecewise((x**2, And(x > y, Not(Eq(x, 1)))), (x*x, Or(y >= 2, x < -1)), (Abs(x)**2, x > 0), (x**2, True))",
        "exp(y)*x + (1 + x**2)**y",
        "sign(y - 2*x)*Max(Abs(2*x - y) - 1, 0) + sqrt(1 + x**2)*(2 + y)**(-1) + Min(x, y, 1)",
        "sign(-x)*x + pi*x + Abs(-3*x)",
    ]
    F = from_sympy(text, state=["x", "y"])
    same = F.with_state("x", "y")
    points = np.random.default_rng(3).uniform(0.1, 3, (200, 2)) * [1, -0.6]
    np.testing.assert_array_equal(same.evaluate(points), F.evaluate(points))
    assert sorted(n.op for n in same.graph.nodes) == sorted(n.op for n in F.graph.nodes)


def test_labels_survive_a_copy():
    F = from_sympy(vocabulary.median([x, y, z]), state=[x, y, z])
    G = F.with_state("z", "x", "y") * 1
    assert G.evaluate([3.0, 1.0, 2.0]).tolist() == [2.0]
    assert str(G.expressions[0]).count("Max") == str(F.expressions[0]).count("Max")


@pytest.mark.parametrize("values", [{"t": 2}, {t: 2}, {"t": "2"}, {"t": 2.0}, {"t": sp.Integer(2)}])
def test_bind(values):
    F = from_sympy(sp.Max(x - t, t * y), state=[x, y], parameters=[t])
    G = F.bind(values)
    assert G.parameters == ()
    assert G.evaluate([5.0, 0.0]).tolist() == [3.0]
    assert F.bind(y=0, t=1).state == (x,)


def test_bind_keeps_numbers_exact():
    F = from_sympy("Max(x - t, 0)", state="x", parameters="t")
    assert F.bind(t="1/3").value(["1/3"]) == (0,)
    assert F.bind(t=0.1).value([Fraction(0.1)]) == (0,)
    assert len(F.bind(t=sp.sqrt(2)).active([sp.sqrt(2)])) == 2


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"u": 1}, ArgumentError, r"bind.*'u' is not among x, t"),
        ({"t": float("nan")}, NonFiniteError, "bind"),
        ({"t": "half"}, ArgumentError, "bind.*rational"),
        ({"t": None}, ArgumentTypeError, "bind"),
        ({"t": x}, ArgumentTypeError, "bind"),
        ({"x": 1, "t": 1}, ArgumentError, "at least one state variable"),
        ({3: 1}, ArgumentTypeError, "symbols or names"),
    ],
)
def test_bad_binds(values, error, words):
    with pytest.raises(error, match=words):
        from_sympy(x * t, state=[x], parameters=[t]).bind(values)


def test_free_undoes_bind():
    F = from_sympy("Max(x - t, 0) + Abs(y)", state=["x", "y"], parameters="t")
    again = F.bind(t="7/3").free(t="-7/3")
    bound = F.bind(t="7/3").evaluate(POINTS)
    np.testing.assert_array_equal(again.bind(t="-7/3").evaluate(POINTS), bound)
    assert not np.allclose(again.bind(t=0).evaluate(POINTS), bound)
    assert ([s.name for s in F.free("y").state], [s.name for s in F.free("y").parameters]) == (["x"], ["t", "y"])
    for call in (
        lambda: F.free("t"),
        lambda: F.free("x", "y"),
        lambda: F.free(c=17),
        lambda: F.free(x=0),
        lambda: F.free(Max=0),
    ):
        with pytest.raises(ArgumentError, match="free"):
            call()


def test_with_state():
    F = from_sympy(x + 10 * y + 100 * t, state=[x, y], parameters=[t])
    G = F.with_state("t", y)
    assert (G.state, G.parameters) == ((t, y), (x,))
    assert G.evaluate([1.0, 2.0], [3.0]).tolist() == [123.0]
    for names in ((), ("x", "x"), ("q",)):
        with pytest.raises(ArgumentError, match="with_state"):
            F.with_state(*names)


EXPRESSIONS = st.sampled_from([x + 1, x * y, -x, y**2 - x, sp.Max(x, y), sp.Abs(y), x - 2 * y, 2 * x])


@drawn(5, 20, tree=PIECEWISE_LINEAR, first=EXPRESSIONS, second=EXPRESSIONS)
def test_substitution_against_sympy(tree, first, second):
    F = planar(tree.text)
    new = F.substitute({"x": first, "y": second}, state=["x", "y"])
    reference = sp.sympify(tree.text, locals={"x": x, "y": y}).subs({x: first, y: second}, simultaneous=True)
    used = list(new.state)
    columns = POINTS[:, [["x", "y"].index(s.name) for s in used]]
    wanted = sp.lambdify(used, reference, "numpy")(*columns.T)
    np.testing.assert_allclose(new.evaluate(columns)[:, 0], np.broadcast_to(wanted, 50), atol=1e-12)


def test_substitution_names_and_roles():
    F = from_sympy("Max(x - t, 0) + y", state=["x", "y"], parameters="t")
    G = F.substitute({"x": "u*y", "t": "s + u"}, state=["u"], parameters=["s"])
    assert ([s.name for s in G.state], [s.name for s in G.parameters]) == (["y", "u"], ["s"])
    swapped = F.substitute({"x": y, "y": x})
    assert swapped.evaluate([1.0, 5.0], [2.0]).tolist() == [4.0]
    with pytest.raises(FunctionError, match=r"substitute\(x=...\).*unknown name|unknown symbol"):
        F.substitute({"x": "w"})
    with pytest.raises(ArgumentError, match="'w' is not among"):
        F.substitute({"w": "x"})
    with pytest.raises(ArgumentError, match="at least one state"):
        from_sympy("x", state="x").substitute({"x": 3})


@pytest.mark.parametrize("other", [None, "half", float("inf"), x, [1, 2], 1j])
def test_numbers_that_are_none(other):
    with pytest.raises((ArgumentError, ArgumentTypeError)):
        planar("x") + other


@pytest.mark.parametrize("matrix", [np.eye(3), [[1]], [1, 2], 3, [], [[1, 2], [3]]])
def test_bad_matrices(matrix):
    with pytest.raises((ShapeError, TypeError)):
        np.asarray(matrix, dtype=object) @ from_sympy(["x", "y"], state=["x", "y"])
