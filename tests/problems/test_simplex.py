"""The projection onto the simplex: values, and ties that are shared by the threshold and the result."""

import numpy as np
import pytest

import conservative as cj
from conservative.problems.simplex import project_simplex


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
