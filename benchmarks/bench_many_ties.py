"""k ties on p = k states and m = k parameters: seconds and memory as k grows, and one NumPy product as the measure."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import conservative as cj

SIZES = (125, 250, 500, 1000)


def _map(k: int) -> tuple[cj.functions.StructuredMap, np.ndarray]:
    """Soft-thresholding with every component at a breakpoint."""
    rng = np.random.default_rng(k)
    M, N = 0.4 * rng.normal(size=(k, k)) / k**0.5, rng.normal(size=(k, k))
    F = cj.functions.structured(cj.functions.ScalarPiece.soft_threshold(1.0), M, N=N, c=rng.choice([-1.0, 1.0], size=k))
    return F, rng.normal(size=(k, 2 * k))


def _timed(call: Callable[[], Any], *, repeats: int) -> tuple[Any, float]:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def _peak(call: Callable[[], Any]) -> float:
    """The most memory allocated at once during a call, in doubles."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1] / 8
    tracemalloc.stop()
    return peak


def test_growth_with_the_number_of_ties() -> None:
    print("\n     k   jacobian    support   × product  membership       norm   peak / k(p + m), jacobian and support")
    for k in SIZES:
        F, D = _map(k)
        at = np.zeros(2 * k)
        J, building = _timed(lambda F=F, at=at: cj.conservative_jacobian(F, at), repeats=3)
        assert J.tie_count == k
        _ = J.blocks
        value, supporting = _timed(lambda J=J, D=D: J.support(D), repeats=5)
        rows = np.hstack([F.inner[:, :k], F.inner[:, k:]])
        np.testing.assert_allclose(value, np.maximum(np.einsum("ij,ij->i", D, rows), 0).sum(), rtol=1e-10)
        _, product = _timed(lambda J=J, D=D: J.U @ D, repeats=5)
        member = J.block(np.random.default_rng(0).random(k))
        inside, testing = _timed(lambda J=J, member=member: J.contains(member), repeats=1)
        assert inside
        norm, norming = _timed(J.largest_norm, repeats=1)
        built = _peak(lambda F=F, at=at: cj.conservative_jacobian(F, at)) / (2 * k * k)
        used = _peak(lambda J=J, D=D: J.support(D)) / (2 * k * k)
        print(
            f"{k:6d} {building:9.3f}s {supporting:9.4f}s {supporting / product:10.1f} {testing:10.2f}s {norming:9.2f}s"
            f"   {built:5.1f} {used:5.1f}   ‖A‖ in [{norm.bounds.lower:.9f}, {norm.bounds.upper:.9f}]"
        )


def test_graph_path_against_the_structured_one() -> None:
    print("\n     k   from_sympy   jacobian   structured, both")
    for k in (20, 40, 80):
        names = [f"x{i}" for i in range(k)]
        F, reading = _timed(
            lambda names=names: cj.from_sympy(
                [f"Max({n} - l, 0) - Max(-{n} - l, 0)" for n in names], state=names, parameters=["l"]
            ),
            repeats=1,
        )
        J, graph = _timed(lambda F=F, k=k: cj.jacobians.jacobian_zonotope(F, [1] * (k + 1)), repeats=1)
        soft = cj.functions.ScalarPiece.soft_threshold(0, rows=[1])
        S, structured = _timed(
            lambda soft=soft, k=k: cj.conservative_jacobian(cj.functions.structured(soft, np.eye(k)), [1] * (k + 1)),
            repeats=1,
        )
        assert J.tie_count == S.tie_count == k
        D = np.random.default_rng(0).normal(size=(k, k + 1))
        np.testing.assert_allclose(J.support(D), S.support(D))
        print(f"{k:6d} {reading:10.2f}s {graph:10.2f}s {structured:10.3f}s")
