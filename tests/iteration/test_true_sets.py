"""True images, true iterates and fixed sets that are not convex, against sets known in closed form."""

import numpy as np
import pytest
import shapely
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, BudgetError, ShapeError
from conservative.iteration import fixed_set, iterate_set, iterate_true, set_image
from conservative.iteration.fixed import refine
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, PlanarRegion, gap, hausdorff_distance

BOW_TIE = [[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]]


def bow_tie(turn: np.ndarray, scale: float, shift: np.ndarray) -> PlanarRegion:
    lobes = [np.array([[0, 0], [x, 1], [x, -1]]) * scale @ turn.T + shift for x in (1.0, -1.0)]
    return PlanarRegion(shapely.MultiPolygon([shapely.Polygon(lobe) for lobe in lobes]))


def moved(blocks: np.ndarray, turn: np.ndarray, scale: float, shift: np.ndarray) -> np.ndarray:
    """The family whose fixed set is the image of that of `blocks` under x ↦ scale · turn x + shift."""
    p = len(turn)
    A = turn @ blocks[:, :, :p] @ turn.T
    return np.concatenate([A, scale * turn @ blocks[:, :, p:] + (np.eye(p) - A) @ shift.reshape(p, -1)], axis=2)


def random_family(rng: np.random.Generator, k: int, p: int, m: int, rho: float) -> np.ndarray:
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


def orbit(rng: np.random.Generator, blocks: np.ndarray, *, convex: bool, length: int = 200) -> np.ndarray:
    k, p = blocks.shape[:2]
    x, found = np.linalg.solve(np.eye(p) - blocks[0, :, :p], blocks[0, :, p:]), []
    for _ in range(length):
        weights = rng.dirichlet(np.full(k, 0.5)) if convex else np.eye(k)[rng.integers(k)]
        V = np.einsum("k,kij->ij", weights, blocks)
        x = V[:, :p] @ x + V[:, p:]
        found.append(x)
    return np.array(found)


def expect_between(found: object, truth: object, noise: float) -> None:
    """The inner set in the truth, the truth in the outer set, and the distance between them."""
    assert gap(found.inner, truth, tol=1e-4).lower <= found.inner.e_extra + noise
    assert gap(truth, found.outer, tol=1e-4).lower <= noise
    assert gap(truth, found.inner, tol=1e-4).lower <= found.inner.e_missing + noise
    assert found.distance.lower <= found.distance.upper


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(4))
def test_three_hundred_families_with_known_fixed_sets(batch: int) -> None:
    for seed in range(75 * batch, 75 * batch + 75):
        rng = np.random.default_rng(seed)
        angle, scale, shift = rng.uniform(0, 6.3), 10.0 ** rng.uniform(-2, 2), rng.normal(size=2)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        kind = ("bow tie", "intervals", "constant A", "box", "Cantor", "Sierpinski")[seed % 6]
        if kind == "bow tie":
            found = fixed_set(moved(np.array(BOW_TIE, float), turn, scale, shift), tol=0.05 * scale, time_limit=None)
            expect_between(found, bow_tie(turn, scale, shift), 1e-8 * scale + 1e-9)
            assert found.distance.upper <= 0.05 * scale
        elif kind == "intervals":
            a, b = rng.uniform(0, 0.9, size=3), rng.normal(size=3) * scale
            found = fixed_set(np.stack([a, b], axis=1)[:, None], tol=1e-6 * scale, time_limit=None)
            ends = b / (1 - a)
            expect_between(found, MatrixPolytope([[[ends.min()]], [[ends.max()]]]), 1e-9 * scale)
        elif kind == "constant A":
            p, m = rng.integers(1, 4), rng.integers(1, 3)
            a, B = rng.uniform(0, 0.9), rng.normal(size=(4, p, m))
            blocks = np.concatenate([np.repeat(a * np.eye(p)[None], 4, axis=0), B], axis=2)
            found = fixed_set(blocks, tol=1e-5, time_limit=None)
            expect_between(found, MatrixPolytope(B / (1 - a)), 1e-9)
        elif kind == "box":
            a, corners = rng.uniform(0.1, 0.8, size=2), np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]])
            blocks = np.concatenate([np.repeat(np.diag(a)[None], 4, axis=0), corners[:, :, None]], axis=2)
            found = fixed_set(moved(blocks, turn, scale, shift), tol=1e-5 * scale, time_limit=None)
            truth = (scale * corners / (1 - a)) @ turn.T + shift
            expect_between(found, MatrixPolytope(truth[:, :, None]), 1e-9 * (scale + 1))
        else:
            expect_self_similar(kind, turn, scale, shift)


