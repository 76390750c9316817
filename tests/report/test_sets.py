"""Sets exported and drawn: files that read back, pictures of every dimension, refusals that leave no file."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative.iteration import fixed_set, iterate_sequence, iterate_set
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, MatrixZonotope, PlanarRegion, TemplateHull
from conservative.plots import plot_fixed_set, plot_sets, sets
from conservative.report import export_set

SQUARE = MatrixPolytope([[[0.0, 0.0]], [[1.0, 0.0]], [[1.0, 1.0]], [[0.0, 1.0]]], e_missing=0.5)


def test_geojson_reads_back(tmp_path: Path) -> None:
    target = tmp_path / "square.geojson"
    export_set(SQUARE, str(target), name="a square")
    feature = json.loads(target.read_text())
    assert shapely.geometry.shape(feature["geometry"]).equals(SQUARE.to_shapely())
    assert feature["properties"] == {
        "name": "a square", "shape": [1, 2], "exactness": "EXACT", "e_missing": 0.5, "e_extra": 0.0,
    }  # fmt: skip


def test_npz_reads_back_every_kind(tmp_path: Path) -> None:
    axes = np.concatenate([np.eye(3), -np.eye(3)])[:, :, None]
    cells = np.arange(12.0).reshape(2, 2, 3, 1)
    kinds = {
        "points": FiniteSet(axes), "cells": CellUnion(cells, margin=0.1), "directions": TemplateHull(axes, np.ones(6)),
    }  # fmt: skip
    for key, S in kinds.items():
        export_set(S, str(tmp_path / "set.npz"))
        with np.load(tmp_path / "set.npz") as held:
            assert held[key].shape in {(6, 3, 1), (2, 2, 3, 1)}
            assert str(held["exactness"]) == S.exactness.name
            assert float(held["e_extra"]) == S.e_extra


def test_a_region_with_a_hole_survives_every_format(tmp_path: Path) -> None:
    ring = PlanarRegion(shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 3, 3)), (1, 2), e_missing=0.25)
    export_set(ring, str(tmp_path / "ring.geojson"))
    feature = json.loads((tmp_path / "ring.geojson").read_text())
    assert shapely.geometry.shape(feature["geometry"]).equals(ring.geometry)
    export_set(ring, str(tmp_path / "ring.npz"))
    with np.load(tmp_path / "ring.npz") as held:
        again = CellUnion(held["cells"], float(held["margin"]), e_missing=float(held["e_missing"]))
        assert str(held["kind"]) == "PlanarRegion"
    assert again.to_shapely().equals(ring.geometry)
    assert again.shape == ring.shape
    export_set(ring, str(tmp_path / "ring.svg"))
    drawn = (tmp_path / "ring.svg").read_text()
    assert drawn.count(" Z") == 2
    assert 'fill-rule="evenodd"' in drawn


def test_zonotopes_are_written_without_their_vertices(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    many = MatrixZonotope(np.zeros((3, 2)), rng.normal(size=(30, 3, 2)))
    thin = MatrixZonotope.from_rank_one(np.zeros((3, 2)), U=rng.normal(size=(30, 3)), V=rng.normal(size=(30, 2)))
    direction = rng.normal(size=(3, 2))
    export_set(many, str(tmp_path / "many.npz"))
    with np.load(tmp_path / "many.npz") as held:
        again = MatrixZonotope(held["center"], held["generators"])
    assert float(again.support(direction)) == float(many.support(direction))
    export_set(thin, str(tmp_path / "thin.npz"))
    with np.load(tmp_path / "thin.npz") as held:
        again = MatrixZonotope(held["center"], held["U"][:, :, None] * held["V"][:, None])
    assert float(again.support(direction)) == pytest.approx(float(thin.support(direction)), rel=1e-14)


def test_polygons_around_balls_are_outer(tmp_path: Path) -> None:
    discs = CellUnion(np.zeros((1, 1, 2, 1)), margin=2.0)
    export_set(discs, str(tmp_path / "disc.geojson"))
    feature = json.loads((tmp_path / "disc.geojson").read_text())
    reach = max(np.hypot(x, y) for x, y in feature["geometry"]["coordinates"][0])
    assert feature["properties"]["exactness"] == "OUTER"
    assert 2.0 < reach <= 2.0 + feature["properties"]["e_extra"]


def test_svg_is_well_formed_and_escaped(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    for S in (SQUARE, FiniteSet(SQUARE.vertices), MatrixPolytope(SQUARE.vertices[:2]), MatrixPolytope([[[2.0, 3.0]]])):
        export_set(S, str(tmp_path / "set.svg"), name="a < b & c")
        root = ElementTree.parse(tmp_path / "set.svg").getroot()
        assert root[0].text == "a < b & c"
        assert len(root) >= 2


def test_refusals_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"\.geojson"):
        export_set(SQUARE, str(tmp_path / "square.txt"))
    with pytest.raises(ShapeError):
        export_set(MatrixPolytope(np.eye(3)[:, :, None]), str(tmp_path / "solid.geojson"))
    with pytest.raises(ArgumentTypeError):
        export_set(SQUARE.vertices, str(tmp_path / "array.npz"))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"\.png"):
        plot_sets(iterate_set([[[0.5, 1.0]]], [[[0.0]]], steps=2), str(tmp_path / "run.gif"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("p", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(3, marks=pytest.mark.slow)])
def test_figures_of_every_dimension(tmp_path: Path, p: int) -> None:
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(p)
    A = rng.normal(size=(2, p, p))
    A *= 0.5 / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    J = np.concatenate([A, rng.normal(size=(2, p, 1))], axis=2)
    plot_sets(iterate_set(J, np.zeros((1, p, 1)), steps=6), str(tmp_path / "run.png"), title="a run")
    plot_sets(iterate_sequence([J] * 5, np.ones((1, p, 1)), limit=J), str(tmp_path / "driven.svg"))
    plot_fixed_set(fixed_set(J, tol=1e-2, representation="hull", time_limit=None), str(tmp_path / "fixed.pdf"))
    plot_fixed_set(fixed_set(FiniteSet(J), tol=0.5, time_limit=None), str(tmp_path / "fixed.pdf"))
    plot_sets(iterate_set(J, np.zeros((1, p, 1)), steps=2, representation="cells"), str(tmp_path / "run.png"))
    assert {found.name for found in tmp_path.iterdir()} == {"run.png", "driven.svg", "fixed.pdf"}


def test_the_floor_that_thinning_causes_is_drawn_and_said() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from conservative.analysis.sentences import about_iteration
    from conservative.plots.sets import draw_curves

    rng = np.random.default_rng(0)
    A = rng.normal(size=(2, 4, 4))
    A *= 0.7 / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    J = np.concatenate([A, rng.normal(size=(2, 4, 1))], axis=2)
    for vertices, thinned in ((6, True), (10_000, False)):
        run = iterate_set(J, np.zeros((1, 4, 1)), steps=6, max_vertices=vertices)
        axes = Figure().subplots()
        draw_curves(axes, run)
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert ("floor of the bounds, by thinning" in labels) == thinned
        report = about_iteration(run).lines
        assert any("(thinning, rounding)" in line for line in report) == thinned
        assert [line.split()[-1] for line in report if line.lstrip().startswith("5 ")] == [f"{run.carried[5]:.2g}"]


@pytest.mark.parametrize("ending", ["png", pytest.param("svg", marks=pytest.mark.slow)])
def test_many_parts_are_drawn_as_they_are(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a union, and as pixels, so that a file of lines stays small; nothing is left out."""
    monkeypatch.setattr(sets, "_MANY", 3)
    found = fixed_set(
        [[[0.5, 0.0, 1.0], [0.0, 0.3, 0.0]], [[0.2, 0.3, 0.0], [-0.3, 0.4, 1.0]]], tol=0.1, time_limit=None
    )
    points = np.random.default_rng(0).normal(size=(3000, 2, 1))
    many = dataclasses.replace(found, inner=FiniteSet(points), outer=CellUnion(points[:, None], 0.01))
    monkeypatch.setattr(CellUnion, "to_shapely", None)
    path = tmp_path / f"many.{ending}"
    sets.plot_fixed_set(many, str(path))
    assert 1000 < path.stat().st_size < 400_000


