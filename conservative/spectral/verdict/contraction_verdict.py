"""Contraction verdicts: in which norm a family contracts, on which part of the space, or which word forbids it."""

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import deadline_after, is_over, seconds_left, time_limit_until
from conservative._core.errors import ArgumentTypeError, CertificateError
from conservative._core.exact.linear_algebra import flint_product, radius_against_one, to_flint
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.numbers import Bracket, float_above
from conservative.certificates import (
    Certificate,
    contraction_certificate,
    expansion_certificate,
    upper_certificate,
)
from conservative.certificates.word_proofs import eigenpair_seconds
from conservative.jacobians import JacobianZonotope
from conservative.matrix_sets import MatrixZonotope, largest_norm
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, lifted_family
from conservative.spectral.norms.operator_norms import assumption_a
from conservative.spectral.norms.scaling import balanced_family
from conservative.spectral.radius.contracting_words import words_proof
from conservative.spectral.radius.decimal_rounding import decimal_above
from conservative.spectral.radius.family_radius import JointSpectralRadius
from conservative.spectral.radius.joint_spectral_radius import joint_spectral_radius
from conservative.spectral.radius.zonotope_radius import zonotope_radius
from conservative.spectral.semidefinite.lift import monomials
from conservative.spectral.semidefinite.options import certificate_or_none
from conservative.spectral.semidefinite.quadratic_norm import common_quadratic_norm
from conservative.spectral.semidefinite.sum_of_squares import sum_of_squares_bound
from conservative.spectral.verdict.contraction import Contraction, ContractionVerdict
from conservative.spectral.verdict.near_quotient import bound_nearby, departure, kept_norm, near_quotients
from conservative.spectral.verdict.quotient import Side, quotients
from conservative.spectral.words.candidates import in_norm, ranked_words
from conservative.spectral.words.cyclic_words import Word
from conservative.spectral.words.long_rationals import radius_takes
from conservative.spectral.words.products import proved_rate
from conservative.spectral.words.spectral_radius import exact_seconds

FloatArray = NDArray[np.float64]

_CALL = "contraction_verdict"

_LISTED_TIES = 6
"""Most ties of a zonotope whose vertices are listed instead."""

_CHECKING = 2e-5
"""Seconds that the checker takes for a quadratic norm of full doubles, times n^3 for each matrix, about."""

_READING, _ELIMINATING = 2.5e-5, 4e-7
"""The same for norms of few digits: times n^2 for reading and writing, and times n^3 for a proof in doubles."""

_SPLITTING, _SOLVING = 7e-8, 1e-7
"""The same for the search of an invariant subspace, and for a quadratic norm that needs no solver."""

_ENTRIES, _SLIGHT = 1.5e-5, 0.1
"""The same for exact work on the entries, times n^2; and seconds that work may take whatever the clock says."""

_CLAIMED_ROOM = Fraction(1, 10**9)
"""Part by which the claim of a Euclidean norm exceeds the norm."""

_QUICK_LENGTH, _QUICK_WIDTH = 24, 200
"""Of the search for an expanding word that comes before any semidefinite program."""

_LARGE = 32
"""Order above which a word is decided exactly only where there is time for it."""

_FORM_MONOMIALS = 15
"""Order up to which a form of degree four is tried before the branch and bound."""


