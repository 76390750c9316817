"""A quadratic norm in which no matrix exceeds the bound (Lyapunov, Stein)."""

from typing import Any

from conservative.certificates.checker.family import Bounds, Family
from conservative.certificates.checker.kernel import decrease, is_positive, require, spend
from conservative.certificates.checker.parts import UPPER_RELATIONS, Kind
from conservative.certificates.checker.values import read_symmetric


def check_contraction(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require P > 0 and bound^2 P - A_i^T P A_i >= 0 (or > 0) for every i: one norm, a graph of one node."""
    edges = tuple((0, 0, i) for i in range(len(family.numerators)))
    check_norms(family, claim, edges, [proof["P"]])


def check_norms(family: Family, claim: Bounds, edges: tuple[tuple[int, int, int], ...], listed: list[Any]) -> None:
    """Require P_u > 0 for every node, and bound^2 P_u - A_i^T P_v A_i >= 0 (or > 0) for every edge (u, v, i)."""
    bound, strict = claim.upper, claim.relation == "<"
    _, norms, bits = read_symmetric(listed, family.order, "P")
    scales = (bound.numerator * family.denominator) ** 2, bound.denominator**2
    spend(_norms_cost(family, len(edges) + len(norms), bits, scales))
    require(all(is_positive(P, definite=True) for P in norms), "P is not positive definite")
    wanted = "positive definite" if strict else "positive semidefinite"
    for u, v, letter in edges:
        slack = decrease(norms[u], norms[v], family.numerators[letter], scales)
        require(is_positive(slack, definite=strict), f"bound^2 P - A^T P A is not {wanted} for matrix {letter + 1}")


def _norms_cost(family: Family, count: int, bits: int, scales: tuple[int, int]) -> float:
    """Of `count` matrices, of which the norms have entries of so many bits."""
    n, (norm_scale, image_scale) = family.order, scales
    size = bits + max(norm_scale.bit_length(), image_scale.bit_length() + 2 * family.bits + 2 * n.bit_length())
    return count * n**3 * (200 + size * (bits + family.bits) / 900)


CONTRACTION = Kind(UPPER_RELATIONS, lambda proof: ("P",), check_contraction)
