"""A lower bound of the slowest growth: an upper bound of the growth of the inverses."""

from fractions import Fraction
from typing import Any

from conservative.certificates.checker.blocks import UPPER
from conservative.certificates.checker.exact import EXACT
from conservative.certificates.checker.family import Bounds, Family
from conservative.certificates.checker.kernel import minus_multiple, multiply, require, spend
from conservative.certificates.checker.lower import LowerKind
from conservative.certificates.checker.parts import check_part, require_proof
from conservative.certificates.checker.values import read_list, read_matrices, read_rational, require_fields


def check_inverses(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require that B_i = A_i^-1 have joint spectral radius at most 1 / bound: |M| >= 1 / |M^-1|."""
    n, count = family.order, len(family.numerators)
    listed = read_list(part["inverses"], count, "the inverses")
    denominator, inverses, bits = read_matrices(listed, "an inverse", n)
    spend(count * n**3 * (50 + bits * family.bits / 900))
    whole = denominator * family.denominator
    for i, (A, B) in enumerate(zip(family.numerators, inverses, strict=True), 1):
        require(not any(map(any, minus_multiple(multiply(A, B), whole))), f"the inverse of matrix {i} is wrong")
    turned = tuple((v, u, i) for u, v, i in family.edges)
    subject, upper = Family(denominator, inverses, n, bits, family.nodes, turned), part["upper"]
    if not (isinstance(upper, dict) and upper.get("kind") == "exact"):
        check_part(subject, Bounds("<=", 1 / bound, 1 / bound), upper, UPPER)
        return
    require_fields(upper, ("kind", "lower", "proof"), "the exact radius of the inverses")
    low = read_rational(upper["lower"], "the lower end")
    require(low * bound <= 1, "the lower end must not be above the upper end")
    require_proof("exact", EXACT, upper["proof"])
    EXACT.check(subject, Bounds("=", low, 1 / bound), upper["proof"])


INVERSES = LowerKind(("inverses", "upper"), check_inverses)
