"""Nearest points of planar hulls in closed form, against brute force and against Wolfe's algorithm."""

import numpy as np
import pytest

from conservative.matrix_sets import MatrixPolytope
from conservative.matrix_sets.nearest import polygon_search, proved_projection
from conservative.matrix_sets.nearest.min_norm_point import nearest_points
from conservative.matrix_sets.nearest.proved_projection import hull_distances
from tests.planar_oracle import distances


def hulls() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    circle = np.stack([np.cos(np.arange(40.0)), np.sin(np.arange(40.0))], axis=1)
    return [
        circle,
        rng.normal(size=(12, 2)),  # some inside
        np.array([(0.0, 0), (0.3, 0.1), (3 * 0.3, 3 * 0.1)]),
        np.array([(0.0, 0), (1, 0), (0.5, 0), (1, 0)]),
        np.array([(0.0, 0), (1, 1e-12), (2, 0), (3, 1e-9)]),
        np.array([(0.0, 0), (1, 0), (1, 1), (0, 1)]) * [1.0, 1e-150],
        np.array([(0.0, 0), (1, 0)]),
    ]


@pytest.mark.parametrize("scale", [1e-250, 1e-3, 1.0, 1e250])
@pytest.mark.parametrize("hull", hulls())
def test_brackets_hold_the_distance_and_are_as_narrow_as_wolfes(
    hull: np.ndarray, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    points = np.concatenate([2.0 * rng.normal(size=(150, 2)), hull, rng.dirichlet(np.ones(len(hull)), size=20) @ hull])
    truth = distances(points, [hull])
    found = hull_distances(scale * points, scale * hull)
    assert (found.lower <= scale * truth * (1 + 1e-14) + 1e-15 * scale).all()
    assert (found.upper >= scale * truth * (1 - 1e-14) - 1e-15 * scale).all()
    width = (found.upper - found.lower).max() / scale
    monkeypatch.setattr(proved_projection, "nearest_in_plane", nearest_points)
    general = hull_distances(scale * points, scale * hull)
    assert width <= 1e-14 + 2.0 * (general.upper - general.lower).max() / scale
    share = found.weights / found.weights.sum(axis=1, keepdims=True)
    made = np.einsum("nm,nmd->nd", share, hull[found.corral])
    assert np.hypot(*(made - points).T) == pytest.approx(truth, abs=1e-12)


def test_points_inside_are_their_own_nearest_points() -> None:
    square = MatrixPolytope([[[-1.0, -1.0]], [[-1.0, 1.0]], [[1.0, -1.0]], [[1.0, 1.0]]])
    inside = np.random.default_rng(0).uniform(-1.0, 1.0, size=(50, 1, 2))
    found = square.project(inside)
    assert found.upper.max() <= 1e-14
    np.testing.assert_allclose(found.nearest, inside, atol=1e-14)


def test_no_point_of_a_proper_polygon_is_left_to_wolfes_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near its edges, inside thin triangles, and at its vertices to rounding."""

    def refused(*args: object, **options: object) -> object:
        raise AssertionError("left to Wolfe's algorithm")

    monkeypatch.setattr(polygon_search, "nearest_points", refused)
    rng = np.random.default_rng(2)
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, size=60))
    hull = np.stack([np.cos(angle), np.sin(angle)], axis=1) @ np.array([[1.0, 0.4], [0.0, 0.3]])
    middles = 0.5 * hull + 0.5 * np.roll(hull, 1, axis=0)
    near = np.concatenate([middles * (1.0 + distance) for distance in (-0.5, -1e-6, -1e-16, 1e-15, 1e-9, 1e-4)])
    points = np.concatenate([near, hull, np.nextafter(hull, 2.0)])
    found = hull_distances(points, hull)
    truth = distances(points, [hull])
    assert (found.lower <= truth + 1e-15).all()
    assert (found.upper >= truth - 1e-15).all()
    assert (found.upper - found.lower).max() <= 1e-13
