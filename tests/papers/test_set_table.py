"""Known answers on sets of matrices: hulls of fixed sets, bounds reached exactly, Hausdorff distances.

Sources: E. Vaiter's talk on iterative differentiation (2023) and its strictness examples; the Heighway dragon's hull
(S. Benedek and R. Panzone, On some notable plane sets II: dragons, 1994); the Cantor set and the Sierpinski triangle
(classical); the rest derived by hand.
"""

import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from strategies.matrix_sets import polygon

from conservative.iteration import FixedSet, fixed_set, iterate_set
from conservative.matrix_sets import FiniteSet, MatrixPolytope, PlanarRegion, gap, hausdorff_distance


def interval(low: float, high: float) -> MatrixPolytope:
    return MatrixPolytope([[[low]], [[high]]])


def box(low: list[float], high: list[float]) -> MatrixPolytope:
    return polygon(list(itertools.product(*zip(low, high, strict=True))))


HAUSDORFF = [
    (interval(2, 3), interval(-1 / 3, 3 / 2), 7 / 3),
    (box([0, 0], [2, 2]), box([1, 1], [3, 3]), 2**0.5),
    (box([-1, 1], [1, 1]), box([4, 1], [6, 1]), 5.0),
    (box([-1, -1], [1, 1]), polygon([[2.0, 0.0]]), 10**0.5),
]


@pytest.mark.parametrize(("X", "Y", "distance"), HAUSDORFF)
def test_hausdorff_distances(X: MatrixPolytope, Y: MatrixPolytope, distance: float) -> None:
    for found in (hausdorff_distance(X, Y), hausdorff_distance(Y, X)):
        assert distance in found.widen(1e-15)
        assert found.width <= 1e-13


def test_the_one_sided_gaps_of_a_box_and_a_point() -> None:
    X, Y = box([-1, -1], [1, 1]), polygon([[2.0, 0.0]])
    assert 10**0.5 in gap(X, Y).widen(1e-15)
    assert 1.0 in gap(Y, X)


ONE_DIMENSION = {
    "theta - x/4 | theta - 3x/4": ([[[-0.25, 1]], [[-0.75, 1]]], 4 / 13, 12 / 13),
    "theta - |x|/2": ([[[-0.5, 1]], [[0.5, 1]]], 0.0, 2.0),
    "lasso, step 1/2": ([[[0.5, -0.5]], [[0.0, 0.0]]], -1.0, 0.0),
    "lasso, step 1": ([[[0.0, -1.0]], [[0.0, 0.0]]], -1.0, 0.0),
    "lasso, step 3/2": ([[[-0.5, -1.5]], [[0.0, 0.0]]], -1.5, 0.0),
    "a in [-1/2, 0], b in [0, 1]": ([[[a, b]] for a in (-0.5, 0) for b in (0, 1)], -2 / 3, 4 / 3),
    "conv{(-1/2, 0), (1/2, 1)}": ([[[-0.5, 0]], [[0.5, 1]]], -1.0, 2.0),
    "the hull of Cantor's two maps": ([[[1 / 3, 0]], [[1 / 3, 2 / 3]]], 0.0, 1.0),
}


@pytest.mark.parametrize("name", ONE_DIMENSION)
def test_fixed_intervals(name: str) -> None:
    blocks, low, high = ONE_DIMENSION[name]
    found = fixed_set(blocks, tol=1e-11, time_limit=None)
    assert found.status.name == "CONVEX"
    expect_hull(found, interval(low, high), 1e-13)
    assert found.distance.upper <= 1e-11
    run = iterate_set(blocks, [[[5.0]]], tol=1e-10)
    assert run.status.name == "TOLERANCE_REACHED"
    assert hausdorff_distance(run.sets[-1], interval(low, high)).lower <= run.bounds[-1].best


def expect_hull(found: FixedSet, truth: MatrixPolytope, tol: float) -> None:
    """The hull within its errors and a tolerance for rounding the truth; the outer set around the truth."""
    assert gap(truth, found.hull).lower <= found.hull.e_missing + tol
    assert gap(found.hull, truth).lower <= found.hull.e_extra + tol
    assert hausdorff_distance(found.hull, truth).upper <= found.hull.e_missing + found.hull.e_extra + tol
    assert gap(FiniteSet(truth.vertices), found.outer).upper <= tol


DRAGON = [
    (2 / 3, 2 / 3),
    (0, 2 / 3),
    (-1 / 3, 1 / 3),
    (-1 / 3, 0),
    (-1 / 6, -1 / 6),
    (2 / 3, -1 / 3),
    (1, -1 / 3),
    (7 / 6, -1 / 6),
    (7 / 6, 0),
    (5 / 6, 1 / 2),
]


def test_the_hull_of_the_heighway_dragon() -> None:
    half = 0.5 * np.array([[1.0, -1.0], [1.0, 1.0]])
    turned = 0.5 * np.array([[-1.0, -1.0], [1.0, -1.0]])
    found = fixed_set([np.c_[half, [0, 0]], np.c_[turned, [1, 0]]], tol=1e-11, representation="hull", time_limit=None)
    assert found.status.name == "HULL"
    assert len(found.hull.vertices) == 10
    assert found.hull.to_shapely().area == pytest.approx(7 / 6, abs=1e-12)
    expect_hull(found, polygon(DRAGON), 1e-14)


