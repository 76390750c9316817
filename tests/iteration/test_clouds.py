"""Iterates in many dimensions as balls around points: nothing of the true iterates is lost, little is added."""

import math

import numpy as np
import pytest

from conservative._core.errors import BudgetError
from conservative.iteration import iterate_true
from conservative.iteration.image import planar_image
from conservative.iteration.image.ball_cover import Clouds
from conservative.iteration.jacobian_blocks import Blocks
from conservative.iteration.trajectories import true_sets
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, gap


def family(seed: int, *, k: int, p: int, m: int, rho: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


def runs(J: np.ndarray, start: np.ndarray, steps: int, *, seed: int) -> list[np.ndarray]:
    """Points of the true iterates: one random element of the hull of the blocks at every step."""
    rng, p = np.random.default_rng(seed), J.shape[1]
    X, found = rng.dirichlet(np.ones(len(start)), size=300) @ start.reshape(len(start), -1), []
    X = X.reshape(-1, *start.shape[1:])
    for _ in range(steps):
        V = np.einsum("nk,kij->nij", rng.dirichlet(np.full(len(J), 0.4), size=300), J)
        X = V[:, :, :p] @ X + V[:, :, p:]
        found.append(X)
    return found


@pytest.mark.parametrize(
    ("p", "m", "k", "start"),
    [(3, 1, 2, 1), pytest.param(3, 1, 3, 2, marks=pytest.mark.slow), (2, 2, 2, 3), (5, 1, 2, 1)],
)
def test_no_point_of_a_true_iterate_is_lost(p: int, m: int, k: int, start: int) -> None:
    J = family(p + k, k=k, p=p, m=m)
    first = np.random.default_rng(0).normal(size=(start, p, m))
    run = iterate_true(J, first, steps=4, step_tol=0.6, time_limit=None)
    assert run.status.name == "STEPS_DONE"
    for stored, points in zip(run.sets[1:], runs(J, first, 4, seed=1), strict=True):
        found = stored.project(points)
        assert found.lower.max() <= stored.e_missing + 1e-13 * stored.radius


def test_middles_are_points_of_the_image() -> None:
    """Of a segment [a, b] under conv{X ↦ 0, X ↦ X/2}: the triangle 0, a/2, b/2, in R³."""
    a, b = np.array([[4.0], [0.0], [0.0]]), np.array([[0.0], [4.0], [0.0]])
    A = np.stack([np.zeros((3, 3)), 0.5 * np.eye(3)])
    clouds = Clouds(Blocks(A, np.zeros((2, 3, 1)), convex=True))
    segment = CellUnion(np.stack([a, b])[None])
    found = clouds.image(segment, tol=0.25, deadline=math.inf)
    triangle = MatrixPolytope(np.stack([np.zeros((3, 1)), 0.5 * a, 0.5 * b]))
    middles = FiniteSet(found.cells[:, 0])
    assert gap(middles, triangle).upper <= clouds.outside + 1e-14
    weights = np.random.default_rng(0).dirichlet(np.ones(3), size=2000)
    assert found.project(np.einsum("nk,kij->nij", weights, triangle.vertices)).lower.max() == 0.0
    assert gap(triangle, middles, tol=1e-2).lower <= found.margin <= 0.25 * (1 + 1e-9)
    again = clouds.image(found, tol=0.25, deadline=math.inf)
    assert clouds.outside <= 1e-12
    assert 0.5 * found.margin <= again.margin <= 0.5 * found.margin + 0.25 * (1 + 1e-9)


def test_distances_leave_the_balls_out() -> None:
    """Iterates that have reached fix(𝒥) are as close as their errors, though their balls overlap."""
    J = family(0, k=2, p=3, m=1, rho=0.3)
    run = iterate_true(J, np.zeros((1, 3, 1)), steps=7, step_tol=0.1)
    assert isinstance(run.sets[-1], CellUnion)
    if run.sets[-1].margin > 0.0:
        assert run.gaps[-1].upper <= 3.0 * run.sets[-1].e_extra + 0.01
    assert all(bracket.lower <= bracket.upper for bracket in run.gaps)


def test_time_ends_inside_a_step() -> None:
    J = family(0, k=3, p=2, m=2)
    run = iterate_true(J, np.zeros((1, 2, 2)), steps=6, step_tol=0.1, time_limit=1.0)
    assert run.status.name in {"TIME_LIMIT", "CELL_LIMIT"}
    assert len(run.sets) == len(run.bounds)
    assert run.steps < 6


def test_too_fine_grids_are_refused() -> None:
    clouds = Clouds(Blocks(np.zeros((2, 4, 4)), np.eye(4)[:2, :, None], convex=True))
    cube = CellUnion(np.concatenate([np.eye(4), -np.eye(4)])[None, :, :, None])
    with pytest.raises(BudgetError, match="grid"):
        clouds.image(cube, tol=1e-3, deadline=math.inf)


@pytest.mark.parametrize(
    ("p", "m", "representation"),
    [
        (1, 1, "auto"),
        pytest.param(2, 1, "auto", marks=pytest.mark.slow),
        pytest.param(2, 1, "region", marks=pytest.mark.slow),
        pytest.param(2, 2, "auto", marks=pytest.mark.slow),
    ],
)
def test_finite_families_keep_going_where_their_points_are_many(
    p: int, m: int, representation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 3⁷ words of a finite family against few points with balls, or fattened regions, around them."""
    monkeypatch.setattr(true_sets, "_FEW_POINTS", 50)
    monkeypatch.setattr(planar_image, "_FEW_VERTICES", 50)
    J, start = family(7, k=3, p=p, m=m, rho=0.6), np.zeros((1, p, m))
    run = iterate_true(FiniteSet(J), start, steps=7, representation=representation)
    assert run.status.name == "STEPS_DONE"
    points = start
    for t, stored in enumerate(run.sets[1:], 1):
        points = np.concatenate([block[:, :p] @ points + block[:, p:] for block in J])
        if t not in (4, 5, 7):  # where points become many, and at the end
            continue
        true = FiniteSet(points)
        assert gap(true, stored).lower <= stored.e_missing + 1e-12
        assert gap(stored, true, tol=1e-2).lower <= stored.e_extra + 1e-12
    assert 0.0 < run.sets[-1].e_extra < 0.05 * run.sets[-1].radius
    if representation == "auto":
        assert isinstance(run.sets[-1], CellUnion)
        assert len(run.sets[-1].cells) < 3**7
