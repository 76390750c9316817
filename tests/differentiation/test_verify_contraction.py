"""Contraction of maps: known norms, quotients and words, many ties, and boxes for formulas."""

import numpy as np
import pytest

import conservative as cj

HEAVY_BALL = cj.from_sympy(
    ["x - Piecewise((x, x >= 0), (x/4, True)) + 3*(x - y)/4 + t", "x"], state=["x", "y"], parameters=["t"]
)
LASSO = cj.from_sympy(
    [
        "Max(x - (5*x + 4*y - 11)/10 - t/10, 0) - Max(-x + (5*x + 4*y - 11)/10 - t/10, 0)",
        "Max(y - (4*x + 6*y - 9)/10 - t/10, 0) - Max(-y + (4*x + 6*y - 9)/10 - t/10, 0)",
    ],
    state=["x", "y"],
    parameters=["t"],
)


def test_forward_backward_contracts_in_the_euclidean_norm() -> None:
    """L1 of the truth table at its breakpoint: ‖A‖₂ = .8531128874 at the choice that moves."""
    found = cj.verify_contraction(LASSO, at=[2, 0, 1])
    assert found.how is cj.Contraction.EUCLIDEAN
    assert found.factor.upper == pytest.approx(0.8531128874)
    assert found.steps == 1
    assert found.certificate is not None
    assert cj.check(found.certificate).valid
    assert found.residual is not None
    assert found.residual.vanishes


def test_heavy_ball_is_refuted_by_its_word() -> None:
    found = cj.verify_contraction(HEAVY_BALL, at=[0, 0, 0])
    assert found.how is cj.Contraction.REFUTED
    assert sorted(found.word) == [0, 0, 1, 1]
    assert not found.contracts
    assert found.certificate is not None
    assert cj.check(found.certificate).valid
    assert "word" in str(found)


def test_momentum_that_contracts_does_so_after_some_steps() -> None:
    """Heavy ball with α = 1, β = 1/4: jsr ≥ .6982602642, in no step of the Euclidean norm."""
    F = cj.from_sympy(
        ["x - Piecewise((x, x >= 0), (x/4, True)) + (x - y)/4 + t", "x"], state=["x", "y"], parameters=["t"]
    )
    found = cj.verify_contraction(F, at=[0, 0, 0])
    assert found.contracts
    assert found.steps is not None
    assert found.steps > 1
    M = cj.conservative_jacobian(F, [0, 0, 0]).vertices[:, :, :2]
    products = M
    for _ in range(found.steps - 1):
        products = (products[:, None] @ M[None]).reshape(-1, 2, 2)
    assert np.linalg.norm(products, 2, axis=(1, 2)).max() < 1


def test_rows_that_sum_to_one_contract_on_the_quotient() -> None:
    F = cj.from_sympy(["x/2 + y/2 + t", "x/4 + 3*y/4 - t/2"], state=["x", "y"], parameters=["t"])
    found = cj.verify_contraction(F, at=[0, 2, 0])
    assert found.how is cj.Contraction.QUOTIENT
    assert found.quotient.dimension == 1
    assert 0.25 in found.factor
    assert "no fixed point" in str(found)


def test_many_ties_are_not_listed() -> None:
    def step(x: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.maximum(x / 2 + np.roll(x, 1) / 4, 0) + t * 0

    F = cj.from_numpy(step, np.zeros(40), np.zeros(1))
    found = cj.verify_contraction(F)
    assert found.how is cj.Contraction.EUCLIDEAN
    assert 0.75 <= found.factor.upper < 0.7501


def test_a_box_is_proved_for_a_formula() -> None:
    F = cj.from_sympy(["sin(x + y)/3 + t", "Max(x**2/8, y/2)"], state=["x", "y"], parameters=["t"])
    found = cj.verify_contraction(F, region=([-1, -1, 0], [1, 1, 0]))
    assert found.how is cj.Contraction.EUCLIDEAN
    corners = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    seen = 0.0
    for x, y in corners:
        top = [np.cos(x + y) / 3] * 2
        seen = max(seen, *(np.linalg.norm([top, low], 2) for low in ([x / 4, 0], [0, 0.5])))
    assert seen <= found.factor.upper < 1
    wide = cj.verify_contraction(F, region=([-9, -9, 0], [9, 9, 0]))
    assert wide.how is cj.Contraction.UNDECIDED
    assert not wide.contracts


def test_a_box_may_be_judged_in_the_norm_of_a_point() -> None:
    F = cj.from_sympy(["2*y", "sin(x)/4 + t"], state=["x", "y"], parameters=["t"])
    box = ([-0.5, -0.5, 0], [0.5, 0.5, 0])
    assert not cj.verify_contraction(F, region=box).contracts
    found = cj.verify_contraction(F, at=[0, 0, 0], region=box)
    assert found.how is cj.Contraction.QUADRATIC
    assert found.factor.upper >= 0.5**0.5 * (1 - 1e-9)


@pytest.mark.parametrize(
    ("F", "changed", "message"),
    [
        (np.eye(2), {}, "For matrices call `contraction_verdict`"),
        (cj.from_sympy("x + t", state=["x", "t"]), {"at": [0, 0]}, "F has 1 components for 2 states"),
        (LASSO, {"at": [1, 2]}, "needs 3 numbers in the order"),
        (LASSO, {"region": 3}, r"`verify_contraction\(region=...\)` needs a lower and an upper end"),
        (LASSO, {"region": (1.0, -1.0)}, "finite ends with lower <= upper"),
        (cj.from_numpy(lambda x: x / 2, [1.0]), {"region": (-1, 1)}, "of a program only points are"),
    ],
)
def test_bad_calls(F: object, changed: dict[str, object], message: str) -> None:
    with pytest.raises(cj.ConservativeError, match=message):
        cj.verify_contraction(F, **changed)  # type: ignore[arg-type]
