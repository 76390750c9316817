"""Formulas that are smooth at a point though a part of them is not, and some that are not."""

from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import DiscontinuityError, FunctionError

SMOOTH = [
    ("x*sqrt(x**2 + y**2)", (0, 0), (0, 0)),
    ("x*sqrt(Abs(x))", (0, 0), (0, 0)),
    ("sqrt(x**2 + y**2)**2", (0, 0), (0, 0)),
    ("sqrt(x**2 + y**2)**3 + 2*y", (0, 0), (0, 2)),
    ("(x**2 + 3*y**2)**(3/4)*exp(y)", (0, 0), (0, 0)),
    ("sqrt(x**4 + y**4)", (0, 0), (0, 0)),
    ("x*y*sqrt(Abs(x*y))", (0, 0), (0, 0)),
    ("(x - 1)*sqrt(Abs(x - 1))*(y + 7) + x", (1, 0), (1, 0)),
    ("Piecewise((sin(x)/x, Ne(x, 0)), (1, True))", (0, 0), (0, 0)),
    ("Piecewise(((exp(x) - 1)/x, Ne(x, 0)), (1, True))", (0, 0), (0.5, 0)),
    ("Piecewise((1, Eq(x, 0)), (2*(1 - cos(x))/x**2, True)) + y", (0, 0), (0, 1)),
    ("Piecewise((x/(exp(x) - 1), Ne(x, 0)), (1, True))", (0, 0), (-0.5, 0)),
    ("Piecewise((log(1 + x)/x, Ne(x, 0)), (1, True))", (0, 0), (-0.5, 0)),
    ("Piecewise(((sqrt(1 + x) - 1)/x, Ne(x, 0)), (1/2, True))", (0, 0), (-0.125, 0)),
    ("Piecewise((tan(x)/x*y, (x > 0) | (x < 0)), (y, True))", (1, 2), None),
    ("Piecewise(((x**2 - 1)/(x - 1), Ne(x, 1)), (2, True))*y", (1, 3), (3, 2)),
    ("Piecewise(((x**3 - 8)/(x - 2), x > 2), (12 + 6*(x - 2), True))", (2, 0), (6, 0)),
    # roots of what is never negative
    ("Max(x, 0)*sqrt(Max(x, 0))", (0, 0), (0, 0)),
    ("Max(y, 0)*sqrt(Max(y, 0))*x + y", (1, 0), (0, 1)),
    ("x*sqrt(Abs(x) + x**2)", (0, 0), (0, 0)),
    ("sin(sqrt(Abs(x)))*x + 2*x", (0, 0), (2, 0)),
    ("cos(y*Abs(x)*sqrt(Abs(x)))", (0, 1), (0, 0)),
    ("Piecewise((x*sqrt(x), x >= 0), (0, True))", (0, 0), (0, 0)),
    # completed within a product or a sum
    ("Piecewise((y*sin(x)/x, Ne(x, 0)), (y, True))", (0, 2), (0, 1)),
    ("Piecewise((y*(sin(x)/x) + y**2, Ne(x, 0)), (y + y**2, True))", (0, 2), (0, 5)),
    ("Piecewise((y*(exp(x) - 1)/x*(y + 1), x < 0), (y**2 + y, True))", (0, 2), None),
    ("Piecewise((Abs(y)*(exp(x) - 1)/x, Ne(x, 0)), (Abs(y), True))", (0, 2), (1, 1)),
    ("Piecewise((atan(y)*(exp(x) - 1)/x, Ne(x, 0)), (atan(y), True))", (0, 0), (0, 1)),
]


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize("kind", ["program", "conical"])
@pytest.mark.parametrize(("text", "at", "wanted"), SMOOTH)
def test_one_jacobian(text, at, wanted, kind, convert):
    F = cj.from_sympy(text, state="x y")
    J = cj.conservative_jacobian(F, [convert(a) for a in at], kind=kind)
    assert J.exactness.name == "EXACT"
    if wanted is not None:
        assert J.vertices[:, 0].tolist() == [list(map(float, wanted))]
    if convert is float and wanted is not None:
        assert cj.jacobians.conservative_jacobians(F, [list(map(float, at))])[0].vertices[:, 0].tolist() == [
            list(wanted)
        ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x*sqrt(x**2 + y**2) + Abs(y)", {(0, 1), (0, -1)}),
        ("Max(x*sqrt(x**2 + y**2), y)", {(0, 1), (0, 0)}),
        ("Piecewise((log(1 + x)/x, x > 0), (1 - x, True))", {(-0.5, 0), (-1, 0)}),
        ("Max(Piecewise(((exp(x) - 1)/x, Ne(x, 0)), (1, True)), 1 + y)", {(0.5, 0), (0, 1)}),
        ("Piecewise(((exp(x) - 1)/x, Ne(Max(x, 0), 0)), (1, True))", {(0.5, 0), (0, 0)}),
    ],
)
def test_beside_real_ties(text, wanted):
    F = cj.from_sympy(text, state="x y")
    for zero in (0, 0.0):
        J = cj.conservative_jacobian(F, [zero, zero])
        assert {tuple(row) for row in J.vertices[:, 0].tolist()} == wanted
        assert J.exactness.name == "EXACT"
    assert len(cj.explain(F, [0, 0]).ties) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("y*sqrt(Abs(x))", FunctionError),
        ("sqrt(x**2 + y**2)", FunctionError),
        ("sqrt(Abs(x))*sqrt(Abs(y))*x", FunctionError),
        ("x*sqrt(x**2 + Abs(y))", FunctionError),
        ("x*sqrt(1 - sqrt(Abs(x)))*0 + sqrt(Abs(x))", FunctionError),
        ("x*(1 + sqrt(Abs(y)))", FunctionError),
        ("Piecewise((sin(x)/x, Ne(x, 0)), (2, True))", DiscontinuityError),
        ("Piecewise((exp(x)/x, Ne(x, 0)), (2, True))", FunctionError),
        ("Piecewise((x**2*sin(1/x), Ne(x, 0)), (0, True))", FunctionError),
        # 0/0 is met where x = 0 and y is not, or where nothing guards it
        ("Piecewise(((exp(x) - 1)/x, Ne(x*y, 0)), (1, True))", FunctionError),
        ("Piecewise(((exp(x) - 1)/x, (x > 0) | (y > 0)), (1, Eq(x, 0)), (1 + x/2, True))", FunctionError),
        ("Piecewise(((exp(x) - 1)/x, Ne(x, 0)), (1, True)) + (exp(x) - 1)/x", FunctionError),
        ("Piecewise(((exp(x) - 1)/x, x > 0), (1, True)) + (exp(x) - 1)/x", FunctionError),
        # the quotient is taken in the hole itself
        ("Piecewise((sin(x)/x, x >= 0), (1, True))", FunctionError),
        ("Piecewise(((y + 1)*sin(x)/x, Ne(x, 0)), (1, True))", DiscontinuityError),
        ("Piecewise((exp(y)*(exp(x) - 1)/x, Ne(x, 0)), (1 + y, True))", DiscontinuityError),
        ("Piecewise((y*sin(x*y)/x, Ne(x, 0)), (y**2, True))", FunctionError),
        ("Piecewise(((y + 1)*sin(x)/x, Ne(x, 0)), (y + 1, True)) + sin(x)/x", FunctionError),
        # steep
        ("x*sqrt(Abs(x)) + sqrt(Abs(x))", FunctionError),
        ("sqrt(x)*Max(y, 0)", FunctionError),
    ],
)
def test_what_is_not_smooth_is_refused(text, error):
    F = cj.from_sympy(text, state="x y")
    for zero in (0, 0.0):
        with pytest.raises(error):
            cj.conservative_jacobian(F, [zero, zero])


