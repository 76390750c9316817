"""Projections onto directions against support functions; principal axes; bad input."""

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, ShapeError
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, principal_axes, project_onto


@drawn(7, 30, st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 2), st.integers(1, 3))
def test_the_support_of_a_shadow_is_the_support_of_the_set(seed: int, p: int, q: int, r: int) -> None:
    rng = np.random.default_rng(seed)
    points, U, weights = rng.normal(size=(9, p, q)), rng.normal(size=(r, p, q)), rng.normal(size=(5, r, 1))
    for kind in (MatrixPolytope, FiniteSet):
        S = kind(points, e_missing=0.25)
        shadow = project_onto(S, U)
        lifted = np.einsum("nr,rpq->npq", weights[:, :, 0], U)
        np.testing.assert_allclose(shadow.support(weights), S.support(lifted), atol=1e-12)
        norm = np.linalg.norm(U.reshape(r, -1), 2)
        assert 0.25 * norm <= shadow.e_missing <= 0.25 * norm + 1e-12
        assert type(shadow) is kind


def test_a_union_stays_a_union() -> None:
    S = CellUnion(np.array([[[[0.0], [0.0], [5.0]], [[1.0], [0.0], [5.0]]], [[[3.0], [0.0], [5.0]]] * 2]), margin=0.1)
    shadow = project_onto(S, np.eye(3)[:2, :, None])
    assert shadow.contains([[[0.5], [0.05]], [[2.0], [0.0]], [[3.05], [0.0]]]).tolist() == [True, False, True]
    assert project_onto(S, 2.0 * np.eye(3)[:2, :, None]).margin >= 0.2
    assert project_onto(S, [[[2.0], [0.0], [0.0]], [[0.0], [1.0], [0.0]]]).exactness.name == "OUTER"


def test_bad_input() -> None:
    S = MatrixPolytope(np.eye(2)[:, :, None])
    with pytest.raises(ShapeError, match="the set's shape"):
        project_onto(S, np.zeros((1, 3, 1)))
    with pytest.raises(EmptySetError):
        project_onto(S, np.zeros((0, 2, 1)))
    with pytest.raises(ArgumentTypeError, match="set of matrices"):
        project_onto(np.zeros((1, 2, 1)), np.zeros((1, 2, 1)))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="from 1 to 2"):
        principal_axes(S, count=3)
