"""From what the search knows to a certificate: the proof of every diagonal block, written down and checked."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import seconds_left
from conservative._core.errors import CertificateError
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.certificates import (
    BlocksProof,
    Certificate,
    PolytopeProof,
    Proof,
    QuadraticProof,
    equality_certificate,
    upper_certificate,
)
from conservative.certificates.word_proofs import eigenpair_seconds, polynomial_seconds
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.norms.common_form import common_form
from conservative.spectral.norms.isometries import extremal_form
from conservative.spectral.polytope.all_letters import optimised, reach, with_letters
from conservative.spectral.polytope.rational import polytope_proof
from conservative.spectral.radius.block_search import BlockState
from conservative.spectral.radius.decimal_rounding import decimal_above, decimal_below
from conservative.spectral.reduction import BlockTriangular
from conservative.spectral.words.cyclic_words import Word, canonical_word

FloatArray = NDArray[np.float64]

NARROW = (Fraction(1, 2**51), Fraction(1, 10**13), Fraction(1, 10**12), Fraction(1, 10**11))
"""Parts by which a bound is raised until it is proved, where only quadratic norms prove it, and are cheap to prove."""

MOST_NARROW = 12
"""Order up to which they are."""

ALL_DIGITS = 17
"""Digits of an end that is as near to the number as a double."""

_MARGIN = Fraction(1, 10**9)
"""Room for rounding above the largest gauge of an image of an open polytope."""


@dataclass(frozen=True, slots=True, eq=False)
class RadiusProblem:
    """What a radius is asked of: a family, or the words of it that an automaton reads.

    `given`: the user's matrices, about which certificates speak. `family`: the same, or the lifted family with one
    matrix per edge, on which the search runs.
    """

    given: MatrixFamily
    family: MatrixFamily
    automaton: Automaton | None = None

    def letters(self, word: Word) -> Word:
        """A word of the family that the search runs on, in the letters of the user's matrices."""
        return word if self.automaton is None else tuple(self.automaton.edges[e][2] for e in word)

    def named(self, word: Word) -> Word:
        """The least rotation of a word's primitive root, or the least power of it that can be repeated."""
        letters = self.letters(word)
        root = canonical_word(letters) if letters else ()
        if self.automaton is None:
            return root
        powers = (root * m for m in range(1, len(letters) // max(len(root), 1) + 1))
        return next((power for power in powers if self.automaton.closed_path(power) is not None), ())


@dataclass(frozen=True, slots=True)
class ProvedBound:
    """A proved upper bound.

    `certificate`: accepted by the checker, of the bracket where there is a word with a positive rate, otherwise of the
    upper bound alone; None where there was no time for it.
    """

    bound: Fraction
    certificate: Certificate | None


def prove(
    problem: RadiusProblem,
    form: BlockTriangular,
    states: Sequence[BlockState],
    *,
    word: Word,
    lower: Fraction,
    tol: float,
    deadline: float,
) -> ProvedBound | None:
    """The least bound near the lower one that the closed polytopes of the blocks prove.

    `lower`: Proved: rho(M_w)^(1/|w|) is at least this. Returns: None when no proof was accepted: a block is not closed,
    or the numbers are beyond the checker.
    """
    if not all(s.is_closed for s in states):
        return None
    whole = [of_whole_family(s, deadline) for s in states]
    exact = _attained(problem, form, whole, word, lower)
    return exact or by_polytopes(problem, form, whole, word, lower, tol, deadline)


def by_polytopes(
    problem: RadiusProblem,
    form: BlockTriangular,
    whole: Sequence[BlockState],
    word: Word,
    lower: Fraction,
    tol: float,
    deadline: float,
) -> ProvedBound | None:
    """The first bound, of those to try from below, that the norms of the blocks prove."""
    for bound in _bounds(whole, lower, tol):
        try:
            proof = _proof(form, whole, bound)
            return ProvedBound(bound, bracket_or_upper(problem, proof, word, lower, bound, deadline))
        except (CertificateError, OverflowError, np.linalg.LinAlgError, ZeroDivisionError):
            continue
    return None


def _attained(
    problem: RadiusProblem, form: BlockTriangular, states: Sequence[BlockState], word: Word, lower: Fraction
) -> ProvedBound | None:
    """A proof that a rational radius is exactly that of the word, where every block has a norm that attains it."""
    if lower == 0 or any(s.polytope is not None or s.needs_lyapunov for s in states):
        return None
    try:
        proof, letters = _proof(form, states, lower), problem.letters(word)
        given, automaton = problem.given, problem.automaton
        return ProvedBound(
            lower,
            equality_certificate(given, word=letters, lower=lower, upper=lower, proof=proof, automaton=automaton),
        )
    except (CertificateError, OverflowError):
        return None


def of_whole_family(state: BlockState, deadline: float) -> BlockState:
    """The state with the images of all matrices, and the gauges of open polytopes as small as time allows."""
    if state.polytope is None:
        return state
    block = state.block
    polytope = optimised(state.polytope, deadline=deadline) if not state.is_closed else state.polytope
    unit = block.unit / state.divisor
    polytope = with_letters(polytope, unit, block.essential.letters, deadline=deadline)
    return BlockState(block, state.best, state.divisor, polytope)


def _bounds(states: Sequence[BlockState], lower: Fraction, tol: float) -> Iterator[Fraction]:
    """Bounds to try: the tolerance, then what the gauges of the images ask for, with growing room."""
    needed = lower
    for state in states:
        needed = max(needed, needed_bound(state))
    if needed == 0:
        yield Fraction(0)
        return
    if all(s.polytope is None and s.block.family.size <= MOST_NARROW for s in states):
        for room in NARROW:
            yield decimal_above(max(lower, needed) * (1 + room), digits=ALL_DIGITS)
    for room in (Fraction(tol) / 2, _MARGIN, Fraction(1, 10**7), Fraction(1, 10**5), Fraction(1, 1000)):
        yield decimal_above(max(lower * (1 + room), needed * (1 + min(room, _MARGIN) / 4)))


def needed_bound(state: BlockState) -> Fraction:
    """What the norm of a block proves at most: by the largest gauge of an image, but for rounding."""
    block = state.block
    if block.family.size == 1:
        return max(abs(m[0][0]) for m in block.family.exact)
    if state.polytope is None:
        return Fraction(state.divisor) * block.scale
    return Fraction(state.divisor) * block.scale * Fraction(reach(state.polytope))


def _proof(form: BlockTriangular, states: Sequence[BlockState], bound: Fraction) -> Proof:
    proofs = [_block_proof(s, bound) for s in states]
    balances = [x for s in states for x in s.block.balance]
    if len(proofs) == 1 and is_identity(form.basis) and all(x == 1 for x in balances):
        return proofs[0]
    basis = [[x / d for x, d in zip(row, balances, strict=True)] for row in form.basis]
    inverse = [[x * d for x in row] for row, d in zip(form.inverse, balances, strict=True)]
    return BlocksProof(basis, inverse, form.sizes, proofs)


def _block_proof(state: BlockState, bound: Fraction) -> QuadraticProof | PolytopeProof:
    block, n = state.block, state.block.family.size
    if state.polytope is not None:
        return polytope_proof(block.family, state.polytope, rate=Fraction(state.divisor) * block.scale, bound=bound)
    if state.needs_lyapunov:
        return QuadraticProof(common_form([block.family.exact[block.essential.letters[0]]], bound))
    form = extremal_form(block.unit, rate=state.divisor) if block.quadratic in {"preserved", "extremal"} else None
    return QuadraticProof(exactly(np.eye(n) if form is None else form))


def exactly(matrix: FloatArray) -> list[list[Fraction]]:
    """The doubles of a matrix as the rationals that they are."""
    return [[Fraction(x) for x in row] for row in matrix.tolist()]


def is_identity(matrix: ExactMatrix) -> bool:
    """Whether an exact matrix is the identity."""
    return all(x == int(i == j) for i, row in enumerate(matrix) for j, x in enumerate(row))


def bracket_or_upper(
    problem: RadiusProblem, proof: Proof, word: Word, lower: Fraction, bound: Fraction, deadline: float
) -> Certificate:
    """The claim of both ends, or of the upper one where the lower is beyond the checker's limits, or the time.

    `lower`: Proved: rho(M_w)^(1/|w|) is at least this. Raises CertificateError when the proof is not accepted.
    """
    family, automaton, letters = problem.given, problem.automaton, problem.letters(word)
    quick = eigenpair_seconds(family) <= seconds_left(deadline)
    if lower > 0 and quick and polynomial_seconds(family, letters) <= seconds_left(deadline):
        below = decimal_below(lower, digits=ALL_DIGITS)
        with suppress(CertificateError):
            return equality_certificate(
                family, word=letters, lower=below, upper=bound, proof=proof, automaton=automaton
            )
    return upper_certificate(family, proof, bound, automaton=automaton)
