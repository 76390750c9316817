"""At floating-point points the tolerance decides which values tie; what follows is exact, whatever its scale."""

import re
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import strategies as st
from strategies.functions import WITH_DECIDED_GUARDS
from strategies.stages import drawn

import conservative as cj
from conservative._core.exactness import Exactness
from conservative.jacobians.explanation.in_doubles import in_doubles

DISC = "Piecewise((x, x**2 + y**2 <= 1), (x/sqrt(x**2 + y**2), True))"


def thin(slope):
    """The set that is 0 to first order but for a cone whose width is the slope."""
    return f"Max(Min(y, {slope}*x - y), 0)"


# name, F, state, point, Clarke's vertices: all three readings, EXACT
TABLE = [
    ("absolute value, scaled inside", "1e10*Max(1e-10*x, -1e-10*x)", "x", [0.0], [(-1,), (1,)]),
    ("relu by a small parameter", "Max(c*v, 0)/c", "vc", [0.0, 1e-12], [(0, 0), (1, 0)]),
    ("relu by a large parameter", "Max(c*v, 0)/c", "vc", [0.0, 1e12], [(0, 0), (1, 0)]),
    ("differing in small entries", "1e9*Max(x + 1e-9*y, x)", "xy", [0.0, 0.0], [(1e9, 0), (1e9, 1)]),
    ("differing in smaller ones", "1e13*Max(x + 1e-13*y, x)", "xy", [0.0, 0.0], [(1e13, 0), (1e13, 1)]),
    ("gradients of very different size", "Max(1e12*x, 1e-12*x)", "x", [0.0], [(1e-12,), (1e12,)]),
    ("a thin cone", thin("2e-9"), "xy", [0.0, 0.0], [(0, 0), (0, 1), (2e-9, -1)]),
    ("a thinner cone", thin("1e-14"), "xy", [0.0, 0.0], [(0, 0), (0, 1), (1e-14, -1)]),
    ("the thinnest", thin("1e-200"), "xy", [0.0, 0.0], [(0, 0), (0, 1), (1e-200, -1)]),
    ("thin in space", f"{thin('2e-9')} + z", "xyz", [0.0] * 3, [(0, 0, 1), (0, 1, 1), (2e-9, -1, 1)]),
    ("thin beside a curve", f"{thin('2e-9')} + exp(z)", "xyz", [0.0] * 3, [(0, 0, 1), (0, 1, 1), (2e-9, -1, 1)]),
    ("equal through a root", "Max(sqrt(x)*sqrt(x), x)", "x", [1.3], [(1,)]),
    ("the disc beside its boundary", DISC, "xy", [0.6, 0.8], [(0.64, -0.48), (1, 0)]),
    ("an exponential as a slope", "Abs(exp(x)*y)", "xy", [0.0, 0.0], [(0, -1), (0, 1)]),
]


def rows(J):
    return sorted(tuple(block.ravel().tolist()) for block in J.vertices)


@pytest.mark.parametrize("kind", ["program", "selection", "conical"])
@pytest.mark.parametrize(("F", "state", "at", "clarke"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE])
def test_known_sets(F, state, at, clarke, kind):
    J = cj.conservative_jacobian(cj.from_sympy(F, state=list(state)), at, kind=kind)
    assert np.allclose(rows(J), sorted(clarke), rtol=1e-9, atol=0)
    assert J.exactness is Exactness.EXACT


@pytest.mark.parametrize(("F", "state", "at", "clarke"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE])
def test_the_batched_call_merges_nothing_either(F, state, at, clarke):
    J = cj.jacobians.conservative_jacobians(cj.from_sympy(F, state=list(state)), [at, at])
    listed = sorted(tuple(b.ravel().tolist()) for b in J.vertices[: J.counts[0]])
    assert np.allclose(listed, sorted(clarke), rtol=1e-9, atol=0)
    assert J.counts.tolist() == [len(clarke)] * 2


@pytest.mark.parametrize("F", ["1e10*Max(1e-10*x, -1e-10*x)", "Max(Min(y, x/5e8 - y), 0)"])
def test_without_tolerance_too(F):
    F = cj.from_sympy(F, state=["x", "y"])
    exact, floating = (cj.conservative_jacobian(F, at, kind="conical") for at in ([0, 0], [0.0, 0.0]))
    assert rows(exact) == rows(floating) == rows(cj.conservative_jacobian(F, [0.0, 0.0], kind="conical", tolerance=0))


def test_a_tie_used_twice_at_a_double_beside_it():
    F = cj.from_sympy("Max(x*y, 0.3) - Max(0.3 - x*y, 0)", state=["x", "y"])
    found = cj.jacobians.jacobian_sandwich(F, [0.5, 0.6])
    assert (found.conical.exactness, found.program.exactness) == (Exactness.EXACT, Exactness.OUTER)
    assert rows(found.conical) == [(0.6, 0.5)]
    assert len(found.program.vertices) == 3


def test_what_enclosures_cannot_decide_is_not_claimed():
    # the second maximum repeats the first; with an irrational slope the empty cones have no rational proof
    F = cj.from_sympy("Max(exp(x)*y, 0) - Max(-exp(x)*y, 0) + Max(exp(x)*y, exp(2*x)*exp(-x)*y)", state=["x", "y"])
    J = cj.conservative_jacobian(F, [0.3, 0.0])
    assert J.exactness in (Exactness.OUTER, Exactness.EXACT)
    slopes = np.array(rows(cj.conservative_jacobian(F, [0.3, 0.0], kind="conical")))
    assert np.allclose(slopes, [[0.0, 2 * np.exp(0.3)]])