def test_what_is_below_rounding_is_drawn_at_its_height_and_printed_as_such() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from conservative.analysis.sentences import about_iteration
    from conservative.plots.sets import draw_curves

    # X_t is {2/3} from t = 1 on: the later gaps are zero, up to the rounding of their upper ends.
    run = iterate_set([[[0.0, 2.0 / 3.0]]], np.zeros((1, 1, 1)), steps=4)
    tiny = dataclasses.replace(run, gaps=tuple(dataclasses.replace(g, lower=0.0, upper=1e-320) for g in run.gaps))
    axes = Figure().subplots()
    draw_curves(axes, tiny)
    heights = np.concatenate([line.get_ydata() for line in axes.lines])
    assert heights.min() >= 1e-17
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "rounding: what is less is drawn here" in labels
    text = "\n".join(about_iteration(tiny).lines)
    assert "e-32" not in text
    assert "<1e-300" in text


def test_no_legend_covers_a_curve(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from conservative.plots.sets import draw_curves, new_figure

    for rate in (0.5, 1.5):
        run = iterate_set([[[rate, 1.0]], [[-rate, 1.0]]], np.zeros((1, 1, 1)), steps=20)
        figure, (axes,) = new_figure(str(tmp_path / "a.png"), "draw_curves", panels=1)
        draw_curves(axes, run)
        figure.draw_without_rendering()
        assert not axes.get_legend().get_window_extent().overlaps(axes.get_window_extent())
        assert ("no bound is finite" in axes.get_title()) == (rate > 1)
