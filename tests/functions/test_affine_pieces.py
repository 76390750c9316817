"""All pieces of piecewise affine functions: they cover space, do not overlap, and carry the function."""

from fractions import Fraction

import numpy as np
import pytest
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

from conservative._core.errors import ArgumentTypeError, BudgetError, FunctionError
from conservative.functions import affine_pieces, from_sympy
from conservative.jacobians import conservative_jacobian

RANDOM = np.random.default_rng(11).uniform(-3, 3, (400, 2))


def holds(row, bound, point):
    return sum((a * b for a, b in zip(row, point, strict=True)), Fraction(0)) - bound


def check(F, points, values):
    """Every point lies in a polyhedron whose map gives the value; interiors are interior and disjoint."""
    pieces = affine_pieces(F)
    covered = np.zeros(len(points), dtype=int)
    for matrix, offset, cell in pieces:
        assert all(holds(g, h, cell.interior) < 0 for g, h in zip(cell.G, cell.h, strict=True))
        inside = cell.contains(points)
        covered += inside
        affine = points @ np.array(matrix, dtype=float).T + np.array(offset, dtype=float)
        np.testing.assert_allclose(affine[inside], values[inside], atol=1e-9)
    assert (covered >= 1).all()
    for i, piece in enumerate(pieces):
        owners = [
            j
            for j, other in enumerate(pieces)
            if other.polyhedron.contains([float(x) for x in piece.polyhedron.interior])
        ]
        assert i in owners
        exact = [
            j
            for j in owners
            if all(
                holds(g, h, piece.polyhedron.interior) < 0
                for g, h in zip(pieces[j].polyhedron.G, pieces[j].polyhedron.h, strict=True)
            )
        ]
        assert exact == [i]
    return pieces


@drawn(40, 400, tree=PIECEWISE_LINEAR)
def test_pieces_of_random_functions(tree):
    shifted = from_sympy(tree.text, state=["x", "y"]).substitute({"x": "x - 1", "y": "y + x/2 + 1/3"})
    F = shifted if len(shifted.state) == 2 else from_sympy(tree.text, state=["x", "y"])
    pieces = check(F, RANDOM, F.evaluate(RANDOM))
    if F is not shifted:
        return
    # the derivatives of pieces whose closure holds a point are Clarke's there
    at = [Fraction(1), Fraction(-5, 6)]
    local = {
        p.matrix
        for p in pieces
        if all(holds(g, h, at) <= 0 for g, h in zip(p.polyhedron.G, p.polyhedron.h, strict=True))
    }
    assert local == set(conservative_jacobian(F, at, kind="conical").exact_entries)


@pytest.mark.parametrize(
    ("text", "state", "maps"),
    [
        ("Max(x, 0)", "x", {(("1",), "0"), (("0",), "0")}),
        ("sign(x)*Max(Abs(x) - 1, 0)", "x", {(("1",), "-1"), (("0",), "0"), (("1",), "1")}),
        ("Min(Max(x, -1/2), y)", "xy", {(("1", "0"), "0"), (("0", "0"), "-1/2"), (("0", "1"), "0")}),
        (
            "Piecewise((0, And(x < 1, Not(x <= -1))), (x - 1, x >= 1), (x + 1, True))",
            "x",
            {(("0",), "0"), (("1",), "-1"), (("1",), "1")},
        ),
        ("x + 3", "x", {(("1",), "3")}),
        ("Abs(x) - Max(x, -x)", "x", {(("0",), "0")}),
        ("Max(x, x + 1)", "x", {(("1",), "1")}),
    ],
)
def test_known_maps(text, state, maps):
    found = affine_pieces(from_sympy(text, state=list(state)))
    assert {(tuple(str(a) for a in p.matrix[0]), str(p.offset[0])) for p in found} == maps


def test_a_branch_that_is_not_taken_is_not_looked_at():
    text = "Piecewise((x*y, x*0 + 1 < 0), (x, True))"
    assert len(affine_pieces(from_sympy(text, state=["x", "y"]))) == 1


def test_thin_polyhedra_are_kept():
    pieces = affine_pieces(from_sympy("Max(x, 0) - Max(x - 1/1000000000000000000000, 0)", state="x"))
    assert len(pieces) == 3
    middle = next(p for p in pieces if p.matrix == ((1,),))
    assert 0 < middle.polyhedron.interior[0] < Fraction(1, 10**21)


def test_lines_in_the_plane_have_as_many_cells_as_regions():
    k = 12
    lines = " + ".join(f"Abs({i}*x + y - {i * i})" for i in range(k))
    assert len(affine_pieces(from_sympy(lines, state=["x", "y"]))) == 1 + k + k * (k - 1) // 2


def test_a_cube_of_many_dimensions_passes_through_programs():
    names = [f"x{i}" for i in range(9)]
    F = from_sympy(f"Max({', '.join(f'Abs({n})' for n in names[:2])}, 1) + Max(" + ", ".join(names) + ")", state=names)
    points = np.random.default_rng(5).uniform(-2, 2, (60, 9))
    check(F, points, F.evaluate(points))


def test_holes_are_left_out():
    pieces = affine_pieces(from_sympy("Piecewise((x, x > 0), (2*x, x < -1))", state="x"))
    assert {p.matrix for p in pieces} == {((1,),), ((2,),)}
    assert not any(p.polyhedron.contains([-0.5]) for p in pieces)


def test_refusals():
    for text, words in [
        ("x*y", r"x\*y"),
        ("Max(x**2, y)", r"x\*\*2"),
        ("exp(x) + y", "exp"),
        ("pi*x + y", "pi"),
        ("Abs(x)*Abs(y)", "Bind"),
    ]:
        with pytest.raises(FunctionError, match=words):
            affine_pieces(from_sympy(text, state=["x", "y"]))
    with pytest.raises(ArgumentTypeError, match="PiecewiseSelection"):
        affine_pieces("Abs(x)")
    many = from_sympy([f"Abs(x{i})" for i in range(10)], state=[f"x{i}" for i in range(10)])
    with pytest.raises(BudgetError, match="100 polyhedra"):
        affine_pieces(many, max_pieces=100)
    assert len(affine_pieces(many)) == 1024