def contraction_verdict(
    J: Any,
    *,
    radius: JointSpectralRadius | None = None,
    automaton: Automaton | None = None,
    time_limit: float | None = None,
) -> ContractionVerdict:
    """Decide in which norm a family contracts, on which quotient, or which word shows that none does.

    Some norm makes every matrix of the hull a contraction with a common factor exactly when the joint spectral radius
    is below one. Tried in turn: the Euclidean norm; a common invariant subspace of radius one; a short search for an
    expanding word; a quadratic norm; a form of degree four; and the bracket of the joint spectral radius.

    Parameters
    ----------
    J : array_like, shape (k, n, n), a JacobianSet, a JacobianZonotope, a MatrixZonotope, or anything `as_family` reads
    radius : JointSpectralRadius, optional
        A bracket for this family from elsewhere, used in place of a new computation.
    automaton : Automaton, optional
        Decide for its words only. The verdict, but for its word, then speaks of the lifted family: P has order nodes
        times n, and so has a `radius` that is given.
    time_limit : float, optional
        Seconds; None, the default, is no limit. What the searches have proved by then decides.

    Returns
    -------
    ContractionVerdict

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Every answer but UNDECIDED is proved: by exact LDL^T, by the exact characteristic polynomial of a word, or by the
    bracket of `joint_spectral_radius`. Invariant subspaces are found in rational arithmetic; of doubles that leave one
    as it is up to rounding, all families are judged that are close by and leave it exactly (see `near_quotients`).

    References
    ----------
    [jungers2009]_

    Examples
    --------
    >>> contraction_verdict([[["1/2", 4], [0, "1/2"]]]).how.name
    'QUADRATIC'
    >>> contraction_verdict([[["1/2", "1/2"], ["1/4", "3/4"]]])
    ContractionVerdict(QUOTIENT, radius=Bracket(lower=0.25, upper=0.25), dimension 1)
    >>> contraction_verdict([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]).how.name
    'REFUTED'
    """
    deadline = deadline_after(time_limit, call=_CALL)
    if radius is not None and not isinstance(radius, JointSpectralRadius):
        raise ArgumentTypeError(f"`{_CALL}(radius=...)` needs a JointSpectralRadius; got {type(radius).__name__}.")
    if automaton is None and isinstance(J, (MatrixZonotope, JacobianZonotope)) and _count(J) > _LISTED_TIES:
        return _of_zonotope(J, deadline)
    if isinstance(J, MatrixZonotope):
        J = J.extreme
    family = as_family(J, call=_CALL, argument="J")
    if automaton is not None:
        automaton = as_automaton(automaton, count=family.count, call=_CALL)
    kept = [Bracket(0.0, math.inf)]
    try:
        if automaton is None:
            return _of_family(family, radius, deadline, kept)
        verdict = _of_family(lifted_family(family, automaton), radius, deadline, kept)
        return replace(verdict, word=automaton.letter_word(verdict.word))
    except KeyboardInterrupt:
        return ContractionVerdict(Contraction.INTERRUPTED, kept[0])


def verdict_nearby(J: Any, *, time_limit: float | None) -> ContractionVerdict | None:
    """The verdict on all families of doubles close by that leave a common subspace as it is; None where none decides.

    Of a family whose norm is below one by no more than rounding: its doubles may stand for numbers that fix a vector.
    """
    family = as_family(J, call=_CALL, argument="J")
    norm = assumption_a(family).norm.upper
    return _by_near_quotient(family, norm, deadline_after(time_limit, call=_CALL))


def _count(J: MatrixZonotope | JacobianZonotope) -> int:
    return J.tie_count if isinstance(J, JacobianZonotope) else int(J.parts.count)


def _of_family(
    family: MatrixFamily, radius: JointSpectralRadius | None, deadline: float, kept: list[Bracket]
) -> ContractionVerdict:
    """The verdict; the bracket that is proved by now is kept for an interrupt."""
    euclidean = assumption_a(family)
    kept[:] = [Bracket(0.0, euclidean.norm.upper)]
    if euclidean.holds:
        quick = _is_begun(_ELIMINATING + _READING / family.size, family, deadline)
        certificate = euclidean_certificate(family, euclidean.norm.upper) if quick else None
        return ContractionVerdict(
            Contraction.EUCLIDEAN, Bracket(0.0, euclidean.norm.upper), np.eye(family.size), certificate=certificate
        )
    if family.size > _LARGE and not _is_begun(_SPLITTING, family, deadline):
        return ContractionVerdict(Contraction.UNDECIDED, Bracket(0.0, euclidean.norm.upper))
    exactly = _SPLITTING + _ENTRIES / family.size
    split = _by_quotient(family, deadline) if _is_begun(exactly, family, deadline) else None
    if split is None and (radius is None or radius.upper >= 1) and _is_begun(exactly, family, deadline):
        split = _by_near_quotient(family, euclidean.norm.upper, deadline)
    if split is not None:
        return split
    if radius is None and (word := _quick_word(family, deadline)):
        known = proved_rate(family, word).lower if _is_short(family, word, deadline) else 1.0
        return _refuted(family, word, Bracket(known, euclidean.norm.upper), deadline)
    norm = None
    if (radius is None or radius.lower < 1) and _is_begun(_SOLVING + _ENTRIES / family.size, family, deadline):
        norm = common_quadratic_norm(family, time_limit=time_limit_until(deadline))
        if norm.exact_gamma < 1:
            quick = _is_begun(_ELIMINATING + _READING / family.size, family, deadline)
            proof = partial(contraction_certificate, family, norm.exact_weight, norm.exact_gamma)
            certificate = certificate_or_none(proof) if quick else None
            bracket = Bracket(0.0 if radius is None else min(radius.lower, norm.gamma), norm.gamma)
            return ContractionVerdict(Contraction.QUADRATIC, bracket, norm.P, certificate=certificate)
    if radius is None and len(monomials(family.size, 2)) <= _FORM_MONOMIALS and not is_over(deadline):
        form = sum_of_squares_bound(family, degree=4, time_limit=time_limit_until(deadline))
        if form.exact_gamma < 1:
            return ContractionVerdict(Contraction.POLYTOPE, Bracket(0.0, form.gamma), certificate=form.certificate)
    found = radius if radius is not None else joint_spectral_radius(family, time_limit=time_limit_until(deadline))
    verdict = _from_radius(family, found, deadline)
    proved = verdict.certificate is not None and verdict.certificate.claim.contracts
    if verdict.contracts and norm is not None and not proved:
        by_words = _by_words(family, norm.P, deadline)
        return verdict if by_words is None else replace(verdict, certificate=by_words)
    return verdict


