"""Points where a claim would be easy to get wrong: overflow, tiny derivatives, curved guards, bad arguments."""

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ArgumentError, DiscontinuityError, FunctionError, NonFiniteError
from conservative._core.exactness import Exactness


@pytest.mark.parametrize(
    ("text", "x"), [("Max(exp(x), 0)", 1000), ("exp(1000*x)*Abs(x - 1)", 1), ("x**1000", 10), ("exp(x)", 1000)]
)
def test_derivatives_beyond_the_doubles_are_refused(text: str, x: int) -> None:
    F = cj.from_sympy(text, state=["x"])
    with pytest.raises(FunctionError, match="too large for a double"):
        cj.conservative_jacobian(F, [x])


@pytest.mark.parametrize("scale", ["10**7", "10**10", "10**200", "1"])
@pytest.mark.parametrize("at", [0, 0.0])
def test_exactness_does_not_depend_on_the_scale(scale: str, at: float) -> None:
    F = cj.from_sympy(f"(Abs(x) - Abs(-x))/{scale}", state=["x"])
    found = cj.conservative_jacobian(F, [at])
    assert found.exactness is Exactness.OUTER
    assert len(found.vertices) == 3
    assert not cj.jacobians.jacobian_sandwich(F, [at]).exact


def test_branches_that_part_along_a_curved_guard_are_refused() -> None:
    F = cj.from_sympy("Piecewise((Max(x, 0) - x, y > x**2), (0, True))", state=["x", "y"])
    assert len(cj.conservative_jacobian(F, [1, 1]).vertices) == 1
    for call in (cj.conservative_jacobian, cj.jacobians.jacobian_sandwich, cj.explain):
        with pytest.raises(DiscontinuityError, match="beside the point, where y meets"):
            call(F, [0, 0])


def test_branches_that_part_across_a_curved_guard_stay_exact() -> None:
    F = cj.from_sympy("Piecewise((y - x**2, y > x**2), (0, True))", state=["x", "y"])
    found = cj.conservative_jacobian(F, [1, 1])
    assert found.exactness is Exactness.EXACT
    assert sorted(map(tuple, found.vertices[:, 0].tolist())) == [(-2.0, 1.0), (0.0, 0.0)]


@pytest.mark.parametrize(
    ("text", "derivative"),
    [
        ("Piecewise((x, x**2 >= 0), (7, True))", 1),
        ("Piecewise((5, x**2 < 0), (x, True))", 1),
        ("Piecewise((7, Abs(x) < 0), (3*x, True))", 3),
        ("Piecewise((x, 0 <= (2*x - x)**2), (7, True))", 1),
        ("Piecewise((1, x > 0), (0, True)) + Piecewise((1, x**3 <= 0), (0, True)) + x", 1),
        ("Piecewise((1, x > 0), (0, True)) + Piecewise((1, exp(x) <= 1), (0, True)) + x", 1),
        ("Piecewise((2*x, x**2 > 0), (0, True))", 2),
    ],
)
def test_sides_of_a_guard_that_are_never_met_do_not_count(text: str, derivative: int) -> None:
    found = cj.conservative_jacobian(cj.from_sympy(text, state=["x"]), [0], kind="conical")
    assert found.vertices.ravel().tolist() == [derivative]


def test_bad_arguments_are_named() -> None:
    F = cj.from_sympy("Abs(x)", state=["x"])
    for pieces in ("a", 0, True):
        with pytest.raises(cj.ConservativeError, match="max_pieces"):
            cj.conservative_jacobian(F, [0], max_pieces=pieces)
    with pytest.raises(ArgumentError, match="knows JAX"):
        cj.explain(F, [0]).derivative("numpy")
    with pytest.raises(NonFiniteError):
        cj.check_conservativity(F, lambda point: np.array([[[np.nan]]]))
    with pytest.raises(TypeError):
        cj.check_conservativity(F, lambda point: "a")
