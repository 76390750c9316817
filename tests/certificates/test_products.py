"""Norms of products: lists of words that are complete, norms that are small enough, and quick positivity."""

import copy
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.proofs import identity
from strategies.samples import FOLDED, FOLDED_WORDS
from strategies.stages import drawn

from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import is_positive_semidefinite, to_flint
from conservative._core.families.as_family import as_family
from conservative.certificates import ProductsProof, check, checker, upper_certificate
from conservative.certificates.checker import kernel
from conservative.certificates.sealing import inequality, seal


def verdict(words, *, norm="rows", weight=(1, 1), bound=6, matrices=FOLDED):
    family = as_family(matrices, call="test")
    document = {"norm": norm, "weight": [str(w) for w in weight], "words": [list(w) for w in words]}
    if norm == "quadratic":
        document["weight"] = [["1", "0"], ["0", "1"]]
    return check(seal(family, "products", inequality("<=", Fraction(bound)), document))


def test_words_that_leave_a_gap_prove_nothing():
    for missing in range(len(FOLDED_WORDS)):
        words = FOLDED_WORDS[:missing] + FOLDED_WORDS[missing + 1 :]
        assert "no word of the list begins" in verdict(words).reason


def test_a_product_that_is_too_large_is_named():
    assert verdict(FOLDED_WORDS).valid
    assert "the product A_1 is not proved" in verdict([(0,), (1,)]).reason
    assert "not proved" in verdict(FOLDED_WORDS, bound="39/10").reason


@pytest.mark.parametrize("matrices", [[[[0]]], [[[0, 1], [0, 0]]]])
def test_no_radius_is_below_zero(matrices):
    """Where all products vanish no norm is left to compare, and "at most 0" is right."""
    words, weight = [(0,) * len(matrices[0])], ["1"] * len(matrices[0])
    proof = {"norm": "rows", "weight": weight, "words": [list(w) for w in words]}
    family = as_family(matrices, call="test")
    for relation, right in (("<=", True), ("<", False)):
        assert check(seal(family, "products", inequality(relation, Fraction(0)), proof)).valid is right
    small = inequality("<", Fraction(1, 10**9))
    assert check(seal(family, "products", small, proof)).valid


def test_letters_that_vanish_are_counted_as_work():
    """One long word beside many matrices of zeros: every letter is tried after every beginning of the word."""
    zeros = [[[1]]] + [[[0]]] * 20_000
    assert "would take too long" in verdict([(0,) * 2000], weight=[1], matrices=zeros).reason
    assert verdict([(0,) * 20], weight=[1], bound=1, matrices=zeros[:100]).valid


def test_words_after_a_product_that_vanishes_are_not_needed():
    nilpotent = [[[0, 5], [0, 0]], [["1/2", 0], [0, "1/2"]]]
    words = [(0, 1, 0), (0, 1, 1), (1,)]
    assert verdict(words, matrices=nilpotent, bound=2).valid
    assert not verdict([(0, 1, 1), (1,)], matrices=[[[1, 5], [0, 0]], nilpotent[1]], bound=2).valid


@pytest.mark.parametrize("norm", ["rows", "columns", "quadratic"])
def test_the_least_bound_of_a_norm(norm):
    matrix, least = [[[3, 1], [0, 3]]], {"rows": 4, "columns": 4, "quadratic": "71/20"}[norm]
    below = {"rows": "399/100", "columns": "399/100", "quadratic": "177/50"}[norm]
    assert verdict([(0,)], norm=norm, bound=least, matrices=matrix).valid
    assert not verdict([(0,)], norm=norm, bound=below, matrices=matrix).valid


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("norm", "frobenius"),
        ("norm", ["rows"]),
        ("weight", ["1"]),
        ("weight", ["1", "0"]),
        ("weight", [["1", "0"], ["0", "1"]]),
        ("words", []),
        ("words", [[]]),
        ("words", [[0, 2]]),
        ("words", [0, 1]),
        ("words", [[0] * 9000] * 40),
    ],
)
def test_malformed_proofs_are_invalid(field, value):
    document = copy.deepcopy(upper_certificate(FOLDED, ProductsProof("rows", [1, 1], FOLDED_WORDS), 6).document)
    document["proof"][field] = value
    del document["sha256"]
    assert not check(document | {"sha256": checker.digest(document)}).valid


def test_the_builder_refuses_what_is_not_proved():
    with pytest.raises(CertificateError, match="not proved"):
        upper_certificate(FOLDED, ProductsProof("quadratic", identity(2), FOLDED_WORDS), 3)


small = st.integers(-3, 3)


@drawn(100, 1500, st.data())
def test_quick_positivity_agrees_with_elimination(data):
    n = data.draw(st.integers(1, 4))
    factor = np.array(data.draw(st.lists(small, min_size=n * n, max_size=n * n)), dtype=object).reshape(n, n)
    units = [1 << data.draw(st.integers(0, 70)) for _ in range(n)]
    shift = data.draw(st.integers(-2, 1))
    rows = (factor @ factor.T + shift * np.eye(n, dtype=int).astype(object)).tolist()
    S = [[x * units[i] * units[j] for j, x in enumerate(row)] for i, row in enumerate(rows)]
    exact = is_positive_semidefinite(to_flint([[Fraction(x) for x in row] for row in S]), strict=True)
    assert kernel.is_clearly_positive(S) == exact


def test_quick_positivity_proves_nothing_within_rounding():
    huge = 1 << 120
    assert kernel.is_clearly_positive([[huge, 0], [0, 1]])
    assert not kernel.is_clearly_positive([[huge, huge], [huge, huge + 1]])
    assert kernel.is_positive([[huge, huge], [huge, huge + 1]], definite=True)
    assert not kernel.is_positive([[huge, huge], [huge, huge - 1]], definite=False)