def _by_words(family: MatrixFamily, P: FloatArray, deadline: float) -> Certificate | None:
    """The claim that the joint spectral radius is below one, from products that contract in the norm of P."""
    proof = words_proof(in_norm(family.floats, P), P, deadline=deadline)
    return certificate_or_none(lambda: None if proof is None else upper_certificate(family, proof, 1, strict=True))


def euclidean_certificate(family: MatrixFamily, norm: float) -> Certificate | None:
    """The claim that all matrices contract in the Euclidean norm.

    `family`: proved to have Euclidean norms below one. `norm`: a proved bound of them. Returns: None beyond the
    checker's limits.
    """
    identity = [[int(i == j) for j in range(family.size)] for i in range(family.size)]
    # With some room the checker needs no elimination: a factor in doubles shows that the slack is positive.
    roomy = Fraction(norm) * (1 + _CLAIMED_ROOM)
    bound = decimal_above(roomy) if 0 < roomy < 1 - _CLAIMED_ROOM else Fraction(min(norm, 1.0))
    return certificate_or_none(lambda: contraction_certificate(family, identity, bound, strict=bound == 1))


def _quick_word(family: MatrixFamily, deadline: float) -> Word:
    """A word of spectral radius above one from a short search, decided exactly; empty when it finds none."""
    balanced = balanced_family(family)
    if not balanced.floats.any():
        return ()
    best = ranked_words(balanced.floats, max_length=_QUICK_LENGTH, width=_QUICK_WIDTH, deadline=deadline)[0]
    word = best.word
    if Fraction(best.rate) * balanced.scale <= 1 or (family.size > _LARGE and not _is_short(family, word, deadline)):
        return ()
    product = flint_product([to_flint(m) for m in family.exact], word)
    return word if radius_against_one(product) > 0 else ()


def _is_begun(seconds: float, family: MatrixFamily, deadline: float) -> bool:
    """Whether work that takes so many seconds, times n^3 for each matrix, is slight or will end in time."""
    return seconds * (family.count + 1) * family.size**3 <= max(_SLIGHT, seconds_left(deadline))


def _is_short(family: MatrixFamily, word: Word, deadline: float) -> bool:
    """Whether there is time for the exact characteristic polynomial of a word."""
    return radius_takes(family, word) <= seconds_left(deadline)


def _from_radius(family: MatrixFamily, found: JointSpectralRadius, deadline: float) -> ContractionVerdict:
    if found.lower >= 1:
        return _refuted(family, found.word, found.bracket, deadline)
    how = Contraction.POLYTOPE if found.upper < 1 else Contraction.UNDECIDED
    return ContractionVerdict(how, found.bracket, certificate=found.certificate)


