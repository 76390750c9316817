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


def test_time_limits() -> None:
    """CPU time against what was asked, where single rounds used to be long: the ratio should stay below 1.5."""
    tie = np.repeat(_family(0, k=1, p=200, m=1, rho=0.8), 2, axis=0)
    tie[1, :, :200] += 0.1 * np.outer(np.linspace(-1.0, 1.0, 200), np.linspace(0.0, 1.0, 200)) / 66.0
    cases = {
        "hull, 200 × 1, one tie of rank one": (tie, {"tol": 1e-9, "representation": "hull"}),
        "4 × 1, hull of 8 maps": (_family(0, k=8, p=4, m=1, rho=0.8), {"tol": 0.1}),
        "plane, hull of 4 maps": (_family(2, k=4, p=2, m=1, rho=0.9), {"tol": 1e-3}),
        "10 × 1, hull of 64 maps": (_family(0, k=64, p=10, m=1, rho=0.8), {"tol": 1e-3}),
    }
    for name, (blocks, options) in cases.items():
        start, limit = time.process_time(), 3.0
        found = fixed_set(blocks, time_limit=limit, **options)
        print(f"\n{name}: {(time.process_time() - start) / limit:.2f} of the time asked, {found.status.name}")


@pytest.mark.parametrize("seed", range(3))
def test_finer_tolerances(seed: int) -> None:
    """The width reached in three seconds must not grow as the tolerance shrinks."""
    blocks = _family(seed, k=2 + seed, p=2, m=1, rho=0.9)
    widths = [fixed_set(blocks, tol=tol, time_limit=3.0).distance.upper for tol in (0.3, 0.1, 0.03, 0.01, 1e-3)]
    print(f"\nhull of {2 + seed} maps in the plane: widths {', '.join(f'{width:.3g}' for width in widths)}")
