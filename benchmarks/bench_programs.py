"""NumPy programs: seconds for all Jacobians at a point, against plain evaluation and against compiled `jax.jacfwd`."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import conservative as cj


def _least(call: Callable[[], Any], repeats: int = 5) -> tuple[Any, float]:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def _equilibrium(p: int, m: int, k: int) -> tuple[Callable[..., Any], Any, Any, tuple[Any, Any, Any]]:
    """A ReLU equilibrium with k ties."""
    rng = np.random.default_rng(p)
    W, U = 0.4 * rng.standard_normal((p, p)) / p**0.5, rng.standard_normal((p, m)) / m**0.5
    theta, x = rng.standard_normal(m), np.maximum(rng.standard_normal(p), 0)
    x[:k] = 0
    before = np.where(x > 0, x, -1.0)
    before[:k] = 0
    b = before - (W @ x + U @ theta)
    return lambda x, t: np.maximum(W @ x + U @ t + b, 0), x, theta, (W, U, b)


@pytest.mark.parametrize(("p", "m", "k"), [(10, 2, 2), (200, 20, 30), (1000, 20, 1000)])
def test_an_equilibrium_against_evaluation_and_jax(p: int, m: int, k: int) -> None:
    step, x, theta, (W, U, b) = _equilibrium(p, m, k)
    F = cj.from_numpy(step, x, theta)
    form, seconds = _least(F.switched)
    assert len(form.ties) == k
    _, once = _least(lambda: step(x, theta), 20)
    line = f"\np = {p}, {k} ties: {seconds * 1e3:.2f} ms, {seconds / (once * (p + m + k)):.2f} times n + k evaluations"
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jacobian = jax.jit(jax.jacfwd(lambda x, t: jax.numpy.maximum(W @ x + U @ t + b, 0), argnums=(0, 1)))
    jax.block_until_ready(jacobian(x, theta))
    _, compiled = _least(lambda: jax.block_until_ready(jacobian(x, theta)))
    print(f"{line}, {seconds / compiled:.2f} times compiled jacfwd")


def test_a_large_program_is_held_as_an_operator() -> None:
    p, k = 10_000, 1_000
    rng = np.random.default_rng(0)
    A = sparse.random_array((2000, p), density=1e-3, rng=rng, format="csr")
    y, x = rng.standard_normal(2000), np.zeros(p)
    z = x - 0.1 * (A.T @ (A @ x - y))
    level = np.full(p, 1.0)
    tied = np.flatnonzero(z)[:k]
    level[tied] = np.abs(z[tied])

    def step(x: Any, theta: Any) -> Any:
        z = x - 0.1 * (A.T @ (A @ x - y))
        return np.sign(z) * np.maximum(np.abs(z) - level * theta, 0)

    form, seconds = _least(cj.from_numpy(step, x, 1.0).switched, 3)
    assert form.matrix_free
    assert len(form.ties) == k
    _, once = _least(lambda: step(x, 1.0), 20)
    print(f"\np = {p:,}, {k:,} ties: {seconds:.2f} s, {seconds / (once * 2 * k):.2f} times 2k evaluations")


@pytest.mark.parametrize("form", ["equilibrium", "threshold"])
@pytest.mark.parametrize(("p", "m", "k"), [(10, 2, 2), (200, 20, 30), (1000, 20, 1000)])
def test_a_jax_program_against_jacfwd(p: int, m: int, k: int, form: str) -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    jax.config.update("jax_enable_x64", True)
    _, x, theta, (W, U, b) = _equilibrium(p, m, k)
    level, shift = np.where(np.arange(p) < k, 1.0, 0.5), 1 - x

    def step(x: Any, t: Any) -> Any:
        if form == "equilibrium":
            return jnp.maximum(W @ x + U @ t + b, 0)
        z = x + shift
        return jnp.sign(z) * jnp.maximum(jnp.abs(z) - level * (1 + jnp.sum(t) - theta.sum()), 0)

    start = time.perf_counter()
    F = cj.from_jax(step, x, theta)
    assert len(F.switched().ties) == k
    first = time.perf_counter() - start
    _, seconds = _least(F.switched)
    jacobian = jax.jit(jax.jacfwd(step, argnums=(0, 1)))
    jax.block_until_ready(jacobian(x, theta))
    _, compiled = _least(lambda: jax.block_until_ready(jacobian(x, theta)), 20)
    print(
        f"\n{form}, p = {p}, {k} ties: first {first:.2f} s, then {seconds * 1e3:.2f} ms, {seconds / compiled:.2f} "
        f"times compiled jacfwd ({compiled * 1e3:.2f} ms)"
    )
