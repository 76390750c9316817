"""From what the search knows to a certificate: the proof of every diagonal block, written down and checked."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import is_over, seconds_left
from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import from_flint, is_positive_semidefinite, to_flint, working_precision
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative._core.numbers import float_above, float_below
from conservative.certificates import (
    BlocksProof,
    Certificate,
    PolytopeProof,
    Proof,
    QuadraticProof,
    equality_certificate,
    upper_certificate,
)
from conservative.certificates.lower import eigenpair_seconds, polynomial_seconds
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.norms.averaged import averaged_norm
from conservative.spectral.norms.ellipsoids import folded_norm
from conservative.spectral.norms.isometries import extremal_form
from conservative.spectral.norms.quadratic import proves_quadratic
from conservative.spectral.norms.scaling import balanced_floats
from conservative.spectral.norms.weighted_norms import WeightedNorm
from conservative.spectral.polytope.all_letters import optimised, reach, with_letters
from conservative.spectral.polytope.rational import polytope_proof
from conservative.spectral.radius.block_search import BlockState
from conservative.spectral.radius.decimal_rounding import decimal_above, decimal_below
from conservative.spectral.reduction import BlockTriangular
from conservative.spectral.reduction.approximate_blocks import HiddenNorm
from conservative.spectral.words.candidates import ellipsoid_norm, in_norm
from conservative.spectral.words.cyclic_words import Word, canonical_word
from conservative.spectral.words.long_rationals import is_long

FloatArray = NDArray[np.float64]

_MOST_ORDER = 200
"""Order up to which a quadratic norm is proved where no polytope has closed."""

_ROOMS = (Fraction(1, 10**10), Fraction(1, 10**7), Fraction(1, 10**4), Fraction(1, 100))
"""Parts by which the bound of a quadratic norm is raised until it is proved."""

_NARROW = (Fraction(1, 2**51), Fraction(1, 10**13), Fraction(1, 10**12), Fraction(1, 10**11))
"""The same where only quadratic norms prove a bound, and are cheap to prove."""

_MOST_NARROW = 12
"""Order up to which they are."""

ALL_DIGITS = 17
"""Digits of an end that is as near to the number as a double."""

_TIED = 1e-13
"""Relative rounding of a norm up to which the Euclidean one, whose proof is the least, is taken as the best."""

_USELESS = 2.0
"""A certificate of this many times a bound that is proved without one says too little."""

_PROVING = 2e-8
"""Seconds that the quick proof of a quadratic norm takes, times n^3 for each matrix, about."""

_ELIMINATING = 1e-7
"""Seconds that the checker takes for a quadratic norm, times n^3 for each matrix, about."""

_READING = 2.5e-5
"""Seconds that reading and writing one entry of a matrix takes, for a certificate and its check, about."""

_WRITING = 1e-6
"""Seconds that writing down and checking one number of a polytope takes, about."""

_PRECISIONS = (128, 512, 2048)
"""Bits in which the quadratic norm of one matrix is summed up, until the rounding is small."""

_DOUBLINGS = 64
"""Doublings of the number of powers summed up: enough for a bound above the radius by a part of 2^-52."""

_MARGIN = Fraction(1, 10**9)
"""Room for rounding above the largest gauge of an image of an open polytope."""


@dataclass(frozen=True, slots=True, eq=False)
class RadiusProblem:
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

    Parameters
    ----------
    bound : Fraction
    certificate : Certificate or None
        Accepted by the checker, of the bracket where there is a word with a positive rate, otherwise of the upper bound
        alone; None where there was no time for it.
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
    return exact or _by_polytopes(problem, form, whole, word, lower, tol, deadline)


def _by_polytopes(
    problem: RadiusProblem,
    form: BlockTriangular,
    whole: Sequence[BlockState],
    word: Word,
    lower: Fraction,
    tol: float,
    deadline: float,
) -> ProvedBound | None:
    for bound in _bounds(whole, lower, tol):
        try:
            proof = _proof(form, whole, bound)
            return ProvedBound(bound, bracket_or_upper(problem, proof, word, lower, bound, deadline))
        except (CertificateError, OverflowError, np.linalg.LinAlgError, ZeroDivisionError):
            continue
    return None


def prove_open(
    problem: RadiusProblem,
    states: Sequence[BlockState],
    form: BlockTriangular | None,
    norm: WeightedNorm | None,
    *,
    word: Word,
    lower: Fraction,
    deadline: float,
) -> ProvedBound | None:
    """The least bound that is proved by the deadline where no polytope has closed: of whatever norm is at hand.

    The maximum or sum norm; quadratic norms that need no solver; the polytope as far as it has grown. The bounds are
    estimated first, and the least of them is proved.

    `lower`: Proved: rho(M_w)^(1/|w|) is at least this. Returns: None when no proof was accepted, or none was expected
    to be checked in time.
    """
    if is_long(problem.given):
        return None  # beyond the digits that a certificate may have
    options: list[tuple[float, float, Callable[[float], ProvedBound | None]]] = []
    quadratic = _quadratic_option(problem, states, word, lower, deadline)
    if quadratic is not None:
        options.append(quadratic)
    if norm is not None:
        cost = _READING * problem.family.count * problem.family.size**2
        attained = norm.bound <= lower  # then nothing proves less, and this proves the value
        estimate = 0.0 if attained else float_above(norm.bound)
        options.append((estimate, cost, lambda d: _by_norm(problem, norm, word, lower, d)))
    if form is not None and states and all(s.polytope is not None or s.is_closed for s in states):
        whole = [of_whole_family(s, deadline) for s in states]
        needed = max(lower, *(_needed(s) for s in whole))
        sizes = [s.polytope.count * s.block.family.count * s.block.family.size**2 for s in whole if s.polytope]
        cost = _WRITING * sum(sizes)
        options.append((float_above(needed), cost, lambda d: _by_polytopes(problem, form, whole, word, lower, 0.0, d)))
    found: list[ProvedBound] = []
    certified: ProvedBound | None = None
    for estimate, cost, build in sorted(options, key=lambda option: option[0]):
        if certified is not None and estimate >= certified.bound:
            break
        if found and estimate > _USELESS * float(found[0].bound):
            break
        if cost <= seconds_left(deadline) and (proved := build(deadline)) is not None:
            found.append(proved)
            if proved.certificate is not None and (certified is None or proved.bound < certified.bound):
                certified = proved
    if not found:
        return None
    return ProvedBound(min(p.bound for p in found), None if certified is None else certified.certificate)


def prove_hidden(
    problem: RadiusProblem, norm: HiddenNorm, *, word: Word, lower: Fraction, deadline: float
) -> ProvedBound | None:
    """The bound of a quadratic norm of hidden blocks."""
    if not is_positive_semidefinite(norm.P, strict=True):
        return None
    images = [a.transpose() * norm.P * a for a in (to_flint(m) for m in problem.family.exact)]
    for room in (Fraction(1, 10**digits) for digits in range(12, 4, -1)):
        bound = decimal_above(norm.estimate * (1 + room))
        square = flint.fmpq(bound.numerator, bound.denominator) ** 2
        if not all(is_positive_semidefinite(norm.P * square - image) for image in images):
            continue
        with suppress(CertificateError, OverflowError):
            proof = QuadraticProof(from_flint(norm.P))
            return ProvedBound(bound, bracket_or_upper(problem, proof, word, lower, bound, deadline))
        return ProvedBound(bound, None)
    return None


def _by_norm(
    problem: RadiusProblem, norm: WeightedNorm, word: Word, lower: Fraction, deadline: float
) -> ProvedBound | None:
    """The norm attained by the word, or as an upper bound."""
    with suppress(CertificateError, OverflowError):
        if lower > 0 and float_below(norm.bound) <= lower:
            letters, automaton = problem.letters(word), problem.automaton
            if polynomial_seconds(problem.given, letters) <= seconds_left(deadline):
                exact = equality_certificate(
                    problem.given,
                    word=letters,
                    lower=norm.bound,
                    upper=norm.bound,
                    proof=norm.proof,
                    automaton=automaton,
                )
                return ProvedBound(norm.bound, exact)
    with suppress(CertificateError, OverflowError):
        return ProvedBound(norm.bound, bracket_or_upper(problem, norm.proof, word, lower, norm.bound, deadline))
    return None


def _quadratic_option(
    problem: RadiusProblem, states: Sequence[BlockState], word: Word, lower: Fraction, deadline: float
) -> tuple[float, float, Callable[[float], ProvedBound | None]] | None:
    """The best of some quadratic norms: Euclidean, averaged, folded, and around an open polytope."""
    family, n = problem.family, problem.family.size
    diagonal, floats, scale = balanced_floats(family)
    if n > _MOST_ORDER or not floats.any():
        return None
    shapes = [np.diag(diagonal**-2.0), averaged_norm(floats), folded_norm(floats, deadline=deadline)[1]]
    polytope = states[0].polytope if len(states) == 1 and all(x == 1 for x in states[0].block.balance) else None
    if polytope is not None and not is_over(deadline):
        shapes.append(ellipsoid_norm(polytope.vertices) / diagonal[:, None] / diagonal[None, :])
    rates = [float(np.linalg.norm(in_norm(floats, P), 2, axis=(1, 2)).max()) for P in shapes]
    best = 0 if rates[0] <= min(rates) * (1 + _TIED) else int(np.argmin(rates))
    with np.errstate(over="ignore", invalid="ignore"):
        P = shapes[best] / np.abs(shapes[best]).max() * diagonal[:, None] * diagonal[None, :]
    if not np.isfinite(P).all():
        return None
    P = (P + P.T) / 2
    estimate = Fraction(rates[best]) * scale
    return float_above(estimate), 0.0, lambda d: _by_quadratic(problem, P, estimate, word, lower, d)


def _by_quadratic(
    problem: RadiusProblem, P: FloatArray, estimate: Fraction, word: Word, lower: Fraction, deadline: float
) -> ProvedBound | None:
    """A bound of the norm of P, with a certificate where there is time to write and to check it."""
    if _PROVING * (problem.family.count + 1) * problem.family.size**3 > seconds_left(deadline):
        return None
    narrow = _NARROW if problem.family.size <= _MOST_NARROW else ()
    rooms = (decimal_above(estimate * (1 + room), digits=ALL_DIGITS) for room in (*narrow, *_ROOMS))
    bound = next((bound for bound in rooms if proves_quadratic(problem.family, P, bound)), None)
    if bound is None:
        return None
    n = problem.family.size
    if (problem.family.count + 1) * (_READING * n**2 + _ELIMINATING * n**3) > seconds_left(deadline):
        return ProvedBound(bound, None)
    try:
        return ProvedBound(bound, bracket_or_upper(problem, QuadraticProof(_exactly(P)), word, lower, bound, deadline))
    except (CertificateError, OverflowError):
        return ProvedBound(bound, None)


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
        needed = max(needed, _needed(state))
    if needed == 0:
        yield Fraction(0)
        return
    if all(s.polytope is None and s.block.family.size <= _MOST_NARROW for s in states):
        for room in _NARROW:
            yield decimal_above(max(lower, needed) * (1 + room), digits=ALL_DIGITS)
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
        return QuadraticProof(_lyapunov(block.family.exact[block.essential.letters[0]], bound))
    form = extremal_form(block.unit, rate=state.divisor) if block.quadratic in {"preserved", "extremal"} else None
    return QuadraticProof(_exactly(np.eye(n) if form is None else form))


def _lyapunov(matrix: ExactMatrix, bound: Fraction) -> list[list[Fraction]]:
    """P with P - (A / bound)^T P (A / bound) about the identity: a norm in which A grows by less than the bound.

    P is the sum of the squares of the powers of A / bound, doubled until they are small; it is rounded to a grid on
    which the difference moves by less than a quarter.
    """
    n = len(matrix)
    for bits in _PRECISIONS:
        with working_precision(bits):
            power = flint.arb_mat(to_flint(matrix) / flint.fmpq(bound.numerator, bound.denominator))
            size = float(sum((x * x for x in power.entries()), flint.arb(0)).upper())
            grid = math.ceil(math.log2(8 * n * (1 + size)))
            P = flint.arb_mat(flint.fmpz_mat(n, n, [int(i == j) for i in range(n) for j in range(n)]))
            for _ in range(_DOUBLINGS):
                P += power.transpose() * P * power
                power *= power
                if sum((x * x for x in power.entries()), flint.arb(0)) < 0.25:
                    break
            if all(x.is_finite() and x.rad() * 2 ** (grid + 4) < 1 for x in P.entries()):
                scale = 2**grid
                whole = [[int((P[i, j] * scale).mid().floor().unique_fmpz()) for j in range(n)] for i in range(n)]
                return [[Fraction(whole[max(i, j)][min(i, j)], scale) for j in range(n)] for i in range(n)]
    raise CertificateError("no quadratic norm is found: the bound is too near to the radius of the matrix")


def _exactly(matrix: FloatArray) -> list[list[Fraction]]:
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
