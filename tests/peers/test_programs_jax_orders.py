"""Places that an order gives, windowed and scattered maxima: sets at ties, and jumps by name."""

import numpy as np
import pytest

import conservative as cj

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax
PAIR = np.array([0, 0, 1])


def pooled(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (2,), (1,), "SAME")


def rows(*choices):
    """Matrices of 0 and 1 by the column that each row takes."""
    return {tuple(choice) for choice in choices}


# a program that returns entries of x, its point, and which entries its components may be
TAKEN = [
    (lambda x: x[jnp.argmax(x)][None], [1, 1, 1], rows([0], [1], [2])),
    (lambda x: x[jnp.argmin(x)][None], [1, 2, 1], rows([0], [2])),
    (lambda x: x[jnp.argsort(x)], [1, 1, 0], rows([2, 0, 1], [2, 1, 0])),
    (lambda x: x[jnp.argsort(x, descending=True)], [1, 1, 0], rows([0, 1, 2], [1, 0, 2])),
    (lambda x: lax.top_k(x, 2)[0], [1, 1, 0], rows([0, 1], [1, 0])),
    (lambda x: lax.top_k(x, 1)[0], [1, 1, 1], rows([0], [1], [2])),
    (lambda x: x[lax.top_k(x, 1)[1]], [1, 1, 1], rows([0], [1], [2])),
    (lambda x: jnp.partition(x, 1)[:1], [1, 1, 3], rows([0], [1])),
    (lambda x: lax.sort_key_val(x[:2], x[2:])[1], [1, 1, 3, 3], rows([2, 3], [3, 2])),
    (lambda x: x[jnp.lexsort((x,))], [1, 1], rows([0, 1], [1, 0])),
    (lambda x: jax.vmap(lambda r: r[jnp.argmax(r)])(x.reshape(2, 2)), [1, 1, 2, 2],
     rows([0, 2], [0, 3], [1, 2], [1, 3])),
    (pooled, [1, 1, 0], rows([0, 1, 2], [1, 1, 2])),
    (lambda x: -pooled(-x), [2, 1, 1], rows([1, 1, 2], [1, 2, 2])),
    (lambda x: lax.reduce_window(x.reshape(2, 2), jnp.inf, lax.min, (2, 2), (1, 1), "VALID"), [1, 2, 2, 1],
     rows([0], [3])),
    (lambda x: jax.ops.segment_max(x, PAIR, 2), [1, 1, 3], rows([0, 2], [1, 2])),
    (lambda x: x[:2].at[np.array([0, 0])].max(x[2:]), [1, 0, 1, 1], rows([0, 1], [2, 1], [3, 1])),
    (lambda x: x[:4].reshape(2, 2).at[np.array([1])].min(x[4:].reshape(1, 2)), [1, 0, 1, 3, 1, 2],
     rows([0, 1, 2, 5], [0, 1, 4, 5])),
    (lambda x: lax.cummax(x), [1, 1, 0], rows([0, 0, 0], [0, 1, 1])),
    (lambda x: lax.cummin(x, reverse=True), [1, 1], rows([0, 1], [1, 1])),
]  # fmt: skip


@pytest.mark.parametrize(("F", "at", "known"), TAKEN, ids=range(len(TAKEN)))
def test_each_of_equal_values_may_be_taken(F, at, known):
    program = cj.from_jax(F, np.array(at, float))
    S = program.switched()
    blocks = S.vertices()
    assert set(np.unique(blocks)) <= {0, 1}
    assert {tuple(block.argmax(axis=1).tolist()) for block in blocks} == known
    assert S.warnings == ()
    np.testing.assert_allclose(S.framework_choice, program.own_jacobian(), atol=1e-12)


def test_medians_of_equal_values_take_each_pair():
    S = cj.from_jax(jnp.median, np.array([1.0, 1, 0, 1])).switched()
    assert {tuple((2 * block[0]).tolist()) for block in S.vertices()} == {(1, 1, 0, 0), (1, 0, 0, 1), (0, 1, 0, 1)}


def test_the_gradient_of_pooling_picks_a_place_and_follows_it_where_nothing_ties():
    step = jax.grad(lambda x: (lax.reduce_window(x, -jnp.inf, lax.max, (2,), (2,), "VALID") ** 2).sum())
    assert cj.from_jax(step, np.array([1.0, 2.0])).switched().vertices().tolist() == [[[0, 0], [0, 2]]]
    at_zero = cj.from_jax(step, np.zeros(2)).switched()
    assert {tuple(map(tuple, block.tolist())) for block in at_zero.vertices()} >= {((2, 0), (0, 0)), ((0, 0), (0, 2))}
    with pytest.raises(cj.DiscontinuityError, match="select_and_scatter_add"):
        cj.from_jax(step, np.ones(2)).switched()


def test_keeping_the_largest_jumps_but_not_at_zero():
    def keep(x):
        return jnp.zeros(3).at[lax.top_k(jnp.abs(x), 1)[1]].set(1.0) * x

    S = cj.from_jax(keep, np.zeros(3)).switched()
    assert {tuple(np.diag(block).tolist()) for block in S.vertices()} == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
    with pytest.raises(cj.DiscontinuityError, match=r"top_k\[0\] at test_programs_jax_orders.py:\d+ decides"):
        cj.from_jax(keep, np.array([1.0, 1.0, 0.0])).switched()
    with pytest.raises(cj.DiscontinuityError, match=r"argmax\[1\] .* component 0 is 1 or 2"):
        cj.from_jax(lambda x: 1.0 * jnp.argmax(x) + x, np.ones(2)).switched()


def test_more_orders_than_are_run_are_refused_by_their_number():
    with pytest.raises(cj.BudgetError, match=r"28 ties .* sorted values rather than their places"):
        cj.from_jax(lambda x: x[jnp.argsort(x)], np.ones(8)).switched()
