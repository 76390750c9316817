"""What a contraction verdict says: how a family contracts, what proves it, and what to try next."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import Bracket
from conservative.certificates import Certificate
from conservative.spectral.verdict.quotient import Quotient
from conservative.spectral.words.cyclic_words import Word, word_text

FloatArray = NDArray[np.float64]

_NEAR_ONE = 1e-9
"""Distance from one within which a radius is said to be within rounding of it."""


class Contraction(Enum):
    """How a family contracts, or not; the value is the sentence to print."""

    EUCLIDEAN = "every matrix of the hull has Euclidean norm below one: Assumption A holds as it stands"
    QUADRATIC = "every matrix of the hull contracts in one quadratic norm: Assumption A holds in that norm"
    POLYTOPE = (
        "the joint spectral radius is proved below one: Assumption A holds in an adapted norm that is not quadratic, "
        "such as that of an invariant polytope"
    )
    QUOTIENT = "the family has radius one on a common invariant subspace, and contracts on the quotient by it"
    SUBSPACE = "the family contracts on a common invariant subspace, and has radius one on the quotient by it"
    NEAR_QUOTIENT = (
        "every family within rounding of this one that leaves a common subspace exactly as it is contracts on the "
        "quotient by it"
    )
    NEAR_SUBSPACE = (
        "every family within rounding of this one that leaves the quotient by a common subspace exactly as it is "
        "contracts on the subspace"
    )
    REFUTED = "no norm contracts: the product of a word has spectral radius at least one"
    UNDECIDED = "undecided: the bracket of the joint spectral radius contains one; raise `time_limit`"
    INTERRUPTED = "interrupted before it was decided: the bracket of the joint spectral radius holds; run again"


_CONTRACTING = {Contraction.EUCLIDEAN, Contraction.QUADRATIC, Contraction.POLYTOPE}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ContractionVerdict:
    """Whether every matrix of a family, and of its hull, contracts in one norm.

    Parameters
    ----------
    how : Contraction
    radius : Bracket
        The joint spectral radius, proved; of the part that contracts, for QUOTIENT and SUBSPACE. For verdicts on
        families close by its upper end bounds that of all of them.
    P : ndarray or None
        For QUADRATIC: the norm is sqrt(x^T P x), the factor at most ``radius.upper``.
    word : tuple of int
        For REFUTED: a word whose product has spectral radius at least one; empty otherwise, and for zonotopes.
    signs : ndarray or None
        For a refuted zonotope: the weights of the vertices that make the word.
    quotient : Quotient or None
        The common invariant subspace, for QUOTIENT and SUBSPACE; its `distance` says of which families close by.
    part : ContractionVerdict or None
        The verdict of the part that contracts, with its own certificate; of families close by, of what the given
        doubles keep.
    certificate : Certificate or None
        Of a bound below one, or of the word; None for zonotopes, quotients, and beyond the checker's limits.
    """

    how: Contraction
    radius: Bracket
    P: FloatArray | None = field(default=None, repr=False)
    word: Word = ()
    signs: FloatArray | None = field(default=None, repr=False)
    quotient: Quotient | None = None
    part: "ContractionVerdict | None" = None
    certificate: Certificate | None = field(default=None, repr=False)

    @property
    def contracts(self) -> bool:
        """Whether some norm of the whole space makes every matrix of the hull a contraction, proved."""
        return self.how in _CONTRACTING

    @property
    def remedy(self) -> str:
        """What to try next; empty where nothing is left to decide."""
        if self.how in {Contraction.NEAR_QUOTIENT, Contraction.NEAR_SUBSPACE}:
            return (
                "The matrices given are doubles. If the true ones leave the subspace exactly as it is, pass them as "
                "exact rationals: then nothing is left to rounding."
            )
        near = self.radius.lower <= 1 + _NEAR_ONE and self.radius.upper >= 1 - _NEAR_ONE
        if self.how in {Contraction.REFUTED, Contraction.POLYTOPE, Contraction.UNDECIDED} and near:
            return (
                "The radius is within rounding of one. If the matrices share an invariant direction only up to "
                "rounding, such as rows that sum to one, pass exact rationals: then the quotient can be taken."
            )
        return (
            "Raise `time_limit`, or pass `radius` from a longer computation."
            if self.how is Contraction.UNDECIDED
            else ""
        )

    def __repr__(self) -> str:
        more = f", word {word_text(self.word)}" if self.word else ""
        if self.quotient is not None:
            more = f", dimension {self.quotient.dimension}"
        return f"ContractionVerdict({self.how.name}, radius={self.radius!r}{more})"
