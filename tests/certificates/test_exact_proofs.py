"""Exact radii from polytopes in floats: random families, words of several letters, any scale, and what fails."""

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
from strategies.proofs import grown_polytope, leading_word

from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import exact_product
from conservative._core.families.as_family import as_family
from conservative.certificates import Certificate, check, exact_certificate, exact_proof

PAIR = np.array([[[1, 1], [-1, 1]], [[1, 2], [0, -1]]])


def proved(family: Any, matrices: Any, length: int = 5) -> Certificate | None:
    floats = np.asarray(matrices, dtype=float)
    grown = grown_polytope(floats, leading_word(floats, length))
    return None if grown is None else exact_certificate(family, exact_proof(family, **grown))


def signs(family: Any, word: list[int], ends: tuple[Fraction, Fraction]) -> list[bool]:
    """Whether det(M - s b^l) is positive at both ends b, for the real eigenvalue +b^l or -b^l of the product M."""
    M = flint.fmpq_mat(
        [[flint.fmpq(x.numerator, x.denominator) for x in row] for row in exact_product(family.exact, word)]
    )
    polynomial = M.charpoly()
    found = []
    for sign in (1, -1):
        values = [polynomial(flint.fmpq(*(sign * b ** len(word)).as_integer_ratio())) for b in ends]
        found.append(values[0] * values[1] <= 0)
    return found


@pytest.mark.parametrize("order", [2, 3, 4])
def test_random_integer_pairs(order: int) -> None:
    closed = 0
    for seed in range(8):
        matrices = np.random.default_rng([order, seed]).integers(-4, 5, (2, order, order))
        certificate = proved(matrices, matrices, 4)
        if certificate is None:  # a complex leading eigenvalue, or another word
            continue
        closed += 1
        claim, word = certificate.claim, certificate.document["proof"]["word"]
        assert certificate.kind == "exact"
        assert claim.relation == "="
        assert claim.bound is None
        assert claim.lower is not None
        assert claim.upper is not None
        assert 0 < claim.upper - claim.lower < claim.lower / 10**60
        assert any(signs(as_family(matrices, call="test"), word, (claim.lower, claim.upper)))
    assert closed >= 3


@pytest.mark.parametrize("order", [2, 3, 5])
def test_random_nonnegative_pairs(order: int) -> None:
    closed = 0
    for seed in range(4):
        matrices = np.random.default_rng([order, seed, 1]).integers(1, 9, (2, order, order))
        grown = grown_polytope(matrices.astype(float), leading_word(matrices.astype(float), 4), "monotone")
        if grown is None:
            continue
        closed += 1
        certificate = exact_certificate(matrices, exact_proof(matrices, **grown))
        claim, word = certificate.claim, certificate.document["proof"]["word"]
        assert claim.lower is not None
        assert claim.upper is not None
        assert signs(as_family(matrices, call="test"), word, (claim.lower, claim.upper))[0]
    assert closed >= 1


@pytest.mark.parametrize("exponent", [-300, 300])
def test_families_of_any_scale(exponent: int) -> None:
    scale = Fraction(10) ** exponent
    family = [[[int(x) * scale for x in row] for row in A] for A in PAIR.tolist()]
    plain, scaled = proved(PAIR, PAIR), proved(family, PAIR)
    assert plain is not None
    assert scaled is not None
    assert plain.claim.lower is not None
    assert scaled.claim.lower is not None
    assert abs(scaled.claim.lower / scale / plain.claim.lower - 1) < Fraction(1, 10**60)


def test_vertices_may_have_either_sign_and_any_length() -> None:
    floats = PAIR.astype(float)
    grown = grown_polytope(floats, leading_word(floats, 3))
    assert grown is not None
    flips = np.where(np.arange(len(grown["vertices"])) % 2, -3.0, 3.0)
    flips[[edge is None for edge in grown["tree"]]] = 3.0
    sides = np.sign(flips)
    images = [
        [None if image is None else [(k, sides[j] * sides[k] * c) for k, c in image] for j, image in enumerate(row)]
        for row in grown["images"]
    ]
    turned = grown | {"vertices": grown["vertices"] * flips[:, None], "images": images}
    assert (
        exact_certificate(PAIR, exact_proof(PAIR, **turned)).claim
        == exact_certificate(PAIR, exact_proof(PAIR, **grown)).claim
    )


def test_doubles_and_more_bits() -> None:
    matrices = np.random.default_rng(3).standard_normal((2, 3, 3))
    grown = grown_polytope(matrices, leading_word(matrices, 4))
    assert grown is not None
    for bits in (128, 256, 512):
        certificate = exact_certificate(matrices, exact_proof(matrices, **grown, bits=bits))
        assert check(certificate)
        assert certificate.claim.upper is not None
        assert certificate.claim.lower is not None
        assert certificate.claim.upper - certificate.claim.lower < Fraction(1, 2 ** (bits - 40))


def test_what_is_no_polytope_of_the_word() -> None:
    floats = PAIR.astype(float)
    grown = grown_polytope(floats, leading_word(floats, 3))
    assert grown is not None
    with pytest.raises(CertificateError, match="cycle"):
        exact_proof(PAIR, **(grown | {"tree": [None] * len(grown["tree"])}))
    with pytest.raises(CertificateError, match="nilpotent"):
        exact_proof([[[0, 1], [0, 0]]], word=[0], vertices=np.eye(2), tree=[None, None], images=[[None, []]])
    with pytest.raises(CertificateError, match="simple"):
        exact_proof([[[1, 0], [0, 1]]], word=[0], vertices=np.eye(2), tree=[None, None], images=[[None, []]])
    other = grown | {"images": [[None if c is None else [] for c in row] for row in grown["images"]]}
    with pytest.raises(CertificateError, match="not proved"):
        exact_certificate(PAIR, exact_proof(PAIR, **other))
