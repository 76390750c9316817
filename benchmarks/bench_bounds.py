"""Semidefinite bounds and zonotopes in units of a hundred eigenvalue problems of the same run.

Run with ``pytest benchmarks/bench_bounds.py -s``; every ratio comes from one run on one machine.
"""

import time

import numpy as np
import pytest

import conservative as cj
from conservative.spectral.semidefinite.positivity import is_proved_semidefinite
from conservative.spectral.zonotopes.data import as_rational


def timed(function, *arguments, **options):
    start = time.perf_counter()
    result = function(*arguments, **options)
    return result, time.perf_counter() - start


def unit(n):
    """Seconds of a hundred eigenvalue problems of order n."""
    matrix = np.random.default_rng(0).standard_normal((n, n))
    return timed(lambda: [np.linalg.eigvals(matrix) for _ in range(100)])[1]


@pytest.mark.parametrize("n", [2, 4, 8])
def test_the_bounds_against_each_other(n):
    family = np.random.default_rng(n).standard_normal((2, n, n))
    calls = {
        "quadratic": lambda: cj.spectral.path_complete_bound(family, memory=0),
        "memory 1": lambda: cj.spectral.path_complete_bound(family, memory=1),
        "memory 2": lambda: cj.spectral.path_complete_bound(family, memory=2),
        "degree 4": lambda: cj.spectral.sum_of_squares_bound(family, degree=4, time_limit=30.0),
    }
    calls["quadratic"]()
    one = unit(n)
    for name, call in calls.items():
        bound, seconds = timed(call)
        print(f"n = {n}, {name}: gamma {bound.gamma:.6f}, {seconds / one:.0f} times a hundred eigenvalue problems")
        assert bound.gamma >= np.abs(np.linalg.eigvals(family)).max() * (1 - 1e-12)


@pytest.mark.parametrize("k", [10, 50, 200])
def test_zonotopes_grow_with_the_ties_and_not_with_the_vertices(k):
    rng, n = np.random.default_rng(k), 20
    base = rng.standard_normal((n, n)) / n**0.5 / 2
    U, V = rng.standard_normal((k, n)) / (n * k) ** 0.5, rng.standard_normal((k, n)) / n**0.5 / 2
    found, seconds = timed(cj.spectral.zonotope_radius, cj.MatrixZonotope.from_rank_one(base, U, V))
    one = unit(n + k)
    print(f"{k} ties: [{found.lower:.4f}, {found.upper:.4f}], {seconds / one:.1f} hundred problems of order n + k")
    assert found.lower <= found.upper


@pytest.mark.parametrize("n", [20, 60, 120])
def test_exact_positivity_against_doubles(n):
    factor = np.random.default_rng(n).standard_normal((n, n))
    gram = factor @ factor.T + np.eye(n)
    exact = as_rational((gram + gram.T) / 2)
    proved, seconds = timed(is_proved_semidefinite, exact)
    _, floats = timed(np.linalg.eigvalsh, gram)
    print(f"order {n}: proved in {seconds / floats:.0f} times the eigenvalues in doubles")
    assert proved
