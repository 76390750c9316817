"""Unions that lose nothing and add nothing, whatever shapely's overlay does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from conservative.matrix_sets import CellUnion, MatrixPolytope, PlanarRegion, gap
from conservative.matrix_sets.sets.planar import planar_parts
from conservative.matrix_sets.sets.proved_cover import covered
from conservative.matrix_sets.sets.robust_overlay import united
from conservative.matrix_sets.sets.triangles import planar_hulls, triangulated
from conservative.report.export import export_set
from tests.planar_oracle import distances, samples, to_geometry

SQUARE, SHIFTED = shapely.box(0.0, 0.0, 2.0, 2.0), shapely.box(1.0, 1.0, 3.0, 3.0)


def mirrored(a: float, b: float, k: float) -> list[np.ndarray]:
    """Two triangles whose corners are on a line, up to rounding."""
    return [np.array([(0, 0), (a, b), (k * a, k * b)]), np.array([(1, 0), (1 - a, b), (1 - k * a, k * b)])]


def _only_snapped(operation: Any, **_: Any) -> Any:
    def strict(*arguments: Any, **options: Any) -> Any:
        if "grid_size" not in options:
            raise shapely.errors.GEOSException("TopologyException: side location conflict")
        return operation(*arguments, **options)

    return strict


def test_snapped_overlays_are_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapely, "union_all", _only_snapped(shapely.union_all))
    union = united([SQUARE, SHIFTED])
    assert union.geom_type == "Polygon"
    assert union.area == pytest.approx(7.0, rel=1e-11)


@pytest.mark.parametrize("wrong", [shapely.Polygon(), SQUARE, shapely.box(0, 0, 3, 3), shapely.box(0, 0, 3.1, 3.1)])
def test_what_loses_or_adds_is_not_used(monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    """A library that answers nonsense: parts are kept as they are."""
    monkeypatch.setattr(shapely, "union_all", lambda *_, **__: wrong)
    union = united([SQUARE, SHIFTED])
    assert union.geom_type == "GeometryCollection"
    assert [part.wkt for part in union.geoms] == [SQUARE.wkt, SHIFTED.wkt]


def test_a_hole_that_is_filled_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every boundary of the wrong union is right; only what it holds is not."""
    frame = [shapely.box(0, 0, 3, 1), shapely.box(0, 2, 3, 3), shapely.box(0, 0, 1, 3), shapely.box(2, 0, 3, 3)]
    assert united(frame).area == pytest.approx(8.0)
    monkeypatch.setattr(shapely, "union_all", lambda *_, **__: shapely.box(0, 0, 3, 3))
    assert united(frame).geom_type == "GeometryCollection"


@pytest.mark.parametrize("c", [(0.3 * 3, 0.1 * 3), (0.9, 0.3)])
def test_mirrored_slivers(c: tuple[float, float], tmp_path: Path) -> None:
    """shapely's union loses an arm of the cross, or all of it."""
    cells = [np.array([(0, 0), (0.3, 0.1), c]), np.array([(1, 0), (1 - 0.3, 0.1), (1 - c[0], c[1])])]
    union = CellUnion(np.stack(cells)[..., None])
    first = CellUnion(cells[0][None, ..., None])
    found = gap(first, union)
    assert (found.lower, found.upper) == (0.0, 0.0)
    assert gap(union, first).lower == pytest.approx(float(distances(cells[1], [cells[0]]).max()), abs=1e-10)
    assert union.contains(cells[0][..., None]).all()
    export_set(union, str(tmp_path / "union.geojson"))
    stored = json.loads((tmp_path / "union.geojson").read_text())["geometry"]
    for shape in (union.to_shapely(), shapely.geometry.shape(stored)):
        assert to_geometry(samples(np.random.default_rng(0), cells), shape).max() <= 1e-11


def test_many_slivers() -> None:
    """400 pairs of which shapely's unions lose a part of one in seven."""
    rng = np.random.default_rng(0)
    for _ in range(400):
        a, b = rng.random(2) * 0.4 + 0.1
        cells = mirrored(a, b, float(rng.integers(2, 5)))
        union = CellUnion(np.stack(cells)[..., None])
        found = gap(CellUnion(cells[0][None, ..., None]), union)
        assert (found.lower, found.upper) == (0.0, 0.0)
    shape = union.to_shapely()
    assert to_geometry(samples(rng, cells), shape).max() <= 1e-11


@pytest.mark.parametrize("exponent", [-1000, -400, 400, 1000])
def test_sizes_at_both_ends_of_the_doubles(exponent: int) -> None:
    cells = np.ldexp(np.stack(mirrored(0.3, 0.1, 3.0)), exponent)
    union = CellUnion(cells[..., None])
    assert np.ldexp(gap(CellUnion(cells[:1, ..., None]), union).upper, -exponent) <= 1e-300
    shape = shapely.transform(union.to_shapely(), lambda x: np.ldexp(x, -exponent))
    assert to_geometry(samples(np.random.default_rng(0), mirrored(0.3, 0.1, 3.0)), shape).max() <= 1e-11
    region = PlanarRegion(union.to_shapely())
    away = region.project(np.ldexp([[[0.5], [-1.0]]], exponent))
    truth = float(distances(np.array([[0.5, -1.0]]), mirrored(0.3, 0.1, 3.0))[0])
    assert np.ldexp(away.lower, -exponent) == pytest.approx(truth)


