"""From what the search knows to a certificate: the proof of every diagonal block, written down and checked."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_discrete_lyapunov

from conservative._core.errors import CertificateError
from conservative._core.families import ExactMatrix, MatrixFamily
from conservative.certificates import (
    BlocksProof,
    Certificate,
    PolytopeProof,
    Proof,
    QuadraticProof,
    equality_certificate,
    upper_certificate,
)
from conservative.spectral.automaton import Automaton
from conservative.spectral.basis import diagonal_balance, scale_family
from conservative.spectral.candidates import averaged_norm, ellipsoid_norm, in_norm
from conservative.spectral.closing import BlockState
from conservative.spectral.decimals import decimal_above, decimal_below
from conservative.spectral.isometries import extremal_form
from conservative.spectral.polytope.rational import polytope_proof
from conservative.spectral.polytope.whole import optimised, reach, with_letters
from conservative.spectral.quadratic import prove_quadratic
from conservative.spectral.reduction import BlockTriangular
from conservative.spectral.words import Word

FloatArray = NDArray[np.float64]

_MOST_ORDER = 60
"""Order up to which a quadratic norm is proved where no polytope has closed."""

_MARGIN = Fraction(1, 10**9)
"""Room for rounding above the largest gauge of an image of an open polytope."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What a radius is asked of: a family, or the words of it that an automaton reads.

    Parameters
    ----------
    given : MatrixFamily
        The user's matrices, about which certificates speak.
    family : MatrixFamily
        The same, or the lifted family with one matrix per edge, on which the search runs.
    automaton : Automaton or None
    """

    given: MatrixFamily
    family: MatrixFamily
    automaton: Automaton | None = None

    def letters(self, word: Word) -> Word:
        """A word of the family that the search runs on, in the letters of the user's matrices.

        Parameters
        ----------
        word : tuple of int

        Returns
        -------
        tuple of int
        """
        return word if self.automaton is None else tuple(self.automaton.edges[e][2] for e in word)


@dataclass(frozen=True, slots=True)
class Proved:
    """An upper bound that the checker has accepted.

    Parameters
    ----------
    bound : Fraction
    certificate : Certificate
        Of the bracket, where there is a word with a positive rate, otherwise of the upper bound alone.
    """

    bound: Fraction
    certificate: Certificate


def prove(
    problem: Problem,
    form: BlockTriangular,
    states: Sequence[BlockState],
    *,
    word: Word,
    lower: Fraction,
    tol: float,
    deadline: float,
) -> Proved | None:
    """The least bound near the lower one that the polytopes of the blocks prove.

    Parameters
    ----------
    problem : Problem
    form : BlockTriangular
    states : sequence of BlockState
        One for each block of the form.
    word : tuple of int
    lower : Fraction
        Proved: rho(M_w)^(1/|w|) is at least this.
    tol : float
        The bound is about ``lower (1 + tol / 2)`` if all blocks are closed.
    deadline : float
        For the simplex steps of open polytopes.

    Returns
    -------
    Proved or None
        None when no proof was accepted: a block has no polytope yet, or the numbers are beyond the checker.
    """
    if any(s.polytope is None and not s.is_closed for s in states):
        return None
    whole = [of_whole_family(s, deadline) for s in states]
    exact = _attained(problem, form, whole, word, lower)
    if exact is not None:
        return exact
    for bound in _bounds(whole, lower, tol):
        try:
            proof = _proof(form, whole, bound)
            return Proved(bound, _certificate(problem, proof, word, lower, bound))
        except (CertificateError, OverflowError, np.linalg.LinAlgError, ZeroDivisionError):
            continue
    return None


def prove_by_ellipsoid(problem: Problem, states: Sequence[BlockState], *, word: Word, lower: Fraction) -> Proved | None:
    """The bound of a quadratic norm that costs no solver: averaged, or around the vertices of an open polytope.

    Parameters
    ----------
    problem : Problem
    states : sequence of BlockState
    word : tuple of int
    lower : Fraction
        Proved: rho(M_w)^(1/|w|) is at least this.

    Returns
    -------
    Proved or None
        None for matrices of order more than 60, and when no proof was accepted.
    """
    family = problem.family
    if family.size > _MOST_ORDER:
        return None
    balance = diagonal_balance(family)
    scaled = scale_family(family, transform=balance)
    if scaled is None:
        return None
    shapes = [averaged_norm(scaled.floats)]
    polytope = states[0].polytope if len(states) == 1 and all(x == 1 for x in states[0].block.balance) else None
    if polytope is not None:
        inverse = np.linalg.inv(balance)
        shapes.append(inverse.T @ ellipsoid_norm(polytope.vertices) @ inverse)
    rates = [float(np.linalg.norm(in_norm(scaled.floats, P), 2, axis=(1, 2)).max()) for P in shapes]
    best = int(np.argmin(rates))
    P = balance @ (shapes[best] / np.abs(shapes[best]).max()) @ balance
    norm = prove_quadratic(family, P, estimate=Fraction(rates[best]) * scaled.scale)
    try:
        proof = QuadraticProof(norm.exact_weight)
        return Proved(norm.exact_gamma, _certificate(problem, proof, word, lower, norm.exact_gamma))
    except (CertificateError, OverflowError):
        return None


def _attained(
    problem: Problem, form: BlockTriangular, states: Sequence[BlockState], word: Word, lower: Fraction
) -> Proved | None:
    """A proof that a rational radius is exactly that of the word, where every block has a norm that attains it."""
    if lower == 0 or any(s.polytope is not None or s.needs_lyapunov for s in states):
        return None
    try:
        proof, letters = _proof(form, states, lower), problem.letters(word)
        given, automaton = problem.given, problem.automaton
        return Proved(
            lower,
            equality_certificate(given, word=letters, lower=lower, upper=lower, proof=proof, automaton=automaton),
        )
    except (CertificateError, OverflowError):
        return None


def of_whole_family(state: BlockState, deadline: float) -> BlockState:
    """The state with the images of all matrices, and the gauges of open polytopes as small as time allows.

    Parameters
    ----------
    state : BlockState
    deadline : float

    Returns
    -------
    BlockState
    """
    if state.polytope is None:
        return state
    block = state.block
    polytope = optimised(state.polytope, deadline=deadline) if not state.is_closed else state.polytope
    unit = block.unit / state.divisor
    polytope = with_letters(polytope, unit, block.essential.letters, deadline=math.inf)
    return BlockState(block, state.best, state.divisor, polytope)


def _bounds(states: Sequence[BlockState], lower: Fraction, tol: float) -> Iterator[Fraction]:
    """Bounds to try: the tolerance, then what the gauges of the images ask for, with growing room."""
    needed = lower
    for state in states:
        needed = max(needed, _needed(state))
    if needed == 0:
        yield Fraction(0)
        return
    for room in (Fraction(tol) / 2, _MARGIN, Fraction(1, 10**7), Fraction(1, 10**5), Fraction(1, 1000)):
        yield decimal_above(max(lower * (1 + room), needed * (1 + min(room, _MARGIN) / 4)))


def _needed(state: BlockState) -> Fraction:
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
        letter = block.essential.letters[0]
        return QuadraticProof(_lyapunov(block.unit[letter] / float(bound / block.scale)))
    form = extremal_form(block.unit, rate=state.divisor) if block.quadratic in {"preserved", "extremal"} else None
    return QuadraticProof(_exactly(np.eye(n) if form is None else form))


def _lyapunov(matrix: FloatArray) -> list[list[Fraction]]:
    """P with P - A^T P A about the identity, rounded to few bits: a quadratic norm in which a stable A contracts."""
    P = solve_discrete_lyapunov(matrix.T, np.eye(matrix.shape[0]))
    return _exactly((P + P.T) / 2)


def _exactly(matrix: FloatArray) -> list[list[Fraction]]:
    return [[Fraction(x) for x in row] for row in matrix.tolist()]


def is_identity(matrix: ExactMatrix) -> bool:
    """Whether an exact matrix is the identity.

    Parameters
    ----------
    matrix : ExactMatrix

    Returns
    -------
    bool
    """
    return all(x == int(i == j) for i, row in enumerate(matrix) for j, x in enumerate(row))


def _certificate(problem: Problem, proof: Proof, word: Word, lower: Fraction, bound: Fraction) -> Certificate:
    family, automaton, letters = problem.given, problem.automaton, problem.letters(word)
    if lower > 0:
        below = decimal_below(lower)
        with suppress(CertificateError):
            return equality_certificate(
                family, word=letters, lower=below, upper=bound, proof=proof, automaton=automaton
            )
    # The word of large matrices is beyond the checker's limits; the upper bound may not be.
    return upper_certificate(family, proof, bound, automaton=automaton)
