"""Group lasso and logistic regression, and momentum where the gradient has a kink."""

import numpy as np
import pytest

import conservative as cj
from conservative import algorithms, problems


def test_the_group_lasso_has_the_exact_derivatives_of_its_smooth_point() -> None:
    problem = problems.group_lasso(groups=[[0, 1]], gram=[[2, 0], [0, 4]], linear=[9, 20])
    assert problem.solve(5.0).tolist() == pytest.approx([3, 4], abs=1e-12)
    assert problem.derivative(5.0)[:, 0].tolist() == pytest.approx([-25 / 94, -10 / 47], abs=1e-12)
    ista = algorithms.forward_backward(problem, step="1/5")
    block = cj.conservative_jacobian(ista, [3, 4, 5]).vertices[0]
    wanted = [[67 / 125, 2 / 125, -3 / 25], [6 / 125, 47 / 250, -4 / 25]]
    assert np.allclose(block, wanted, atol=1e-12)


def test_the_group_lasso_has_two_pieces_where_a_group_enters() -> None:
    problem = problems.group_lasso(groups=[[0, 1]], gram=[[2, 0], [0, 4]], linear=[3, 4])
    blocks = cj.conservative_jacobian(algorithms.forward_backward(problem, step="1/5"), [0, 0, 5]).vertices
    moving = [[27 / 125, 12 / 125, -3 / 25], [36 / 125, 16 / 125, -4 / 25]]
    assert sorted(np.abs(block).sum() for block in blocks) == pytest.approx([0, np.abs(moving).sum()])
    assert any(np.allclose(block, moving, atol=1e-12) for block in blocks)


@pytest.mark.parametrize(
    ("weight", "w", "slope"),
    [(1.0, 0.93653306749, -0.741497236198), (0.5, 1.48739232478, -1.70347020828), (0.05, 3.6904052951, -19.939801186)],
)
def test_logistic_regression_has_the_known_solutions_and_slopes(weight: float, w: float, slope: float) -> None:
    problem = problems.logistic([[1, 2], [2, -1], [-1, 1], [3, 1]], [1, 1, -1, 1])
    assert problem.solve(weight).tolist() == pytest.approx([w, 0], abs=1e-9)
    assert problem.derivative(weight)[:, 0].tolist() == pytest.approx([slope, 0], rel=1e-8)
    ista = algorithms.forward_backward(problem)
    at = [*problem.solve(weight), weight]
    assert ista.residual(at).vanishes
    assert cj.implicit_jacobian(ista, at).vertices[0, :, 0].tolist() == pytest.approx([slope, 0], rel=1e-6)


def test_a_constraint_is_asked_of_projected_gradient_and_a_gradient_of_newton() -> None:
    problem = problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    with pytest.raises(cj.ArgumentError, match="forward_backward"):
        algorithms.projected_gradient(problem)
    with pytest.raises(cj.ArgumentError, match="discontinuous"):
        algorithms.newton(problem)
