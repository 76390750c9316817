"""Forward and reverse differentiation of loops: agreement, limits, tie policies, checkpoints and refusals.

The lasso L1 with A = [2 1; 1 2; 0 1], b = (4, 3, -1), λ = 1 has the solution (2, 0) at a breakpoint, where forward-
backward with step 1/10 has A = [1/2 -2/5; 0 0] or [1/2 -2/5; -2/5 2/5], and J_imp the segment from (-1/5, 0) to
(-1/7, -1/14) [derived exactly, by sign enumeration].
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import conservative as cj
from conservative._core.errors import ArgumentError, ArgumentTypeError, NonFiniteError, ShapeError
from conservative.differentiation import LoopStatus
from conservative.functions import ScalarPiece, structured

HALF = cj.from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
DESIGN, TARGET = np.array([[2.0, 1.0], [1.0, 2.0], [0.0, 1.0]]), np.array([4.0, 3.0, -1.0])
SEGMENT = np.array([[-1 / 5, 0.0], [-1 / 7, -1 / 14]])


def ista(w: Any, theta: Any) -> Any:
    z = w - (DESIGN.T @ (DESIGN @ w - TARGET)) / 10
    return np.maximum(z - theta / 10, 0) - np.maximum(-z - theta / 10, 0)


LASSO = cj.from_numpy(ista, [2.0, 0.0], [1.0])


def test_a_constant_weight_tends_to_an_element_of_the_implicit_set_and_a_changing_one_leaves_it() -> None:
    for weight, expected in ((0.0, SEGMENT[0]), (1.0, SEGMENT[1])):
        run = cj.piggyback(LASSO, [2.0, 0.0], [1.0], steps=160, ties=weight)
        assert run.status is LoopStatus.AT_REST
        assert run.derivatives[-1].ravel() == pytest.approx(expected, abs=1e-10)
        assert run.bound < 1e-9
    between = cj.piggyback(LASSO, [2.0, 0.0], [1.0], steps=160, ties=cj.ties.average).derivatives[-1].ravel()
    share = (between - SEGMENT[0]) / (SEGMENT[1] - SEGMENT[0])
    assert share[0] == pytest.approx(share[1], abs=1e-9)
    assert 0 < share[0] < 1
    turning = cj.ties.periodic([0, 1])
    runs = [cj.piggyback(HALF, [0.0], [0.0], steps=n, ties=turning) for n in (80, 81)]
    ends = {round(float(run.derivatives[-1, 0, 0]), 9) for run in runs}
    assert len(ends) == 2


def test_a_periodic_word_leaves_the_implicit_set_of_a_lasso_with_momentum() -> None:
    """J_imp has first coordinates in [-1/5, -1/7] whatever the algorithm; FISTA's J_pb reaches -0.20626."""
    F = cj.algorithms.fista(cj.problems.lasso(DESIGN, TARGET), step=0.1, momentum=0.5)
    start = F.lift([2.0, 0.0], [1.0])
    run = cj.piggyback(F, start, [1.0], steps=240, ties=cj.ties.periodic([0, 0, 0, 1]))
    lowest = run.derivatives[-4:, 0, 0].min()
    assert -0.20626 <= lowest < -0.2006
    for weight in (0.0, 0.25, 1.0):
        steady = cj.piggyback(F, start, [1.0], steps=240, ties=weight).derivatives[-1, 0, 0]
        assert -1 / 5 - 1e-12 <= steady <= -1 / 7 + 1e-12


def test_weights_are_told_by_effect_whatever_the_spelling() -> None:
    spellings = [
        lambda z, t: np.maximum(z - t, 0) - np.maximum(-z - t, 0),
        lambda z, t: z - np.clip(z, -t, t),
        lambda z, t: np.where(z > t, z - t, np.where(z < -t, z + t, 0 * z)),
        lambda z, t: np.sign(z) * np.maximum(np.abs(z) - t, 0),
    ]
    for soft in spellings:

        def step(w: Any, theta: Any, soft: Any = soft) -> Any:
            return soft(w - (DESIGN.T @ (DESIGN @ w - TARGET)) / 10, theta / 10)

        F = cj.from_numpy(lambda w, theta: step(w, theta), [2.0, 0.0], [1.0])
        for weight, expected in ((0.0, SEGMENT[0]), (1.0, SEGMENT[1])):
            run = cj.piggyback(F, [2.0, 0.0], [1.0], steps=160, ties=weight)
            assert run.derivatives[-1].ravel() == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3), st.integers(0, 12))
