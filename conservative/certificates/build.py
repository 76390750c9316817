"""Making certificates: what a search found in floats, written down as exact statements that check."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from conservative._core.families.as_family import as_family
from conservative._core.rationals import as_fraction
from conservative.certificates.lower_parts import LowerPart
from conservative.certificates.proofs import ExactProof, Proof, QuadraticProof, part
from conservative.certificates.records import Certificate, check
from conservative.certificates.sealing import automaton_document, bracket, inequality, letters, proved, seal
from conservative.certificates.word_proofs import word_proof
from conservative.certificates.words import word_bound


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
    chosen, allowed = letters(word), automaton_document(automaton)

    def claim(value: Fraction, *, strictly: bool) -> dict[str, Any]:
        proof = word_proof(matrices, chosen, value)
        return seal(matrices, "expansion", inequality(">" if strictly else ">=", value), proof, allowed)

    if bound is not None:
        return proved(claim(as_fraction(bound), strictly=bool(strict)))
    if strict is not False:
        document = claim(Fraction(1), strictly=True)
        if check(document) or strict:
            return proved(document)
    return proved(claim(word_bound(matrices, chosen), strictly=False))


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
    'The joint spectral radius of the given 2 x 2 matrix is <= 4/5.'
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
        `QuadraticProof`, `PolytopeProof`, `PathCompleteProof`, `ProductsProof`, `SumOfSquaresProof` or `BlocksProof`.
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
    'The joint spectral radius of the given 2 x 2 matrix is <= 1/2.'
    """
    matrices = as_family(family, call="upper_certificate", argument="family")
    claim = inequality("<" if strict else "<=", as_fraction(bound))
    return proved(seal(matrices, proof.kind, claim, proof.document(), automaton_document(automaton)))


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
    'The joint spectral radius of the given 1 x 1 matrix is exactly 1/2.'
    """
    matrices = as_family(family, call="equality_certificate", argument="family")
    low, high = as_fraction(lower), as_fraction(upper)
    claim = bracket("=" if low == high else "in", low, high)
    document = word_proof(matrices, letters(word), low) | {"upper": part(proof)}
    return proved(seal(matrices, "equality", claim, document, automaton_document(automaton)))


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
    >>> str(exact_certificate([[[1, 1], [1, 0]]], proof).claim)[:67]
    'The joint spectral radius of the given 2 x 2 matrix equals rho(A_1)'
    """
    matrices = as_family(family, call="exact_certificate", argument="family")
    return proved(seal(matrices, proof.kind, bracket("=", proof.lower, proof.upper), proof.document()))


def slowest_certificate(
    family: Any, *, word: Sequence[int], lower: Any, upper: Any, part: LowerPart | None = None, automaton: Any = None
) -> Certificate:
    """A proof that the lower spectral radius lies in a bracket: a word of small radius, and no product that is small.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
        Doubles are taken as the rationals that they are.
    word : sequence of int
        0-based letters; its product must have no eigenvalue of modulus above ``upper ** len(word)``.
    lower, upper : rational
        The ends; with one and the same, the claim is "=".
    part : ConePart, DeterminantsPart, InversesPart or BlockPart, optional
        Proves `lower`; left out only for 0.
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
    The columns of both matrices add up to one or more:

    >>> from conservative.certificates import ConePart
    >>> sums = ConePart("columns", [[1, 1]], [0], [[[(0, 1)]], [[(0, 1)]]])
    >>> found = slowest_certificate([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], word=(0,), lower=1, upper=1, part=sums)
    >>> str(found.claim)
    'The lower spectral radius of the 2 given 2 x 2 matrices is exactly 1.'
    """
    matrices = as_family(family, call="slowest_certificate", argument="family")
    low, high = as_fraction(lower), as_fraction(upper)
    claim = bracket("=" if low == high else "in", low, high, quantity="lower spectral radius")
    document: dict[str, Any] = {"word": list(letters(word))}
    if part is not None:
        document["lower"] = part.document()
    return proved(seal(matrices, "slowest", claim, document, automaton_document(automaton)))
