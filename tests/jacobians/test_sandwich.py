import math

import numpy as np
import pytest
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

from conservative._core.errors import ArgumentTypeError, BudgetError, DiscontinuityError
from conservative._core.exactness import Exactness
from conservative.functions import from_sympy
from conservative.jacobians import conservative_jacobian, jacobian_sandwich
from conservative.matrix_sets import MatrixPolytope


def sandwich(F, at, state="x", **options):
    return jacobian_sandwich(from_sympy(F, state=list(state)), at, **options)


@pytest.mark.parametrize(
    ("F", "state", "at", "exact", "distance"),
    [
        ("Max(x, 0)", "x", [0], True, 0.0),
        ("x**2", "x", [3], True, 0.0),
        ("Max(-x, 0) + x - Max(x, 0)", "x", [0], False, 1.0),
        ("Abs(x) - Abs(-x)", "x", [0], False, 2.0),
        ("Abs(x) + Abs(y) - Max(x, -x, y, -y)", "xy", [0, 0], False, math.sqrt(2)),
        ("Max(Min(y, x**2 - y), 0)", "xy", [0, 0], False, 1.0),
    ],
)
@pytest.mark.parametrize("convert", [int, float])
def test_known_gaps(F, state, at, exact, distance, convert):
    found = sandwich(F, [convert(v) for v in at], state)
    assert found.exact is exact
    assert distance in found.gap
    assert found.gap.width < 1e-12
    assert [s.reading for s in (found.conical, found.program, found.selection)] == ["function", "program", "selection"]


def test_clarke_is_the_end_that_is_known():
    assert sandwich("Max(x, 0)", [0]).clarke.kind == "conical"
    assert sandwich("Abs(x) - Abs(-x)", [0]).clarke.vertices.tolist() == [[[0.0]]]
    assert sandwich("Max(Min(y, x**2 - y), 0)", [0, 0], "xy").clarke.kind == "program"
    assert sandwich("Max(Min(y, x**2 - y + z**2), 0)", [0, 0, 0], "xyz").clarke.kind == "program"
    assert sandwich("Max(Min(y, sin(x)**2 - y + z**2), 0)", [0, 0, 0], "xyz").clarke is None


def test_no_open_cell():
    found = sandwich("Piecewise((x, x**3*(1 + Max(sin(y), z)) >= 0), (3*x, True))", [0, 0, 0], "xyz")
    assert found.conical is None
    assert found.clarke is None
    assert found.gap.lower == 0.0
    assert 2.0 <= found.gap.upper < 2.1
    assert "no open cell" in repr(found)
    # one piece on both sides: the selection alone is Clarke's
    single = sandwich("Piecewise((x, x**3 + x**5 >= 0), (x + x**2, True))", [0])
    assert single.exact
    assert single.clarke is not None


def test_repr_reads_as_a_sentence():
    assert repr(sandwich("Max(x, 0)", [0])) == (
        "JacobianSandwich(function 2 vertices ⊆ Clarke ⊆ program 2 vertices ⊆ selection 2 vertices, "
        "gap = 0, ends agree)"
    )


@drawn(8, 80, tree=PIECEWISE_LINEAR)
def test_piecewise_affine_functions_are_always_known(tree):
    F = from_sympy(tree.text, state=["x", "y"])
    found = jacobian_sandwich(F, [0, 0])
    assert found.conical.exactness is Exactness.EXACT
    assert found.clarke is found.conical
    outer = MatrixPolytope(found.selection.vertices)
    assert outer.contains(found.conical.vertices, tol=1e-9).all()
    assert found.exact == (found.gap.upper < 1e-9)


def test_bad_calls():
    with pytest.raises(ArgumentTypeError, match="from_sympy"):
        jacobian_sandwich("x", [0])
    many = from_sympy(" + ".join(f"Abs({i}*x + y)" for i in range(14)), state=["x", "y"])
    assert "14 switches" in jacobian_sandwich(many, [0, 0], max_pieces=100).selection.reason
    jumping = from_sympy(" + ".join(f"sign({i}*x + y)*({i}*x + y)" for i in range(1, 8)), state=["x", "y"])
    with pytest.raises(BudgetError, match="guards on their boundary jump in more than 100"):
        jacobian_sandwich(jumping, [0, 0], max_pieces=100)
    with pytest.raises(DiscontinuityError):
        jacobian_sandwich(from_sympy("Piecewise((x, x < y), (2*x, True))", state=["x", "y"]), [1, 1])


def test_readings_are_named_in_every_result():
    F = from_sympy("Max(x, 0)", state="x")
    assert "reading='program'" in repr(conservative_jacobian(F, [0]))
    assert "reading='function'" in repr(conservative_jacobian(F, [0], kind="conical"))
    assert np.array_equal(np.sort(conservative_jacobian(F, [0]).vertices.ravel()), [0, 1])
