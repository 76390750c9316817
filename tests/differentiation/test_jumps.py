"""Steps that choose by their state jump beside the solution where their pieces meet, and are refused for that."""

from collections.abc import Callable

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import DiscontinuityError

G, C = np.array([[5.0, 4.0], [4.0, 6.0]]), np.array([11.0, 9.0])


def soft(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.maximum(np.abs(x) - t, 0)


def semismooth_newton(w: np.ndarray, t: np.ndarray) -> np.ndarray:
    u = w - (G @ w - C) / 10
    free = (np.abs(u) > t / 10) * 1.0
    V = np.eye(2) - free[:, None] * (np.eye(2) - G / 10)
    return w - np.linalg.solve(V, w - soft(u, t / 10))


def greedy(w: np.ndarray, t: np.ndarray) -> np.ndarray:
    d = soft(w - (G @ w - C) / np.diag(G), t / np.diag(G)) - w
    return w + d * (np.arange(2) == np.argmax(np.abs(d)))


def restarted(z: np.ndarray, t: np.ndarray) -> np.ndarray:
    w, v = z[:2], z[2:]
    y = w + v / 2
    after = soft(y - (G @ y - C) / 10, t / 10)
    return np.concatenate([after, np.where((y - after) @ (after - w) <= 0, after - w, 0 * w)])


def hypergradient(lam: np.ndarray, target: np.ndarray) -> np.ndarray:
    w = np.maximum((11 - lam) / 5, 0)
    return lam + (w - target) * np.where(lam < 11, 1 / 5, 0.0)


def tidy(w: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The same as a prox by control, and continuous."""
    u = w - (G @ w - C) / 10
    return np.stack([x - np.sign(x) * t[0] / 10 if abs(x) > t[0] / 10 else 0 * x for x in u])


@pytest.mark.parametrize(
    ("step", "x"),
    [
        (semismooth_newton, [2.0, 0.0]),
        (greedy, [2.0, 0.0]),
        (restarted, [2.0, 0.0, 0.0, 0.0]),
        (hypergradient, [11.0]),
    ],
)
def test_steps_that_jump_are_refused_with_that_reason(step: Callable[..., np.ndarray], x: list[float]) -> None:
    """L1 at its breakpoint λ = 1, and hypergradient descent at λmax = 11."""
    F = cj.from_numpy(step, x, [1.0])
    for call in (cj.implicit_jacobian, cj.one_step_jacobian, lambda F: cj.verify_contraction(F)):
        with pytest.raises(DiscontinuityError, match=r"jumps (beside|at) the point"):
            call(F)


def test_control_that_meets_continuously_is_taken() -> None:
    found = cj.implicit_jacobian(cj.from_numpy(tidy, [2.0, 0.0], [1.0]))
    values = {tuple(vertex.ravel().round(12)) for vertex in found.vertices}
    assert {(-0.2, 0.0), (round(-1 / 7, 12), round(-1 / 14, 12))} <= values
