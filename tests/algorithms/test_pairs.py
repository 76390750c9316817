"""Every algorithm on every problem: all modes of differentiation agree, with differences too; or it is refused by name.

Pairs are formed of all that the rooms offer: an algorithm that joins `cj.algorithms` joins here by itself, and the last
test asks for a row of every problem.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import conservative as cj
from conservative import algorithms, problems
from conservative.algorithms import Algorithm

_RNG = np.random.default_rng(0)
X, Y = _RNG.normal(size=(8, 4)), _RNG.normal(size=8)
W = np.linalg.qr(_RNG.normal(size=(4, 4)))[0] / 2
PROBLEMS: dict[str, Callable[[], Any]] = {
    "lasso": lambda: problems.lasso(X, Y, theta=("lambda", "step")),
    "lasso, data": lambda: problems.lasso(X, Y, theta=("lambda", "y", "X")),
    "lasso, mean": lambda: problems.lasso(X, Y, scale="mean", weight=0.1),
    "lasso, sparse": lambda: problems.lasso(sp.csr_array(X), Y, theta=("lambda", "y")),
    "lasso, weights": lambda: problems.lasso(X, Y, weight=[0.1, 0.2, 0.3, 0.4]),
    "lasso, wide": lambda: problems.elastic_net(X[:3], Y[:3], ridge=0.4, weight=0.2),
    "elastic_net": lambda: problems.elastic_net(X, Y, ridge=0.3, theta=("lambda", "ridge")),
    "ridge": lambda: problems.ridge(X, Y, theta=("lambda", "y")),
    "nonnegative_least_squares": lambda: problems.nonnegative_least_squares(X, Y),
    "box_qp": lambda: problems.box_qp(X.T @ X, X.T @ Y, lower=-0.3, upper=0.3),
    "simplex_qp": lambda: problems.simplex_qp(X.T @ X, X.T @ Y),
    "group_lasso": lambda: problems.group_lasso(X, Y, groups=[[0, 2], [1, 3]]),
    "logistic": lambda: problems.logistic(X, np.sign(Y)),
    "svm_dual": lambda: problems.svm_dual(X, np.sign(Y), weight=0.3, theta=("C", "c")),
    "total_variation": lambda: problems.total_variation(Y, weight=0.3, theta=("lambda", "y")),
    "trend_filtering": lambda: problems.trend_filtering(Y, weight=0.1, theta=("lambda", "D")),
    "isotonic": lambda: problems.isotonic(Y, weights=np.arange(1.0, 9), theta=("y", "weights")),
    "inverse_covariance": lambda: problems.inverse_covariance(np.cov(X[:, :3].T), weight=0.1, theta=("lambda", "S")),
    "optimal_transport": lambda: problems.optimal_transport(
        np.abs(X[:3, :2]), a=[0.2, 0.5, 0.3], b=[0.6, 0.4], theta=("epsilon", "C", "a")
    ),
    "equilibrium": lambda: problems.equilibrium(W, bias=Y[:4]),
    "tuning": lambda: problems.tuning(
        problems.lasso(X, Y, weight=0.5), target=problems.lasso(X, Y).solve(0.8), theta=("target", "y")
    ),
}
SPECIAL: dict[str, Callable[[Any], Algorithm]] = {
    "fista, t_k": lambda P: algorithms.fista(P, momentum="t_k"),
    "sgd": lambda P: algorithms.sgd(P, rng=0, decay=0.1),
    "relu_equilibrium": lambda P: algorithms.relu_equilibrium(P.parameters.values.get("W"), bias=Y[:4]),
}
ALGORITHMS: dict[str, Callable[[Any], Algorithm]] = {
    name: make
    for name in algorithms.__all__
    if inspect.isfunction(make := getattr(algorithms, name)) and inspect.signature(make).return_annotation is Algorithm
} | SPECIAL
REFUSED = (cj.ArgumentError, cj.ArgumentTypeError, cj.ShapeError)


@cache
def built(algorithm: str, problem: str) -> Algorithm | str:
    """The algorithm, or why it does not serve the problem."""
    try:
        return ALGORITHMS[algorithm](PROBLEMS[problem]())
    except REFUSED as error:
        return str(error)


@cache
def solved(algorithm: str, problem: str) -> tuple[Any, Any]:
    made = built(algorithm, problem)
    assert isinstance(made, Algorithm)
    theta = made.problem.theta.astype(float)
    return made.lift(made.problem.solve(theta), theta), theta


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_all_modes_agree_along_a_loop_or_the_pair_is_refused(algorithm: str, problem: str) -> None:
    F = built(algorithm, problem)
    if isinstance(F, str):
        assert "needs" in F or "no " in F
        return
    z, theta = solved(algorithm, problem)
    rng = np.random.default_rng(5)
    start = z + 1e-3 * rng.normal(size=z.shape) * (np.arange(len(z)) < len(z) - F.clock)
    v, u = rng.normal(size=F.parameter_size), rng.normal(size=F.state_size)

    def after(shift: float) -> Any:
        x = start
        for _ in range(3):
            x = F.evaluate(x, theta + shift * v)
        return x

    run = cj.piggyback(F, start, theta, steps=3)
    along = run.derivatives[-1] @ v
    size = 1 + np.abs(along).max()
    assert run.points[-1] == pytest.approx(after(0.0), rel=1e-12, abs=1e-12)
    assert cj.jvp(F, start, theta, v, steps=3).tangents[-1] == pytest.approx(along, abs=1e-10 * size)
    assert u @ along == pytest.approx(cj.vjp(F, start, theta, u, steps=3, checkpoints=0).value @ v, abs=1e-10 * size)
    h = 1e-6
    fine, coarse = ((after(k * h) - after(-k * h)) / (2 * k * h) for k in (1, 2))
    own_error = np.abs(fine - coarse).max() + 1e-14 * (1 + np.abs(start).max()) / h
    assert np.abs(fine - along).max() <= 10 * own_error


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_output_has_the_derivative_of_the_solution(algorithm: str, problem: str) -> None:
    F = built(algorithm, problem)
    if isinstance(F, str) or F.no_fixed_point:
        return
    z, theta = solved(algorithm, problem)
    assert np.allclose(F.evaluate(z, theta), z, atol=1e-9)
    assert np.allclose(F.evaluate(np.stack([z, z]), theta), z, atol=1e-9)
    if F.problem.slopes is not None:
        found = cj.implicit_jacobian(F, np.concatenate([z, theta]))
        assert len(found.output_vertices) == 1
        assert np.allclose(found.output_vertices[0], F.problem.derivative(theta), atol=1e-9)


def test_every_problem_has_a_row_and_everything_serves_something() -> None:
    functions = {name: call for name in problems.__all__ if inspect.isfunction(call := getattr(problems, name))}
    offered = {
        name for name, call in functions.items() if inspect.signature(call).return_annotation is problems.Problem
    }
    assert len(offered) > 15
    assert offered <= set(PROBLEMS)
    served = {(a, p) for a in ALGORITHMS for p in PROBLEMS if isinstance(built(a, p), Algorithm)}
    assert {a for a, _ in served} == set(ALGORITHMS)
    assert {p for _, p in served} == set(PROBLEMS)
    assert len(served) >= 110


def test_gradient_descent_reaches_its_rate() -> None:
    algorithm = algorithms.gradient_descent(problems.ridge(X, Y))
    A = algorithm.switched().dense_base()[:, :4]
    assert np.linalg.norm(A, 2) == pytest.approx(algorithm.rate.upper, rel=1e-6)
