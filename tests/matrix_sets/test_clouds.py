"""The gap between two clouds: against all pairs, at every scale; and the empty set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conservative._core.errors import ArgumentTypeError, EmptySetError, ShapeError
from conservative.matrix_sets import FiniteSet, MatrixPolytope, gap, hausdorff_distance


def all_pairs(X: np.ndarray, Y: np.ndarray) -> float:
    return float(np.sqrt(((X[:, None] - Y[None]) ** 2).sum(axis=(2, 3)).min(axis=1).max()))


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from([(1, 1), (2, 1), (2, 2), (3, 2)]),
    st.sampled_from([1e-150, 1e-3, 1.0, 1e120]),
    st.booleans(),
)
def test_brackets_hold_the_largest_of_all_pairs(
    seed: int, n: int, k: int, shape: tuple[int, int], scale: float, near: bool
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, *shape))
    Y = X[rng.permutation(n)] + 0.01 * rng.normal(size=X.shape) if near else rng.normal(size=(k, *shape))
    found = gap(FiniteSet(scale * X), FiniteSet(scale * Y))
    expected = scale * all_pairs(X, Y)
    assert found.lower <= expected * (1 + 1e-13)
    assert expected * (1 - 1e-13) <= found.upper
    assert found.width <= 1e-11 * scale


def test_a_lone_far_point_among_many_is_found() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 2, 1))
    for index in (0, 17, 4999):
        Y = X.copy()
        Y[index] = X[(index + 1) % 5000]
        assert gap(FiniteSet(X), FiniteSet(Y)).widen(1e-12).upper >= all_pairs(X[index][None], Y)
    assert gap(FiniteSet(X), FiniteSet(X)).upper == 0.0


def test_repeated_points_are_ordinary() -> None:
    X = np.repeat([[[0.0, 0.0]], [[1.0, 0.0]]], 200, axis=0)
    assert 1.0 in gap(FiniteSet(X), FiniteSet(X[:200])).widen(1e-15)


def test_the_gap_from_the_empty_set_is_zero() -> None:
    box = MatrixPolytope([[[0.0, 0.0]], [[1.0, 1.0]]])
    found = gap(np.zeros((0, 1, 2)), box)
    assert (found.lower, found.upper) == (0.0, 0.0)


def test_other_empty_sets_are_refused() -> None:
    box = MatrixPolytope([[[0.0, 0.0]], [[1.0, 1.0]]])
    empty = np.zeros((0, 1, 2))
    with pytest.raises(EmptySetError, match="at least one matrix"):
        gap(box, empty)
    with pytest.raises(EmptySetError, match=r"hausdorff_distance\(X"):
        hausdorff_distance(empty, box)
    for kind in (FiniteSet, MatrixPolytope):
        with pytest.raises(EmptySetError, match="at least one matrix"):
            kind(empty)
    with pytest.raises(ShapeError, match="one shape"):
        gap(np.zeros((0, 2, 2)), box)
    with pytest.raises(ArgumentTypeError, match="Wrap an array"):
        gap(np.zeros((3, 1, 2)), box)