NOT_SMOOTH = [
    "Piecewise((sqrt(x**2 + x**4)/x, Ne(x, 0)), (1, True))",
    "Piecewise((1 - sin(sqrt(x**2 + x**4))/x, x < 0), (0*x, True))",
    "acos(1 - Abs(x))*sqrt(x**2 + y**2)",
    "asin(1 - Abs(x))*Abs(y)*sqrt(x**2 + y**2)",
    "sqrt(x**2 + y**2)*acos(1 - x)",
]


@pytest.mark.parametrize("formula", NOT_SMOOTH)
@pytest.mark.parametrize("kind", ["program", "conical"])
def test_factors_that_jump_or_are_steep_and_roots_with_two_sides_are_not_smoothed(formula, kind):
    """Jumps and infinite slopes, which were all called {0} or {1}, EXACT; kinks are in `test_kinks.py`."""
    F = cj.from_sympy(formula, state=["x", "y"])
    with pytest.raises(cj.ConservativeError):
        cj.conservative_jacobian(F, [0, 0], kind=kind)


@pytest.mark.parametrize(
    ("formula", "at", "row", "root"),
    [
        ("x*sqrt(x)", (0, 0), [0, 0], "sqrt(x)"),
        ("(1 - x)*sqrt(1 - x) + y", (1, 0), [0, 1], "sqrt(1 - x)"),
        ("x*sqrt(x + x**2)", (0, 0), [0, 0], "sqrt(x**2 + x)"),
        ("x*sqrt(x)*y", (0, 0), [0, 0], "sqrt(x)"),
        ("Abs(x*sqrt(x))", (0, 0), [0, 0], "sqrt(x)"),
    ],
)
def test_products_on_the_edge_of_the_domain_say_so(formula, at, row, root):
    F = cj.from_sympy(formula, state=["x", "y"])
    for convert in (Fraction, float):
        J = cj.conservative_jacobian(F, [convert(a) for a in at])
        assert (J.vertices.tolist(), J.exactness.name) == ([[row]], "OUTER")
        assert [edge.replace(" ", "") for edge in J.edges] == [root.replace(" ", "")]
        assert cj.conservative_jacobian(F, [convert(a) for a in at], kind="conical").exactness.name == "INNER"


