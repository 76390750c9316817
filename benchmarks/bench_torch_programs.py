"""Sets of PyTorch programs against autograd's own Jacobian at the same point, in one run."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import conservative as cj

torch = pytest.importorskip("torch")


def _seconds(call: Callable[[], Any], *, repeats: int = 5) -> float:
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("p", [10, 200, 1000])
def test_soft_thresholds_with_every_entry_tied(p: int) -> None:
    rng = np.random.default_rng(0)
    A = torch.tensor(rng.standard_normal((p, p)) / p)
    F = cj.from_torch(lambda v: torch.nn.functional.softshrink(v, 1.0) + A @ v, np.sign(rng.standard_normal(p)))
    ours, autograd = _seconds(F.switched), _seconds(F.own_jacobian)
    print(f"\np = {p}, {p} ties: {ours / autograd:.1f} × autograd's Jacobian ({autograd * 1e3:.2f} ms)")
    assert len(F.switched().ties) == p


def test_a_relu_equilibrium() -> None:
    rng = np.random.default_rng(0)
    p, m, k = 200, 20, 30
    W, U, theta = rng.standard_normal((p, p)) / 40, rng.standard_normal((p, m)), rng.standard_normal(m)
    x = np.maximum(rng.standard_normal(p), 0)
    x[:k] = 0
    before = np.where(x > 0, x, -0.5)
    before[:k] = 0
    Wt, Ut, ct = map(torch.tensor, (W, U, before - W @ x - U @ theta))
    F = cj.from_torch(lambda v, t: torch.relu(Wt @ v + Ut @ t + ct), x, theta)
    ours, autograd = _seconds(F.switched), _seconds(F.own_jacobian)
    print(f"\np = {p}, m = {m}, {k} ties: {ours * 1e3:.1f} ms, {ours / autograd:.1f} × autograd's Jacobian")
    assert len(F.switched().ties) == k


def test_a_large_program_is_an_operator() -> None:
    rng = np.random.default_rng(0)
    p, k = 10_000, 1000
    x, c = 3 * rng.standard_normal(p), torch.tensor(rng.standard_normal(p))
    x[:k] = 1.0
    F = cj.from_torch(lambda v: torch.nn.functional.softshrink(v, 1.0) / 2 + torch.roll(v, 1) * c / 10, x)
    ours, once = _seconds(F.switched, repeats=2), _seconds(lambda: F.evaluate(x))
    print(f"\np = {p:,}, {k:,} ties: {ours:.2f} s, {ours / once:.0f} × one value")
    assert F.switched().matrix_free
