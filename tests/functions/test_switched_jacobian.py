"""The abs-normal form: J(s) = B + Y (I − S L)⁻¹ S Z against a dense solve, products, groups and refusals."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator

from conservative._core.errors import BudgetError, ShapeError
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie


def tie(*slots: int) -> SwitchedTie:
    return SwitchedTie(f"max[{slots[0]}]", "step.py:3", slots, tuple((i,) for i in slots))


def random_form(seed: int, q: int, n: int, k: int, *, exact: bool = False) -> SwitchedJacobian:
    rng = np.random.default_rng(seed)
    parts = [rng.integers(-3, 4, size) for size in ((q, n), (q, k), (k, n), (k, k))]
    parts[3] = np.tril(parts[3], -1)
    kind = np.frompyfunc(Fraction, 1, 1) if exact else np.float64
    base, Y, Z, L = (kind(part).reshape(part.shape) for part in parts)
    ties = tuple(tie(i) for i in range(k))
    return SwitchedJacobian(base=base, Y=Y, Z=Z, L=L, ties=ties, state_size=1, value=np.zeros(q))


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 4), st.integers(0, 4))
def test_blocks_are_those_of_a_dense_solve_and_products_agree(seed: int, q: int, n: int, k: int) -> None:
    form = random_form(seed, q, n, k)
    rng = np.random.default_rng(seed)
    v, u = rng.standard_normal((n, 2)), rng.standard_normal(q)
    for s in [*np.array(list(product((0.0, 1.0), repeat=k))).reshape(2**k, k), rng.random(k)]:
        S = np.diag(s)
        expected = form.base + form.Y @ np.linalg.solve(np.eye(k) - S @ form.L, S @ form.Z)
        scale = 1e-12 * max(1.0, np.abs(expected).max())
        assert np.abs(form.block(s) - expected).max() <= scale
        assert np.abs(form.jvp(s, v) - expected @ v).max() <= 100 * scale
        assert np.abs(form.vjp(s, u) - expected.T @ u).max() <= 100 * scale


@given(st.integers(0, 10**6), st.integers(0, 4))
def test_fractions_stay_fractions_and_are_the_floats(seed: int, k: int) -> None:
    exact, floats = random_form(seed, 2, 3, k, exact=True), random_form(seed, 2, 3, k)
    blocks = exact.vertices()
    assert all(isinstance(entry, Fraction) for entry in blocks.ravel())
    assert (blocks.astype(float) == floats.vertices()).all()


def test_an_operator_serves_as_base() -> None:
    form = random_form(3, 2, 3, 2)
    free = SwitchedJacobian(
        base=aslinearoperator(form.base), Y=form.Y, Z=form.Z, L=form.L, ties=form.ties, state_size=1, value=form.value
    )
    assert free.matrix_free
    assert not form.matrix_free
    s = np.array([1.0, 1.0])
    assert np.allclose(free.jvp(s, np.eye(3)), form.block(s))
    assert np.allclose(free.vertices(), form.vertices())


def test_groups_follow_the_pattern_of_l() -> None:
    L = np.zeros((4, 4))
    L[3, 1] = 1.0
    form = SwitchedJacobian(
        base=np.zeros((1, 1)), Y=np.ones((1, 4)), Z=np.ones((4, 1)), L=L, ties=(tie(0), tie(1), tie(2, 3)),
        state_size=1, value=np.zeros(1),
    )  # fmt: skip
    assert [[t.slots for t in group] for group in form.groups] == [[(0,)], [(1,), (2, 3)]]
    assert form.choices == 2 * 2 * 3
    assert len(form.vertices()) == 12


def test_malformed_forms_and_too_many_blocks_are_refused() -> None:
    form = random_form(1, 1, 1, 3)
    parts = {
        "base": form.base,
        "Y": form.Y,
        "Z": form.Z,
        "L": form.L,
        "ties": form.ties,
        "state_size": 1,
        "value": form.value,
    }
    for change, message in [
        ({"L": np.ones((3, 3))}, "strictly lower triangular"),
        ({"Y": np.ones((2, 3))}, "needs Y"),
        ({"ties": form.ties[:2]}, "each once"),
    ]:
        with pytest.raises(ShapeError, match=message):
            SwitchedJacobian(**{**parts, **change})
    with pytest.raises(BudgetError, match="3 ties leave 8 combinations"):
        form.vertices(max_blocks=7)
    with pytest.raises(ShapeError, match="one weight"):
        form.block([1.0])
