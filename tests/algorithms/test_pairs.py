"""Every algorithm on every problem that it serves: fixed points, derivatives, differences and batches agree."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import conservative as cj
from conservative import algorithms, problems

_RNG = np.random.default_rng(0)
X, Y = _RNG.normal(size=(8, 4)), _RNG.normal(size=8)
PROBLEMS = {
    "lasso": problems.lasso(X, Y),
    "mean": problems.lasso(X, Y, scale="mean", weight=0.1),
    "data": problems.lasso(X, Y, theta=("lambda", "y", "X")),
    "sparse": problems.lasso(sp.csr_array(X), Y, theta=("lambda", "y")),
    "elastic net": problems.elastic_net(X, Y, ridge=0.3, theta=("lambda", "ridge")),
    "ridge": problems.ridge(X, Y),
    "nonnegative": problems.nonnegative_least_squares(X, Y),
    "box": problems.box_qp(X.T @ X, X.T @ Y, lower=-0.3, upper=0.3),
    "simplex": problems.simplex_qp(X.T @ X, X.T @ Y),
    "groups": problems.group_lasso(X, Y, groups=[[0, 2], [1, 3]]),
    "logistic": problems.logistic(X, np.sign(Y)),
    "weights": problems.lasso(X, Y, weight=[0.1, 0.2, 0.3, 0.4]),
    "svm": problems.svm_dual(X, np.sign(Y), weight=0.3, theta=("C", "c")),
    "variation": problems.total_variation(Y, weight=0.3, theta=("lambda", "y")),
    "trend": problems.trend_filtering(Y, weight=0.1, theta=("lambda", "D")),
    "isotonic": problems.isotonic(Y, weights=np.arange(1.0, 9), theta=("y", "weights")),
}
NAMES = [
    "admm", "chambolle_pock", "coordinate_descent", "douglas_rachford", "dual_projected_gradient", "fista",
    "forward_backward", "gradient_descent", "heavy_ball", "nesterov", "newton", "projected_gradient",
]  # fmt: skip


def served(name: str) -> list[Any]:
    found = []
    for problem in PROBLEMS.values():
        try:
            found.append(getattr(algorithms, name)(problem))
        except cj.ArgumentError:
            continue
    return found


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_of_outputs_are_those_of_the_solution(name: str) -> None:
    for algorithm in served(name):
        problem, p = algorithm.problem, algorithm.state_size
        theta = problem.theta.astype(float)
        z = algorithm.lift(problem.solve(theta), theta)
        at = np.array([*z, *theta])
        assert np.allclose(algorithm.evaluate(z, theta), z, atol=1e-12)
        block = algorithm.switched(at).dense_base()
        h = 1e-6
        ends = [
            [algorithm.evaluate((at + s * h * e)[:p], (at + s * h * e)[p:]) for e in np.eye(len(at))] for s in (1, -1)
        ]
        assert np.allclose(block, (np.array(ends[0]) - np.array(ends[1])).T / (2 * h), atol=1e-8)
        implicit = np.linalg.solve(np.eye(p) - block[:, :p], block[:, p:])
        output = algorithm.output_map.switched(at).dense_base()
        assert np.allclose(output[:, :p] @ implicit + output[:, p:], problem.derivative(theta), atol=1e-10)
        batch = algorithm.evaluate(np.stack([z, z]), theta)
        assert np.allclose(batch, algorithm.evaluate(z, theta), atol=1e-14)


@pytest.mark.parametrize("name", ["forward_backward", "gradient_descent", "douglas_rachford"])
def test_proved_rates_are_never_exceeded(name: str) -> None:
    rated = [algorithm for algorithm in served(name) if algorithm.rate is not None]
    assert rated
    rng = np.random.default_rng(1)
    for algorithm in rated:
        theta = algorithm.problem.theta.astype(float)
        one, two = rng.normal(size=(2, 50, algorithm.state_size))
        moved = np.linalg.norm(algorithm.evaluate(one, theta) - algorithm.evaluate(two, theta), axis=-1)
        assert (moved <= algorithm.rate.upper * np.linalg.norm(one - two, axis=-1) * (1 + 1e-12)).all()


def test_gradient_descent_reaches_its_rate() -> None:
    algorithm = algorithms.gradient_descent(PROBLEMS["ridge"])
    A = algorithm.switched().dense_base()[:, :4]
    assert np.linalg.norm(A, 2) == pytest.approx(algorithm.rate.upper, rel=1e-6)
