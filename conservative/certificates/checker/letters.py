"""Lower bounds of the slowest growth that the letters alone prove: their determinants, or the one letter."""

from fractions import Fraction
from typing import Any

from conservative.certificates.checker.expansion import has_large_root
from conservative.certificates.checker.family import Bounds, Family
from conservative.certificates.checker.kernel import characteristic_polynomial, require, spend
from conservative.certificates.checker.lower import LowerKind


def check_determinants(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require |det A_i| >= bound^n for every i: |M|^n >= |det M| in the spectral norm."""
    n = family.order
    spend(_determinants_cost(family, bound))
    power = (bound * family.denominator) ** n
    for i, A in enumerate(family.numerators, 1):
        large = abs(characteristic_polynomial(A)[0]) >= power
        require(large, f"the determinant of matrix {i} has a modulus below bound^{n}")


def _determinants_cost(family: Family, bound: Fraction) -> float:
    n, step = family.order, bound * family.denominator
    power = (n * max(step.numerator, step.denominator).bit_length() / 30) ** 2
    return float(len(family.numerators) * n**4 * (n * family.bits / 120 + 1) ** 1.6 + power)


def check_alone(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require that there is one matrix only, and that it has an eigenvalue of modulus bound or more."""
    require(len(family.numerators) == 1 and not family.nodes, "the part alone is about one matrix without an automaton")
    large = has_large_root(family, Bounds(">=", bound, bound), [0])
    require(large, "the matrix has no eigenvalue of modulus >= bound")


DETERMINANTS = LowerKind((), check_determinants)
ALONE = LowerKind((), check_alone)
