"""Making certificates: what a search found in floats, written down as exact statements that check."""

import json
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentTypeError, CertificateError
from conservative._core.families import MatrixFamily, as_family
from conservative._core.rationals import as_fraction
from conservative.certificates.proofs import ExactProof, Proof, QuadraticProof, edge_lists, part, text, texts
from conservative.certificates.records import Certificate, check

_MARGINS = (52, 50, 46, 40, 34, 28, 22, 16, 10)
"""A word's bound is first tried 2^-52 below the float estimate, then further and further below."""
_SIMPLE = 10_000
"""Largest denominator of a rational that is tried as the exact value."""


def expansion_certificate(
    family: Any, word: Sequence[int], *, bound: Any = None, strict: bool | None = None, automaton: Any = None
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
    automaton : optional
        Allow only words that it reads, as `upper_certificate` explains; the word must label a closed path.

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
    letters, allowed = _letters(word), _automaton(automaton)

    def claim(value: Fraction, *, strictly: bool) -> dict[str, Any]:
        proof = {"word": list(letters)}
        return _seal(matrices, "expansion", _inequality(">" if strictly else ">=", value), proof, allowed)

    if bound is not None:
        return _proved(claim(as_fraction(bound), strictly=bool(strict)))
    if strict is not False:
        document = claim(Fraction(1), strictly=True)
        if check(document) or strict:
            return _proved(document)
    return _proved(claim(word_bound(matrices, letters), strictly=False))


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
    estimate = estimate_word_radius(matrices, letters)
    for candidate in _candidates(estimate):
        if check(_seal(matrices, "expansion", _inequality(">=", candidate), {"word": list(letters)})):
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
    return upper_certificate(matrices, QuadraticProof(symmetric), gamma, strict=strict)


def upper_certificate(
    family: Any, proof: Proof, bound: Any, *, strict: bool = False, automaton: Any = None
) -> Certificate:
    """A proof that the joint spectral radius is at most, or less than, a bound.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
        Doubles are taken as the rationals that they are.
    proof : Proof
        `QuadraticProof`, `PolytopeProof`, `PathCompleteProof`, `SumOfSquaresProof` or `BlocksProof`.
    bound : rational
        At least 0.
    strict : bool
        Claim "<" instead of "<=".
    automaton : optional
        An object with `nodes` (a number) and `edges` (triples from, to, letter), a mapping or a pair of these. Then the
        claim is about the words that label a path, read in the order in which the product is written, and the proof
        is about the lifted family: for each edge (u, v, i) the matrix of order nodes * n with A_i in block row u and
        block column v.

    Returns
    -------
    Certificate

    Raises
    ------
    CertificateError
        When the proof does not prove the claim, or the numbers are beyond the checker's limits.

    Examples
    --------
    The square with the corners ±(1, 1) and ±(1, -1), which the matrix halves:

    >>> from conservative.certificates import PolytopeProof
    >>> corners, images = [[1, 1], [1, -1]], [[[(0, 1)], [(1, 1)]]]
    >>> square = PolytopeProof("symmetric", 1, corners, [0, 1], 2, [[1, 1], [1, -1]], 1, images)
    >>> str(upper_certificate([[["1/2", 0], [0, "1/2"]]], square, "1/2").claim)
    'The joint spectral radius of the 1 given 2 x 2 matrices is <= 1/2.'
    """
    matrices = as_family(family, call="upper_certificate", argument="family")
    claim = _inequality("<" if strict else "<=", as_fraction(bound))
    return _proved(_seal(matrices, proof.kind, claim, proof.document(), _automaton(automaton)))


def equality_certificate(
    family: Any, *, word: Sequence[int], lower: Any, upper: Any, proof: Proof, automaton: Any = None
) -> Certificate:
    """A proof that the joint spectral radius lies in a bracket, or is a rational number: a word and an upper proof.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
        Doubles are taken as the rationals that they are.
    word : sequence of int
        0-based letters; its product must have an eigenvalue of modulus at least ``lower ** len(word)``.
    lower, upper : rational
        The ends; with one and the same, the claim is "=".
    proof : Proof
        Proves `upper`, as for `upper_certificate`.
    automaton : optional
        As for `upper_certificate`; the word must label a closed path.

    Returns
    -------
    Certificate

    Raises
    ------
    CertificateError
        When the claim is not proved, or the numbers are beyond the checker's limits.

    Examples
    --------
    >>> half = equality_certificate([[["1/2"]]], word=(0,), lower="1/2", upper="1/2", proof=QuadraticProof([[1]]))
    >>> str(half.claim)
    'The joint spectral radius of the 1 given 1 x 1 matrices is exactly 1/2.'
    """
    matrices = as_family(family, call="equality_certificate", argument="family")
    low, high = as_fraction(lower), as_fraction(upper)
    claim = _bracket("=" if low == high else "in", low, high)
    document = {"word": list(_letters(word)), "upper": part(proof)}
    return _proved(_seal(matrices, "equality", claim, document, _automaton(automaton)))


def exact_certificate(family: Any, proof: ExactProof) -> Certificate:
    """A proof that the joint spectral radius is that of a word, which may be irrational.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
        Doubles are taken as the rationals that they are.
    proof : ExactProof
        As `exact_proof` makes it from a polytope in floats.

    Returns
    -------
    Certificate

    Raises
    ------
    CertificateError
        When the proof does not prove the claim, or the numbers are beyond the checker's limits.

    Examples
    --------
    >>> from conservative.certificates import exact_proof
    >>> golden = (1 + 5**0.5) / 2
    >>> vertices, tree = [[golden, 1], [0, 1]], [None, None]
    >>> images = [[None, [(0, golden**-2), (1, -(golden**-2))]]]
    >>> proof = exact_proof([[[1, 1], [1, 0]]], word=(0,), vertices=vertices, tree=tree, images=images)
    >>> str(exact_certificate([[[1, 1], [1, 0]]], proof).claim)[:75]
    'The joint spectral radius of the 1 given 2 x 2 matrices equals rho(M)^(1/1)'
    """
    matrices = as_family(family, call="exact_certificate", argument="family")
    return _proved(_seal(matrices, proof.kind, _bracket("=", proof.lower, proof.upper), proof.document()))


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

    Parameters
    ----------
    family : MatrixFamily
    word : tuple of int
        0-based letters.

    Returns
    -------
    float
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


def _letters(word: Sequence[int]) -> tuple[int, ...]:
    try:
        return tuple(operator.index(letter) for letter in word)
    except TypeError as error:
        raise ArgumentTypeError(
            f"a word is a sequence of 0-based integers, like (0, 0, 1, 1); got {word!r}."
        ) from error


def _automaton(value: Any) -> dict[str, Any] | None:
    """An automaton as the checker reads it, from an object or mapping with nodes and edges, or a pair."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        nodes, edges = value["nodes"], value["edges"]
    elif hasattr(value, "nodes"):
        nodes, edges = value.nodes, value.edges
    else:
        nodes, edges = value
    return {"nodes": operator.index(nodes), "edges": edge_lists(edges)}


def _inequality(relation: str, bound: Fraction) -> dict[str, str]:
    return {"quantity": "joint spectral radius", "relation": relation, "bound": text(bound)}


def _bracket(relation: str, lower: Fraction, upper: Fraction) -> dict[str, str]:
    return {"quantity": "joint spectral radius", "relation": relation, "lower": text(lower), "upper": text(upper)}


def _seal(
    family: MatrixFamily,
    kind: str,
    claim: dict[str, str],
    proof: dict[str, Any],
    automaton: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The document with its sentence and digests."""
    from conservative.certificates import checker

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
    if isinstance(value, list) and any(map(_is_broken, value)):
        return "[\n" + ",\n".join(inner + _indented(item, depth + 2) for item in value) + f"\n{outer}]"
    return json.dumps(value)


def _is_broken(item: Any) -> bool:
    """Whether an item of a list has a line of its own: objects and lists, but not edges and coefficients [k, ..]."""
    return isinstance(item, dict) or (isinstance(item, list) and not (item and type(item[0]) is int))
