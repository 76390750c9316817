"""Which guards might jump, decided from how a function is built."""

from itertools import pairwise

import pytest
import sympy as sp

import conservative as cj
from conservative._core.errors import DiscontinuityError
from conservative.functions import vocabulary
from conservative.functions.continuity.seams import open_seams
from conservative.functions.expressions.text_reader import TextReader
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.to_sympy import written

x, y, z = sp.symbols("x y z", real=True)


def gaps(text):
    builder = Builder(3)
    graph = builder.finish([TextReader(builder, {"x": 0, "y": 1, "z": 2}).read(text)])
    return {str(sp.Add(a, -b)) for a, b in written(graph, (x, y, z), open_seams(graph))}


@pytest.mark.parametrize(
    "text",
    [
        "Piecewise((x, x <= y), (y, True))",
        "Piecewise((x, x >= 0), (x/4, True))",
        "Piecewise((2*x + 3*z, x > y), (x + y + 3*z, True))",
        "Piecewise((x*(x - 3), x > 3), (0, True))",
        "Piecewise((z + (x - y)**2*exp(z), x > y), (z, x < y), (z + 7*(y - x), True))",
        "Piecewise((x, (x >= 0) & (y > 0)), (x, x >= 0), (x/2, True))",
        "sign(x - y)*(x - y)*z",
        "Max(x, Min(y, Abs(z)))",
    ],
)
def test_branches_that_meet_by_construction_leave_no_seam(text):
    assert gaps(text) == set()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Piecewise((x, x <= y), (z, True))", {"x - y"}),
        ("Piecewise((x, x >= 0), (x/4 + 1, True))", {"x"}),
        ("Piecewise((x - z, x > z), (x + z, x < -z), (0, True))", {"-x + z"}),
        ("Piecewise((x, x > 0), (x, x < 0))", {"x"}),
        ("sign(x)*Max(Abs(x) - y, 0)", {"x"}),
        ("sign(x)", {"x"}),
        ("sign(x)*x + Piecewise((1, sign(x) > 0), (0, True))", {"x", "sign(x)"}),
        ("x*Piecewise((1/y, y > 0), (0, True)) + y", {"y"}),
        ("Piecewise((x*Piecewise((1/y, y > 0), (0, True)), x > 0), (0, True))", {"y", "x"}),
        ("Piecewise((sqrt(x - y), x > y), (0, True))", {"-x + y"}),
        ("Piecewise((x, (x >= 0) & (y > 0)), (x/2, True))", {"y"}),
    ],
)
def test_what_is_not_seen_stays_open(text, wanted):
    assert gaps(text) == wanted


def test_sorting_networks_have_no_seam():
    symbols = sp.symbols("x0:9")
    assert open_seams(cj.from_sympy(vocabulary.sort(symbols), state=symbols).graph) == []
    steps = [vocabulary.median(symbols), vocabulary.sum_largest(symbols, k=3), *vocabulary.project_simplex(symbols[:4])]
    assert open_seams(cj.from_sympy(steps, state=symbols).graph) == []


def test_a_jump_behind_seams_that_are_closed_is_still_found():
    steps = [f"Piecewise((x + {i}, x >= {i}), ({2 * i}, True))" for i in range(40)]
    with pytest.raises(DiscontinuityError, match="x = 50"):
        cj.from_sympy(" + ".join([*steps, "Piecewise((1, x > 50), (0, True))"]), state="x")


def test_compositions_grow_with_the_graph_only():
    F = cj.from_sympy(["Max(x + y - z, 0)", "Max(y - z/2, 0) + x/3", "Max(z + x/5 - y, 0)"], state=["x", "y", "z"])
    G, sizes = F, []
    for _ in range(40):
        G = cj.functions.compose(F, G)
        sizes.append(len(G.graph.nodes))
    assert {b - a for a, b in pairwise(sizes[5:])} == {sizes[6] - sizes[5]}
    assert len(repr(G)) < 10_000
    point = [0.3, 0.7, 0.2]
    looped = point
    for _ in range(41):
        looped = F.evaluate(looped).tolist()
    assert G.evaluate(point).tolist() == pytest.approx(looped, rel=1e-12)
    assert all(len(str(tie.expression)) < 2_000 for tie in cj.explain(G, point).ties)


def test_long_expressions_are_shown_with_dots():
    F = cj.from_sympy("Max(x, y)", state=["x", "y"])
    assert F.texts() == ("Max(x, y)",)
    G = cj.from_sympy([" + ".join(f"Abs(x - {i})" for i in range(500)), "y"], state=["x", "y"])
    assert "..." in G.texts()[0]
    assert G.texts()[1] == "y"
