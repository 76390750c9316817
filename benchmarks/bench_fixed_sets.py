"""Width reached against time by fixed sets that are not convex, and growth with the tolerance, in one run."""

import time

import numpy as np
import pytest

from conservative.iteration import fixed_set
from conservative.matrix_sets import FiniteSet

BOW_TIE = np.array([[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]], dtype=float)


def _family(seed: int, *, k: int, p: int, m: int, rho: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


def _diameter(blocks: np.ndarray) -> float:
    corners = fixed_set(blocks, tol=1e-2, representation="hull").hull.vertices
    return float(max(np.linalg.norm(corners - x, axis=(1, 2)).max() for x in corners))


def _report(name: str, blocks: object, sizes: list[float], scale: float, limit: float) -> None:
    print(f"\n{name}, diameter {scale:.3g}")
    first = None
    for share in sizes:
        start = time.perf_counter()
        found = fixed_set(blocks, tol=share * scale, time_limit=limit)
        seconds = time.perf_counter() - start
        first = first or seconds
        cells = len(getattr(found.outer, "cells", getattr(found.outer, "segments", [])))
        print(
            f"  asked {share:.2%}: width {found.distance.upper / scale:.3%} of the diameter in {seconds:.2f} s "
            f"({seconds / first:.1f}× the first), {cells} cells or segments, {found.status.name}"
        )


def test_bow_tie() -> None:
    _report("bow tie (‖A‖ = 1, nilpotent), absolute", BOW_TIE, [0.1, 1e-2, 1e-3, 3e-4], 1.0, 20.0)


@pytest.mark.parametrize("seed", range(4))
def test_random_plane(seed: int) -> None:
    blocks = _family(seed, k=3, p=2, m=1, rho=0.7)
    _report(f"plane, hull of 3 maps, ρ = 0.7, seed {seed}", blocks, [0.1, 0.05, 0.02, 0.01], _diameter(blocks), 20.0)


@pytest.mark.parametrize("seed", range(3))
def test_random_four_dimensions(seed: int) -> None:
    blocks = _family(seed, k=2, p=2, m=2, rho=0.5)
    _report(f"d = 4, hull of 2 maps, ρ = 0.5, seed {seed}", blocks, [0.4, 0.2, 0.1, 0.05], _diameter(blocks), 60.0)


def test_finite_families() -> None:
    cantor = FiniteSet([[[1 / 3, 0.0]], [[1 / 3, 2 / 3]]])
    _report("Cantor set, finite family", cantor, [1e-2, 1e-4, 1e-6], 1.0, 20.0)
    corners = np.array([[0.0, 0.0], [0.5, 0.0], [0.25, 3**0.5 / 4]])
    triangle = FiniteSet(np.stack([np.c_[0.5 * np.eye(2), c] for c in corners]))
    _report("Sierpinski triangle, finite family", triangle, [1e-1, 1e-2, 1e-3], 1.0, 20.0)
