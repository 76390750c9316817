"""Formulas of one variable with a steep part that have a kink or a derivative at a point all the same."""

from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import FunctionError

KNOWN = [
    ("cos(sqrt(Abs(x)))", 0, {(0.5, 0), (-0.5, 0)}),
    ("x*sqrt(Max(x, 0))", 0, {(0, 0)}),
    ("sqrt(Max(x, 0))**2", 0, {(0, 0), (1, 0)}),
    ("sqrt(Max(x, 0)**3) + y", 0, {(0, 1)}),
    ("sqrt(x**2 - 2*x + 1) + y", 1, {(1, 1), (-1, 1)}),
    ("sqrt(Abs(x))*sin(sqrt(Abs(x)))", 0, {(1, 0), (-1, 0)}),
    ("Piecewise((sqrt(x**2 + x**4)*sin(x)/x, Ne(x, 0)), (0, True))", 0, {(1, 0), (-1, 0)}),
    ("Piecewise((x**2/Abs(x), Ne(x, 0)), (0, True))", 0, {(1, 0), (-1, 0)}),
    ("Piecewise((sqrt(2 - 2*cos(x))*x/x, Ne(x, 0)), (0, True))", 0, {(1, 0), (-1, 0)}),
    ("Piecewise((x**2/sqrt(x**2 + x**4), Ne(x, 0)), (0, True))", 0, {(1, 0), (-1, 0)}),
    ("Heaviside(x)*Abs(x)*sqrt(x**2 + x**4)", 0, {(0, 0)}),
    ("Piecewise((Max(x, 0)**2/x, Ne(x, 0)), (0, True)) + 3*x", 0, {(3, 0), (4, 0)}),
    ("cos(sqrt(Abs(x))) + Abs(x)/2", 0, {(0, 0)}),
    ("cos(sqrt(Abs(x - 1)))*(y + 2) + Abs(x - 1)", 1, {(0, 1)}),
    ("cos(sqrt(Abs(x - 1)))*(y + 2)", 1, {(1, 1), (-1, 1)}),
    ("Max(y + 1, cos(sqrt(Abs(x))))", 0, {(0, 1), (0.5, 0), (-0.5, 0)}),
]


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize("kind", ["program", "conical"])
@pytest.mark.parametrize(("text", "at", "wanted"), KNOWN)
def test_slopes_from_both_sides(text, at, wanted, kind, convert):
    J = cj.conservative_jacobian(cj.from_sympy(text, state="x y"), [convert(at), convert(0)], kind=kind)
    assert ({tuple(row) for row in J.vertices[:, 0].tolist()}, J.exactness.name) == (wanted, "EXACT")


@pytest.mark.parametrize(("text", "at", "wanted"), KNOWN)
def test_differences_of_values_agree(text, at, wanted):
    """Slopes of the values on both sides in x, beside the point, lie in the set to first order."""
    F = cj.from_sympy(text, state="x y")
    slopes = {round(row[0], 1) for row in wanted}
    for side in (1, -1):
        step = 1e-6 * side
        ends = F.evaluate([[at + step, 0.0], [at + 2 * step, 0.0]], np.zeros(0))[:, 0]
        slope = (ends[1] - ends[0]) / step
        assert min(slopes) - 1e-2 <= slope <= max(slopes) + 1e-2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sign(x)*sqrt(x**2 + x**4)", [1]),
        ("sign(x)*sqrt(x**2 + Abs(x)**3) + Abs(x)", [0, 2]),
        ("Piecewise((1, x > 0), (-1, x < 0), (0, True))*sqrt(x**2 + x**4)", [1]),
    ],
)
def test_jumps_that_a_kink_takes_back(text, wanted):
    """The program may return more, as with sign(x)*Abs(x)."""
    found = cj.jacobians.jacobian_sandwich(cj.from_sympy(text, state="x"), [0])
    assert (sorted(found.conical.vertices.ravel().tolist()), found.conical.exactness.name) == (wanted, "EXACT")
    assert found.program.exactness.name == "OUTER"


def test_one_side_of_a_maximum_with_a_kink():
    F = cj.from_sympy("Max(x, cos(sqrt(Abs(x))) - 1)", state="x")
    found = cj.jacobians.jacobian_sandwich(F, [0])
    assert (sorted(found.conical.vertices.ravel().tolist()), found.conical.exactness.name) == ([0.5, 1], "EXACT")
    assert (found.program.vertices.size, found.program.exactness.name) == (3, "OUTER")


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(Abs(x))",
        "exp(sqrt(Max(x, 0)))",
        "x*sqrt(Max(y, 0))",  # at x = t, y = t**4 its slope in y is of the order of 1/t
        "Piecewise((Abs(x)/x, Ne(x, 0)), (0, True))",
        "Piecewise((sqrt(Abs(x))*sin(x)/x, Ne(x, 0)), (0, True))",
    ],
)
def test_what_is_steep_or_jumps_is_refused(text):
    with pytest.raises(FunctionError):
        cj.conservative_jacobian(cj.from_sympy(text, state="x y"), [0, 0])


def test_a_kink_is_explained_as_the_tie_that_it_is():
    explanation = cj.explain(cj.from_sympy("cos(sqrt(Abs(x))) + Abs(x)", state="x"), [0])
    assert [str(tie.expression) for tie in explanation.ties] == ["Abs(x)"]
    assert np.isnan(explanation.derivative("JAX")).all()
    form = cj.from_sympy("cos(sqrt(Abs(x)))", state="x").switched([0])
    assert sorted(form.vertices().ravel().tolist()) == [-0.5, 0.5]
