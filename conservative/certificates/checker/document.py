"""The document: its form, its sentence, its digests, and the verdict."""

import hashlib
import json
import re
from fractions import Fraction
from typing import Any

from conservative.certificates.checker.blocks import UPPER
from conservative.certificates.checker.family import Bounds, Family, lifted_family, product_name, read_family, read_word
from conservative.certificates.checker.kernel import SPENT, InvalidError, require
from conservative.certificates.checker.kinds import BRACKETS, KINDS
from conservative.certificates.checker.parts import require_proof
from conservative.certificates.checker.values import INTEGER, read_rational, require_fields

FORMAT, VERSION = "conservative-certificate", 1
MAX_CHARACTERS, MAX_NODES = 64 * 2**20, 4_000_000


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len({name for name, _ in pairs}) == len(pairs), "an object names one of its fields twice")
    return dict(pairs)


def _bare_integer(text: str) -> int:
    """The only bare numbers are small integers; `text` may also be a decimal, NaN or Infinity."""
    if len(text) > 10 or not INTEGER.fullmatch(text) or len(text.lstrip("-")) > 9:
        raise InvalidError(f"the bare number {text[:20]} is not allowed")
    return int(text)


def read_document(text: str) -> tuple[dict[str, Any], Family]:
    """Parse the text of a certificate and check its form, but neither its digests nor its proof."""
    require(len(text) <= MAX_CHARACTERS, f"the document is longer than {MAX_CHARACTERS} characters")
    # Every value but the first follows one of these characters: what would fill the memory is not even parsed.
    nodes = sum(map(text.count, "[{,"))
    require(nodes <= MAX_NODES, f"the document has more than {MAX_NODES} values")
    hooks: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _bare_integer)
    try:
        document = json.loads(text, object_pairs_hook=_object, **hooks)
    except RecursionError:
        raise InvalidError("the document is nested too deeply") from None
    except ValueError as error:
        raise InvalidError(f"the document is not JSON: {error}") from None
    head = ("format", "version", "kind", "problem", "claim", "proof", "problem_sha256", "sha256")
    require_fields(document, head, "the document")
    version, kind, claim = document["version"], document["kind"], document["claim"]
    require(document["format"] == FORMAT, f'"format" must be "{FORMAT}"')
    require(type(version) is int and version == VERSION, f'"version" must be {VERSION}')
    require(isinstance(kind, str) and kind in KINDS, f'"kind" must be one of {", ".join(KINDS)}')
    for name in ("problem_sha256", "sha256"):
        is_digest = isinstance(document[name], str) and re.fullmatch("[0-9a-f]{64}", document[name])
        require(bool(is_digest), f'"{name}" must be 64 lowercase hexadecimal digits')
    problem, proof = document["problem"], document["proof"]
    constrained = isinstance(problem, dict) and "automaton" in problem
    require_fields(problem, ("matrices", "automaton") if constrained else ("matrices",), '"problem"')
    require_proof(kind, KINDS[kind], proof)
    ends = ("lower", "upper") if kind in BRACKETS else ("bound",)
    require_fields(claim, ("quantity", "relation", *ends, "sentence"), '"claim"')
    quantity = "lower spectral radius" if kind == "slowest" else "joint spectral radius"
    require(claim["quantity"] == quantity, f'the "quantity" must be "{quantity}"')
    relations = KINDS[kind].relations
    require(claim["relation"] in relations, f'the "relation" of this kind must be one of {" ".join(relations)}')
    for end in ends:
        require(read_rational(claim[end], f"the {end}") >= 0, f"the {end} must not be negative")
    family = read_family(problem)
    if kind == "exact":
        read_word(proof["word"], family)
    sentence = claim_sentence(kind, problem, claim, proof)
    require(claim["sentence"] == sentence, f'the "sentence" must read: {sentence}')
    return document, family


def claim_sentence(kind: str, problem: dict[str, Any], claim: dict[str, Any], proof: dict[str, Any]) -> str:
    """The claim in words, from parts of a document of the right form."""
    matrices = problem["matrices"]
    quantity = "lower" if kind == "slowest" else "joint"
    size = f"{len(matrices[0])} x {len(matrices[0])}"
    given = f"{len(matrices)} given {size} matrices" if len(matrices) > 1 else f"given {size} matrix"
    subject = f"The {quantity} spectral radius of the {given}"
    if "automaton" in problem:
        nodes = problem["automaton"]["nodes"]
        subject += f", over the words that the given automaton of {nodes} node{'s' * (nodes > 1)} allows,"
    if kind not in BRACKETS:
        return f"{subject} is {claim['relation']} {claim['bound']}."
    inside = f"lies in [{claim['lower']}, {claim['upper']}]"
    if kind != "exact":
        return f"{subject} is exactly {claim['lower']}." if claim["relation"] == "=" else f"{subject} {inside}."
    inside = f"is exactly {claim['lower']}" if claim["lower"] == claim["upper"] else inside
    root = f"^(1/{len(proof['word'])})" if len(proof["word"]) > 1 else ""
    return f"{subject} equals rho({product_name(proof['word'])}){root}, and {inside}."


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value: sorted keys, no spaces, ASCII only."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_text(text: str) -> tuple[bool, str]:
    """Check the form, the digests and the proof: whether all are right, and the claim, or the reason why not."""
    budget = SPENT.set([0.0])
    try:
        document, family = read_document(text)
        rest = {name: value for name, value in document.items() if name != "sha256"}
        intact = digest(document["problem"]) == document["problem_sha256"]
        require(intact, "the matrices were changed after the certificate was made: their SHA-256 differs")
        require(digest(rest) == document["sha256"], "the document was changed after it was made: its SHA-256 differs")
        kind, claim = document["kind"], document["claim"]
        lower, upper = (Fraction(claim[end] if kind in BRACKETS else claim["bound"]) for end in ("lower", "upper"))
        require(lower <= upper, "the lower end must not be above the upper end")
        # Where all products vanish, no method has anything left to compare with the bound.
        require(upper > 0 or claim["relation"] != "<", "no radius is below 0")
        subject = lifted_family(family) if family.nodes and kind in UPPER else family
        KINDS[kind].check(subject, Bounds(claim["relation"], lower, upper), document["proof"])
    except InvalidError as error:
        return False, str(error)
    except RecursionError:
        return False, "the proof is nested too deeply"
    finally:
        SPENT.reset(budget)
    return True, claim["sentence"]
