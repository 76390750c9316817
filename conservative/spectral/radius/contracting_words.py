"""Words whose products are small in one norm, with one of which every long word begins: a proof of an upper bound."""

from contextlib import suppress
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import is_over, seconds_left
from conservative._core.errors import CertificateError
from conservative.certificates import ProductsProof
from conservative.spectral.norms.scaling import ScaledFamily
from conservative.spectral.radius.certify import ProvedBound, RadiusProblem, bracket_or_upper
from conservative.spectral.radius.decimal_rounding import decimal_above
from conservative.spectral.words.cyclic_words import Word

FloatArray = NDArray[np.float64]

_MOST_WORDS = 1 << 13
"""Words that a proof lists at most."""

_ROOM = 1e-10
"""How far below one norms in doubles are, so that the checker finds them below one."""

_ROOMS = (0.3, 0.2, 0.15, 0.1, 0.07, 0.04, 0.02, 0.01, 3e-3, 1e-3, 1e-4, 1e-6, 1e-8, 5e-10)
"""Parts by which a bound is raised until its words are few enough, and their norms are proved."""

_CHECKING = (2e-5, 2e-7)
"""Seconds that the checker takes for a letter of a word, and for each of its n^3, about."""

_LONGEST = 10.0
"""Seconds that a check may take at most."""


def words_proof(matrices: FloatArray, P: FloatArray, *, deadline: float) -> ProductsProof | None:
    """Words whose products contract in the norm of P, as a proof; which it is, the checker decides.

    A word whose product has norm below one ends there; the others go on by every letter, until none is left. Doubles
    choose the words, and the checker proves them.

    Shapes: `matrices` (k, n, n), `P` (n, n). `P`: symmetric and positive definite; taken as the exact value of its
    doubles. Returns: None where the words are too many, or the time is over.

    >>> from conservative._core.deadlines import NEVER
    >>> words_proof(np.array([[[0.5, 4.0], [0.0, 0.5]]]), np.eye(2), deadline=NEVER).words
    [(0, 0, 0, 0, 0, 0)]
    """
    words = _contracting(matrices, deadline)
    if words is None:
        return None
    weight = [[x.as_integer_ratio() for x in row] for row in P.tolist()]
    return ProductsProof("quadratic", [[f"{up}/{down}" for up, down in row] for row in weight], words)


def _contracting(matrices: FloatArray, deadline: float) -> list[Word] | None:
    """The words that end, shortest first; None where they are too many."""
    ended: list[Word] = []
    open_words: list[Word] = [()]
    products = np.eye(matrices.shape[1])[None]
    while open_words:
        if is_over(deadline) or len(ended) + len(open_words) * len(matrices) > _MOST_WORDS:
            return None
        products = (products[:, None] @ matrices[None]).reshape(-1, *matrices.shape[1:])
        longer = [(*word, letter) for word in open_words for letter in range(len(matrices))]
        small = np.linalg.norm(products, 2, axis=(1, 2)) < 1 - _ROOM
        ended += [word for word, ends in zip(longer, small.tolist(), strict=True) if ends]
        open_words = [word for word, ends in zip(longer, small.tolist(), strict=True) if not ends]
        products = products[~small]
    return ended


def prove_words(
    problem: RadiusProblem,
    basis: ScaledFamily,
    P: FloatArray,
    *,
    upper: float,
    word: Word,
    lower: Fraction,
    deadline: float,
) -> ProvedBound | None:
    """A certificate of a bound that norms of products gave, or of the next above it that needs few enough words.

    Shapes: `P` (n, n). `upper`: ProvedBound by products in these coordinates. `lower`: Proved: rho(M_w)^(1/|w|) is at
    least this. Returns: with a certificate; None where none is written in time.
    """
    found: list[tuple[Fraction, ProductsProof]] = []
    for room in _ROOMS:  # few words first
        bound = decimal_above(Fraction(upper) * Fraction(1 + room))
        proof = words_proof(basis.floats * float(basis.scale / bound), P, deadline=deadline)
        if proof is not None:
            found.append((bound, proof))
        elif found:
            break
    for bound, proof in reversed(found):
        cost = sum(map(len, proof.words)) * (_CHECKING[0] + _CHECKING[1] * len(P) ** 3)
        if cost <= min(seconds_left(deadline), _LONGEST):
            with suppress(CertificateError, OverflowError):
                return ProvedBound(bound, bracket_or_upper(problem, proof, word, lower, bound, deadline))
    return None
