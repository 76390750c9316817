"""conical ⊆ Clarke ⊆ program ⊆ selection: what each reading holds where a `Piecewise` is decided, and where it is not.

The right values are derived by hand: "program" takes the branches whose region has the point in its closure, guards
read in order; "selection" takes every branch that has the value of F.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from strategies.functions import WITH_DECIDED_GUARDS
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import ArgumentError, FunctionError
from conservative._core.exactness import Exactness
from conservative.cli import main
from conservative.jacobians import formula_ties
from conservative.matrix_sets import MatrixPolytope

HARD_SWISH = "Piecewise((0, x <= -3), (x, x >= 3), (x*(x + 3)/6, True))"
DISC = "Piecewise((x, x**2 + y**2 <= 1), (x/sqrt(x**2 + y**2), True))"

ONE, BOTH = {(1, 0)}, {(1, 0), (2, 0)}
EDGE = {(1, 0), ("16/25", "-12/25")}
THIRD = "Piecewise((2*x, x >= 0), (3*x, x < 0), (x, True))"
AGAIN = "Piecewise((2*x, x > 0), (3*x, x > 0), (5*x, True))"
NESTED = "Piecewise((Piecewise((x, x < 2), (x**2/2, True)), x < 1), (7*x**2 - 6*x, True))"
BESIDE = "Max(x, 0) + Piecewise((x, y < 1), (x*y, True))"


def twice_where(guard):
    return f"Piecewise((2*x, {guard}), (x, True))"


# name, F, state, point, program, selection (None: it has no finite derivative)
TABLE = [
    ("decided guard", "Piecewise((x, x < 1), (x**2, True))", "x", [0], {(1,)}, {(0,), (1,)}),
    ("tied guard", "Piecewise((x, x < 1), (x**2, True))", "x", [1], {(1,), (2,)}, {(1,), (2,)}),
    ("root decided against", "Piecewise((x, x < 1), (sqrt(x), True))", "x", [0], {(1,)}, None),
    ("no value decided against", "Piecewise((x, x < 1), (1 + log(x), True))", "x", [0], {(1,)}, {(1,)}),
    ("pole decided against", "Piecewise((x, x < 1), (1/x, True))", "x", [0], {(1,)}, {(1,)}),
    ("hard-swish inside", HARD_SWISH, "x", [0], {("1/2",)}, {("1/2",), (0,), (1,)}),
    ("hard-swish at its kink", HARD_SWISH, "x", [3], {(1,), ("3/2",)}, {(1,), ("3/2",)}),
    ("hard-swish at its lower kink", HARD_SWISH, "x", [-3], {(0,), ("-1/2",)}, {(0,), ("-1/2",)}),
    ("disc inside", DISC, "xy", [0, "1/2"], ONE, BOTH),
    ("disc on its boundary", DISC, "xy", ["3/5", "4/5"], EDGE, EDGE),
    ("earlier guards take all", THIRD, "x", [0], {(2,), (3,)}, {(1,), (2,), (3,)}),
    ("the same guard again", AGAIN, "x", [0], {(2,), (5,)}, {(2,), (3,), (5,)}),
    ("contradicting guard", twice_where("(x > 0) & (x < 0)"), "xy", [0, 0], ONE, BOTH),
    ("never negative", twice_where("x**2 + y**4 < 0"), "xy", [0, 0], ONE, BOTH),
    ("only at the point itself", twice_where("x**2 + y**2 <= 0"), "xy", [0, 0], BOTH, BOTH),
    ("on a line only", twice_where("Eq(x, 0)"), "xy", [0, 0], BOTH, BOTH),
    ("on a half line, along a tie", twice_where("Eq(x, 0) & (Max(x, -x) < y)"), "xy", [0, 0], BOTH, BOTH),
    ("on a half line, by a tie", twice_where("Eq(Max(x, y), 0) & (y < 0)"), "xy", [0, 0], BOTH, BOTH),
    ("on no part of a line", twice_where("Eq(x, y) & (x > 0) & (y < 0)"), "xy", [0, 0], ONE, BOTH),
    ("not at its only point", twice_where("Eq(x**2 + y**2, 0) & (y > 0)"), "xy", [0, 0], ONE, BOTH),
    ("half planes that miss", twice_where("(x + y > 0) & (x + y < 0)"), "xy", [0, 0], ONE, BOTH),
    ("half planes that cannot meet", twice_where("(x > 0) & (y > 0) & (x + y < 0)"), "xy", [0, 0], ONE, BOTH),
    ("nested and decided", NESTED, "x", [0], {(1,)}, {(1,), (0,), (-6,)}),
    ("ties beside a decided guard", BESIDE, "xy", [0, 0], BOTH, {(0, 0), *BOTH}),
    ("a tie in a branch decided against", "Piecewise((x, x < 1), (Abs(x), True))", "x", [0], {(1,)}, {(1,), (-1,)}),
    ("relu as zero", "Max(-x, 0) + x - Max(x, 0)", "x", [0], {(-1,), (0,), (1,)}, {(-1,), (0,), (1,)}),
]


def rows(J):
    return sorted(tuple(block.ravel().tolist()) for block in J.vertices)


def wanted(vertices):
    return sorted(tuple(float(Fraction(x)) for x in row) for row in vertices)


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize(
    ("F", "state", "at", "program", "selection"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE]
)
def test_known_sets(F, state, at, program, selection, convert):
    at = [convert(Fraction(v)) for v in at]
    F = cj.from_sympy(F, state=list(state))
    J = cj.conservative_jacobian(F, at)
    assert (J.kind, J.reading) == ("program", "program")
    assert np.allclose(rows(J), wanted(program))
    if selection is None:
        with pytest.raises(FunctionError, match="not finite"):
            cj.conservative_jacobian(F, at, kind="selection")
    else:
        assert np.allclose(rows(cj.conservative_jacobian(F, at, kind="selection")), wanted(selection))


@pytest.mark.parametrize(("F", "state", "at", "program"), [r[1:5] for r in TABLE], ids=[r[0] for r in TABLE])
def test_the_batched_call_returns_the_same_sets(F, state, at, program):
    F = cj.from_sympy(F, state=list(state))
    point = [float(Fraction(v)) for v in at]
    away = [x + 0.25 for x in point]
    J = cj.jacobians.conservative_jacobians(F, [point, away, point])
    listed = sorted(tuple(block.ravel().tolist()) for block in J.vertices[J.offsets[0] : J.offsets[1]])
    assert np.allclose(listed, wanted(program))
    assert np.allclose(rows(J[0]), listed)
    assert J.counts.tolist() == [len(program), 1, len(program)]


def test_the_verdict_is_about_a_smooth_map_where_it_is_smooth():
    F = cj.from_sympy("Piecewise((theta*x, theta < 1), (x/theta**2, True))", state=["x"], parameters=["theta"])
    result = cj.analyze(F, at=[0, "1/2"], time_limit=None)
    assert result.jacobian.vertices.tolist() == [[[0.5, 0.0]]]
    assert result.contraction.name == "PROVED"
    assert "the program reading" in str(result)
    by_values = cj.analyze(F, at=[0, "1/2"], kind="selection", time_limit=None)
    assert by_values.jacobian.kind == "selection"
    assert by_values.radius.lower <= 4 <= by_values.radius.upper
    assert "the selection reading" in str(by_values)
    assert cj.analyze(F, at=[0, "1/2"], kind="conical", time_limit=None).jacobian.kind == "conical"


def test_the_sandwich_holds_all_of_them():
    found = cj.jacobians.jacobian_sandwich(cj.from_sympy("Piecewise((x, x < 1), (x**2, True))", state="x"), [0])
    assert [rows(s) for s in (found.conical, found.program, found.selection)] == [[(1,)], [(1,)], [(0,), (1,)]]
    assert found.exact
    assert found.gap.upper == 0
    assert found.clarke.exactness is Exactness.EXACT
    refused = cj.jacobians.jacobian_sandwich(cj.from_sympy("Piecewise((x, x < 1), (sqrt(x), True))", state="x"), [0])
    assert refused.selection is None
    assert rows(refused.program) == [(1,)]


@pytest.mark.parametrize(
    "call", [lambda F: cj.jacobians.jacobian_sandwich(F, [0, 0]), lambda F: cj.analyze(F, at=[0, 0])]
)
def test_all_readings_come_from_one_search_of_cells(call, monkeypatch):
    searches = []
    whole = formula_ties.CellSearch

    def counted(*arguments, **options):
        searches.append(arguments)
        return whole(*arguments, **options)

    monkeypatch.setattr(formula_ties, "CellSearch", counted)
    call(cj.from_sympy("Max(-x, 0)/2 + x/4 - Max(x, 0)/2 + t", state=["x"], parameters=["t"]))
    assert len(searches) == 1


def test_program_and_selection_agree_where_nothing_is_decided():
    F = cj.from_sympy(["Max(x, 0) - Abs(y)", "Piecewise((x, x > y), (y, True))"], state=["x", "y"])
    found = cj.jacobians.jacobian_sandwich(F, [0, 0])
    assert rows(found.program) == rows(found.selection)


def test_beyond_the_budget_a_decided_guard_stays_decided():
    names = [f"x{i}" for i in range(14)]
    terms = [f"Abs({n})" for n in names]
    F = cj.from_sympy(" + ".join([*terms, "Piecewise((x0, x0 < 1), (x0**2, True))"]), state=names)
    program = cj.conservative_jacobian(F, [0] * 14)
    by_values = cj.conservative_jacobian(F, [0] * 14, kind="selection")
    assert (program.kind, program.tie_count, program.exactness) == ("program", 14, Exactness.EXACT)
    assert (by_values.kind, by_values.tie_count, by_values.exactness) == ("selection", 15, Exactness.OUTER)
    assert cj.conservative_jacobian(F, [0] * 14, kind="conical").exactness is Exactness.EXACT
    assert cj.jacobians.jacobian_zonotope(F, [0] * 14).tie_count == 14


def test_the_calculus_takes_the_program_reading():
    inner = cj.from_sympy("Piecewise((x, x < 1), (x**2, True))", state="x")
    outer = cj.from_sympy("Abs(y)", state="y")
    assert rows(cj.jacobians.chain_rule(outer, inner, [0])) == [(-1,), (1,)]
    assert rows(cj.conservative_jacobian(cj.functions.compose(outer, inner), [0])) == [(-1,), (1,)]


def test_explain_names_no_tie_that_a_guard_has_decided():
    explanation = cj.explain(cj.from_sympy("Piecewise((x, x < 1), (x**2, True))", state="x"), [0])
    assert explanation.ties == ()
    assert explanation.jacobians.kind == "program"


def test_structured_maps_take_all_kinds():
    layer = cj.functions.structured(cj.functions.ScalarPiece.relu(), [[1, 0], [0, 1]])
    for kind in ("program", "selection", "conical"):
        J = cj.conservative_jacobian(layer, [0, 0], kind=kind)
        assert (J.kind, J.exactness, J.tie_count) == (kind, Exactness.EXACT, 2)
        assert cj.jacobians.conservative_jacobians(layer, [[0.0, 0.0]], kind=kind).kind == kind


def test_unknown_kinds_are_refused_by_name():
    F = cj.from_sympy("x", state="x")
    for call in (cj.conservative_jacobian, lambda F, at, kind: cj.jacobians.conservative_jacobians(F, [at], kind=kind)):
        with pytest.raises(ArgumentError, match=r'"program", "selection" or "conical"; got \'values\''):
            call(F, [0.0], kind="values")


def test_a_tested_map_is_conservative_with_decided_guards():
    F = cj.from_sympy("Piecewise((x, x < 1), (x**2, True)) + Max(x, -y)", state=["x", "y"])
    assert cj.check_conservativity(F, rng=0, curves=12).passed


@drawn(10, 120, tree=WITH_DECIDED_GUARDS)
def test_the_sets_are_nested_and_program_forgets_what_is_decided(tree):
    found = cj.jacobians.jacobian_sandwich(cj.from_sympy(tree.text, state=["x", "y"]), [0, 0])
    near = cj.jacobians.jacobian_sandwich(cj.from_sympy(tree.near_zero.text, state=["x", "y"]), [0, 0])
    assert found.conical.exactness is Exactness.EXACT
    hull = MatrixPolytope(found.program.vertices)
    assert hull.contains(found.conical.vertices, tol=1e-12).all()
    assert MatrixPolytope(found.selection.vertices).contains(found.program.vertices, tol=1e-12).all()
    assert hull.contains(near.conical.vertices, tol=1e-12).all()
    assert MatrixPolytope(found.conical.vertices).contains(near.conical.vertices, tol=1e-12).all()
    assert MatrixPolytope(near.conical.vertices).contains(found.conical.vertices, tol=1e-12).all()


def test_the_command_line_chooses_the_reading(tmp_path, capsys):
    path = tmp_path / "decided.toml"
    path.write_text(
        'state = ["x"]\nparameters = ["t"]\n'
        'F = ["Piecewise((t*x, t < 1), (x/t**2, True))"]\nat = { x = 0, t = "1/2" }\n'
    )
    for kind, exit_code in (("program", 0), ("conical", 0), ("selection", 1)):
        assert main(["analyze", str(path), "--no-certificate", "--kind", kind, "--require", "contraction"]) == exit_code
        assert f"the {'function' if kind == 'conical' else kind} reading" in capsys.readouterr().out


@pytest.mark.parametrize("z", [0, 0.0])
def test_independent_ties_need_no_cells(z):
    names = [f"a{i}" for i in range(20)]
    J = cj.conservative_jacobian(
        cj.from_sympy(" + ".join(f"Abs({n})" for n in names), state=names), [z] * 20, kind="conical"
    )
    assert (J.kind, J.exactness, J.tie_count) == ("conical", Exactness.EXACT, 20)
    layer = cj.from_sympy([f"Max({n} - {m}/2, 0)" for n, m in pairwise(names[:9])], state=names[:9])
    listed = cj.conservative_jacobian(layer, [z] * 9, kind="conical")
    assert (listed.kind, listed.exactness, len(listed.vertices)) == ("conical", Exactness.EXACT, 256)
