"""Fixed sets known in closed form, expanding families, interruption."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from strategies.matrix_sets import rotation
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, BudgetError, ExpansionError
from conservative.iteration import fixed_set
from conservative.iteration.fixed import fixed_set as fixed_set_module
from conservative.iteration.fixed import hull_search
from conservative.iteration.image.thin_points import separated
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, gap, hausdorff_distance


@drawn(5, 20, st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 2), st.floats(-0.9, 0.9))
def test_constant_state_blocks_have_a_convex_fixed_set(seed: int, p: int, m: int, a: float) -> None:
    """X = aX + K, K = conv{B_i}: the fixed set is K/(1 − a) for a ≥ 0, and (K + aK)/(1 − a²) for a < 0."""
    B = np.random.default_rng(seed).normal(size=(4, p, m))
    blocks = np.concatenate([np.repeat(a * np.eye(p)[None], 4, axis=0), B], axis=2)
    found = fixed_set(blocks, tol=1e-6, time_limit=None)
    exact = B / (1 - a) if a >= 0 else (B[:, None] + a * B[None]).reshape(-1, p, m) / (1 - a * a)
    truth = MatrixPolytope(exact)
    noise = 1e-13 * truth.radius
    assert found.status.name == "CONVEX"
    assert max(found.hull.e_missing, found.hull.e_extra) <= 1e-6
    assert gap(truth, found.hull).lower <= found.hull.e_missing + noise
    assert gap(found.hull, truth).lower <= found.hull.e_extra + noise
    assert gap(truth, found.outer).upper <= noise
    assert hausdorff_distance(found.inner, found.outer).lower <= found.distance.upper


@drawn(6, 25, st.integers(0, 10_000), st.integers(1, 3))
def test_conjugated_boxes(seed: int, p: int) -> None:
    """Diagonal maps with box-valued B fix a box; a rotation and a translation move it."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0.1, 0.8, size=p)
    corners = np.stack(np.meshgrid(*[[-1.0, 1.0]] * p, indexing="ij"), axis=-1).reshape(-1, p)
    turn, shift = rotation(p, seed), rng.normal(size=(p, 1))
    A = turn @ np.diag(a) @ turn.T
    B = (turn @ corners.T).T[:, :, None] + shift - A @ shift
    blocks = np.concatenate([np.repeat(A[None], len(B), axis=0), B], axis=2)
    truth = MatrixPolytope((turn @ (corners / (1 - a)).T).T[:, :, None] + shift)
    found = fixed_set(blocks, tol=1e-8, time_limit=None)
    noise = 1e-12 * truth.radius
    assert hausdorff_distance(truth, found.hull).lower <= 1e-8 + noise
    assert gap(truth, found.outer).upper <= noise


