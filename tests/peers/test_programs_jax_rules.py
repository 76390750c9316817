"""Rules of derivatives: JAX's own are trusted, the user's are held against what they are the rules of."""

import numpy as np
import pytest

import conservative as cj

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp, special = jax.numpy, jax.scipy.special

SMOOTH = [
    jax.nn.softplus, jax.nn.silu, jax.nn.gelu, jax.nn.softmax, jax.nn.log_softmax, jax.nn.mish, jax.nn.log_sigmoid,
    lambda x: special.logsumexp(x)[None], lambda x: jnp.logaddexp(x, x[::-1]), jnp.sinc, jnp.i0,
    lambda x: special.expi(x + 1.5), lambda x: jnp.linalg.solve(jnp.eye(2) + jnp.outer(x, x), x),
]  # fmt: skip


def test_jaxs_smooth_functions_have_one_derivative_which_is_clarkes():
    F = cj.from_jax(lambda x: jnp.concatenate([f(x) for f in SMOOTH]), np.zeros(2))
    S, J = F.switched(), cj.conservative_jacobian(F)
    assert S.ties == S.warnings == ()
    assert J.exactness is cj.Exactness.EXACT
    np.testing.assert_allclose(J.vertices[0], F.own_jacobian(), atol=1e-12)


def test_jaxs_rectifiers_are_clarkes_at_their_kinks():
    F = cj.from_jax(
        lambda x: jnp.stack([jax.nn.relu(x[0]), jax.nn.relu6(x[1]), jax.nn.relu6(x[2]), jax.nn.leaky_relu(x[3], 0.5)]),
        np.array([0.0, 0.0, 6.0, 0.0]),
    )
    J = cj.conservative_jacobian(F)
    assert J.exactness is cj.Exactness.EXACT
    known = {(a, b, c, d) for a in (0, 1) for b in (0, 1) for c in (0, 1) for d in (0.5, 1)}
    assert {tuple(np.diag(block).round(12).tolist()) for block in J.vertices} == known
    np.testing.assert_allclose(F.switched().framework_choice, F.own_jacobian())


def ruled(function, rule):
    made = jax.custom_jvp(function)
    made.defjvp(lambda primals, tangents: (made(*primals), rule(*primals, *tangents)))
    return made


@pytest.mark.parametrize(
    ("function", "rule", "exactness"),
    [
        (jnp.sin, lambda x, v: jnp.cos(x) * v, "EXACT"),
        (jnp.sin, lambda x, v: v / 2, "OUTER"),
        (lambda x: jnp.maximum(x, 0), lambda x, v: jnp.where(x > 0, v, 0), "EXACT"),
        (lambda x: jnp.maximum(x, 0), lambda x, v: jnp.where(x >= 0, v, 0), "EXACT"),
        (lambda x: jnp.maximum(x, 0), lambda x, v: jnp.where(x > 0, 0.9 * v, 0), "OUTER"),
        (jnp.abs, lambda x, v: jnp.zeros_like(v), "OUTER"),
        (jax.nn.relu, lambda x, v: jnp.zeros_like(v), "OUTER"),
    ],
)
def test_a_rule_of_the_users_is_trusted_where_it_says_what_the_function_does(function, rule, exactness):
    F = cj.from_jax(ruled(function, rule), np.zeros(2))
    assert cj.conservative_jacobian(F).exactness.name == exactness


def test_loops_that_are_vectorised_end_one_by_one():
    def halved(x):
        return jax.lax.while_loop(lambda a: a > 1.5, lambda a: jnp.maximum(a / 2, 0), x)

    F = cj.from_jax(jax.vmap(halved), np.array([1.0, 2.0, 5.0, 9.0]))  # 0, 1, 2 and 3 passes
    assert F.switched().vertices().tolist() == [np.diag([1, 0.5, 0.25, 0.125]).tolist()]


def test_branches_that_are_vectorised_are_opened_one_by_one():
    F = cj.from_jax(jax.vmap(lambda x: jax.lax.cond(x > 0, lambda a: 2 * a, lambda a: 3 * a, x)), np.zeros(2))
    S = F.switched()
    assert S.warnings == ()
    assert {tuple(np.diag(block).tolist()) for block in S.vertices()} == {(a, b) for a in (2, 3) for b in (2, 3)}
    np.testing.assert_allclose(S.framework_choice, F.own_jacobian())
