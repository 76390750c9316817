"""Sets of the plane and unions of cells: membership, distances, gaps that are attained inside."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.matrix_sets import clouds
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, ShapeError
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, PlanarRegion, gap, hausdorff_distance


def hull_of(points: np.ndarray) -> MatrixPolytope:
    return MatrixPolytope(points.reshape(-1, 2, 1))


def test_a_notch_is_half_its_width_away() -> None:
    square = shapely.box(0, 0, 10, 10)
    notched = PlanarRegion(square.difference(shapely.box(4.99, 5, 5.01, 10)))
    for whole in (PlanarRegion(square), hull_of(shapely.get_coordinates(square))):
        found = hausdorff_distance(whole, notched, tol=1e-6)
        assert 0.01 in found.widen(1e-12)
        assert found.upper <= 0.01 + 1e-6
    assert gap(notched, PlanarRegion(square)).upper == 0.0


def test_a_hull_against_the_bow_tie_inside_it() -> None:
    lobes = [shapely.Polygon([(0, 0), (x, 1), (x, -1)]) for x in (1, -1)]
    tie = PlanarRegion(shapely.MultiPolygon(lobes))
    found = gap(hull_of(tie.extreme), tie)
    assert 0.5**0.5 in found
    assert found.width <= 1e-9


@drawn(12, 75, st.integers(0, 10_000))
def test_the_two_ways_to_measure_in_the_plane_agree(seed: int) -> None:
    """Triangles of a shapely region against boxes around the same union of cells."""
    rng = np.random.default_rng(seed)
    cells = rng.normal(size=(4, 3, 2, 1)) + 3.0 * rng.normal(size=(4, 1, 2, 1))
    union, square = CellUnion(cells), hull_of(rng.normal(size=(4, 2)) * 4.0)
    region = PlanarRegion(union.to_shapely())
    direct, divided = gap(square, region, tol=1e-6), gap(square, union, tol=1e-3)
    assert max(direct.lower, divided.lower) <= min(direct.upper, divided.upper) + 1e-12
    assert direct.width <= 2e-6
    inside = np.einsum("sk,kpq->spq", rng.dirichlet(np.ones(4), size=200), square.vertices)
    assert region.project(inside).lower.max() <= direct.upper
    np.testing.assert_allclose(region.project(inside).upper, union.project(inside).upper, atol=1e-9)


@drawn(15, 150, st.data(), st.sampled_from([(1, 1), (2, 1), (2, 2)]))
def test_a_union_is_as_near_as_its_nearest_cell(data: st.DataObject, shape: tuple[int, int]) -> None:
    parts = [data.draw(clouds(shape=shape, most=3)) for _ in range(4)]
    cells = np.stack([part[np.arange(3) % len(part)] for part in parts])
    union = CellUnion(cells)
    points = np.random.default_rng(0).normal(size=(20, *shape)) * 5.0
    each = np.stack([MatrixPolytope(cell).project(points).upper for cell in cells]).min(axis=0)
    found = union.project(points)
    noise = 1e-7 * (union.radius + 10.0)
    assert np.all((found.lower <= each + noise) & (found.upper >= each - noise))
    assert np.all(union.project(found.nearest).upper <= noise)
    fat = CellUnion(cells, 0.5).project(points)
    np.testing.assert_allclose(fat.upper, np.maximum(found.upper - 0.5, 0.0), atol=noise)
    assert np.all(fat.lower <= fat.upper)


def test_a_fattened_union_against_a_hull() -> None:
    balls = CellUnion([[[[0.0], [0.0]]], [[[3.0], [0.0]]]], 1.0)
    assert 4.0 in gap(balls, FiniteSet([[[0.0], [0.0]]]))
    assert gap(hull_of(np.array([[0.0, 0.0], [3.0, 0.0]])), balls, tol=1e-6).upper == pytest.approx(0.5, abs=1e-5)
    assert float(balls.support([[1.0], [0.0]])) == pytest.approx(4.0)
    assert balls.to_shapely().area == pytest.approx(2 * np.pi, rel=0.02)
    assert balls.to_shapely().area >= 2 * np.pi


@pytest.mark.parametrize(
    ("geometry", "far"),
    [
        (shapely.Point(1, 0), 1.0),
        (shapely.LineString([(0, 0), (1, 0), (1, 1)]), 2**0.5),
        (shapely.GeometryCollection([shapely.Point(0, -2), shapely.box(0, 0, 1, 1)]), 2.0),
        (shapely.LineString([(0, 0), (1, 1e-13)]), 1.0),
    ],
)
def test_degenerate_regions_are_ordinary(geometry: shapely.Geometry, far: float) -> None:
    region, origin = PlanarRegion(geometry, (1, 2)), FiniteSet([[[0.0, 0.0]]])
    assert far in gap(region, origin)
    assert far in gap(region, PlanarRegion(shapely.Point(0, 0), (1, 2)), tol=1e-9)
    assert gap(region, region).upper == 0.0
    assert region.contains(region.extreme).all()


def test_depth_is_the_distance_to_the_boundary() -> None:
    ring = PlanarRegion(shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 3, 3)))
    points = np.array([[0.5, 2.0], [2.0, 2.0], [0.25, 0.25], [9.0, 9.0]])[:, :, None]
    np.testing.assert_allclose(ring.depth(points), [0.5, 0.0, 0.25, 0.0], atol=1e-12)


def test_bad_regions_and_cells_are_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="geometry"):
        PlanarRegion([[0.0, 1.0]])
    with pytest.raises(EmptySetError, match="empty"):
        PlanarRegion(shapely.Polygon())
    with pytest.raises(ArgumentError, match="make_valid"):
        PlanarRegion(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))
    with pytest.raises(ShapeError, match="matrix_shape"):
        PlanarRegion(shapely.Point(0, 0), (3, 1))
    with pytest.raises(EmptySetError, match="CellUnion"):
        CellUnion(np.zeros((0, 2, 1, 1)))
    with pytest.raises(ShapeError, match="cell"):
        CellUnion(np.zeros((2, 1, 1)))
    with pytest.raises(ArgumentError, match="margin"):
        CellUnion(np.zeros((1, 1, 1, 1)), -1.0)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.25]))
def test_gaps_of_unions_of_intervals(seed: int, margin: float) -> None:
    """Ends, middles and distances of integers are quarters, exact on a grid."""
    rng = np.random.default_rng(seed)
    ours, theirs = (rng.integers(-20, 20, size=(rng.integers(1, 6), 2)).astype(float) for _ in range(2))
    grid = np.arange(-80, 81)[:, None] / 4.0

    def away(cells: np.ndarray) -> np.ndarray:
        return np.maximum(np.maximum(cells.min(axis=1) - grid, grid - cells.max(axis=1)), 0.0).min(axis=1)

    truth = np.maximum(away(theirs)[away(ours) == 0.0] - margin, 0.0).max()
    X, Y = CellUnion(ours[:, :, None, None]), CellUnion(theirs[:, :, None, None], margin)
    found = gap(X, Y)
    assert truth in found
    assert found.width <= 1e-12
    assert gap(MatrixPolytope(X.cells[0]), Y).lower <= truth
