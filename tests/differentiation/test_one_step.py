"""Derivatives of the last steps: the truth table's values, the bias that is named, and what a residual adds."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import conservative as cj
from conservative.differentiation.enclosures import norm_above, power_decay
from conservative.functions.switched_jacobian import SwitchedJacobian

RIDGE = cj.from_sympy(
    ["x - (5*x + 4*y - 11 + t*x)/10", "y - (4*x + 6*y - 9 + t*y)/10"], state=["x", "y"], parameters=["t"]
)
SOLVED = [Fraction(41, 26), Fraction(5, 13), 1]
IMPLICIT = np.array([[-19 / 52], [2 / 13]])


@pytest.mark.parametrize(
    ("steps", "value", "error", "bound"),
    [
        (1, (-0.157692307692, -0.038461538462), 0.283051838353, 0.495131173767),
        (2, (-0.205384615385, 0.013076923077), 0.213110244548, 0.372889667925),
        (5, (-0.297141538462, 0.093602307692), 0.091029877224, 0.159279758386),
        (10, (-0.348851327723, 0.139250861485), 0.022053846830, 0.038588774387),
    ],
)
def test_ridge_by_gradient_descent(steps: int, value: tuple[float, float], error: float, bound: float) -> None:
    found = cj.one_step_jacobian(RIDGE, SOLVED, steps=steps)
    np.testing.assert_allclose(found.value.ravel(), value, atol=1e-11)
    assert np.linalg.norm(found.value - IMPLICIT) == pytest.approx(error, abs=1e-11)
    assert found.bound == pytest.approx(bound, abs=1e-11)
    assert found.proved
    assert found.norm_steps == 1


def test_newton_is_exact_in_one_step() -> None:
    """x ← (x + θ/x)/2: A = 0 at the root, so that nothing is missing."""
    F = cj.from_sympy("(x + t/x)/2", state="x", parameters="t")
    found = cj.one_step_jacobian(F, [3, 9])
    assert (found.value.item(), found.bound, found.proved) == (pytest.approx(1 / 6), 0.0, True)


def test_the_residual_of_an_iterate_is_part_of_the_bound() -> None:
    """Newton's iterates for √2 in the truth table: 1.5 leads to errors .0202201, then .000612214."""
    F = cj.from_sympy("(x + t/x)/2", state="x", parameters="t")
    for x, error in [(1.5, 0.0202201), (1.5 - 1 / 12, 0.000612214)]:
        found = cj.one_step_jacobian(F, [x, 2.0])
        assert abs(found.value.item() - 8**-0.5) == pytest.approx(error, rel=1e-4)
        assert error < found.bound < 3 * error
        assert not found.proved
        assert found.residual == pytest.approx(abs((x + 2 / x) / 2 - x))


def test_where_no_step_contracts_several_do() -> None:
    """Heavy ball on the ridge: ‖A‖₂ = 1.3267, ρ(A) = 1/2."""
    F = cj.from_sympy(
        ["x - (5*x + 4*y - 11 + t*x)/5 + (x - u)/4", "y - (4*x + 6*y - 9 + t*y)/5 + (y - v)/4", "x", "y"],
        state=["x", "y", "u", "v"],
        parameters=["t"],
    )
    at = [Fraction(41, 26), Fraction(5, 13), Fraction(41, 26), Fraction(5, 13), 1]
    for steps in (1, 4, 16):
        found = cj.one_step_jacobian(F, at, steps=steps)
        error = np.linalg.norm(found.value - np.concatenate([IMPLICIT, IMPLICIT]))
        assert found.norm_steps > 1
        assert error <= found.bound < 4 * error + 1e-12


def test_where_nothing_contracts_the_bound_is_infinite() -> None:
    found = cj.one_step_jacobian(cj.from_sympy("2*x + t", state="x", parameters="t"), [-1, 1])
    assert (found.value.item(), found.bound, found.proved) == (1.0, np.inf, False)


