"""Guards that have the sign of a polynomial without being one."""

from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import DiscontinuityError
from conservative.functions.continuity.compared_signs import sign_polynomial

SAME_SIGN_AS_X = [
    "x*sqrt(x**2 + y**2)",
    "x*sqrt(x**2 + y**2 + z**2)",
    "x**3 + x*y**2 + x*z**2",
    "x*sqrt(2)*exp(y)*sqrt(x**2 + z**4)",
    "tanh(x)*(1 + Abs(z))*sqrt(x**2 + y**2)",
    "x*Abs(x)",
    "x*sqrt(Abs(x))",
    "sinh(x**3)",
    "sin(x*sqrt(x**2 + y**2))",
    "x*(Abs(x) + Abs(y))",
    "2*x*Abs(y) + 3*x*sqrt(x**2 + z**2) + x*Abs(y*z)",
    "atan(x)/(1 + y**2)**2",
]


@pytest.mark.parametrize(
    ("zero", "state"),
    [
        (0, "x y z"),
        (0.0, "y z x"),
        pytest.param(0, "y z x", marks=pytest.mark.slow),
        pytest.param(0.0, "x y z", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("guard", SAME_SIGN_AS_X)
def test_a_guard_with_the_sign_of_x_decides_as_x_does(guard, zero, state):
    """Right of x = 0 the first branch, left of it the second: Clarke's set is the hull of both."""
    F = cj.from_sympy(f"Piecewise((x, {guard} > 0), (5*x + x*exp(y), True))", state=state)
    column = state.split().index("x")
    for kind in ("program", "conical"):
        J = cj.conservative_jacobian(F, [zero] * 3, kind=kind)
        assert J.exactness.name == "EXACT"
        assert sorted(J.vertices[:, 0, column].tolist()) == [1, 6]
        assert not np.delete(J.vertices[:, 0], column, axis=1).any()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Piecewise((x, x*sqrt(x**2 + y**2) > y*sqrt(x**2 + y**2)), (y, True))", {(1, 0), (0, 1)}),
        ("Piecewise((x**2, (y - x**2)*sqrt(x**2 + y**2) > 0), (Abs(y), True))", {(0, 0), (0, 1), (0, -1)}),
        ("Piecewise((7*x, sqrt(x**2 + y**2) < 0), (3*x, True))", {(3, 0)}),
        ("Piecewise((x, (x > 0) & (x*sqrt(x**2 + y**2) < 0)), (3*x, True))", {(3, 0)}),
        (
            "Piecewise((4*Abs(y), 3*sqrt(x**2 + y**2) > 5*Abs(y)), (3*Abs(x), True))",
            {(3, 0), (-3, 0), (0, 4), (0, -4)},
        ),
        (
            "Piecewise((x, x*sqrt(x**2 + y**2) > 0), (3*x, True)) + Piecewise((y, y*(x**2 + y**2) > 0), (3*y, True))",
            {(1, 1), (1, 3), (3, 1), (3, 3)},
        ),
    ],
)
def test_regions_beside_guards_without_a_derivative(text, wanted):
    F = cj.from_sympy(text, state="x y")
    for kind in ("program", "conical"):
        J = cj.conservative_jacobian(F, [0, 0], kind=kind)
        assert ({tuple(row) for row in J.vertices[:, 0].tolist()}, J.exactness.name) == (wanted, "EXACT")


@pytest.mark.parametrize(
    "text",
    [
        "Piecewise((exp(x) - 1, x*Abs(y) > 0), (2*x, True))",
        "Piecewise((x**2, (y - x**2)*sqrt(x**2 + y**2) > 0), (y + x**2, True))",
        "Piecewise((exp(x**2) - 1, (y - x**2)*sqrt(x**2 + y**2) > 0), (y + x**2, True))",
        "Piecewise((y, x*sqrt(x**2 + y**2) > 0), (2*y, True))",
    ],
)
def test_jumps_along_such_guards_are_seen(text):
    with pytest.raises(DiscontinuityError, match="disagree"):
        cj.conservative_jacobian(cj.from_sympy(text, state="x y"), [0, 0])


@pytest.mark.parametrize(
    "text",
    [
        "Piecewise((x + 1, sqrt(x) > 1), (2*x, True))",
        "Piecewise((2*x, x**(3/2) < 1), (x + 1, True))",
        "Piecewise((x*y, x*sqrt(y) > 0), (0, True)) + x",
    ],
)
def test_a_root_in_a_guard_ends_the_domain_too(text):
    """Beyond it no guard has a value, and so F has none."""
    J = cj.conservative_jacobian(cj.from_sympy(text, state="x y"), [0, 0])
    assert len(J.edges) == 1
    assert J.exactness.name == "OUTER"


def test_a_guard_that_is_not_read_ends_nothing():
    J = cj.conservative_jacobian(cj.from_sympy("Piecewise((0, x < 0), (x, sqrt(x) < 1), (1, True))", state="x"), [0])
    assert (J.edges, J.exactness.name, J.vertices.ravel().tolist()) == ((), "EXACT", [0, 1])


FACTORS = ["x", "y", "(x - y)", "(y - x**2)", "(x**2 + y**2)", "(2 - x)", "(x + 3*z)"]
AROUND = ["{}", "sqrt({}**2 + x**2)", "Abs({})", "exp({})", "sinh({})", "atan({})", "({})**2", "(Abs({}) + z**2)"]


def drawn_guard(rng):
    def factor():
        return AROUND[rng.integers(len(AROUND))].format(FACTORS[rng.integers(len(FACTORS))])

    shared = [factor() for _ in range(rng.integers(1, 3))]
    own = [f"{int(rng.integers(-3, 4))}*{FACTORS[rng.integers(len(FACTORS))]}" for _ in range(2)]
    return "*".join([*shared, f"({' + '.join(own)})"])


@pytest.mark.parametrize("seed", range(30))
def test_signs_agree_at_points_nearby(seed):
    """Against the values of the guard itself, in doubles."""
    rng = np.random.default_rng(seed)
    guard = drawn_guard(rng)
    graph = cj.from_sympy(f"Piecewise((0, {guard} > 0), (0, True)) + 0*({guard})", state="x y z").graph
    compared = [i for i, node in enumerate(graph.nodes) if node.op == "compare"]
    values = cj.from_sympy(guard, state="x y z")
    offsets = 1e-2 * rng.standard_normal((200, 3)) * rng.integers(0, 2, (200, 3))
    shown = np.sign(np.where(np.abs(v := values.evaluate(offsets, np.zeros(0))[:, 0]) < 1e-15, 0, v))
    for index in compared:
        form = sign_polynomial(graph, index, [Fraction(0)] * 3)
        assert form is not None
        found = [sum(float(c) * np.prod(d ** np.array(e)) for e, c in form.items()) for d in offsets]
        clear = shown != 0
        assert np.array_equal(np.sign(found)[clear], shown[clear])
