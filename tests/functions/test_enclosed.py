"""Constants in balls: what is rational stays exact, and what has no rule is refused."""

from fractions import Fraction

import pytest
import sympy as sp

from conservative._core.errors import FunctionError
from conservative.functions.graph.enclosed_arithmetic import EnclosedArithmetic, _root, enclosed


@pytest.mark.parametrize(
    ("base", "degree", "root"),
    [("4/9", 2, "2/3"), ("8/27", 3, "2/3"), ("2", 2, None), ("1/2", 2, None), ("4/3", 2, None), ("5/7", 1, "5/7")],
)
def test_rational_roots_are_exact_and_others_are_none(base: str, degree: int, root: str | None) -> None:
    assert _root(Fraction(base), degree) == (None if root is None else Fraction(root))


def test_constants_are_enclosed_by_the_rules_of_smooth_functions() -> None:
    numbers = EnclosedArithmetic([])
    assert float(enclosed(numbers._constant(sp.sin(1))).mid()) == pytest.approx(0.8414709848078965, rel=1e-15)
    with pytest.raises(FunctionError, match="cannot be enclosed"):
        numbers._constant(sp.zeta(3))
