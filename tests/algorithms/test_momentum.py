"""Momentum on f = x²/2 (x ≥ 0), κx²/2 (x < 0): radii in closed form, above one although the methods converge.

Nesterov, tuned: 4^(1/5) (1 - κ^(-1/2)). Polyak, tuned: (1 + √2)(√κ - 1)/(√κ + 1).
"""

from fractions import Fraction as Q
from math import sqrt
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.algorithms import heavy_ball, nesterov
from conservative.problems import Problem
from conservative.problems.parameters import Parameters
from conservative.problems.penalties import SquaredL2


class Kinked:
    """Its gradient is w or κw."""

    def __init__(self, right: Any, left: Any) -> None:
        self.right, self.left = right, left

    def gradient(self, w: Any, v: Any) -> Any:
        return self.left * w + (self.right - self.left) * np.maximum(w, 0)  # one tie, not two

    def curvatures(self, v: Any) -> tuple[float, float]:
        return min(self.right, self.left), max(self.right, self.left)


def problem(right: Any, left: Any) -> Problem:
    return Problem(
        name="kinked", size=1, smooth=Kinked(right, left), penalty=SquaredL2(),
        parameters=Parameters(("lambda",), {"lambda": Q(0)}), solver=lambda P, v: np.array([Q(0)]),
    )  # fmt: skip


def radius(algorithm: Any) -> cj.JointSpectralRadius:
    J = cj.conservative_jacobian(algorithm, [0, 0, 0])
    return cj.joint_spectral_radius(J.state.vertices, tol=1e-6)


@pytest.mark.parametrize("root", [2, 5])
def test_tuned_momentum_has_the_closed_forms(root: int) -> None:
    P = problem(1, root * root)
    fast = radius(nesterov(P, step=Q(1, root * root), momentum=Q(root - 1, root + 1)))
    assert fast.lower - 1e-6 <= 4**0.2 * (1 - 1 / root) <= fast.upper + 1e-6
    heavy = radius(heavy_ball(P, step=Q(4, (root + 1) ** 2), momentum=Q((root - 1) ** 2, (root + 1) ** 2)))
    assert heavy.lower - 1e-6 <= (1 + sqrt(2)) * (root - 1) / (root + 1) <= heavy.upper + 1e-6


def test_the_heavy_ball_of_the_talk_expands_and_nesterov_does_not() -> None:
    P = problem(1, 0.25)
    assert radius(heavy_ball(P, step=1, momentum="3/4")).lower == pytest.approx(1.0321435344, abs=1e-6)
    assert radius(nesterov(P, step=1, momentum="3/4")).upper == pytest.approx(0.9038033491, abs=1e-5)
