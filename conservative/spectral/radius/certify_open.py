"""From open polytopes, and norms that cost little, to a certificate: the least bound that one of them proves."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over, seconds_left
from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import from_flint, is_positive_semidefinite, to_flint
from conservative._core.numbers import float_above, float_below
from conservative.certificates import (
    QuadraticProof,
    equality_certificate,
)
from conservative.certificates.word_proofs import polynomial_seconds
from conservative.spectral.norms.averaged import averaged_norm
from conservative.spectral.norms.ellipsoids import folded_norm
from conservative.spectral.norms.scaling import balanced_floats
from conservative.spectral.norms.weighted_norms import WeightedNorm
from conservative.spectral.radius.block_search import BlockState
from conservative.spectral.radius.certify import (
    ALL_DIGITS,
    MOST_NARROW,
    NARROW,
    ProvedBound,
    RadiusProblem,
    bracket_or_upper,
    by_polytopes,
    exactly,
    needed_bound,
    of_whole_family,
)
from conservative.spectral.radius.decimal_rounding import decimal_above
from conservative.spectral.reduction import BlockTriangular
from conservative.spectral.reduction.approximate_blocks import HiddenNorm
from conservative.spectral.semidefinite.program_time import loading_seconds, program_seconds
from conservative.spectral.semidefinite.quadratic_norm import proves_quadratic
from conservative.spectral.semidefinite.sum_of_squares import best_forms, checking_seconds, forms_proof
from conservative.spectral.words.candidates import ellipsoid_norm, in_norm
from conservative.spectral.words.cyclic_words import Word
from conservative.spectral.words.long_rationals import is_long

FloatArray = NDArray[np.float64]

_MOST_ORDER = 200
"""Order up to which a quadratic norm is proved where no polytope has closed."""

_ROOMS = (Fraction(1, 10**10), Fraction(1, 10**7), Fraction(1, 10**4), Fraction(1, 100))
"""Parts by which the bound of a quadratic norm is raised until it is proved."""

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

_PROGRAMS, _STATING = 10, 0.1
"""Programs that a sum of squares solves, about, and seconds until the first of them is stated."""

_OF_A_FORM, _MOST_OF_A_FORM = 0.5, 2.0
"""Part of the time that is left for a sum of squares, and the seconds that it is expected to take at most."""

_WRITING = 1e-6
"""Seconds that writing down and checking one number of a polytope takes, about."""


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
        needed = max(lower, *(needed_bound(s) for s in whole))
        sizes = [s.polytope.count * s.block.family.count * s.block.family.size**2 for s in whole if s.polytope]
        cost = _WRITING * sum(sizes)
        options.append((float_above(needed), cost, lambda d: by_polytopes(problem, form, whole, word, lower, 0.0, d)))
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


def prove_form(problem: RadiusProblem, *, word: Word, lower: Fraction, deadline: float) -> ProvedBound | None:
    """The bound of a sum of squares of degree four, in small dimension; None where no program is expected to end.

    `lower`: Proved: rho(M_w)^(1/|w|) is at least this.
    """
    given, automaton = problem.given, problem.automaton
    sizes = (1, given.count) if automaton is None else (automaton.nodes, len(automaton.edges))
    seconds = _PROGRAMS * program_seconds([math.comb(given.size + 1, 2)] * sum(sizes))
    limited = deadline != NEVER
    part = _OF_A_FORM * seconds_left(deadline) - _STATING - loading_seconds() if limited else _MOST_OF_A_FORM
    if is_long(given) or seconds > min(part, _MOST_OF_A_FORM):
        return None
    ending = deadline - (1 - _OF_A_FORM) * seconds_left(deadline) if limited else NEVER
    found = best_forms(given, automaton, half_degree=2, low=lower, deadline=ending)
    if checking_seconds(found) > seconds_left(deadline):
        return ProvedBound(found.gamma, None)
    with suppress(CertificateError, OverflowError):
        proof = forms_proof(given, automaton, found)
        if proof is not None:
            return ProvedBound(found.gamma, bracket_or_upper(problem, proof, word, lower, found.gamma, deadline))
    return ProvedBound(found.gamma, None)


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
    narrow = NARROW if problem.family.size <= MOST_NARROW else ()
    rooms = (decimal_above(estimate * (1 + room), digits=ALL_DIGITS) for room in (*narrow, *_ROOMS))
    bound = next((bound for bound in rooms if proves_quadratic(problem.family, P, bound)), None)
    if bound is None:
        return None
    n = problem.family.size
    if (problem.family.count + 1) * (_READING * n**2 + _ELIMINATING * n**3) > seconds_left(deadline):
        return ProvedBound(bound, None)
    try:
        return ProvedBound(bound, bracket_or_upper(problem, QuadraticProof(exactly(P)), word, lower, bound, deadline))
    except (CertificateError, OverflowError):
        return ProvedBound(bound, None)
