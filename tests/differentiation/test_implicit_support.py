"""The support function of J_imp without vertices, against all vertex solves."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import ArgumentError, ShapeError
from conservative.differentiation import implicit_ties


def layer(seed: int, p: int, m: int, *, norm: float = 0.7) -> Any:
    rng = np.random.default_rng(seed)
    M = rng.normal(size=(p, p))
    M *= norm / np.linalg.norm(M, 2)
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), M, N=rng.normal(size=(p, m)))
    return cj.conservative_jacobian(F, np.zeros(p + m)), rng.normal(size=(p, m))


def solves(J: Any) -> Any:
    p = J.state_size
    blocks = [J.block(t) for t in product((0.0, 1.0), repeat=J.tie_count)]
    return np.array([np.linalg.solve(np.eye(p) - b[:, :p], b[:, p:]) for b in blocks])


@drawn(15, 150, seed=st.integers(0, 10**6), p=st.integers(1, 5), m=st.integers(1, 2))
def test_bracket_holds_the_largest_vertex_solve_and_all_of_j_imp(seed: int, p: int, m: int) -> None:
    J, D = layer(seed, p, m)
    largest = (solves(J) * D).sum(axis=(1, 2)).max()
    found = cj.differentiation.implicit_support(J, D)
    assert found.bounds.lower <= largest + 1e-12
    assert largest - 1e-12 <= found.bounds.upper <= largest + 1e-8
    assert (found.solution * D).sum() == pytest.approx(found.bounds.lower, abs=1e-8)
    for t in np.random.default_rng(seed).random((20, p)):
        block = J.block(t)
        inner = np.linalg.solve(np.eye(p) - block[:, :p], block[:, p:])
        assert (inner * D).sum() <= found.bounds.upper + 1e-12


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), norm=st.sampled_from([0.9, 0.5, 0.05]))
def test_first_order_bound_is_valid_and_sharp_for_small_ties(seed: int, norm: float) -> None:
    J, D = layer(seed, 4, 2, norm=norm)
    largest = (solves(J) * D).sum(axis=(1, 2)).max()
    upper = implicit_ties._first_order(J, D, J.largest_norm().bounds.upper)
    assert upper >= largest - 1e-12
    if norm == 0.05:
        assert upper <= largest + 0.2 * abs(largest) + 1.0


def test_many_ties_have_a_bracket() -> None:
    J, D = layer(3, 60, 3)
    found = cj.differentiation.implicit_support(J, D)
    assert found.bounds.lower <= found.bounds.upper
    p = 60
    for t in np.random.default_rng(0).integers(0, 2, size=(50, p)):
        block = J.block(t.astype(float))
        value = (np.linalg.solve(np.eye(p) - block[:, :p], block[:, p:]) * D).sum()
        assert value <= found.bounds.lower + 1e-9
    assert set(found.weights.tolist()) <= {0.0, 1.0}


def test_known_interval() -> None:
    J = cj.jacobians.jacobian_zonotope(cj.from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"]), [0, 0])
    assert 2.0 in cj.differentiation.implicit_support(J, [[1.0]]).bounds.widen(1e-12)
    assert -2 / 3 in cj.differentiation.implicit_support(J, [[-1.0]]).bounds.widen(1e-12)
    listed = cj.implicit_jacobian(J)
    assert sorted(listed.vertices.ravel().tolist()) == [2 / 3, 2.0]
    assert listed.exactness is cj.Exactness.EXACT


def test_bad_input_is_refused() -> None:
    J, _ = layer(0, 2, 1)
    with pytest.raises(ShapeError, match="direction"):
        cj.differentiation.implicit_support(J, [[1.0]])
    without = cj.conservative_jacobian(cj.functions.structured(cj.functions.ScalarPiece.relu(), [[0.5]]), [0])
    with pytest.raises(ArgumentError, match="parameter part"):
        cj.differentiation.implicit_support(without, [[1.0]])
    expanding, D = layer(0, 3, 1, norm=1.5)
    with pytest.raises(ArgumentError, match=r"only ‖A‖₂ ≤ 1\.5"):
        cj.differentiation.implicit_support(expanding, D)


def test_ties_beyond_listing_are_bounded_entry_by_entry() -> None:
    J, D = layer(1, 60, 1)
    found = cj.implicit_jacobian(J)
    assert found.entries is not None
    for i in range(3):
        E = np.zeros_like(D)
        E[i, 0] = 1.0
        best = cj.differentiation.implicit_support(J, E)
        assert best.bounds.lower <= found.entries[i, 0, 1] + 1e-9
        assert found.vertices[:, i, 0].max() <= found.entries[i, 0, 1]
