"""What `explain` predicts where libraries return no number, differ from plain spellings, or round."""

import numpy as np
import pytest

import conservative as cj
from conservative.jacobians.explanation.conventions import CONVENTIONS, TIES, VERSIONS

NAN = np.nan
# formula, point, library, spelling, by reverse mode, by forward mode: observed with JAX 0.10.2 and PyTorch 2.13.0
OBSERVED = [
    ("Piecewise((sqrt(x), x > 0), (0, True))", [-1], "JAX", "maximum", NAN, 0.0),
    ("Piecewise((sqrt(x), x > 0), (0, True))", [-1], "PyTorch", "maximum", NAN, 0.0),
    ("sqrt(Max(x, 0))", [-1], "JAX", "maximum", NAN, NAN),
    ("sqrt(Max(x, 0))", [-1], "JAX", "relu", 0.0, NAN),
    ("sqrt(Max(x, 0))", [-1], "PyTorch", "maximum", 0.0, NAN),
    ("hard_tanh(x)", [1], "JAX", "hard_tanh", 1.0, 1.0),
    ("hard_tanh(x)", [-1], "JAX", "maximum", 0.5, 0.5),
    ("hard_tanh(x)", [1], "PyTorch", "hard_tanh", 0.0, 0.0),
    ("hard_tanh(x)", [1], "PyTorch", "clamp", 1.0, 1.0),
    ("clip(x, 0, 6)", [6], "JAX", "relu6", 0.0, 0.0),
    ("clip(x, 0, 1)", [0], "JAX", "clamp", 0.0, 0.0),
    ("leaky_relu(x, 1/4)", [0], "JAX", "leaky_relu", 1.0, 1.0),
    ("leaky_relu(x, 1/4)", [0], "PyTorch", "leaky_relu", 0.25, 0.25),
    ("Max(x, x/4)", [0], "PyTorch", "leaky_relu", 0.25, 0.25),
    ("Max(x, 2*x, 3*x)", [0], "PyTorch", "max_dim", 1.0, 1.0),
    ("Max(x, 2*x, 3*x)", [0], "PyTorch", "maximum", 2.0, 2.0),
    ("median(x, 1, 2*x - 1)", [1], "PyTorch", "median", 1.0, 1.0),
    ("median(x, 1, 2*x - 1)", [1], "JAX", "median", 0.0, 0.0),
    ("sum_largest(1, x, 2*x)", [0], "JAX", "maximum", 1.5, 1.5),
]


@pytest.mark.parametrize(("formula", "at", "library", "spelling", "reverse", "forward"), OBSERVED)
def test_values_as_observed(formula, at, library, spelling, reverse, forward):
    explanation = cj.explain(cj.from_sympy(formula, state="x"), at)
    for mode, observed in (("reverse", reverse), ("forward", forward)):
        found = explanation.derivative(library, spelling=spelling, mode=mode)
        np.testing.assert_array_equal(found, [[observed]])


def test_clamped_tensors_take_all_of_the_first():
    F = cj.from_sympy("Max(x, y)", state=["x", "y"])
    explanation = cj.explain(F, [1, 1])
    assert explanation.derivative("PyTorch", spelling="clamp").tolist() == [[1.0, 0.0]]
    assert explanation.derivative("PyTorch", spelling="clamp", mode="forward").tolist() == [[0.0, 1.0]]


def test_equal_values_on_top():
    F = cj.from_sympy("order_statistic(2, x, y)", state=["x", "y"])
    explanation = cj.explain(F, [1, 1])
    assert explanation.derivative("JAX").tolist() == [[0.0, 1.0]]
    assert explanation.derivative("JAX", spelling="top_k").tolist() == [[1.0, 0.0]]
    with pytest.raises(cj.ConservativeError, match="leaves open"):
        explanation.derivative("PyTorch", spelling="top_k")
    assert "any of the equal values (torch.topk)" in str(explanation)


def test_zero_ranks_above_minus_zero_on_top():
    F = cj.from_sympy("order_statistic(2, -y, x)", state=["x", "y"])
    assert cj.explain(F, [0, 0]).derivative("JAX", spelling="top_k").tolist() == [[1.0, 0.0]]
    assert cj.explain(F, [0, 0]).derivative("JAX").tolist() == [[1.0, 0.0]]


def test_a_derivative_that_is_no_number_is_printed_as_one():
    text = str(cj.explain(cj.from_sympy("Piecewise((sqrt(x), x > 0), (0, True))", state="x"), [-1]))
    assert f"JAX {VERSIONS['JAX']}: [[nan]] by reverse mode; [[0]] by forward mode" in text
    assert f"PyTorch {VERSIONS['PyTorch']}: [[nan]] by reverse mode; [[0]] by forward mode" in text


@pytest.mark.parametrize(
    ("text", "at", "read"),
    [
        ("sqrt(x**2)", [0], "Abs(x)"),
        ("sqrt(x**2 + 1)**2", [0], "x**2 + 1"),
        ("log(exp(x) + exp(3*x))", [1000], "softplus("),
    ],
)
def test_predictions_are_of_the_formula_as_it_was_read(text, at, read):
    explanation = cj.explain(cj.from_sympy(text, state="x"), at)
    (line,) = [line for line in str(explanation).splitlines() if line.startswith("Automatic differentiation of")]
    assert read in line
    assert read in explanation._repr_html_()


def test_what_is_said_of_a_tie_is_what_the_doubles_do():
    explanation = cj.explain(cj.from_sympy("Max(x, y)", state=["x", "y"]), [1.0, 1.0 + 1e-12])
    (tie,) = explanation.ties
    assert set(tie.rules.values()) == {"not equal in doubles: takes y"}
    assert explanation.derivative("JAX").tolist() == [[0.0, 1.0]]


def test_rounding_decides_where_sums_are_inexact():
    F = cj.from_sympy("Max(x + y, z)", state=["x", "y", "z"])
    explanation = cj.explain(F, [0.1, 0.2, 0.3])
    ((expression, distance),) = explanation.rounding
    assert str(expression) == "Max(z, x + y)"
    assert distance == 0.1 + 0.2 - 0.3
    assert "Rounding decides at Max(z, x + y) (5.6e-17 apart)" in str(explanation)
    assert all("rounding decides" in words for words in explanation.ties[0].rules.values())
    assert "rounding" in explanation._repr_html_().lower()
    assert cj.explain(F, [0.25, 0.5, 0.75]).rounding == ()


def test_a_breakpoint_of_the_lasso_path_in_doubles_is_decided_by_rounding():
    """1-D lasso with inexact data: the step lands on the threshold but for rounding."""
    F = cj.from_sympy("Max(x - 0.1*(0.3*x - 0.7) - 0.1*l, 0)", state="x", parameters="l")
    (found,) = cj.explain(F, [0.0, 0.7]).rounding
    assert found[1] <= 1e-16


def test_thirds_are_what_doubles_make_of_them():
    F = cj.from_sympy("Max(x + y + z, 1)", state=["x", "y", "z"])
    assert len(cj.explain(F, ["1/3", "1/3", "1/3"]).rounding) == 1


def test_the_table_holds_one_row_for_each_operation_and_switch():
    keys = [(row.framework, row.spelling, row.switch) for row in CONVENTIONS]
    assert len(keys) == len(set(keys))
    for row in CONVENTIONS:
        assert row.version == VERSIONS[row.framework]
        assert np.shape(row.observed)[-1:] == np.shape(TIES[row.switch][0])
        assert np.allclose(np.sum(row.observed, axis=-1), 1.0) or row.switch in ("bound", "abs", "sign", "leaky")