def test_all_modes_agree(seed: int, p: int, m: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    M, N, c = rng.standard_normal((p, p)) / (2 * p), rng.standard_normal((p, m)), rng.standard_normal(p)
    F = structured(ScalarPiece.relu(), M, N=N, c=c)
    x0, theta, tangent, back = (rng.standard_normal(k) for k in (p, m, m, p))
    run = cj.piggyback(F, x0, theta, steps=steps)
    ahead = cj.jvp(F, x0, theta, tangent, steps=steps)
    assert np.allclose(ahead.tangents, run.derivatives @ tangent, atol=1e-12)
    assert (ahead.points == run.points).all()
    for checkpoints in (None, 0, 1, 3):
        pulled = cj.vjp(F, x0, theta, back, steps=steps, checkpoints=checkpoints)
        assert np.allclose(pulled.value, run.derivatives[-1].T @ back, atol=1e-12)
        assert (pulled.points == run.points[pulled.at]).all()
        assert pulled.points.shape[0] == (steps + 1 if checkpoints is None else len(pulled.at))
    start = cj.piggyback(F, x0, theta, steps=steps, initial=np.ones((p, m)))
    assert np.allclose((start.derivatives - run.derivatives)[-1].T @ back, pulled.cotangent.sum(), atol=1e-9)


def test_checkpoints_keep_about_the_square_root() -> None:
    F = cj.from_sympy("t - x/2", state=["x"], parameters=["t"])
    kept = cj.vjp(F, [0.0], [1.0], [1.0], steps=400, checkpoints=0)
    assert len(kept.at) <= 2 * 20 + 1
    assert kept.value == pytest.approx([2 / 3])


def test_the_bound_holds_and_is_infinite_where_nothing_contracts() -> None:
    F = cj.from_sympy("t - 9*x/10", state=["x"], parameters=["t"])
    for steps in (1, 5, 40):
        run = cj.piggyback(F, [1.0], [1.0], steps=steps)
        assert abs(float(run.derivatives[-1, 0, 0]) - 1 / 1.9) <= run.bound
    grown = cj.piggyback(cj.from_sympy("t - 3*x/2", state=["x"], parameters=["t"]), [1.0], [0.0], steps=20)
    assert grown.bound == np.inf
    assert grown.status is LoopStatus.DIVERGING


def test_a_given_fixed_point_is_where_linearisations_are_taken() -> None:
    run = cj.piggyback(LASSO, [0.0, 0.0], [1.0], steps=160, fixed_point=[2.0, 0.0], ties=cj.ties.one)
    assert run.derivatives[-1].ravel() == pytest.approx(SEGMENT[1], abs=1e-10)
    assert run.points[0].tolist() == [0.0, 0.0]


def test_random_and_worst_choices_stay_in_the_set_and_worst_reaches_its_end() -> None:
    """J_pb of the half-absolute value is [0, 2]; that of one step from X is [−|X|/2, |X|/2] + 1."""
    runs = [cj.piggyback(HALF, [0.0], [0.0], steps=60, ties=cj.ties.random(seed)) for seed in range(5)]
    ends = [float(run.derivatives[-1, 0, 0]) for run in runs]
    assert len({round(end, 6) for end in ends}) > 1
    assert all(0 <= end <= 2 for end in ends)
    worst = cj.piggyback(HALF, [0.0], [0.0], steps=60, ties=cj.ties.worst([1.0]))
    assert float(worst.derivatives[-1, 0, 0]) == pytest.approx(2.0)
    least = cj.piggyback(HALF, [0.0], [0.0], steps=60, ties=cj.ties.worst([-1.0]))
    assert float(least.derivatives[-1, 0, 0]) == pytest.approx(0.5, abs=0.6)
    assert not worst.policy.constant


def test_library_policies_are_constant_and_named() -> None:
    for policy, expected in (
        (cj.ties.jax(), 0.5), (cj.ties.jax("relu"), 0.0), (cj.ties.torch(), 0.0), (cj.ties.torch("clip"), 1.0),
    ):  # fmt: skip
        F = cj.from_sympy("Max(x, 0)/2 + t", state=["x"], parameters=["t"])
        run = cj.piggyback(F, [0.0], [0.0], steps=1, ties=policy, initial=[[1.0]])
        assert float(run.derivatives[-1, 0, 0]) == 1 + expected / 2
        assert policy.constant


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cj.piggyback(len, [0.0], [0.0], steps=1), ArgumentTypeError, "needs a map"),
        (lambda: cj.piggyback(HALF, [0.0, 1.0], [0.0], steps=1), ShapeError, "needs shapes"),
        (lambda: cj.jvp(HALF, [0.0], [0.0], [1.0, 2.0], steps=1), ShapeError, "tangent"),
        (lambda: cj.vjp(HALF, [0.0], [0.0], [1.0, 2.0], steps=1), ShapeError, "cotangent"),
        (lambda: cj.piggyback(HALF, [0.0], [0.0], steps=-1), ArgumentError, "steps"),
        (lambda: cj.piggyback(HALF, [0.0], [0.0], steps=1, ties="zero"), ArgumentTypeError, r"cj\.ties"),
        (lambda: cj.piggyback(HALF, [0.0], [0.0], steps=1, ties=1.5), ArgumentError, "in \\[0, 1\\]"),
        (lambda: cj.ties.periodic([]), ArgumentTypeError, "one a step"),
        (lambda: cj.ties.jax("softmax"), ArgumentError, "knows maximum"),
        (lambda: cj.vjp(HALF, [0.0], [0.0], [1.0], steps=1, ties=cj.ties.worst([1.0])), ArgumentError, "reverse"),
        (
            lambda: cj.piggyback(cj.from_numpy(lambda x: 1e200 * x, [9.0]), [9.0], [], steps=99),
            NonFiniteError,
            "is left at",
        ),
        (lambda: cj.piggyback(cj.from_sympy(["x", "x"], state="x"), [9.0], [], steps=9), ShapeError, "to itself"),
    ],
)
def test_bad_input_is_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "relu",
    [
        lambda u: np.maximum(np.maximum(u, 0.0), 0.0),
        lambda u: np.maximum(0.0, np.maximum(0.0, u)),
        lambda u: np.where(u > 0, np.maximum(u, 0.0), 0.0),
        lambda u: np.maximum(0.0, np.where(u >= 0, u, 0.0)),
    ],
)
@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_ties_within_ties_are_told_by_their_joint_effect(relu: Any, weight: float) -> None:
    """A ReLU of a ReLU at 0 moves by 0, 1/2 and 1, whichever branch each of the two takes."""
    F = cj.from_numpy(lambda x, t: relu(t - x / 2), [0.0], [0.0])
    assert cj.jvp(F, [0.0], [0.0], [1.0], steps=1, ties=weight).tangents[-1].tolist() == [weight]


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_a_weight_between_stays_in_the_set_where_one_decision_turns_nested_switches(weight: float) -> None:
    """The side 100 u is met by no input: the outer and the inner `where` decide alike."""

    def step(x: Any, t: Any) -> Any:
        u = t - x / 2
        return np.where(u > 0, np.where(u > 0, u, 100 * u), 0.0)

    F = cj.from_numpy(step, [0.0], [0.0])
    assert cj.jvp(F, [0.0], [0.0], [1.0], steps=1, ties=weight).tangents[-1].tolist() == [float(weight >= 0.5)]


def test_theta_may_be_none_where_there_are_no_parameters_and_is_asked_for_where_there_are() -> None:
    F = cj.from_numpy(lambda x: x / 2, [1.0])
    assert cj.piggyback(F, [1.0], None, steps=2).points.ravel().tolist() == [1.0, 0.5, 0.25]
    with pytest.raises(ShapeError, match="got None"):
        cj.jvp(LASSO, [2.0, 0.0], None, [1.0], steps=1)
