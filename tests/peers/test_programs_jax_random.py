"""Random programs in JAX: what sympy's route finds lies in their sets, and what JAX returns is predicted."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.random_programs import POINTS, Symbolic, evaluate, random_tree
from strategies.stages import UNSHRUNK

import conservative as cj

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp = jax.numpy
NUMERIC = SimpleNamespace(maximum=jnp.maximum, minimum=jnp.minimum, abs=jnp.abs, relu=jax.nn.relu, where=jnp.where)
PAIRS = 10  # trees are compiled together: one program holds ten


def rows_at_all_choices(S, rows):
    """The blocks of two components, at all choices of the ties that reach them."""
    reached, waiting = set(), list(np.flatnonzero((S.Y[rows] != 0).any(axis=0)))
    while waiting:
        slot = waiting.pop()
        if slot not in reached:
            reached.add(slot)
            waiting += list(np.flatnonzero(S.L[slot]))
    ties = [tie for tie in S.ties if reached & set(tie.slots)]
    return S.blocks(S.weights(list(S.patterns(ties))))[:, rows]


@settings(max_examples=2, phases=UNSHRUNK)
@given(seed=st.integers(0, 10**6))
def test_the_set_of_a_random_program_holds_that_of_its_formula(seed):
    source = random.Random(seed)
    trees = [random_tree(source, 3) for _ in range(2 * PAIRS)]
    at = source.choice(POINTS)
    program = cj.from_jax(lambda s: jnp.stack([evaluate(t, s[0], s[1], NUMERIC) for t in trees]), np.array(at, float))
    S, own = program.switched(), program.own_jacobian()
    np.testing.assert_allclose(S.framework_choice, own, atol=1e-9)
    assert S.warnings == ()
    x, y = sp.symbols("x y", real=True)
    directions = np.random.default_rng(seed).standard_normal((40, 2, 2))
    for pair in range(PAIRS):
        rows = [2 * pair, 2 * pair + 1]
        F = cj.from_sympy([sp.sympify(evaluate(trees[row], x, y, Symbolic)) for row in rows], state=[x, y])
        try:
            known = cj.conservative_jacobian(F, list(at)).vertices
        except cj.BudgetError:  # sympy's route resolves at most six guards of one Piecewise
            continue
        found = rows_at_all_choices(S, rows)
        reach = np.einsum("kqn,dqn->dk", found, directions).max(axis=1)
        assert (reach >= np.einsum("kqn,dqn->dk", known, directions).max(axis=1) - 1e-9).all()
        assert (reach >= np.einsum("qn,dqn->d", own[rows], directions) - 1e-9).all()