T1 = [[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]]


def test_t1_contracts_in_two_steps() -> None:
    square = box([-1, -1], [1, 1])
    run = iterate_set(T1, [[[3.0], [7.0]]], tol=1e-9)
    assert run.status.name == "TOLERANCE_REACHED"
    assert run.steps == 2
    assert run.decay.one_step >= 1.0
    assert hausdorff_distance(run.sets[2], square).upper <= run.bounds[2].best + 1e-14
    expect_hull(fixed_set(T1, tol=1e-9, representation="hull", time_limit=None), square, 1e-14)


def test_t1_lies_between_its_inner_and_outer_sets() -> None:
    found = fixed_set(T1, tol=1e-3, time_limit=None)
    x, y = found.inner.extreme.reshape(-1, 2).T
    slack = found.inner.e_extra
    assert np.all((np.abs(y) <= np.abs(x) + 2 * slack) & (np.abs(x) <= 1 + slack))
    region = polygon([[1.0, 0.9], [1.0, -0.9], [-1.0, 0.5], [0.2, 0.1]])
    assert gap(FiniteSet(region.vertices), found.inner).lower <= found.inner.e_missing
    assert 0.5**0.5 in gap(found.hull, found.inner, tol=1e-6).widen(1e-3)


def test_t1_is_known_to_a_thousandth() -> None:
    found = fixed_set(T1, tol=1e-3, time_limit=None)
    assert found.status.name == "SET"
    assert found.distance.upper <= 1e-3
    assert found.inner.to_shapely().area == pytest.approx(2.0, abs=1e-9)
    assert 2.0 <= found.outer.to_shapely().area <= 2.0 + 8.0 * found.distance.upper


def test_t2_has_half_the_area_of_its_hull() -> None:
    family = [[[1, 0, 0], [1, 0, 0]], [[1, 0, 0], [-1, 1, 0]]]
    run = iterate_set(family, [[[0.0], [1.0]], [[1.0], [1.0]]], steps=1, representation="cells")
    image = PlanarRegion(run.sets[1].to_shapely())
    assert image.geometry.area == pytest.approx(0.5, abs=1e-9)
    assert 2**0.5 / 4 in hausdorff_distance(box([0, 0], [1, 1]), image).widen(1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 1), (2, 2), (5, 1)])
@pytest.mark.parametrize("a", [0.5, 0.9, 0.99])
def test_the_a_priori_bound_is_tight(shape: tuple[int, int], a: float) -> None:
    p, m = shape
    B = np.random.default_rng(p + m).normal(size=(4, p, m))
    B = np.concatenate([B, -B])
    blocks = np.concatenate([np.repeat(a * np.eye(p)[None], len(B), axis=0), B], axis=2)
    limit = MatrixPolytope(B / (1 - a))
    run = iterate_set(blocks, np.zeros((1, p, m)), steps=12)
    square = max(sum(Fraction(x) ** 2 for x in matrix.ravel().tolist()) for matrix in B)
    rate, limit_size = Decimal(a), (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
    for t, (stored, bound) in enumerate(zip(run.sets, run.bounds, strict=True)):
        exact = rate**t / (1 - rate) * limit_size
        # Beyond a hundred, 1e-12 is less than a few dozen roundings of the bound itself.
        assert exact <= Decimal(bound.a_priori) <= exact + max(Decimal("1e-12"), exact * Decimal("1e-14"))
        assert hausdorff_distance(stored, limit).lower <= bound.a_priori
    assert fixed_set(blocks, tol=1e-9, time_limit=None).status.name == "CONVEX"


def test_cantor_as_a_finite_family() -> None:
    family = FiniteSet([[[1 / 3, 0]], [[1 / 3, 2 / 3]]])
    found = fixed_set(family, tol=1e-11, max_cells=2_000, time_limit=None)
    expect_hull(found, interval(0.0, 1.0), 1e-14)
    assert found.status.name == "HULL"
    level = np.array([0.0, 1.0])
    for n in range(1, 9):
        level = np.concatenate([level / 3, level / 3 + 2 / 3])
        assert 1 / 6 in gap(interval(0, 1), FiniteSet(level[:, None, None])).widen(1e-15)
        left_ends = FiniteSet(np.sort(level)[::2][:, None, None])
        assert 3.0**-n in gap(FiniteSet(level[:, None, None]), left_ends).widen(1e-12)


def test_the_centroid_of_the_sierpinski_triangle_is_farthest() -> None:
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 3**0.5 / 2]])
    level = corners
    for _ in range(6):
        level = np.concatenate([(level + corner) / 2 for corner in corners])
    found = gap(polygon(corners), FiniteSet(level[:, :, None]), tol=1e-8)
    # Points of level 6 are within 2⁻⁷ of the set; near the centroid the set's own corners are all there.
    assert 1 / (4 * 3**0.5) in found.widen(1e-12)
    assert found.width <= 1e-8
