"""The lower spectral radius: a word of small radius from above, a lower part from below."""

from fractions import Fraction
from typing import Any

from conservative.certificates.checker.blocks import diagonal_blocks
from conservative.certificates.checker.cone import CONE
from conservative.certificates.checker.expansion import polynomial_cost, roots_cost, scaled_polynomial
from conservative.certificates.checker.family import Bounds, Family, read_word, word_product
from conservative.certificates.checker.inverses import INVERSES
from conservative.certificates.checker.kernel import characteristic_polynomial, require, roots_inside, spend
from conservative.certificates.checker.letters import ALONE, DETERMINANTS
from conservative.certificates.checker.lower import LowerKind, check_lower
from conservative.certificates.checker.parts import BRACKET_RELATIONS, Kind
from conservative.certificates.checker.values import is_index, require_fields


def check_slowest(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the word's product has radius at most upper^length, and that `lower` proves the lower end."""
    require((claim.lower == claim.upper) == (claim.relation == "="), 'the relation must be "=" if the ends are equal')
    word = read_word(proof["word"], family)
    require(_has_small_roots(family, claim.upper, word), "the product of the word has a radius above upper^length")
    if claim.lower > 0:
        require("lower" in proof, "a positive lower end needs the part `lower`")
        check_lower(family, claim.lower, proof["lower"], LOWER)
    else:
        require_fields(proof, ("word",), "the proof with the lower end 0")


def _has_small_roots(family: Family, bound: Fraction, word: list[int]) -> bool:
    """Whether all eigenvalues of the product have modulus at most bound^length."""
    spend(polynomial_cost(family, len(word)) + roots_cost(family, bound, len(word)))
    if not bound:
        return not any(characteristic_polynomial(word_product(family, word))[:-1])
    return roots_inside(scaled_polynomial(family, bound, word), closed=True)


LOWER_OF_A_BLOCK = {"cone": CONE, "alone": ALONE, "determinants": DETERMINANTS, "inverses": INVERSES}


def check_block(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require that a diagonal block of S A_i T proves the bound: that of a product is no larger, up to |S| |T|."""
    blocks = diagonal_blocks(family, part)
    require(is_index(part["index"], len(blocks)), "the index must name a block")
    check_lower(blocks[part["index"]], bound, part["lower"], LOWER_OF_A_BLOCK)


LOWER = {**LOWER_OF_A_BLOCK, "block": LowerKind(("basis", "inverse", "sizes", "index", "lower"), check_block)}


def _slowest_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    return ("word", "lower") if "lower" in proof else ("word",)


SLOWEST = Kind(BRACKET_RELATIONS, _slowest_fields, check_slowest)
