"""When the cells are proved to be all of Clarke's Jacobian, and when they are not."""

from fractions import Fraction

import pytest

from conservative._core.exactness import Exactness
from conservative.functions import from_sympy
from conservative.jacobians import conservative_jacobian


def conical(F, at, state="xy"):
    return conservative_jacobian(from_sympy(F, state=list(state)), at, kind="conical")


EXACT = [
    ("piecewise affine, contradicting ties", "Max(-x, 0) + x - Max(x, 0)", [0, 0]),
    ("affine off the origin", "Max(x - 1, 2*y, 3*x - 3) - Abs(x - 1)", [1, 0]),
    ("independent gradients, curved pieces", "Max(x**2 + x, 0) + Abs(y*exp(x))", [0, 0]),
    ("one curved tie used twice", "Max(x*y, 1) - Max(1 - x*y, 0)", [1, 1]),
    ("soft threshold of a curved argument", "sign(x - y**2)*Max(Abs(x - y**2) - 1, 0)", [2, 1]),
    ("a tie that never opens", "Piecewise((x, Max(x, -x) - Abs(x) >= 0), (2*x, True))", [0, 0]),
    ("a curved multiple of one", "Max(x*y - 1, 0) - Max(2 - 2*x*y, 0)/2", [1, 1]),
]
UNDECIDED = [
    ("second order decides", "Max(Min(y, x**2 - y), 0)", [0, 0]),
    ("no gradient at a guard", "Piecewise((x, x**3 + y**2 >= 0), (2*x, True)) + Abs(x)", [0, 0]),
    ("a product of ties", "Max(Abs(x)*Abs(y) - x, x)", [0, 0]),
]


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize(("F", "at"), [row[1:] for row in EXACT], ids=[row[0] for row in EXACT])
def test_cells_that_are_all(F, at, convert):
    assert conical(F, [convert(v) for v in at]).exactness is Exactness.EXACT


def test_the_exact_set_of_a_curved_cancellation():
    J = conical("Max(x*y - 1, 0) - Max(2 - 2*x*y, 0)/2", [1, 1])
    assert J.vertices.tolist() == [[[1.0, 1.0]]]


def test_second_order_is_not_claimed():
    J = conical(UNDECIDED[0][1], UNDECIDED[0][2])
    assert J.exactness is Exactness.INNER


def test_a_contradiction_of_derivatives_only_is_not_a_contradiction():
    # y > 0 and x**2 - y > 0 have opposite gradients, yet meet: Clarke's set has (0, 1) and (0, -1)
    both = conical("Max(Min(y, x**2 - y), 0)", [0, 0])
    assert both.vertices.tolist() == [[[0.0, 0.0]]]


def test_functions_merged_by_their_derivatives_prove_nothing():
    # Max(x, x + y**2) is x + y**2, so that the second switch is Max(y**2, 0) and Clarke's set is {0}
    whole = conical("Max(Max(x, x + y**2) - x, 0)", [0, 0])
    assert whole.vertices.tolist() == [[[0.0, 0.0]]]
    # the pieces y and x**2 - y meet inside the merged maximum's first-order tie
    assert conical("Max(Min(Max(y, y + x**4), x**2 - y), 0)", [0, 0]).exactness is Exactness.INNER


@pytest.mark.parametrize("gap", ["1/1000000000", "1/1000000000000000000000"])
def test_thin_cells_are_found_at_exact_points(gap):
    F = f"Max(y, 0) + Max(y - x*{gap}, 0) + Max(x, 0)"
    wanted = {(a, b) for a in (0, 1) for b in (0, 1)}
    J = conical(F, [0, 0])
    assert J.exactness is Exactness.EXACT
    assert len(J.vertices) == 6
    assert {(float(v[0, 0] > 0.5), float(v[0, 1] > 0.5)) for v in J.vertices} == wanted


def test_a_box_in_many_dimensions():
    names = [f"x{i}" for i in range(12)]
    F = f"Max({', '.join(f'Abs({n})' for n in names)}, 1)"
    J = conical(F, [1] * 3 + [0] * 9, state=names)
    assert J.exactness is Exactness.EXACT
    assert len(J.vertices) == 4