@drawn(5, 30, st.integers(0, 10_000), st.integers(2, 3), st.integers(2, 3))
def test_orbits_stay_between_inner_and_outer(seed: int, k: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= 0.5 / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    B = rng.normal(size=(k, p, 1))
    found = fixed_set(FiniteSet(np.concatenate([A, B], axis=2)), tol=1e-2, time_limit=None)
    x, orbit = np.linalg.solve(np.eye(p) - A[0], B[0]), []
    for letter in rng.integers(k, size=200):
        x = A[letter] @ x + B[letter]
        orbit.append(x)
    points = FiniteSet(orbit)
    assert gap(points, found.outer).lower == 0.0
    assert gap(points, found.inner).lower <= found.inner.e_missing
    assert gap(points, found.hull).lower <= found.hull.e_missing
    assert gap(found.inner, found.outer).upper <= found.inner.e_extra + 1e-12


@pytest.mark.parametrize("scale", [1e-120, 1e-6, 1e6, 1e120])
def test_the_parameter_scale_does_not_matter(scale: float) -> None:
    found = fixed_set([[[-0.75, scale]], [[-0.25, scale]]], tol=1e-9 * scale, time_limit=None)
    np.testing.assert_allclose(np.sort(found.hull.vertices.ravel()), [4 / 13 * scale, 12 / 13 * scale], rtol=1e-12)


def test_expanding_families_are_refused_with_the_word() -> None:
    blocks = np.array([[[0.75, -0.75, 1.0], [1.0, 0.0, 0.0]], [[1.5, -0.75, 0.25], [1.0, 0.0, 0.0]]])
    with pytest.raises(ExpansionError, match="1122"):
        fixed_set(blocks)
    with pytest.raises(ExpansionError, match="word 1"):
        fixed_set([[[1.5, 1.0]]])


def test_a_family_on_the_border_is_undecided() -> None:
    with pytest.raises(BudgetError, match="joint_spectral_radius"):
        fixed_set([[[1.0, 1.0]]])


def test_a_common_quadratic_norm_is_found() -> None:
    blocks = [[[0.5, 4.0, 1.0], [0.0, 0.5, 0.0]], [[0.5, 0.0, 1.0], [0.02, 0.5, 0.0]]]
    found = fixed_set(blocks, tol=1e-2, time_limit=None)
    assert found.decay.one_step > 1.0
    assert found.status.name == "SET"


def test_a_tolerance_below_rounding_ends_with_a_valid_set() -> None:
    found = fixed_set([[[0.9, 1e6]], [[0.8, 1.0]]], tol=1e-13, time_limit=None)
    assert found.status.name == "BUDGET"
    assert hausdorff_distance(found.hull, MatrixPolytope([[[5.0]], [[1e7]]])).lower <= 1e-6


def test_an_interrupt_keeps_the_best_hull(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = hull_search.simplify, []

    def interrupted(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(hull_search, "simplify", interrupted)
    rng = np.random.default_rng(1)
    blocks = np.concatenate([0.45 * rng.normal(size=(3, 2, 2)) / 2, rng.normal(size=(3, 2, 1))], axis=2)
    found = fixed_set(blocks, representation="hull", time_limit=None)
    assert found.status.name == "INTERRUPTED"
    assert np.isfinite(found.hull.e_missing)


@pytest.mark.parametrize("tol", [0.0, -1.0, float("nan")])
def test_bad_tolerances_are_refused(tol: float) -> None:
    with pytest.raises(ArgumentError, match="tol"):
        fixed_set([[[0.5, 1.0]]], tol=tol)


@pytest.mark.parametrize(("p", "m"), [(2, 1), (1, 2)])
def test_a_fixed_set_that_is_one_point_is_left_as_it_is(p, m):
    blocks = np.zeros((3, p, p + m))
    blocks[2, :, :p] = 0.8 * np.eye(p)
    for J in (blocks, FiniteSet(blocks)):
        found = fixed_set(J, tol=1e-9, time_limit=None)
        assert found.distance.upper <= 1e-9
        assert found.hull.contains(np.zeros((1, p, m))).all()


def test_inner_regions_have_no_holes_that_boundaries_leave() -> None:
    """The Heighway dragon's hull family (cases.md): images of boundaries alone leave holes of radius 0.025."""
    dragon = [[[0.5, -0.5, 0.0], [0.5, 0.5, 0.0]], [[-0.5, -0.5, 1.0], [0.5, -0.5, 0.0]]]
    found = fixed_set(dragon, tol=2e-2, time_limit=None)
    assert found.status.name == "SET"
    assert found.distance.upper <= 2e-2


def test_an_overlay_that_fails_in_floating_point() -> None:
    """Found by a soak: GEOS raises "side location conflict" while the inner regions of this family are united."""
    J = [
        [[0.3396772007256599, -314.2714245685684, 1416.6901404905639]],
        [[-0.37403486965677, -1265.7868291526495, -317.5946801055076]],
        [[-0.13111941501106167, -556.5919203646201, 403.8795925563743]],
        [[0.7999999999999999, 807.1164669310198, 478.8557029672734]],
    ]
    found = fixed_set(J, tol=346.25446799991016, time_limit=None)
    assert found.distance.lower <= found.distance.upper
    assert (found.outer.project(found.inner.extreme).lower <= found.inner.e_extra).all()


def random_family(seed: int, *, k: int, p: int, m: int, rho: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


@pytest.mark.parametrize(
    ("k", "p", "m", "convex"), [(3, 2, 1, True), pytest.param(3, 3, 1, True, marks=pytest.mark.slow), (2, 2, 1, False)]
)
def test_a_finer_tolerance_never_gives_a_worse_set(k: int, p: int, m: int, convex: bool) -> None:
    J = random_family(k, k=k, p=p, m=m, rho=0.6)
    family = J if convex else FiniteSet(J)
    reached, names = [], []
    for tol in (2.0, 0.7, 0.3, 0.1, 0.03, 1e-6):
        found = fixed_set(family, tol=tol, time_limit=None, max_cells=1_500)
        reached.append(found.distance.upper)
        names.append(found.status.name)
    assert reached == sorted(reached, reverse=True)
    assert names[0] == "SET"
    assert names[-1] in {"HULL", "BUDGET"}  # more time would not help
    assert "time_limit" not in found.status.value


def test_the_hull_alone_is_found_without_what_only_the_set_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tie of rank one in many dimensions: n·2d inflated vertices, and searches between sets, took minutes."""
    J = random_family(0, k=1, p=40, m=1, rho=0.5)
    J = np.concatenate([J, J])
    J[1, :, :40] += 0.01 * np.outer(np.linspace(-1, 1, 40), np.linspace(0, 1, 40))
    monkeypatch.setattr(fixed_set_module, "refine", None)
    found = fixed_set(J, tol=0.1, representation="hull", time_limit=None)
    assert found.status.name == "HULL"
    assert isinstance(found.outer, CellUnion)
    assert found.outer.cells.shape[0] == 1
    assert found.outer.cells.shape[1] == len(found.hull.vertices)
    assert found.outer.margin >= found.hull.e_missing
    solves = np.linalg.solve(np.eye(40) - J[:, :, :40], J[:, :, 40:])
    assert found.outer.project(solves).lower.max() == 0.0
    assert found.inner.project(found.outer.cells[0]).upper.max() <= found.distance.upper


def test_points_that_are_all_near_each_other_take_little_memory() -> None:
    points = np.random.default_rng(0).normal(size=(20_000, 4, 1))
    tracemalloc.start()
    try:
        for apart in (0.8, 3.0, 100.0):
            kept = separated(points, apart)
            nearest = cKDTree(kept[:, :, 0]).query(points[:, :, 0])[0]
            assert nearest.max() <= apart
            among = cKDTree(kept[:, :, 0]).query(kept[:, :, 0], 2)[0][:, 1]
            assert (among > apart).all()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(kept) == 1
    assert peak < 100e6  # all pairs are three gigabytes
