"""FISTA with the momenta t_k of its article: loops follow them, and what needs a fixed point says why there is none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.algorithms import fista
from conservative.problems import lasso

X, Y = np.array([[2.0, 1], [1, 2], [0, 1]]), np.array([4.0, 3, -1])
MOVING = fista(lasso(X, Y), step=0.1, momentum="t_k")
START = [0.0, 0, 0, 0, 1]
AT = [*MOVING.lift([1.2, 0.0], [5.0]), 5.0]


def by_hand(weight: float, steps: int) -> Any:
    w, before, t = np.zeros(2), np.zeros(2), 1.0
    for _ in range(steps):
        after = (1 + np.sqrt(1 + 4 * t * t)) / 2
        y = w + (t - 1) / after * (w - before)
        z = y - 0.1 * X.T @ (X @ y - Y)
        w, before, t = np.sign(z) * np.maximum(np.abs(z) - 0.1 * weight, 0), w, after
    return w


@pytest.mark.parametrize("steps", [1, 7, 25])
def test_loops_follow_the_momenta_and_differentiate_through_them(steps: int) -> None:
    run = cj.piggyback(MOVING, START, [5.0], steps=steps)
    assert run.outputs[-1] == pytest.approx(by_hand(5.0, steps), abs=1e-13)
    differences = (by_hand(5 + 1e-6, steps) - by_hand(5 - 1e-6, steps)) / 2e-6
    assert run.output_derivatives[-1][:, 0] == pytest.approx(differences, abs=1e-8)
    pushed = cj.jvp(MOVING, START, [5.0], [1.0], steps=steps).tangents[-1]
    pulled = cj.vjp(MOVING, START, [5.0], [1, -2, 0, 0, 0], steps=steps, checkpoints=0).value
    assert pushed[:2] == pytest.approx(run.output_derivatives[-1][:, 0], abs=1e-13)
    assert pulled == pytest.approx([pushed[0] - 2 * pushed[1]], abs=1e-13)


def test_a_clock_that_goes_on_does_not_hide_that_the_answer_came_to_rest() -> None:
    run = cj.piggyback(MOVING, START, [5.0], steps=150)
    assert run.status.name == "AT_REST"
    assert run.points[-1, -1] > 70
    assert run.output_derivatives[-1][:, 0] == pytest.approx([-0.2, 0], abs=1e-9)


@pytest.mark.parametrize("call", [
    lambda: cj.implicit_jacobian(MOVING, AT),
    lambda: cj.fixed_set(MOVING, at=AT, tol=0.1),
    lambda: cj.one_step_jacobian(MOVING, AT),
    lambda: cj.verify_contraction(MOVING, at=AT),
    lambda: cj.derivative_range(MOVING, AT[:-1], [5.0]),
    lambda: cj.piggyback(MOVING, START, [5.0], steps=3, fixed_point=AT[:-1]),
    lambda: MOVING.residual(AT),
])  # fmt: skip
def test_what_needs_a_fixed_point_says_why_there_is_none(call: Callable[[], Any]) -> None:
    with pytest.raises(cj.ArgumentError, match=r"depends on the number of the step.*take a constant `momentum`"):
        call()


def test_a_step_outside_of_its_range_warns_and_other_words_are_refused() -> None:
    with pytest.warns(cj.algorithms.RangeWarning, match="0 < step <= 1/L"):
        fista(lasso(X, Y), step=0.3, momentum="t_k")
    with pytest.raises(cj.ArgumentError):
        fista(lasso(X, Y), momentum="nesterov")
