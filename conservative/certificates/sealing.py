"""Documents with their sentences and digests, laid out so that a person can read them."""

import json
import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from conservative._core.errors import ArgumentTypeError, CertificateError
from conservative._core.families.as_family import MatrixFamily
from conservative._core.printable import shown
from conservative.certificates import checker
from conservative.certificates.numerals import edge_lists, text, texts
from conservative.certificates.records import Certificate, check


def letters(word: Sequence[int]) -> tuple[int, ...]:
    """A word as a tuple of integers.

    Raises ArgumentTypeError when it is no sequence of integers.
    """
    try:
        return tuple(operator.index(letter) for letter in word)
    except TypeError as error:
        raise ArgumentTypeError(
            f"a word is a sequence of 0-based integers, like (0, 0, 1, 1); got {shown(word)}."
        ) from error


def automaton_document(value: Any) -> dict[str, Any] | None:
    """An automaton as the checker reads it."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        nodes, edges = value["nodes"], value["edges"]
    elif hasattr(value, "nodes"):
        nodes, edges = value.nodes, value.edges
    else:
        nodes, edges = value
    return {"nodes": operator.index(nodes), "edges": edge_lists(edges)}


def inequality(relation: str, bound: Fraction) -> dict[str, str]:
    """The claim of an inequality, without its sentence."""
    return {"quantity": "joint spectral radius", "relation": relation, "bound": text(bound)}


def bracket(
    relation: str, lower: Fraction, upper: Fraction, *, quantity: str = "joint spectral radius"
) -> dict[str, str]:
    """The claim of a bracket, without its sentence."""
    return {"quantity": quantity, "relation": relation, "lower": text(lower), "upper": text(upper)}


def seal(
    family: MatrixFamily,
    kind: str,
    claim: dict[str, str],
    proof: dict[str, Any],
    automaton: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The document with its sentence and digests.

    `claim`: as `inequality` or `bracket` makes it. Raises CertificateError when the claim cannot be put into words.
    """
    problem: dict[str, Any] = {"matrices": [texts(matrix) for matrix in family.exact]}
    if automaton is not None:
        problem["automaton"] = automaton
    try:
        sentence = checker.claim_sentence(kind, problem, claim, proof)
    except checker.InvalidError as error:
        raise CertificateError(f"the claim is not proved: {error}.") from None
    document = {
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "kind": kind,
        "claim": {**claim, "sentence": sentence},
        "problem": problem,
        "proof": proof,
        "problem_sha256": checker.digest(problem),
    }
    return document | {"sha256": checker.digest(document)}


def proved(document: dict[str, Any]) -> Certificate:
    """The certificate of a document that the checker accepts.

    Raises CertificateError when the document does not prove its claim.
    """
    verdict = check(document)
    if not verdict:
        raise CertificateError(f"the claim is not proved: {verdict.reason}.")
    return Certificate(_layout(document))


def _layout(document: dict[str, Any]) -> str:
    """JSON that a person can read: innermost lists on one line."""
    return (
        "{\n" + ",\n".join(f"  {json.dumps(name)}: {_indented(value, 2)}" for name, value in document.items()) + "\n}\n"
    )


def _indented(value: Any, depth: int) -> str:
    inner, outer = " " * (depth + 2), " " * depth
    if isinstance(value, dict):
        lines = (f"{inner}{json.dumps(name)}: {_indented(item, depth + 2)}" for name, item in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    if isinstance(value, list) and any(map(_is_broken, value)):
        return "[\n" + ",\n".join(inner + _indented(item, depth + 2) for item in value) + f"\n{outer}]"
    return json.dumps(value)


def _is_broken(item: Any) -> bool:
    """Whether an item of a list has a line of its own: objects and lists, but not edges and coefficients [k, ..]."""
    return isinstance(item, dict) or (isinstance(item, list) and not (item and type(item[0]) is int))
