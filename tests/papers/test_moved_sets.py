"""Rotated, scaled and translated copies of sets with known answers: images, dragons, products of Cantor sets.

With y = sRx + c the family x ↦ Ax + B becomes y ↦ RARᵀy + sRB + (I − RARᵀ)c. Sources as in `test_set_table`.
"""

import itertools

import numpy as np
import pytest
import shapely

from conservative.iteration import fixed_set, iterate_true
from conservative.matrix_sets import FiniteSet, MatrixPolytope, PlanarRegion, gap

DRAGON = np.array(
    [
        [2 / 3, 2 / 3],
        [0, 2 / 3],
        [-1 / 3, 1 / 3],
        [-1 / 3, 0],
        [-1 / 6, -1 / 6],
        [2 / 3, -1 / 3],
        [1, -1 / 3],
        [7 / 6, -1 / 6],
        [7 / 6, 0],
        [5 / 6, 1 / 2],
    ]
)
TURNS = [np.c_[0.5 * np.array([[1.0, -1.0], [1.0, 1.0]]), [0, 0]], np.c_[0.5 * np.array([[-1, -1], [1, -1]]), [1, 0]]]
CROSSED = [[[1, 0, 0], [1, 0, 0]], [[1, 0, 0], [-1, 1, 0]]]


class Motion:
    """x ↦ sRx + c, with a reflection for odd seeds."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        angle, self.scale, self.shift = rng.uniform(0, 6.3), 10.0 ** rng.uniform(-3, 3), rng.normal(size=2)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.turn = turn * [1.0, -1.0] if seed % 2 else turn
        self.noise = 1e-9 * (self.scale + 1.0)

    def points(self, rows: np.ndarray) -> np.ndarray:
        return (self.scale * np.asarray(rows) @ self.turn.T + self.shift)[:, :, None]

    def family(self, blocks: object) -> np.ndarray:
        blocks = np.asarray(blocks, dtype=float)
        A = self.turn @ blocks[:, :, :2] @ self.turn.T
        moved = (np.eye(2) - A) @ self.shift[:, None]
        return np.concatenate([A, self.scale * self.turn @ blocks[:, :, 2:] + moved], axis=2)


@pytest.mark.parametrize("seed", range(12))
def test_hulls_of_moved_dragons(seed: int) -> None:
    motion = Motion(seed)
    J, truth = motion.family(TURNS), MatrixPolytope(motion.points(DRAGON))
    found = fixed_set(FiniteSet(J) if seed % 3 else J, tol=1e-8 * motion.scale, representation="hull", time_limit=None)
    assert max(found.hull.e_missing, found.hull.e_extra) <= 1e-8 * motion.scale + motion.noise
    assert gap(truth, found.hull).lower <= found.hull.e_missing + motion.noise
    assert gap(found.hull, truth).lower <= found.hull.e_extra + motion.noise
    assert gap(truth, found.outer).lower <= motion.noise


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(s, marks=pytest.mark.slow) for s in range(4, 12))])
def test_moved_images_of_a_segment_under_two_crossed_maps(seed: int) -> None:
    """{(x, λx + (1 − λ)(1 − x))}: two triangles that meet in a point."""
    motion = Motion(100 + seed)
    halves = [[(0, 0), (0, 1), (0.5, 0.5)], [(1, 0), (1, 1), (0.5, 0.5)]]
    parts = [shapely.Polygon(motion.points(np.array(half))[:, :, 0]) for half in halves]
    truth = PlanarRegion(shapely.MultiPolygon(parts))
    start = MatrixPolytope(motion.points(np.array([[0.0, 1.0], [1.0, 1.0]])))
    form = "cells" if seed % 2 else "region"
    run = iterate_true(motion.family(CROSSED), start, steps=1, step_tol=0.02 * motion.scale, representation=form)
    image = run.sets[1]
    assert gap(truth, image, tol=1e-4 * motion.scale).lower <= image.e_missing + motion.noise
    assert gap(image, truth, tol=1e-4 * motion.scale).lower <= image.e_extra + motion.noise
    assert image.e_extra <= 0.021 * motion.scale + motion.noise
    assert image.to_shapely().area == pytest.approx(0.5 * motion.scale**2, rel=0.15)


@pytest.mark.parametrize("seed", range(12))
def test_moved_products_of_two_cantor_sets(seed: int) -> None:
    motion = Motion(200 + seed)
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=2)))
    blocks = np.stack([np.c_[np.eye(2) / 3, 2 / 3 * corner] for corner in corners])
    found = fixed_set(FiniteSet(motion.family(blocks)), tol=0.03 * motion.scale, time_limit=None)
    level = corners
    for _ in range(5):
        level = np.concatenate([level / 3 + 2 / 3 * corner for corner in corners])
    truth, left = FiniteSet(motion.points(level)), 1.5 * 3.0**-6 * motion.scale + motion.noise
    assert found.status.name == "SET"
    assert gap(found.inner, truth).lower <= found.inner.e_extra + left
    assert gap(truth, found.inner).lower <= found.inner.e_missing + motion.noise
    assert found.outer.project(truth.points).lower.max() <= motion.noise


@pytest.mark.parametrize("seed", range(24))
def test_one_factor_and_any_hull_in_any_dimension(seed: int) -> None:
    """X = aX + K: K/(1 − a) for a ≥ 0, (K + aK)/(1 − a²) for a < 0."""
    rng = np.random.default_rng(300 + seed)
    p, m, a = int(rng.integers(1, 5)), int(rng.integers(1, 4)), float(rng.uniform(-0.8, 0.9))
    B = rng.normal(size=(int(rng.integers(2, 6)), p, m)) * 10.0 ** rng.uniform(-3, 3)
    found = fixed_set(
        np.concatenate([np.repeat(a * np.eye(p)[None], len(B), axis=0), B], axis=2),
        tol=1e-6 * float(np.abs(B).max()),
        time_limit=None,
    )
    corners = B / (1 - a) if a >= 0 else (B[:, None] + a * B[None]).reshape(-1, p, m) / (1 - a * a)
    truth = MatrixPolytope(corners)
    noise = 1e-12 * truth.radius
    assert found.status.name == "CONVEX"
    assert gap(truth, found.inner).lower <= found.inner.e_missing + noise
    assert gap(found.inner, truth).lower <= found.inner.e_extra + noise
    assert gap(truth, found.outer).upper <= noise
