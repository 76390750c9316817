"""Implicit, piggyback and conical derivatives side by side, at the theory page's examples."""

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ArgumentError, ExpansionError
from conservative.differentiation import compare_derivatives
from conservative.differentiation.implicit_hull import ImplicitHull, is_box_of_rank_one
from conservative.differentiation.implicit_systems import exact_blocks
from conservative.differentiation.solve_cells import SolveCells
from conservative.matrix_sets import MatrixPolytope, gap


@pytest.mark.parametrize(
    ("text", "implicit", "piggyback"),
    [
        ("t - Piecewise((x/4, x >= 0), (3*x/4, True))", (4 / 7, 4 / 5), (4 / 13, 12 / 13)),
        ("t - Abs(x)/2", (2 / 3, 2), (0, 2)),
    ],
)
def test_the_strict_inclusion(text: str, implicit: tuple[float, float], piggyback: tuple[float, float]) -> None:
    F = cj.from_sympy(text, state=["x"], parameters=["t"])
    found = compare_derivatives(F, at=["0", "0"])
    assert found.gaps[0].forward.upper < 1e-8
    expected = max(implicit[0] - piggyback[0], piggyback[1] - implicit[1])
    assert expected in found.gaps[0].backward.widen(1e-14)
    assert found.gaps[0].backward.width < 1e-8
    assert found.conical is not None
    assert [pair.first for pair in found.gaps] == ["conv J_imp", "conv J_imp", "conv J_pb"]
    assert "conv J_pb beyond conv J_imp" in str(found)


def test_blocks_as_an_array_have_no_conical_part() -> None:
    found = compare_derivatives(np.array([[[-0.5, 1.0]], [[0.5, 1.0]]]))
    assert found.conical is None
    assert len(found.gaps) == 1


def test_without_open_cells_there_is_no_conical_part() -> None:
    F = cj.from_sympy("t + x/4 + Piecewise((x/4, cos(x) + cos(t) > 2), (0, True))", state="x", parameters="t")
    found = compare_derivatives(F, at=[0, 0])
    assert found.conical is None
    assert len(found.gaps) == 1
    # solves between 4/3 and 2, and one A: both sets are that segment
    assert found.gaps[0].backward.upper < 1e-8
    assert sorted(found.implicit.vertices.ravel().tolist()) == pytest.approx([4 / 3, 2])


def test_bad_input() -> None:
    F = cj.from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
    with pytest.raises(ArgumentError, match="fixed point"):
        compare_derivatives(F)
    with pytest.raises(ExpansionError, match="expanding product"):
        compare_derivatives(np.array([[[2.0, 1.0]]]))


