"""Derivatives of JAX at ties: the observed ones of the table, and always inside the program reading.

Observed with JAX 0.10 in double precision.
"""

import numpy as np
import pytest
from peers.translation import lies_in_program_reading

import conservative as cj

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp = jax.numpy
jax.config.update("jax_enable_x64", True)
relu, where = jax.nn.relu, jnp.where


def soft(z, t):
    return relu(z - t) - relu(-z - t)


def simplex(v):
    descending = jnp.sort(v)[::-1]
    sums = jnp.cumsum(descending) - 1
    support = jnp.sum(descending * jnp.arange(1, len(v) + 1) > sums)
    return jnp.maximum(v - sums[support - 1] / support, 0)


def ball(v):
    shift = jnp.max(v - simplex(jnp.abs(v)))
    return where(jnp.sum(jnp.abs(v)) <= 1, v, jnp.sign(v) * jnp.maximum(jnp.abs(v) - shift, 0))


def norm_difference(v):
    return jnp.sum(jnp.abs(v)) - jnp.max(jnp.abs(v))


BALL_TEXT = [f"project_l1_ball({i}, x, y)" for i in (1, 2)]
SIMPLEX_TEXT = [f"project_simplex({i}, x, y, z)" for i in (1, 2, 3)]

# the formula in JAX, the same as text, its variables, the point, and what JAX returns (None: only inside the reading)
TABLE = [
    (lambda x: relu(-x) + x - relu(x), "Max(-x, 0) + x - Max(x, 0)", "x", [0], 1),
    (lambda x: relu(-x) + x, "Max(-x, 0) + x", "x", [0], 1),
    (lambda x: (relu(x) + relu(-x) + x) / 2, "(Max(x, 0) + Max(-x, 0) + x)/2", "x", [0], 0.5),
    (lambda x, y: jnp.maximum(x, y), "Max(x, y)", "xy", [2, 2], [0.5, 0.5]),
    (relu, "relu(x)", "x", [0], 0),
    (lambda x: jnp.maximum(x, 0), "Max(x, 0)", "x", [0], 0.5),
    (lambda x: jnp.clip(x, 0, 10), "clip(x, 0, 10)", "x", [0], 0.5),
    (lambda x: where(x > 0, x, 0), "Piecewise((x, x > 0), (0, True))", "x", [0], 0),
    (lambda x: jnp.abs(x) - jnp.abs(-x), "Abs(x) - Abs(-x)", "x", [0], 2),
    (lambda x: (lambda a: a - a)(jnp.abs(x)), "Abs(x) - Abs(x)", "x", [0], 0),
    (lambda x: jnp.maximum(x, -x) - jnp.abs(x), "Max(x, -x) - Abs(x)", "x", [0], -1),
    (lambda x: jnp.stack([relu(x), relu(-x)]), ["relu(x)", "relu(-x)"], "x", [0], [[0], [0]]),
    (lambda x, y: jnp.abs(x) + jnp.abs(y), "norm1(x, y)", "xy", [0, 1], [1, 1]),
    (lambda x, y: jnp.max(jnp.abs(jnp.stack([x, y]))), "norm_inf(x, y)", "xy", [1, -1], [0.5, -0.5]),
    (lambda x, y: norm_difference(jnp.stack([x, y])), "norm1(x, y) - norm_inf(x, y)", "xy", [0, 0], [0.5, 0.5]),
    (lambda x, y: jnp.maximum(jnp.minimum(x, y), -x - y), "Max(Min(x, y), -x - y)", "xy", [0, 0], [-0.25, -0.25]),
    (
        lambda x, y: jnp.sort(jnp.stack([x, y])),
        [f"order_statistic({k}, x, y)" for k in (1, 2)],
        "xy",
        [3, 3],
        np.eye(2),
    ),
    (soft, "soft_threshold(x, l)", "xl", [1, 1], [0, 0]),
    (lambda x: soft(x, 1) / 1.5, "soft_threshold(x, 1)/1.5", "x", [-1], 0),
    (
        lambda x, y: jnp.clip(jnp.stack([x, y]), 0, 1),
        ["clip(x, 0, 1)", "clip(y, 0, 1)"],
        "xy",
        [0, 1],
        [[0.5, 0], [0, 0.5]],
    ),
    (lambda x, y: jnp.maximum(0, 1 - x * y), "hinge(x*y)", "xy", [1, 1], [-0.5, -0.5]),
    (lambda x, y: relu(jnp.minimum(y, x**2 - y)), "relu(Min(y, x**2 - y))", "xy", [0, 0], [0, 0]),
    (lambda x, y, z: simplex(jnp.stack([x, y, z])), SIMPLEX_TEXT, "xyz", [0.5, 0.5, 0], None),
    (lambda x, y: ball(jnp.stack([x, y])), BALL_TEXT, "xy", [0.5, 0.5], np.eye(2)),
    (
        lambda x, y, z: jnp.sum(jnp.abs(jnp.diff(jnp.stack([x, y, z])))),
        "total_variation(x, y, z)",
        "xyz",
        [1, 1, 1],
        [-1, 0, 1],
    ),
]


def derivatives(function, at):
    """By forward and by reverse mode; NumPy arrays of shape (q, n)."""
    point = jnp.array(at, dtype=jnp.float64)
    return [np.atleast_2d(mode(function)(point)) for mode in (jax.jacfwd, jax.jacrev)]


@pytest.mark.parametrize(("function", "text", "names", "at", "observed"), TABLE, ids=[str(r[1]) for r in TABLE])
def test_observed_derivatives(function, text, names, at, observed):
    F = cj.from_sympy(text, state=list(names))
    for derivative in derivatives(lambda v: function(*v), at):
        if observed is not None:
            assert np.array_equal(derivative, np.atleast_2d(observed))
        assert lies_in_program_reading(F, at, derivative)


def test_the_simplex_projection_leaves_clarkes_jacobian():
    F = cj.from_sympy([f"project_simplex({i}, x, y, z)" for i in (1, 2, 3)], state=list("xyz"))
    clarke = cj.conservative_jacobian(F, ["1/2", "1/2", 0], kind="conical")
    for derivative in derivatives(simplex, [0.5, 0.5, 0]):
        assert not cj.MatrixPolytope(clarke.vertices).contains(derivative[None]).item()


def test_what_no_program_returns_is_told_apart():
    F = cj.from_sympy(["relu(x)", "relu(-x)"], state=["x"])
    for outside in ([[1.5], [0]], [[1], [0.5]], [[-0.1], [0]]):
        assert not lies_in_program_reading(F, [0], outside)
