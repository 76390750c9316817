"""Maps of counterexamples as pictures and as tables."""

import csv
from fractions import Fraction

import numpy as np
import pytest
import sympy

import conservative as cj


@pytest.fixture(scope="module")
def plane():
    case = cj.gallery.parametrised("heavy-ball")
    ranges = case.ranges | {"alpha": (0, "3/2"), "kappa": 4}
    return cj.spectral.counterexample_map(case.matrices, ranges=ranges, resolution=(12, 10), max_length=8)


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures(plane, tmp_path, ending, start):
    cj.plots.plot_counterexample_map(plane, str(tmp_path / f"map.{ending}"))
    assert (tmp_path / f"map.{ending}").read_bytes().startswith(start)


def test_the_legend_names_verdicts_and_words(plane, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none"}):
        cj.plots.plot_counterexample_map(plane, str(tmp_path / "map.svg"))
    text = (tmp_path / "map.svg").read_text(encoding="utf-8")
    for label in (
        "12 expands",
        "contraction in a quadratic norm",
        "a matrix alone has radius ≥ 1",
        "α",
        "at κ = 4",
    ):
        assert label in text


def test_a_table_has_one_line_for_each_cell(plane, tmp_path):
    cj.report.export_counterexample_map(plane, str(tmp_path / "map.csv"))
    with (tmp_path / "map.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120
    for position, row in enumerate(rows):
        place = divmod(position, 12)
        assert {name: Fraction(row[name]) for name in ("alpha", "beta", "kappa")} == plane.point(*place)
        assert row["verdict"] == plane.verdict(*place).name.lower()
        word = plane.word(*place)
        assert row["word"] == ("" if word is None else "".join(str(i + 1) for i in word))


def test_arrays(plane, tmp_path):
    cj.report.export_counterexample_map(plane, str(tmp_path / "map.npz"))
    with np.load(tmp_path / "map.npz") as data:
        assert data["verdicts"][data["codes"][0, 0]] == plane.verdict(0, 0).name.lower()
        np.testing.assert_array_equal(data["x"], plane.x)
        assert data["words"].tolist() == ["".join(str(i + 1) for i in word) for word in plane.words]


@pytest.mark.parametrize("call", [cj.plots.plot_counterexample_map, cj.report.export_counterexample_map])
def test_refusals(plane, tmp_path, call):
    with pytest.raises(cj.ConservativeError, match="writes"):
        call(plane, str(tmp_path / "map.gif"))
    with pytest.raises(cj.ConservativeError, match="counterexample_map"):
        call([], str(tmp_path / "map.png"))


def test_the_box_of_the_stable_cells_has_a_rim_of_one_cell() -> None:
    a, b = sympy.symbols("a b")
    plane = cj.spectral.counterexample_map(
        [[[2 * a]], [[b]]], ranges={a: (0, 2), b: (0, 4)}, resolution=8, max_length=1
    )
    # Stable are 2a < 1 and b < 1: two cells of 1/4, and two of 1/2, by their centres.
    assert plane.stable_ranges() == ((0, Fraction(3, 4)), (0, Fraction(3, 2)))
    none = cj.spectral.counterexample_map([[[2 + a]], [[b]]], ranges={a: (0, 2), b: (0, 4)}, resolution=4, max_length=1)
    assert none.stable_ranges() == none.ranges
