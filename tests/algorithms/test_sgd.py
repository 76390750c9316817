"""Stochastic gradient descent: the random recursion, reproducible, and the moments of its derivatives in fractions."""

from fractions import Fraction as Q
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import conservative as cj
from conservative.algorithms import sgd
from conservative.differentiation import derivative_moments
from conservative.problems import group_lasso, lasso, logistic, nonnegative_least_squares, ridge

_RNG = np.random.default_rng(7)
X, Y = _RNG.normal(size=(5, 2)), _RNG.normal(size=5)


def scalar(step: str, targets: tuple[int, int]) -> list[Any]:
    """Losses a_i (x − c_i θ)²/2, a = (1, 2)."""
    return [
        cj.from_sympy(f"x - {step}*{a}*(x - {c}*t)", state="x", parameters="t")
        for a, c in zip((1, 2), targets, strict=True)
    ]


@pytest.mark.parametrize(("step", "variance", "rate"), [
    ("1/4", Q(8, 19), 13 / 32), ("1/2", Q(8, 7), 1 / 8), ("1/10", Q(8, 55), 29 / 40),
])  # fmt: skip
def test_the_moments_of_a_scalar_case_are_known_in_fractions(step: str, variance: Q, rate: float) -> None:
    found = derivative_moments(scalar(step, (0, 3)), [0, 1])
    assert (found.mean.item(), found.variance.item()) == (2, variance)
    assert float(found.rate) == pytest.approx(rate)
    interpolated = derivative_moments(scalar(step, (3, 3)), [0, 1])
    assert (interpolated.mean.item(), interpolated.variance.item()) == (3, 0)


def test_the_same_by_rows_of_data() -> None:
    # √a_i in the design and √a_i c_i in the targets: the derivative by θ is that along (0, 3√2).
    root = np.sqrt(2)
    problem = ridge([[1.0], [root]], [0.0, 3 * root], weight=0, theta=("y",), scale="mean")
    found = derivative_moments([sgd(problem, step=0.25, order=[i]) for i in range(2)], [0.0, 0, 0, 3 * root])
    direction = np.array([0, 3 * root])
    assert found.mean @ direction == pytest.approx([2])
    assert np.einsum("c,icjd,d->ij", direction, found.covariance, direction) == pytest.approx(np.array([[8 / 19]]))


@pytest.mark.parametrize("weights", [None, [0.1, 0.4, 0.1, 0.2, 0.2]])
def test_moments_are_those_of_many_runs(weights: Any) -> None:
    problem = ridge(X, Y, weight=0.2, theta=("y",), scale="mean")
    maps = [sgd(problem, step=0.2, order=[i]) for i in range(5)]
    at = np.concatenate([np.zeros(3), Y])
    found = derivative_moments(maps, at, probabilities=weights)
    blocks = np.stack([F.switched(at).dense_base()[:2] for F in maps])
    A, B = blocks[:, :, :2], blocks[:, :, 3:]
    rng, J = np.random.default_rng(0), np.zeros((4_000, 2, 5))
    for _ in range(250):
        drawn = rng.choice(5, size=len(J), p=weights)
        J = A[drawn] @ J + B[drawn]
    error = 6 * np.sqrt(found.variance / len(J))
    assert (np.abs(J.mean(axis=0) - found.mean) <= error + 1e-12).all()
    assert J.var(axis=0) == pytest.approx(found.variance, rel=0.15)


def test_piggyback_is_the_recursion_of_the_rows_that_were_drawn() -> None:
    problem = lasso(X, Y, theta=("lambda", "y"))
    algorithm = sgd(problem, step=0.05, decay=0.1, batch=2, rng=3)
    theta = problem.theta.astype(float)
    seed = int(np.random.default_rng(3).integers(2**63))

    def run(theta: Any, steps: int = 12) -> Any:
        w = np.zeros(2)
        for k in range(steps):
            rows = np.random.default_rng([seed, k]).integers(5, size=2)
            alpha = 0.05 / (1 + 0.1 * k)
            z = w - alpha * 5 / 2 * X[rows].T @ (X[rows] @ w - theta[1 + rows])
            w = np.sign(z) * np.maximum(np.abs(z) - alpha * theta[0], 0)
        return w

    found = cj.piggyback(algorithm, [0, 0, 0], theta, steps=12)
    assert found.outputs[-1][:2] == pytest.approx(run(theta), abs=1e-13)
    differences = [(run(theta + 1e-6 * e) - run(theta - 1e-6 * e)) / 2e-6 for e in np.eye(len(theta))]
    assert np.allclose(found.derivatives[-1][:2], np.transpose(differences), atol=1e-8)
    again = cj.vjp(
        sgd(problem, step=0.05, decay=0.1, batch=2, rng=3), [0, 0, 0], theta, [1, 1, 0], steps=12, checkpoints=3
    )
    assert again.value == pytest.approx(found.derivatives[-1][:2].sum(axis=0), abs=1e-12)


