"""The gap between two clouds: against all pairs, at every scale; and the empty set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

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


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 1), (2, 2)])
@pytest.mark.parametrize("noise", [1e-4, 1e-2, 0.3])
@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_many_points_are_ruled_out_by_the_grid_and_none_that_matters(
    shape: tuple[int, int], noise: float, scale: float
) -> None:
    rng = np.random.default_rng(4)
    X = rng.uniform(size=(9000, *shape))
    Y = rng.permutation(X + noise * rng.normal(size=X.shape))
    expected = scale * cKDTree(Y.reshape(9000, -1)).query(X.reshape(9000, -1))[0].max()
    found = gap(FiniteSet(scale * X), FiniteSet(scale * Y))
    assert expected in found.widen(1e-14 * scale)  # scaling rounds the coordinates
    assert found.width <= 1e-11 * scale


@pytest.mark.parametrize("away", [1e6, 1e15])
def test_clouds_far_from_the_origin_share_boxes_only_where_they_are_near(away: float) -> None:
    rng = np.random.default_rng(5)
    X = away + np.rint(64.0 * rng.uniform(size=(9000, 2, 1)))
    Y = rng.permutation(X[:8000])
    expected = cKDTree(Y.reshape(8000, -1) - away).query(X.reshape(9000, -1) - away)[0].max()
    assert expected in gap(FiniteSet(X), FiniteSet(Y)).widen(1e-12)


def test_points_near_enough_keep_a_valid_bracket() -> None:
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(500, 2, 3)), FiniteSet(rng.normal(size=(400, 2, 3)))
    exact, wide = Y.project(X), Y.project(X, stop_below=1.5)
    assert (wide.lower <= exact.upper).all()
    assert (exact.lower <= wide.upper).all()
    needed = exact.lower > 1.5
    assert needed.any()
    np.testing.assert_array_equal(wide.upper[needed], exact.upper[needed])
    np.testing.assert_array_equal(wide.lower[needed], exact.lower[needed])


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
