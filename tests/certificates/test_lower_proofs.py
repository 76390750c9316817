"""A vector or an eigenpair proves no more of a word than its characteristic polynomial; large matrices need them."""

import copy
import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.certificates import families, seal, small_rationals
from strategies.samples import samples
from strategies.stages import drawn

from conservative._core.errors import CertificateError
from conservative._core.families.as_family import as_family
from conservative.certificates import (
    BlocksProof,
    Certificate,
    QuadraticProof,
    check,
    equality_certificate,
    expansion_certificate,
    word_bound,
)
from conservative.certificates.word_proofs import real_eigenpair, word_proof

F = Fraction
EXPANSION = samples()["expansion"].document


def claim(family: Any, relation: str, bound: Fraction, proof: dict[str, Any]) -> dict[str, Any]:
    """A sealed expansion about a family of rationals."""
    document = copy.deepcopy(EXPANSION)
    document["problem"] = {"matrices": [[[str(x) for x in row] for row in A] for A in family]}
    document["claim"] |= {"relation": relation, "bound": str(bound)}
    return seal(document | {"proof": proof})


@pytest.mark.parametrize("entry", [2, -2])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_radius_equal_to_the_bound_is_not_above_it(entry: int, order: int) -> None:
    """Eigenvalues at the bound itself, where the scaled polynomial is zero at 1 or at -1."""
    family = [[[entry * (i == j) * (i == 0) for j in range(order)] for i in range(order)]]
    assert check(claim(family, ">=", F(2), {"word": [0]}))
    assert not check(claim(family, ">", F(2), {"word": [0]}))
    assert check(claim(family, ">", F(2) - F(1, 10**30), {"word": [0]}))
    assert not check(claim(family, ">=", F(2) + F(1, 10**30), {"word": [0]}))


bounds = st.builds(Fraction, st.integers(1, 40), st.integers(1, 8))


@drawn(50, 600, st.data())
def test_a_vector_proves_only_what_the_polynomial_proves(data: st.DataObject) -> None:
    family = data.draw(families())
    if data.draw(st.booleans()):
        family = [[[abs(x) for x in row] for row in A] for A in family]
    word = data.draw(st.lists(st.integers(0, len(family) - 1), min_size=1, max_size=3))
    vector = data.draw(st.lists(st.integers(-1, 6), min_size=len(family[0]), max_size=len(family[0])))
    relation, bound = data.draw(st.sampled_from([">", ">="])), data.draw(bounds)
    by_vector = check(claim(family, relation, bound, {"word": word, "vector": list(map(str, vector))}))
    M = np.linalg.multi_dot([np.eye(len(vector), dtype=object) * F(1), *(np.array(family, dtype=object)[word])])
    signs = min(min(map(min, family[letter])) for letter in word)
    image, floor = M @ np.array(vector, dtype=object), bound ** len(word)
    gains = [x - floor * y for x, y in zip(image, vector, strict=True)]
    enough = all(g > 0 for g, y in zip(gains, vector, strict=True) if y) if relation == ">" else min(gains) >= 0
    assert by_vector.valid == (signs >= 0 and min(vector) >= 0 and any(vector) and enough)
    if by_vector:
        assert check(claim(family, relation, bound, {"word": word}))


@drawn(40, 400, st.data())
def test_an_eigenpair_proves_only_what_the_polynomial_proves(data: st.DataObject) -> None:
    family = data.draw(families(orders=st.integers(2, 3)))
    word = data.draw(st.lists(st.integers(0, len(family) - 1), min_size=1, max_size=3))
    bound, relation = data.draw(st.sampled_from([F(1, 100), F(1), F(3)])), data.draw(st.sampled_from([">", ">="]))
    pair = real_eigenpair(as_family(family, call="test"), word, bound)
    if pair is None:
        return
    spoiled = json.loads(json.dumps(pair))
    name = data.draw(st.sampled_from(["none", "eigenvalue", "radius", "inverse", "vector", "pivot", "denominator"]))
    if name in ("eigenvalue", "radius"):
        spoiled[name] = str(F(spoiled[name]) * data.draw(small_rationals))
    elif name == "inverse":
        spoiled[name][0][0] = str(data.draw(small_rationals))
    elif name == "vector":
        spoiled[name][0] = str(data.draw(st.integers(-9, 9)) * 10**37)
    elif name != "none":
        spoiled[name] = data.draw(st.integers(0, 3)) if name == "pivot" else str(data.draw(st.integers(1, 2**129)))
    verdict = check(claim(family, relation, bound, {"word": word, "eigenpair": spoiled}))
    if verdict:
        assert check(claim(family, relation, bound, {"word": word}))
    if name == "none":
        assert verdict.valid == (abs(F(pair["eigenvalue"])) > 1)


