"""What is said beside a set: values that rounding has parted, and points on the edge of the domain."""

import pytest
import sympy as sp

import conservative as cj
from conservative._core.exactness import Exactness

x, y = sp.symbols("x y")


def near(F, at):
    return cj.conservative_jacobian(cj.from_sympy(F, state=[x]), at).near_ties


@pytest.mark.parametrize(
    ("F", "at", "distance"),
    [
        (sp.Max(0.1 * x + 0.2, 0.3 * x), [1], 2.8e-17),
        (sp.Abs(x - 0.3), ["0.3"], 1.1e-17),
        (sp.Max(0.1 * x, 0.3 - 0.2 * x), [1], 2.8e-17),
        (sp.Piecewise((x, x < 0.3), (sp.Rational(3, 5) - x, True)), [sp.Rational(0.1) * 3], 5.5e-17),
        (sp.Abs(sp.exp(x) - sp.Float(2.718281828459045)), [1], 2.4e-16),
    ],
)
def test_values_that_rounding_has_parted_are_listed(F, at, distance):
    (tie,) = near(F, at)
    assert tie.distance == pytest.approx(distance, rel=0.2)
    explanation = cj.explain(cj.from_sympy(F, state=[x]), at)
    assert explanation.near_ties == (tie,)
    assert "no ties: F is smooth" not in str(explanation)
    assert "almost tied" in str(explanation)


@pytest.mark.parametrize(
    ("F", "at"),
    [
        (sp.Abs(x - 0.3), [2]),
        (sp.Max(x, 1), ["1000001/1000000"]),
        (sp.Abs(x), [sp.Rational(1, 10**30)]),
        (sp.Max(x / 3, sp.Rational(1, 9)), ["1/3"]),
        (sp.Max(x, 10**17), [10**17 + 1]),
        (sp.Max(sp.sin(x) ** 2 + sp.cos(x) ** 2, x / 2), [2]),  # a tie, though its digits vanish at none
    ],
)
def test_values_that_differ_as_meant_are_not(F, at):
    assert near(F, at) == ()


def test_the_report_says_so():
    third = sp.Rational(3, 10)
    F = cj.from_sympy(third + (x - third) * sp.Abs(x - 0.3), state=[x])
    result = cj.analyze(F, at=["0.3"], time_limit=None)
    assert "near ties, taken as not tied: Abs(x - " in str(result)


EDGES = [
    ("x**1.5", [0], "x**(3/2)"),
    ("(1-x)**(3/2)", [1], "(1 - x)**(3/2)"),
    ("(x**2 - x**3*4 - y**2)**(5/2)", [0, 0], "(5/2)"),
    ("x**(7/3) + Abs(y)", [0, 0], "x**(7/3)"),
]
WITHIN = [
    "(x**2)**1.5",
    "Max(x, 0)**1.5",
    "Abs(x)**(4/3)",
    "(x**2 + y**2)**1.5",
    "(x**2 + y**4)**1.5",
    "Piecewise((x**1.5, x > 0), (0, True))",
    "(sinh(x)**2 + sin(y)**2)**1.5",
    "(Max(x, 0)*Max(y, 0))**1.5",
    "(Abs(sin(x))*exp(y)*Max(cosh(y) - 2, y**2*x**4))**1.5",
]


@pytest.mark.parametrize("convert", [int, float])
@pytest.mark.parametrize(("F", "at", "shown"), EDGES)
def test_points_on_the_edge_of_the_domain_say_so(F, at, shown, convert):
    F = cj.from_sympy(F, state=["x", "y"][: len(at)])
    at = [convert(v) for v in at]
    found = cj.jacobians.jacobian_sandwich(F, at)
    assert len(found.program.edges) == 1
    assert shown in found.program.edges[0]
    assert found.clarke is None
    assert (found.conical.exactness, found.program.exactness) == (Exactness.INNER, Exactness.OUTER)
    assert "on the domain's edge" in repr(found.program)
    assert "on the edge of the domain of" in str(cj.explain(F, at))
    many = cj.jacobians.conservative_jacobians(F, [[float(v) for v in at]])
    assert many[0].exactness is Exactness.OUTER


@pytest.mark.parametrize("convert", [int, float])
@pytest.mark.parametrize("F", WITHIN)
def test_points_inside_it_do_not(F, convert):
    J = cj.conservative_jacobian(cj.from_sympy(F, state=["x", "y"]), [convert(0)] * 2)
    assert J.edges == ()
    assert J.exactness is Exactness.EXACT


def test_the_report_names_the_edge():
    F = cj.from_sympy("t/2 + x**1.5 + x/4", state=["x"], parameters=["t"])
    assert "the point is on the edge of the domain of x**(3/2)" in str(cj.analyze(F, at=[0, 0], time_limit=None))


def test_sums_of_sets_keep_the_edge():
    J = cj.conservative_jacobian(cj.from_sympy("x**1.5", state=["x"]), [0])
    total = cj.jacobians.add_jacobians(J, J)
    assert (total.edges, total.exactness) == (J.edges, Exactness.OUTER)
