"""`evaluate`: shapes, chunks and rewritten sums against hand-written NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from strategies.functions import PIECEWISE_LINEAR

import conservative as cj
from conservative.functions.graph import compiled

SOFT = ["Max(x - l, 0) - Max(-x - l, 0)", "sign(y)*Max(Abs(y) - l, 0)"]


def soft(x, theta):
    return np.sign(x) * np.maximum(np.abs(x) - theta, 0)


@pytest.mark.parametrize(
    ("x_shape", "theta_shape"), [((2,), (1,)), ((5, 2), (1,)), ((2,), (4, 1)), ((3, 1, 2), (4, 1)), ((0, 2), (1,))]
)
def test_leading_axes_broadcast(x_shape, theta_shape):
    F = cj.from_sympy(SOFT, state=["x", "y"], parameters="l")
    rng = np.random.default_rng(0)
    x, theta = rng.normal(size=x_shape) * 2, np.abs(rng.normal(size=theta_shape))
    found = F.evaluate(x, theta)
    assert found.shape == (*np.broadcast_shapes(x_shape[:-1], theta_shape[:-1]), 2)
    np.testing.assert_allclose(found, soft(x, theta), atol=1e-15)


@pytest.mark.parametrize("chunk", [1, 7, 100, 101])
def test_chunks_make_no_difference(monkeypatch, chunk):
    F = cj.from_sympy([*SOFT, "1", "l"], state=["x", "y"], parameters="l")
    x, theta = np.random.default_rng(1).normal(size=(100, 2)), np.array([0.5])
    whole = F.evaluate(x, theta)
    monkeypatch.setattr(compiled, "_CHUNK", chunk)
    np.testing.assert_array_equal(F.evaluate(x, theta), whole)
    np.testing.assert_array_equal(whole[:, 2:], np.tile([1.0, 0.5], (100, 1)))


@settings(deadline=None, max_examples=80)
@given(PIECEWISE_LINEAR)
def test_random_functions_of_two_variables(tree):
    F = cj.from_sympy(tree.text, state=["x", "y"])
    points = np.random.default_rng(2).integers(-4, 5, size=(50, 2)) / 2
    np.testing.assert_allclose(F.evaluate(points)[:, 0], tree(points[:, 0], points[:, 1]), atol=1e-12)


@pytest.mark.parametrize(
    ("text", "by_hand"),
    [
        ("-x - y", lambda x, y: -x - y),
        ("x - y", lambda x, y: x - y),
        ("x - y + Max(-y, 0)", lambda x, y: x - y + np.maximum(-y, 0)),
        ("1 - x*y - x", lambda x, y: 1 - x * y - x),
        ("sign(x - y)*(x - y)", lambda x, y: np.abs(x - y)),
        ("sign(-x)*x", lambda x, y: -np.abs(x)),
        ("1/(2 + Abs(x)) - x**2 + (1 + x**2)**(y/2)", lambda x, y: 1 / (2 + abs(x)) - x**2 + (1 + x**2) ** (y / 2)),
        ("Piecewise((x, And(x > y, Not(x > 1))), (Min(x, y, 1), True))", None),
    ],
)
def test_rewritten_operations(text, by_hand):
    by_hand = by_hand or (lambda x, y: np.where((x > y) & ~(x > 1), x, np.minimum(np.minimum(x, y), 1)))
    x, y = np.random.default_rng(3).normal(size=(2, 40))
    F = cj.from_sympy(text, state=["x", "y"])
    np.testing.assert_allclose(F.evaluate(np.stack([x, y], axis=-1))[:, 0], by_hand(x, y), atol=1e-14)


def test_values_that_do_not_exist_are_nan():
    F = cj.from_sympy(["log(x)", "1/x", "Piecewise((x, x > 0))", "sqrt(x)"], state="x")
    assert np.isnan(F.evaluate([[-1.0]])).tolist() == [[True, False, True, True]]


def test_infinite_arguments_are_refused():
    with pytest.raises(ValueError, match="finite"):
        cj.from_sympy("x", state="x").evaluate(np.array([[np.inf]]))


@pytest.mark.parametrize(
    ("text", "value"), [("x + t/x", 17 / 6), ("(x + t/x)/2", 17 / 12), ("t - x/t - t/x", 2 - 3 / 4 - 4 / 3)]
)
def test_a_reciprocal_in_a_sum_is_no_sign(text: str, value: float) -> None:
    """A power of −1 and the constant −1 both hold −1 as data: terms times the latter alone are subtracted."""
    F = cj.from_sympy(text, state="x", parameters="t")
    assert F.evaluate([1.5], [2.0]).item() == pytest.approx(value, rel=1e-15)
    assert float(F.residual([1.5, 2.0]).values[0]) == pytest.approx(value - 1.5, rel=1e-14)
