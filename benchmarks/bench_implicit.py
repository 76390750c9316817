"""Implicit derivatives of a lasso on its active set, and of layers with many ties, in iterations of the algorithm."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import conservative as cj
from conservative.differentiation.implicit_reduced import ReducedTies


def _seconds(call: Callable[[], Any], repeats: int = 5) -> float:
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def _lasso(p: int, n: int, active: int) -> tuple[Any, np.ndarray]:
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((n, p)) / n**0.5, np.zeros(p)
    w[:active] = 1 + rng.random(active)
    algorithm = cj.algorithms.forward_backward(cj.problems.lasso(X, X @ w), step=1 / np.linalg.norm(X, 2) ** 2)
    z = np.zeros(p)
    for _ in range(1500):
        z = algorithm.evaluate(z, [0.1])
    return algorithm, z


def test_active_sets() -> None:
    print("\n     p active   × one iteration: solve alone, one run and solve, whole call, last 3 steps")
    for p, n, active in ((500, 250, 10), (2000, 1000, 20), (2000, 1000, 100)):
        print(f"{p:6d} {active:6d}  ", "  ".join(f"{ratio:6.1f}" for ratio in _ratios(p, n, active)))


def _ratios(p: int, n: int, active: int) -> list[float]:
    algorithm, z = _lasso(p, n, active)
    at = np.append(z, 0.1)
    S = algorithm.linearized(at)
    calls = (
        lambda: ReducedTies(S),
        lambda: ReducedTies(algorithm.linearized(at)),
        lambda: cj.implicit_jacobian(algorithm, at),
        lambda: cj.one_step_jacobian(algorithm, at, steps=3),
    )
    once = _seconds(lambda: algorithm.evaluate(z, [0.1]), 30)
    return [_seconds(call) / once for call in calls]
