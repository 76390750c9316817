"""A word for the lower end of a bracket, a proof of another kind for the upper end."""

from typing import Any

from conservative.certificates.checker.blocks import UPPER
from conservative.certificates.checker.expansion import check_expansion, word_fields
from conservative.certificates.checker.family import Bounds, Family, read_word
from conservative.certificates.checker.kernel import require
from conservative.certificates.checker.parts import BRACKET_RELATIONS, Kind, check_part
from conservative.certificates.checker.values import require_fields


def check_equality(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the word proves the lower end, and the part `upper` the upper end."""
    require((claim.lower == claim.upper) == (claim.relation == "="), 'the relation must be "=" if the ends are equal')
    read_word(proof["word"], family)
    if claim.lower > 0:
        check_expansion(family, Bounds(">=", claim.lower, claim.lower), proof)
    else:
        require_fields(proof, ("word", "upper"), "the proof with the lower end 0")
    check_part(family, Bounds("<=", claim.upper, claim.upper), proof["upper"], UPPER)


EQUALITY = Kind(BRACKET_RELATIONS, lambda proof: (*word_fields(proof), "upper"), check_equality)
