"""`explain`: ties by name, their branches, vertices and lines; text, HTML and LaTeX."""

import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import ArgumentError


def soft():
    return cj.from_sympy("Max(x - l, 0) - Max(-x - l, 0)", state="x", parameters="l")


def test_a_tie_by_its_subexpression():
    explanation = cj.explain(soft(), {"x": 1, "l": 1})
    (tie,) = explanation.ties
    assert str(tie.expression) == "Max(0, -l + x)"
    assert {str(b.expression): b.value for b in tie.branches} == {"0": 0, "-l + x": 0}
    blocks = {str(b.expression): explanation.jacobians.vertices[list(b.vertices)].tolist() for b in tie.branches}
    assert blocks == {"0": [[[0.0, 0.0]]], "-l + x": [[[1.0, -1.0]]]}
    assert (tie.components, tie.lines) == ((0,), ())
    assert set(tie.rules) == {"JAX", "PyTorch", "NumPy"}


def test_no_tie():
    explanation = cj.explain(soft(), [2, 1])
    assert explanation.ties == ()
    assert "no ties" in str(explanation)
    assert explanation.derivative("JAX").tolist() == [[1.0, -1.0]]


def test_near_ties_are_told():
    explanation = cj.explain(soft(), [1.0, 1.0 + 3e-8])
    assert explanation.ties == ()
    assert len(explanation.near_ties) == 1
    assert re.search(r"near ties.*\n.*3e-08 apart", str(explanation))


def test_programs_see_ties_of_equal_doubles_only():
    F = cj.from_sympy("Max(x, y)", state=["x", "y"])
    explanation = cj.explain(F, [1.0, 1.0 + 1e-12])
    assert len(explanation.ties) == 1
    assert explanation.derivative("JAX").tolist() == [[0.0, 1.0]]
    assert cj.explain(F, [1.0, 1.0]).derivative("JAX").tolist() == [[0.5, 0.5]]


def test_equal_guards_are_one_tie_of_two_components():
    F = cj.from_sympy(["Piecewise((x, x <= y), (y, True))", "Piecewise((y, x <= y), (x, True))"], state=["x", "y"])
    (tie,) = cj.explain(F, [3, 3]).ties
    assert tie.components == (0, 1)
    assert [len(b.vertices) for b in tie.branches] == [1, 1]


def test_a_jump_inside_a_continuous_function():
    F = cj.from_sympy("sign(x)*Max(Abs(x) - Max(l, 0), 0)", state="x", parameters="l")
    explanation = cj.explain(F, [0, 0])
    shown = {str(tie.expression) for tie in explanation.ties}
    assert "Abs(x)" in shown
    assert any(str(b.expression) in ("x > 0", "0 < x") for tie in explanation.ties for b in tie.branches)


def test_lines_of_the_file(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(
        'state = ["x", "y"]\nF = [\n  "Max(x, 0)",\n\n  "Max(x, 0) + Abs(y)",\n]\nat = { x = 0, y = 0 }\n',
        encoding="utf-8",
    )
    explanation = cj.explain(cj.read_function(path), [0, 0])
    lines = {str(tie.expression): tie.lines for tie in explanation.ties}
    assert lines == {"Max(0, x)": (3, 5), "Abs(y)": (5,)}
    assert "two.toml, lines 3, 5" in str(explanation)
    assert "two.toml, line 5" in str(explanation)


def test_text_names_everything():
    text = str(cj.explain(cj.from_sympy("Max(-x, 0) + x - Max(x, 0)", state="x"), [0]))
    for words in (
        "2 ties, 3 Jacobians",
        "superset of the Clarke Jacobian",
        "Max(0, -x)",
        "value 0",
        "JAX",
        "PyTorch",
        "NumPy",
        "relu",
    ):
        assert words in text


def test_notebook_faces():
    explanation = cj.explain(cj.from_sympy("Max(x, y**2)", state=["x", "y"]), [1, -1])
    latex, html = explanation._repr_latex_(), explanation._repr_html_()
    assert latex.startswith("$$\\begin{array}")
    assert "y^{2}" in latex
    assert latex.count("\\\\") == 2
    assert html.count("<tr>") == html.count("</tr>") == 3
    assert "<script" not in cj.explain(cj.from_sympy("Max(x, 0)", state="x"), [0])._repr_html_()


def test_infinite_derivatives_are_said_to_be():
    F = cj.from_sympy("sqrt(x)*Max(y, 0) + 0*x + Abs(y)", state=["x", "y"])
    with pytest.raises(cj.ConservativeError, match="not finite"):
        cj.explain(F, [0, 0])


def test_more_pieces_than_are_listed():
    names = [f"x{i}" for i in range(13)]
    F = cj.from_sympy(" + ".join(f"Max({v}, x0*{v}/2)" for v in names), state=names)
    explanation = cj.explain(F, [0] * 13)
    assert explanation.jacobians is None
    assert len(explanation.ties) == 13
    assert "more Jacobians than are listed" in str(explanation)


@drawn(6, 25, PIECEWISE_LINEAR, st.sampled_from(["maximum", "relu", "clip", "where"]))
def test_predictions_lie_in_the_selection_and_vertices_are_covered(tree, spelling):
    F = cj.from_sympy(tree.text, state=["x", "y"])
    explanation = cj.explain(F, [0, 0])
    J = explanation.jacobians
    for framework in ("JAX", "PyTorch", "NumPy"):
        found = explanation.derivative(framework, spelling=spelling)
        assert cj.MatrixPolytope(J.vertices).contains(found[None], tol=1e-9).item()
    for tie in explanation.ties:
        assert len(tie.branches) >= 2
        reached = {v for b in tie.branches for v in b.vertices}
        assert reached <= set(range(len(J.vertices)))
    if len(J.vertices) > 1:
        assert explanation.ties
        assert set(range(len(J.vertices))) == {v for t in explanation.ties for b in t.branches for v in b.vertices}
    assert str(explanation)
    assert explanation._repr_html_()


def test_unknown_libraries_and_functions():
    explanation = cj.explain(soft(), [1, 1])
    with pytest.raises(ArgumentError, match="knows JAX"):
        explanation.derivative("TensorFlow")
    with pytest.raises(ArgumentError, match="knows JAX"):
        explanation.derivative("JAX", spelling="hinge")
    with pytest.raises(TypeError, match="PiecewiseSelection"):
        cj.explain(np.abs, [0])
    with pytest.raises(ValueError, match="explain"):
        cj.explain(soft(), [0])


def test_names_of_symbols_are_no_markup() -> None:
    name = sp.Symbol("<script>")
    html = cj.explain(cj.from_sympy(sp.Max(name, 0), state=[name]), [0])._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 3
