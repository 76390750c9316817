"""Every call takes any `StateMap`, and says of it what it says of the formula behind it."""

import pytest

from conservative._core.errors import ArgumentError, BudgetError, FunctionError
from conservative._core.exactness import Exactness
from conservative.analysis import analyze
from conservative.differentiation import implicit_jacobian
from conservative.functions import StateMap, from_sympy
from conservative.iteration import fixed_set, iterate_driven
from conservative.jacobians import (
    JacobianZonotope,
    check_conservativity,
    conservative_jacobian,
    conservative_jacobians,
    explain,
    jacobian_sandwich,
)
from conservative.report import explanation_document
from tests.strategies.state_maps import Bare

HALF = from_sympy("theta - Abs(x)/2", state=["x"], parameters=["theta"])
"""At 0: A in [-1/2, 1/2], B = 1, so that J_pb = [0, 2] and J_imp = [2/3, 2]."""
BARE = Bare(HALF, (0, 0))
ELEPHANT = Bare(from_sympy("Max(-x, 0) + x - Max(x, 0)", state="x"), (0,))


def test_the_set_is_that_of_the_formula() -> None:
    assert isinstance(BARE, StateMap)
    found, known = conservative_jacobian(BARE), conservative_jacobian(HALF, [0, 0])
    assert set(found.exact_blocks) == set(known.exact_blocks)
    assert found.exactness is known.exactness is Exactness.EXACT
    assert conservative_jacobian(BARE, kind="conical").kind == "conical"
    assert conservative_jacobian(ELEPHANT).exactness is Exactness.OUTER
    many = Bare(from_sympy([f"Max({n}, 0)" for n in "abcdef"], state=list("abcdef")), (0,) * 6)
    assert isinstance(conservative_jacobian(many, max_pieces=8), JacobianZonotope)


def test_readings_that_a_program_does_not_show_are_refused_with_the_reason() -> None:
    with pytest.raises(FunctionError, match=r'a program shows only those .* Use kind="program"'):
        conservative_jacobian(BARE, kind="selection")
    with pytest.raises(BudgetError, match="not proved to act independently"):
        conservative_jacobian(ELEPHANT, kind="conical")
    with pytest.raises(ArgumentError, match='"program" for a program'):
        conservative_jacobians(BARE, [[0.0, 0.0]], kind="conical")


def test_the_sandwich_and_many_points() -> None:
    sandwich = jacobian_sandwich(BARE, None)
    assert sandwich.exact
    assert sandwich.selection is None
    assert jacobian_sandwich(ELEPHANT, None).conical is None
    sets = conservative_jacobians(BARE, [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert sets.counts.tolist() == [1, 2, 1]
    assert sorted(sets[1].vertices[:, 0, 0].tolist()) == [-0.5, 0.5]


def test_the_line_to_the_fixed_set() -> None:
    found = fixed_set(BARE, tol=1e-9)
    assert [float(found.hull.support([[s]])) for s in (1.0, -1.0)] == pytest.approx([2.0, 0.0], abs=1e-8)
    assert fixed_set(HALF, at=[0, 0], tol=1e-6).hull.contains([[1.0]])
    assert sorted(x for ((x,),) in implicit_jacobian(BARE).exact_vertices) == [pytest.approx(2 / 3), 2]
    assert implicit_jacobian(HALF, [0, 0]).exact_vertices == implicit_jacobian(BARE).exact_vertices
    run = iterate_driven(BARE, [1.0], [0.0], steps=30, fixed_point=[0])
    assert float(run.limit.support([[1.0]])) == pytest.approx(2.0)
    with pytest.raises(ArgumentError, match="point of a map"):
        fixed_set([[[0.5, 1.0]]], at=[0, 0])
    with pytest.raises(ArgumentError, match="point of a function"):
        implicit_jacobian(conservative_jacobian(BARE), [0, 0])


def test_analyze_takes_it_at_the_point_that_it_was_built_at() -> None:
    result = analyze(BARE, steps=5)
    assert result.contraction.name == "PROVED"
    assert result.certificate is not None
    assert "a fixed point: F(x, θ) = x exactly" in str(result)
    with pytest.raises(ArgumentError, match="needs a fixed point"):
        analyze(BARE, at=[1, 0])


def test_conservativity_is_tried_along_curves_through_the_point() -> None:
    assert check_conservativity(BARE, rng=0).passed
    assert check_conservativity(ELEPHANT, rng=0).passed
    wrong = check_conservativity(ELEPHANT, lambda point: [[[0.25]]], rng=0)
    assert not wrong.passed
    assert wrong.curves <= 6


def test_explanations_show_the_library_beside_the_set() -> None:
    text = str(explain(Bare(HALF, (0, 0), [[0.0, 1.0]])))
    assert "tie 1: Abs(x)" in text
    assert "equal to Clarke's" in text
    assert "in the set" in text
    assert "NOT" not in text
    wrong = explain(Bare(HALF, (0, 0), [[2.0, 1.0]]))
    assert wrong.inside is False
    assert "NOT in the set: at least 1.5 away" in str(wrong)
    assert "NOT in the set" in repr(wrong)
    undefined = explain(Bare(HALF, (0, 0), [[float("nan"), 1.0]]))
    assert undefined.inside is False
    assert "not finite" in str(undefined)
    assert explain(BARE).inside is None
    assert "smooth there" in str(explain(BARE, [1, 0]))
    document = explanation_document(wrong)
    assert document["ties"][0]["choices"] == 2
    assert document["derivatives"][0]["inside"] is False
    assert "<table>" in wrong._repr_html_()