def _refuted(family: MatrixFamily, word: Word, bracket: Bracket, deadline: float) -> ContractionVerdict:
    certificate = None
    read = _is_begun(_READING / family.size, family, deadline)
    if read and 2 * eigenpair_seconds(family) <= seconds_left(deadline):
        certificate = certificate_or_none(lambda: _refutation(family, word))
    return ContractionVerdict(Contraction.REFUTED, bracket, word=word, certificate=certificate)


def _refutation(family: MatrixFamily, word: Word) -> Certificate:
    """The claim that the radius exceeds one, or at least is not below one."""
    try:
        return expansion_certificate(family, word, bound=1, strict=True)
    except CertificateError:
        return expansion_certificate(family, word, bound=1)


def nearby_verdict(family: MatrixFamily, *, time_limit: float | None) -> ContractionVerdict | None:
    """The verdict on all families close by that leave a subspace as it is, whatever these very doubles do."""
    return _by_near_quotient(family, assumption_a(family).norm.upper, deadline_after(time_limit, call=_CALL))


def _by_quotient(family: MatrixFamily, deadline: float) -> ContractionVerdict | None:
    """The verdict on what is left when a part of radius one is taken out; None where that does not decide."""
    for split in quotients(family):
        part = _of_family(split.kept, None, deadline, [])
        if part.contracts:
            how = Contraction.QUOTIENT if split.side is Side.QUOTIENT else Contraction.SUBSPACE
            bracket = _sharper(split.kept, part, deadline)
            return ContractionVerdict(how, bracket, quotient=split, part=replace(part, radius=bracket))
    return None


def _by_near_quotient(family: MatrixFamily, scale: float, deadline: float) -> ContractionVerdict | None:
    """The verdict on all families close by that leave a subspace as it is; None where that does not decide."""
    for split in near_quotients(family):
        norm = kept_norm(split.kept, time_limit=time_limit_until(deadline))
        off = departure(family, split)
        nearby = None if norm is None else bound_nearby(split, norm, scale=scale, off=off)
        if norm is None or nearby is None:
            continue
        distance, bound = nearby
        certificate = None
        if _is_begun(_CHECKING, split.kept, deadline):
            proof = partial(contraction_certificate, split.kept, norm.exact_weight, norm.exact_gamma)
            certificate = certificate_or_none(proof)
        bracket = Bracket(0.0, norm.gamma)
        part = ContractionVerdict(Contraction.QUADRATIC, bracket, norm.P, certificate=certificate)
        if exact_seconds(split.kept) <= seconds_left(deadline):
            part = replace(part, radius=_sharper(split.kept, part, deadline))
        how = Contraction.NEAR_QUOTIENT if split.side is Side.QUOTIENT else Contraction.NEAR_SUBSPACE
        return ContractionVerdict(
            how, Bracket(0.0, float_above(bound)), quotient=replace(split, distance=distance), part=part
        )
    return None


def _sharper(family: MatrixFamily, part: ContractionVerdict, deadline: float) -> Bracket:
    """The bracket of the part's radius: a norm bound alone says little about the rate."""
    found = joint_spectral_radius(family, time_limit=time_limit_until(deadline)).bracket
    upper = min(found.upper, part.radius.upper)
    return Bracket(min(found.lower, upper), upper)


def _of_zonotope(J: MatrixZonotope | JacobianZonotope, deadline: float) -> ContractionVerdict:
    state = J.state if isinstance(J, JacobianZonotope) else J
    norm = largest_norm(state).bounds
    if norm.upper + state.e_missing < 1:
        return ContractionVerdict(Contraction.EUCLIDEAN, Bracket(0.0, norm.upper), np.eye(state.shape[0]))
    found = zonotope_radius(J, time_limit=time_limit_until(deadline))
    if found.lower >= 1:
        return ContractionVerdict(Contraction.REFUTED, found.bracket, signs=found.signs)
    if found.upper >= 1:
        return ContractionVerdict(Contraction.UNDECIDED, found.bracket)
    if found.quadratic is not None and found.quadratic.gamma < 1:
        bracket = Bracket(min(found.lower, found.quadratic.gamma), found.quadratic.gamma)
        return ContractionVerdict(Contraction.QUADRATIC, bracket, found.quadratic.P)
    return ContractionVerdict(Contraction.POLYTOPE, found.bracket)