def test_a_large_program_is_taken_by_products() -> None:
    def step(x: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.maximum(x / 2 + t * np.ones_like(x), 0)

    p = 20_000
    F = cj.from_numpy(step, np.full(p, 2.0), np.array([1.0]))
    found = cj.one_step_jacobian(F, steps=2)
    np.testing.assert_allclose(found.value, np.full((p, 1), 1.5))
    assert found.bound == pytest.approx(0.5 * p**0.5)
    assert not found.proved


def test_many_states_are_never_stored_as_a_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lasso with 300 states of which 12 move: the bound is that of the active set, and holds."""

    def refuse(self: SwitchedJacobian) -> None:
        raise AssertionError("the base was formed")

    monkeypatch.setattr(SwitchedJacobian, "dense_base", refuse)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 300)) / 80**0.5
    w = np.zeros(300)
    w[::25] = 2.0
    algorithm = cj.algorithms.forward_backward(cj.problems.lasso(X, X @ w), step=0.1)
    z = np.zeros(300)
    for _ in range(4000):
        z = algorithm.evaluate(z, [0.3])
    S = np.flatnonzero(z)
    known = np.zeros(300)
    known[S] = -np.linalg.solve(X[:, S].T @ X[:, S], np.sign(z[S]))
    for steps in (1, 5, 40):
        found = cj.one_step_jacobian(algorithm, [*z, 0.3], steps=steps)
        rate = np.linalg.norm(np.eye(len(S)) - 0.1 * X[:, S].T @ X[:, S], 2)
        assert found.rate == pytest.approx(rate, rel=1e-6)
        error = np.linalg.norm(found.value[:, 0] - known)
        assert error <= found.bound <= rate**steps * 0.1 * len(S) ** 0.5 / (1 - rate) * (1 + 1e-6) + 1e-9


def test_a_loop_that_is_started_at_its_solution_returns_the_last_steps_alone() -> None:
    for steps in (1, 3, 7):
        warm = cj.piggyback(RIDGE, [41 / 26, 5 / 13], [1.0], steps=steps)
        np.testing.assert_allclose(
            warm.derivatives[-1], cj.one_step_jacobian(RIDGE, SOLVED, steps=steps).value, atol=1e-13
        )


def test_outputs_are_bounded_where_the_state_is_not_determined() -> None:
    """K1: constants are in no plan; the bias of the plan is λ₂ᴷ times a constant."""
    algorithm = cj.algorithms.sinkhorn(cj.problems.optimal_transport([[0, 1], [1, 0]]))
    known = -np.exp(-1) / (2 * (1 + np.exp(-1)) ** 2) * np.array([1, -1, -1, 1])
    at = [*algorithm.lift(algorithm.problem.solve(1.0), [1.0]), 1.0]
    for steps in (1, 4, 30):
        found = cj.one_step_jacobian(algorithm, at, steps=steps)
        assert found.quotient is not None
        error = np.linalg.norm(found.output_value.ravel() - known)
        assert error <= found.output_bound + 1e-14
        assert found.output_bound <= 2 * np.tanh(0.5) ** (2 * steps)
    split = cj.algorithms.douglas_rachford(cj.problems.ridge([[2, 1], [1, 2], [0, 1]], [4, 3, -1]), step=0.25)
    found = cj.one_step_jacobian(split, steps=8)
    assert np.linalg.norm(found.output_value - IMPLICIT) <= found.output_bound < 0.1


@given(st.integers(0, 2**31), st.sampled_from([1, 3, 8]))
def test_powers_that_contract_bound_the_inverse(seed: int, p: int) -> None:
    A = np.random.default_rng(seed).standard_normal((p, p))
    A *= 0.8 / max(abs(np.linalg.eigvals(A)))
    found = power_decay(A)
    assert found is not None
    assert np.linalg.norm(np.linalg.matrix_power(A, found.steps), 2) <= found.rate * (1 + 1e-12)
    assert np.linalg.norm(np.linalg.inv(np.eye(p) - A), 2) <= found.total * (1 + 1e-12)
    assert power_decay(A * 1.3) is None


@pytest.mark.parametrize("shape", [(250, 250), (230, 400), (3, 3), (1, 5)])
def test_a_norm_is_bounded_closely_at_every_size(shape: tuple[int, int]) -> None:
    A = np.random.default_rng(0).standard_normal(shape)
    true = float(np.linalg.norm(A, 2))
    assert true * (1 - 1e-12) <= norm_above(A) <= 1.02 * true
    assert norm_above(0 * A) == 0.0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"steps": 0}, r"`one_step_jacobian\(steps=...\)` needs a whole number of at least 1; got 0"),
        ({"F": np.exp}, r"`one_step_jacobian\(F=...\)` needs a map with a state"),
        (
            {"F": cj.from_sympy("x/2", state="x"), "at": [0]},
            "at least one parameter; got 1 components of 1 states and 0",
        ),
        ({"at": [1, 2]}, "needs 3 numbers in the order state, parameters"),
    ],
)
def test_bad_calls(changed: dict[str, object], message: str) -> None:
    given = {"F": RIDGE, "at": SOLVED} | changed
    with pytest.raises(cj.ConservativeError, match=message):
        cj.one_step_jacobian(**given)


def test_bounds_keep_falling_where_single_steps_expand():
    """Heavy ball, ‖A‖ > 1: what rounding adds to A^K must not outgrow the rest; A has radius sqrt(3)/2."""
    F = cj.from_sympy(["3*x/2 - 3*y/4 + t", "x"], state=["x", "y"], parameters=["t"])
    found = [cj.one_step_jacobian(F, [0, 0, 0], steps=K) for K in (20, 60, 200)]
    assert all(one.proved for one in found)
    assert found[0].bound > 5 * found[1].bound
    assert found[2].bound < 1e-4
    exact = np.linalg.solve([[-0.5, 0.75], [-1.0, 1.0]], [[1.0], [0.0]])
    assert all(np.linalg.norm(one.value - exact) <= one.bound for one in found)
