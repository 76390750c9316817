"""Families taken apart before a search, in units of the exact characteristic polynomials of the same matrices.

Run with ``pytest benchmarks/bench_reduction.py -s``; every ratio comes from one run on one machine.
"""

import time

import numpy as np
import pytest

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import as_family
from conservative.spectral.reduction import closed_form, essential_matrices, triangularise


def fastest(function, *arguments, repeats=3):
    """The result and the shortest of a few times."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function(*arguments)
        times.append(time.perf_counter() - start)
    return result, min(times)


def characteristic_polynomials(family):
    return [to_flint(m).charpoly() for m in family.exact]


def hidden(sizes, seed):
    """A pair of integer matrices that an unknown unimodular basis makes block triangular."""
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(len(sizes)), sizes)
    n = block.size
    rows = rng.integers(-3, 4, size=(2, n, n)) * (block[:, None] <= block)
    left, right = np.eye(n, dtype=object), np.eye(n, dtype=object)
    for _ in range(2 * n):
        i, j = rng.choice(n, 2, replace=False)
        left[i] = left[i] + left[j]
        right[:, j] = right[:, j] - right[:, i]
    return [[[int(x) for x in row] for row in left.dot(m).dot(right)] for m in rows.astype(object)]


@pytest.mark.parametrize("n", [2, 5, 10, 20, 40, 80])
def test_irreducible_doubles(n):
    family = as_family(np.random.default_rng(n).normal(size=(2, n, n)), call="bench")
    form, seconds = fastest(triangularise, family)
    _, unit = fastest(characteristic_polynomials, family)
    _, others = fastest(lambda f: (closed_form(f), essential_matrices(f)), family)
    assert form.irreducible == (True,)
    print(
        f"\nn = {n}: proved irreducible in {seconds * 1e3:.1f} ms, {seconds / unit:.2f} of the exact polynomials; "
        f"closed forms and redundancy {others * 1e3:.1f} ms"
    )


@pytest.mark.parametrize("sizes", [(2, 2), (5, 5), (10, 10), (20, 20), (4,) * 10])
def test_hidden_blocks(sizes):
    family = as_family(hidden(sizes, 1), call="bench")
    form, seconds = fastest(triangularise, family)
    _, unit = fastest(characteristic_polynomials, family)
    assert max(form.sizes) <= max(sizes)
    print(f"\nblocks {sizes}: found in {seconds * 1e3:.1f} ms, {seconds / unit:.1f} of the exact polynomials")
