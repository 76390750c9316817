"""Data without full rank, and features that enter together: right, or refused, never a number that means nothing."""

from itertools import pairwise

import numpy as np
import pytest

import conservative as cj
from conservative import algorithms, problems


def test_solutions_beat_zero_or_are_refused():
    """Newton's singular steps led to 1e10 and more; cvxpy finds (0, 0, 0, -1.0457) for the second."""
    curved = problems.logistic(
        [[-2, 0, 1, -1], [1, 1, 0, -2], [2, 1, -2, -1], [-2, 0, -2, 1]], [1, 1, 1, -1], scale="mean"
    )
    assert np.allclose(curved.solve(0.24999), [0, 0, 0, -1.0457], atol=1e-4)
    grouped = problems.group_lasso([[1, 1, 0], [1, 1, 1]], [3, 2], groups=[[0, 2], [1]], weight=1)
    with pytest.raises(cj.BudgetError, match="no solution of group_lasso was found"):
        grouped.solve()  # Newton's system is singular at it, and the guess is too far


@pytest.mark.parametrize(
    ("X", "y", "kinks"),
    [
        ([[2, 0], [-2, -2]], [0, 4], [8]),  # w = (0, -(8 - lambda)/4) for every lambda below 8
        ([[2, 1], [1, 2]], [1, 1], [3]),  # w = (3 - lambda)/9 (1, 1)
        ([[1, 0], [1, 1]], [2, 2], [4]),
        ([[2, 1], [1, 2], [0, 1]], [4, 3, -1], [1, 11]),
    ],
)
def test_features_that_enter_together_make_one_kink(X, y, kinks):
    assert np.allclose(problems.lasso(X, y).kinks(0, 20), kinks, rtol=1e-9)


def test_slopes_part_at_each_kink_and_nowhere_else():
    """Of random whole numbers, where several features often tie; the solution between kinks is affine."""
    rng = np.random.default_rng(7)
    for _ in range(8):
        P = problems.lasso(rng.integers(-2, 3, (4, 3)), rng.integers(-3, 4, 4))
        if np.linalg.matrix_rank(P.smooth.hessian(P.floats.parameters.values)) < 3:
            continue
        ends = [0.01, *P.kinks(0.01, 20)]
        for low, high in pairwise(ends):
            a, b, c = (P.solve([low + share * (high - low)]) for share in (0.1, 0.5, 0.9))
            assert np.allclose((a + c) / 2, b, atol=1e-7)


@pytest.mark.parametrize(
    "derivative",
    [
        lambda: problems.lasso([[2, 2]], [2]).derivative("5/2"),
        lambda: problems.lasso([[1, 1, 0], [0, 0, 1]], [3, 5]).derivative(1),
        lambda: problems.logistic([[2, -2], [1, -1]], [1, -1]).derivative("1/4"),
        lambda: problems.logistic([[1, 1]], [1]).derivative(0.25),
        lambda: problems.group_lasso([[1, 1]], [3], groups=[[0], [1]]).derivative(1),
        lambda: problems.group_lasso([[-2, -2, 2, -2]], [2], groups=[[0, 1], [2, 3]]).derivative("3/4"),
    ],
)
def test_no_derivative_is_given_where_the_solution_is_not_unique(derivative):
    with pytest.raises(cj.ArgumentError, match="not unique"):
        derivative()


def test_lower_ends_of_rates_are_proved():
    """All three factors are 0: one step, or one sweep, solves."""
    for algorithm in (
        algorithms.forward_backward(problems.lasso([[2]], [1]), step="1/4"),
        algorithms.nesterov(problems.ridge([[1]], [1], weight=1), step="1/2"),
        algorithms.coordinate_descent(problems.ridge([[1, 0], [0, 2]], [1, 1])),
    ):
        assert algorithm.rate.lower == 0
        assert algorithm.rate.upper < 1e-4
