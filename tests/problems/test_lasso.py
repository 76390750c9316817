"""The lasso: exact solutions, derivatives and the path."""

from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative.problems import lasso

X, Y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]


def test_solutions_are_exact_where_asked_for() -> None:
    problem = lasso(X, Y)
    assert problem.solve([Fraction(1)]).tolist() == [2, 0]
    assert problem.solve(["5"]).tolist() == [Fraction(6, 5), 0]
    assert problem.solve(5.0).tolist() == pytest.approx([1.2, 0])
    assert problem.solve([5]).dtype == np.float64


def test_a_kink_has_no_derivative_and_is_listed() -> None:
    problem = lasso(X, Y)
    assert problem.derivative([Fraction(5)]).tolist() == [[Fraction(-1, 5)], [0]]
    with pytest.raises(cj.ArgumentError, match="kink"):
        problem.derivative(1)
    assert problem.kinks(0, 20).tolist() == pytest.approx([1, 11])


def test_derivatives_by_data_agree_with_differences() -> None:
    problem = lasso(np.array(X, dtype=float), np.array(Y, dtype=float), theta=("lambda", "y", "X"))
    theta = np.array([5.0, 4, 3, -1, 2, 1, 1, 2, 0, 1])
    h = 1e-6
    rows = [(problem.solve(theta + h * e) - problem.solve(theta - h * e)) / (2 * h) for e in np.eye(len(theta))]
    assert np.allclose(problem.derivative(theta), np.transpose(rows), atol=1e-8)


@pytest.mark.parametrize("shape", [(2, 3), (3, 6), (5, 8)])
def test_the_end_of_a_path_without_full_rank_is_no_kink(shape):
    """LARS ends at lambda = 0, which rounding may move beside 0."""
    rng = np.random.default_rng(shape[1])
    kinks = cj.problems.lasso(rng.standard_normal(shape), rng.standard_normal(shape[0])).kinks(0, 100)
    assert kinks.size
    assert kinks.min() > 1e-9
