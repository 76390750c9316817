"""ReLU equilibria: the blocks of case D1 exactly, by Picard's iteration and damped [derived exactly]."""

from fractions import Fraction as Q

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ShapeError

W = [[0, "1/2"], ["-1/2", "1/4"]]
AT = [1, 0, 1, "1/2"]


@pytest.mark.parametrize(
    ("damping", "expected"),
    [
        (1, {((0, Q(1, 2), 1, 0), (0, 0, 0, 0)), ((0, Q(1, 2), 1, 0), (Q(-1, 2), Q(1, 4), 0, 1))}),
        ("1/2", {((Q(1, 2), Q(1, 4), Q(1, 2), 0), (0, Q(1, 2), 0, 0)),
                 ((Q(1, 2), Q(1, 4), Q(1, 2), 0), (Q(-1, 4), Q(5, 8), 0, Q(1, 2)))}),
    ],
)  # fmt: skip
def test_blocks_at_the_kink(damping: object, expected: object) -> None:
    layer = cj.algorithms.relu_equilibrium(W, damping=damping)
    J = cj.conservative_jacobian(layer, AT)
    assert set(J.exact_blocks) == expected
    assert layer.residual(AT).vanishes
    implicit = cj.implicit_jacobian(J)
    assert set(implicit.exact_vertices) == {((1, 0), (0, 0)), ((Q(3, 4), Q(1, 2)), (Q(-1, 2), 1))}


def test_the_radius_is_that_of_the_seventh_word() -> None:
    J = cj.conservative_jacobian(cj.algorithms.relu_equilibrium(W), AT)
    radius = cj.joint_spectral_radius(J)
    assert radius.lower <= 0.5102379848
    assert radius.upper >= 0.5022028138
    assert radius.lower == pytest.approx(0.5022028138, abs=1e-9)


def test_solutions_are_equilibria_at_users_sizes() -> None:
    rng = np.random.default_rng(0)
    for p in (3, 40):
        weights, bias = rng.standard_normal((p, p)) / (3 * np.sqrt(p)), rng.standard_normal(p)
        layer = cj.algorithms.relu_equilibrium(weights, bias=bias)
        x = layer.problem.solve()
        assert np.abs(layer.evaluate(x) - x).max() < 1e-9
        assert cj.conservative_jacobian(layer, [*x, *bias]).exactness.name == "EXACT"


def test_bad_input_is_named_and_an_expanding_layer_warned_of() -> None:
    with pytest.raises(ShapeError, match="square"):
        cj.algorithms.relu_equilibrium([[1, 2]])
    with pytest.raises(ShapeError, match="2 numbers"):
        cj.algorithms.relu_equilibrium(W, bias=[1])
    with pytest.warns(cj.algorithms.RangeWarning, match="outside"):
        cj.algorithms.relu_equilibrium([[2.0]])
