"""Programs in JAX: their sets at ties are the known ones, and hold what JAX returns."""

import doctest
from itertools import product

import numpy as np
import pytest

import conservative as cj
from conservative.gallery.lasso import diabetes_path

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax


def opened(F, x, theta=None, **options):
    return cj.from_jax(F, x, theta, **options).switched()


def same_sets(one, other, *, within=1e-12):
    one, other = (np.asarray(blocks, dtype=float).reshape(len(blocks), -1) for blocks in (one, other))
    apart = np.abs(one[:, None] - other[None]).max(axis=-1)
    return max(apart.min(axis=0).max(), apart.min(axis=1).max()) <= within


def zeros(count):
    return np.zeros(count)


# a program, its point, the slopes that it may return
SLOPES = [
    (lambda x: jnp.maximum(x, 0), [0, 1]),
    (lambda x: jnp.maximum(0, x), [0, 1]),
    (lambda x: jnp.minimum(x, 2 * x), [1, 2]),
    (jnp.abs, [-1, 1]),
    (lambda x: jnp.clip(x, 0, 1), [0, 1]),
    (lambda x: lax.clamp(0.0, x, 1.0), [0, 1]),
    (jax.nn.relu, [0, 1]),
    (jax.nn.softplus, [0.5]),
    (jax.nn.hard_tanh, [1]),
    (lambda x: jnp.where(x > 0, x, 3 * x), [1, 3]),
    (lambda x: jnp.where(x == 0, 2 * x, x), [1, 2]),
    (lambda x: x * (x > 0), [0, 1]),
    (lambda x: jnp.sign(x) * x, [-1, 0, 1]),
    (lambda x: jnp.where(x > 0, 1.0, 0.25) * x, [0.25, 1]),
    (lambda x: jnp.floor(x) * x, [-1, 0]),
    (lambda x: jnp.fmod(x + 1, 1.0) * x, [0, 1]),
    (lambda x: jnp.exp(jnp.where(x > 0, 1.0, 0.0)) * x, [1, np.e]),
    (lambda x: lax.cond(x > 0, lambda a: a, lambda a: 3 * a, x), [1, 3]),
    (
        lambda x: lax.switch((x > 0).astype(int) + (x >= 0), [lambda a: a, lambda a: 2 * a, lambda a: 4 * a], x),
        [1, 2, 4],
    ),
    (lambda x: jnp.max(jnp.stack([x, 2 * x, -x])), [-1, 1, 2]),
    (lambda x: jnp.sort(jnp.stack([x, 2 * x]))[0], [1, 2]),
    (lambda x: lax.cummax(jnp.stack([x, 2 * x]))[1], [1, 2]),
    (lambda x: jnp.maximum(x, lax.stop_gradient(x)), [0, 1]),
    (lambda x: jnp.maximum(x, 0) - jnp.maximum(0, x), [0]),
    (lambda x: jnp.maximum(x, 0) + jnp.minimum(x, 0), [0, 1, 2]),
    (jax.grad(lambda x: jnp.where(x > 0, x**2, x**2 / 4)), [0.5, 2]),
    (jax.grad(lambda x: jnp.abs(x) * x), None),
    (jax.jit(lambda x: jax.checkpoint(jnp.abs)(x)), [-1, 1]),
    (lambda x: lax.fori_loop(0, 2, lambda _, a: jnp.maximum(a, 0), x), [0, 1]),
    (lambda x: lax.while_loop(lambda c: c[1] < 2, lambda c: (jnp.abs(c[0]), c[1] + 1), (x, 0))[0], [-1, 1]),
    (lambda x: jax.vmap(jnp.abs)(jnp.stack([x, x])).sum(), [-2, 0, 2]),
]


@pytest.mark.parametrize(("F", "slopes"), SLOPES, ids=range(len(SLOPES)))
def test_the_slopes_at_a_tie_are_all_that_the_program_may_return(F, slopes):
    program = cj.from_jax(F, 0.0)
    S = program.switched()
    blocks = S.vertices()
    if slopes is not None:
        assert same_sets(blocks, np.reshape(slopes, (-1, 1, 1)))
    assert all("stop_gradient" in warning for warning in S.warnings)
    own = program.own_jacobian()
    assert blocks.min() - 1e-12 <= own <= blocks.max() + 1e-12
    if not S.others:
        np.testing.assert_allclose(S.framework_choice, own, atol=1e-12)
    np.testing.assert_allclose(program.evaluate([0.3])[0], F(jnp.asarray(0.3)), rtol=1e-6)


def soft_relu(z, t):
    return jax.nn.relu(z - t) - jax.nn.relu(-z - t)


SOFT = {
    "relu": soft_relu,
    "sign": lambda z, t: jnp.sign(z) * jnp.maximum(jnp.abs(z) - t, 0),
    "where": lambda z, t: jnp.where(z > t, z - t, jnp.where(z < -t, z + t, 0.0)),
    "clip": lambda z, t: z - jnp.clip(z, -t, t),
    "mask": lambda z, t: (jnp.abs(z) > t) * (z - t * jnp.sign(z)),
}


@pytest.mark.parametrize("spelling", SOFT)
def test_the_lasso_step_at_a_breakpoint_has_one_set_in_all_spellings(spelling):
    case = cj.gallery.load("lasso-diabetes")
    path = diabetes_path()
    a = float(1 / np.linalg.eigvalsh(path.gram)[-1])

    def step(w, t):
        return SOFT[spelling](w - a * (path.gram @ w - path.correlation), a * t)

    known = cj.conservative_jacobian(case.function, case.at)
    at = [float(v) for v in (case.at.values() if hasattr(case.at, "values") else case.at)]
    S = opened(step, np.array(at[:10]), np.array(at[10]))
    assert same_sets(S.vertices(), known.vertices)


def test_the_example_of_the_docstring_runs():
    text = cj.from_jax.__doc__.replace("  # doctest: +SKIP", "")
    test = doctest.DocTestParser().get_doctest(text, {}, "from_jax", None, 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_all_choices_of_a_program_are_those_of_its_pieces():
    S = opened(lambda x: jnp.abs(x), zeros(3))
    assert same_sets(S.vertices(), [np.diag(signs) for signs in product((-1, 1), repeat=3)])
    assert [str(tie).split("[")[0] for tie in S.ties] == ["abs"] * 3
    assert all(tie.source.startswith("test_programs_jax.py:") for tie in S.ties)
