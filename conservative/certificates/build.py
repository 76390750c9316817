"""Making certificates: what a search found in floats, written down as exact statements that check."""

import json
import math
import operator
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentTypeError, CertificateError
from conservative._core.families import MatrixFamily, as_family
from conservative._core.rationals import as_fraction
from conservative.certificates.records import Certificate, check

_MARGINS = (52, 50, 46, 40, 34, 28, 22, 16, 10)
"""A word's bound is first tried 2^-52 below the float estimate, then further and further below."""
_MAX_DIGITS = 600
"""Of a numerator or denominator, as the checker has it."""
_SIMPLE = 10_000
"""Largest denominator of a rational that is tried as the exact value."""


def expansion_certificate(
    family: Any, word: Sequence[int], *, bound: Any = None, strict: bool | None = None
) -> Certificate:
    """A proof that the joint spectral radius is at least, or more than, a bound: a word.

    Since jsr >= rho(M_w)^(1/len(w)) for every word w, the certificate holds as soon as the
    product M_w has an eigenvalue of modulus at least (more than) ``bound ** len(w)``.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
        Doubles are taken as the rationals that they are.
    word : sequence of int
        0-based letters: ``(0, 0, 1, 1)`` is ``M[0] @ M[0] @ M[1] @ M[1]``.
    bound : rational, optional
        Left out, the claim is "> 1" if the word proves that, otherwise ">= `word_bound`".
    strict : bool, optional
        Claim ">" instead of ">="; by default only when `bound` is left out and 1 is exceeded.

    Returns
    -------
    Certificate

    Raises
    ------
    CertificateError
        When the word does not prove the claim, or the numbers are beyond the checker's limits.

    Examples
    --------
    >>> M = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
    >>> str(expansion_certificate(M, (0, 0, 1, 1), bound="1.02").claim)
    'The joint spectral radius of the 2 given 2 x 2 matrices is >= 51/50.'
    """
    matrices = as_family(family, call="expansion_certificate", argument="family")
    letters = _letters(word)
    if bound is not None:
        return _proved(_expansion(matrices, letters, as_fraction(bound), strict=bool(strict)))
    if strict is not False:
        certificate = _expansion(matrices, letters, Fraction(1), strict=True)
        if check(certificate) or strict:
            return _proved(certificate)
    return _proved(_expansion(matrices, letters, word_bound(matrices, letters), strict=False))


def word_bound(family: Any, word: Sequence[int]) -> Fraction:
    """A rational at or just below rho(M_w)^(1/len(w)), proved by the exact checker.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
    word : sequence of int
        0-based letters.

    Returns
    -------
    Fraction
        The value itself where it is a simple rational; otherwise a double, usually within a few
        units in the last place below it (further when the leading eigenvalue is defective).

    Raises
    ------
    CertificateError
        When the product is nilpotent, so that the word gives no positive bound, or too large to check.

    Examples
    --------
    >>> word_bound([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], (0, 1)) <= (1 + 5**0.5) / 2
    True
    """
    matrices = as_family(family, call="word_bound", argument="family")
    letters = _letters(word)
    estimate = _estimate_word_radius(matrices, letters)
    for candidate in _candidates(estimate):
        verdict = check(_expansion(matrices, letters, candidate, strict=False))
        if verdict:
            return candidate
    raise CertificateError(
        f"the word {letters} proves no positive lower bound near its estimate {estimate:.6g}. If its product is "
        "nilpotent, choose another word; if the matrices are large, round them to shorter rationals."
    )


def contraction_certificate(family: Any, P: Any, gamma: Any, *, strict: bool = False) -> Certificate:
    """A proof that the joint spectral radius is at most, or less than, a bound: a quadratic norm.

    With P positive definite and ``gamma**2 * P - A_i.T @ P @ A_i`` positive semidefinite for every i
    (definite if `strict`), every A_i has norm at most gamma in the norm sqrt(x' P x).

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
        Doubles are taken as the rationals that they are.
    P : array_like, shape (n, n)
        Rationals or doubles; the exact symmetric part (P + P')/2 is used.
    gamma : rational
        At least 0.
    strict : bool
        Claim "<" instead of "<=".

    Returns
    -------
    Certificate

    Raises
    ------
    CertificateError
        When P does not prove the claim, or the numbers are beyond the checker's limits.

    Examples
    --------
    >>> certificate = contraction_certificate([[["1/2", "1/4"], [0, "1/2"]]], [[1, 0], [0, 1]], "4/5")
    >>> str(certificate.claim)
    'The joint spectral radius of the 1 given 2 x 2 matrices is <= 4/5.'
    """
    matrices = as_family(family, call="contraction_certificate", argument="family")
    norm = as_family([P], call="contraction_certificate", argument="P").exact[0]
    symmetric = [[(norm[i][j] + norm[j][i]) / 2 for j in range(len(norm))] for i in range(len(norm))]
    proof = {"P": _texts(symmetric)}
    return _proved(_seal(matrices, "contraction", "<" if strict else "<=", as_fraction(gamma), proof))


def _candidates(estimate: float) -> Iterator[Fraction]:
    """Bounds to try, the sharpest first: a simple rational close by, then doubles below the estimate."""
    if not 0 < estimate < math.inf:
        return
    simple = Fraction(estimate).limit_denominator(_SIMPLE)
    if abs(simple - Fraction(estimate)) <= Fraction(estimate) / 2**40:
        yield simple
    for bits in _MARGINS:
        yield Fraction(math.nextafter(estimate * (1 - 2.0**-bits), 0.0))


def _estimate_word_radius(family: MatrixFamily, word: tuple[int, ...]) -> float:
    """rho(M_w)^(1/len(w)) in floats: an estimate, which the checker has yet to prove."""
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


def _letters(word: Sequence[int]) -> tuple[int, ...]:
    try:
        return tuple(operator.index(letter) for letter in word)
    except TypeError as error:
        raise ArgumentTypeError(
            f"a word is a sequence of 0-based integers, like (0, 0, 1, 1); got {word!r}."
        ) from error


def _text(value: Fraction) -> str:
    limit = 10**_MAX_DIGITS
    if abs(value.numerator) >= limit or value.denominator >= limit:
        raise CertificateError(f"a number has more than the {_MAX_DIGITS} digits that certificates allow. Round it.")
    return str(value)


def _texts(matrix: Iterable[Iterable[Fraction]]) -> list[list[str]]:
    return [[_text(x) for x in row] for row in matrix]


def _expansion(family: MatrixFamily, word: tuple[int, ...], bound: Fraction, *, strict: bool) -> dict[str, Any]:
    return _seal(family, "expansion", ">" if strict else ">=", bound, {"word": list(word)})


def _seal(family: MatrixFamily, kind: str, relation: str, bound: Fraction, proof: dict[str, Any]) -> dict[str, Any]:
    """The document with its sentence and digests."""
    from conservative.certificates import checker

    value = _text(bound)
    shape = f"{family.count} given {family.size} x {family.size} matrices"
    sentence = f"The joint spectral radius of the {shape} is {relation} {value}."
    problem = {"matrices": [_texts(matrix) for matrix in family.exact]}
    document = {
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "kind": kind,
        "claim": {"quantity": "joint spectral radius", "relation": relation, "bound": value, "sentence": sentence},
        "problem": problem,
        "proof": proof,
        "problem_sha256": checker.digest(problem),
    }
    return document | {"sha256": checker.digest(document)}


def _proved(document: dict[str, Any]) -> Certificate:
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
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return "[\n" + ",\n".join(inner + _indented(item, depth + 2) for item in value) + f"\n{outer}]"
    return json.dumps(value)
