"""An output takes the side of a tie that the step takes, a fixed point must be one, and residuals widen bounds."""

from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ArgumentError
from conservative.differentiation.shared_ties import moving

LASSO = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
SPLIT = cj.algorithms.douglas_rachford(LASSO, step=Fraction(1, 4))
AT = [2.25, 0.25]


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_constant_weights_lead_outputs_into_the_segment(weight: float) -> None:
    """L1: between (−1/5, 0) and (−1/7, −1/14), by one weight for z and w = soft(z, γλ)."""
    run = cj.piggyback(SPLIT, AT, [1.0], steps=120, ties=weight, fixed_point=AT)
    W = run.output_derivatives[-1].ravel()
    share = W[1] / (-1 / 14)
    assert -1e-9 <= share <= 1 + 1e-9
    np.testing.assert_allclose(W[0], -1 / 5 + share * (1 / 5 - 1 / 7), atol=1e-9)


def test_random_weights_are_drawn_once_for_a_step_and_its_output() -> None:
    run = cj.piggyback(SPLIT, AT, [1.0], steps=30, ties=cj.ties.random(np.random.default_rng(0)), fixed_point=AT)
    form = SPLIT.joint_map.switched([Fraction(9, 4), Fraction(1, 4), 1])
    blocks = form.vertices().astype(float)
    both = set()
    for t in range(30):
        seed = np.vstack([run.derivatives[t], [[1.0]]])
        found = np.vstack([run.derivatives[t + 1], run.output_derivatives[t]])
        gaps = np.abs(blocks @ seed - found).max(axis=(1, 2))
        s = form.jvp(np.array([0.5]), seed.astype(object)) if gaps.min() > 1e-12 else None
        assert s is None
        both.add(int(gaps.argmin()))
    assert both == {0, 1}


def test_joint_maps_show_outputs_to_every_call() -> None:
    """[A B; C D] with one tie: 2 vertices of 4 × 3 blocks."""
    J = cj.conservative_jacobian(SPLIT.joint_map, [Fraction(9, 4), Fraction(1, 4), 1])
    assert J.vertices.shape == (2, 4, 3)
    form = SPLIT.joint_map.switched([Fraction(9, 4), Fraction(1, 4), 1])
    assert moving(form, 2).tolist() == [0]
    assert moving(form, 0).tolist() == []


def test_a_fixed_point_that_is_none_is_refused_with_its_residual() -> None:
    step = cj.algorithms.forward_backward(LASSO, step=0.1)
    with pytest.raises(
        ArgumentError, match=r"`piggyback\(fixed_point=...\)` needs F\(x, θ\) = x; F moves this point by 1"
    ):
        cj.piggyback(step, [0.0, 0.0], [1.0], steps=3, fixed_point=[3.0, 1.0])


def test_the_bound_of_an_unconverged_loop_holds_what_the_residual_moves() -> None:
    """x ← (x + θ/x)/2: derivatives are off by what A is at x_T, not 0."""
    F = cj.from_sympy("(x + t/x)/2", state="x", parameters="t")
    for steps in (2, 3):
        run = cj.piggyback(F, [1.0], [2.0], steps=steps)
        assert abs(run.derivatives[-1].item() - 8**-0.5) <= run.bound < 0.1
    G = cj.from_sympy("x/2 + t*cos(x)/4", state="x", parameters="t")
    exact = cj.piggyback(G, [0.0], [1.0], steps=100).derivatives[-1].item()
    for steps in (4, 6, 9):
        run = cj.piggyback(G, [2.0], [1.0], steps=steps)
        assert abs(run.derivatives[-1].item() - exact) <= run.bound < 3.0
