"""Float points beside a guard's boundary: within the tolerance of it, branches have already parted."""

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import DiscontinuityError


@pytest.mark.parametrize("text", ["Piecewise((0, x >= 0), (2*x, True))", "Piecewise((50*x, x > 0), (-30*x, True))"])
@pytest.mark.parametrize("x", [5.02e-10, -5.02e-10, 9.9e-10, 0.0])
def test_branches_that_part_within_the_tolerance_are_tied(text: str, x: float) -> None:
    F = cj.from_sympy(text, state=["x"])
    single = cj.conservative_jacobian(F, [x])
    assert len(single.vertices) == 2
    many = cj.jacobians.conservative_jacobians(F, np.array([[x]]))
    np.testing.assert_array_equal(many[0].vertices, single.vertices)


@pytest.mark.parametrize("x", [6e-10, -6e-10])
def test_a_sign_beside_its_jump_is_judged_on_the_whole(x: float) -> None:
    F = cj.from_sympy("sign(x)*Max(Abs(x) - Max(t, 0), 0)", state=["x"], parameters=["t"])
    found = cj.conservative_jacobian(F, [x, 0.0])
    assert found.vertices.shape[1:] == (1, 2)


def test_a_real_jump_is_still_refused() -> None:
    with pytest.raises(DiscontinuityError):
        cj.conservative_jacobian(jumping(), [2e-10])


def jumping() -> cj.PiecewiseSelection:
    return cj.from_sympy("Piecewise((x, x >= 0), (x - 1/1000, True))", state=["x"])
