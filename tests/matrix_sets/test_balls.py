"""Gaps from fattened sets to convex ones that hold their middles, against depths from the facets."""

import itertools

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from conservative.matrix_sets import CellUnion, MatrixPolytope, MatrixZonotope, gap


def _box(d: int, half: float) -> MatrixPolytope:
    return MatrixPolytope(np.array(list(itertools.product([-half, half], repeat=d)))[:, :, None])


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("half", [0.2, 0.5, 0.75])
def test_a_ball_around_the_middle_of_a_box_sticks_out_by_its_radius_less_the_depth(d: int, half: float) -> None:
    ball = CellUnion(np.zeros((1, 1, d, 1)), margin=0.5)
    boxes = (_box(d, half), MatrixZonotope(np.zeros((d, 1)), half * np.eye(d)[:, :, None]))
    for box in boxes:
        found = gap(ball, box, tol=1e-3)
        assert found.lower <= max(0.0, 0.5 - half) <= found.upper
        assert found.width <= 1e-3


@pytest.mark.parametrize("seed", range(12))
def test_the_gap_is_the_radius_less_the_depth_also_from_several_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = 2 + seed % 2
    corners = rng.standard_normal((10, d))
    cells = corners.mean(axis=0) + 0.02 * rng.standard_normal((3, 2, d))
    facets = ConvexHull(corners).equations
    signed = (cells.reshape(-1, d) @ facets[:, :-1].T + facets[:, -1]).max()
    radius, other = rng.uniform(0.0, 1.0), (0.0, 0.1)[seed % 4 > 1]
    Y = CellUnion(corners[None, :, :, None], margin=other)
    found = gap(CellUnion(cells[..., None], margin=radius), Y, tol=1e-6)
    truth = max(0.0, signed + radius - other)
    assert found.lower - 1e-12 <= truth <= found.upper + 1e-12
    assert found.width <= 1e-6


def test_a_fattened_set_is_measured_from_a_flat_one_and_from_a_point() -> None:
    ball = CellUnion(np.zeros((1, 1, 2, 1)), margin=0.5)
    for flat in ([[[0.0], [0.0]]], [[[-2.0], [0.0]], [[2.0], [0.0]]]):
        found = gap(ball, MatrixPolytope(flat), tol=1e-6)
        assert found.lower <= 0.5 <= found.upper
        assert found.width <= 1e-6
