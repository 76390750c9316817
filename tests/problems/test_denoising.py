"""Total variation, trend filtering, isotonic regression: known solutions and slopes, kinks, graphs, many entries."""

from fractions import Fraction as Q
from itertools import pairwise

import numpy as np
import pytest

import conservative as cj
from conservative import problems

# Independent enumeration of active sets: data, λ, the solution, its slopes in λ to the left and to the right.
SLOPES = [
    ("T1", problems.total_variation([0, 3, 6]), "1", "1 3 5", "1 0 -1", "1 0 -1"),
    ("T2", problems.total_variation([0, 3, 6]), "3", "3 3 3", "1 0 -1", "0 0 0"),
    ("T3", problems.total_variation([0, 4, 2, 7]), "1", "1 3 3 6", "1 0 0 -1", "1 0 0 -1"),
    ("F1", problems.trend_filtering([0, 2, 1, 3]), "1/10", "1/10 17/10 13/10 29/10", "1 -3 3 -1", "1 -3 3 -1"),
    ("F2", problems.trend_filtering([0, 2, 1, 3]), "3/10", "3/10 11/10 19/10 27/10", "1 -3 3 -1", "0 0 0 0"),
]


@pytest.mark.parametrize(("problem", "weight", "w", "left", "right"), [row[1:] for row in SLOPES], ids=lambda x: str(x))
def test_solutions_and_slopes_on_both_sides_are_exact(problem, weight, w, left, right) -> None:
    at = Q(weight)
    assert problem.solve([at]).tolist() == [Q(x) for x in w.split()]
    for side, slope in ((-1, left), (1, right)):
        moved = [at + side * Q(1, 1000)]
        assert problem.derivative(moved)[:, 0].tolist() == [Q(x) for x in slope.split()]
    if left != right:
        with pytest.raises(cj.ArgumentError, match="kink"):
            problem.derivative([at])


@pytest.mark.parametrize(
    ("make", "theta", "columns"),
    [  # one-sided slopes by enumeration: of which number, to the left, to the right
        (problems.total_variation, "0 3 6 3", {3: ("1 0 -1", "0 0 0"), 0: ("1 0 0", "1/3 1/3 1/3")}),
        (problems.total_variation, "0 3 6 3", {1: ("1/2 1/2 0", "0 1/2 1/2"), 2: ("1/3 1/3 1/3", "0 0 1")}),
        (problems.trend_filtering, "0 2 1 3 3/10", {4: ("1 -3 3 -1", "0 0 0 0"), 0: ("1 0 0 0", "5/6 1/3 -1/6 0")}),
        (problems.trend_filtering, "0 2 1 3 3/10", {1: ("1/3 1/3 1/3 0", "0 1 0 0"), 3: ("0 -1/6 1/3 5/6", "0 0 0 1")}),
        (problems.isotonic, "1 2 2 3", {1: ("0 1 0 0", "0 1/2 1/2 0"), 2: ("0 1/2 1/2 0", "0 0 1 0")}),
        (problems.isotonic, "3 1 2", {0: ("1/2 1/2 0", "1/3 1/3 1/3"), 2: ("1/3 1/3 1/3", "0 0 1")}),
    ],
)
def test_the_solves_at_a_kink_have_the_slopes_of_both_sides(make, theta: str, columns) -> None:
    at = [Q(x) for x in theta.split()]
    named = {} if make is problems.isotonic else {"theta": ("y", "lambda")}
    problem = make(at if make is problems.isotonic else at[:-1], **named)
    algorithm = cj.algorithms.dual_projected_gradient(problem)
    u = algorithm.lift(problem.solve(at), at)
    A, B = np.hsplit(algorithm.output_map.switched([*u, *at]).dense_base().astype(float), [len(u)])
    solves = cj.implicit_jacobian(algorithm, [*u, *at]).exact_vertices
    found = [A @ np.array(U, dtype=float).reshape(len(u), len(at)) + B for U in solves]
    for column, sides in columns.items():
        for side in sides:
            wanted = np.array([float(Q(x)) for x in side.split()])
            assert min(np.abs(J[:, column] - wanted).max() for J in found) < 1e-12


def test_kinks_are_those_of_the_path() -> None:
    assert problems.total_variation([0, 4, 2, 7]).kinks(0, 20).tolist() == pytest.approx([0.5, 3, 3.75])
    assert problems.total_variation([0, 4, 2, 7]).kinks(1, 3.5).tolist() == pytest.approx([3])
    assert problems.trend_filtering([0, 2, 1, 3]).kinks(0, 5).tolist() == pytest.approx([0.3])
    with pytest.raises(cj.ArgumentError, match="path of solutions"):
        problems.isotonic([1, 2]).kinks(0, 1)
    with pytest.raises(cj.ArgumentError, match="cycle"):
        problems.total_variation([1, 2, 4], edges=[(0, 1), (1, 2), (2, 0)]).kinks(0, 1)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivatives_agree_with_differences_at_any_order(order: int) -> None:
    y = np.random.default_rng(order).normal(size=9)
    problem = problems.trend_filtering(y, order=order, theta=("lambda", "y"))
    theta = np.array([0.05, *y])
    h = 1e-6
    rows = [(problem.solve(theta + h * e) - problem.solve(theta - h * e)) / (2 * h) for e in np.eye(10)]
    assert np.allclose(problem.derivative(theta), np.transpose(rows), atol=1e-7)
    assert np.allclose(problem.derivative(theta)[:, 1:].sum(axis=1), 1)