def expect_self_similar(kind: str, turn: np.ndarray, scale: float, shift: np.ndarray) -> None:
    """Points of a level of the construction, a third or half as far apart at each."""
    share, corners, depth = (1 / 3, np.array([[0.0, 0.0], [1.0, 0.0]]), 9)
    if kind == "Sierpinski":
        share, corners, depth = (0.5, np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 3**0.5 / 2]]), 6)
    blocks = np.stack([np.c_[share * np.eye(2), (1 - share) * corner] for corner in corners])
    found = fixed_set(FiniteSet(moved(blocks, turn, scale, shift)), tol=0.02 * scale, time_limit=None)
    level = corners
    for _ in range(depth):
        level = np.concatenate([share * level + (1 - share) * corner for corner in corners])
    truth = FiniteSet((scale * level @ turn.T + shift)[:, :, None])
    expect_between(found, truth, scale * (1.01 * share**depth + 1e-9))
    assert found.status.name == "SET"


@pytest.mark.parametrize(("p", "m", "k"), [(2, 1, 3), (1, 2, 2), (2, 2, 2), (3, 1, 2), (2, 1, 2)])
@pytest.mark.parametrize("convex", [True, False])
def test_orbits_stay_in_the_outer_set(p: int, m: int, k: int, convex: bool) -> None:
    rng = np.random.default_rng(10 * p + m)
    blocks = random_family(rng, k, p, m, 0.5)
    size = np.abs(blocks).max() * 2
    found = fixed_set(blocks if convex else FiniteSet(blocks), tol=0.2 * size, time_limit=None)
    assert found.status.name in {"SET", "CONVEX"}
    points = orbit(rng, blocks, convex=convex)
    assert found.outer.project(points).upper.max() <= 1e-9 * size
    assert found.inner.project(points).lower.max() <= found.inner.e_missing
    assert gap(found.inner, found.outer, tol=1e-6 * size).lower <= found.inner.e_extra


def test_a_small_budget_leaves_valid_sets() -> None:
    blocks = random_family(np.random.default_rng(5), 3, 2, 1, 0.6)
    points = orbit(np.random.default_rng(6), blocks, convex=True)
    limits = {"TIME_LIMIT": {"time_limit": 0.0}, "HULL": {"max_cells": 10}, "BUDGET": {"representation": "hull"}}
    for name, options in limits.items():
        found = fixed_set(blocks, tol=1e-3, **{"time_limit": None, **options})
        assert found.status.name == name.replace("BUDGET", "HULL")
        assert ("raise `time_limit`" in found.status.value) == (name == "TIME_LIMIT")
        assert found.outer.project(points).upper.max() <= 1e-9
        assert found.distance.upper > 1e-3


