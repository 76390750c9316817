"""A quadratic norm in which no matrix exceeds the bound (Lyapunov, Stein)."""

from typing import Any

from conservative.certificates.checker.family import Bounds, Family
from conservative.certificates.checker.kernel import is_positive, multiply, require, spend
from conservative.certificates.checker.parts import UPPER_RELATIONS, Kind
from conservative.certificates.checker.values import read_symmetric


def check_contraction(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require P > 0 and bound^2 P - A_i^T P A_i >= 0 (or > 0) for every i: one norm, a graph of one node."""
    edges = tuple((0, 0, i) for i in range(len(family.numerators)))
    check_norms(family, claim, edges, [proof["P"]])


def check_norms(family: Family, claim: Bounds, edges: tuple[tuple[int, int, int], ...], listed: list[Any]) -> None:
    """Require P_u > 0 for every node, and bound^2 P_u - A_i^T P_v A_i >= 0 (or > 0) for every edge (u, v, i)."""
    n, bound, strict = family.order, claim.upper, claim.relation == "<"
    _, norms, bits = read_symmetric(listed, n, "P")
    norm_scale, image_scale = (bound.numerator * family.denominator) ** 2, bound.denominator**2
    spend(_norms_cost(family, len(edges) + len(norms), bits, (norm_scale, image_scale)))
    require(all(is_positive(P, definite=True) for P in norms), "P is not positive definite")
    wanted = "positive definite" if strict else "positive semidefinite"
    for u, v, letter in edges:
        A = family.numerators[letter]
        image = multiply(list(zip(*A, strict=True)), multiply(norms[v], A))
        slack = [[norm_scale * norms[u][r][c] - image_scale * image[r][c] for c in range(n)] for r in range(n)]
        proved = is_positive(slack, definite=strict)
        require(proved, f"bound^2 P - A^T P A is not {wanted} for matrix {letter + 1}")


def _norms_cost(family: Family, count: int, bits: int, scales: tuple[int, int]) -> float:
    """Of `count` matrices, of which the norms have entries of so many bits."""
    n, (norm_scale, image_scale) = family.order, scales
    size = bits + max(norm_scale.bit_length(), image_scale.bit_length() + 2 * family.bits + 2 * n.bit_length())
    return count * n**3 * (200 + size * (bits + family.bits) / 900)


CONTRACTION = Kind(UPPER_RELATIONS, lambda proof: ("P",), check_contraction)
