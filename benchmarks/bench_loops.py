"""Derivatives along forward-backward on a lasso beside the loop without them: ratios in one run, and their growth.

Seconds are of the processor, so that what runs beside does not count.
"""

import importlib.util
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bench_derivative_range import LEVEL, _lasso

import conservative as cj


def _seconds(call: Callable[[], Any], rounds: int = 2) -> float:
    found = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def _plain(step: Any, x: Any, steps: int) -> None:
    theta = np.array([LEVEL])
    for _ in range(steps):
        x = step(x, theta)


def test_one_direction_against_plain_iterations() -> None:
    """Goals at p = 2,000 and 1,000 steps: `jvp` 2.5, `derivative_range` 5 with up to 50 ties."""
    print("\n     p     n  ties  steps   jvp   vjp  range  outer / inner   (× plain loop)")
    sizes = [(200, 100, 0), (2000, 1000, 0), (2000, 1000, 5), (2000, 1000, 50)]
    for (p, n, ties), steps in [*((size, 1000) for size in sizes), ((2000, 1000, 50), 250)]:
        step, w = _lasso(p, n, ties)
        F, back = cj.from_numpy(step, w, [LEVEL]), np.random.default_rng(1).standard_normal(p)
        plain = _seconds(lambda: _plain(step, w, steps))  # noqa: B023
        ahead = _seconds(lambda: cj.jvp(F, w, [LEVEL], [1.0], steps=steps), 1)  # noqa: B023
        behind = _seconds(lambda: cj.vjp(F, w, [LEVEL], back, steps=steps), 1)  # noqa: B023
        start = time.process_time()
        found = cj.derivative_range(F, w, [LEVEL], steps=steps, tangent=[1.0], cotangent=back)
        ranged = time.process_time() - start
        inner, outer = (side.upper - side.lower for side in (found.inner, found.outer))
        print(
            f"{p:6d} {n:5d} {ties:5d} {steps:6d} {ahead / plain:5.1f} {behind / plain:5.1f} {ranged / plain:6.1f} "
            f"{outer / inner if ties else 1.0:14.5f}"
        )


def test_from_zero_without_ties() -> None:
    print("\n     p  steps   jvp   vjp   (× plain loop, from 0: every step has its own linearisation until it rests)")
    for p, n, steps in ((200, 100, 300), (2000, 1000, 300), (2000, 1000, 1000)):
        step, _ = _lasso(p, n, 0)
        F, x = cj.from_numpy(step, np.zeros(p), [LEVEL]), np.zeros(p)
        plain = _seconds(lambda: _plain(step, x, steps))  # noqa: B023
        ahead = _seconds(lambda: cj.jvp(F, x, [LEVEL], [1.0], steps=steps), 1)  # noqa: B023
        behind = _seconds(lambda: cj.vjp(F, x, [LEVEL], np.ones(p), steps=steps), 1)  # noqa: B023
        print(f"{p:6d} {steps:6d} {ahead / plain:5.1f} {behind / plain:5.1f}")


def test_memory_of_reverse_mode_grows_like_a_root() -> None:
    print("\n steps   points kept   MB with checkpoints   MB without   (p = 2,000)")
    step, _ = _lasso(2000, 100, 0)
    F = cj.from_numpy(step, np.zeros(2000), [LEVEL])
    for steps in (100, 400, 1600):
        used, kept = list[float](), steps + 1
        for checkpoints in (0, None):
            tracemalloc.start()
            pulled = cj.vjp(F, np.zeros(2000), [LEVEL], np.ones(2000), steps=steps, checkpoints=checkpoints)
            used.append(tracemalloc.get_traced_memory()[1] / 1e6)
            tracemalloc.stop()
            kept = min(kept, len(pulled.at))
        print(f"{steps:6d} {kept:13d} {used[0]:21.2f} {used[1]:12.2f}")


def test_many_values_at_once() -> None:
    """Goals for 10,000 values: 50 × a Python loop at p = 10, 15 × at p = 50."""
    print("\n     p  values   × faster than one after the other")
    rng = np.random.default_rng(0)
    for p, n in ((10, 20), (50, 80)):
        F = cj.algorithms.forward_backward(cj.problems.lasso(rng.standard_normal((n, p)), rng.standard_normal(n)))
        theta, x = np.linspace(0.1, 3, 10_000)[:, None], np.zeros(p)
        together = _seconds(lambda: cj.jvp(F, x, theta, [1.0], steps=20), 1)  # noqa: B023
        some = theta[::500]
        alone = _seconds(lambda: [cj.jvp(F, x, t, [1.0], steps=20) for t in some], 1)  # noqa: B023
        print(f"{p:6d} {len(theta):7d} {alone * len(theta) / len(some) / together:10.0f}")


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is an extra")
def test_beside_unrolled_jax() -> None:
    print("\n     p  steps   jvp here   jax.jvp of the unrolled loop   (× plain loop of each)")
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    for p, n, steps in ((200, 100, 200), (2000, 1000, 200)):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, p)) / n**0.5
        c, a = X.T @ rng.standard_normal(n), 1 / np.linalg.norm(X, 2) ** 2
        M, right = jnp.asarray(X), jnp.asarray(c)

        def step(x: Any, t: Any, X: Any = X, c: Any = c, a: float = a) -> Any:
            z = x - a * (X.T @ (X @ x) - c)
            return np.maximum(z - a * t[0], 0) - np.maximum(-z - a * t[0], 0)

        def loop(t: Any, M: Any = M, right: Any = right, a: float = a, p: int = p, steps: int = steps) -> Any:
            def body(x: Any, _: Any) -> Any:
                z = x - a * (M.T @ (M @ x) - right)
                return jnp.maximum(z - a * t[0], 0) - jnp.maximum(-z - a * t[0], 0), None

            return jax.lax.scan(body, jnp.zeros(p), None, length=steps)[0]

        primal, pushed = jax.jit(loop), jax.jit(lambda t, loop=loop: jax.jvp(loop, (t,), (jnp.ones(1),)))
        t = jnp.array([LEVEL])
        primal(t).block_until_ready(), pushed(t)[1].block_until_ready()
        theirs = _seconds(lambda: pushed(t)[1].block_until_ready()) / _seconds(lambda: primal(t).block_until_ready())  # noqa: B023
        F = cj.from_numpy(step, np.zeros(p), [LEVEL])
        plain = _seconds(lambda: _plain(step, np.zeros(p), steps))  # noqa: B023
        ours = _seconds(lambda: cj.jvp(F, np.zeros(p), [LEVEL], [1.0], steps=steps), 1) / plain  # noqa: B023
        print(f"{p:6d} {steps:6d} {ours:10.1f} {theirs:30.1f}")
