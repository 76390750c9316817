"""Honest certificates are accepted; changed ones are refused, and a forger can only prove what is true."""

import json
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from strategies.certificates import honest, seal, small_rationals, spoiled
from strategies.stages import drawn

from conservative.certificates import (
    Certificate,
    check,
    check_text,
    contraction_certificate,
    expansion_certificate,
    schema,
)

pytestmark = pytest.mark.usefixtures("each_checker")
HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
EXPANSION = expansion_certificate(HEAVY_BALL, (0, 0, 1, 1))
CONTRACTION = contraction_certificate([[["1/2", "1/4"], [0, "1/2"]]], [[1, 0], [0, 2]], "4/5")
VALIDATOR = Draft202012Validator(schema())


def rationals(document: dict[str, Any]) -> list[sympy.Matrix]:
    return [sympy.Matrix([[sympy.Rational(x) for x in row] for row in m]) for m in document["problem"]["matrices"]]


def claim_is_true(document: dict[str, Any]) -> bool:
    """An independent reading of claim and proof with sympy."""
    matrices, claim, proof = rationals(document), document["claim"], document["proof"]
    bound, strict = sympy.Rational(claim["bound"]), claim["relation"] in {">", "<"}
    if document["kind"] == "expansion":
        M = sympy.eye(matrices[0].rows)
        for letter in proof["word"]:
            M = M * matrices[letter]
        target = bound ** len(proof["word"])
        z = sympy.Symbol("z")
        roots = sympy.Poly(M.charpoly(z).as_expr(), z).sqf_part().nroots(n=80, maxsteps=500)
        excess = max(abs(root) for root in roots) - target
        tie = sympy.Float(10, 80) ** -50  # far below the separation of roots of such small cubics
        return bool(excess > tie if strict else excess > -tie)
    P = sympy.Matrix([[sympy.Rational(x) for x in row] for row in proof["P"]])
    slacks = [bound**2 * P - A.T * P * A for A in matrices]
    good = (lambda S: S.is_positive_definite) if strict else (lambda S: S.is_positive_semidefinite)
    return bool(P == P.T and P.is_positive_definite and all(map(good, slacks)))


@settings(deadline=None, max_examples=40)
@given(honest)
@example(EXPANSION)
@example(CONTRACTION)
def test_honest_certificates_are_accepted_and_fit_the_schema(certificate: Certificate) -> None:
    assert check(certificate)
    assert check(certificate.document).reason == str(certificate.claim)
    VALIDATOR.validate(certificate.document)
    assert seal(certificate.document) == certificate.document


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_change_of_one_digit_anywhere_is_refused(data: st.DataObject) -> None:
    certificate = data.draw(st.sampled_from([EXPANSION, CONTRACTION]))
    digits = [i for i, character in enumerate(certificate.text) if character in "0123456789abcdef"]
    position = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from([c for c in "0123456789" if c != certificate.text[position]]))
    verdict = check_text(certificate.text[:position] + other + certificate.text[position + 1 :])
    assert not verdict.valid
    assert verdict.reason


@drawn(50, 500, st.data())
def test_every_changed_document_is_refused(data: st.DataObject) -> None:
    certificate = data.draw(st.one_of(st.sampled_from([EXPANSION, CONTRACTION]), honest))
    verdict = check(data.draw(spoiled(certificate.document)))
    assert not verdict.valid
    assert verdict.reason


@drawn(40, 400, st.data())
def test_a_forger_who_seals_a_changed_document_again_is_refused_or_proves_the_truth(data: st.DataObject) -> None:
    document = data.draw(honest).document
    mutant = data.draw(spoiled(document))
    try:
        mutant = seal(mutant)
    except (KeyError, TypeError, IndexError, AttributeError):
        assume(False)  # nothing left to seal: the test above refuses it
    verdict = check(mutant)
    if verdict:
        VALIDATOR.validate(mutant)
        assert claim_is_true(mutant)


@drawn(20, 200, st.data())
def test_a_resealed_claim_is_accepted_exactly_when_its_proof_proves_it(data: st.DataObject) -> None:
    document = data.draw(honest).document
    relations = [">", ">="] if document["kind"] == "expansion" else ["<", "<="]
    document["claim"]["relation"] = data.draw(st.sampled_from(relations))
    old = Fraction(document["claim"]["bound"])
    factor = data.draw(st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(9, 10), Fraction(11, 10), Fraction(2)]))
    document["claim"]["bound"] = str(old * factor)
    if document["kind"] == "expansion" and data.draw(st.booleans()):
        letters = st.integers(0, len(document["problem"]["matrices"]) - 1)
        document["proof"]["word"] = data.draw(st.lists(letters, min_size=1, max_size=5))
    assert check(seal(document)).valid == claim_is_true(document)


@drawn(40, 400, st.data())
def test_no_word_exceeds_a_proved_upper_bound(data: st.DataObject) -> None:
    order, count = 2, 2
    entries = st.lists(small_rationals, min_size=order * order * count, max_size=order * order * count)
    matrices = np.array(data.draw(entries), dtype=object).reshape(count, order, order)
    diagonal = [data.draw(st.integers(1, 5)) for _ in range(order)]
    P = np.diag(diagonal).astype(object)
    gamma = data.draw(st.builds(Fraction, st.integers(0, 40), st.integers(1, 4)))
    document = contraction_certificate(matrices, P, 10**6).document
    document["claim"]["bound"] = str(gamma)
    if check(seal(document)):
        floats = matrices.astype(float)
        for length in range(1, 5):
            for word in product(range(count), repeat=length):
                M = np.linalg.multi_dot([np.eye(order), *floats[list(word)]])
                assert np.abs(np.linalg.eigvals(M)).max() ** (1 / length) <= float(gamma) + 1e-3


def test_whitespace_and_the_order_of_fields_do_not_matter() -> None:
    shuffled = dict(sorted(EXPANSION.document.items(), reverse=True))
    assert check_text(json.dumps(shuffled, indent=7))