def test_a_hole_at_a_fraction_is_met_by_its_double():
    F = cj.from_sympy("Piecewise((sin(x - 1/3)/(x - 1/3), Ne(x, 1/3)), (1, True)) + y*sqrt(Abs(y))", state="x y")
    J = cj.conservative_jacobian(F, [1 / 3, 0.0])
    assert (J.vertices.tolist(), J.exactness.name) == ([[[0, 0]]], "EXACT")
    # what is beside 0 within the tolerance is not at 0: 3/2 sqrt(y)
    beside = cj.conservative_jacobian(F, [1 / 3, 4e-10]).vertices[0, 0]
    assert beside[0] == 0
    assert abs(beside[1]) == pytest.approx(3e-5)


PI = float(np.pi)


@pytest.mark.parametrize(
    ("formula", "at", "rows"),
    [
        ("y*atan2(y, x)", (-1, 0), {(0, PI), (0, -PI)}),
        ("cos(atan2(y, x))", (-1, 0), {(0, 0)}),
        ("sin(atan2(y, x))", (-2, 0), {(0, 0.5)}),
        ("Abs(atan2(y, x))", (-1, 0), {(0, 1), (0, -1)}),
        ("cos(atan2(y, x)/2)", (-1, 0), {(0, 0.5), (0, -0.5)}),
        ("atan2(y, x)", (0, 1), {(-1, 0)}),
        ("atan2(y, x)", (-3, 4), {(-0.16, -0.12)}),
    ],
)
def test_an_angle_may_jump_where_the_whole_does_not(formula, at, rows):
    F = cj.from_sympy(formula, state=["x", "y"])
    for convert in (Fraction, float):
        J = cj.conservative_jacobian(F, [convert(a) for a in at])
        assert J.exactness.name == "EXACT"
        found = np.array(sorted(J.vertices[:, 0].round(15).tolist()))
        assert np.unique(found, axis=0) == pytest.approx(np.array(sorted(rows), dtype=float), abs=1e-14)


@pytest.mark.parametrize(
    "formula", ["atan2(y, x)", "(x + 1)*atan2(y, x)", "(x + 1)*exp(atan2(y, x))", "sin(atan2(y, x)/2)"]
)
def test_an_angle_that_jumps_with_the_whole_is_refused(formula):
    F = cj.from_sympy(formula, state=["x", "y"])
    for at in ([-1, 0], [-1.0, 0.0]):
        with pytest.raises(DiscontinuityError):
            cj.conservative_jacobian(F, at)


def test_angles_in_doubles_are_those_of_numpy():
    points = np.concatenate(
        [np.random.default_rng(3).normal(size=(200, 2)), np.array([[-1, 0], [0, 1], [0, -1], [2, 0]])]
    )
    angles = cj.from_sympy("atan2(y, x)", state="x y").evaluate(points)[:, 0]
    assert angles == pytest.approx(np.arctan2(points[:, 1], points[:, 0]), abs=1e-14)
