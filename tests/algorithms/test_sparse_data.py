"""Sparse and wide data: no matrix of p × p is formed where X is enough, and steps are those of the dense formula."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import conservative as cj
from conservative import algorithms
from conservative.problems import elastic_net, lasso

_RNG = np.random.default_rng(2)
WIDE = _RNG.normal(size=(3, 7))


@pytest.mark.parametrize("family", [algorithms.forward_backward, algorithms.admm])
def test_ten_thousand_unknowns_take_memory_like_the_data(family: Any) -> None:
    p = 10_000
    X = sp.random_array((100, p), density=1e-3, rng=np.random.default_rng(0), format="csr")
    tracemalloc.start()
    try:
        problem = lasso(X, np.ones(100), weight=0.1)
        algorithm = family(problem)
        at = np.zeros(algorithm.state_size + 1)
        at[-1] = 0.1
        form = algorithm.switched(at)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert form.matrix_free
    assert peak < 100e6  # one matrix of p × p has 800 MB
    s = np.full(len(form.Z), 0.5)
    v, u = _RNG.normal(size=len(at)), _RNG.normal(size=algorithm.state_size)
    assert u @ form.jvp(s, v) == pytest.approx(form.vjp(s, u) @ v, abs=1e-9)


@pytest.mark.parametrize("X", [WIDE, sp.csr_array(WIDE)])
@pytest.mark.parametrize("named", [{"ridge": 0.3}, {"ridge": 0.3, "scale": "mean"}])
def test_the_resolvent_of_wide_data_is_that_of_the_dense_formula(X: Any, named: Any) -> None:
    problem = elastic_net(X, np.ones(3), weight=0.1, **named)
    algorithm = algorithms.douglas_rachford(problem, step=0.4)
    z, numbers = _RNG.normal(size=7), problem.parameters.values
    H, c = problem.smooth.hessian(numbers), problem.smooth.linear(numbers)
    s = np.sign(z) * np.maximum(np.abs(z) - 0.04, 0)
    wanted = z + np.linalg.solve(np.eye(7) + 0.4 * H, 2 * s - z + 0.4 * c) - s
    assert algorithm.evaluate(np.stack([z, z]), [0.1]) == pytest.approx(np.stack([wanted, wanted]), abs=1e-13)
    assert algorithms.admm(lasso([[1, 2, 3]], [1])).switched([1, 1, 1, 0, 0, 0, 1]).exact


def test_tall_sparse_data_are_factored_once() -> None:
    X = sp.random_array((900, 600), density=0.01, rng=np.random.default_rng(1), format="csr")
    problem = lasso(X, np.ones(900))
    algorithm = algorithms.admm(problem)
    z = _RNG.normal(size=1200)
    numbers = problem.parameters.values
    H, c = problem.smooth.hessian(numbers), problem.smooth.linear(numbers)
    after = algorithm.evaluate(z, [1.0])
    wanted = np.linalg.solve(np.eye(600) + H, z[:600] - z[600:] + c) + z[600:]
    assert after[:600] + after[600:] == pytest.approx(wanted, abs=1e-12)
    form = algorithm.linearized(np.array([*z, 1.0]))
    v, u, s = _RNG.normal(size=1201), _RNG.normal(size=1200), np.zeros(len(form.Z))
    assert u @ form.jvp(s, v) == pytest.approx(form.vjp(s, u) @ v, abs=1e-11)


def test_what_needs_the_whole_hessian_says_so() -> None:
    X = sp.random_array((10, 3_000), density=0.1, rng=np.random.default_rng(0), format="csr")
    with pytest.raises(cj.ArgumentError, match="at most 2,000 unknowns"):
        algorithms.coordinate_descent(lasso(X, np.ones(10)))
