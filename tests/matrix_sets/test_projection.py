"""Wolfe's projections against exact arithmetic, on ordinary and degenerate hulls, at every scale."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.matrix_sets import SHAPES, clouds, polygon, rotation
from strategies.projection_oracle import squared_distance
from strategies.stages import drawn

from conservative.matrix_sets import FiniteSet, MatrixPolytope


@drawn(25, 400, st.data(), st.sampled_from(SHAPES[:4]))
def test_the_bracket_holds_the_exact_distance(data: st.DataObject, shape: tuple[int, int]) -> None:
    vertices = data.draw(clouds(shape=shape, most=6))
    points = data.draw(clouds(shape=shape, most=3))
    found = MatrixPolytope(vertices).project(points)
    size = max(np.abs(vertices).max(), np.abs(points).max(), 1e-300)
    for point, low, high in zip(points, found.lower, found.upper, strict=True):
        exact = squared_distance(point.ravel(), vertices.reshape(len(vertices), -1))
        assert Fraction(float(low)) ** 2 <= exact <= Fraction(float(high)) ** 2
        assert high - low <= 1e-12 * size


@drawn(25, 400, st.data(), st.sampled_from(SHAPES), st.integers(-150, 150))
def test_finite_sets_hold_the_exact_distance_at_every_scale(
    data: st.DataObject, shape: tuple[int, int], power: int
) -> None:
    scale = 10.0**power
    stored, points = data.draw(clouds(shape=shape)) * scale, data.draw(clouds(shape=shape, most=3)) * scale
    found = FiniteSet(stored).project(points)
    for point, low, high in zip(points, found.lower, found.upper, strict=True):
        exact = min(
            sum((Fraction(float(a)) - Fraction(float(b))) ** 2 for a, b in zip(y.ravel(), point.ravel(), strict=True))
            for y in stored
        )
        assert Fraction(float(low)) ** 2 <= exact <= Fraction(float(high)) ** 2
        assert high - low <= 1e-11 * max(float(high), float(np.abs(stored).max()))


@pytest.mark.parametrize("power", [-300, -150, -20, 0, 20, 150, 300])
def test_scaling_by_a_power_scales_the_bracket(power: int) -> None:
    rng = np.random.default_rng(3)
    vertices, points = rng.normal(size=(9, 2, 2)), rng.normal(size=(40, 2, 2))
    scale = 10.0**power
    plain = MatrixPolytope(vertices).project(points)
    scaled = MatrixPolytope(vertices * scale).project(points * scale)
    assert np.all(scaled.lower <= plain.upper * (1 + 1e-12) * scale)
    assert np.all(scaled.upper >= plain.lower * (1 - 1e-12) * scale)
    assert np.all(scaled.upper - scaled.lower <= 1e-12 * scale)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_cube_with_edge_midpoints(seed: int | None) -> None:
    corners = np.array(list(itertools.product([-1.0, 1.0], repeat=6)))
    edges = [(a + b) / 2 for a, b in itertools.combinations(corners, 2) if (a != b).sum() == 1]
    turn = np.eye(6) if seed is None else rotation(6, seed)
    cube = polygon(np.vstack([corners, edges]) @ turn)
    points = np.random.default_rng(5).normal(size=(300, 6)) * 1.5
    truth = np.linalg.norm(points - np.clip(points, -1.0, 1.0), axis=1)
    found = cube.project((points @ turn)[:, :, None])
    assert np.all(found.lower <= truth + 1e-13)
    assert np.all(found.upper >= truth - 1e-13)
    assert np.all(found.upper - found.lower <= 1e-12)


@pytest.mark.parametrize("height", [0.0, 1e-300, 1e-16, 1e-13, 1e-10, 1e-7])
@pytest.mark.parametrize("lift", [0.0, 1e-14, 1e-9, 1e-3, 5.0])
def test_thin_triangular_prisms(height: float, lift: float) -> None:
    base = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    thin = np.vstack([base, base + np.array([0, 0, height]), base])
    point = np.array([0.2, 0.3, height + lift])
    found = polygon(thin).project(point[None, :, None])
    truth = height + lift - height
    assert found.lower[0] <= truth * (1 + 1e-9) + 1e-16
    assert found.upper[0] >= truth * (1 - 1e-9) - 1e-16
    assert found.upper[0] - found.lower[0] <= 1e-13


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0, 2.0, 3.0]],
        [[1.0, 2.0, 3.0]] * 5,
        [[t, 2 * t, -t] for t in np.linspace(0, 1, 11)],
        [[t, s, 7.0] for t in (0, 1) for s in (0, 0.5, 1)],
        [[1e-150, 0.0, 1.0], [0.0, 1e150, 1.0]],
    ],
)
def test_degenerate_hulls_contain_their_points_and_midpoints(rows: list[list[float]]) -> None:
    hull = polygon(rows)
    assert hull.project(hull.vertices).upper.max() == 0.0
    middle = hull.vertices.mean(axis=0)[None]
    assert hull.project(middle).lower.max() == 0.0
    assert bool(hull.contains(middle, tol=1e-12 * hull.radius).all())


def test_far_points_see_one_point() -> None:
    found = polygon([[1e-150, 0.0], [0.0, 1e-150]]).project([[[1e150], [0.0]], [[3e-150], [0.0]]])
    assert found.lower[0] <= 1e150 <= found.upper[0]
    assert found.upper[0] <= 1e150 * (1 + 1e-14)
    assert found.lower[1] <= 2e-150 <= found.upper[1]
    assert found.upper[1] <= 2.0000001e-150


def test_weights_of_the_nearest_point_stay_in_the_hull() -> None:
    rng = np.random.default_rng(8)
    hull = MatrixPolytope(rng.normal(size=(30, 2, 2)))
    found = hull.project(rng.normal(size=(5, 7, 2, 2)) * 3)
    assert found.nearest.shape == (5, 7, 2, 2)
    assert found.lower.shape == (5, 7)
    assert hull.project(found.nearest).upper.max() < 1e-13


@pytest.mark.parametrize("d", [2, 3, 5, 8])
@pytest.mark.parametrize("thickness", [1.0, 1e-3, 1e-9])
def test_brackets_close_for_every_point_of_a_large_batch(d: int, thickness: float) -> None:
    """A vertex that a corral dropped may come back, however many vertices the other points of the batch use."""
    rng = np.random.default_rng(d)
    corners = rng.normal(size=(40, d))
    corners = np.concatenate([corners, corners + 1e-2 * rng.normal(size=(40, d))])
    corners[:, 0] *= thickness
    weights = rng.dirichlet(np.full(80, 0.1), size=1000)
    points = np.concatenate([weights @ corners, rng.normal(size=(1000, d))])
    found = polygon(corners).project(points[:, :, None])
    assert float((found.upper - found.lower).max()) <= 1e-12
    assert float(found.lower[:1000].max()) == 0.0


def test_no_points_give_no_distances() -> None:
    assert polygon([[0.0, 1.0]]).project(np.zeros((0, 2, 1))).upper.shape == (0,)
