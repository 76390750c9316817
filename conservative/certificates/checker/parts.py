"""What a kind of proof is, and proofs inside proofs."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from conservative.certificates.checker.family import Bounds, Family, lifted_family
from conservative.certificates.checker.kernel import require
from conservative.certificates.checker.values import require_fields


class Kind(NamedTuple):
    """The relations that a kind may claim, the fields of its proof, and what checks it."""

    relations: tuple[str, ...]
    fields: Callable[[dict[str, Any]], tuple[str, ...]]
    check: Callable[[Family, Bounds, dict[str, Any]], None]


UPPER_RELATIONS = ("<=", "<")
BRACKET_RELATIONS = ("in", "=")


def require_proof(name: str, kind: Kind, proof: Any) -> None:
    """Require the fields that a proof of this kind has."""
    where = f"the proof of the {name}"
    require(isinstance(proof, dict), f"{where} must be an object")
    require_fields(proof, kind.fields(proof), where)


def check_part(family: Family, claim: Bounds, part: Any, kinds: Mapping[str, Kind]) -> None:
    """Require that a proof inside a proof, {"kind", "proof"}, proves the claim about a family."""
    require_fields(part, ("kind", "proof"), "a part of the proof")
    name = part["kind"]
    require(isinstance(name, str) and name in kinds, f"the kind of a part must be one of {', '.join(sorted(kinds))}")
    require_proof(name, kinds[name], part["proof"])
    kinds[name].check(lifted_family(family) if family.nodes else family, claim, part["proof"])