def random_blocks(seed: int, *, k: int, p: int, m: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rng.uniform(0.3, 0.85) / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


def sampled_solves(blocks: np.ndarray, *, count: int) -> np.ndarray:
    rng, (k, p, _) = np.random.default_rng(1), blocks.shape
    weights = np.concatenate([np.eye(k), *(rng.dirichlet(np.full(k, a), size=count) for a in (0.1, 0.3, 1.0))])
    V = np.einsum("nk,kij->nij", weights, blocks)
    return np.linalg.solve(np.eye(p) - V[:, :, :p], V[:, :, p:])


FEW = (0, 1, 2, 7, 38)


@pytest.mark.parametrize("seed", [s if s in FEW else pytest.param(s, marks=pytest.mark.slow) for s in range(40)])
def test_gaps_to_all_solves_and_not_only_those_at_vertices(seed: int) -> None:
    k, p, m = ((2, 2, 1), (3, 2, 1), (4, 2, 1), (5, 2, 1))[seed % 4] if seed < 36 else (3, 3, 1)
    blocks = random_blocks(seed, k=k, p=p, m=m)
    found = compare_derivatives(blocks, tol=1e-4)
    assert found.implicit.exactness.name == "INNER"
    assert not found.hull_of_vertices
    bracket, pb = found.gaps[0].backward, found.piggyback
    solves = sampled_solves(blocks, count=400)
    sampled = gap(pb, MatrixPolytope(solves))
    assert bracket.lower <= sampled.upper
    assert sampled.lower <= bracket.lower + 0.02 * pb.radius
    assert bracket.width <= 2e-4 + 4.0 * (pb.e_missing + pb.e_extra)
    assert pb.project(solves).lower.max() <= pb.e_missing


def test_the_middle_of_two_blocks_that_differ_by_rank_two() -> None:
    blocks = np.array([[[0.9, 0, 1], [0, 0, 1]], [[0, 0, 1], [0, 0.9, 1]]])
    found = compare_derivatives(blocks, tol=1e-7)
    # J_pb has the vertex (1, 1) and conv J_imp the curve of all solves, which is nearest to it on the diagonal or not.
    t = np.linspace(0.0, 1.0, 100_001)
    curve = np.stack([1 / (1 - 0.9 * t), 1 / (1 - 0.9 * (1 - t))], axis=1)[:, :, None]
    truth = gap(found.piggyback, MatrixPolytope(curve[::50]))
    assert found.gaps[0].backward.lower <= truth.upper
    assert found.gaps[0].backward.upper >= truth.lower - 1e-5
    assert found.gaps[0].backward.width < 1e-6
    assert round(truth.upper, 3) == 0.626


def test_boxes_of_rank_one_need_no_cells() -> None:
    rng = np.random.default_rng(3)
    base, U, V = rng.integers(-2, 3, (3, 4)) / 16, rng.integers(-2, 3, (2, 3)) / 8, rng.integers(-2, 3, (2, 4)) / 4
    steps = np.einsum("ti,tj->tij", U, V)
    blocks = np.array([base, base + steps[0], base + steps[1], base + steps[0] + steps[1]])
    for order in (range(4), (2, 0, 3, 1)):
        found = compare_derivatives(blocks[list(order)], tol=1e-2)
        assert found.hull_of_vertices
        assert "their hull is conv J_imp" in str(found)
        solves = sampled_solves(blocks, count=200)
        assert found.implicit.hull.project(solves).lower.max() < 1e-12
    bent = blocks.copy()
    bent[3, 0, 0] += 1 / 64
    assert not is_box_of_rank_one(exact_blocks(cj.JacobianSet.from_blocks(bent[:, :, :3], bent[:, :, 3:])))


def test_the_gap_from_all_solves_to_the_conical_ones() -> None:
    blocks = random_blocks(5, k=3, p=2, m=1)
    J = cj.JacobianSet.from_blocks(blocks[:, :, :2], blocks[:, :, 2:])
    vertices = cj.implicit_jacobian(J).vertices
    total = 1.0 / (1.0 - np.linalg.norm(blocks[:, :, :2], 2, axis=(1, 2)).max())
    hull = ImplicitHull(J.vertices, vertices, total, whole=False)
    few = MatrixPolytope(vertices[:2])
    found = hull.gap_to(few, tol=1e-6)
    sampled = few.project(sampled_solves(blocks, count=2000)).upper.max()
    assert found.lower <= found.upper <= found.lower + 2e-6
    assert sampled <= found.upper
    assert found.lower <= sampled + 0.01


@pytest.mark.parametrize(("k", "p"), [(2, 2), (4, 3), (30, 2)])
def test_support_planes_of_cells_leave_all_solves_below(k: int, p: int) -> None:
    blocks = random_blocks(k, k=k, p=p, m=2)
    total = 1.0 / (1.0 - np.linalg.norm(blocks[:, :, :p], 2, axis=(1, 2)).max())
    cells = SolveCells(blocks, total, most=500)
    solves = sampled_solves(blocks, count=500)
    for D in np.random.default_rng(0).normal(size=(4, p, 2)):
        D /= np.linalg.norm(D)
        found, solve = cells.largest(lambda X, D=D: ((X * D).sum(axis=(1, 2)),) * 2, tol=1e-6)
        assert (solves * D).sum(axis=(1, 2)).max() <= found.upper
        assert found.lower <= (solve * D).sum() + 1e-12