def test_an_interrupt_keeps_the_best_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = refine.outer_region, []

    def interrupted(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(refine, "outer_region", interrupted)
    found = fixed_set(random_family(np.random.default_rng(1), 3, 2, 1, 0.6), tol=1e-6, time_limit=None)
    assert found.status.name == "INTERRUPTED"
    assert isinstance(found.outer, PlanarRegion)
    assert 1e-6 < found.distance.upper < 2.0


def test_degenerate_fixed_sets_in_the_plane() -> None:
    segment = fixed_set([[[0.5, 0, 1], [0, 0.5, 0]], [[0.25, 0, 0], [0, 0.5, 0]]], tol=1e-2, time_limit=None)
    truth = MatrixPolytope([[[0.0], [0.0]], [[2.0], [0.0]]])
    assert segment.distance.upper <= 1e-2
    expect_between(segment, truth, 1e-9)


@drawn(6, 60, st.integers(0, 10_000), st.sampled_from([(1, 1), (2, 1), (2, 2)]))
def test_images_hold_sampled_images(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    blocks = random_family(rng, 2, shape[0], shape[1], 0.8)
    X = MatrixPolytope(rng.normal(size=(3, *shape)))
    image = set_image(blocks, X, tol=0.2)
    weights, shares = rng.dirichlet(np.ones(2), size=100), rng.dirichlet(np.ones(3), size=100)
    V, points = np.einsum("sk,kij->sij", weights, blocks), np.einsum("sk,kij->sij", shares, X.vertices)
    assert image.project(V[:, :, : shape[0]] @ points + V[:, :, shape[0] :]).upper.max() <= 1e-6
    assert image.e_extra <= 0.2 + 1e-9


def test_the_true_image_of_a_segment() -> None:
    family = [[[1, 0, 0], [1, 0, 0]], [[1, 0, 0], [-1, 1, 0]]]
    image = set_image(family, MatrixPolytope([[[0.0], [1.0]], [[1.0], [1.0]]]), tol=1e-2)
    assert isinstance(image, CellUnion)
    assert image.to_shapely().area == pytest.approx(0.5, abs=1e-9)


def test_true_iterates_of_the_bow_tie() -> None:
    run = iterate_true(BOW_TIE, [[[3.0], [7.0]]], steps=3, step_tol=0.02)
    truth = bow_tie(np.eye(2), 1.0, np.zeros(2))
    for stored, bound in zip(run.sets[2:], run.bounds[2:], strict=True):
        assert gap(truth, stored, tol=1e-3).lower == 0.0
        assert gap(stored, truth, tol=1e-3).lower <= bound.e_extra
        assert hausdorff_distance(stored, truth, tol=1e-3).lower <= bound.best
    assert 0.0 in run.gaps[2]


def test_regions_through_the_one_loop() -> None:
    run = iterate_set(BOW_TIE, FiniteSet([[[3.0], [7.0]]]), tol=0.05, representation="region")
    assert run.status.name == "TOLERANCE_REACHED"
    assert run.steps == 2
    assert run.bounds[-1].best <= 0.05
    assert run.sets[-1].to_shapely().area == pytest.approx(2.0, abs=0.2)
    cells = iterate_set([[[0.5, 1.0]], [[0.5, 0.0]]], [[[0.0]]], steps=3, representation="cells")
    assert hausdorff_distance(cells.sets[3], MatrixPolytope([[[0.0]], [[1.75]]])).upper <= 1e-8
    growing = iterate_set([[[2.0, 1.0]]], [[[0.0]]], steps=2, representation="cells")
    assert growing.status.name == "NO_CONTRACTION"


def test_the_orbit_of_zero_under_the_cantor_family() -> None:
    family = FiniteSet([[[1 / 3, 0]], [[1 / 3, 2 / 3]]])
    run = iterate_true(family, FiniteSet([[[0.0]]]), steps=6)
    for t, (stored, bound) in enumerate(zip(run.sets, run.bounds, strict=True)):
        assert len(stored.extreme) == 2**t
        assert 3.0**-t == pytest.approx(bound.best, rel=1e-9)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArgumentError, match="representation"):
        fixed_set(BOW_TIE, representation="cloud")
    with pytest.raises(ArgumentError, match="time_limit"):
        fixed_set(BOW_TIE, time_limit=-1.0)
    with pytest.raises(ArgumentError, match="max_cells"):
        fixed_set(BOW_TIE, max_cells=0)
    with pytest.raises(ArgumentError, match="steps"):
        iterate_true(BOW_TIE, [[[1.0], [0.0]]], steps=-1)
    with pytest.raises(ArgumentError, match="representation"):
        iterate_true([[[0.5, 1.0]]], [[[0.0]]], representation="region")
    with pytest.raises(ShapeError, match="initial"):
        iterate_true(BOW_TIE, [[[1.0]]])
    with pytest.raises(BudgetError, match="max_cells"):
        set_image(BOW_TIE, MatrixPolytope([[[0.0], [0.0]], [[1.0], [1.0]]]), tol=1e-6, max_cells=100)


def test_a_family_that_expands_ends_with_its_word_whatever_the_tolerance() -> None:
    ball = [[[0.75, -0.75, 1.0], [1.0, 0.0, 0.0]], [[1.5, -0.75, 0.0], [1.0, 0.0, 0.0]]]
    run = iterate_true(ball, [[[1.0], [1.0]]], tol=1e-3, step_tol=0.5)
    assert run.status.name == "NO_CONTRACTION"
    assert run.expanding is not None
    assert run.expanding.word == (0, 0, 1, 1)


def test_inner_regions_carry_the_allowance_for_unions() -> None:
    tie = [[[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]
    found = fixed_set(tie, tol=1e-2, time_limit=None)
    assert found.inner.e_extra >= 1e-11
    assert found.outer.e_extra >= found.distance.upper + 1e-11
