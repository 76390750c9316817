"""Functions and notations beyond the elementary ones: values and slopes against sympy, spellings against each other."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb

import conservative as cj
from conservative._core.errors import ArgumentError, DiscontinuityError, FunctionError
from conservative.functions.continuity.power_series import Germ, GermArithmetic
from conservative.functions.graph.interval_hessians import _CURVED

x, y = sp.symbols("x y", real=True)
T = sp.Symbol("t", positive=True)
ORACLES = {
    "erf": sp.erf(x),
    "sinc": sp.sin(x) / x,
    "log1p": sp.log(1 + x),
    "expm1": sp.exp(x) - 1,
    "sigmoid": 1 / (1 + sp.exp(-x)),
    "softplus": sp.log(1 + sp.exp(x)),
}


def rows(F, at):
    J = cj.conservative_jacobian(F, at)
    return {tuple(np.round(row, 12).tolist()) for row in J.vertices[:, 0]}, J.exactness.name


@pytest.mark.parametrize("name", ORACLES)
def test_values_slopes_and_curvatures_are_those_of_sympy(name):
    F, formula = cj.from_sympy(f"{name}(x)", state="x"), ORACLES[name]
    points = [-0.9, -0.3, -1e-3, 1e-9, 0.01, 0.019, 0.021, 0.7, 3.0, 30.0]
    for at in points:
        value, slope, curvature = (float(sp.diff(formula, x, k).evalf(60, subs={x: Fraction(at)})) for k in range(3))
        assert F.evaluate([at])[0] == pytest.approx(value, rel=1e-14)
        assert cj.conservative_jacobian(F, [at]).vertices.item() == pytest.approx(slope, rel=1e-13)
        assert cj.jacobians.conservative_jacobians(F, [[at]]).vertices.item() == pytest.approx(slope, rel=1e-12)
        balls = [float(b.mid()) for b in _CURVED[name](arb(at))]
        assert balls == pytest.approx([value, slope, curvature], rel=2e-4, abs=1e-12)
    again = cj.from_sympy(F.expressions, state=F.state)
    np.testing.assert_allclose(again.evaluate(np.array(points)[:, None]), F.evaluate(np.array(points)[:, None]))


@pytest.mark.parametrize("name", ORACLES)
def test_boxes_enclose_values_inside(name):
    box = arb(0.1, 0.3)
    for at in (-0.15, 0.0, 0.05, 0.35):
        for whole, single in zip(_CURVED[name](box), _CURVED[name](arb(at)), strict=True):
            assert whole.contains(single) or whole.overlaps(single)


@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [("erf", 0, 2 / np.sqrt(np.pi)), ("sinc", 1, 0), ("log1p", 0, 1), ("expm1", 0, 1), ("sigmoid", 0.5, 0.25),
     ("softplus", np.log(2), 0.5)],
)  # fmt: skip
@pytest.mark.parametrize("zero", [0, 0.0])
def test_values_at_zero(name, value, slope, zero):
    F = cj.from_sympy(f"{name}(x)", state="x")
    assert float(F.value([zero])[0]) == pytest.approx(value)
    assert cj.conservative_jacobian(F, [zero]).vertices.item() == pytest.approx(slope)


@pytest.mark.parametrize(("name", "formula"), [(n, ORACLES[n]) for n in ("log1p", "expm1", "sinc", "sigmoid")])
def test_series(name, formula):
    inner = T - T**2 / 2 + 3 * T**3
    found = GermArithmetic().smooth(name, Germ.of([Fraction(0), Fraction(1), Fraction(-1, 2), Fraction(3)]))
    wanted = sp.Poly(sp.series(formula.subs(x, inner), T, 0, 5).removeO(), T)
    assert [found.term(i) for i in range(5)] == [Fraction(int(c.p), int(c.q)) for c in map(wanted.nth, range(5))]


@pytest.mark.parametrize("shift", [0, 1000, -1000, Fraction(1, 3), 1e4, -700.25])
@pytest.mark.parametrize("weights", [(1, 1), (1, 2, 3), (1, 1, 1, 5)])
def test_logarithms_of_sums_of_exponentials_do_not_overflow(shift, weights):
    """The slopes are the softmax weights, which do not change with a shift."""
    names = [f"x{i}" for i in range(len(weights))]
    F = cj.from_sympy(
        "log(" + " + ".join(f"{w}*exp({n})" for w, n in zip(weights, names, strict=True)) + ")", state=names
    )
    J = cj.conservative_jacobian(F, [shift] * len(names)) if abs(shift) < 5000 else None
    found = (
        cj.jacobians.conservative_jacobians(F, [[float(shift)] * len(names)]).vertices[0, 0]
        if J is None
        else J.vertices[0, 0]
    )
    np.testing.assert_allclose(found, np.array(weights) / sum(weights), rtol=1e-12)
    assert F.evaluate([float(shift)] * len(names))[0] == pytest.approx(float(shift) + np.log(sum(weights)), rel=1e-15)


def test_logarithms_with_a_constant_and_mixed_sizes():
    F = cj.from_sympy("log(1 + exp(x))", state="x")
    assert F.texts() == ("softplus(x)",)
    assert F.evaluate([[-800.0], [800.0], [0.0]])[:, 0].tolist() == [0.0, 800.0, np.log(2)]
    G = cj.from_sympy("log(exp(x) + exp(y) + 3)", state="x y")
    np.testing.assert_allclose(
        G.evaluate([[900.0, -900.0], [-900.0, -900.0], [1.0, 2.0]])[:, 0],
        [900.0, np.log(3), np.log(np.exp(1) + np.exp(2) + 3)],
        rtol=1e-14,
    )
    minus = cj.from_sympy("log(exp(x) - exp(y))", state="x y")
    assert minus.evaluate([1.0, 0.0])[0] == pytest.approx(np.log(np.e - 1))


@pytest.mark.parametrize(
    ("text", "at", "wanted"),
    [
        ("atan2(y, x)", [1, 0], (0, 1)),
        ("atan2(y, x)", [0, 1], (-1, 0)),
        ("atan2(y, x)", [0, -2], (0.5, 0)),
        ("atan2(y, x)", [-1, 1], (-0.5, -0.5)),
        ("atan2(y, x)", [-3.0, -4.0], (0.16, -0.12)),
    ],
)
def test_the_angle(text, at, wanted):
    F = cj.from_sympy(text, state="x y")
    assert F.evaluate([float(a) for a in at])[0] == pytest.approx(np.arctan2(float(at[1]), float(at[0])))
    assert rows(F, at) == ({wanted}, "EXACT")
    assert rows(cj.from_sympy(sp.atan2(y, x), state=[x, y]), at) == ({wanted}, "EXACT")


def test_the_angle_has_no_value_at_its_cut():
    F = cj.from_sympy("atan2(y, x)", state="x y")
    np.testing.assert_allclose(F.evaluate([[-1.0, 1e-12], [-1.0, -1e-12]])[:, 0], [np.pi - 1e-12, 1e-12 - np.pi])
    for at in ([-1, 0], [0, 0], [-1.0, 0.0]):
        with pytest.raises(FunctionError):
            cj.conservative_jacobian(F, at)


def test_other_spellings():
    for text, same in [
        ("where(x > 0, x, y*0)", "Piecewise((x, x > 0), (0*y, True))"),
        ("maximum(x, y) - minimum(x, y, 1)", "Max(x, y) - Min(x, y, 1)"),
        ("x*Heaviside(x)", "Piecewise((0, x < 0), (1/2, Eq(x, 0)), (1, True))*x"),
        ("where((x > 0) & (y > 0), x*y, 0)", "Piecewise((x*y, (x > 0) & (y > 0)), (0, True))"),
    ]:
        assert cj.from_sympy(text, state="x y").texts() == cj.from_sympy(same, state="x y").texts()
    for text, words in [
        ("where(x > 0, x)", "two values"),
        ("atan2(x)", "two arguments"),
        ("where(x, x, x)", "condition"),
    ]:
        with pytest.raises(FunctionError, match=words):
            cj.from_sympy(text, state="x y")


def test_steps_are_read_where_the_whole_is_continuous():
    assert rows(cj.from_sympy(sp.Heaviside(x) * x**2, state=[x]), [0]) == ({(0,)}, "EXACT")
    with pytest.raises(DiscontinuityError):
        cj.from_sympy("Heaviside(x)", state="x")


def test_names_that_are_also_functions_may_name_variables():
    assert cj.from_sympy("erf(erf) + where", state="erf where").evaluate([0.0, 2.0])[0] == 2.0


@pytest.mark.parametrize("given", ["x y", "x, y", ["x", "y"], "x,y", (x, y)])
def test_several_names_in_one_text(given):
    assert [s.name for s in cj.from_sympy("x - y", state=given).state] == ["x", "y"]


def test_names_of_entries():
    F = cj.from_sympy("x[0]*Abs(x[1]) + x[ 1 ] + A[0,1]", state="x[0] x[1]", parameters=["A[0, 1]"])
    assert [s.name for s in F.symbols] == ["x[0]", "x[1]", "A[0,1]"]
    assert F.evaluate([2.0, -3.0], [10.0])[0] == 13.0
    assert rows(F, {"x[0]": 2, "x[1]": 0, "A[0, 1]": 0})[0] == {(0, 3, 1), (0, -1, 1)}
    again = cj.from_sympy([str(e) for e in F.expressions], state=F.state, parameters=F.parameters)
    assert again.evaluate([2.0, -3.0], [10.0])[0] == 13.0
    for bad in ("x[", "x[y]", "x[0", "1x", "x[0][1]", "[0]", "x[-1]"):
        with pytest.raises(ArgumentError):
            cj.from_sympy("1", state=[bad])
    with pytest.raises(FunctionError, match="Subscript"):
        cj.from_sympy("x[2]", state="x[0]")


def test_a_file_may_name_its_state_in_one_text(tmp_path):
    path = tmp_path / "f.toml"
    path.write_text(
        'state = "x[0] x[1]"\nparameters = "a, b"\nF = ["Max(x[1], a)", "x[0]*b"]\n'
        'at = { "x[0]" = 1, "x[1]" = 0, a = 0, b = 2 }\n'
    )
    F = cj.read_function(path)
    assert [s.name for s in F.symbols] == ["x[0]", "x[1]", "a", "b"]


def test_sums_and_indexed_symbols_are_written_out():
    i, j = sp.symbols("i j", integer=True)
    A = sp.IndexedBase("A")
    F = cj.from_sympy(sp.Sum(sp.Abs(A[i] - i), (i, 0, 2)), state=[A[0], A[1], A[2]])
    assert rows(F, {A[0]: 0, A[1]: 2, A[2]: 1}) == ({(1, 1, -1), (-1, 1, -1)}, "EXACT")
    assert F.texts() == ("Abs(A[0]) + Abs(A[1] - 1) + Abs(A[2] - 2)",)
    nested = cj.from_sympy(sp.Sum(x**i * j, (i, 0, j), (j, 1, 2)), state=[x])
    assert nested.evaluate([3.0])[0] == (1 + 3) + 2 * (1 + 3 + 9)
    assert cj.from_sympy(sp.Product(x + i, (i, 1, 3)), state=[x]).evaluate([1.0])[0] == 24
    assert cj.from_sympy(sp.Sum(x, (i, 3, 2)), state=[x]).evaluate([1.0])[0] == 0
    for bad in (sp.Sum(x, (i, 0, y)), sp.Sum(x / 2**i, (i, 0, sp.oo)), A[i] + x):
        with pytest.raises(FunctionError):
            cj.from_sympy(bad, state=[x, y])


def test_matrix_expressions_with_entries():
    v, M = sp.MatrixSymbol("v", 2, 1), sp.Matrix([[1, 2], [3, 4]])
    F = cj.from_sympy(M * v, state=v)
    assert [s.name for s in F.state] == ["v[0,0]", "v[1,0]"]
    np.testing.assert_array_equal(cj.conservative_jacobian(F, {v[0, 0]: 0, v[1, 0]: 0}).vertices[0], [[1, 2], [3, 4]])
    assert cj.from_sympy(sp.Abs((M * v)[0, 0]), state=[v[0, 0], v[1, 0]]).evaluate([-1.0, 0.0])[0] == 1.0
    with pytest.raises(FunctionError, match=r"v\[1,0\]"):
        cj.from_sympy(v[1, 0], state=[v[0, 0]])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sqrt(x**2)", {(1, 0), (-1, 0)}),
        ("(x**4)**(1/4)", {(1, 0), (-1, 0)}),
        ("(x**4)**(1/3)", {(0, 0)}),
        ("sqrt(x**4)", {(0, 0)}),
        ("sqrt(x**2 + y**2)**2 + y", {(0, 1)}),
        ("sqrt(2*x**2 + 3*y**2)**4", {(0, 0)}),
        ("sqrt((x - y)**2)", {(1, -1), (-1, 1)}),
        ("Abs(x - y)**2", {(0, 0)}),
    ],
)
def test_roots_of_even_powers(text, wanted):
    assert rows(cj.from_sympy(text, state="x y"), [0, 0]) == (wanted, "EXACT")


def test_powers_of_powers_keep_their_domain():
    F = cj.from_sympy("sqrt(x)**2", state="x")
    assert np.isnan(F.evaluate([-1.0])).all()
    assert np.isnan(cj.from_sympy("sqrt(x**3)**2", state="x").evaluate([-1.0])).all()
    assert cj.from_sympy("(x**3)**2", state="x").evaluate([-1.0])[0] == 1.0