def test_vanishing_steps_come_nearer_to_the_derivative_than_constant_ones() -> None:
    problem = ridge([[1.0], [1.0], [1.0]], [1.0, 2.0, 6.0], weight=0, theta=("y",))
    ones = np.ones(3)
    wanted = problem.derivative() @ ones
    algorithms = [sgd(problem, step=1 / 4, decay=decay, rng=1) for decay in (0, 1)]
    runs = [cj.jvp(F, [0, 0], problem.theta, [1.0, 2, 6], steps=70) for F in algorithms]
    late = [run.tangents[-30:, 0] for run in runs]
    assert np.std(late[1]) < 0.2 * np.std(late[0])
    assert wanted == pytest.approx([1])
    assert np.mean(late[1]) == pytest.approx(3, abs=0.7)


@pytest.mark.parametrize(
    "problem",
    [
        nonnegative_least_squares(X, Y, theta=("y",)),
        logistic(X, np.sign(Y)),
        group_lasso(X, Y, groups=[[0, 1]]),
        lasso(sp.csr_array(X), Y),
    ],
)
def test_the_steps_over_all_rows_have_the_mean_of_a_gradient_step(problem: Any) -> None:
    w, theta = np.array([0.4, 0.7]), problem.theta.astype(float)
    maps = [sgd(problem, step=1e-3, order=[i]) for i in range(5)]
    moved = np.mean([F.evaluate([*w, 4], theta)[:2] for F in maps], axis=0)
    full = cj.algorithms.forward_backward(problem, step=1e-3).evaluate(w, theta)
    assert moved == pytest.approx(full, abs=1e-5)
    batch = np.array([[*w, 0], [*-w, 1], [0, 0, 2]])
    together = sgd(problem, rng=5).evaluate(batch, theta)
    assert np.allclose(together, [sgd(problem, rng=5).evaluate(z, theta) for z in batch])
    assert together[:, -1].tolist() == [1, 2, 3]


def test_exact_data_have_exact_maps() -> None:
    algorithm = sgd(ridge([[1, 2], [3, 4]], [1, 1]), step=Q(1, 100), order=[1])
    block = algorithm.switched([1, 1, 0, 1]).dense_base()
    assert block.dtype == object
    assert block[0, 1] == Q(-24, 101)  # −α n x_i x_j / (1 + αλ)


def test_bad_input_is_refused() -> None:
    problem = ridge(X, Y)
    with pytest.warns(cj.algorithms.RangeWarning, match="max L_i"):
        sgd(problem, step=5)
    with pytest.raises(cj.ArgumentError, match="Gram matrix"):
        sgd(cj.problems.box_qp(np.eye(2), [1, 1]))
    with pytest.raises(cj.ArgumentError, match="order"):
        sgd(problem, order=[5])
    with pytest.raises(cj.ArgumentError, match="at least one row"):
        sgd(problem, order=[])
    with pytest.raises(cj.ArgumentError, match="batch"):
        sgd(problem, batch=0)
    with pytest.raises(cj.ArgumentError, match="depends on the number of the step"):
        cj.implicit_jacobian(sgd(problem), [0, 0, 0, 1])
    slow = [cj.from_sympy("2*x + t", state="x", parameters="t")]
    with pytest.raises(cj.ArgumentError, match="does not converge"):
        derivative_moments(slow, [0, 0])
    with pytest.raises(cj.ArgumentError, match="ties there"):
        derivative_moments([cj.from_sympy("Abs(x)/2 + t", state="x", parameters="t")], [0, 0])
    with pytest.raises(cj.ShapeError, match="same parameters"):
        derivative_moments([*slow, cj.from_sympy("x/2", state="x")], [0, 0])
    with pytest.raises(cj.ShapeError, match="sum 1"):
        derivative_moments(scalar("1/4", (0, 3)), [0, 1], probabilities=[1, 1])


def test_a_variance_without_bound_is_infinite() -> None:
    # A is 0 or 3/2 · in equal parts: the mean contracts by 3/4, second moments grow by 9/8.
    maps = [cj.from_sympy(f"{a}*x + t", state="x", parameters="t") for a in ("0", "3/2")]
    found = derivative_moments(maps, [0, 0])
    assert found.mean.item() == 4
    assert np.isinf(found.variance.item())
