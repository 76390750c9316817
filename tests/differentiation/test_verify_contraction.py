"""Contraction of maps: known norms, quotients and words, many ties, and boxes for formulas."""

import numpy as np
import pytest

import conservative as cj
from conservative.differentiation.contraction_steps import condition_root

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


def test_sinkhorn_contracts_modulo_constants_with_its_second_eigenvalue() -> None:
    """K1 and K2: λ₂ = tanh²(1/2) and 0.466502902493. The doubles of K1 have a norm below one by rounding alone."""
    data = {"C": [[0, 1, 4], [1, 0, 1], [4, 1, 0]], "a": [0.2, 0.3, 0.5], "b": [0.4, 0.4, 0.2]}
    for problem, second in (
        (cj.problems.optimal_transport([[0, 1], [1, 0]]), np.tanh(0.5) ** 2),
        (cj.problems.optimal_transport(**data), 0.466502902493),
    ):
        found = cj.verify_contraction(cj.algorithms.sinkhorn(problem))
        assert found.how is cj.Contraction.NEAR_QUOTIENT
        assert not found.contracts
        assert second <= found.factor.upper < second + 1e-5
        assert found.quotient.dimension == 1
        assert found.certificate is not None
        assert cj.check(found.certificate).valid


def layer(size: float) -> cj.ProgramMap:
    """relu(Wx + θ) at 0, ‖W‖₂ as given: 14 ties."""
    W = np.random.default_rng(0).standard_normal((14, 14))
    W *= size / np.linalg.norm(W, 2)
    return cj.from_numpy(lambda x, t: np.maximum(W @ x + t, 0), np.zeros(14), np.zeros(14))


def test_many_ties_that_contract_in_a_quadratic_norm_do_so_after_some_steps() -> None:
    F = layer(1.02)
    found = cj.verify_contraction(F)
    assert found.how is cj.Contraction.QUADRATIC
    assert found.steps is not None
    assert 1 < found.steps < 20
    rng = np.random.default_rng(1)
    S = F.switched()
    for _ in range(20):
        A = S.blocks(rng.integers(0, 2, (found.steps, 14)).astype(float))[:, :, :14]
        assert np.linalg.norm(np.linalg.multi_dot(A), 2) < 1
    assert "would list all vertices" in str(found)


def test_many_ties_are_refuted_by_a_word_of_few_of_their_vertices() -> None:
    F = layer(2.5)
    found = cj.verify_contraction(F)
    assert found.how is cj.Contraction.REFUTED
    assert len(found.letters) == max(found.word) + 1
    weights = np.zeros((len(found.letters), 14))
    for row, on in zip(weights, found.letters, strict=True):
        row[list(on)] = 1.0
    A = F.switched().blocks(weights)[:, :, :14]
    product = np.linalg.multi_dot([A[i] for i in found.word])
    assert abs(np.linalg.eigvals(product)).max() > 1
    assert found.certificate is not None
    assert cj.check(found.certificate).valid
    assert "letter 1: ties" in str(found)


def test_steps_hold_where_the_norm_is_badly_conditioned() -> None:
    """P is about diag(1, 10¹²) here: exact ends of its spectrum, not those of a float inverse."""
    F = cj.from_sympy(
        ["x/2 + 1000000*y + t", "Piecewise((y/2, y >= 0), (y/4, True))"], state=["x", "y"], parameters=["t"]
    )
    found = cj.verify_contraction(F, at=[0, 0, 0])
    assert found.contracts
    assert found.steps is not None
    M = cj.conservative_jacobian(F, [0, 0, 0]).vertices[:, :, :2]
    rng = np.random.default_rng(0)
    words = [rng.integers(0, 2, found.steps) for _ in range(20)] + [
        np.zeros(found.steps, int),
        np.ones(found.steps, int),
    ]
    for word in words:
        assert np.linalg.norm(np.linalg.multi_dot([M[i] for i in word]), 2) < 1
    assert condition_root(np.diag([1.0, 1e-14])) == pytest.approx(1e7, rel=0.01)
    assert condition_root(np.diag([1.0, -1e-3])) is None


@pytest.mark.parametrize("n", [4, 12])
def test_admm_on_total_variation_contracts_by_its_spectral_radius(n: int) -> None:
    """Norms are one or nearly so; the certificate holds whatever the norm is."""
    y = np.cumsum(np.random.default_rng(n).standard_normal(n))
    found = cj.verify_contraction(cj.algorithms.admm(cj.problems.total_variation(y)))
    assert found.contracts
    assert found.certificate is not None
    assert cj.check(found.certificate).valid
    assert found.steps is not None


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
