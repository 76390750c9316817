"""Fixed sets of hulls of many blocks in three dimensions and more: orbits stay in the outer set, and near the inner."""

import math

import numpy as np
import pytest
from scipy.spatial import cKDTree

from conservative.iteration import fixed_set
from conservative.iteration.image.epsilon_net import Budget
from conservative.iteration.image.hull_net import cover_net
from conservative.iteration.jacobian_blocks import read_blocks
from conservative.matrix_sets import CellUnion, gap


def family(seed: int, *, k: int, p: int, m: int, rho: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


def orbit(J: np.ndarray, seed: int, *, count: int) -> np.ndarray:
    """Points of fix(𝒥) up to ρ¹⁰⁰: weights at random, many of them at corners and edges."""
    rng = np.random.default_rng(seed)
    p = J.shape[1]
    X = np.zeros((count, p, J.shape[2] - p))
    for _ in range(100):
        weights = rng.dirichlet(np.full(len(J), rng.choice([0.05, 0.3, 2.0])), size=count)
        block = np.einsum("nk,kij->nij", weights, J)
        X = block[:, :, :p] @ X + block[:, :, p:]
    return X


@pytest.mark.parametrize(
    ("k", "p", "m", "rho", "share"),
    [
        (3, 3, 1, 0.6, 0.15),
        pytest.param(5, 3, 1, 0.5, 0.15, marks=pytest.mark.slow),
        pytest.param(8, 3, 1, 0.6, 0.25, marks=pytest.mark.slow),
        (5, 2, 2, 0.5, 0.2),
        pytest.param(6, 3, 3, 0.3, 0.3, marks=pytest.mark.slow),
    ],
)
def test_orbits_lie_between_the_sets(k: int, p: int, m: int, rho: float, share: float) -> None:
    J = family(k, k=k, p=p, m=m, rho=rho)
    points = orbit(J, k, count=400)
    diameter = float(np.linalg.norm(np.ptp(points.reshape(400, -1), axis=0)))
    found = fixed_set(J, tol=share * diameter, time_limit=None)
    assert found.status.name == "SET"
    assert found.distance.upper <= share * diameter
    assert found.outer.contains(points, tol=1e-12).all()
    assert (found.inner.project(points).lower <= found.inner.e_missing).all()
    assert found.outer.contains(found.inner.extreme).all()
    assert gap(found.inner, found.hull).lower <= found.hull.e_missing + found.inner.e_extra + found.hull.e_extra


def test_every_point_of_every_image_is_near_the_net() -> None:
    J = family(1, k=5, p=3, m=1, rho=0.5)
    blocks = read_blocks(J, call="test")
    net = cover_net(blocks, orbit(J, 0, count=5), reach=0.8, budget=Budget(math.inf, 10_000))
    assert net is not None
    assert net.loose <= 0.8 * (1.0 + 1e-9)
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.full(5, 0.3), size=2000)
    block = np.einsum("nk,kij->nij", weights, J)
    images = np.einsum("nij,xjm->nxim", block[:, :, :3], net.points) + block[:, None, :, 3:]
    away = cKDTree(net.points.reshape(-1, 3)).query(images.reshape(-1, 3))[0]
    assert away.max() <= net.loose
    assert away.max() > 0.5 * net.loose


def test_a_budget_that_ends_gives_no_net() -> None:
    blocks = read_blocks(family(1, k=5, p=3, m=1, rho=0.5), call="test")
    assert cover_net(blocks, np.zeros((1, 3, 1)), reach=0.2, budget=Budget(math.inf, 50)) is None


def test_images_of_few_points_are_the_inner_set() -> None:
    found = fixed_set(family(2, k=6, p=4, m=1, rho=0.4), tol=1.0, time_limit=None)
    assert isinstance(found.inner, CellUnion)
    assert found.inner.cells.shape[1] == 6
    assert found.distance.upper == found.outer.margin  # type: ignore[attr-defined]
