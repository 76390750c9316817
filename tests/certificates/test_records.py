"""Certificates as values: building, saving, loading, reading."""

from dataclasses import FrozenInstanceError
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from conservative._core.errors import ArgumentError, ArgumentTypeError, CertificateError, FileFormatError
from conservative._core.families.as_family import as_family
from conservative.certificates import (
    check,
    contraction_certificate,
    expansion_certificate,
    load_certificate,
    word_bound,
)

HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
ROTATION = [[[0, -2], [2, 0]]]


def test_the_short_word_of_the_talk_expands() -> None:
    certificate = expansion_certificate(HEAVY_BALL, (0, 0, 1, 1))
    assert (certificate.kind, certificate.claim.relation, certificate.claim.bound) == ("expansion", ">", 1)
    assert check(certificate).reason == "The joint spectral radius of the 2 given 2 x 2 matrices is > 1."
    assert certificate.family.exact == as_family(HEAVY_BALL, call="test").exact
    assert certificate.document["proof"] == {"word": [0, 0, 1, 1]}
    assert certificate.sha256[:12] in repr(certificate)


def test_a_word_that_does_not_expand_is_refused_with_the_reason() -> None:
    with pytest.raises(CertificateError, match=r"no eigenvalue of modulus > bound\^1"):
        expansion_certificate(HEAVY_BALL, (0,), bound=1, strict=True)
    with pytest.raises(CertificateError, match="no eigenvalue of modulus"):
        expansion_certificate(HEAVY_BALL, (0, 0, 1, 1), bound="11/10")


def test_without_a_bound_a_stable_word_proves_its_own_radius() -> None:
    certificate = expansion_certificate(HEAVY_BALL, (0,))
    assert certificate.claim.relation == ">="
    assert 0.75 - 1e-12 < certificate.claim.bound**2 <= Fraction(3, 4)


@pytest.mark.parametrize(
    ("family", "word", "value"),
    [
        (ROTATION, (0,), 2),  # complex leading pair
        ([[[2, 2], [0, 0]], [[1, 1], [1, 1]]], (0,), 2),
        ([[[0, 1], [0, 0]], [[1, 0], [1, 1]]], (0, 1, 1, 1, 1), None),
        ([[[1, 1], [0, 1]]], (0,), 1),  # defective
        ([[["1e-300", 0], [0, "1e-301"]]], (0, 0), Fraction(1, 10**300)),
        ([[[1e300, 1e-300], [0, 1.0]]], (0,) * 7, None),
    ],
)
def test_word_bounds_lie_just_below(family: object, word: tuple[int, ...], value: Fraction | None) -> None:
    bound = word_bound(family, word)
    assert bound > 0
    assert check(expansion_certificate(family, word, bound=bound))
    if value is not None:
        assert (1 - Fraction(1, 10**7)) * value <= bound <= value
    elif len(word) == 5:
        assert 4 * (1 - Fraction(1, 10**12)) <= bound**5 <= 4


def test_a_marginal_word_proves_the_weak_claim_only() -> None:
    assert check(expansion_certificate(ROTATION, (0,), bound=2))
    with pytest.raises(CertificateError):
        expansion_certificate(ROTATION, (0,), bound=2, strict=True)


def test_a_nilpotent_word_proves_nothing() -> None:
    with pytest.raises(CertificateError, match="nilpotent"):
        expansion_certificate([[[0, 1], [0, 0]]], (0,))


@pytest.mark.parametrize("word", [(), (2,), (-1,)])
def test_words_out_of_range(word: tuple[int, ...]) -> None:
    for bound in (None, 1):
        with pytest.raises(CertificateError):
            expansion_certificate(HEAVY_BALL, word, bound=bound)


def test_words_of_other_types() -> None:
    for word in (("a",), 3, (0.0,), None):
        with pytest.raises(ArgumentTypeError, match="0-based integers"):
            expansion_certificate(HEAVY_BALL, word)  # type: ignore[arg-type]


def test_contraction_in_the_weak_and_the_strict_form() -> None:
    scaled = [[["1/2", 0], [0, "1/3"]]]
    weak = contraction_certificate(scaled, np.eye(2), "1/2")
    assert (weak.claim.relation, weak.claim.bound) == ("<=", Fraction(1, 2))
    with pytest.raises(CertificateError, match="not positive definite for matrix 1"):
        contraction_certificate(scaled, np.eye(2), "1/2", strict=True)
    assert check(contraction_certificate(scaled, np.eye(2), "51/100", strict=True))
    assert check(contraction_certificate(np.zeros((1, 2, 2)), np.eye(2), 0))


def test_the_symmetric_part_of_p_is_used() -> None:
    certificate = contraction_certificate([[[0.5, 0], [0, 0.5]]], [[1, 0.5], [0, 1]], 0.5)
    assert certificate.document["proof"]["P"] == [["1", "1/4"], ["1/4", "1"]]


def test_a_lowered_gamma_or_a_negative_one_is_refused() -> None:
    for gamma in ("1/3", "-1/2", "-1"):
        with pytest.raises(CertificateError, match="not proved"):
            contraction_certificate([[[0.5]]], [[1]], gamma)
    with pytest.raises(ArgumentError):
        contraction_certificate([[[0.5]]], [[1]], "x")
    with pytest.raises(CertificateError, match="size"):
        contraction_certificate([[[0.5]]], np.eye(2), 1)
    with pytest.raises(CertificateError, match="digits"):
        contraction_certificate([[[0.5]]], [[Fraction(1, 10**700)]], 1)


def test_saving_and_loading(tmp_path: Path) -> None:
    certificate = expansion_certificate(HEAVY_BALL, (0, 0, 1, 1))
    path = tmp_path / "c.json"
    certificate.save(path)
    assert load_certificate(path) == certificate
    assert path.read_text(encoding="utf-8") == certificate.to_json()
    assert check(path) == check(str(path)) == check(certificate) == check(certificate.document)
    assert [p.name for p in tmp_path.iterdir()] == ["c.json"]
    with pytest.raises(FileFormatError):
        certificate.save(tmp_path / "no" / "c.json")
    with pytest.raises(FileFormatError, match="no such file"):
        check(tmp_path / "other.json")


def test_a_damaged_file_loads_but_does_not_check(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    text = expansion_certificate(HEAVY_BALL, (0, 0, 1, 1)).text
    path.write_text(text.replace('"3/2"', '"5/2"'), encoding="utf-8")
    verdict = check(load_certificate(path))
    assert not verdict
    assert "SHA-256" in verdict.reason


def test_records_are_frozen_and_documents_are_copies() -> None:
    certificate = expansion_certificate(HEAVY_BALL, (0, 0, 1, 1))
    with pytest.raises(FrozenInstanceError):
        certificate.text = ""  # type: ignore[misc]
    certificate.document["claim"]["bound"] = "2"
    assert certificate.claim.bound == 1
    assert str(certificate.claim) == certificate.claim.sentence
