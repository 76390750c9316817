"""Proved rates: never exceeded by two states of a random instance in the algorithm's metric, and approached by some."""

from collections.abc import Callable
from fractions import Fraction as Q
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.linalg import eigh
from strategies.stages import drawn

import conservative as cj
from conservative import algorithms, problems
from conservative.algorithms import Algorithm


def data(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    return rng.normal(size=(n + 2, n)), rng.normal(size=n + 2)


def lasso(seed: int) -> Any:
    return problems.lasso(*data(seed), weight=0.3)


def ridge(seed: int) -> Any:
    return problems.ridge(*data(seed), weight=0.3)


def net(seed: int) -> Any:
    return problems.elastic_net(*data(seed), ridge=0.4, weight=0.2)


def dominant(seed: int) -> Any:
    X, y = data(seed)
    return problems.box_qp(X.T @ X + 20 * np.eye(X.shape[1]), X.T @ y, lower=-0.01, upper=0.02)


def transport(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    a, b = (rng.uniform(0.2, 1, size=n) for n in (3, 4))
    return problems.optimal_transport(rng.uniform(size=(3, 4)), a=a / a.sum(), b=b / b.sum(), epsilon=0.3)


def layer(seed: int) -> Algorithm:
    W = np.random.default_rng(seed).normal(size=(4, 4))
    return algorithms.relu_equilibrium(0.9 * W / np.linalg.norm(W, 2), damping=0.8)


def euclidean(A: Algorithm, d: Any) -> Any:
    return np.linalg.norm(d, axis=-1)


def energy(A: Algorithm, d: Any) -> Any:
    P = A.problem
    H = P.smooth.hessian(P.parameters.values) + P.penalty.curvature(P.parameters.values) * np.eye(P.size)
    return np.sqrt(np.einsum("ki,ij,kj->k", d, H, d))


def sum_of_halves(A: Algorithm, d: Any) -> Any:
    return np.linalg.norm(d[:, : A.problem.size] + d[:, A.problem.size :], axis=-1)


def primal_dual(A: Algorithm, d: Any) -> Any:
    p, v = A.problem.size, A.problem.parameters.values
    x, y = 2 * d[:, :p] - d[:, p : 2 * p], d[:, 2 * p :]
    cross = np.einsum("ki,ij,kj->k", y, v["X"], x)
    return np.sqrt((x * x).sum(axis=1) / v["step"] + (y * y).sum(axis=1) / v["dual_step"] - 2 * cross)


METRICS: dict[str, tuple[Callable[[int], Any], Callable[[Any], Algorithm], Callable[[Algorithm, Any], Any]]] = {
    "gradient descent": (ridge, lambda P: algorithms.gradient_descent(P), euclidean),
    "forward-backward": (lasso, lambda P: algorithms.forward_backward(P), euclidean),
    "forward-backward, smooth": (ridge, lambda P: algorithms.forward_backward(P), euclidean),
    "projected gradient": (dominant, lambda P: algorithms.projected_gradient(P), euclidean),
    "dual projected gradient": (
        lambda seed: problems.total_variation(data(seed)[1], weight=0.3),
        lambda P: algorithms.dual_projected_gradient(P),
        euclidean,
    ),
    "Newton": (ridge, algorithms.newton, euclidean),
    "coordinate descent": (ridge, algorithms.coordinate_descent, energy),
    "coordinate descent, kinks": (dominant, algorithms.coordinate_descent, lambda A, d: np.abs(d).max(axis=-1)),
    "Douglas-Rachford": (lasso, lambda P: algorithms.douglas_rachford(P, step=0.4), euclidean),
    "ADMM": (lasso, lambda P: algorithms.admm(P, penalty=1.5), sum_of_halves),
    "Chambolle-Pock": (net, lambda P: algorithms.chambolle_pock(P), primal_dual),
    "Chambolle-Pock, smooth": (ridge, lambda P: algorithms.chambolle_pock(P, step=0.1), primal_dual),
    "Sinkhorn": (transport, algorithms.sinkhorn, lambda A, d: np.ptp(d, axis=-1)),
    "ReLU equilibrium": (layer, lambda A: A, euclidean),
}


def quotients(A: Algorithm, norm: Any, seed: int) -> Any:
    """Of the distances of two states after a step and before it, both states that a step returned."""
    rng = np.random.default_rng(seed)
    theta = A.problem.theta.astype(float)
    one, other = (A.evaluate(3 * rng.normal(size=(60, A.state_size)), theta) for _ in range(2))
    before, after = one - other, A.evaluate(one, theta) - A.evaluate(other, theta)
    return norm(A, after), norm(A, before)


def never_exceeded(name: str, seed: int) -> None:
    make, build, norm = METRICS[name]
    A = build(make(seed))
    if A.rate is not None:
        after, before = quotients(A, norm, seed)
        assert (after <= A.rate.upper * before * (1 + 1e-9) + 1e-12).all()


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("seed", range(3))
def test_no_two_states_come_nearer_more_slowly(name: str, seed: int) -> None:
    assert METRICS[name][1](METRICS[name][0](seed)).rate is not None
    never_exceeded(name, seed)


@drawn(8, 60, st.sampled_from(sorted(METRICS)), st.integers(0, 10**6))
def test_no_two_states_come_nearer_more_slowly_on_many_instances(name: str, seed: int) -> None:
    never_exceeded(name, seed)


@pytest.mark.parametrize("name", ["gradient descent", "forward-backward", "forward-backward, smooth"])
def test_some_states_come_nearer_as_slowly(name: str) -> None:
    make, build, _ = METRICS[name]
    A = build(make(1))
    far = 1e3 * np.ones(A.state_size)  # nothing is thresholded to 0 there
    block = A.switched([*far, *A.problem.theta]).dense_base()[:, : A.state_size]
    assert np.linalg.norm(block, 2) == pytest.approx(A.rate.upper, rel=1e-8)
    assert np.linalg.norm(block, 2) >= A.rate.lower * (1 - 1e-12)


def test_a_sweep_attains_its_factor_in_the_energy() -> None:
    A = algorithms.coordinate_descent(ridge(2))
    M = A.switched().dense_base()[:, : A.state_size]
    found = max(energy(A, (M @ v)[None])[0] / energy(A, v[None])[0] for v in worst(A, M))
    assert found == pytest.approx(A.rate.upper, rel=1e-8)


def worst(A: Algorithm, M: Any) -> Any:
    P = A.problem
    H = P.smooth.hessian(P.parameters.values) + P.penalty.curvature(P.parameters.values) * np.eye(P.size)
    return eigh(M.T @ H @ M, H)[1].T


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("step", [0.02, 0.1])
@pytest.mark.parametrize("family", [algorithms.heavy_ball, algorithms.nesterov, algorithms.fista])
def test_rates_of_momentum_are_spectral_radii(family: Any, step: float, momentum: float) -> None:
    A = family(ridge(5), step=step, momentum=momentum)
    block = A.switched().dense_base()[:, : A.state_size]
    radius = np.abs(np.linalg.eigvals(block)).max()
    assert A.rate.lower - 1e-6 <= radius <= A.rate.upper + 1e-6


def test_splittings_attain_their_rate_where_curvatures_lie_along_coordinates() -> None:
    # On H = diag(μ, L) the reflections are ±1 in each coordinate, and one sign makes the factor.
    P = problems.lasso(np.diag([1.0, 3.0]), [2.0, 1.0], weight=0.1)
    signs = [[first, second] for first in (0, 1) for second in (0, 1)]
    free, fixed = np.array([50.0, 50.0]), -np.array([2.0, 3.0])  # ADMM's z, u = 0, with w far from 0 and at 0
    for A, states in (
        (algorithms.douglas_rachford(P, step=1.0), [5.0 * np.array(pair) for pair in signs]),
        (algorithms.admm(P, penalty=1), [np.where([*pair, 1, 1], [*free, 0, 0], [*fixed, 0, 0]) for pair in signs]),
    ):
        blocks = [A.switched([*z, 0.1]).dense_base()[:, : A.state_size] for z in states]
        found = max(np.abs(np.linalg.eigvals(block)).max() for block in blocks)
        assert A.rate.lower <= found * (1 + 1e-9)
        assert found <= A.rate.upper * (1 + 1e-9)


def test_birkhoff_is_attained_at_two_by_two() -> None:
    A = algorithms.sinkhorn(problems.optimal_transport([[0, 1], [1, 0]], epsilon=Q(1, 2)))
    assert A.rate.upper == pytest.approx(np.tanh(1.0) ** 2, rel=1e-14)
    assert A.rate.lower <= np.tanh(1.0) ** 2 <= A.rate.upper


def test_kinks_take_the_norm_of_the_energy_from_coordinate_descent() -> None:
    # The piece of the lasso whose second coordinate is set to 0: A = [0 -4/5; 0 0], H = [5 4; 4 6].
    A = algorithms.coordinate_descent(problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1]))
    M = np.array([[0, -4 / 5], [0, 0]])
    assert any(np.allclose(M, J[:, :2]) for J in A.switched([2, 0, 1]).vertices().astype(float))
    H, v = np.array([[5.0, 4], [4, 6]]), np.array([-4 / 5, 1])
    assert (M @ v) @ H @ (M @ v) > 1.1 * v @ H @ v
    assert A.metric == "maximum"
    assert A.rate == cj.Bracket(0.8, 0.8) or A.rate.upper == pytest.approx(0.8)


@pytest.mark.parametrize("build", [
    lambda: algorithms.forward_backward(problems.lasso([[1.0, 1.0]], [1.0])),
    lambda: algorithms.douglas_rachford(problems.lasso([[1.0, 1.0]], [1.0])),
    lambda: algorithms.chambolle_pock(problems.lasso([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])),
    lambda: algorithms.coordinate_descent(problems.lasso([[1.0, 1.0], [1.0, 1.1]], [1.0, 1.0])),
    lambda: algorithms.fista(lasso(0)),
    lambda: algorithms.sinkhorn(problems.optimal_transport([[0, 1], [1, 0]], epsilon=1e-3)),
    lambda: algorithms.forward_backward(problems.logistic(data(0)[0], np.sign(data(0)[1]))),
])  # fmt: skip
def test_no_rate_is_claimed_where_none_is_proved(build: Any) -> None:
    assert build().rate is None
