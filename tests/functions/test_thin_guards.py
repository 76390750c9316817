"""Guards that hold on thin sets: jumps there are refused where they are proved, and nothing EXACT is said else."""

import pytest

import conservative as cj
from conservative._core.errors import DiscontinuityError

JUMPS = [
    "Piecewise((x*z, Eq(x, y) & Eq(y, z)), (0, True))",
    "Piecewise((x**5*z**5, Eq(x, 2*y) & Eq(3*y, z)), (0, True)) + y",
    "Piecewise((z, x**2*y**2 <= 0), (0, True))",
    "Piecewise((z, (x <= y) & (y <= z) & (z <= x)), (0, True))",
    "Piecewise((0, Ne(x, y) | Ne(y, z)), (x, True))",
    "Piecewise((1, Eq(x, 0) & Eq(y, 0)), (0, True))*z",
    "Piecewise((y*z*(y - 2*z)*(y - 5*z)*(y + 7*z), Eq(x, y) & Eq(y, 7*z)), (0, True))",
]


@pytest.mark.parametrize("text", JUMPS)
def test_jumps_on_thin_sets_are_refused(text):
    F = cj.from_sympy(text, state="x y z")
    for zero in (0, 0.0):
        with pytest.raises(DiscontinuityError, match="disagree"):
            cj.conservative_jacobian(F, [zero, 0, 0])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Piecewise((x*y*z, x**2*y**2 <= 0), (0, True))", (0, 0, 0)),
        ("Piecewise((x*z, x**2 + y**2 <= 0), (0, True)) + y", (0, 1, 0)),
        ("Piecewise((z*(x - y), Eq(x, y) & Eq(y, z)), (0, True)) - z", (0, 0, -1)),
        ("Piecewise((x*y, (x > 0) & (y > 0)), (0, True)) + z", (0, 0, 1)),
    ],
)
def test_what_is_proved_to_be_continuous_stays_exact(text, wanted):
    F = cj.from_sympy(text, state="x y z")
    for zero in (0, 0.0):
        J = cj.conservative_jacobian(F, [zero, 0, 0])
        assert (J.vertices.tolist(), J.exactness.name) == ([[list(wanted)]], "EXACT")


@pytest.mark.parametrize(
    "text",
    [
        "Piecewise((x*z, Eq(x**2, y) & Eq(y, z**2)), (0, True))",  # jumps along (t, t**2, t)
        "Piecewise((x*z, (x - y)**2 + (y - z)**2 <= 0), (0, True))",
        pytest.param("Piecewise((x*z*cos(z), Eq(x + x**2, y) & Eq(y, z)), (0, True))", marks=pytest.mark.slow),
    ],
)
def test_what_is_not_proved_is_not_called_exact(text):
    F = cj.from_sympy(text, state="x y z")
    for kind, name in (("program", "OUTER"), ("selection", "OUTER")):
        for zero in (0, 0.0):
            assert cj.conservative_jacobian(F, [zero, 0, 0], kind=kind).exactness.name == name
    assert cj.jacobians.conservative_jacobians(F, [[0.0, 0.0, 0.0]])[0].exactness.name == "OUTER"
