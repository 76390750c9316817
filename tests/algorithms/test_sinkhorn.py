"""Sinkhorn in the logarithmic domain: plans, λ₂ and derivatives of outputs, to the digits derived for K1 and K2."""

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ArgumentError, ArgumentTypeError, NonFiniteError, ShapeError

K2 = {"C": [[0, 1, 4], [1, 0, 1], [4, 1, 0]], "a": [0.2, 0.3, 0.5], "b": [0.4, 0.4, 0.2]}
PLAN = np.array([
    [0.182154977015, 0.0176136087122, 0.00023141427249], [0.16817528789, 0.120159592237, 0.0116651198728],
    [0.0496697350943, 0.262226799051, 0.188103465855],
])  # fmt: skip
BY_EPSILON = np.array([
    [-0.0384088108478, 0.0369869652934, 0.00142184555443], [-0.0363331938782, 0.0113818409494, 0.0249513529288],
    [0.074742004726, -0.0483688062428, -0.0263731984832],
])  # fmt: skip


def test_two_by_two_has_the_closed_form() -> None:
    """K1: P₁₁ = 1/(2(1 + e^{-1/ε})), λ₂ = tanh²(1/(2ε))."""
    step = cj.algorithms.sinkhorn(cj.problems.optimal_transport([[0, 1], [1, 0]]))
    plan = step.problem.solve(1.0)
    assert plan[0] == pytest.approx(0.365529289315002, abs=1e-13)
    x = step.lift(plan, [1.0])
    assert np.abs(step.evaluate(x, [1.0]) - x).max() < 1e-14
    A = cj.conservative_jacobian(step, [*x, 1.0]).vertices[0][:, :2]
    assert sorted(np.linalg.eigvals(A).real) == pytest.approx([0.213552267034073, 1.0], abs=1e-12)


def test_three_by_three_along_the_iterations_and_on_the_output() -> None:
    """K2: the plan and its derivatives by ε and by C₁₂ to ten digits; row sums of ∂₁F are one."""
    problem = cj.problems.optimal_transport(**K2)
    step = cj.algorithms.sinkhorn(problem)
    assert problem.solve(1.0).reshape(3, 3) == pytest.approx(PLAN, abs=1e-11)
    run = cj.piggyback(step, np.zeros(3), [1.0], steps=60)
    assert run.outputs[-1].reshape(3, 3) == pytest.approx(PLAN, abs=1e-11)
    assert run.output_derivatives[-1].reshape(3, 3) == pytest.approx(BY_EPSILON, abs=1e-10)
    x = step.lift(problem.solve(1.0), [1.0])
    A = cj.conservative_jacobian(step, [*x, 1.0]).vertices[0][:, :3]
    assert A.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-13)
    assert np.linalg.norm(A, 2) == pytest.approx(1.024786931319, abs=1e-9)
    assert sorted(np.abs(np.linalg.eigvals(A)))[1] == pytest.approx(0.466502902493, abs=1e-10)
    costs = cj.algorithms.sinkhorn(cj.problems.optimal_transport(**K2, theta=("C",)))
    by_cost = cj.piggyback(costs, np.zeros(3), np.ravel(K2["C"]).astype(float), steps=60).output_derivatives[-1]
    assert by_cost[:3, 1] == pytest.approx([0.0140389935277, -0.0140797384981, 4.07449703626e-5], abs=1e-10)


def test_histograms_as_parameters_and_larger_plans() -> None:
    step = cj.algorithms.sinkhorn(cj.problems.optimal_transport(**K2, theta=("a",)))
    run = cj.piggyback(step, np.zeros(3), K2["a"], steps=60)
    moved = run.output_derivatives[-1] @ np.array([1.0, -1.0, 0.0])
    assert moved[0] == pytest.approx(0.8679281176, abs=1e-9)
    rng = np.random.default_rng(0)
    problem = cj.problems.optimal_transport(rng.random((7, 5)), epsilon=0.05)
    large = cj.algorithms.sinkhorn(problem)
    x = large.lift(problem.solve(0.05), [0.05])
    assert np.abs(large.evaluate(x, [0.05]) - x).max() < 1e-10
    plan = large.output(x, [0.05]).reshape(7, 5)
    assert plan.sum(axis=0) == pytest.approx(np.full(5, 0.2))


def test_bad_input_is_named() -> None:
    transport = cj.problems.optimal_transport
    with pytest.raises(ShapeError, match="2 numbers"):
        transport([[0, 1], [1, 0]], a=[1.0])
    with pytest.raises(ArgumentError, match="equal masses"):
        transport([[0, 1], [1, 0]], a=[1.0, 1.0])
    with pytest.raises(ArgumentError, match="positive numbers"):
        transport([[0, 1], [1, 0]], a=[1.0, 0.0], b=[0.5, 0.5])
    with pytest.raises(ArgumentError, match="positive number"):
        transport([[0, 1], [1, 0]], epsilon=0)
    with pytest.raises(ArgumentTypeError, match="optimal_transport"):
        cj.algorithms.sinkhorn(cj.problems.lasso([[1, 2]], [1]))


@pytest.mark.parametrize("epsilon", [1e-2, 1e-3, 1e-6])
def test_small_epsilon_stays_in_the_logarithms(epsilon: float) -> None:
    step = cj.algorithms.sinkhorn(cj.problems.optimal_transport(**K2))
    plan = step.problem.solve(epsilon)
    assert plan.reshape(3, 3).sum(axis=1) == pytest.approx(K2["a"], abs=1e-10)
    x = step.lift(plan, [epsilon])
    assert np.isfinite(x).all()
    assert step.evaluate(x, [epsilon]) == pytest.approx(x, abs=1e-8)
    assert step.output(x, [epsilon]) == pytest.approx(plan, abs=1e-7)
    run = cj.piggyback(step, np.zeros(3), [epsilon], steps=8)
    assert np.isfinite(run.output_derivatives).all()
    assert run.outputs[-1].sum() == pytest.approx(1.0)


def test_what_has_no_logarithm_is_refused_with_the_remedy() -> None:
    step = cj.algorithms.sinkhorn(cj.problems.optimal_transport(**K2))
    for value in (0.0, -1.0):
        for call in (
            lambda at: step.evaluate(np.zeros(3), at),
            lambda at: cj.piggyback(step, np.zeros(3), at, steps=2),
        ):
            with pytest.raises(ArgumentError, match=r"epsilon above 0.*Take a small epsilon"):
                call([value])
    masses = cj.algorithms.sinkhorn(cj.problems.optimal_transport(**K2, theta=("a",)))
    with pytest.raises(ArgumentError, match=r"needs a above 0.*without mass"):
        masses.evaluate(np.zeros(3), [0.0, 0.5, 0.5])
    with pytest.raises(ArgumentError, match="no plan that doubles can tell"):
        step.problem.solve(1e-300)
    for call in (
        lambda: cj.piggyback(step, np.zeros(3), [1e-300], steps=2),
        lambda: cj.jvp(step, np.zeros(3), [1e-300], [1.0], steps=2),
        lambda: cj.vjp(step, np.zeros(3), [1e-300], [1.0, 0, 0], steps=2),
    ):
        with pytest.raises(NonFiniteError, match="needs derivatives in the range of doubles"):
            call()
