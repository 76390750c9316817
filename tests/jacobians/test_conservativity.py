"""`check_conservativity`: right Jacobians pass, and every way to spoil one that curves can see is caught."""

import numpy as np
import pytest
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

import conservative as cj

SHIFT = "Max(Max(x, y, z) - 1, (x + y + z - Min(x, y, z) - 1)/2, (x + y + z - 1)/3)"
RIGHT = {
    "zero written with relus": ("Max(-x, 0) + x - Max(x, 0)", "xy"),
    "correlated and not": ("Abs(x) - Max(x, -x) + Abs(y)", "xy"),
    "simplex projection": ([f"Max({v} - {SHIFT}, 0)" for v in "xyz"], "xyz"),
    "soft threshold by sign": ([f"sign({v})*Max(Abs({v}) - Abs(l), 0)" for v in "xy"], "xyl"),
    "smooth between kinks": ("exp(Abs(x - y))*Min(x, y, l) + Max(x, 0)**2*Piecewise((x, x > 0), (0, True))", "xyl"),
    "ball": ("Max(x**2 + y**2, 1)", "xy"),
    "smooth": ("sin(x)*y", "xy"),
    "median": ("Max(Min(x, y), Min(Max(x, y), z))", "xyz"),
}


def build(name):
    F, state = RIGHT[name]
    return cj.from_sympy(F, state=list(state))


def sign_of(value):
    return 0.0 if abs(value) < 1e-9 else float(np.sign(value))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", RIGHT)
def test_the_package_s_own_jacobians_pass(name, seed):
    result = cj.check_conservativity(build(name), rng=seed)
    assert result.passed, result
    assert 0 <= result.worst <= result.tolerance
    assert result.curves > 20


@drawn(8, 80, PIECEWISE_LINEAR)
def test_random_piecewise_linear_functions_pass(tree):
    F = cj.from_sympy(tree.text, state=["x", "y"])
    assert cj.check_conservativity(F, rng=0, curves=16).passed


def test_what_no_curve_can_see_passes():
    """[-2, 2] for |x| at x = 0 is conservative too: curves inside x = 0 do not move in x."""
    F = cj.from_sympy("Abs(x)", state=["x", "y"])

    def wide(point):
        s = sign_of(point[0])
        return [[[s, 0.0]]] if s else [[[-2.0, 0.0]], [[2.0, 0.0]]]

    assert cj.check_conservativity(F, wide, rng=0).passed


SPOILED = {
    "wrong along the kink": lambda p: [[[sign_of(p[0]), 0.0]]] if sign_of(p[0]) else [[[1.0, 0.0]], [[-1.0, 0.5]]],
    "slightly wrong along the kink": lambda p: [[[sign_of(p[0]), 0.0 if sign_of(p[0]) else 1e-4]]],
    "one side": lambda p: [[[1.0, 0.0]]],
    "scaled": lambda p: [[[1.001 * sign_of(p[0]), 0.0]]],
    "an extra element on one side": lambda p: [[[1.0, 0.0]], [[-1.0, 0.0]]] if p[0] > -1e-9 else [[[-1.0, 0.0]]],
    "wrong in a strip": lambda p: [[[sign_of(p[0]), float(abs(p[1]) < 0.05)]]],
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_wrong_jacobian_of_the_absolute_value_is_caught(how):
    F = cj.from_sympy("Abs(x)", state=["x", "y"])
    result = cj.check_conservativity(F, lambda p: np.array(SPOILED[how](p)), rng=0)
    assert not result.passed
    assert result.worst > result.tolerance
    start, end = result.curve[result.segment : result.segment + 2]
    assert result.difference == pytest.approx(abs(end[0]) - abs(start[0]), abs=1e-12)
    assert abs(result.integral - result.difference) >= result.worst / 2


def test_wrong_only_on_the_diagonal_kink_of_three_variables():
    F = cj.from_sympy("Max(x, y) + z", state=["x", "y", "z"])

    def spoiled(point):
        right = cj.conservative_jacobian(F, point.tolist()).vertices
        return right if len(right) == 1 else np.concatenate([right, right + np.array([0.25, 0.0, 0.0])])

    assert not cj.check_conservativity(F, spoiled, rng=0, curves=16).passed


def test_transposed_and_missing_components_are_caught():
    F = cj.from_sympy(["Max(x, 2*y)", "y"], state=["x", "y"])

    def transposed(point):
        return cj.conservative_jacobian(F, point.tolist()).vertices.transpose(0, 2, 1)

    assert not cj.check_conservativity(F, transposed, rng=0, curves=16).passed
    result = cj.check_conservativity(F, lambda p: np.array([[1.0, 0.0], [0.0, 1.0]]), rng=0)
    assert (result.passed, result.component) == (False, 0)


def test_jacobian_sets_may_be_returned():
    F = cj.from_sympy("Max(x, y)", state=["x", "y"])
    assert cj.check_conservativity(F, lambda p: cj.conservative_jacobian(F, p.tolist()), rng=0, curves=8).passed


def test_the_seed_decides():
    F = build("median")
    first, again, other = (cj.check_conservativity(F, lambda p: np.zeros((1, 3)), rng=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.curve, again.curve)
    assert first.worst == again.worst != other.worst


def test_the_box_keeps_to_the_domain():
    F = cj.from_sympy("log(x)*Max(x, 1)", state="x")
    result = cj.check_conservativity(F, rng=0, box=(0.5, 3.0))
    assert result.passed
    assert result.curve.min() >= 0.5 - 1e-8
    with pytest.raises(cj.ConservativeError, match="defined on none"):
        cj.check_conservativity(F, rng=0, box=(-3.0, -1.0))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"J": 3}, TypeError, "function of a point"),
        ({"J": lambda p: np.zeros((2, 2, 2))}, cj.ShapeError, r"\(k, 1, 2\)"),
        ({"J": lambda p: np.zeros((0, 1, 2))}, cj.ShapeError, r"\(k, 1, 2\)"),
        ({"curves": 0}, ValueError, "curves"),
        ({"tolerance": 0.0}, ValueError, "tolerance"),
        ({"box": (1.0, -1.0)}, ValueError, "lower <= upper"),
        ({"box": 3.0}, ValueError, "box"),
        ({"box": ([0.0, 0.0, 0.0], 1.0)}, ValueError, "box"),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(error, match=words):
        cj.check_conservativity(cj.from_sympy("Max(x, y)", state=["x", "y"]), rng=0, **options)


def test_other_functions_are_refused():
    with pytest.raises(TypeError, match="PiecewiseSelection"):
        cj.check_conservativity(abs)
    assert cj.check_conservativity.__test__ is False
