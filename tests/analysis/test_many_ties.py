"""`analyze` where ties are too many to list."""

import numpy as np
import pytest

import conservative as cj
from conservative.report.result_documents import jacobian_document


def test_a_function_of_many_ties_is_judged_by_its_norm() -> None:
    names = [f"x{i}" for i in range(14)]
    for factor, verdict in (("1/2", "PROVED"), ("1", "REFUTED")):  # the identity is one of the Jacobians of max(x, 0)
        F = cj.from_sympy([f"{factor}*Max({n}, 0)" for n in names], state=names)
        result = cj.analyze(F, at=[0] * 14, time_limit=None)
        assert result.contraction.name == verdict
        assert "14 ties" in str(result)
        assert set(jacobian_document(result.jacobian)) == {"kind", "exactness", "base", "U", "V"}


def test_a_small_zonotope_is_listed_and_a_large_one_is_not() -> None:
    for size in (2, 30):
        F = cj.functions.structured(cj.functions.ScalarPiece.relu(), np.eye(size) / 4, N=np.eye(size))
        result = cj.analyze(cj.conservative_jacobian(F, np.zeros(2 * size)), steps=2, time_limit=None)
        assert result.contraction.name == "PROVED"
        assert (result.norm is None) == (size == 2)


def test_a_rectangular_zonotope_is_not_iterated() -> None:
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), np.eye(13), outer=np.ones((1, 13)))
    assert cj.analyze(cj.conservative_jacobian(F, np.zeros(13)), time_limit=None).contraction.name == "NOT_ASKED"


def test_a_structured_map_is_analysed_as_its_expressions_are() -> None:
    """Soft thresholding after a linear step, by arrays: the lasso map with one tie."""
    M = np.array([[0.5, -0.25], [-0.25, 0.5]])
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), M, N=np.array([[-1.0], [-0.5]]))
    at = [0, 0, 0]
    by_arrays, by_expressions = (
        cj.analyze(F, at=at, steps=3, time_limit=None),
        cj.analyze(F.to_selection(), at=at, steps=3, time_limit=None),
    )
    assert by_arrays.contraction.name == "PROVED"
    assert by_arrays.radius.bracket == by_expressions.radius.bracket
    assert np.array_equal(
        np.sort(by_arrays.jacobian.vertices.reshape(4, -1), axis=0),
        np.sort(by_expressions.jacobian.vertices.reshape(4, -1), axis=0),
    )
    assert by_arrays.trajectory.gaps[-1].upper <= by_expressions.trajectory.gaps[-1].upper + 1e-12
    text = str(by_arrays)
    assert "F(x, θ) = W φ(M x + N θ + c) + P x + Q θ + d" in text
    assert "a fixed point: F(x, θ) = x exactly" in text


def test_a_large_structured_map_is_judged_by_its_norm() -> None:
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), np.eye(40) / 2)
    result = cj.analyze(F, at=np.zeros(40), time_limit=None)
    assert (result.contraction.name, result.jacobian.tie_count) == ("PROVED", 40)
    assert "40 ties" in str(result)
    with pytest.raises(cj.ConservativeError, match="x0"):
        cj.analyze(F, at=np.ones(40))
    with pytest.raises(cj.ConservativeError, match="needs the point"):
        cj.analyze(F)


def test_many_ties_whose_norm_is_above_one_may_contract_in_another() -> None:
    """Nilpotent ties above a contraction: ‖A‖₂ is about 4, the joint spectral radius 1/2."""
    size = 14
    shear = np.eye(size) / 2 + 4 * np.eye(size, k=7)
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), shear)
    result = cj.analyze(F, at=np.zeros(size), time_limit=None)
    assert result.norm.bounds.lower > 1
    assert result.contraction.name == "PROVED"
    assert result.adapted.radius.lower <= 0.5 <= result.adapted.radius.upper < 1
    assert "Assumption A holds in" in str(result)
