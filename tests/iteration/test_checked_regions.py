"""Regions whose unions a library may get wrong: what they reach beyond, and what inner ones hold."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import strategies as st

from conservative.iteration import iterate_true
from conservative.iteration.image.overhang import overhang
from conservative.iteration.image.planar_image import inner_growth, swept
from conservative.matrix_sets import PlanarRegion
from conservative.matrix_sets.sets.robust_overlay import united
from conservative.matrix_sets.sets.triangles import planar_hulls, simple_parts
from tests import planar_oracle
from tests.planar_checks import size_of
from tests.planar_oracle import beyond_mixtures, distances, sliver_cells, to_geometry
from tests.strategies.stages import drawn


def hulls(cells: Any) -> Any:
    return planar_hulls(np.concatenate(cells), np.repeat(np.arange(len(cells)), [len(c) for c in cells]))


def seen(rng: np.random.Generator, region: Any, cells: Any) -> float:
    """The largest distance to the cells of random points of a region, its vertices among them."""
    left, low, right, high = region.bounds
    points = np.concatenate([rng.uniform((left, low), (right, high), (800, 2)), shapely.get_coordinates(region)])
    return float(distances(points[shapely.intersects_xy(region, *points.T)], cells).max())


@drawn(40, 400, st.integers(0, 2**32 - 1), st.sampled_from(["honest", "hull", "filled", "moved"]))
def test_overhang_bounds_what_is_seen(seed: int, kind: str) -> None:
    """Regions around slivers: as they should be, their hulls, without holes, and moved."""
    rng = np.random.default_rng(seed)
    cells = sliver_cells(rng)
    margin = 0.01 * size_of(cells)
    region = shapely.buffer(shapely.union_all(shapely.MultiPoint(np.concatenate(cells))).convex_hull, margin)
    if kind != "hull":
        region = shapely.union_all(shapely.buffer(hulls(cells), 0.9 * margin, quad_segs=2))
    if kind == "filled":
        region = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(region)])
    if kind == "moved":
        region = shapely.transform(region, lambda x: x + 10.0 * margin)
    found = overhang(region, hulls(cells), margin=margin)
    assert seen(rng, region, cells) <= found
    if kind == "honest":
        assert found <= 1.6 * margin


def test_a_hole_that_is_filled_is_as_deep_as_it_is() -> None:
    """No point of the boundary tells the ring from the disc."""
    cells = hulls(planar_oracle.ring())
    hollow = shapely.union_all(shapely.buffer(cells, 0.009))
    assert overhang(hollow, cells, margin=0.01) <= 0.016
    assert overhang(shapely.Polygon(hollow.exterior), cells, margin=0.01) >= 0.8


ROTATIONS = np.array([[[0.0, -0.6, 1.0], [0.6, 0.0, 0.0]], [[0.0, -0.55, 1.0], [0.55, 0.0, 0.0]]])


def filled(parts: Any) -> Any:
    """A union with all holes lost."""
    return shapely.convex_hull(shapely.GeometryCollection(list(np.ravel(parts))))


def test_curved_pieces_of_the_boundary_fill_nothing() -> None:
    """Maps that differ by little, or in B only, so that pieces of the boundary may be long; hulls of arcs may not."""
    start = PlanarRegion(shapely.union_all(hulls(planar_oracle.ring())))
    shifted = ROTATIONS[[0, 0]] + np.array([0.0, 1e-3])[:, None, None] * [0.0, 0.0, 1.0]
    for maps in (ROTATIONS, shifted):
        found = iterate_true(maps, start, steps=1, step_tol=0.02).sets[1]
        turns = np.linspace(0.0, 1.0, 3)[:, None, None] * (maps[1] - maps[0]) + maps[0]
        truth = [cell @ A[:, :2].T + A[:, 2] for A in turns for cell in planar_oracle.ring()]
        assert seen(np.random.default_rng(0), found.to_shapely(), truth) <= found.e_extra
    found = iterate_true(ROTATIONS, start, steps=1, step_tol=0.02).sets[1]
    assert found.project([[1.0], [0.0]]).lower >= 0.46


def test_images_of_unions_that_are_filled_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image of a ring under maps near a rotation has a hole, which shapely loses."""
    start = PlanarRegion(shapely.union_all(hulls(planar_oracle.ring())))
    honest = iterate_true(ROTATIONS, start, steps=1, step_tol=0.02).sets[1]
    assert honest.e_extra <= 0.06
    middle = np.array([[1.0], [0.0]])
    assert honest.project(middle).lower > 0.4
    real = shapely.union_all
    monkeypatch.setattr(shapely, "union_all", lambda parts, **_: filled(parts))
    found = iterate_true(ROTATIONS, start, steps=1, step_tol=0.02).sets[1]
    monkeypatch.setattr(shapely, "union_all", real)
    assert found.project(middle).upper > 0.4 or found.e_extra > 0.4


