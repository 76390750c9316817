"""Gaps of planar sets with margins from and to sets that are not convex."""

import numpy as np
import pytest
import shapely
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, MatrixSet, PlanarRegion, gap
from conservative.matrix_sets.distance.rounded_cells import arc_middles, rounded, with_apex

CORNERS = FiniteSet([[[1.0], [1.0]], [[-1.0], [1.0]], [[1.0], [-1.0]], [[-1.0], [-1.0]]])
RING = PlanarRegion(shapely.box(-3, -3, 3, 3).difference(shapely.box(-2, -2, 2, 2)))
U = shapely.box(-3, -3, 3, 3).difference(shapely.box(-2, -2, 2, 4))


@pytest.mark.parametrize("radius", [1e-3, 0.5, 2.0, 5.0])
def test_a_disc_is_farthest_from_corners_in_its_middle_or_on_an_axis(radius: float) -> None:
    disc = CellUnion(np.zeros((1, 1, 2, 1)), margin=radius)
    found = gap(disc, CORNERS)
    # Of √((r cos a − 1)² + (r sin a − 1)²), a in [0, π/2], the ends are largest; inside, r = 0 is.
    assert max(2.0**0.5, ((radius - 1.0) ** 2 + 1.0) ** 0.5) in found
    assert found.width <= 1e-8 * max(radius, 2.0)


@pytest.mark.parametrize(("radius", "truth"), [(1.0, 2.0), (2.5, 2.0), (4.0, 2.0), (8.0, 5.0)])
def test_a_disc_in_a_ring_is_farthest_in_the_hole_or_outside(radius: float, truth: float) -> None:
    found = gap(CellUnion(np.zeros((1, 1, 2, 1)), margin=radius), RING)
    assert truth in found
    assert found.width <= 1e-7


def test_a_stadium_above_a_u() -> None:
    stadium = CellUnion([[[[-1.0], [4.0]], [[1.0], [4.0]]]], margin=0.5)
    # Its highest points are 1.5 above the arms; those between them, x = 0, are √(2² + 1.5²) from their corners.
    found = gap(stadium, PlanarRegion(U))
    assert 2.5 in found
    assert found.width <= 1e-7


def test_a_fattened_set_inside_a_region_has_gap_zero_up_to_rounding() -> None:
    found = gap(CellUnion([[[[2.4], [2.4]], [[2.6], [-2.4]]]], margin=0.3), RING)
    assert found.lower == 0.0
    assert found.upper <= 1e-9


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_margin_of_the_second_set_brings_it_nearer(d: int) -> None:
    rng = np.random.default_rng(d)
    X, cells = MatrixPolytope(3.0 * rng.normal(size=(5, d, 1))), rng.normal(size=(4, 3, d, 1))
    plain, fat = gap(X, CellUnion(cells), tol=1e-2), gap(X, CellUnion(cells, margin=0.25), tol=1e-2)
    assert fat.widen(1e-12).lower <= max(0.0, plain.upper - 0.25)
    assert max(0.0, plain.lower - 0.25) <= fat.widen(1e-12).upper
    assert fat.width <= 1.1e-2
    assert gap(X, CellUnion(cells, margin=100.0), tol=1e-2).upper == 0.0


@drawn(8, 100, st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1e-9, 0.02, 0.3, 2.0]))
def test_brackets_hold_what_sampling_and_circumscribed_polygons_find(seed: int, n: int, k: int, margin: float) -> None:
    rng = np.random.default_rng(seed)
    X = CellUnion(rng.normal(size=(n, 1, 2, 1)) + 0.5 * rng.normal(size=(n, k, 2, 1)), margin)
    cells = rng.normal(size=(3, 1, 2, 1)) + 0.5 * rng.normal(size=(3, 3, 2, 1))
    Y: MatrixSet = CellUnion(cells, 0.2 * (seed % 2)) if seed % 3 else FiniteSet(cells[:, 0])
    found = gap(X, Y, tol=1e-4)
    weights, owner = rng.dirichlet(np.full(k, 0.3), size=1000), rng.integers(0, n, 1000)
    aside = rng.normal(size=(1000, 2, 1))
    aside /= np.linalg.norm(aside, axis=1)[:, None]
    points = np.einsum("nk,nkij->nij", weights, X.cells[owner]) + margin * aside
    assert Y.project(points).lower.max() <= found.upper + 1e-9
    assert found.width <= 1.1e-4
    around = shapely.MultiPoint(points[0].T).buffer(0.0)
    for cell in X.cells:
        hull = shapely.MultiPoint(cell[:, :, 0]).convex_hull
        around = around.union(hull.buffer(margin / np.cos(np.pi / 256), quad_segs=64))
    assert gap(PlanarRegion(around), Y, tol=1e-4).upper >= found.lower - 1e-9


@pytest.mark.parametrize("k", [1, 2, 5])
def test_polygon_and_caps_cover_the_set_and_their_corners_are_in_it(k: int) -> None:
    rng = np.random.default_rng(k)
    cells = rng.normal(size=(6, k, 2))
    fat = CellUnion(cells[..., None], margin=0.4)
    polygons, caps, centres = rounded(cells, 0.4)
    aside = rng.normal(size=(2000, 2))
    aside *= 0.4 / np.linalg.norm(aside, axis=1)[:, None]
    points = cells[rng.integers(0, 6, 2000), rng.integers(0, k, 2000)] + aside
    covered = shapely.union_all([*polygons, *shapely.polygons(caps)])
    assert shapely.distance(covered, shapely.points(points)).max() <= 1e-9
    inside = np.concatenate([shapely.get_coordinates(polygons), caps[:, 0], caps[:, 1], arc_middles(caps, centres)])
    assert fat.project(inside[..., None]).lower.max() <= 1e-9
    halves = with_apex(caps[:, 0], arc_middles(caps, centres), centres)
    areas = shapely.area(shapely.polygons(halves)), shapely.area(shapely.polygons(caps))
    np.testing.assert_allclose(areas[0], areas[1] / 8.0, rtol=0.05)
