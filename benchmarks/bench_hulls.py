"""Forty steps of hull iteration with a certificate: growth with the dimension, the number of maps and ε, in one run."""

import resource
import time

import numpy as np
import pytest

from conservative.iteration import Thinning, iterate_set, iterate_templates

STEPS, RHO = 40, 0.7


def _family(dimension: int, maps: int) -> np.ndarray:
    rng = np.random.default_rng([dimension, maps])
    A = rng.normal(size=(maps, dimension, dimension))
    A *= RHO / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(maps, dimension, 1))], axis=2)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


@pytest.mark.parametrize(
    ("dimension", "maps", "epsilon"),
    [(2, 4, 1e-2), (3, 4, 1e-2), (4, 2, 1e-2), (4, 4, 1e-1), (4, 4, 1e-2), (4, 8, 1e-2), (6, 2, 1e-1), (6, 4, 1e-1)],
)
def test_epsilon_hulls(dimension: int, maps: int, epsilon: float) -> None:
    start = time.perf_counter()
    run = iterate_set(
        _family(dimension, maps),
        np.zeros((1, dimension, 1)),
        steps=STEPS,
        representation=Thinning(epsilon=epsilon),
    )
    seconds, last = time.perf_counter() - start, run.sets[-1]
    print(
        f"\nd = {dimension}, {maps} maps, ε = {epsilon:g}: {seconds:.1f} s, {len(last.vertices)} vertices, missing "
        f"{last.e_missing:.2g}, to the limit {run.bounds[-1].best:.2g}, peak {_memory():.0f} MB"
    )
    assert last.e_missing <= epsilon


@pytest.mark.parametrize(
    ("dimension", "maps", "epsilon"),
    [
        (4, 4, 1e-2),
        (6, 4, 1e-2),
        (10, 2, 1e-2),
        (10, 2, 1e-4),
        (10, 4, 1e-2),
        (20, 2, 1e-2),
        (20, 2, 1e-4),
        (20, 4, 1e-2),
    ],
)
def test_templates(dimension: int, maps: int, epsilon: float) -> None:
    start = time.perf_counter()
    run = iterate_templates(_family(dimension, maps), np.zeros((1, dimension, 1)), steps=STEPS, tol=epsilon)
    seconds = time.perf_counter() - start
    print(
        f"\nd = {dimension}, {maps} maps, tol = {epsilon:g}: {seconds:.2f} s for {len(run.directions)} directions, "
        f"widest bracket {run.widths.max():.2g}, of the limit {float((run.limit_upper - run.limit_lower).max()):.2g}, "
        f"peak {_memory():.0f} MB, {run.status.name}"
    )
    assert run.widths.max() <= epsilon
