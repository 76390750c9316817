"""Conservative Jacobians with known answers.

Sources: the talk "(Automatic) Iterative Differentiation: some old (& new) results" (Vaiter, 2023; joint work with Bolte
and Pauwels) for the definitions and the relu examples; the other rows were derived by hand and checked against
sampled gradients. `selection` holds every distinct piece Jacobian; None means that it equals `clarke`.
"""

from itertools import product

import numpy as np
import pytest

from conservative._core.exactness import Exactness
from conservative.functions import from_sympy
from conservative.jacobians import conservative_jacobian

SOFT = "Max(x - l, 0) - Max(-x - l, 0)"
SIMPLEX_SHIFT = "Max(Max(x, y, z) - 1, (x + y + z - Min(x, y, z) - 1)/2, (x + y + z - 1)/3)"
BALL_SHIFT = "Max(Max(Abs(x), Abs(y)) - 1, (Abs(x) + Abs(y) - 1)/2, 0)"
UNITS = [[[1, 0]], [[0, 1]]]
TWELVE = [[[s * a, t * b]] for a, b in ((2, 1), (1, 2)) for s in (1, -1) for t in (1, -1)]
TWELVE += [[[1, 0]], [[-1, 0]], [[0, 1]], [[0, -1]]]
CORNERS = [[[a, 0], [0, b]] for a, b in product((0, 1), repeat=2)]
SWAP = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
BALL = [[[1, 0], [0, 1]], [[0.5, -0.5], [-0.5, 0.5]]]

# name, F, state, point, clarke vertices, selection
TABLE = [
    ("zero written with relu", "Max(-x, 0) + x - Max(x, 0)", "x", [0], [[[0]]], [[[-1]], [[0]], [[1]]]),
    ("relu(-x) + x", "Max(-x, 0) + x", "x", [0], [[[0]], [[1]]], None),
    ("half of relus", "(Max(x, 0) + Max(-x, 0) + x)/2", "x", [0], [[[0]], [[1]]], [[[0]], [[1]], [["1/2"]]]),
    ("maximum", "Max(x, y)", "xy", [2, 2], UNITS, None),
    ("relu", "Max(x, 0)", "x", [0], [[[0]], [[1]]], None),
    ("relu as clip", "Min(Max(x, 0), 10)", "x", [0], [[[0]], [[1]]], None),
    ("relu as where", "Piecewise((x, x > 0), (0, True))", "x", [0], [[[0]], [[1]]], None),
    ("two absolute values", "Abs(x) - Abs(-x)", "x", [0], [[[0]]], [[[-2]], [[0]], [[2]]]),
    ("one absolute value twice", "Abs(x) - Abs(x)", "x", [0], [[[0]]], None),
    ("maximum less absolute value", "Max(x, -x) - Abs(x)", "x", [0], [[[0]]], [[[-2]], [[0]], [[2]]]),
    (
        "relu both ways",
        ["Max(x, 0)", "Max(-x, 0)"],
        "x",
        [0],
        [[[0], [-1]], [[1], [0]]],
        [[[a], [b]] for a in (0, 1) for b in (0, -1)],
    ),
    ("one norm", "Abs(x) + Abs(y)", "xy", [0, 1], [[[1, 1]], [[-1, 1]]], None),
    ("maximum norm", "Max(Abs(x), Abs(y))", "xy", [1, -1], [[[1, 0]], [[0, -1]]], None),
    ("norm difference", "Abs(x) + Abs(y) - Max(x, -x, y, -y)", "xy", [0, 0], TWELVE[-4:], TWELVE),
    ("max of min", "Max(Min(x, y), -x - y)", "xy", [0, 0], [[[-1, -1]], *UNITS], None),
    ("sort", ["Piecewise((x, x <= y), (y, True))", "Piecewise((y, x <= y), (x, True))"], "xy", [3, 3], SWAP, None),
    ("soft threshold", SOFT, "xl", [1, 1], [[[0, 0]], [[1, -1]]], None),
    ("soft threshold by sign", "sign(x)*Max(Abs(x) - l, 0)", "xl", [1, 1], [[[0, 0]], [[1, -1]]], None),
    (
        "elastic net",
        "Piecewise(((x - 1)/(3/2), x > 1), ((x + 1)/(3/2), x < -1), (0, True))",
        "x",
        [-1],
        [[[0]], [["2/3"]]],
        None,
    ),
    ("box", ["Min(Max(x, 0), 1)", "Min(Max(y, 0), 1)"], "xy", [0, 1], CORNERS, None),
    ("hinge", "Max(0, 1 - x*y)", "xy", [1, 1], [[[0, 0]], [[-1, -1]]], None),
    ("l1 ball", [f"sign({v})*Max(Abs({v}) - {BALL_SHIFT}, 0)" for v in "xy"], "xy", ["1/2", "1/2"], BALL, None),
    (
        "l1 ball by cases",
        [f"Piecewise(({v}, Abs(x) + Abs(y) <= 1), (sign({v})*Max(Abs({v}) - {BALL_SHIFT}, 0), True))" for v in "xy"],
        "xy",
        ["1/2", "1/2"],
        BALL,
        None,
    ),
    (
        "total variation",
        "Abs(y - x) + Abs(z - y)",
        "xyz",
        [1, 1, 1],
        [[[-1, 0, 1]], [[-1, 2, -1]], [[1, 0, -1]], [[1, -2, 1]]],
        None,
    ),
]  # fmt: skip


