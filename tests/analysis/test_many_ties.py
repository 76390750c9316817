"""`analyze` where ties are too many to list."""

import numpy as np

import conservative as cj
from conservative.report.document import jacobian_document


def test_a_function_of_many_ties_is_judged_by_its_norm() -> None:
    names = [f"x{i}" for i in range(14)]
    for factor, verdict in (("1/2", "PROVED"), ("1", "UNDECIDED")):
        F = cj.from_sympy([f"{factor}*Max({n}, 0)" for n in names], state=names)
        result = cj.analyze(F, at=[0] * 14)
        assert result.contraction.name == verdict
        assert "14 ties" in str(result)
        assert set(jacobian_document(result.jacobian)) == {"kind", "exactness", "base", "U", "V"}


def test_a_small_zonotope_is_listed_and_a_large_one_is_not() -> None:
    for size in (2, 30):
        F = cj.structured(cj.ScalarPiece.relu(), np.eye(size) / 4, N=np.eye(size))
        result = cj.analyze(cj.conservative_jacobian(F, np.zeros(2 * size)), steps=2)
        assert result.contraction.name == "PROVED"
        assert (result.norm is None) == (size == 2)


def test_a_rectangular_zonotope_is_not_iterated() -> None:
    F = cj.structured(cj.ScalarPiece.relu(), np.eye(13), outer=np.ones((1, 13)))
    assert cj.analyze(cj.conservative_jacobian(F, np.zeros(13))).contraction.name == "NOT_ASKED"
