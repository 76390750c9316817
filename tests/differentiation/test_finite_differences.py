"""The V-curve of difference quotients: textbook optima, evaluations counted, kinks, functions of rows and of points."""

import numpy as np
import pytest

import conservative as cj

UNIT = 2.0**-53


def test_the_exponential_at_one_has_the_textbook_curve() -> None:
    """Steps of least error on half decades, and 2√(u|f|/|f″|), (3u|f|/|f‴|)^(1/3)."""
    forward = cj.finite_difference(np.exp, 1.0, derivative=np.e)
    central = cj.finite_difference(np.exp, 1.0, scheme="central", derivative=np.e)
    assert forward.optimum == pytest.approx(1e-8)
    assert float(forward.error) == pytest.approx(6.60275079056305e-09, rel=1e-6)
    assert float(forward.predicted) == pytest.approx(2 * UNIT**0.5, rel=1e-2)
    assert central.optimum == pytest.approx(3.162277660168379e-06)
    assert float(central.error) == pytest.approx(3.291500405566694e-11, rel=1e-4)
    assert float(central.predicted) == pytest.approx((3 * UNIT) ** (1 / 3), rel=1e-2)
    assert (forward.evaluations, central.evaluations) == (34, 66)
    assert forward.vectorised
    large, small = forward.errors[forward.steps > 1e-6], forward.errors[forward.steps < 1e-11]
    np.testing.assert_allclose(large[5:] / large[4:-1], 10**-0.5, rtol=0.1)
    assert small.min() > 100 * float(forward.error)


def test_without_a_derivative_errors_are_measured_against_the_best() -> None:
    found = cj.finite_difference(np.sin, 0.3)
    assert abs(found.value - np.cos(0.3)) < 1e-7
    assert 0 < float(found.error) < 1e-6
    assert found.errors.shape == found.steps.shape == (33,)


def test_a_matrix_of_derivatives_keeps_both_shapes() -> None:
    X = np.arange(12.0).reshape(3, 4)

    def f(theta: np.ndarray) -> np.ndarray:
        return np.sin(X @ theta)

    at = np.array([0.1, -0.2, 0.3, 0.05])
    true = np.cos(X @ at)[:, None] * X
    for scheme, most in (("forward", 1e-5), ("central", 1e-7)):
        found = cj.finite_difference(f, at, scheme=scheme, derivative=true)
        assert found.derivatives.shape == (33, 3, 4)
        assert np.linalg.norm(found.value - true) == float(found.error) < most
        assert not found.vectorised
        assert found.evaluations == (133 if scheme == "forward" else 264)


def test_rows_and_points_give_the_same_curve() -> None:
    seen = []

    def alone(theta: np.ndarray) -> np.ndarray:
        if theta.ndim > 1:
            raise ValueError("one point at a time")
        seen.append(theta)
        return theta**3

    def rows(theta: np.ndarray) -> np.ndarray:
        return theta**3

    one, many = (cj.finite_difference(f, [1.0, 2.0], step=[1e-3, 1e-5]) for f in (alone, rows))
    assert (one.vectorised, many.vectorised) == (False, True)
    np.testing.assert_array_equal(one.derivatives, many.derivatives)
    assert one.evaluations == many.evaluations == 5
    assert all(point.shape == (2,) for point in seen)


def test_at_a_kink_forward_quotients_are_the_slope_to_the_right() -> None:
    assert cj.finite_difference(abs, 0.0).value == 1.0
    assert cj.finite_difference(abs, 0.0, scheme="central").value == 0.0


def test_a_derivative_of_the_lasso_path_on_both_sides_of_a_breakpoint() -> None:
    """L1 of the truth table: w̄(λ) has slopes (−1/7, −1/14) on the left of λ = 1 and (−1/5, 0) on its right."""
    gram, c = np.array([[5.0, 4.0], [4.0, 6.0]]), np.array([11.0, 9.0])

    def solve(weight: float) -> np.ndarray:
        w = np.zeros(2)
        for _ in range(400):
            for j in range(2):
                rest = c[j] - gram[j] @ w + gram[j, j] * w[j]
                w[j] = np.sign(rest) * max(abs(rest) - weight, 0) / gram[j, j]
        return w

    right = cj.finite_difference(solve, 1.0, step=[1e-2, 1e-3, 1e-4])
    np.testing.assert_allclose(right.value, [-0.2, 0.0], atol=1e-9)
    both = cj.finite_difference(solve, 1.0, scheme="central", step=1e-4)
    np.testing.assert_allclose(both.value, [(-1 / 7 - 1 / 5) / 2, -1 / 28], atol=1e-9)
    assert np.isnan(float(both.predicted))


def test_large_parameters_get_large_steps_and_straight_lines_any() -> None:
    found = cj.finite_difference(lambda t: 3 * t, [1e6, 1.0])
    assert found.steps.max() == 1e6
    assert float(found.predicted) == np.inf
    np.testing.assert_allclose(found.value, 3 * np.eye(2), atol=1e-9)


def test_steps_beyond_the_domain_are_passed_over() -> None:
    with np.errstate(invalid="ignore"):
        found = cj.finite_difference(np.sqrt, 1e-3, scheme="central", derivative=0.5 * 1e-3**-0.5)
    assert np.isinf(found.errors[0])
    assert float(found.error) < 1e-7


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"f": 3}, r"`finite_difference\(f=...\)` needs a function of theta; got 3"),
        ({"f": lambda t: "x"}, "needs a function that returns real numbers; got 'x'"),
        ({"f": lambda t: t + np.nan}, "needs a function that is finite at theta"),
        ({"f": lambda t: [1.0][2]}, "f fails at theta = 1.0: list index out of range"),
        ({"theta": []}, "needs at least one parameter"),
        ({"theta": [float("nan")]}, "needs finite numbers"),
        ({"step": "many"}, "is \"sweep\", or the steps as numbers; got 'many'"),
        ({"step": 0.0}, 'needs "sweep", or positive steps'),
        ({"scheme": "backward"}, "is forward or central; got 'backward'"),
        ({"derivative": [1.0, 2.0]}, r"needs shape \(\); got \(2,\)"),
    ],
)
def test_bad_calls(changed: dict[str, object], message: str) -> None:
    with pytest.raises(cj.ConservativeError, match=message):
        cj.finite_difference(**({"f": np.exp, "theta": 1.0} | changed))
