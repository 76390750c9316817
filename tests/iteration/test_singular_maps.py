"""Maps of rank one and zero, whose images are segments and points, in the plane."""

import numpy as np
import pytest
import shapely

from conservative.iteration import fixed_set, iterate_true, set_image
from conservative.iteration.image import planar_image
from conservative.matrix_sets import FiniteSet, MatrixPolytope, PlanarRegion, affine_image, gap
from conservative.matrix_sets.operations.moved_geometry import moved
from tests import planar_checks
from tests.planar_oracle import distances, images, samples, to_geometry

SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)


def blocks(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate([A, b[:, :, None]], axis=2)


RANK_ONE = np.array([np.outer((0.3, 0.7), (0.4, 0.1)), np.outer((0.6, 0.6), (0.6, 0.2))]), np.array([(0.0, 0), (1, 0)])


@pytest.mark.parametrize("representation", ["auto", "region", "cells"])
def test_two_maps_of_rank_one(representation: str) -> None:
    A, b = RANK_ONE
    run = iterate_true(
        FiniteSet(blocks(A, b)), MatrixPolytope(SQUARE[..., None]), steps=4, representation=representation
    )
    assert run.gaps[0].lower == pytest.approx(0.8842442828, abs=1e-9)
    assert run.sets[1].project([[[1.48], [0.48]]]).upper <= 1e-10
    truth = [SQUARE]
    for found in run.sets[1:]:
        truth = images(A, b, truth)
        points = samples(np.random.default_rng(0), truth, count=20)
        assert found.project(points[..., None]).lower.max() <= found.e_missing
        assert distances(found.extreme.reshape(-1, 2), truth).max() <= found.e_extra + 1e-14


def test_segments_of_a_family_of_rank_one_stay_few() -> None:
    """Each map has its line, on which images are intervals; united on it, they do not multiply."""
    A, b = RANK_ONE
    run = iterate_true(FiniteSet(blocks(A, b)), MatrixPolytope(SQUARE[..., None]), steps=9, representation="region")
    assert len(run.sets) == 10
    assert shapely.get_num_coordinates(run.sets[-1].to_shapely()) <= 2**10


def test_kaczmarz_projects_onto_lines() -> None:
    """Projections onto two lines through 0: the fixed set is 0, and each image is in the lines."""
    units = np.array([(0.6, 0.8), (1.0, 0.0)])
    A = np.einsum("ki,kj->kij", units, units)
    run = iterate_true(FiniteSet(blocks(A, np.zeros((2, 2)))), MatrixPolytope(SQUARE[..., None]), steps=1)
    (line, other) = sorted(run.sets[1].to_shapely().geoms, key=lambda part: part.length)
    assert other.length == pytest.approx(1.4)
    assert line.length == pytest.approx(1.0)
    assert run.sets[1].exactness.name == "EXACT"


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("turned", [False, True])
def test_affine_images_of_regions(rank: int, turned: bool) -> None:
    frame = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    region = PlanarRegion(shapely.union(frame, shapely.box(5, 5, 6, 6)))
    A = rank * np.outer((1.0, 2.0), (0.3, 0.1))
    A = A.T if turned else A
    found = affine_image(region, A, [[1.0], [1.0]])
    truth = [np.array(r) @ A.T + 1.0 for r in ([(0, 0), (3, 0), (3, 3), (0, 3)], [(5, 5), (6, 5), (6, 6), (5, 6)])]
    shape = found.to_shapely()
    assert shape.geom_type == ("Point" if rank == 0 else shape.geom_type)
    assert to_geometry(samples(np.random.default_rng(0), truth), shape).max() <= 1e-12
    assert distances(shapely.get_coordinates(shape), truth).max() <= 1e-12


@pytest.mark.parametrize("width", [0.0, 1e-17, 1e-14, 1e-11, 1e-8])
def test_nearly_singular_maps_keep_every_part(width: float) -> None:
    rng = np.random.default_rng(0)
    A = np.outer((0.3, 0.7), (0.4, 0.1)) + width * rng.normal(size=(2, 2))
    parts = [shapely.Polygon(t) for t in rng.normal(size=(20, 3, 2)) + 10.0 * np.arange(20)[:, None, None]]
    found = shapely.GeometryCollection(list(moved(shapely.MultiPolygon(parts), A, np.zeros(2))))
    truth = [np.array(p.exterior.coords)[:3] @ A.T for p in parts]
    assert to_geometry(samples(rng, truth, count=10), found).max() <= 1e-10
    assert distances(shapely.get_coordinates(found), truth).max() <= 1e-10


def test_the_image_of_a_sliver_under_a_hull_of_maps() -> None:
    """shapely's `segmentize` loses slivers, and with them the images of their boundary."""
    sliver = np.array([(-1.08, -1.6800000000000002), (-2.0599999999999996, -1.61), (-0.38, -1.73), (0.6, -1.8)])
    polygon = shapely.MultiPoint(sliver).convex_hull
    assert polygon.geom_type == "Polygon"
    J = np.array([[[0.5, 0.1, 0.0], [0.0, 0.4, 0.0]], [[0.2, -0.3, 1.0], [0.3, 0.1, 0.0]]])
    run = iterate_true(J, PlanarRegion(shapely.union(polygon, shapely.box(2, 2, 3, 3))), steps=1)
    middle = 0.5 * (J[0] + J[1])
    seen = middle[:, :2] @ (0.5 * (sliver[0] + sliver[2])) + middle[:, 2]
    assert run.sets[1].project(seen[:, None]).lower <= run.sets[1].e_missing


def test_set_images_and_fixed_sets_of_mixed_ranks() -> None:
    A = np.array([np.zeros((2, 2)), np.outer((0.3, 0.7), (0.4, 0.1)), [[0.5, 0.1], [0.0, 0.4]]])
    b = np.array([(2.0, 0), (0, 0), (0, 1)])
    found = set_image(FiniteSet(blocks(A, b)), MatrixPolytope(SQUARE[..., None]), tol=1e-3)
    points = samples(np.random.default_rng(0), images(A, b, [SQUARE]))
    assert found.contains(points[..., None]).all()
    limit = fixed_set(FiniteSet(blocks(A, b)), tol=1e-2, time_limit=None)
    point, rng = np.zeros((50, 2)), np.random.default_rng(1)
    for _ in range(60):
        i = rng.integers(3, size=50)
        point = np.einsum("nij,nj->ni", A[i], point) + b[i]
    assert limit.outer.project(point[..., None]).lower.max() <= 1e-12
    assert limit.outer.project(limit.inner.extreme).lower.max() <= limit.inner.e_extra


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_slivers_and_singular_maps(seed: int) -> None:
    """As `benchmarks/hunt_gaps.py` does for as long as one likes."""
    for count in range(25):
        planar_checks.one(np.random.default_rng([10_000 + seed, count]))


TURNS = np.array([[[0.5, -0.3, 1.0], [0.3, 0.5, 0.0]], [[0.4, 0.2, 0.0], [-0.2, 0.4, 1.0]]])


@pytest.mark.parametrize(
    ("name", "large"),
    [("buffer", False), ("buffer", True), ("simplify", False), ("simplify", True), ("convex_hull", False)],
)
def test_what_shapely_makes_of_an_image_is_checked(name: str, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step from the unit square, with one function of shapely that loses nearly all, or adds a lot."""
    square = MatrixPolytope(np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])[:, :, None])
    weights, points = (
        np.random.default_rng(0).dirichlet([0.5, 0.5], size=300),
        np.random.default_rng(1).random((300, 2)),
    )
    made = np.einsum("nk,kij,nj->ni", weights, TURNS[:, :, :2], points) + weights @ TURNS[:, :, 2]
    truth, real = iterate_true(TURNS, square, steps=1).sets[1], getattr(shapely, name)

    def faulty(geometry: object, *arguments: object, **options: object) -> object:
        found = real(geometry, *arguments, **options)
        return shapely.transform(found, lambda x: 2.0 * x - 0.5 if large else 0.99 * x + 0.001)

    with monkeypatch.context() as patch:
        patch.setattr(shapely, name, faulty)
        found = iterate_true(TURNS, square, steps=1, time_limit=None).sets[1]
    assert found.project(made[:, :, None]).lower.max() <= found.e_missing
    assert gap(found, truth).lower <= found.e_extra + truth.e_extra


def test_an_island_speaks_for_no_hole() -> None:
    """The point that stands for the hole of a frame lies in the island, which is the image; the hole is not."""
    frame, island = shapely.box(0, 0, 10, 10).difference(shapely.box(1, 1, 9, 9)), shapely.box(4.9, 4.9, 5.1, 5.1)
    wide = shapely.MultiPolygon([frame, island])
    maps = np.stack([np.eye(2)] * 2), np.array([(-0.05, 0.0), (0.05, 0.0)])
    filled, doubtful = planar_image._filled(wide, island, *maps, small=1e-9)
    assert filled.covers(wide)
    assert doubtful >= 3.9 or not filled.covers(shapely.Point(2, 5))
