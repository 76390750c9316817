"""Gauges of a batch of points in a symmetric polytope: our simplex steps against one HiGHS program a point."""

import time

import numpy as np
import pytest
from scipy.optimize import linprog

from conservative.spectral.polytope.columns import Columns, HullKind
from conservative.spectral.polytope.gauge import improve, start_points
from conservative.spectral.polytope.shape import Polytope, first_pool, no_points

PEERS = 20


def of_highs(vertices, point):
    columns = np.concatenate([vertices, -vertices]).T
    found = linprog(np.ones(columns.shape[1]), A_eq=columns, b_eq=point, bounds=(0, None), method="highs")
    return found.fun


@pytest.mark.parametrize("d", [4, 10, 20])
@pytest.mark.parametrize("count", [100, 1000])
def test_gauges_of_a_thousand_points(d, count):
    rng = np.random.default_rng(d)
    vertices = rng.standard_normal((count, d))
    vertices /= np.linalg.norm(vertices, axis=1)[:, None]
    x = rng.standard_normal((1000, d)) / d**0.5
    columns = Columns(HullKind.SYMMETRIC, vertices, np.zeros(d))
    orphans = np.full(count, -1)
    shape = Polytope(
        HullKind.SYMMETRIC, np.eye(d)[None], vertices, orphans, orphans, (), (), no_points(HullKind.SYMMETRIC, d), count
    )
    start = time.perf_counter()
    points = start_points(x, np.zeros((1000, 2), dtype=np.int64), first_pool(shape), columns)
    steps = improve(points, columns, inside=0.0, outside=np.inf, steps=100, deadline=np.inf)
    ours = (time.perf_counter() - start) / 1000
    start = time.perf_counter()
    expected = [of_highs(vertices, p) for p in x[:PEERS]]
    theirs = (time.perf_counter() - start) / PEERS
    np.testing.assert_allclose(points.value[:PEERS], expected, rtol=1e-8)
    print(
        f"d = {d}, {count} vertices: {ours * 1e6:.0f} us a point in {steps} steps, "
        f"HiGHS through linprog {theirs * 1e6:.0f} us: {theirs / ours:.0f} times"
    )
