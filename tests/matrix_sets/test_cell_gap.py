"""Gaps between unions of cells in three dimensions and more: known answers, sampling, budgets, interrupts."""

import itertools

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.errors import InterruptedWarning
from conservative.matrix_sets import CellUnion, MatrixPolytope, gap
from conservative.matrix_sets.distance import from_cells
from conservative.matrix_sets.distance.from_cells import farthest_in_cells


def _boxes(d: int, *ends: tuple[float, float]) -> CellUnion:
    """Products of an interval of the first entry and [0, 1] for the others."""
    cells = [np.array(list(itertools.product(first, *[(0.0, 1.0)] * (d - 1)))) for first in ends]
    return CellUnion(np.array(cells)[..., None])


@pytest.mark.parametrize("d", [3, pytest.param(4, marks=pytest.mark.slow)])
def test_between_two_slabs_the_middle_is_farthest(d: int) -> None:
    slabs = _boxes(d, (0.0, 1.0), (3.0, 5.0))
    for X in (_boxes(d, (0.0, 5.0)), MatrixPolytope(_boxes(d, (0.0, 5.0)).cells[0])):
        found = gap(X, slabs, tol=0.1)
        assert 1.0 in found
        assert found.width <= 0.1
    assert 2.0 in gap(_boxes(d, (0.5, 1.0), (6.0, 7.0)), slabs, tol=1e-3)


def test_a_cell_that_two_cover_together_has_a_gap_near_zero() -> None:
    found = gap(_boxes(3, (0.0, 2.0), (0.5, 1.0)), _boxes(3, (0.0, 1.0), (1.0, 2.0)), tol=0.2)
    assert found.lower == 0.0
    assert found.upper <= 0.2


@drawn(8, 80, st.integers(0, 10**6), st.sampled_from([(3, 1), (2, 2)]), st.sampled_from([0.01, 0.3, 2.0]))
def test_brackets_hold_what_sampling_finds(seed: int, shape: tuple[int, int], away: float) -> None:
    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 6), rng.integers(2, 7)
    cells = rng.normal(size=(n, 1, *shape)) + 0.3 * rng.normal(size=(n, k, *shape))
    Y = CellUnion(np.concatenate([cells + away * rng.normal(size=cells.shape), cells[:1] + 2.0]))
    found = farthest_in_cells(CellUnion(cells), Y, tol=0.2, budget=4000)
    weights = rng.dirichlet(np.full(k, 0.3), size=500)
    points = np.einsum("nk,nkij->nij", weights, cells[rng.integers(0, n, 500)])
    assert Y.project(np.concatenate([points, cells.reshape(-1, *shape)])).lower.max() <= found.upper
    # No point is farther from Y than the moved copy of itself; along weights the copies are convex.
    moved = np.linalg.norm((Y.cells[:n] - cells).reshape(n, k, -1), axis=2).max()
    assert found.lower <= moved * (1.0 + 1e-12)


@pytest.mark.parametrize("budget", [0, 1, 500])
def test_small_budgets_leave_valid_brackets(budget: int) -> None:
    found = farthest_in_cells(_boxes(3, (0.0, 5.0)), _boxes(3, (0.0, 1.0), (3.0, 5.0)), tol=1e-9, budget=budget)
    assert 1.0 in found
    assert found.upper <= 4.0


@pytest.mark.parametrize("call", [1, 2, 3, 6])
def test_interrupts_leave_valid_brackets(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = from_cells.pair_distances, []

    def stopping(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(points, cells)

    monkeypatch.setattr(from_cells, "pair_distances", stopping)
    with pytest.warns(InterruptedWarning):
        found = gap(_boxes(3, (0.0, 5.0)), _boxes(3, (0.0, 1.0), (3.0, 5.0)), tol=1e-3)
    assert 1.0 in found
