"""Gaps and Hausdorff distances: known answers, invariance, ordering, and bad input."""

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.matrix_sets import SHAPES, clouds, rotation, sets
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, NonFiniteError, ShapeError
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixSet,
    affine_image,
    gap,
    hausdorff_distance,
    hull,
    simplify,
)


def size_of(*parts: MatrixSet) -> float:
    return max(1e-300, *(part.radius for part in parts))


@drawn(20, 250, st.data(), st.sampled_from(SHAPES[:3]))
def test_brackets_hold_what_sampling_finds(data: st.DataObject, shape: tuple[int, int]) -> None:
    X, Y = data.draw(sets(shape=shape, most=5)), data.draw(sets(shape=shape, most=5))
    found = gap(X, Y, tol=1e-3 * size_of(X, Y))
    share = np.random.default_rng(0).dirichlet(np.full(len(X.extreme), 0.3), size=300)
    samples = np.einsum("sk,kpq->spq", share, X.extreme) if isinstance(X, MatrixPolytope) else X.extreme
    noise = 1e-13 * size_of(X, Y)
    assert Y.project(samples).lower.max() <= found.upper + noise
    assert found.width <= 2e-3 * size_of(X, Y)


@drawn(20, 250, st.data(), st.sampled_from(SHAPES))
def test_a_subset_has_gap_zero_and_a_superset_has_a_larger_gap(data: st.DataObject, shape: tuple[int, int]) -> None:
    small, more = data.draw(clouds(shape=shape)), data.draw(clouds(shape=shape))
    Y = MatrixPolytope(data.draw(clouds(shape=shape)))
    inner, outer = MatrixPolytope(small), MatrixPolytope(np.concatenate([small, more]))
    noise = 1e-12 * size_of(inner, outer, Y)
    assert gap(inner, outer).lower == 0.0
    assert gap(inner, outer).upper <= noise
    assert gap(inner, Y).lower <= gap(outer, Y).upper + noise
    assert gap(Y, outer).lower <= gap(Y, inner).upper + noise


@drawn(20, 250, st.data(), st.sampled_from(SHAPES), st.integers(0, 50))
def test_distances_do_not_see_translations_and_rotations(
    data: st.DataObject, shape: tuple[int, int], seed: int
) -> None:
    p, q = shape
    X, Y = (MatrixPolytope(data.draw(clouds(shape=shape))) for _ in range(2))
    turn, shift = rotation(p, seed), np.random.default_rng(seed).normal(size=(p, q))
    plain = hausdorff_distance(X, Y)
    moved = hausdorff_distance(affine_image(X, turn, shift), affine_image(Y, turn, shift))
    noise = 1e-11 * (size_of(X, Y) + 1.0)
    assert abs(plain.midpoint - moved.midpoint) <= noise
    assert plain.width <= noise


@drawn(20, 250, st.data(), st.sampled_from(SHAPES))
def test_the_support_of_a_hull_is_the_largest_support(data: st.DataObject, shape: tuple[int, int]) -> None:
    parts = [data.draw(sets(shape=shape)) for _ in range(3)]
    directions = np.random.default_rng(1).normal(size=(6, 2, *shape))
    together = hull(parts).support(directions)
    assert together.shape == (6, 2)
    np.testing.assert_allclose(together, np.max([s.support(directions) for s in parts], axis=0), atol=1e-12)


@drawn(20, 250, st.data(), st.sampled_from(SHAPES), st.sampled_from([None, 0.1, 1.0]))
def test_simplify_says_how_much_is_missing(data: st.DataObject, shape: tuple[int, int], tol: float | None) -> None:
    S = MatrixPolytope(data.draw(clouds(shape=shape, most=25)))
    thin = simplify(S, tol=tol)
    assert len(thin.vertices) <= len(S.vertices)
    assert gap(S, thin).lower <= thin.e_missing
    assert thin.e_missing <= (tol or 0.0) + 1e-12 * size_of(S)
    assert gap(thin, S).upper <= 1e-14 * size_of(S)


def test_simplify_stops_at_the_number_of_vertices_asked_for() -> None:
    angles = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    disc = MatrixPolytope(np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, None])
    thin = simplify(disc, max_vertices=8)
    assert len(thin.vertices) == 8
    assert gap(disc, thin).upper <= thin.e_missing < 0.2
    assert len(simplify(disc).vertices) == 100


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9])
def test_simplify_keeps_what_a_thin_hull_needs(width: float) -> None:
    """Qhull leaves vertices of thin hulls out, and neighbours in the plane look flat one by one."""
    rng, angles = np.random.default_rng(3), np.linspace(0.0, 2 * np.pi, 90, endpoint=False)
    for rest in (np.zeros((90, 0)), width * rng.normal(size=(90, 1)), rng.normal(size=(90, 2))):
        flat = np.concatenate([np.stack([np.cos(angles), width * np.sin(angles)], axis=1), rest], axis=1)
        S = MatrixPolytope(flat[:, None])
        thin = simplify(S)
        assert gap(S, thin).lower <= thin.e_missing <= 1e-12


def test_a_circle_seen_from_nearby_is_thinned_to_rounding() -> None:
    angles = np.linspace(0.0, 1e-5, 2000)
    arc = MatrixPolytope(np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, None])
    thin = simplify(arc, tol=1e-15)
    assert 3 <= len(thin.vertices) < 500
    assert gap(arc, thin).lower <= thin.e_missing <= 1e-14


def test_many_points_are_pruned_without_losing_the_farthest() -> None:
    rng = np.random.default_rng(2)
    corners, points = rng.normal(size=(40, 4)), rng.normal(size=(20_000, 4))
    points[13_333] = 9.0
    X, Y = FiniteSet(points[:, :, None]), MatrixPolytope(corners[:, :, None])
    found = gap(X, Y)
    alone = Y.project(points[13_333][None, :, None])
    assert found.lower == pytest.approx(alone.lower[0], rel=1e-13)
    assert found.width <= 1e-12


