"""Limits of time: the CPU seconds that a call took over those it was asked to take, over calls and sizes.

Run with ``pytest benchmarks/bench_limits.py -s``. A limit counts as kept within the larger of half a second and a fifth
of it; reading the matrices is part of the call.
"""

import time

import numpy as np
import pytest

import conservative as cj
from conservative.spectral import (
    common_quadratic_norm,
    contraction_verdict,
    lower_spectral_radius,
    path_complete_bound,
    polytope_norm,
    shortest_expanding,
    sum_of_squares_bound,
    zonotope_radius,
)


def gaussian(k, n):
    return np.random.default_rng(100 * k + n).standard_normal((k, n, n))


def small(k, n, size):
    matrices = gaussian(k, n)
    return matrices * (size / np.linalg.norm(matrices, 2, axis=(1, 2)).max())


def blocks(k, p, m):
    return np.concatenate([small(k, p, 0.8), np.random.default_rng(k).standard_normal((k, p, m))], axis=2)


def zonotope(n, count):
    return cj.MatrixZonotope(small(1, n, 0.6)[0], small(count, n, 0.3))


CALLS = {
    **{
        f"joint_spectral_radius {k} x {n}": lambda t, k=k, n=n: cj.joint_spectral_radius(gaussian(k, n), time_limit=t)
        for k, n in ((2, 60), (2, 100), (2, 150), (40, 20), (200, 8), (2000, 4))
    },
    **{
        f"contraction_verdict {k} x {n}, norm {size}": lambda t, k=k, n=n, size=size: contraction_verdict(
            small(k, n, size), time_limit=t
        )
        for k, n in ((2, 30), (2, 100), (2, 150), (10, 32), (40, 20), (1000, 3))
        for size in (0.9, 1.2)
    },
    **{
        f"sum_of_squares_bound {k} x {n}, degree {d}": lambda t, k=k, n=n, d=d: sum_of_squares_bound(
            gaussian(k, n), degree=d, time_limit=t
        )
        for k, n, d in ((2, 60, 2), (2, 80, 2), (2, 8, 4), (20, 6, 4))
    },
    **{
        f"{call.__name__} {k} x {n}": lambda t, k=k, n=n, call=call: call(gaussian(k, n), time_limit=t)
        for call in (common_quadratic_norm, path_complete_bound, lower_spectral_radius)
        for k, n in ((2, 8), (2, 32), (2, 60), (20, 20))
    },
    "lower_spectral_radius, nonnegative 2 x 40": lambda t: lower_spectral_radius(abs(gaussian(2, 40)), time_limit=t),
    "polytope_norm 2 x 20": lambda t: polytope_norm(small(2, 20, 1.2), time_limit=t),
    "shortest_expanding 2 x 8": lambda t: shortest_expanding(small(2, 8, 1.1), max_length=40, time_limit=t),
    "zonotope_radius 20, 20 ties": lambda t: zonotope_radius(zonotope(20, 20), time_limit=t),
    **{
        f"iterate_set {k} blocks {p} x {m}": lambda t, k=k, p=p, m=m: cj.iterate_set(
            blocks(k, p, m), np.zeros((1, p, m)), steps=400, time_limit=t
        )
        for k, p, m in ((4, 3, 1), (8, 4, 1), (4, 10, 10))
    },
    **{
        f"fixed_set {k} blocks {p} x {m}": lambda t, k=k, p=p, m=m: cj.fixed_set(
            blocks(k, p, m), tol=1e-5, time_limit=t
        )
        for k, p, m in ((4, 3, 1), (8, 4, 1), (4, 10, 10))
    },
    "analyze heavy-ball": lambda t: cj.analyze("heavy-ball", time_limit=t),
    "analyze lasso-diabetes": lambda t: cj.analyze("lasso-diabetes", time_limit=t),
}


@pytest.mark.parametrize("asked", [0.0, 1.0, 3.0])
def test_asked_and_taken(asked):
    for name in ("joint_spectral_radius 2 x 60", "common_quadratic_norm 2 x 8", "analyze heavy-ball"):
        CALLS[name](0.1)  # imports
    late = 0
    for name, call in CALLS.items():
        begun = time.process_time()
        call(asked)
        taken = time.process_time() - begun
        kept = taken <= asked + max(0.5, 0.2 * asked)
        late += not kept
        print(f"{name}: asked {asked:g}, took {taken:.2f} CPU s{'' if kept else '  LATE'}", flush=True)
    print(f"{late} of {len(CALLS)} calls were late")
