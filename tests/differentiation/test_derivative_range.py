"""What differentiation may return: published sets, and every selection of short loops listed."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.differentiation.open_steps import open_step
from conservative.differentiation.range_blocks import compressed
from conservative.differentiation.range_sides import both_sides
from conservative.differentiation.tie_rows import rows_along
from conservative.functions import SwitchedJacobian

A, b = np.array([[2, 1], [1, 2], [0, 1]]), np.array([4, 3, -1])
G, c = A.T @ A, A.T @ b


def soft(z: Any, level: Any) -> Any:
    return np.maximum(z - level, 0) - np.maximum(-z - level, 0)


def forward_backward(step: Fraction) -> Any:
    return lambda w, t: soft(w - step * (G @ w - c), step * t[0])


def fista(s: Any, t: Any) -> Any:
    y = s[:2] + (s[:2] - s[2:]) / 2
    return np.concatenate([soft(y - (G @ y - c) / 10, t[0] / 10), s[:2]])


def admm(s: Any, t: Any) -> Any:
    z, u = s[:2], s[2:]
    right = c + 4 * (z - u)
    w = np.stack([10 * right[0] - 4 * right[1], 9 * right[1] - 4 * right[0]]) / 74
    after = soft(w + u, t[0] / 4)
    return np.concatenate([after, u + w - after])


def chambolle_pock(s: Any, t: Any) -> Any:
    w, bar, y = s[:2], s[2:4], s[4:]
    y = (y + (A @ bar - b) / 4) * 4 / 5
    after = soft(w - A.T @ y / 4, t[0] / 4)
    return np.concatenate([after, 2 * after - w, y])


SOLUTION = [(-1 / 5, -1 / 7), (-1 / 14, 0)]
# Support points of 40-digit arithmetic, to about 1e-6, by an independent program.
LASSO = {
    "forward-backward 1/10": (forward_backward(Fraction(1, 10)), [2, 0], SOLUTION),
    "forward-backward 1/6": (forward_backward(Fraction(1, 6)), [2, 0], SOLUTION),
    "FISTA": (fista, [2, 0, 2, 0], [(-0.20625870, -0.14276119), (-0.07151328, 0)] * 2),
    "ADMM": (
        admm, [2, 0, Fraction(1, 4), Fraction(1, 4)],
        [(-0.20224368, -1 / 7), (-0.07335907, 0), (0.25, 0.25), (0.17664093, 0.25)],
    ),
    "Chambolle-Pock": (
        chambolle_pock, [2, 0, 2, 0, 0, -1, 1],
        [(-0.21911043, -0.118155), (-0.0918, 0), (-0.23062636, -0.1136), (-0.114904, 0.0918),
         (-0.42064771, -0.3112455), (-0.2934466, -0.19992), (-0.0802808, 0)],
    ),
}  # fmt: skip


def program(step: Any, x: list[Any], theta: list[Any]) -> Any:
    return cj.from_numpy(step, [Fraction(v) for v in x], [Fraction(v) for v in theta])


@pytest.mark.parametrize("name", LASSO)
def test_algorithms_on_a_lasso_at_its_breakpoint(name: str) -> None:
    step, x, truth = LASSO[name]
    found = cj.derivative_range(program(step, x, [1]), x, [1])
    assert found.outer.shape == (len(x), 1, 2)
    np.testing.assert_allclose(found.inner[:, 0], truth, atol=1e-5)
    np.testing.assert_allclose(found.outer, found.inner, atol=1e-9)
    assert (found.outer[..., 0] <= np.array(truth)[:, None, 0] + 1e-8).all()
    assert (found.outer[..., 1] >= np.array(truth)[:, None, 1] - 1e-8).all()


NET = cj.problems.elastic_net(A.tolist(), b.tolist(), ridge=1)
FIRST = [(-1 / 6, -3 / 26), (-1 / 13, 0)]
# From the same program of 40 digits: the elastic net at its breakpoint 5.
ELASTIC_NET = {
    "forward-backward": (cj.algorithms.forward_backward(NET, step=Fraction(1, 10)), FIRST),
    "coordinate descent": (cj.algorithms.coordinate_descent(NET), FIRST),
    "FISTA": (
        cj.algorithms.fista(NET, step=Fraction(1, 10), momentum=Fraction(1, 2)),
        [(-0.17400964, -0.11378164), (-0.07833839, 0)] * 2,
    ),
    "Douglas-Rachford": (
        cj.algorithms.douglas_rachford(NET, step=Fraction(1, 4)),
        [(0.0827590680, 0.1346153846), (0.1594961173, 0.1795427768)],
    ),
    "ADMM": (
        cj.algorithms.admm(NET, penalty=4),
        [(-0.16724093, -0.11538462), (-0.09050388, 0), (0.25, 0.25), (0.15949612, 0.25)],
    ),
}


@pytest.mark.parametrize("name", ELASTIC_NET)
def test_algorithms_on_an_elastic_net_at_its_breakpoint(name: str) -> None:
    F, truth = ELASTIC_NET[name]
    state = F.lift([Fraction(1), Fraction(0)], [Fraction(5)])
    found = cj.derivative_range(F, list(state), [5], tangent=[1])
    np.testing.assert_allclose(found.inner, truth, atol=1e-5)
    np.testing.assert_allclose(found.outer, found.inner, atol=1e-4)
    assert (found.outer[..., 0] <= np.array(truth)[:, 0] + 1e-8).all()
    assert (found.outer[..., 1] >= np.array(truth)[:, 1] - 1e-8).all()


@pytest.mark.parametrize(
    ("name", "truth"),
    [("forward-backward 1/10", [-0.2, 0]), ("FISTA", [-0.2, 0] * 2), ("ADMM", [-0.2, 0, 0.25, 0.2]),
     ("Chambolle-Pock", [-0.2, 0, -0.2, 0, -0.4, -0.2, 0])],
)  # fmt: skip
def test_smooth_points_have_one_derivative(name: str, truth: list[float]) -> None:
    """The same lasso at the weight 5: no ties, and J_pb is one point."""
    x = {
        "FISTA": ["6/5", 0, "6/5", 0], "ADMM": ["6/5", 0, "5/4", "21/20"],
        "Chambolle-Pock": ["6/5", 0, "6/5", 0, "-8/5", "-9/5", 1],
    }.get(name, ["6/5", 0])  # fmt: skip
    found = cj.derivative_range(program(LASSO[name][0], x, [5]), [Fraction(v) for v in x], [5], tangent=[1])
    assert found.ties == 0
    np.testing.assert_allclose(found.inner, np.repeat(np.array(truth)[:, None], 2, axis=1), atol=1e-11)
    np.testing.assert_allclose(found.outer, found.inner, atol=1e-10)


def test_kinks_of_one_state() -> None:
    F = cj.from_sympy("t - Piecewise((x/4, x >= 0), (3*x/4, True))", state=["x"], parameters=["t"])
    found = cj.derivative_range(F, [0], [0], tangent=[1], cotangent=[1])
    np.testing.assert_allclose([*found.inner, *found.outer], [4 / 13, 12 / 13] * 2, atol=1e-9)
    F = cj.from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
    found = cj.derivative_range(F, [0], [0], tangent=[1], cotangent=[1])
    np.testing.assert_allclose([*found.inner, *found.outer], [0, 2] * 2, atol=1e-9)


def test_nonnegative_least_squares() -> None:
    Q = np.array([[2, 3], [3, 6]])
    F = program(lambda x, t: np.maximum(x - (Q @ x - t) / 5, 0), [1, 0], [2, 3])
    truth = np.array([[[0.5, 2], [-1, 0]], [[-1.2, 0], [0, 0.8]]])
    found = cj.derivative_range(F, [1, 0], [2, 3])
    np.testing.assert_allclose(found.inner, truth, atol=1e-5)
    assert (found.outer[..., 0] <= truth[..., 0]).all()
    assert (found.outer[..., 1] >= truth[..., 1]).all()
    assert cj.derivative_range(F, [1, 0], [2, 3], tangent=[1, 0]).outer.shape == (2, 2)
    assert cj.derivative_range(F, [1, 0], [2, 3], cotangent=[1, 0]).outer.shape == (2, 2)


def every_selection(F: Any, x: list[Any], theta: list[Any], steps: int) -> np.ndarray:
    """All J_T of a loop that stays at a fixed point, from the vertices of 𝒥."""
    blocks = cj.conservative_jacobian(F, [*x, *theta]).vertices
    p, found = len(x), np.zeros((1, len(x), len(theta)))
    for _ in range(steps):
        found = np.concatenate([J[:, :p] @ found + J[:, p:] for J in blocks])
    return found


@pytest.mark.parametrize("steps", [1, 2, 4, 7])
@pytest.mark.parametrize("name", ["forward-backward 1/10", "FISTA", "ADMM", "Chambolle-Pock"])
def test_every_selection_of_a_short_loop_is_inside(name: str, steps: int) -> None:
    step, x, _ = LASSO[name]
    F = program(step, x, [1])
    truth = every_selection(F, [Fraction(v) for v in x], [Fraction(1)], steps)
    found = cj.derivative_range(F, x, [1], steps=steps)
    assert found.proved
    assert (found.outer[..., 0] <= truth.min(axis=0) + 1e-14).all()
    assert (found.outer[..., 1] >= truth.max(axis=0) - 1e-14).all()
    assert (found.inner[..., 0] >= truth.min(axis=0) - 1e-14).all()
    assert (found.inner[..., 1] <= truth.max(axis=0) + 1e-14).all()


def _random_step(seed: int, k: int) -> tuple[Any, list[Any], list[Any]]:
    """Ties of several kinds at 0: maxima of three, maxima within maxima."""
    rng = np.random.default_rng(seed)
    M, N = (rng.integers(-2, 3, size=(4, n)) for n in (k, 2))

    def step(x: Any, t: Any) -> Any:
        z = (M @ x + N @ t) / 4
        first = np.maximum(z[0], 0)
        return np.concatenate([
            np.stack([np.maximum(first + z[1], z[2])]), np.stack([np.max(z[1:])]), (np.abs(z[:1]) + x[:1]) / 3,
        ])[:k]  # fmt: skip

    return step, [0] * k, [0, 0]


@pytest.mark.parametrize(("seed", "k"), list(itertools.product(range(6), (1, 2, 3))))
def test_ties_that_act_on_each_other(seed: int, k: int) -> None:
    step, x, theta = _random_step(seed, k)
    F = program(step, x, theta)
    truth = every_selection(F, x, theta, 2)
    for made in (F, cj.from_numpy(step, np.zeros(k), np.zeros(2))):
        at = (x, theta) if made is F else (np.zeros(k), np.zeros(2))
        found = cj.derivative_range(made, *at, steps=2)
        low, high = truth.min(axis=0), truth.max(axis=0)
        assert (found.outer[..., 0] <= low + 1e-13).all()
        assert (found.outer[..., 1] >= high - 1e-13).all()
        assert (found.inner[..., 0] >= low - 1e-13).all()
        assert (found.inner[..., 1] <= high + 1e-13).all()


LEVEL = 0.5


def lasso_with_ties(p: int, n: int, ties: int) -> tuple[Any, np.ndarray]:
    """Forward-backward on a random lasso, and its solution with `ties` coordinates at their thresholds."""
    rng = np.random.default_rng(0)
    X, w, g = rng.standard_normal((n, p)) / n**0.5, np.zeros(p), rng.uniform(-0.4, 0.4, p)
    w[:8] = rng.choice([-1, 1], 8) * (1 + rng.random(8))
    g[:8], g[8 : 8 + ties] = LEVEL * np.sign(w[:8]), LEVEL
    right, a = X.T @ (X @ w) + g, 1 / np.linalg.norm(X, 2) ** 2
    return lambda x, t: soft(x - a * (X.T @ (X @ x) - right), a * t[0]), w


def replayed(step: SwitchedJacobian, choices: np.ndarray) -> np.ndarray:
    """u_T for weights (T, k, c), from 0 and by one parameter."""
    p = len(step.Y)
    u = np.zeros((p, choices.shape[2]))
    for s in choices:
        x = np.concatenate([u, np.ones((1, u.shape[1]))])
        u = step.base @ x + step.Y @ (s * (step.Z @ x))
    return u


@pytest.mark.parametrize(
    ("steps", "ties"),
    [(30, 4), (None, 4), (40, 10), (None, 10), *(pytest.param(T, 20, marks=pytest.mark.slow) for T in (40, None))],
)
def test_many_ties_that_feed_back_into_each_other(steps: int | None, ties: int) -> None:
    """Ten ties, at a gain above 1 in the largest norm; yet the bracket is narrow."""
    step, w = lasso_with_ties(100, 150, ties)
    F = cj.from_numpy(step, w, [LEVEL])
    rng = np.random.default_rng(1)
    directions = np.stack([rng.standard_normal(100), np.eye(100)[8], np.eye(100)[0]])
    S = F.linearized(np.append(w, LEVEL), tolerance=1e-12)
    assert len(S.Z) == ties
    T = steps or 200
    fair = rng.integers(2, size=(T, ties, 300)).astype(float)
    steady = np.repeat(rng.integers(2, size=(1, ties, 300)).astype(float), T, axis=0)
    reached = directions @ np.concatenate([replayed(S, fair), replayed(S, steady)], axis=1)
    for direction, values in zip(directions, reached, strict=True):
        found = cj.derivative_range(F, w, [LEVEL], steps=steps, tangent=[1.0], cotangent=direction)
        assert found.outer.lower <= found.inner.lower <= found.inner.upper <= found.outer.upper
        assert found.outer.lower <= values.min()
        assert values.max() <= found.outer.upper
        most = {4: 1.0001, 10: 1.2, 20: 3.0}[ties]
        assert found.outer.upper - found.outer.lower <= most * (found.inner.upper - found.inner.lower)


def test_coordinates_that_stay_zero_are_left_out() -> None:
    """The same range in all coordinates and in the few that derivatives have."""
    step, w = lasso_with_ties(80, 120, 3)
    S = cj.from_numpy(step, w, [LEVEL]).switched([*w, LEVEL])
    made, W, v, u = [open_step(S)] * 20, np.eye(80)[:, :12], np.ones(1), np.zeros(80)
    small = compressed(made, W, v, u)
    assert len(small[3]) == 11
    for few, all_of_them in zip(both_sides_of(*small), both_sides_of(made, W, v, u), strict=True):
        np.testing.assert_allclose(few, all_of_them, atol=1e-13)


def both_sides_of(steps: Any, W: Any, v: Any, u: Any) -> Any:
    return both_sides(steps, rows_along(steps, u, v)[0], W, v, u)


def test_a_loop_without_ties_has_one_derivative() -> None:
    F = cj.from_numpy(forward_backward(Fraction(1, 10)), [0.3, 0.2], [5.3])
    found = cj.derivative_range(F, [0.3, 0.2], [5.3], steps=60)
    run = cj.piggyback(F, [0.3, 0.2], [5.3], steps=60)
    assert found.ties == 0
    assert not found.proved
    np.testing.assert_allclose(found.inner[..., 0], run.derivatives[-1], atol=1e-12)
    np.testing.assert_allclose(found.outer[..., 1] - found.outer[..., 0], 0, atol=1e-11)


def test_what_is_refused() -> None:
    F = program(forward_backward(Fraction(1, 10)), [2, 0], [1])
    with pytest.raises(cj.ArgumentError, match="fixed point"):
        cj.derivative_range(F, [1, 0], [1])
    with pytest.raises(cj.ShapeError, match="cotangent"):
        cj.derivative_range(F, [2, 0], [1], cotangent=[1])
    with pytest.raises(cj.ExpansionError, match="steps"):
        cj.derivative_range(cj.from_sympy("2*x + Abs(x) + t", state=["x"], parameters=["t"]), [0], [0])
