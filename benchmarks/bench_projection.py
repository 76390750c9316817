"""Gap of 10⁵ points to a hull of 50 vertices, against one cvxpy quadratic program per point, in one run."""

import statistics
import time

import cvxpy as cp
import numpy as np
import pytest

from conservative.matrix_sets import FiniteSet, MatrixPolytope, gap

POINTS, VERTICES, PROGRAMS = 100_000, 50, 100


def _clouds(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(dimension)
    return rng.normal(size=(POINTS, dimension)), rng.normal(size=(VERTICES, dimension))


def _median_seconds(call: object, *, repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _program_distances(points: np.ndarray, vertices: np.ndarray) -> tuple[list[float], list[float]]:
    """Distances by one parametrised program, compiled once and solved for each point; seconds for each."""
    target, weights = cp.Parameter(vertices.shape[1]), cp.Variable(VERTICES, nonneg=True)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(vertices.T @ weights - target)), [cp.sum(weights) == 1])
    distances, seconds = [], []
    for point in points:
        target.value = point
        start = time.perf_counter()
        problem.solve(solver=cp.CLARABEL)
        seconds.append(time.perf_counter() - start)
        distances.append(max(problem.value, 0.0) ** 0.5)
    return distances, seconds[1:]


def _fresh_seconds(points: np.ndarray, vertices: np.ndarray) -> list[float]:
    """Seconds for each point when the problem is stated anew."""
    seconds = []
    for point in points:
        start = time.perf_counter()
        weights = cp.Variable(VERTICES, nonneg=True)
        cp.Problem(cp.Minimize(cp.sum_squares(vertices.T @ weights - point)), [cp.sum(weights) == 1]).solve(
            solver=cp.CLARABEL
        )
        seconds.append(time.perf_counter() - start)
    return seconds


@pytest.mark.parametrize("dimension", [2, 4, 6, 10])
def test_projection_against_cvxpy(dimension: int) -> None:
    points, vertices = _clouds(dimension)
    cloud, hull = FiniteSet(points[:, :, None]), MatrixPolytope(vertices[:, :, None])
    every = _median_seconds(lambda: hull.project(cloud.points)) / POINTS
    pruned = _median_seconds(lambda: gap(cloud, hull)) / POINTS
    distances, seconds = _program_distances(points[:PROGRAMS], vertices)
    program, fresh = statistics.median(seconds), statistics.median(_fresh_seconds(points[:PROGRAMS], vertices))
    print(f"\nd = {dimension}: projection {every * 1e6:.2f} µs a point, gap {pruned * 1e6:.2f} µs a point")
    for name, peer in (("one cvxpy problem a point", fresh), ("one compiled cvxpy problem, solved again", program)):
        print(f"  {name}: {peer * 1e6:.0f} µs, {peer / every:.0f}× the projection, {peer / pruned:.0f}× the gap")
    found = hull.project(cloud.points[:PROGRAMS])
    np.testing.assert_allclose(found.upper, distances, atol=1e-4)
    assert float((found.upper - found.lower).max()) < 1e-12