TIE = np.array([[[0.0, 0.0], [-0.7, 0.0]], [[0.0, 0.0], [0.7, 0.0]]]), np.array([[-0.7, 0.0], [0.7, 0.0]])


def grown(times: int) -> Any:
    region = shapely.MultiPoint([(-0.7, 0.3), (0.7, 0.3)])
    for _ in range(times):
        region = inner_growth(region, *TIE, step=0.1)
    return region


@pytest.mark.parametrize("wrong", [filled, lambda parts: shapely.get_parts(parts)[0]])
def test_inner_regions_hold_nothing_that_only_a_union_holds(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Growth to the bow tie |y| ≤ |x|, with a union that is its hull, or one part of it."""
    honest = shapely.buffer(grown(3), 1e-9)
    assert shapely.area(honest) > 0.5
    monkeypatch.setattr(shapely, "union_all", lambda parts, **_: wrong(parts))
    assert shapely.covers(honest, simple_parts(grown(3))).all()


@drawn(60, 500, st.integers(0, 2**32 - 1))
def test_quadrilaterals_are_what_their_sides_wind_around(seed: int) -> None:
    """Convex, not convex, crossing, with three corners on a line, with corners that coincide, flat."""
    rng = np.random.default_rng(seed)
    rings = rng.integers(0, 5, size=(6, 4, 2)) / 4.0 if seed % 2 else rng.random((6, 4, 2))
    rings[0, 2] = rings[0, 1]
    rings[1, 3] = 0.5 * rings[1, 0] + 0.5 * rings[1, 1]
    for ring in rings:
        points = rng.uniform(-0.1, 1.1, size=(300, 2))
        around = np.diff(np.unwrap(np.arctan2(*(np.r_[ring, ring[:1]] - points[:, None]).T[::-1].transpose(0, 2, 1))))
        inside = np.abs(around.sum(axis=1)) > 1.0
        geometry = shapely.GeometryCollection(list(swept(ring[None])))
        away = to_geometry(points, geometry)
        edges = [np.stack([ring[i], ring[(i + 1) % 4]]) for i in range(4)]
        clear = distances(points, edges) > 1e-9
        assert (away[clear & inside] == 0.0).all()
        assert (away[clear & ~inside] > 0.0).all()


def test_the_oracle_knows_how_far_points_are_from_mixtures() -> None:
    """Mixtures of x and −x of the segment at (1, ±1) are the bow tie |y| ≤ |x| ≤ 1, and not the square."""
    A, b = np.stack([np.eye(2), -np.eye(2)]), np.zeros((2, 2))
    points = np.array([(0.0, 0.5), (1.5, 0.0), (-0.5, 0.4)])
    for reach, far in ((0.0, 2), (0.34, 2), (0.354, 1), (0.48, 1), (0.501, 0)):
        found = beyond_mixtures(points, A, b, [np.array([(1.0, -1.0), (1.0, 1.0)])], reach=reach)
        assert found.tolist() == points[2 - far : 2].tolist()


def test_a_union_that_may_lack_parts_adds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)
    assert united([one, two], complete=False).area == pytest.approx(7.0)
    monkeypatch.setattr(shapely, "union_all", lambda *_, **__: one)
    assert united([one, two], complete=False).equals(one)
    monkeypatch.setattr(shapely, "union_all", lambda *_, **__: shapely.box(0, 0, 3, 3))
    assert united([one, two], complete=False).area == pytest.approx(8.0)