def test_implicit_derivatives_see_small_slopes():
    F = cj.from_sympy("t + 1e9*Max(1e-10*x, -1e-10*x)", state=["x"], parameters=["t"])
    solved = cj.implicit_jacobian(cj.conservative_jacobian(F, [0.0, 0.0]))
    ends = sorted(float(v[0, 0]) for v in solved.hull.vertices)
    assert np.allclose(ends, [1 / 1.1, 1 / 0.9])


def test_the_test_of_conservativity_sees_small_slopes():
    F = cj.from_sympy("1e10*Max(1e-10*x, -1e-10*x)", state=["x"])
    assert cj.check_conservativity(F, rng=0, curves=8).passed


SCALES = st.sampled_from(
    [Fraction(2) ** 40, Fraction(1, 2**40), Fraction(10) ** 10, Fraction(1, 10**10), Fraction(10) ** 12]
)


def _scaled(tree, outer, inner):
    """F and outer * F(x / inner), which has the same cones, and slopes times outer / inner."""
    inside = re.sub(r"\b([xy])\b", rf"(({1 / inner})*\1)", tree.text)
    return [cj.from_sympy(text, state=["x", "y"]) for text in (tree.text, f"({outer})*({inside})")]


@drawn(10, 150, tree=WITH_DECIDED_GUARDS, outer=SCALES, inner=SCALES, exact=st.booleans())
def test_sets_scale_with_the_function(tree, outer, inner, exact):
    at = [0, 0] if exact else [0.0, 0.0]
    plain, scaled = (cj.jacobians.jacobian_sandwich(F, at, tolerance=0.0) for F in _scaled(tree, outer, inner))
    for name in ("conical", "program"):
        one, other = getattr(plain, name), getattr(scaled, name)
        assert one.exactness is other.exactness
        assert np.allclose(np.array(rows(one)) * float(outer / inner), rows(other), rtol=1e-12, atol=0)


IRRATIONAL = [
    sympy.sqrt(2), sympy.pi**2, sympy.E, sympy.log(2), sympy.sqrt(2) + sympy.cbrt(3), sympy.GoldenRatio, sympy.Catalan,
    2 ** sympy.sqrt(2), sympy.cos(sympy.pi / 7), sympy.erf(1), sympy.EulerGamma, sympy.exp(sympy.Rational(1, 3)),
]  # fmt: skip


@pytest.mark.parametrize("constant", IRRATIONAL, ids=str)
def test_irrational_constants_are_enclosed_operation_by_operation(constant):
    x, y = sympy.symbols("x y")
    J = cj.conservative_jacobian(cj.from_sympy(sympy.Max(constant * x, y), state=[x, y]), [0.0, 0.0])
    assert J.exactness.name == "EXACT"
    assert sorted(J.vertices[:, 0].tolist()) == [[0.0, 1.0], [float(constant), 0.0]]


@pytest.mark.parametrize(
    ("text", "at", "slope"),
    [
        ("(x - 1/10)*sqrt(Abs(x - 1/10))", 0.1, 0.0),
        ("x*sqrt(Abs(x - 3/10))", 3 * 0.1, None),
        ("Abs(x - 3/10)**(3/2)", 3 * 0.1, 0.0),
        ("Max(x - 3/10, 0)**(3/2)", 3 * 0.1, 0.0),
        ("Max(x - 3/10, 0)*sqrt(Max(x - 3/10, 0))", 3 * 0.1, 0.0),
    ],
)
def test_absolute_values_and_maxima_with_zero_are_never_negative_at_a_tie_within_the_tolerance(text, at, slope):
    F = cj.from_sympy(text, state="x")
    assert F.evaluate([at])[0] == pytest.approx(0.0, abs=1e-8)
    for found in (cj.conservative_jacobian(F, [at]).vertices, cj.jacobians.conservative_jacobians(F, [[at]]).vertices):
        assert np.isfinite(found).all()
        assert slope is None or found.ravel() == pytest.approx(slope, abs=2e-8)


@pytest.mark.parametrize(
    ("text", "at", "doubtful"),
    [
        ("Max(softplus(x), 0.6931471805599453)", 0.0, True),
        ("Max(acos(x), 1.5707963267948966)", 0.0, True),
        ("Max(acos(x), 0)", 1.0, False),
        ("Max(sigmoid(x), 1/2)", 0.0, False),
        ("Max(erf(x), 0)", 0.0, False),
        ("Max(sinc(x), 1)", 0.0, False),
        ("Max(log(x), 0)", 1.0, False),
    ],
)
def test_ties_of_exact_values_of_smooth_functions_are_sure_and_the_others_are_not(text, at, doubtful):
    found = in_doubles(cj.from_sympy(text, state="x").graph, [at])
    assert bool(found.uncertain) is doubtful


def test_the_batched_call_claims_no_more_beside_a_completed_quotient():
    # within the tolerance of the hole, where the quotient in doubles is far from its limit; completed, it is 1 + y/2
    F = cj.from_sympy("cos(Piecewise(((exp(y) - 1)/y, Ne(y, 0)), (1, True))*z**2) - 1", state="y z")
    single = cj.conservative_jacobian(F, [1e-12, 1e-12])
    assert cj.jacobians.conservative_jacobians(F, [[1e-12, 1e-12]])[0].exactness is single.exactness
    assert single.vertices == pytest.approx(np.array([[[-5e-49, -2e-36]]]), rel=1e-6)
    assert single.exactness.name == "EXACT"
