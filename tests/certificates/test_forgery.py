"""Certificates of every kind: damage is refused, and whoever seals a changed one again proves only what is true."""

import copy
import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from strategies.certificates import at, places, seal, spoiled
from strategies.proofs import proved
from strategies.samples import samples
from strategies.stages import drawn

from conservative.certificates import Certificate, check, check_text, schema

pytestmark = pytest.mark.usefixtures("each_checker")
SAMPLES = samples()
VALIDATOR = Draft202012Validator(schema())
names = pytest.mark.parametrize("name", list(SAMPLES))


def radii(document: dict[str, Any], length: int) -> dict[tuple[int, ...], float]:
    """The normalised radius of every allowed word up to a length, in floats."""
    problem = document["problem"]
    matrices = [np.array([[float(Fraction(x)) for x in row] for row in m]) for m in problem["matrices"]]
    edges = problem.get("automaton", {"edges": [[0, 0, i] for i in range(len(matrices))]})["edges"]
    found = {}
    for size in range(1, length + 1):
        for word in itertools.product(range(len(matrices)), repeat=size):
            if any(_reads(word, edges, start) for start in {u for u, _, _ in edges}):
                product = np.linalg.multi_dot([np.eye(len(matrices[0])), *(matrices[i] for i in word)])
                found[word] = float(np.abs(np.linalg.eigvals(product)).max() ** (1 / size))
    return found


def _reads(word: tuple[int, ...], edges: list[list[int]], start: int) -> bool:
    """Whether a path from a node back to it labels the word."""
    here = {start}
    for letter in word:
        here = {v for u, v, i in edges if u in here and i == letter}
    return start in here


def refuted(document: dict[str, Any]) -> bool:
    """Whether words of length up to 5 contradict the claim, by more than rounding: 1e-4 at a triple eigenvalue."""
    claim, proof = document["claim"], document["proof"]
    ends = [float(Fraction(claim[end])) for end in ("lower", "upper", "bound") if end in claim]
    found = radii(document, 5)
    top = max(found.values(), default=0.0)
    if claim["quantity"] == "lower spectral radius":  # rounding costs more at a defective zero
        return min(found.values()) < ends[0] * (1 - 1e-3) - 1e-3
    if claim["relation"] in ("<", "<=", "in", "=") and top > ends[-1] * (1 + 1e-3) + 1e-3:
        return True
    if "word" in proof and "lower" in claim:
        return bool(found.get(tuple(proof["word"]), 0.0) < ends[0] * (1 - 1e-6))
    return False


@names
def test_samples_are_accepted_and_fit_the_schema(name: str) -> None:
    certificate = SAMPLES[name]
    assert check(certificate).reason == str(certificate.claim)
    VALIDATOR.validate(certificate.document)
    assert seal(certificate.document) == certificate.document
    assert not refuted(certificate.document)


@drawn(4, 15, proved)
def test_what_is_true_by_construction_fits_the_schema(certificate: Certificate) -> None:
    VALIDATOR.validate(certificate.document)
    assert not refuted(certificate.document)


@names
def test_every_changed_digit_is_refused(name: str) -> None:
    text = SAMPLES[name].text
    for position, digit in enumerate(text):
        if digit in "0123456789":
            other = "1" if digit == "9" else str(int(digit) + 1)
            assert not check_text(text[:position] + other + text[position + 1 :]), position


@names
def test_every_removed_field_or_item_is_refused_even_when_sealed_again(name: str) -> None:
    document = SAMPLES[name].document
    optional = {("problem", "automaton")}  # without it, the claim is another one, which may be proved
    optional |= {("proof", "vector"), ("proof", "eigenpair")}  # without them the word may prove as much
    follows = {"sha256", "problem_sha256", "sentence"}  # sealing writes them again
    for path in places(document):
        parent = at(document, path[:-1])
        if isinstance(parent, dict) and path not in optional and path[-1] not in follows:
            mutant = copy.deepcopy(document)
            del at(mutant, path[:-1])[path[-1]]
            if {"problem", "claim", "proof", "kind"} <= set(mutant) and "matrices" in mutant["problem"]:
                mutant = seal(mutant)
            assert not check(mutant), path


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_every_changed_document_is_refused(data: st.DataObject) -> None:
    certificate = data.draw(st.one_of(st.sampled_from(list(SAMPLES.values())), proved))
    verdict = check(data.draw(spoiled(certificate.document)))
    assert not verdict.valid
    assert 0 < len(verdict.reason) < 500


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_a_forger_who_seals_a_changed_document_again_proves_only_what_words_do_not_refute(data: st.DataObject) -> None:
    certificate = data.draw(st.one_of(st.sampled_from(list(SAMPLES.values())), proved))
    mutant = data.draw(spoiled(certificate.document))
    try:
        mutant = seal(mutant)
    except (KeyError, TypeError, IndexError, AttributeError):
        return  # nothing left to seal: the test above refuses it
    if check(mutant):
        VALIDATOR.validate(mutant)
        assert not refuted(mutant)


@drawn(12, 120, st.data())
def test_no_change_of_the_proof_makes_a_false_claim_acceptable(data: st.DataObject) -> None:
    """The upper end is lowered below the radius of a word; then the proof alone is changed, up to three times."""
    certificate = data.draw(st.one_of(st.sampled_from(list(SAMPLES.values())), proved))
    document = certificate.document
    claim = document["claim"]
    if claim["relation"] in (">", ">="):
        claim["bound"] = str(10 * Fraction(claim["bound"]))
    else:
        low = Fraction(max(radii(document, 3).values(), default=0.0)) * Fraction(99, 100)
        claim.update({end: str(low.limit_denominator(1000)) for end in ("lower", "upper", "bound") if end in claim})
    document = seal(document)
    for _ in range(data.draw(st.integers(0, 3))):
        inner = data.draw(spoiled({"proof": document["proof"]}))
        document = document | {"proof": inner.get("proof")}
    try:
        document = seal(document)
    except (KeyError, TypeError, IndexError, AttributeError):
        return
    if document["claim"]["relation"] in (">", ">=") or refuted(document):
        assert not check(document)