def large(kind: str, order: int = 24) -> np.ndarray:
    rng = np.random.default_rng(3)
    matrices = rng.random((2, order, order))
    if kind == "signed":
        return matrices - 0.3
    if kind == "reducible":
        matrices[:, order // 2 :, : order // 2] = 0
        matrices[:, -1] = 0
    return matrices


@pytest.mark.parametrize(("kind", "field"), [("positive", "vector"), ("reducible", "vector"), ("signed", "eigenpair")])
def test_builders_choose_the_cheaper_proof_of_large_matrices(kind: str, field: str) -> None:
    matrices, word = large(kind), (0, 1, 1)
    radius = np.abs(np.linalg.eigvals(matrices[0] @ matrices[1] @ matrices[1])).max() ** (1 / 3)
    bound = F(float(radius)) * (1 - F(1, 10**12))
    certificate = expansion_certificate(matrices, word, bound=bound)
    assert set(certificate.document["proof"]) == {"word", field}
    assert check(certificate)
    assert word_bound(matrices, word) > bound
    with pytest.raises(CertificateError):
        expansion_certificate(matrices, word, bound=F(float(radius)) * (1 + F(1, 10**12)))


def test_both_ends_of_large_matrices() -> None:
    matrices = large("positive")
    norm = F(float(np.linalg.norm(matrices, 2, axis=(1, 2)).max())) * (1 + F(1, 1000))
    proof = QuadraticProof(np.eye(24).astype(int).tolist())
    certificate = equality_certificate(matrices, word=(0,), lower=11, upper=norm, proof=proof)
    assert set(certificate.document["proof"]) == {"word", "vector", "upper"}
    assert check(certificate)


def test_a_complex_leading_eigenvalue_is_left_to_the_polynomial() -> None:
    turn = np.kron(np.eye(10, dtype=int), [[0, -2], [2, 0]])
    certificate = expansion_certificate([turn], (0,), bound=2)
    assert set(certificate.document["proof"]) == {"word"}


@pytest.mark.parametrize("sign", [1, -1])
def test_an_exact_rational_radius_of_a_large_matrix_is_proved_by_the_polynomial(sign: int) -> None:
    """Row sums of 2, and with them a radius of exactly 2, which no rounded vector proves."""
    rows = [[sign * ((j == i) + (j == (i + 1) % 17)) for j in range(17)] for i in range(17)]
    certificate = expansion_certificate([rows], (0,), bound=2)
    assert set(certificate.document["proof"]) == {"word"}
    assert word_bound([rows], (0,)) == 2


def test_small_matrices_keep_their_documents() -> None:
    family = as_family([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], call="test")
    assert word_proof(family, (0, 1), F(1)) == {"word": [0, 1]}


def test_the_lower_end_zero_has_no_vector() -> None:
    nothing = [[[0, 1], [0, 0]]]
    proof = BlocksProof([[1, 0], [0, 1]], [[1, 0], [0, 1]], [1, 1], [QuadraticProof([[1]])] * 2)
    certificate: Certificate = equality_certificate(nothing, word=[0], lower=0, upper=0, proof=proof)
    document = certificate.document
    document["proof"]["vector"] = ["1", "1"]
    assert "unknown field" in check(seal(document)).reason


def test_the_cost_of_a_vector_is_bounded_before_it_is_paid() -> None:
    """A word of 10 000 letters, each of which makes the numbers 2000 bits longer."""
    digits = "7" * 590
    document = claim([[[digits] * 40] * 40], ">", F(1), {"word": [0] * 10_000, "vector": ["1"] * 40})
    assert "too long" in check(document).reason
