"""Zonotopes against their enumerated vertices, in exact arithmetic where the question allows."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn
from strategies.zonotopes import QUARTERS, arrays, zonotopes

import conservative as cj
from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, NonFiniteError, ShapeError
from conservative.matrix_sets import (
    FiniteSet,
    MatrixPolytope,
    MatrixZonotope,
    affine_image,
    gap,
    hausdorff_distance,
    largest_norm,
    minkowski_sum,
)
from conservative.matrix_sets.distance.from_zonotope import gap_from_zonotope
from conservative.matrix_sets.zonotopes.box_least_squares import nearest_in_zonotope

SHAPES = st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2), (3, 2)])


def exact_vertices(Z: MatrixZonotope) -> list[list[Fraction]]:
    """All 2^k vertices, flat, in rational arithmetic."""
    center = [Fraction(x) for x in Z.center.ravel().tolist()]
    generators = [[Fraction(x) for x in g.ravel().tolist()] for g in Z.generators]
    return [
        [c + sum(s * g[i] for s, g in zip(signs, generators, strict=True)) for i, c in enumerate(center)]
        for signs in product((-1, 1), repeat=len(generators))
    ]


@drawn(20, 100, data=st.data(), shape=SHAPES)
def test_support_is_the_largest_over_the_vertices_exactly(data: Any, shape: tuple[int, int]) -> None:
    Z = data.draw(zonotopes(shape=shape))
    D = data.draw(arrays(shape=shape))
    flat = [Fraction(x) for x in D.ravel().tolist()]
    largest = max(sum(a * b for a, b in zip(flat, vertex, strict=True)) for vertex in exact_vertices(Z))
    assert Fraction(float(Z.support(D))) == largest


@drawn(20, 100, data=st.data(), shape=SHAPES)
def test_extreme_lists_the_hull(data: Any, shape: tuple[int, int]) -> None:
    Z = data.draw(zonotopes(shape=shape))
    vertices = {tuple(v) for v in exact_vertices(Z)}
    listed = {tuple(Fraction(x) for x in v.ravel().tolist()) for v in Z.extreme}
    assert listed <= vertices
    D = data.draw(arrays(shape=(5, *shape)))
    np.testing.assert_array_equal(MatrixPolytope(Z.extreme).support(D), Z.support(D))


@drawn(25, 250, data=st.data(), shape=SHAPES)
def test_projection_agrees_with_the_hull_of_the_vertices_by_both_ways(data: Any, shape: tuple[int, int]) -> None:
    Z = data.draw(zonotopes(shape=shape))
    points = data.draw(arrays(shape=(4, *shape), entries=QUARTERS))
    corners = np.array([[float(x) for x in v] for v in exact_vertices(Z)]).reshape(-1, *shape)
    hull = MatrixPolytope(corners).project(points)
    box = nearest_in_zonotope(points, Z.center, Z.parts)
    for found in (Z.project(points), box):
        assert (found.lower <= hull.upper).all()
        assert (hull.lower <= found.upper).all()
        np.testing.assert_allclose(found.upper, hull.upper, atol=1e-7)
    inside = Z.center + Z.parts.combine(np.clip(box.weights, -1, 1))
    np.testing.assert_array_equal(inside, box.nearest)


@drawn(20, 100, data=st.data(), shape=SHAPES)
def test_members_are_members_and_far_points_are_not(data: Any, shape: tuple[int, int]) -> None:
    Z = data.draw(zonotopes(shape=shape))
    weights = data.draw(arrays(shape=(3, Z.parts.count), entries=st.floats(-1, 1)))
    members = Z.center + Z.parts.combine(weights)
    assert Z.contains(members, tol=1e-9 * max(1.0, Z.radius)).all()
    D = data.draw(arrays(shape=shape))
    if D.any():
        excess = float(Z.support(D) - (D * Z.center).sum()) / float((D * D).sum()) + 1e-3
        assert not Z.contains(Z.center + excess * D, tol=1e-6)


@drawn(8, 120, kind=st.sampled_from(["sizes", "parallel"]), seed=st.integers(0, 2**31))
def test_members_are_found_at_small_tolerances_however_skewed_the_generators(kind: str, seed: int) -> None:
    """Generators of very different sizes, or that point one way up to 1e-7: their products say little of them."""
    rng = np.random.default_rng(seed)
    count, p, q = rng.integers((3, 2, 2), (40, 5, 5))
    generators = rng.standard_normal((count, p, q))
    if kind == "sizes":
        generators *= 10.0 ** -rng.integers(0, 12, (count, 1, 1))
    else:
        generators = generators[:1] * rng.standard_normal((count, 1, 1)) + 1e-7 * generators
    Z = MatrixZonotope(rng.standard_normal((p, q)), generators)
    outward = np.sign(Z.parts.inner(rng.standard_normal((4, p, q))))
    weights = [outward, np.sign(rng.standard_normal((4, count))), rng.uniform(-1, 1, (4, count))]
    members = Z.center + Z.parts.combine(np.concatenate(weights))
    assert Z.contains(members, tol=1e-9 * Z.radius).all()


@drawn(20, 100, Z=zonotopes(shape=(2, 1), most=9))
def test_planar_area_is_the_sum_of_determinants(Z: MatrixZonotope) -> None:
    flat = Z.generators.reshape(-1, 2)
    pairs = [(flat[i], flat[j]) for i in range(len(flat)) for j in range(i)]
    area = 4.0 * sum(abs(a[0] * b[1] - a[1] * b[0]) for a, b in pairs)
    assert Z.to_shapely().area == pytest.approx(area, abs=1e-9)
    assert len(Z.extreme) <= max(1, 2 * len(flat))


@drawn(20, 100, data=st.data(), shape=SHAPES)
def test_largest_norm_encloses_every_vertex(data: Any, shape: tuple[int, int]) -> None:
    Z = data.draw(zonotopes(shape=shape))
    found = largest_norm(Z)
    norms = np.linalg.norm(Z.center + Z.parts.combine(_all_signs(Z)), ord=2, axis=(1, 2))
    assert norms.max() <= found.bounds.upper * (1 + 1e-12) + 1e-12
    vertex = Z.center + Z.parts.combine(found.signs[None])[0]
    assert found.bounds.lower <= np.linalg.norm(vertex, 2) * (1 + 1e-12)
    assert set(found.signs.tolist()) <= {-1.0, 1.0}


def _all_signs(Z: MatrixZonotope) -> Any:
    return np.array(list(product((-1.0, 1.0), repeat=Z.parts.count))).reshape(2**Z.parts.count, Z.parts.count)


@drawn(20, 100, data=st.data(), p=st.integers(1, 4), q=st.integers(1, 3))
def test_row_scalings_of_a_matrix_have_an_attained_norm(data: Any, p: int, q: int) -> None:
    M = data.draw(arrays(shape=(p, q)))
    low = data.draw(arrays(shape=(p,), entries=st.sampled_from([0.0, -0.5, 0.25])))
    Z = MatrixZonotope.from_rank_one(low[:, None] * M, np.eye(p), (1.0 - low)[:, None] * M)
    found = largest_norm(Z)
    assert found.bounds.upper == pytest.approx(np.linalg.norm(M, 2), rel=1e-9, abs=1e-9)
    assert found.bounds.width <= 1e-9 * max(1.0, found.bounds.upper)
    columns = largest_norm(MatrixZonotope.from_rank_one((low[:, None] * M).T, (1.0 - low)[:, None] * M, np.eye(p)))
    assert columns.bounds.upper == pytest.approx(found.bounds.upper, rel=1e-9, abs=1e-9)


def test_monotone_bound_beats_absolute_values() -> None:
    M = np.array([[1.0, 1.0], [1.0, -1.0]])
    found = largest_norm(MatrixZonotope.from_rank_one(np.zeros((2, 2)), np.eye(2), M))
    assert found.proof == "monotone in the rows"
    assert found.bounds.upper == pytest.approx(2**0.5, rel=1e-12)
    assert 2**0.5 in found.bounds.widen(1e-15)


@drawn(4, 12, data=st.data(), shape=st.sampled_from([(1, 2), (2, 2)]))
def test_gap_without_vertices_encloses_the_gap_with_them(data: Any, shape: tuple[int, int]) -> None:
    X = data.draw(zonotopes(shape=shape))
    kind = data.draw(st.sampled_from([MatrixPolytope, FiniteSet, None]))
    Y = data.draw(zonotopes(shape=shape)) if kind is None else kind(data.draw(arrays(shape=(3, *shape))))
    exact = gap(MatrixPolytope(X.extreme), MatrixPolytope(Y.extreme) if kind is None else Y, tol=1e-3)
    loose = gap_from_zonotope(X, Y)
    assert loose.lower <= exact.upper + 1e-9
    assert exact.lower <= loose.upper + 1e-9
    direct = gap(X, Y, tol=1e-3)
    assert direct.lower <= exact.upper + 1e-9
    assert exact.lower <= direct.upper + 1e-9


def test_known_distances() -> None:
    box = cj.MatrixZonotope([[0, 0]], [[[1, 0]], [[0, 1]]])
    point = FiniteSet([[[2, 0]]])
    assert 10**0.5 in gap(box, point).widen(1e-14)
    assert 1.0 in gap(point, box).widen(1e-14)
    assert 10**0.5 in hausdorff_distance(box, point).widen(1e-14)
    shifted = cj.MatrixZonotope([[1, 1]], [[[1, 0]], [[0, 1]]])
    assert 2**0.5 in hausdorff_distance(box, shifted).widen(1e-14)


def test_many_generators_have_valid_gaps_and_no_vertices() -> None:
    rng = np.random.default_rng(3)
    X = MatrixZonotope.from_rank_one(np.zeros((4, 5)), rng.normal(size=(40, 4)), rng.normal(size=(40, 5)))
    with pytest.raises(BudgetError, match=r"2\^40 vertices"):
        _ = X.extreme
    moved = affine_image(X, np.eye(4), 0.01 * np.ones((4, 5)))
    found = hausdorff_distance(X, moved)
    assert 0.01 * 20**0.5 in found.widen(1e-9)
    assert found.width < 1e-6
    far = gap(X, FiniteSet(np.zeros((1, 4, 5))))
    signs = np.sign(rng.normal(size=(2000, 40)))
    assert np.linalg.norm(X.center + X.parts.combine(signs), axis=(1, 2)).max() <= far.upper
    assert far.lower >= np.linalg.norm(X.center + X.parts.combine(signs[:50]), axis=(1, 2)).max()


@drawn(20, 100, data=st.data(), shape=st.sampled_from([(1, 2), (2, 2)]))
def test_images_and_sums_have_the_right_support(data: Any, shape: tuple[int, int]) -> None:
    X, Y = data.draw(zonotopes(shape=shape)), data.draw(zonotopes(shape=shape))
    A, B = data.draw(arrays(shape=(3, shape[0]))), data.draw(arrays(shape=(3, shape[1])))
    D, E = data.draw(arrays(shape=shape)), data.draw(arrays(shape=(3, shape[1])))
    image = affine_image(X, A, B)
    assert isinstance(image, MatrixZonotope)
    assert float(image.support(E)) == float(X.support(A.T @ E)) + float((E * B).sum())
    assert float(minkowski_sum(X, Y).support(D)) == float(X.support(D)) + float(Y.support(D))


def test_factors_are_never_written_out_by_accident() -> None:
    Z = MatrixZonotope.from_rank_one(np.zeros((300, 300)), np.eye(300), np.ones((300, 300)))
    assert Z.factors is not None
    with pytest.raises(BudgetError, match="factors"):
        _ = Z.generators
    assert float(Z.support(np.ones((300, 300)))) == 90_000.0
    assert MatrixZonotope([[1.0]], [[[2.0]]]).factors is None


def test_a_point_is_a_zonotope() -> None:
    point = MatrixZonotope([[1.0, 2.0]], [])
    assert point.contains([[1.0, 2.0]], tol=0.0)
    assert point.extreme.tolist() == [[[1.0, 2.0]]]
    assert point.to_shapely().geom_type == "Point"
    assert largest_norm(MatrixZonotope([[3.0, 4.0]], np.zeros((0, 1, 2)))).bounds.width < 1e-12


@pytest.mark.parametrize(
    ("center", "generators", "error"),
    [
        ([1.0, 2.0], [], ShapeError),
        ([[1.0]], [[1.0]], ShapeError),
        ([[1.0]], [[[1.0, 2.0]]], ShapeError),
        ([[float("nan")]], [], NonFiniteError),
        ([["a"]], [], ArgumentTypeError),
        ([[1.0]], [[[float("inf")]]], NonFiniteError),
    ],
)
def test_bad_zonotopes_are_refused(center: Any, generators: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="MatrixZonotope"):
        MatrixZonotope(center, generators)


def test_bad_factors_and_tolerances_are_refused() -> None:
    with pytest.raises(ShapeError, match="as many rows"):
        MatrixZonotope.from_rank_one([[0.0]], [[1.0]], [[1.0], [2.0]])
    with pytest.raises(ShapeError, match=r"U=\.\.\."):
        MatrixZonotope.from_rank_one([[0.0]], [[1.0, 2.0]], [[1.0]])
    Z = MatrixZonotope([[0.0, 0.0]], [])
    with pytest.raises(ArgumentError, match="tol"):
        Z.contains([[0.0, 0.0]], tol=-1.0)
    with pytest.raises(ShapeError, match=r"MatrixZonotope\.support"):
        Z.support([[1.0]])
    with pytest.raises(ShapeError, match="one shape"):
        minkowski_sum(Z, MatrixZonotope([[0.0]], []))
    with pytest.raises(ArgumentTypeError, match="MatrixPolytope"):
        minkowski_sum(Z, MatrixPolytope([[[0.0, 0.0]]]))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="e_extra"):
        MatrixZonotope([[0.0]], [], e_extra=-1.0)


def test_large_matrices_have_norms_too() -> None:
    zero = MatrixZonotope.from_rank_one(np.zeros((250, 250)), np.eye(250), np.zeros((250, 250)))
    assert largest_norm(zero).bounds.upper < 1e-290
    rng = np.random.default_rng(2)
    M = rng.normal(size=(250, 300))
    found = largest_norm(MatrixZonotope.from_rank_one(np.zeros((250, 300)), np.eye(250), M))
    assert found.bounds.width < 1e-8
    assert np.linalg.norm(M, 2) in found.bounds.widen(1e-9)


@pytest.mark.parametrize("scale", [1e150, 1e-150, 1e-300])
def test_every_scale_of_the_set_and_of_the_points(scale: float) -> None:
    rng = np.random.default_rng(0)
    generators = rng.normal(size=(12, 2, 3))
    Z, unit = MatrixZonotope(np.zeros((2, 3)), scale * generators), MatrixZonotope(np.zeros((2, 3)), generators)
    points = rng.normal(size=(5, 2, 3)) * 9.0
    found, expected = Z.project(scale * points), unit.project(points)
    np.testing.assert_allclose(found.upper / scale, expected.upper, rtol=1e-9)
    assert (found.upper - found.lower).max() < 1e-9 * scale
    assert Z.contains(Z.center + Z.parts.combine(rng.uniform(-1, 1, size=(3, 12)))).all()
    assert Z.radius / scale == pytest.approx(unit.radius, rel=1e-9)
    far = Z.project(np.full((2, 3), 1e300))
    assert far.lower <= 6**0.5 * 1e300 * (1 + 1e-12)
    assert far.upper >= 6**0.5 * 1e300 * (1 - 1e-12)


def test_unbalanced_factors() -> None:
    rng = np.random.default_rng(4)
    U, V = rng.normal(size=(12, 2)), rng.normal(size=(12, 3))
    plain = MatrixZonotope.from_rank_one(np.zeros((2, 3)), U, V)
    skewed = MatrixZonotope.from_rank_one(np.zeros((2, 3)), 1e-200 * U, 1e200 * V)
    points = 5.0 * rng.normal(size=(4, 2, 3))
    np.testing.assert_allclose(skewed.project(points).upper, plain.project(points).upper, atol=1e-9)
