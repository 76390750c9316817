"""Formulas and arrays as `StateMap`: the abs-normal form has the blocks that `conservative_jacobian` lists."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from conservative.functions import ScalarPiece, StateMap, StructuredMap, from_sympy, structured
from conservative.jacobians import conservative_jacobian
from tests.strategies.functions import WITH_DECIDED_GUARDS, Tree
from tests.strategies.stages import drawn
from tests.strategies.structured import tied_maps


def blocks_of(form: Any) -> set[tuple[Any, ...]]:
    return {tuple(block.ravel().tolist()) for block in form.vertices()}


def listed(F: Any, at: Any) -> set[tuple[Any, ...]]:
    return {tuple(x for row in block for x in row) for block in conservative_jacobian(F, at).exact_blocks}


@drawn(40, 300, WITH_DECIDED_GUARDS, WITH_DECIDED_GUARDS)
def test_formulas_have_the_blocks_of_their_pieces(first: Tree, second: Tree) -> None:
    F = from_sympy([first.text, second.text], state="x y")
    assert blocks_of(F.switched([0, 0])) == listed(F, [0, 0])


@drawn(25, 150, tied_maps())
def test_arrays_have_blocks_between_those_of_their_expressions_and_of_their_zonotope(
    drawn_map: tuple[StructuredMap, list[Fraction]],
) -> None:
    """Equal rows are one switch as expressions and two as arrays; the zonotope passes breakpoints in any order."""
    F, at = drawn_map
    form = F.switched(at)
    assert form.exact
    assert listed(F.to_selection(), at) <= blocks_of(form) <= listed(F, at)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Max(-x, 0) + x - Max(x, 0)", {-1, 0, 1}),
        ("Max(0, x, 2*x)", {0, 1, 2}),
        ("Abs(Max(x, Abs(x)))", {-1, 1}),
        ("Piecewise((x, x >= 0), (x/4, True)) + Piecewise((2*x, x >= 0), (3*x, True))", {3, Fraction(13, 4)}),
        ("Piecewise((x, x < 1), (x**2, True))", {1}),
        ("sign(x)*Max(Abs(x) - 1, 0)", {0}),
    ],
)
def test_known_choices(text: str, expected: set[Any]) -> None:
    assert {block for (block,) in blocks_of(from_sympy(text, state="x").switched([0]))} == expected


def test_irrational_and_float_points() -> None:
    F = from_sympy("sqrt(x + 1)*Max(x, 0)", state="x")
    assert blocks_of(F.switched([0.0])) == {(0.0,), (1.0,)}
    form = from_sympy("Abs(x**2 - 2)", state="x").switched(["1"])
    assert (form.Z.shape, form.vertices().tolist()) == ((0, 1), [[[-2]]])


def test_sides_of_a_jump_that_cancels_are_other_paths() -> None:
    """The two halves of |x| by signs jump, their sum does not."""
    F = from_sympy("sign(x)*x + Max(y, 0)", state="x y")
    form = F.switched([0, 0])
    assert blocks_of(form) == listed(F, [0, 0])
    assert {(s, t) for s in (-1, 1) for t in (0, 1)} <= blocks_of(form)


def test_they_satisfy_the_protocol_and_name_their_sizes() -> None:
    formula = from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
    arrays = structured(ScalarPiece.relu(), np.eye(2))
    for F, sizes in ((formula, (1, 1, 1)), (arrays, (2, 0, 2))):
        assert isinstance(F, StateMap)
        assert (F.state_size, F.parameter_size, F.size) == sizes
    assert not isinstance(len, StateMap)
    assert formula.switched([0, 0]).ties[0].name == "Abs(x)"
    assert "component 1" in arrays.switched([1, 0]).ties[0].name


def test_a_component_passes_its_breakpoints_one_after_the_other() -> None:
    """The soft threshold of width 0 at 0: slopes 1 and 0 and 1, never 1 − 1 + 0."""
    soft = ScalarPiece.soft_threshold(0, rows=[1])
    with pytest.raises(Exception, match="scale"):
        structured(soft, [[1]], N=[[0]]).switched([0, 0])
    hat = ScalarPiece.piecewise_linear([-1, 0, 1], [0, 1, -1, 0])
    assert blocks_of(structured(hat, [[1]]).switched([0])) == {(1,), (-1,)}
