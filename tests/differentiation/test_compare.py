"""Implicit, piggyback and conical derivatives side by side, at the theory page's examples."""

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ArgumentError, ExpansionError
from conservative.differentiation import compare_derivatives


@pytest.mark.parametrize(
    ("text", "implicit", "piggyback"),
    [
        ("t - Piecewise((x/4, x >= 0), (3*x/4, True))", (4 / 7, 4 / 5), (4 / 13, 12 / 13)),
        ("t - Abs(x)/2", (2 / 3, 2), (0, 2)),
    ],
)
def test_the_strict_inclusion(text: str, implicit: tuple[float, float], piggyback: tuple[float, float]) -> None:
    F = cj.from_sympy(text, state=["x"], parameters=["t"])
    found = compare_derivatives(F, at=["0", "0"])
    assert found.gaps[0].forward.upper < 1e-8
    expected = max(implicit[0] - piggyback[0], piggyback[1] - implicit[1])
    assert expected in found.gaps[0].backward.widen(1e-14)
    assert found.gaps[0].backward.width < 1e-8
    assert found.conical is not None
    assert [pair.first for pair in found.gaps] == ["J_imp", "J_imp", "J_pb"]
    assert "J_pb beyond J_imp" in str(found)


def test_blocks_as_an_array_have_no_conical_part() -> None:
    found = compare_derivatives(np.array([[[-0.5, 1.0]], [[0.5, 1.0]]]))
    assert found.conical is None
    assert len(found.gaps) == 1


def test_bad_input() -> None:
    F = cj.from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
    with pytest.raises(ArgumentError, match="fixed point"):
        compare_derivatives(F)
    with pytest.raises(ExpansionError, match="expanding product"):
        compare_derivatives(np.array([[[2.0, 1.0]]]))
