"""Hypergradient descent on the weight of a lasso: affine between breakpoints, refused at them, flat beyond λ_max."""

from fractions import Fraction as Q
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.algorithms import hypergradient_descent
from conservative.problems import elastic_net, lasso, logistic, ridge, tuning

X, Y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]


def descent(**named: Any) -> Any:
    return hypergradient_descent(lasso(X, Y, weight=5), target=[1, 0], **{"step": 1} | named)


def test_between_breakpoints_the_jacobian_is_exact() -> None:
    # h' = (λ − 6)/25 for 1 < λ < 11: A = 1 − η/25, and dλ/dt of the fixed point 6 − 5(t₁ − 1) is −5.
    block = descent(step=Q(2)).switched([5, 1, 0]).dense_base()
    assert block.tolist() == [[Q(23, 25), Q(-2, 5), 0]]
    algorithm = descent()
    assert algorithm.residual([6, 1, 0]).vanishes
    assert algorithm.problem.solve([Q(1), 0]).tolist() == [6]
    found = cj.implicit_jacobian(algorithm, [6, 1, 0])
    assert [[str(x) for x in row] for row in found.exact_vertices[0]] == [["-5", "0"]]
    assert algorithm.problem.solve([0.9, 0.0]) == pytest.approx([6.5])


@pytest.mark.parametrize(
    ("weight", "sides"), [(1, "-0.14285.* and -0.2|-0.142.* and -0.19"), (11, "0.1999.* and 0|0.2 and 0")]
)
def test_at_a_breakpoint_it_is_refused_with_both_slopes(weight: int, sides: str) -> None:
    algorithm = descent()
    for call in (
        lambda: algorithm.switched([weight, 1, 0]),
        lambda: algorithm.evaluate([float(weight)]),
        lambda: cj.piggyback(algorithm, [float(weight)], [1.0, 0.0], steps=2),
        lambda: cj.implicit_jacobian(algorithm, [weight, 1, 0]),
    ):
        with pytest.raises(cj.DiscontinuityError, match=rf"jumps at lambda = {weight}, a breakpoint.*({sides})"):
            call()


def test_beyond_the_largest_weight_the_flat_region_is_named() -> None:
    algorithm = descent()
    form = algorithm.switched([12, 1, 0])
    assert form.dense_base().tolist() == [[1, 0, 0]]
    assert "every lambda >= lambda_max = 11 is a fixed point of hypergradient descent" in form.warnings[0]
    with pytest.raises(cj.ArgumentError, match=r"every lambda >= lambda_max = 11 is a fixed point"):
        cj.implicit_jacobian(algorithm, [12, 1, 0])
    assert cj.piggyback(algorithm, [14.0], [1.0, 0.0], steps=3).status.name == "AT_REST"
    assert not algorithm.switched([10, 1, 0]).warnings


@pytest.mark.parametrize("family", [ridge, elastic_net, lasso])
@pytest.mark.parametrize("design", [None, [[1.0, 2], [0, 1], [1, -1]]])
def test_jacobians_agree_with_differences_and_slopes_with_the_solutions_own(family: Any, design: Any) -> None:
    target = [0.5, 0.2] if design is None else [0.5, 0.2, 1.0]
    inner = family(np.array(X, dtype=float), np.array(Y, dtype=float), weight=2)
    algorithm = hypergradient_descent(inner, target=target, design=design, step=0.3)
    D = np.eye(2) if design is None else np.array(design)
    w, slope = inner.solve(2.0), inner.derivative(2.0)[:, 0]
    wanted = 2.0 - 0.3 * (D @ w - target) @ (D @ slope)
    at = np.array([2.0, *target])
    assert algorithm.evaluate(at[:1], at[1:]) == pytest.approx([wanted], abs=1e-10)
    moved = [(algorithm.evaluate((at + h)[:1], (at + h)[1:]) - algorithm.evaluate((at - h)[:1], (at - h)[1:])) / 2e-5
             for h in 1e-5 * np.eye(len(at))]  # fmt: skip
    assert algorithm.switched(at).dense_base()[0] == pytest.approx(np.ravel(moved), abs=1e-8)
    assert algorithm.evaluate([[2.0], [2.5]], at[1:])[0] == pytest.approx([wanted], abs=1e-10)


def test_data_and_step_may_be_parameters_and_the_solution_is_a_fixed_point() -> None:
    inner = ridge(np.array(X, dtype=float), np.array(Y, dtype=float))
    problem = tuning(inner, target=[1.0, 0.0], theta=("target", "y", "step"))
    algorithm = hypergradient_descent(problem, step=0.5)
    theta = algorithm.problem.theta
    best = algorithm.problem.solve(theta)
    assert algorithm.evaluate(best, theta) == pytest.approx(best, abs=1e-8)
    assert algorithm.problem.objective(best) < min(algorithm.problem.objective(best * side) for side in (0.9, 1.1))
    block = algorithm.switched([*best, *theta]).dense_base()
    assert block.shape == (1, 7)
    assert block[0, -1] == pytest.approx(0, abs=1e-8)


def test_bad_input_is_refused() -> None:
    with pytest.warns(cj.algorithms.RangeWarning, match="2/h''"):
        descent(step=60)
    with pytest.raises(cj.ArgumentError, match="below 0"):
        descent().evaluate([-1.0])
    with pytest.raises(cj.ArgumentError, match="needs lasso"):
        hypergradient_descent(logistic(X, [1, -1, 1]), target=[1, 0])
    with pytest.raises(cj.ArgumentError, match="needs lasso"):
        hypergradient_descent(lasso(X, Y, theta=("y",)), target=[1, 0])
    with pytest.raises(cj.ShapeError, match="one number a row"):
        hypergradient_descent(lasso(X, Y), target=[1, 0, 0])
