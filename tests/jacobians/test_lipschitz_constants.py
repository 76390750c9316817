"""Brackets of the Lipschitz constants of the pieces' Jacobians, against calculus and sampled quotients."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import conservative as cj

# function, state, box, the constants of its pieces in some order
KNOWN = [
    ("Max(x, x**2)", "x", (-1, 1), [0, 2]),
    ("Max(x, 3 - 2*x, 0)", "x", (-5, 5), [0, 0, 0]),
    ("Abs(x)*x/2", "x", (-1, 1), [1, 1]),
    ("Max(x**3, 0)", "x", (-1, 2), [0, 12]),
    ("sin(x) + 0*Max(x, 0)", "x", (-3, 3), [1]),
    ("log(x)", "x", (0.5, 1), [4]),
    ("sqrt(x)", "x", (0.25, 1), [2]),
    ("x**(5/2)", "x", (0.25, 1), [15 / 4]),
    ("x*y", "xy", (-1, 1), [1]),
    (["x*y", "x**2/2"], "xy", (-1, 1), [math.sqrt(2)]),
    ("x**2 - x*x + y", "xy", (-1, 1), [0]),
    ("sign(x)*Max(Abs(x) - l, 0)", "xl", (-1, 1), [0] * 5),
    ("exp(x)*Piecewise((1, y > 0), (1, True))", "xy", (-1, 1), [math.e]),
    ("x**2*y", "xy", ([-1, 3], [1, 3]), [math.sqrt(40)]),
    ("atan(y)", "xy", ([-1, 1], [1, 1]), [0]),
]  # fmt: skip


@pytest.mark.parametrize(("F", "state", "box", "expected"), KNOWN, ids=[str(k[0]) for k in KNOWN])
def test_known_constants(F, state, box, expected):
    found = cj.jacobians.lipschitz_constants(cj.from_sympy(F, state=list(state)), box)
    assert len(found) == len(expected) == len(found.pieces)
    for bracket, value in zip(sorted(found, key=lambda b: b.upper), sorted(expected), strict=True):
        assert bracket.lower <= value * (1 + 1e-15)
        assert value <= bracket.upper * (1 + 1e-15)
        assert bracket.upper <= value * 1.03
        assert (bracket.upper == 0.0) == (value == 0)
    assert found.largest.upper == max(b.upper for b in found)


def test_the_two_components_and_their_norm():
    """T d for F = (xy, x²/2) is [[d₂, d₁], [d₁, 0]]: the square of its norm is 2d₁² + d₂²."""
    found = cj.jacobians.lipschitz_constants(cj.from_sympy(["x*y", "x**2/2"], state=["x", "y"]), (-1, 1))
    assert found[0].lower <= math.sqrt(2) <= found[0].upper <= 1.4143


ATOMS = st.sampled_from(["x", "y", "2", "(1/3)", "Max(x, y)", "Abs(x - 1/2)", "Min(x*y, 1)"])
GROWN = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b, op: f"({a} {op} {b})", inner, inner, st.sampled_from("+-*")),
        st.builds(lambda a, f: f"{f}({a})", inner, st.sampled_from(["sin", "cos", "atan", "tanh", "exp", "asinh"])),
        st.builds(lambda a, k: f"({a})**{k}", inner, st.sampled_from([2, 3])),
        st.builds(lambda a: f"1/(2 + ({a})**2)", inner),
        st.builds(lambda a: f"sqrt(1 + ({a})**2)", inner),
        st.builds(lambda a: f"log(2 + ({a})**2)", inner),
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=8)
@given(GROWN, st.integers(0, 10**6))
def test_difference_quotients_never_exceed_the_bound(text, seed):
    F = cj.from_sympy(text, state=["x", "y"])
    found = cj.jacobians.lipschitz_constants(F, ([-1.0, 0.0], [0.5, 1.0]))
    points = np.random.default_rng(seed).uniform([-1.0, 0.0], [0.5, 1.0], size=(12, 2))
    points[1::2] = points[::2] + 1e-3 * (points[1::2] - points[::2])
    for piece, bracket in zip(found.pieces, found, strict=True):
        jacobian = sympy.lambdify(piece.symbols, piece.jacobian, "numpy")
        values = [np.asarray(jacobian(*p), dtype=np.float64) for p in points]
        for i, a in enumerate(points):
            for j, b in enumerate(points[:i]):
                quotient = np.linalg.norm(values[i] - values[j]) / np.linalg.norm(a - b)
                assert quotient <= bracket.upper * (1 + 1e-9) + 1e-8
        assert bracket.lower <= bracket.upper


@pytest.mark.parametrize("lower", [0.0, -1.0])
def test_where_no_bound_exists_the_upper_end_is_infinite(lower):
    bracket = cj.jacobians.lipschitz_constants(cj.from_sympy("log(x)", state="x"), (lower, 1.0))[0]
    assert bracket.upper == math.inf
    assert bracket.lower >= 1.0


@pytest.mark.parametrize(
    ("box", "words"), [((1, 0), "lower <= upper"), ((0, math.inf), "finite"), (1.0, "box"), (([0, 0, 0], 1), "shape")]
)
def test_bad_boxes(box, words):
    with pytest.raises(ValueError, match=words):
        cj.jacobians.lipschitz_constants(cj.from_sympy("Max(x, y)", state=["x", "y"]), box)


def test_too_many_pieces_and_other_functions():
    F = cj.from_sympy(" + ".join(f"Max(x, {i})" for i in range(6)), state="x")
    with pytest.raises(cj.ConservativeError, match="max_pieces"):
        cj.jacobians.lipschitz_constants(F, (0, 1), max_pieces=10)
    with pytest.raises(TypeError, match="PiecewiseSelection"):
        cj.jacobians.lipschitz_constants(abs, (0, 1))
