"""The dual of a support vector machine: exact solutions and slopes, its projection, kinks in C."""

from fractions import Fraction as Q

import numpy as np
import pytest

import conservative as cj
from conservative import algorithms, problems
from conservative.problems.balanced import project_balanced

# V0 and V1, by enumeration of active sets: C, the solution, its slope, which is none at the kink.
CASES = {
    "V0": ([1, 1, -1], [[2, 1, 0], [1, 2, 1], [0, 1, 2]]),
    "V1": ([1, -1, 1], [[4, 1, 0], [1, 2, 1], [0, 1, 3]]),
}
ROWS = [
    ("V0", "1/4", "0 1/4 1/4", "0 1 1"),
    ("V0", "4/5", "0 4/5 4/5", "0 1 1"),
    ("V0", "1", "0 1 1", None),
    ("V0", "6/5", "0 1 1", "0 0 0"),
    ("V1", "1/20", "3/140 1/20 1/35", "3/7 1 4/7"),
    ("V1", "1/2", "3/14 1/2 2/7", "3/7 1 4/7"),
    ("V1", "7/6", "1/2 7/6 2/3", None),
    ("V1", "6/5", "1/2 7/6 2/3", "0 0 0"),
]


def problem_of(case: str, **named):
    y, kernel = CASES[case]
    return problems.svm_dual(y=y, kernel=kernel, **named)


@pytest.mark.parametrize(("case", "C", "w", "slope"), ROWS)
def test_solutions_and_slopes_are_exact(case: str, C: str, w: str, slope: str | None) -> None:
    problem = problem_of(case)
    assert problem.solve([C]).tolist() == [Q(x) for x in w.split()]
    if slope is None:
        with pytest.raises(cj.ArgumentError, match="kink"):
            problem.derivative([C])
    else:
        assert problem.derivative([C])[:, 0].tolist() == [Q(x) for x in slope.split()]


def test_kinks_in_C() -> None:
    assert problem_of("V0").kinks(0, 3).tolist() == pytest.approx([1])
    assert problem_of("V1").kinks(0, 3).tolist() == pytest.approx([7 / 6])


@pytest.mark.parametrize("name", ["projected_gradient", "admm"])
def test_at_a_kink_the_solves_have_both_slopes_and_keep_the_balance(name: str) -> None:
    for case, C, slope in (("V0", Q(1), (0, 1, 1)), ("V1", Q(7, 6), (Q(3, 7), 1, Q(4, 7)))):
        problem = problem_of(case)
        algorithm = getattr(algorithms, name)(problem)
        at = [*algorithm.lift(problem.solve([C]), [C]), C]
        assert algorithm.residual(at).vanishes
        vertices = cj.implicit_jacobian(algorithm, at).vertices[:, :3, 0]
        for wanted in (slope, (0, 0, 0)):
            assert np.abs(vertices - np.array(wanted, dtype=float)).max(axis=1).min() < 1e-12
        assert np.allclose(vertices @ CASES[case][0], 0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_projection_is_the_nearest_point_recorded_or_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.permutation([1, 1, 1, -1, -1, -1, -1])
    z, C = 2 * rng.normal(size=7), rng.uniform(0.3, 2)
    w = project_balanced(z, y, C)
    assert (w >= 0).all()
    assert (w <= C).all()
    assert y @ w == pytest.approx(0, abs=1e-14)
    others = project_balanced(rng.normal(size=(50, 7)), y, C)
    assert ((others - w) @ (z - w) <= 1e-12).all()
    recorded = cj.from_numpy(lambda s, t: project_balanced(s, y, t), z, [C]).switched()
    assert np.allclose(recorded.value, w, atol=1e-14)
    step = 1e-6 * np.eye(7)
    slopes = (project_balanced(z + step, y, C) - project_balanced(z - step, y, C)).T / 2e-6
    assert np.allclose(recorded.vertices()[0][:, :7], slopes, atol=1e-7)


def test_a_tie_at_either_bound_is_one_decision_for_all_rows() -> None:
    y = np.array([1, 1, -1, -1])
    pieces = cj.from_numpy(lambda s: project_balanced(s, y, Q(1)), ["1/2", "0", "1/2", "0"]).switched().vertices()
    assert {tuple(y @ piece) for piece in pieces} == {(0, 0, 0, 0)}
    assert {int(np.linalg.matrix_rank(piece.astype(float))) for piece in pieces} == {1, 2, 3}


def test_many_solutions_end_in_one_and_linear_kernels_take_data() -> None:
    X = np.repeat(np.array([[1.0, 0], [0, 1], [-1, 0]]), 2, axis=0)
    problem = problems.svm_dual(X, [1, 1, 1, 1, -1, -1])
    w = problem.solve(0.2)
    assert np.allclose(w[0] + w[1] + w[2] + w[3], w[4] + w[5])
    with pytest.raises(cj.ArgumentError, match="unique"):
        problems.svm_dual(X, [1, 1, 1, 1, -1, -1]).derivative(5.0)


def test_bad_input_is_refused_with_a_remedy() -> None:
    for named, match in (
        ({"y": [1, 1], "kernel": np.eye(2)}, "both of them"),
        ({"y": [0, 1], "kernel": np.eye(2)}, "2 \\* y - 1"),
        ({"y": [1, -1]}, "either X or kernel"),
        ({"y": [1, -1], "kernel": np.eye(3)}, "one label"),
        ({"y": [1, -1], "kernel": -np.eye(2)}, "semidefinite"),
        ({"y": [1, -1], "kernel": np.eye(2), "weight": 0}, "positive C"),
        ({"y": [1, -1], "kernel": np.eye(2), "theta": "y"}, "names values"),
    ):
        with pytest.raises((cj.ArgumentError, cj.ShapeError), match=match):
            problems.svm_dual(**named)