def blocks(matrices):
    return {tuple(tuple(float(_number(x)) for x in row) for row in m) for m in matrices}


def _number(x):
    if isinstance(x, str):
        numerator, denominator = x.split("/")
        return int(numerator) / int(denominator)
    return x


@pytest.mark.parametrize(("F", "state", "at", "clarke", "selection"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE])
def test_known_conservative_jacobians(F, state, at, clarke, selection):
    function = from_sympy(F, state=list(state))
    J = conservative_jacobian(function, at)
    cells = conservative_jacobian(function, at, kind="conical")
    assert blocks(J.vertices) == blocks(clarke if selection is None else selection)
    assert blocks(cells.vertices) == blocks(clarke)
    # the middle of [0, 1] changes no hull
    same_hull = selection is None or selection == [[[0]], [[1]], [["1/2"]]]
    assert J.exactness is (Exactness.EXACT if same_hull else Exactness.OUTER)
    assert cells.exactness is Exactness.EXACT


def test_half_of_relus_with_its_midpoint():
    F = from_sympy("(Max(x, 0) + Max(-x, 0) + x)/2", state="x")
    assert blocks(conservative_jacobian(F, [0]).vertices) == {((0.0,),), ((0.5,),), ((1.0,),)}


def test_cells_can_miss_everything():
    F = from_sympy("Max(Min(y, x**2 - y), 0)", state=["x", "y"])
    J, cells = (conservative_jacobian(F, [0, 0], kind=k) for k in ("selection", "conical"))
    assert blocks(J.vertices) == blocks([[[0, 1]], [[0, -1]], [[0, 0]]])
    assert blocks(cells.vertices) == {((0.0, 0.0),)}
    assert (J.exactness, cells.exactness) == (Exactness.EXACT, Exactness.INNER)


def test_simplex_projection():
    F = from_sympy([f"Max({v} - {SIMPLEX_SHIFT}, 0)" for v in "xyz"], state=["x", "y", "z"])
    J, cells = (conservative_jacobian(F, ["1/2", "1/2", 0], kind=k) for k in ("selection", "conical"))
    third = np.eye(3) - 1 / 3
    half = np.array([[0.5, -0.5, 0], [-0.5, 0.5, 0], [0, 0, 0]])
    assert J.vertices.shape[0] == 4
    expected = {m.round(12).tobytes() for m in (third + 0.0, half + 0.0)}
    assert {(m + 0.0).round(12).tobytes() for m in cells.vertices} == expected
    assert expected <= {(m + 0.0).round(12).tobytes() for m in J.vertices}


def test_heavy_ball_of_the_talk():
    F = from_sympy(
        ["x - Piecewise((x, x >= 0), (x/4, True)) + 3*(x - y)/4", "x"], state=["x", "y"], parameters=["theta"]
    )
    J = conservative_jacobian(F, {"x": 0, "y": 0, "theta": 0})
    assert blocks(J.vertices) == {
        ((0.75, -0.75, 0.0), (1.0, 0.0, 0.0)),
        ((1.5, -0.75, 0.0), (1.0, 0.0, 0.0)),
    }
    assert J.exactness is Exactness.EXACT
