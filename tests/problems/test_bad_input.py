"""Weights, data and parameters that are wrong: one clear message each; rank-deficient and empty cases are solved."""

from fractions import Fraction as Q

import numpy as np
import pytest

import conservative as cj
from conservative import problems as P

A, B = np.array([[2.0, 1], [1, 2], [0, 1]]), np.array([4.0, 3, -1])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: P.lasso(A, B).solve(-1.0), "lambda of at least 0; got -1"),
        (lambda: P.lasso(A, B).solve(np.nan), "lambda = nan"),
        (lambda: P.lasso(A * np.nan, B), "X=.*finite"),
        (lambda: P.lasso(A, B, weight=[1, 2, 3]), "a number or 2 numbers"),
        (lambda: P.lasso(A, B, theta=("c", "c")), "twice"),
        (lambda: P.lasso(A, B, theta=("factor",)), "of X, y, gram, c, ridge, lambda"),
        (lambda: P.lasso(A, B, theta="lambda").solve([1, 2]), "1 numbers"),
        (lambda: P.lasso(A, B, weight=[1, 2]).kinks(0, 1), "path"),
        (lambda: P.elastic_net(A, B, theta="ridge").solve(-1.0), "ridge of at least 0"),
        (lambda: P.total_variation([1.0, 2]).solve(-1.0), "lambda of at least 0"),
        (lambda: P.isotonic([2.0, 1], weights=[1, 1], theta="weights").solve([1.0, 0]), "weights above 0"),
        (lambda: P.svm_dual(y=[1, -1], kernel=np.eye(2)).solve(0.0), "C above 0"),
        (lambda: P.optimal_transport([[0, 1], [1, 0]]).solve(-1.0), "epsilon above 0"),
        (lambda: P.box_qp(np.eye(2), theta=("lower", "upper")).solve([1.0, 1, 0, 0]), "lower <= upper"),
        (lambda: P.box_qp([[1, 2], [0, 1]]), "symmetric"),
        (lambda: P.nonnegative_least_squares(gram=[[0.0, 0], [0, 1]]).solve([1.0, 1]), "unbounded"),
        (lambda: P.logistic([[1.0], [-2]], [1, -1]).solve(0.0), "separates the labels"),
        (lambda: P.logistic(A, [1, 0, 1]), "2 \\* y - 1"),
        (lambda: P.lasso(np.c_[A[:, 0], A[:, 0]], B).derivative(1.0), "not unique"),
    ],
)
def test_one_message_names_what_was_wanted_and_what_came(call, match: str) -> None:
    with pytest.raises(cj.ConservativeError, match=match):
        call()


def is_optimal(problem, w, theta) -> bool:
    here = problem.objective(w, theta)
    others = w + 1e-3 * np.random.default_rng(0).normal(size=(200, len(w)))
    return bool((problem.objective(others, theta) >= here - 1e-12).all())


def test_a_design_without_full_rank_has_one_of_its_solutions() -> None:
    twice = P.lasso(np.c_[A[:, 0], A[:, 0]], B)
    assert is_optimal(twice, twice.solve(1.0), 1.0)
    assert P.lasso([[2, 2], [1, 1]], [1, 2]).solve(["1"]).tolist() in ([Q(3, 5), 0], [0, Q(3, 5)])
    assert np.allclose(P.ridge(np.ones((2, 3)), [1.0, 2]).solve(0.0).sum(), 1.5)
    rng = np.random.default_rng(1)
    wide = P.nonnegative_least_squares(rng.normal(size=(5, 12)), rng.normal(size=5))
    assert is_optimal(wide, wide.solve(), None)
    flat = P.simplex_qp(np.zeros((3, 3)))
    assert flat.objective(flat.solve([1.0, 2, 2]), [1.0, 2, 2]) == pytest.approx(-2)


def test_beyond_the_largest_weight_the_support_is_empty() -> None:
    for problem in (P.lasso(A, B), P.logistic(A, [1, -1, 1]), P.group_lasso(A, B, groups=[[0, 1]])):
        assert problem.solve(100.0).tolist() == [0, 0]
        assert problem.derivative(100.0).tolist() == [[0], [0]]


def test_weights_as_vectors_and_data_are_differentiated() -> None:
    theta = np.array([0.5, 1, *A.ravel()])
    problem = P.lasso(A, B, weight=[0.5, 1], theta=("lambda", "X"))
    h = 1e-6
    rows = [(problem.solve(theta + h * e) - problem.solve(theta - h * e)) / (2 * h) for e in np.eye(len(theta))]
    assert np.allclose(problem.derivative(theta), np.transpose(rows), atol=1e-7)
    labels = P.logistic(A, [1, -1, 1], weight=0.1, theta=("lambda", "X"), scale="mean")
    theta = np.array([0.1, *A.ravel()])
    rows = [(labels.solve(theta + h * e) - labels.solve(theta - h * e)) / (2 * h) for e in np.eye(len(theta))]
    assert np.allclose(labels.derivative(theta), np.transpose(rows), atol=1e-7)


def test_a_group_at_its_threshold_is_one_tie_of_all_its_rows() -> None:
    group = P.group_lasso(groups=[[0, 1]], gram=np.eye(2, dtype=int)).penalty
    F = cj.from_numpy(lambda z, t: group.prox(z, 1, {"lambda": t}), [3, 4], [5])
    zero, moving = sorted(cj.conservative_jacobian(F, [Q(3), Q(4), Q(5)]).exact_vertices, key=lambda M: -(M[0, 2] + 0))
    assert not any(zero)
    assert [str(x) for x in moving] == ["9/25", "12/25", "-3/5", "12/25", "16/25", "-4/5"]
