"""What a word proves: a rational at or just below its normalised spectral radius."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.errors import CertificateError
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative.certificates.records import check
from conservative.certificates.sealing import inequality, letters, seal
from conservative.certificates.word_proofs import word_proof

_MARGINS = (52, 50, 46, 40, 34, 28, 22, 16, 10)
"""A word's bound is first tried 2^-52 below the float estimate, then further and further below."""
_SIMPLE = 10_000
"""Largest denominator of a rational that is tried as the exact value."""


def word_bound(family: Any, word: Sequence[int]) -> Fraction:
    """A rational at or just below rho(M_w)^(1/len(w)), proved by the exact checker.

    Shapes: `family` (k, n, n). `word`: 0-based letters. Returns: the value itself where it is a simple rational;
    otherwise a double, usually within a few units in the last place below it (further when the leading eigenvalue is
    defective). Raises CertificateError when the product is nilpotent, so that the word gives no positive bound, or too
    large to check.

    >>> word_bound([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], (0, 1)) <= (1 + 5**0.5) / 2
    True
    """
    matrices = as_family(family, call="word_bound", argument="family")
    chosen = letters(word)
    estimate = estimate_word_radius(matrices, chosen)
    for candidate in _candidates(estimate):
        if check(seal(matrices, "expansion", inequality(">=", candidate), word_proof(matrices, chosen, candidate))):
            return candidate
    raise CertificateError(
        f"the word {chosen} proves no positive lower bound near its estimate {estimate:.6g}. If its product is "
        "nilpotent, choose another word; if the matrices are large, round them to shorter rationals."
    )


def _candidates(estimate: float) -> Iterator[Fraction]:
    """Bounds to try, the sharpest first: a simple rational close by, then doubles below the estimate."""
    if not 0 < estimate < math.inf:
        return
    simple = Fraction(estimate).limit_denominator(_SIMPLE)
    if abs(simple - Fraction(estimate)) <= Fraction(estimate) / 2**40:
        yield simple
    for bits in _MARGINS:
        yield Fraction(math.nextafter(estimate * (1 - 2.0**-bits), 0.0))


def estimate_word_radius(family: MatrixFamily, word: tuple[int, ...]) -> float:
    """rho(M_w)^(1/len(w)) in floats: an estimate, which the checker has yet to prove.

    `word`: 0-based letters.
    """
    if not word or min(word) < 0 or max(word) >= family.count:
        raise CertificateError(f"the word {word} needs at least one letter, each from 0 to {family.count - 1}.")
    scale = math.frexp(float(np.abs(family.floats).max()))[1]
    matrices = np.ldexp(family.floats, -scale)
    product, exponent = np.eye(family.size), scale * len(word)
    for letter in word:  # powers of two are split off, so that nothing overflows
        product = product @ matrices[letter]
        shift = math.frexp(float(np.abs(product).max()))[1]
        product, exponent = np.ldexp(product, -shift), exponent + shift
    radius = float(np.abs(np.linalg.eigvals(product)).max())
    return 2.0 ** ((math.log2(radius) + exponent) / len(word)) if radius > 0 else 0.0
