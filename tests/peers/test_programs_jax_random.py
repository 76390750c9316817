"""Random programs in JAX against one-sided derivatives in fractions, of an interpreter that knows neither.

What the program does along any direction is in its set, and so is what JAX returns; a set that is called EXACT holds
nothing else. `JAX_PROGRAMS=300` in the environment runs 300 of them.
"""

import os
import random
from itertools import product

import numpy as np
import pytest
from peers.one_sided import gradients, larger, smaller

import conservative as cj

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax
COUNT = int(os.environ.get("JAX_PROGRAMS", "40"))
SIZE = 3


def pair(*values):
    return jnp.stack(jnp.broadcast_arrays(*values))


def middle(a, b):
    return larger(smaller(a, b), smaller(larger(a, b), a.like(0)))


def parted(a, b):
    return a if a.exceeds(b) else b + (b - a) * half


def looped(a, b):
    for _ in range(2):
        a = larger(a * half, b)
    return a


half = 1 / 2
# how a program says it, and what it is
NODES = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "sub": (lambda a, b: a - b, lambda a, b: a - b),
    "mul": (lambda a, b: a * b, lambda a, b: a * b),
    "scale": (lambda a, b: 2 * a - 3 * b, lambda a, b: 2 * a - 3 * b),
    "max": (jnp.maximum, larger),
    "min": (jnp.minimum, smaller),
    "abs": (lambda a, b: jnp.abs(a) - b, lambda a, b: larger(a, -a) - b),
    "sign": (lambda a, b: jnp.sign(a) * a + b, lambda a, b: larger(a, -a) + b),
    "relu": (lambda a, b: jax.nn.relu(a) + b, lambda a, b: larger(a, a.like(0)) + b),
    "leaky": (lambda a, b: jax.nn.leaky_relu(a, 0.5) - b, lambda a, b: larger(a, a * half) - b),
    "clip": (lambda a, b: jnp.clip(a, -1, 1) + b, lambda a, b: smaller(larger(a, a.like(-1)), a.like(1)) + b),
    "where": (lambda a, b: jnp.where(a > b, a, b + (b - a) / 2), parted),
    "cond": (lambda a, b: lax.cond(a > b, lambda: a + 0 * b, lambda: b + (b - a) / 2), parted),
    "mask": (lambda a, b: (a > b) * (a - b) + b, larger),
    "sort": (lambda a, b: jnp.sort(pair(a, b, 0 * a))[1], middle),
    "top": (lambda a, b: lax.top_k(pair(a, b), 1)[0][0], larger),
    "argmax": (lambda a, b: pair(a, b)[jnp.argmax(pair(a, b))], larger),
    "reduce": (lambda a, b: jnp.max(pair(a, b, -a)), lambda a, b: larger(larger(a, b), -a)),
    "running": (lambda a, b: lax.cummin(pair(a, b))[1], smaller),
    "segment": (lambda a, b: jax.ops.segment_max(pair(a, b), np.zeros(2, int), 1)[0], larger),
    "loop": (lambda a, b: lax.fori_loop(0, 2, lambda _, c: jnp.maximum(c / 2, b), a + 0 * b), looped),
    "slope": (lambda a, b: jax.grad(lambda z: jax.nn.relu(z) ** 2 / 2)(a) + b, lambda a, b: larger(a, a.like(0)) + b),
}  # fmt: skip


def random_tree(source, depth):
    if depth == 0 or source.random() < 0.1:
        return source.choice([0, 1, 2, 0, 1, 2, None])
    return source.choice(list(NODES)), random_tree(source, depth - 1), random_tree(source, depth - 1)


def evaluate(tree, inputs, side):
    if tree is None:
        return 0 * inputs[0] + 1
    if isinstance(tree, int):
        return inputs[tree]
    return NODES[tree[0]][side](*(evaluate(part, inputs, side) for part in tree[1:]))


def is_in(block, J, directions):
    """Whether a block is among the listed ones, or below the support of a set that is not listed."""
    if isinstance(J, cj.JacobianSet):
        return np.abs(J.vertices - block).max(axis=(1, 2)).min() <= 1e-9 * max(1.0, np.abs(block).max())
    slack = 1e-9 * max(1.0, np.abs(block).max())
    return all(np.sum(D * block) <= J.support(D) + slack for D in directions)


def is_between(block, J, directions):
    """Whether no direction parts a block from the hull."""
    reach = [
        np.sum(J.vertices * D, axis=(1, 2)).max() if isinstance(J, cj.JacobianSet) else J.support(D) for D in directions
    ]
    return all(
        np.sum(D * block) <= r + 1e-9 * max(1.0, np.abs(block).max()) for D, r in zip(directions, reach, strict=True)
    )


@pytest.mark.parametrize("seed", range(COUNT))
def test_the_set_of_a_random_program_holds_what_it_does_along_each_direction(seed):
    source = random.Random(seed)
    trees = [random_tree(source, 3) for _ in range(2)]
    at = [source.choice([0, 0, 1, -1, 2]) for _ in range(SIZE)]
    F = cj.from_jax(lambda s: jnp.stack([evaluate(tree, s, 0) for tree in trees]), np.array(at, float))
    try:
        S, J = F.switched(), cj.conservative_jacobian(F)
    except cj.BudgetError:  # more orders of control than are run
        assert sum(repr(trees).count(name) for name in ("argmax", "cond", "mask", "sign")) > 1
        return
    rng = np.random.default_rng(seed)
    across = rng.standard_normal((40, *S.shape))

    def known(v):
        return np.array(gradients(lambda s: [evaluate(tree, s, 1) for tree in trees], at, v), dtype=float)

    for _ in range(40):
        assert is_in(known([source.randint(-(10**6), 10**6) for _ in range(SIZE)]), J, across)
    own = F.own_jacobian()
    assert is_between(own, J, across)
    if not S.others:
        np.testing.assert_allclose(S.framework_choice, own, atol=1e-9)
    if J.exactness is cj.Exactness.EXACT:
        sides = [np.linalg.lstsq(S.Z, signs, rcond=None)[0] for signs in product((-1.0, 1.0), repeat=len(S.Z))]
        met = np.array([known([*map(float, v + 1e-7 * rng.standard_normal(SIZE))]) for v in sides])
        for block in J.vertices:
            assert np.abs(met - block).max(axis=(1, 2)).min() <= 1e-9 * max(1.0, np.abs(block).max())
