"""Template hulls against boxes and hulls of vertices, and bad input."""

import itertools

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, BudgetError, EmptySetError, ShapeError
from conservative.matrix_sets import FiniteSet, MatrixPolytope, TemplateHull, gap, hausdorff_distance


def axes(d: int) -> np.ndarray:
    return np.concatenate([np.eye(d), -np.eye(d)])[:, :, None]


def around(points: np.ndarray, *, extra: int, seed: int) -> TemplateHull:
    d = points.shape[1]
    U = np.concatenate([axes(d), np.random.default_rng(seed).normal(size=(extra, d, 1))])
    return TemplateHull(U, MatrixPolytope(points).support(U) * (1 + 1e-15) + 1e-13 * np.abs(points).max())


@drawn(15, 150, st.integers(0, 10_000), st.integers(1, 6), st.integers(0, 12), st.sampled_from([1e-3, 1.0, 1e4]))
def test_it_holds_what_it_was_drawn_around(seed: int, d: int, extra: int, scale: float) -> None:
    points = scale * np.random.default_rng(seed).normal(size=(d + 3, d, 1))
    outer, inner = around(points, extra=extra, seed=seed), MatrixPolytope(points)
    assert outer.contains(points).all()
    U = np.random.default_rng(seed + 1).normal(size=(6, d, 1))
    assert (outer.support(U) >= inner.support(U) - 1e-13 * scale).all()
    assert gap(inner, outer).upper <= 1e-14 * scale
    assert np.linalg.norm(points, axis=(1, 2)).max() <= outer.radius


@drawn(10, 40, st.integers(0, 10_000), st.integers(1, 5))
def test_distances_to_a_box(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = -rng.uniform(0.1, 2.0, d), rng.uniform(0.1, 2.0, d)
    box = TemplateHull(axes(d), np.r_[high, -low])
    points = 3.0 * rng.normal(size=(20, d, 1))
    expected = np.linalg.norm(points - np.clip(points, low[:, None], high[:, None]), axis=(1, 2))
    found = box.project(points)
    assert (found.lower <= expected + 1e-12).all()
    assert (expected <= found.upper + 1e-12).all()
    assert (found.upper - found.lower).max() < 1e-6
    assert box.contains(found.nearest).all()


def test_the_vertices_of_low_dimensions_span_the_set() -> None:
    points = np.random.default_rng(3).normal(size=(12, 2, 1))
    outer = around(points, extra=20, seed=1)
    assert gap(MatrixPolytope(points), MatrixPolytope(outer.extreme)).upper < 1e-9
    assert outer.to_shapely().area >= MatrixPolytope(points).to_shapely().area
    with pytest.raises(BudgetError, match="Use `support`"):
        _ = around(np.random.default_rng(3).normal(size=(12, 4, 1)), extra=3, seed=1).extreme


def test_bad_templates_are_refused() -> None:
    with pytest.raises(EmptySetError, match="common interior"):
        TemplateHull(axes(2), [-1.0, -1.0, -1.0, -1.0])
    with pytest.raises(ArgumentError, match="bounded"):
        TemplateHull([[[1.0], [0.0]]], [1.0])
    with pytest.raises(ArgumentError, match="other than zero"):
        TemplateHull([[[0.0], [0.0]]], [1.0])
    with pytest.raises(ShapeError, match="one height for each"):
        TemplateHull(axes(2), [1.0])
    with pytest.raises(EmptySetError, match="at least one matrix"):
        TemplateHull(np.zeros((0, 2, 1)), [])
    with pytest.raises(ShapeError, match="Project the set"):
        around(np.random.default_rng(0).normal(size=(9, 3, 1)), extra=0, seed=0).to_shapely()


def test_gaps_from_hulls_in_many_dimensions_hold_the_truth() -> None:
    """The cube [-1, 1]⁴ cut by |x| + |y| + |z| + |w| ≤ 2, whose vertices are known."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=4))).reshape(-1, 2, 2)
    cut = TemplateHull(np.concatenate([axes(4).reshape(-1, 2, 2), signs]), np.r_[np.ones(8), 2.0 * np.ones(16)])
    pairs = [np.array(v, dtype=float) for v in itertools.product([-1, 0, 1], repeat=4) if sum(map(abs, v)) == 2]
    corners = MatrixPolytope(np.reshape(pairs, (-1, 2, 2)))
    origin, far = FiniteSet(np.zeros((1, 2, 2))), FiniteSet(np.full((2, 2, 2), 3.0) * [[[1.0]], [[-1.0]]])
    quarter = TemplateHull(axes(4).reshape(-1, 2, 2), 0.25 * np.ones(8))
    for Y in (origin, far, MatrixPolytope(0.5 * corners.vertices), quarter):
        found, truth = gap(cut, Y), gap(corners, Y, tol=1e-2)
        assert found.lower <= truth.upper
        assert truth.lower <= found.upper
        assert not Y.convex or found.lower >= 0.999 * truth.lower
    assert 2**0.5 in hausdorff_distance(cut, origin)


def test_gaps_from_boxes_are_narrow() -> None:
    box = TemplateHull(axes(6).reshape(-1, 2, 3), np.arange(1.0, 13.0))
    truth = float(np.sum(np.arange(7.0, 13.0) ** 2)) ** 0.5
    found = gap(box, FiniteSet(np.zeros((1, 2, 3))))
    assert truth in found.widen(1e-9)
    assert found.width <= 1e-7
