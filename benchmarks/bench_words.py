"""All products up to a length with their spectral radii, against batched LAPACK on batched matmul.

Run with ``pytest benchmarks/bench_words.py -s``; every ratio comes from one run on one machine.
"""

import time

import numpy as np
import pytest

from conservative.spectral.words.word_tree import extend, spectral_radii, stack_horizontally

HEAVY_BALL = np.array([[[0.75, -0.75], [1.0, 0.0]], [[1.5, -0.75], [1.0, 0.0]]])


def all_radii(matrices, max_length):
    """The largest rate and the number of products, by the word tree."""
    rows, stacked = np.ascontiguousarray(matrices.transpose(1, 0, 2)), stack_horizontally(matrices)
    best, count = 0.0, 0
    for length in range(1, max_length + 1):
        rows = extend(rows, stacked) if length > 1 else rows
        radii = spectral_radii(rows)
        best = max(best, float(radii.max()) ** (1 / length))
        count += radii.size
    return best, count


def all_radii_by_lapack(matrices, max_length):
    """The same by batched `matmul` and batched `eigvals`."""
    products, best, count = np.eye(matrices.shape[1])[None], 0.0, 0
    for length in range(1, max_length + 1):
        products = (products[:, None] @ matrices[None]).reshape(-1, *matrices.shape[1:])
        radii = np.abs(np.linalg.eigvals(products)).max(axis=1)
        best = max(best, float(radii.max()) ** (1 / length))
        count += radii.size
    return best, count


def fastest(function, *arguments, repeats=5):
    """The result and the shortest of a few times."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function(*arguments)
        times.append(time.perf_counter() - start)
    return result, min(times)


def test_two_million_planar_products():
    (best, count), seconds = fastest(all_radii, HEAVY_BALL, 20)
    (peer, peer_count), peer_seconds = fastest(all_radii_by_lapack, HEAVY_BALL, 20, repeats=2)
    assert count == peer_count == 2**21 - 2
    assert best == pytest.approx(peer, rel=1e-9)
    print(
        f"\n{count} products 2 x 2 with radii: {seconds:.3f} s, LAPACK {peer_seconds:.3f} s, "
        f"ratio {peer_seconds / seconds:.1f}"
    )


def test_growth_with_length():
    print()
    for length in (12, 14, 16, 18, 20, 22):
        (_, count), seconds = fastest(all_radii, HEAVY_BALL, length, repeats=3)
        print(f"length {length}: {count} products, {seconds * 1e3:.1f} ms, {seconds / count * 1e9:.1f} ns each")


@pytest.mark.parametrize("n", [2, 3, 4, 6, 10])
def test_growth_with_size(n):
    matrices = np.random.default_rng(n).standard_normal((2, n, n)) / np.sqrt(n)
    (_, count), seconds = fastest(all_radii, matrices, 13, repeats=2)
    (_, _), peer_seconds = fastest(all_radii_by_lapack, matrices, 13, repeats=2)
    print(f"\nn = {n}: {seconds / count * 1e9:.0f} ns a product, ratio to LAPACK {peer_seconds / seconds:.1f}")
