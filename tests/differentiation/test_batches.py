"""Many values of θ at once: the same as one after the other, ties and decisions of each its own."""

from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.differentiation import batches

X, y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]
PROBLEM = cj.problems.lasso(X, y)
ALGORITHMS = {
    "forward-backward": cj.algorithms.forward_backward(PROBLEM, step=0.1),
    "FISTA": cj.algorithms.fista(PROBLEM, step=0.1, momentum=0.5),
    "Douglas-Rachford": cj.algorithms.douglas_rachford(PROBLEM, step=0.25),
    "ADMM": cj.algorithms.admm(PROBLEM, penalty=4.0),
}
WEIGHTS = np.array([[0.5], [1.0], [3.0], [11.0], [20.0]])


def _compare(F: Any, x0: Any, theta: Any, **settings: Any) -> Any:
    """`piggyback` and `jvp` of the batch against those of every value."""
    p, m = F.state_size, F.parameter_size
    together, starts = cj.piggyback(F, x0, theta, **settings), np.broadcast_to(x0, (len(theta), p))
    along = np.linspace(1.0, 2.0, m)
    pushed = cj.jvp(F, x0, theta, along, steps=settings["steps"], ties=settings.get("ties"))
    np.testing.assert_allclose(pushed.tangents, together.derivatives @ along, atol=1e-12)
    for i, (x, t) in enumerate(zip(starts, theta, strict=True)):
        alone = cj.piggyback(F, x, t, **settings)
        for name in ("points", "derivatives", "outputs", "output_derivatives"):
            np.testing.assert_allclose(getattr(together, name)[:, i], getattr(alone, name), atol=1e-12)
        assert together.ties[i] == pushed.ties[i] == alone.ties
        assert together.residual[i] == pytest.approx(alone.residual, abs=1e-14)
    return together


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_an_algorithm_from_one_start(name: str, weight: float) -> None:
    F = ALGORITHMS[name]
    found = _compare(F, np.zeros(F.state_size), WEIGHTS, steps=12, ties=weight)
    assert found.derivatives.shape == (13, 5, F.state_size, 1)


@pytest.mark.parametrize(
    "policy", [cj.ties.zero, cj.ties.average, cj.ties.periodic([0, 1, 1]), cj.ties.worst([1.0, 0.5])]
)
def test_each_value_has_its_own_ties(policy: Any) -> None:
    """At 1 and 11 the starts are breakpoints; the others are smooth."""
    F = ALGORITHMS["forward-backward"]
    starts = np.array([PROBLEM.solve(theta) for theta in WEIGHTS], dtype=np.float64)
    found = _compare(F, starts, WEIGHTS, steps=7, ties=policy)
    assert (found.ties > 0).tolist() == [False, True, False, True, False]
    assert found.status.name == "AT_REST"


def test_a_program_over_leading_axes_and_one_that_is_not() -> None:
    def smooth(x: Any, t: Any) -> Any:
        return np.maximum(np.tanh(x / 2) + t[..., :1] * t[..., 1:], x / 3)

    def matrix(x: Any, t: Any) -> Any:
        return np.maximum(np.array([[0.1, 0.3], [0.2, 0.1]]) @ x + t, 0)

    theta = np.random.default_rng(0).standard_normal((7, 2))
    for step, wide in ((smooth, True), (matrix, False)):
        F = cj.from_numpy(step, [0.2, 0.1], [1.0, 1.0])
        assert batches.vectorised(F) is wide
        _compare(F, [0.2, 0.1], theta, steps=5)
        start = cj.piggyback(F, [0.2, 0.1], theta, steps=0, initial=[[1, 2], [3, 4]])
        assert start.derivatives[0, 6].tolist() == [[1, 2], [3, 4]]
    _compare(cj.from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"]), [0.0], np.array([[0.0], [1.0]]), steps=3)


def test_parts_of_a_batch_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_WIDE", 4)
    monkeypatch.setattr(batches, "_NARROW", 4)
    _compare(ALGORITHMS["ADMM"], np.zeros(4), WEIGHTS, steps=4)
    _compare(ALGORITHMS["forward-backward"], np.zeros(2), WEIGHTS, steps=4)


def test_how_the_worst_ended() -> None:
    F = cj.from_numpy(lambda x, t: t * x, [1.0], [1.0])
    assert cj.jvp(F, [1.0], [[0.0], [0.5]], [1.0], steps=80).status.name == "AT_REST"
    assert cj.jvp(F, [1.0], [[0.0], [0.9]], [1.0], steps=8).status.name == "UNCONVERGED"
    assert cj.jvp(F, [1.0], [[0.0], [3.0], [0.9]], [1.0], steps=8).status.name == "DIVERGING"
    assert "3 values of θ" in repr(cj.piggyback(F, [1.0], [[0.0], [3.0], [0.9]], steps=8))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0.0], [[1.0, 2.0]]), cj.ShapeError, "N values"),
        (([0.0, 1.0, 2.0], [[1.0]]), cj.ShapeError, "N values"),
        (([1e300], [[1e9]]), cj.NonFiniteError, "for θ ="),
    ],
)
def test_bad_input_is_named(arguments: Any, error: type[Exception], message: str) -> None:
    F = cj.from_numpy(lambda x, t: t * x, [1.0], [1.0])
    with pytest.raises(error, match=message):
        cj.piggyback(F, *arguments, steps=3)
    with pytest.raises(error, match=message):
        cj.jvp(F, *arguments, [1.0], steps=3)


def test_what_is_for_one_value_only() -> None:
    with pytest.raises(cj.ArgumentError, match="rows of θ"):
        cj.piggyback(ALGORITHMS["forward-backward"], [0, 0], WEIGHTS, steps=1, fixed_point=[2, 0])
    with pytest.raises(cj.ShapeError, match="tangent"):
        cj.jvp(ALGORITHMS["forward-backward"], [0, 0], WEIGHTS, [1.0, 2.0], steps=1)
