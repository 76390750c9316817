"""What differentiation may return by forward-backward on a lasso at a breakpoint: seconds and widths."""

import time
from typing import Any

import numpy as np

import conservative as cj

LEVEL = 0.5


def _lasso(p: int, n: int, ties: int) -> tuple[Any, np.ndarray]:
    """A step, and its fixed point with `ties` coordinates at their thresholds."""
    rng = np.random.default_rng(0)
    X, w, g = rng.standard_normal((n, p)) / n**0.5, np.zeros(p), rng.uniform(-0.4, 0.4, p)
    w[:20] = rng.choice([-1, 1], 20) * (1 + rng.random(20))
    g[:20], g[20 : 20 + ties] = LEVEL * np.sign(w[:20]), LEVEL
    c, a = X.T @ (X @ w) + g, 1 / np.linalg.norm(X, 2) ** 2

    def step(x: Any, t: Any) -> Any:
        z = x - a * (X.T @ (X @ x) - c)
        return np.maximum(z - a * t[0], 0) - np.maximum(-z - a * t[0], 0)

    return step, w


def test_widths_and_seconds() -> None:
    print("\n     p  ties  steps   outer / inner   × plain loop")
    for p, n, ties, steps in ((50, 100, 5, None), (200, 400, 5, None), (2000, 1000, 0, 100), (2000, 1000, 50, 100)):
        step, w = _lasso(p, n, ties)
        F, start = cj.from_numpy(step, w, [LEVEL]), time.perf_counter()
        direction = np.random.default_rng(1).standard_normal(p)
        found = cj.derivative_range(F, w, [LEVEL], steps=steps, tangent=[1.0], cotangent=direction)
        seconds, start = time.perf_counter() - start, time.perf_counter()
        for _ in range(steps or 1000):
            w = step(w, np.array([LEVEL]))
        plain = time.perf_counter() - start
        inner, outer = (side.upper - side.lower for side in (found.inner, found.outer))
        print(f"{p:6d} {ties:5d}  {steps!s:5s} {outer / inner if ties else 1.0:15.6g} {seconds / plain:14.1f}")
