"""Truth table, section 3: momentum on x²/2 | x²/8 at its kink, and Newton's root with both its derivatives."""

import numpy as np
import pytest

import conservative as cj

SQRT2 = 2**0.5


def momentum(kind: str, beta: str) -> cj.PiecewiseSelection:
    """α = 1: the gradient is x for x ≥ 0 and x/4 below; Nesterov takes it at y = x + β(x − x₋)."""
    if kind == "heavy ball":
        step = f"x - Piecewise((x, x >= 0), (x/4, True)) + {beta}*(x - y) + t"
    else:
        at = f"(x + {beta}*(x - y))"
        step = f"{at} - Piecewise(({at}, {at} >= 0), ({at}/4, True)) + t"
    return cj.from_sympy([step, "x"], state=["x", "y"], parameters=["t"])


@pytest.mark.parametrize(
    ("kind", "beta", "lower", "upper"),
    [
        ("heavy ball", "3/4", 1.0321435344, 1.0999148663),
        ("heavy ball", "1/2", 0.8830926850, 0.9345091634),
        ("heavy ball", "1/4", 0.6982602642, 0.7603484065),
        ("nesterov", "3/4", 0.9038033491, 0.9750618419),
        ("nesterov", "9/10", 0.9871266548, 1.0612857433),
    ],
)
def test_momentum_at_the_kink(kind: str, beta: str, lower: float, upper: float) -> None:
    """Bounds by brute force over products; contraction of an adapted norm is that the radius is below one."""
    found = cj.verify_contraction(momentum(kind, beta), at=[0, 0, 0])
    assert found.contracts is (lower < 1)
    assert found.certificate is not None
    assert cj.check(found.certificate).valid
    if found.contracts:
        assert lower - 1e-9 <= found.factor.upper < 1
        assert found.steps is None or found.steps > 1
    else:
        assert found.how is cj.Contraction.REFUTED
        assert sorted(found.word) == [0, 0, 1, 1]
        assert found.factor.upper >= lower - 1e-9
    assert found.factor.lower <= upper


@pytest.mark.parametrize(
    ("steps", "point", "derivative", "one_step"),
    [
        (1, 0.0857864, 0.146447, 0.0202201),
        (2, 0.0024531, 0.00755772, 0.000612214),
        (3, 2.1239e-6, 1.25456e-5, 5.30975e-7),
        (4, 1.59486e-12, 1.84425e-11, 3.98715e-13),
    ],
)
def test_newton_root(steps: int, point: float, derivative: float, one_step: float) -> None:
    """NR: x ← (x + θ/x)/2 from 1 at θ = 2; errors of x_t, of piggyback and of the last step alone."""
    F = cj.from_sympy("(x + t/x)/2", state="x", parameters="t")
    run = cj.piggyback(F, [1.0], [2.0], steps=steps)
    exact = 1 / (2 * SQRT2)
    slack = 2e-15
    assert abs(run.points[-1].item() - SQRT2) == pytest.approx(point, rel=1e-4, abs=slack)
    assert abs(run.derivatives[-1].item() - exact) == pytest.approx(derivative, rel=1e-4, abs=slack)
    last = cj.one_step_jacobian(F, [*run.points[-1], 2.0])
    assert abs(last.value.item() - exact) == pytest.approx(one_step, rel=1e-4, abs=slack)
    assert abs(last.value.item() - exact) <= last.bound
    implicit = cj.implicit_jacobian(F, [*run.points[-1], 2.0])
    assert abs(implicit.vertices.item() - exact) <= implicit.error + slack
    assert np.isfinite(implicit.error)
