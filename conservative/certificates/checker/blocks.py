"""Block triangular form: the radius is the largest of those of the diagonal blocks."""

import math
from typing import Any

from conservative.certificates.checker.contraction import CONTRACTION
from conservative.certificates.checker.family import Bounds, Family
from conservative.certificates.checker.kernel import minus_multiple, multiply, require, spend
from conservative.certificates.checker.parts import UPPER_RELATIONS, Kind, check_part
from conservative.certificates.checker.path_complete import PATH_COMPLETE
from conservative.certificates.checker.polytope import POLYTOPE
from conservative.certificates.checker.products import PRODUCTS
from conservative.certificates.checker.sum_of_squares import SUM_OF_SQUARES
from conservative.certificates.checker.values import is_index, read_list, read_matrices

OF_A_BLOCK = {
    "contraction": CONTRACTION,
    "polytope": POLYTOPE,
    "path-complete": PATH_COMPLETE,
    "products": PRODUCTS,
    "sum-of-squares": SUM_OF_SQUARES,
}


def check_blocks(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that S A_i T is block upper triangular, S T = I, and that the diagonal blocks prove the claim."""
    blocks = diagonal_blocks(family, proof)
    for block, part in zip(blocks, read_list(proof["proofs"], len(blocks), "proofs"), strict=True):
        check_part(block, claim, part, OF_A_BLOCK)


def _blocks_cost(family: Family, bits: int) -> float:
    return 2 * (len(family.numerators) + 1) * family.order**3 * (50 + (bits + family.bits) ** 2 / 900)


def diagonal_blocks(family: Family, proof: dict[str, Any]) -> list[Family]:
    """The diagonal blocks of S A_i T, which must be block upper triangular with S T = I."""
    n, sizes = family.order, proof["sizes"]
    good = isinstance(sizes, list) and all(is_index(size, n + 1) and size > 0 for size in sizes) and sum(sizes) == n
    require(good, f"the sizes of the blocks must be positive integers with the sum {n}")
    (t, (T,), t_bits), (s, (S,), s_bits) = (read_matrices([proof[name]], name, n) for name in ("basis", "inverse"))
    spend(_blocks_cost(family, t_bits + s_bits))
    require(not any(map(any, minus_multiple(multiply(S, T), s * t))), "the inverse times the basis is not the identity")
    moved = [multiply(S, multiply(A, T)) for A in family.numerators]
    blocks, start = [], 0
    for size in sizes:
        stop = start + size
        require(not any(x for A in moved for row in A[stop:] for x in row[start:stop]), "a block below is not zero")
        block = [[row[start:stop] for row in A[start:stop]] for A in moved]
        common = math.gcd(s * t * family.denominator, *(x for A in block for row in A for x in row))
        block = [[[x // common for x in row] for row in A] for A in block]
        bits = max(abs(x).bit_length() for A in block for row in A for x in row)
        blocks.append(Family(s * t * family.denominator // common, block, size, bits, family.nodes, family.edges))
        start = stop
    return blocks


BLOCKS = Kind(UPPER_RELATIONS, lambda proof: ("basis", "inverse", "sizes", "proofs"), check_blocks)
UPPER = {**OF_A_BLOCK, "blocks": BLOCKS}
"""The kinds that prove an upper bound, and may be parts of others."""