def test_a_hull_against_points_in_the_plane() -> None:
    square = MatrixPolytope(np.array([[0, 0], [2, 0], [0, 2], [2, 2]], float)[:, None])
    corners = FiniteSet(square.vertices)
    found = gap(square, corners, tol=1e-7)
    assert 2**0.5 in found
    assert found.width <= 2e-7


def test_an_interval_against_points_is_exact() -> None:
    found = gap(MatrixPolytope([[[0.0]], [[1.0]]]), FiniteSet([[[0.0]], [[0.25]], [[1.0]]]))
    assert 0.375 in found
    assert found.width <= 1e-14


def test_contains_needs_proof_within_the_tolerance() -> None:
    box = MatrixPolytope([[[0.0]], [[1.0]]])
    assert box.contains([[[0.5]], [[1.0 + 1e-6]]], tol=1e-5).tolist() == [True, True]
    assert box.contains([[[0.5]], [[1.0 + 1e-6]]]).tolist() == [True, False]
    assert bool(MatrixPolytope([[[0.0]]]).contains([[0.0]]))


@pytest.mark.parametrize("kind", [MatrixPolytope, FiniteSet])
def test_plane_sets_become_shapely_geometries(kind: type) -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]], float)
    shape = kind(square[:, :, None]).to_shapely()
    assert shape.convex_hull.area == pytest.approx(1.0)
    assert kind(square[:1, None]).to_shapely().geom_type == "Point"
    assert kind([[[0, 0]], [[1, 1]], [[2, 2]]]).to_shapely().convex_hull.geom_type == "LineString"
    with pytest.raises(ShapeError, match="1 × 2 or 2 × 1"):
        kind(np.zeros((3, 3, 1))).to_shapely()


def test_affine_images_carry_their_rounding() -> None:
    S = FiniteSet([[[0.1], [0.2]]])
    image = affine_image(S, [[0.3, 0.7], [1.0, 0.0], [0.0, 1.0]], [[1.0], [0.0], [0.0]])
    assert image.shape == (3, 1)
    assert isinstance(image, FiniteSet)
    assert 0.0 < image.e_extra < 1e-14


@pytest.mark.parametrize("kind", [MatrixPolytope, FiniteSet])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], EmptySetError),
        (np.zeros((0, 2, 2)), EmptySetError),
        ([[1.0, 2.0]], ShapeError),
        ([[[1.0], [2.0, 3.0]]], ShapeError),
        ([[[np.nan]]], NonFiniteError),
        ([[[np.inf]]], NonFiniteError),
        ([[["a"]]], ArgumentTypeError),
        ([[[1j]]], ArgumentTypeError),
        (np.zeros((2, 0, 1)), ShapeError),
    ],
)
def test_bad_points_are_refused(kind: type, value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=kind.__name__):
        kind(value)


def test_bad_arguments_are_refused() -> None:
    line, plane = MatrixPolytope([[[0.0]]]), MatrixPolytope([[[0.0, 1.0]]])
    with pytest.raises(ShapeError, match="one shape"):
        gap(line, plane)
    with pytest.raises(ArgumentTypeError, match="Wrap an array"):
        hausdorff_distance(line, np.zeros((1, 1, 1)))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="tol"):
        gap(line, line, tol=0.0)
    with pytest.raises(ArgumentError, match="tol"):
        line.contains([[0.0]], tol=-1.0)
    with pytest.raises(ShapeError, match="matrices of the set's shape"):
        line.support([1.0])
    with pytest.raises(EmptySetError, match="hull"):
        hull([])
    with pytest.raises(ShapeError, match="hull"):
        hull([line, plane])
    with pytest.raises(ShapeError, match="affine_image"):
        affine_image(line, np.eye(2), np.zeros((2, 1)))
    with pytest.raises(ArgumentError, match="e_missing"):
        MatrixPolytope([[[0.0]]], e_missing=-1.0)
    with pytest.raises(ArgumentError, match="max_vertices"):
        simplify(line, max_vertices=0)


def test_unions_of_the_same_cells_differ_by_their_margins() -> None:
    cells = np.random.default_rng(0).normal(size=(50, 4, 3, 3))
    wide, narrow = CellUnion(cells, 0.75), CellUnion(cells, 0.5)
    assert 0.25 in gap(wide, narrow)
    assert gap(wide, narrow).width <= 1e-15
    assert gap(narrow, wide).upper == 0.0
    assert 0.75 in hausdorff_distance(CellUnion(cells), wide)
    away = gap(wide, MatrixPolytope(np.zeros((1, 3, 3))))
    assert gap(narrow, MatrixPolytope(np.zeros((1, 3, 3)))).widen(0.25 + 1e-12).upper >= away.lower


@pytest.mark.parametrize("exponent", [-930, -600, 0, 600])
def test_squares_of_cells_do_not_underflow(exponent: int) -> None:
    corners = np.ldexp([[[0.0], [0.0], [0.0]], [[2.0], [0.0], [0.0]], [[0.0], [1.0], [0.0]]], exponent)
    found = gap(MatrixPolytope(corners), FiniteSet(corners[:2]), tol=float(np.ldexp(1e-2, exponent)))
    # The farthest point of the triangle from its long leg's ends is on the hypotenuse, as far from (0, 0) as from
    # (2, 0), or the third corner or the middle of the leg, which is 1 from both; (1, 1/2) is √5/2 from both.
    truth = np.ldexp(5.0**0.5 / 2.0, exponent)
    assert found.lower <= truth <= found.upper
