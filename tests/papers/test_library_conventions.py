"""What JAX and PyTorch return at ties, as observed with JAX 0.10 (x64) and PyTorch 2.13, against `explain`.

The formulas are those of tests/peers, which run the libraries themselves.
"""

import numpy as np
import pytest

import conservative as cj

BALL_SHIFT = "Max(Max(Abs(x), Abs(y)) - 1, (Abs(x) + Abs(y) - 1)/2, 0)"
BALL_BY_CASES = [
    f"Piecewise(({v}, Abs(x) + Abs(y) <= 1), (sign({v})*Max(Abs({v}) - {BALL_SHIFT}, 0), True))" for v in "xy"
]
SIMPLEX = [f"project_simplex({i}, x, y, z)" for i in (1, 2, 3)]
ELASTIC = "Piecewise(((x - 1)/(3/2), x > 1), ((x + 1)/(3/2), x < -1), (0, True))"
RELU_SOFT = "Max(x - l, 0) - Max(-x - l, 0)"
SORT = [f"order_statistic({k}, x, y)" for k in (1, 2)]
SORT_BY_CASES = ["Piecewise((x, x <= y), (y, True))", "Piecewise((y, x <= y), (x, True))"]

# formula, spelling of maxima with constants, variables, point, JAX, PyTorch (None: not observed)
TABLE = [
    ("Max(-x, 0) + x - Max(x, 0)", "relu", "x", [0], 1, 1),
    ("Max(-x, 0) + x", "relu", "x", [0], 1, 1),
    ("(Max(x, 0) + Max(-x, 0) + x)/2", "relu", "x", [0], 0.5, 0.5),
    ("Max(x, y)", "maximum", "xy", [2, 2], [0.5, 0.5], [0.5, 0.5]),
    ("Max(x, 0)", "relu", "x", [0], 0, 0),
    ("Max(x, 0)", "maximum", "x", [0], 0.5, 0.5),
    ("Max(x, 0)", "clip", "x", [0], 0.5, 1),
    ("Max(x, 0)", "where", "x", [0], 0, 0),
    ("Min(Max(x, 0), 10)", "clip", "x", [0], 0.5, 1),
    ("Piecewise((x, x > 0), (0, True))", "maximum", "x", [0], 0, 0),
    ("Abs(x) - Abs(-x)", "maximum", "x", [0], 2, 0),
    ("Abs(x) - Abs(x)", "maximum", "x", [0], 0, None),
    ("Max(x, -x) - Abs(x)", "maximum", "x", [0], -1, 0),
    (["Max(x, 0)", "Max(-x, 0)"], "relu", "x", [0], [[0], [0]], None),
    ("Abs(x) + Abs(y)", "maximum", "xy", [0, 1], [1, 1], None),
    ("Max(Abs(x), Abs(y))", "maximum", "xy", [1, -1], [0.5, -0.5], [0.5, -0.5]),
    ("Abs(x) + Abs(y) - Max(Abs(x), Abs(y))", "maximum", "xy", [0, 0], [0.5, 0.5], None),
    ("Max(Min(x, y), -x - y)", "maximum", "xy", [0, 0], [-0.25, -0.25], [-0.25, -0.25]),
    (SORT, "maximum", "xy", [3, 3], np.eye(2), np.eye(2)),
    (SORT_BY_CASES, "maximum", "xy", [3, 3], np.eye(2), np.eye(2)),
    (RELU_SOFT, "relu", "xl", [1, 1], [0, 0], None),
    (ELASTIC, "maximum", "x", [-1], 0, None),
    ([f"Min(Max({v}, 0), 1)" for v in "xy"], "clip", "xy", [0, 1], [[0.5, 0], [0, 0.5]], None),
    ("Max(0, 1 - x*y)", "maximum", "xy", [1, 1], [-0.5, -0.5], [-0.5, -0.5]),
    ("Max(0, 1 - x*y)", "clip", "xy", [1, 1], None, [-1, -1]),
    ("Max(Min(y, x**2 - y), 0)", "relu", "xy", [0, 0], [0, 0], None),
    ("Max(Min(y, x**2 - y), 0)", "maximum", "xy", [0, 0], [0, 0], None),
    (BALL_BY_CASES, "maximum", "xy", [0.5, 0.5], np.eye(2), None),
    ("Abs(y - x) + Abs(z - y)", "maximum", "xyz", [1, 1, 1], [-1, 0, 1], None),
]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("F", "spelling", "names", "at", "jax", "torch"), TABLE, ids=[f"{r[0]} {r[1]}" for r in TABLE])
def test_observed_derivatives(F, spelling, names, at, jax, torch, exact):
    selection = cj.from_sympy(F, state=list(names))
    point = [rational(v) if exact else float(v) for v in at]
    explanation = cj.explain(selection, point)
    for framework, observed in (("JAX", jax), ("PyTorch", torch)):
        if observed is not None:
            found = explanation.derivative(framework, spelling=spelling)
            np.testing.assert_array_equal(found, np.atleast_2d(observed))


def rational(value):
    return int(value) if float(value).is_integer() else f"{int(2 * value)}/2"


def test_jax_leaves_clarke_at_the_simplex():
    F = cj.from_sympy(SIMPLEX, state=["x", "y", "z"])
    found = cj.explain(F, ["1/2", "1/2", 0]).derivative("JAX")
    clarke = cj.conservative_jacobian(F, ["1/2", "1/2", 0], kind="conical")
    assert not cj.MatrixPolytope(clarke.vertices).contains(found[None]).item()


@pytest.mark.parametrize("spelling", ["maximum", "relu", "clip", "where"])
@pytest.mark.parametrize(("F", "names", "at"), [(r[0], r[2], r[3]) for r in TABLE], ids=[str(r[0]) for r in TABLE])
def test_every_prediction_lies_in_the_program_reading(F, names, at, spelling):
    selection = cj.from_sympy(F, state=list(names))
    J = cj.conservative_jacobian(selection, at)
    for framework in ("JAX", "PyTorch", "NumPy"):
        found = cj.explain(selection, at).derivative(framework, spelling=spelling)
        assert cj.MatrixPolytope(J.vertices).contains(found[None], tol=1e-12).item()
