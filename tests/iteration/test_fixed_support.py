"""Bounds of a fixed set in directions and entries, against a series and points of it."""

import numpy as np
import pytest

import conservative as cj


def test_entries_of_an_interval_are_its_ends():
    """x -> t x + 1 with t in [-3/4, -1/4]: the fixed set is [4/13, 12/13] (derived: both ends follow one another)."""
    found = cj.fixed_set([[[-0.75, 1.0]], [[-0.25, 1.0]]], tol=1e-9, time_limit=None)
    assert found.entries.shape == (1, 1, 2)
    assert np.allclose(found.entries[0, 0], [4 / 13, 12 / 13], atol=1e-8)
    assert found.entries[0, 0, 0] <= 4 / 13
    assert found.entries[0, 0, 1] >= 12 / 13
    assert found.contains([[[0.5]], [[0.2]]]).tolist() == [True, False]


@pytest.mark.parametrize("seed", range(3))
def test_one_matrix_and_several_terms_have_the_support_of_their_series(seed):
    """X = sum A^k w_k with w_k in conv{B_i}: h(D) = sum_k max_i <D, A^k B_i>."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((2, 2))
    A *= 0.6 / np.linalg.norm(A, 2)
    B = rng.standard_normal((3, 2, 1))
    found = cj.fixed_set(np.concatenate([np.broadcast_to(A, (3, 2, 2)), B], axis=2), tol=1e-7, time_limit=None)
    directions = rng.standard_normal((5, 2, 1))
    wanted, power = np.zeros(5), np.eye(2)
    for _ in range(80):
        wanted += np.einsum("dpm,kpm->dk", directions, power @ B).max(axis=1)
        power = power @ A
    lower, upper = found.support(directions).T
    assert (lower <= wanted + 1e-12).all()
    assert (upper >= wanted - 1e-12).all()
    assert (upper - lower < 1e-5).all()
    units = np.eye(2)[:, :, None]
    assert np.allclose(found.entries[:, 0, 1], found.support(units)[:, 1])


def test_directions_of_another_shape_are_refused():
    found = cj.fixed_set([[[-0.75, 1.0]], [[-0.25, 1.0]]], tol=1e-3, time_limit=None)
    with pytest.raises(cj.ShapeError):
        found.support([[1.0, 2.0]])