def test_more_parts_than_are_united_at_a_time() -> None:
    boxes = [shapely.box(x, y, x + 1.5, y + 1.5) for x in range(12) for y in range(12)]
    union = united(boxes)
    assert union.geom_type == "Polygon"
    assert union.area == pytest.approx(12.5**2)


def shapes() -> Iterator[Any]:
    yield shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    yield shapely.Polygon([(0, 0), (4, 0), (4, 4), (2, 1e-9), (0, 4)])
    yield shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)])
    # The hole touches the outside in the middle of an edge.
    yield shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(2, 0), (3, 1), (1, 1)]])


@pytest.mark.parametrize("shape", list(shapes()))
@pytest.mark.parametrize("broken", [False, True])
def test_triangles_are_all_of_a_polygon(monkeypatch: pytest.MonkeyPatch, shape: Any, broken: bool) -> None:
    """Also where shapely's triangles lack one, so that trapezoids are used."""
    if broken:
        made = shapely.constrained_delaunay_triangles
        monkeypatch.setattr(
            shapely,
            "constrained_delaunay_triangles",
            lambda parts: [shapely.GeometryCollection(list(c.geoms)[1:]) for c in made(parts)],
        )
    cut = triangulated(shape)
    assert shapely.area(shapely.polygons(cut.triangles)).sum() == pytest.approx(shape.area)
    assert cut.rounding > 0.0 or not broken
    rng = np.random.default_rng(1)
    points = rng.uniform(-0.5, 4.5, size=(200, 2))
    assert distances(points, list(cut.triangles)) == pytest.approx(to_geometry(points, shape), abs=1e-12)


@pytest.mark.parametrize("outside", [False, True])
def test_flat_triangles_are_no_part_of_a_polygon(monkeypatch: pytest.MonkeyPatch, outside: bool) -> None:
    """One that divides an edge of others, and two whose edges cancel, on a segment that leaves the square."""
    square = shapely.box(0, 0, 2, 2)
    corners = [[(0, 0), (2, 0), (1, 0)], [(0, 0), (1, 0), (0, 2)], [(1, 0), (2, 0), (2, 2)], [(1, 0), (2, 2), (0, 2)]]
    if outside:
        corners += [[(1, 1), (5, 1), (3, 1)], [(1, 1), (3, 1), (5, 1)]]
    made = shapely.GeometryCollection([shapely.Polygon(c) for c in corners])
    monkeypatch.setattr(shapely, "constrained_delaunay_triangles", lambda _: [made])
    cut = triangulated(square)
    assert cut.rounding == 0.0
    assert len(cut.triangles) == 3
    assert cut.size == 2.0


def test_hulls_that_lack_a_point_are_found_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.array([(0, 0), (2, 0), (2, 2), (0, 2), (1, 1), (5, 5), (5, 5)], dtype=float)
    index = np.array([0, 0, 0, 0, 0, 1, 1])
    monkeypatch.setattr(shapely, "convex_hull", lambda groups: np.array([shapely.box(0, 0, 2, 1), shapely.Point(0, 0)]))
    square, point = planar_hulls(points, index)
    assert square.equals(shapely.box(0, 0, 2, 2))
    assert point.equals(shapely.Point(5, 5))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_covers_are_proved_only_where_they_are(scale: float) -> None:
    """A square less a small triangle is no cover; with it, it is."""
    square, small = shapely.box(0, 0, 1, 1), shapely.Polygon([(0.5, 0.5), (0.501, 0.5), (0.5, 0.501)])
    whole, rest, part = (
        triangulated(shapely.transform(s, lambda x: scale * x)) for s in (square, square.difference(small), small)
    )
    assert not covered(whole, rest, margin=1e-9 * scale)
    assert covered(whole, rest, part, margin=1e-9 * scale)
    assert covered(rest, whole, margin=1e-9 * scale)
    assert covered(whole, rest, margin=1e-3 * scale)


def test_cells_that_are_flat_up_to_rounding_have_valid_hulls() -> None:
    """Four points of one line in decimals: shapely's own hull goes back over itself, and a gap to it was refused."""
    flat = np.array(
        [[0.5, 0.2], [1.2199999999999998, -0.15999999999999992], [0.8599999999999999, 0.020000000000000046]]
    )
    flat = np.concatenate([flat, [[0.14000000000000007, 0.38]]])[:, :, None]
    assert shapely.is_valid(planar_parts(flat[None])).all()
    both = CellUnion(np.stack([flat, flat + 1]))
    assert gap(MatrixPolytope(flat), both).upper == 0.0
    found = gap(MatrixPolytope(np.stack([flat[0], flat[0] + 1])), both)
    assert found.upper == pytest.approx(1.5 / 5**0.5, rel=1e-6)  # half way between the lines x + 2y = 0.9 and 3.9