def test_weights_may_be_vectors_and_parameters() -> None:
    weighted = problems.isotonic([3, 1, 2], weights=[1, 3, 1], theta=("weights", "y"))
    assert weighted.solve(["1", "3", "1", "3", "1", "2"]).tolist() == [Q(3, 2), Q(3, 2), 2]
    assert weighted.derivative(["1", "3", "1", "3", "1", "2"])[0].tolist() == [
        Q(3, 8),
        Q(-1, 8),
        0,
        Q(1, 4),
        Q(3, 4),
        0,
    ]
    each = problems.total_variation([0, 3, 6], weight=[1, 2])
    assert each.theta_names == ("lambda[0]", "lambda[1]")
    assert each.solve(["1", "2"]).tolist() == [1, 4, 4]
    mean = problems.total_variation([0, 3, 6], scale="mean")
    assert mean.solve(["1/3"]).tolist() == [1, 3, 5]
    falling = problems.isotonic([1, 3, 2], increasing=False)
    assert falling.solve(["1", "3", "2"]).tolist() == [2, 2, 2]


def test_a_graph_with_cycles_has_its_solution_and_derivative() -> None:
    side = 4
    across = [(side * i + j, side * i + j + 1) for i in range(side) for j in range(side - 1)]
    edges = across + [(side * i + j, side * i + side + j) for i in range(side - 1) for j in range(side)]
    y = np.random.default_rng(0).normal(size=side**2)
    problem = problems.total_variation(y, edges=edges)
    h = 1e-6
    for weight in (0.1, 0.3):
        slope = (problem.solve(weight + h) - problem.solve(weight - h)) / (2 * h)
        assert np.allclose(problem.derivative(weight)[:, 0], slope, atol=1e-8)
    assert np.allclose(problem.solve(10.0), y.mean())
    with pytest.raises(cj.ArgumentError, match="many multipliers"):
        cj.algorithms.dual_projected_gradient(problem).lift(problem.solve(0.1), [0.1])


def test_many_entries_are_kept_sparse() -> None:
    y = np.cumsum(np.random.default_rng(0).normal(size=400))
    problem = problems.total_variation(y)
    w = problem.solve(2.0)
    assert problem.objective(w, 2.0) < min(problem.objective(w + s * 1e-4 * y, 2.0) for s in (-1, 1))
    step = cj.algorithms.dual_projected_gradient(problem)
    u = step.lift(w, [2.0])
    assert np.abs(step.evaluate(u, [2.0]) - u).max() < 1e-9
    assert np.allclose(step.output(u, [2.0]), w, atol=1e-10)
    assert np.allclose(problems.isotonic(y).solve(y), np.maximum.accumulate(problems.isotonic(y).solve(y)))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: problems.total_variation([1, float("nan")]), "finite"),
        (lambda: problems.total_variation([1]), "at least 2"),
        (lambda: problems.total_variation([1, 2], edges=[(0, 2)]), "indices from 0 to 1"),
        (lambda: problems.total_variation([1, 2], edges=[0, 1]), "pairs"),
        (lambda: problems.total_variation([1, 2], weight=-1), "at least 0"),
        (lambda: problems.total_variation([1, 2], weight=[1, 2]), "1 numbers"),
        (lambda: problems.total_variation([1, 2], theta=("lambda", "lambda")), "twice"),
        (lambda: problems.total_variation([1, 2], theta=("X",)), "of y, D, lambda"),
        (lambda: problems.trend_filtering([1, 2], order=2), "at least 3"),
        (lambda: problems.isotonic([1, 2], weights=[1, 0]), "positive"),
        (lambda: cj.algorithms.forward_backward(problems.isotonic([1, 2])), "dual_projected_gradient"),
        (lambda: cj.algorithms.dual_projected_gradient(problems.lasso([[1]], [1])), "forward_backward"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, match: str) -> None:
    with pytest.raises((cj.ArgumentError, cj.ShapeError, cj.NonFiniteError), match=match):
        make()


@pytest.mark.parametrize("seed", [5, 7, 38])
def test_between_kinks_the_solution_is_affine(seed: int) -> None:
    y = np.cumsum(np.random.default_rng(seed).normal(size=8))
    for problem in (problems.total_variation(y), problems.trend_filtering(y, order=3)):
        kinks = problem.kinks(0, 20.0)
        for lower, upper in pairwise(kinks):
            slope = problem.derivative((lower + upper) / 2)[:, 0]
            moved = problem.solve(upper) - problem.solve(lower)
            assert np.allclose(moved, slope * (upper - lower), atol=1e-8)
