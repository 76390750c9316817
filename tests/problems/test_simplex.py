"""The projection onto the simplex: values, and ties that are shared by the threshold and the result."""

import numpy as np
import pytest

import conservative as cj
from conservative.problems.simplex import project_l1_ball, project_simplex


@pytest.mark.parametrize("seed", range(4))
def test_the_recorded_projection_has_the_values_of_the_sorted_one(seed: int) -> None:
    z = np.random.default_rng(seed).normal(size=6)
    recorded = cj.from_numpy(project_simplex, z).switched()
    assert np.allclose(recorded.value, project_simplex(z), atol=1e-14)
    assert project_simplex(z).sum() == pytest.approx(1)
    step = 1e-6 * np.eye(6)
    assert np.allclose(
        recorded.vertices()[0], (project_simplex(z + step) - project_simplex(z - step)).T / 2e-6, atol=1e-7
    )


def test_all_derivatives_stay_in_the_tangent_space() -> None:
    pieces = cj.from_numpy(project_simplex, [1, 0, 0, -1]).switched().vertices()
    assert (pieces.sum(axis=1) == 0).all()
    assert len(pieces) == 8


def test_equal_entries_inside_are_no_tie() -> None:
    assert cj.from_numpy(project_simplex, ["1/4"] * 4).switched().ties == ()


def nearest(project, z: np.ndarray, others: np.ndarray) -> bool:
    w = project(z)
    return bool(((others - w) @ (z - w) <= 1e-12).all())


@pytest.mark.parametrize("seed", range(3))
def test_the_l1_ball_has_its_nearest_point_recorded_or_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=5)
    z[0] = 0
    others = rng.normal(size=(50, 5))
    others /= np.maximum(np.abs(others).sum(axis=1, keepdims=True), 1)
    assert nearest(project_l1_ball, z, others)
    batch = np.stack([z, z / 100])
    assert np.allclose(project_l1_ball(batch), [project_l1_ball(z), z / 100])
    recorded = cj.from_numpy(project_l1_ball, z).switched()
    step = 1e-6 * np.eye(5)
    slopes = (project_l1_ball(z + step) - project_l1_ball(z - step)).T / 2e-6
    assert np.allclose(recorded.value, project_l1_ball(z), atol=1e-14)
    assert np.allclose(recorded.vertices()[0], slopes, atol=1e-7)


def test_at_the_sphere_and_at_the_threshold_there_is_one_decision_each() -> None:
    sphere = cj.from_numpy(project_l1_ball, ["1/4", "-3/4"]).switched().vertices()
    assert {tuple(map(str, piece.ravel())) for piece in sphere} == {("1", "0", "0", "1"), ("1/2", "1/2", "1/2", "1/2")}
    edge = cj.from_numpy(project_l1_ball, ["3/2", "-1/2"]).switched().vertices()
    assert {tuple(map(str, piece.ravel())) for piece in edge} == {("0", "0", "0", "0"), ("1/2", "1/2", "1/2", "1/2")}
    assert len(cj.from_numpy(project_l1_ball, ["1/4", "0", "1/4"]).switched().ties) == 0


def test_the_radius_may_be_a_parameter() -> None:
    F = cj.from_numpy(lambda z, t: project_simplex(z, radius=t), ["2", "1/2", "-1"], ["1"])
    assert F.switched().vertices()[0][:, 3].tolist() == [1, 0, 0]
    assert project_simplex(np.array([2.0, 0.5, -1]), radius=3.0).tolist() == [2.25, 0.75, 0]
