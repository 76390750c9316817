"""Sparse inverse covariance: exact small cases, scikit-learn, ties shared by both entries of a pair."""

from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.algorithms import admm, douglas_rachford
from conservative.problems import inverse_covariance

PAIR = [[2, 1], [1, 2]]
CHAIN = [[2, 1, 0], [1, 3, 1], [0, 1, 2]]


def test_the_solutions_of_small_cases_and_their_derivatives_are_known_in_fractions() -> None:
    # W = Θ⁻¹ has the off-diagonal entry soft(S12, λ): Θ = [8 -2; -2 8]/15 and dΘ/dλ = [-32 68; 68 -32]/225 at 1/2.
    problem = inverse_covariance(PAIR)
    assert problem.solve(0.5) == pytest.approx(np.array([8, -2, -2, 8]) / 15, abs=1e-10)
    assert problem.derivative(0.5)[:, 0] == pytest.approx(np.array([-32, 68, 68, -32]) / 225, abs=1e-10)
    chain = inverse_covariance(CHAIN)
    first, middle, off = 12 / 23, 25 / 69, -2 / 23
    wanted = [first, off, 0, off, middle, off, 0, off, first]
    assert chain.solve(0.5) == pytest.approx(wanted, abs=1e-10)
    slopes = [-0.0907372400756, 0.189035916824, 0, 0.189035916824, -0.120982986767]
    assert chain.derivative(0.5)[:5, 0] == pytest.approx(slopes, abs=1e-10)


def test_scikit_learn_finds_the_same() -> None:
    covariance = pytest.importorskip("sklearn.covariance")
    rng = np.random.default_rng(4)
    S = np.cov(rng.normal(size=(30, 4)) @ (np.eye(4) + 0.3 * rng.normal(size=(4, 4))), rowvar=False)
    for weight in (0.05, 0.2):
        _, peer = covariance.graphical_lasso(S, weight, tol=1e-7, enet_tol=1e-10)
        assert np.allclose(inverse_covariance(S).solve(weight), peer.ravel(), atol=1e-6)


@pytest.mark.parametrize(("make", "norms"), [
    (lambda P: douglas_rachford(P, step=1), ({0.2, 0.8}, 4 / 13)),
    (lambda P: admm(P, penalty=1), (None, None)),
])  # fmt: skip
def test_a_pair_has_one_tie_and_both_algorithms_the_implicit_derivatives_of_the_solution(make: Any, norms: Any) -> None:
    algorithm = make(inverse_covariance(PAIR))
    p = algorithm.state_size
    for weight, wanted in ((0.5, {(-32 / 225, 68 / 225)}), (1.0, {(0, 0), (0, 1 / 4)})):
        z = algorithm.lift(algorithm.problem.solve(weight), [weight])
        form = algorithm.switched([*z, weight])
        assert len(form.ties) == (weight == 1.0)
        A = form.vertices()[:, :, :p]
        if norms[0]:
            sizes = {round(float(np.linalg.norm(block, 2)), 9) for block in A}
            assert sizes == (norms[0] if weight == 1.0 else {round(norms[1], 9)})
        solved = cj.implicit_jacobian(algorithm, [*z, weight]).vertices
        # The answer is the soft threshold of the state; on the side of each vertex it moves with it or not at all.
        output = algorithm.output_map.switched([*z, weight])
        found = {tuple(np.round(block[:, :p] @ X + block[:, p:], 8)[:2, 0] + 0.0)
                 for X in solved for block in output.vertices()}  # fmt: skip
        assert {tuple(np.round(pair, 8)) for pair in wanted} <= found


def test_data_and_step_may_be_parameters() -> None:
    problem = inverse_covariance(CHAIN, weight=0.5, theta=("lambda", "S", "step"))
    algorithm = douglas_rachford(problem, step=0.7)
    theta = algorithm.problem.theta
    z = algorithm.lift(algorithm.problem.solve(theta), theta)
    block = algorithm.switched([*z, *theta]).dense_base()
    output = algorithm.output_map.switched([*z, *theta]).dense_base()
    implicit = np.linalg.solve(np.eye(9) - block[:, :9], block[:, 9:])
    wanted = algorithm.problem.derivative(theta)
    assert np.allclose(output[:, :9] @ implicit + output[:, 9:], wanted, atol=1e-10)
    assert np.allclose(wanted[:, -1], 0)
    with pytest.raises(cj.ArgumentError, match="Make an algorithm"):
        _ = problem.theta


def test_states_that_are_not_symmetric_are_seen_by_their_symmetric_part() -> None:
    algorithm = douglas_rachford(inverse_covariance(PAIR), step=1)
    skew = np.array([0.0, 1, -1, 0])
    z = np.array([1.0, 0.2, 0.2, 1])
    assert algorithm.evaluate(z + skew, [0.5]) == pytest.approx(algorithm.evaluate(z, [0.5]), abs=1e-15)
    batch = algorithm.evaluate(np.stack([z, 2 * z]), [0.5])
    assert np.allclose(batch[1], algorithm.evaluate(2 * z, [0.5]))


@pytest.mark.parametrize(
    ("S", "error", "words"),
    [
        ([[1, 2], [0, 1]], cj.ShapeError, "needs a symmetric matrix"),
        ([[1, 2], [2, 1]], cj.ArgumentError, "negative eigenvalue"),
        ([[1, 0], [0, 0]], cj.ArgumentError, "positive diagonal"),
        ([[1.0, float("nan")], [0, 1]], cj.NonFiniteError, "finite"),
    ],
)
def test_bad_data_are_refused(S: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        inverse_covariance(S)


def test_gradient_methods_are_refused_with_what_serves_instead() -> None:
    with pytest.raises(cj.ArgumentError, match="Use `douglas_rachford` or `admm`"):
        cj.algorithms.forward_backward(inverse_covariance(PAIR))


@pytest.mark.parametrize("algorithm", [cj.algorithms.douglas_rachford, cj.algorithms.admm])
def test_the_output_shares_the_tie_of_the_step(algorithm):
    """At S12 = lambda = 1/2 the entry enters: dTheta12 is Theta11 Theta22 = 1/2 to the left and 0 to the right."""
    F = algorithm(cj.problems.inverse_covariance([[2, 0.5], [0.5, 1]]))
    at = [*F.lift(F.problem.solve([0.5]), [0.5]), 0.5]
    found = cj.implicit_jacobian(F, at).output_vertices[..., 0]
    assert np.allclose(sorted(found[:, 1]), [0, 0.5], atol=1e-9)
    assert np.allclose(found[:, 1], found[:, 2], atol=1e-9)
    for weight in (0.0, 1.0):
        run = cj.piggyback(F, at[:-1], [0.5], steps=200, ties=cj.ties.constant(weight))
        assert np.abs(found - run.output_derivatives[-1].ravel()).max(axis=1).min() < 1e-9
