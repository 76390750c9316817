"""The joint spectral radius of a finite family: a bracket from the best word and an invariant polytope, proved."""

import math
import sys
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count

from conservative._core.checks import as_distance, as_time_limit
from conservative._core.deadlines import NEVER, deadline_after, is_over, seconds_left
from conservative._core.errors import CertificateError
from conservative._core.families.as_family import MatrixFamily
from conservative._core.numbers import Bracket, float_above, float_below
from conservative._core.result_lines import between, result_line
from conservative._core.threads import one_thread
from conservative.certificates import Certificate, expansion_certificate
from conservative.certificates.word_proofs import eigenpair_seconds, polynomial_seconds
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, lifted_family
from conservative.spectral.radius.certify import ALL_DIGITS, ProvedBound, RadiusProblem, prove
from conservative.spectral.radius.certify_commuting import prove_commuting
from conservative.spectral.radius.certify_exact import prove_exactly
from conservative.spectral.radius.certify_open import prove_form, prove_hidden, prove_open
from conservative.spectral.radius.contracting_words import prove_words
from conservative.spectral.radius.decimal_rounding import decimal_below
from conservative.spectral.radius.search import (
    Found,
    RadiusStatus,
    branch,
    branching_basis,
    first_bounds,
    has_time,
    is_wide,
    nothing_found,
    stages,
)
from conservative.spectral.words.cyclic_words import Word, word_text
from conservative.spectral.words.long_rationals import is_long
from conservative.spectral.words.products import exact_rate, proved_rate

_BRANCHING, _PROVING = (0.3, 10.0), (0.2, 3.0)
"""What the growth of polytopes leaves of the time for other upper bounds, and for proofs: a part, at most seconds."""

_WORDS = (0.4, 4.0)
"""What branch and bound leaves of its time for the certificate of its bound: a part, at most seconds."""

_SAME = 1e-9
"""Relative difference from which the claim of a certificate counts as wider than the bracket."""

_GRACE = 0.2
"""Seconds after the deadline within which a quick proof is still worth its time."""


@dataclass(frozen=True, slots=True, eq=False)
class JointSpectralRadius:
    """A proved bracket of the joint spectral radius of a family.

    Parameters
    ----------
    lower, upper : float
        Proved bounds, rounding included.
    word : tuple of int
        A word whose rho(M_w)^(1/|w|) is at least `lower`, least rotation of a primitive word; empty for a zonotope of
        many generators.
    status : RadiusStatus
        How the computation ended.
    vertex_radii : tuple of Bracket
        rho(A_i) of each matrix alone.
    certificate : Certificate or None
        A claim that `check` proves again in exact arithmetic: that the word attains the radius, a bracket, an upper
        bound or a lower one, the first of these that is proved within the checker's limits on size.
    """

    lower: float
    upper: float
    word: Word
    status: RadiusStatus
    vertex_radii: tuple[Bracket, ...]
    certificate: Certificate | None

    @property
    def bracket(self) -> Bracket:
        """The bounds as a `Bracket`."""
        return Bracket(self.lower, self.upper)

    @property
    def exact(self) -> Fraction | None:
        """The radius itself, where it is rational and the certificate proves it."""
        claim = None if self.certificate is None else self.certificate.claim
        return None if claim is None or claim.relation != "=" else claim.bound

    @property
    def certified(self) -> Bracket | None:
        """What the certificate proves: the same bounds, or wider ones where a limit ended the work early."""
        claim = None if self.certificate is None else self.certificate.claim
        if claim is None:
            return None
        lower = 0.0 if claim.lower is None else float_below(claim.lower)
        return Bracket(lower, math.inf if claim.upper is None else float_above(claim.upper))

    def __repr__(self) -> str:
        word = f"word {word_text(self.word, len(self.vertex_radii))}" if self.word else "no word"
        proved = self.certified
        less = proved is not None and not (
            proved.lower >= self.lower * (1 - _SAME) and proved.upper <= self.upper * (1 + _SAME)
        )
        more = (f"certified {between(proved)}",) if proved is not None and less else ()
        ends = f"lower={self.lower!r}", f"upper={self.upper!r}"
        return result_line(self, *ends, word, self.status.name, *more)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is proved by now."""

    found: Found
    certificate: Certificate | None = None


def family_radius(
    given: MatrixFamily, *, tol: float = 1e-9, time_limit: float | None = None, automaton: Automaton | None = None
) -> JointSpectralRadius:
    """The joint spectral radius of a finite family; `joint_spectral_radius` says how."""
    tol = check_limits(tol, time_limit)
    family = given
    if automaton is not None:
        family = lifted_family(given, as_automaton(automaton, count=given.count, call="joint_spectral_radius"))
    problem = RadiusProblem(given, family, automaton)
    deadline = deadline_after(time_limit, call="joint_spectral_radius")
    kept = [Kept(nothing_found(given))]  # what is proved by now, for an interrupt at any moment
    limited = deadline != NEVER
    try:
        with one_thread():
            interrupted = _compute(problem, kept, tol=tol, deadline=deadline)
        return _result(problem, kept[0], _status(kept[0], tol=tol, limited=limited, interrupted=interrupted))
    except KeyboardInterrupt:
        return _result(problem, kept[0], _status(kept[0], tol=tol, limited=limited, interrupted=True))


def _compute(problem: RadiusProblem, kept: list[Kept], *, tol: float, deadline: float) -> bool:
    """The search, then the proof of what it found; whether an interrupt ended the search."""
    left = seconds_left(deadline)
    branching, proving = (min(part * left, most) for part, most in (_BRANCHING, _PROVING))
    searching = deadline - branching - proving if math.isfinite(deadline) else NEVER
    try:
        first = first_bounds(problem.family, deadline=searching)
        if problem.automaton is not None:
            first = _of_one_letter(problem, first, first_bounds(problem.given, deadline=searching).vertex_radii)
        kept[:] = [Kept(first)]
        for found in stages(problem.family, first, tol=tol, deadline=searching):
            kept[:] = [Kept(found)]
            if is_over(searching):
                break
        _finish(problem, kept, tol=tol, deadline=deadline, branching=branching)
    except KeyboardInterrupt:
        _conclude(problem, kept, tol=tol)
        return True
    return False


def _conclude(problem: RadiusProblem, kept: list[Kept], *, tol: float) -> None:
    """What can be proved at once: also without the blocks, as if the interrupt had come before them."""
    _finish(problem, kept, tol=tol, deadline=time.monotonic(), branching=0.0)
    found = kept[0].found
    if is_wide(found):
        last, lower = time.monotonic() + _GRACE, Fraction(found.bracket.lower)
        _keep(kept, prove_open(problem, (), None, found.norm, word=found.word, lower=lower, deadline=last))


def _keep(kept: list[Kept], proved: ProvedBound | None) -> None:
    """Record a proof: its bound where it is less than the upper end, its certificate where it claims no more."""
    if proved is None:
        return
    certificate, found = kept[0].certificate, kept[0].found.with_upper(float_above(proved.bound))
    claimed = None if certificate is None else certificate.claim.upper
    worse = claimed is not None and (proved.certificate is None or claimed < proved.bound)
    kept[:] = [Kept(found, certificate if worse else proved.certificate or certificate)]


def check_limits(tol: float, time_limit: float | None) -> float:
    """The tolerance as a double; a tolerance or a time limit that is negative or not a number is refused."""
    allowed = as_distance(tol, call="joint_spectral_radius", argument="tol", wanted="a number >= 0, 1e-9 say")
    as_time_limit(time_limit, call="joint_spectral_radius")
    return min(allowed, sys.float_info.max)


def _of_one_letter(problem: RadiusProblem, first: Found, radii: tuple[Bracket, ...]) -> Found:
    """The first bounds under an automaton, with the radii of the matrices: of one letter on closed paths, its own."""
    first = replace(first, vertex_radii=radii)
    assert problem.automaton is not None
    essential = problem.automaton.essential()
    letters = set() if essential is None else {letter for _, _, letter in essential.edges}
    if len(letters) != 1:
        return first
    (letter,) = letters
    radius = proved_rate(problem.given, (letter,))
    length = next(m for m in count(1) if problem.automaton.closed_path((letter,) * m) is not None)
    return first.with_word(radius, problem.automaton.closed_path((letter,) * length) or ()).with_upper(radius.upper)


def _finish(problem: RadiusProblem, kept: list[Kept], *, tol: float, deadline: float, branching: float) -> None:
    """The proof of what was found, and branch and bound where the bracket is wide; each step is kept as it is made."""
    found = kept[0].found
    last = max(deadline, time.monotonic() + _GRACE)
    rate = None if is_over(last - branching) else exact_rate(problem.family, found.word)
    proved = _proved(problem, found, rate, tol=tol, deadline=last - branching)
    _keep(kept, proved)
    found = kept[0].found
    wide = is_wide(found)
    if wide:
        lower = Fraction(found.bracket.lower) if rate is None else rate
        _keep(kept, prove_form(problem, word=found.word, lower=lower, deadline=deadline))
    if wide and not is_over(deadline) and has_time(problem.family, deadline):
        _branch(problem, kept, tol=tol, deadline=deadline)
    found, certificate, exact = kept[0].found, kept[0].certificate, None
    if proved is not None and found.form is not None and found.bracket.lower > 0 and problem.automaton is None:
        best = found.states[0].best.word
        rate = rate if best == found.word else exact_rate(problem.family, best)
        exact = prove_exactly(problem.family, found.form, found.states, rate=rate, deadline=last)
    if exact is not None and (certificate is None or certificate.claim.bound is None):
        certificate, found = exact, _narrowed(found, exact)
        kept[:] = [Kept(found, certificate)]
    if certificate is None or _claims_less(certificate, found.bracket):
        lower, upper = Fraction(found.bracket.lower), found.bracket.upper
        _keep(kept, prove_commuting(problem, upper=upper, word=found.word, lower=lower, deadline=last))
        certificate = kept[0].certificate
    if certificate is None or (found.bracket.lower > 1 and certificate.claim.lower is None):
        kept[:] = [Kept(found, _by_word(problem, found, last) or certificate)]


def _claims_less(certificate: Certificate, bracket: Bracket) -> bool:
    """Whether a certificate says noticeably less of the upper end than what is printed."""
    claimed = certificate.claim.upper
    if claimed is None or not math.isfinite(bracket.upper):
        return claimed is None
    return claimed > Fraction(bracket.upper) * (1 + Fraction(_SAME))


def _branch(problem: RadiusProblem, kept: list[Kept], *, tol: float, deadline: float) -> None:
    """Branch and bound, and a certificate of what it gives, for which a part of the time is kept."""
    P, basis = branching_basis(problem.family, kept[0].found, deadline=deadline)
    left = seconds_left(deadline)
    ending = deadline - min(_WORDS[0] * left, _WORDS[1]) if math.isfinite(deadline) else NEVER
    before = kept[0].found.bracket.upper
    for better in branch(problem.family, kept[0].found, basis, tol=tol, deadline=ending):
        kept[:] = [Kept(better, kept[0].certificate)]
    found, upper = kept[0].found, kept[0].found.bracket.upper
    if upper < before and not is_long(problem.given):
        lower = Fraction(found.bracket.lower)
        proved = prove_words(problem, basis, P, upper=upper, word=found.word, lower=lower, deadline=deadline)
        both = kept[0].certificate is not None and kept[0].certificate.claim.lower is not None
        if proved is not None and proved.certificate is not None and (proved.certificate.claim.lower or not both):
            _keep(kept, proved)


def _result(problem: RadiusProblem, kept: Kept, status: RadiusStatus) -> JointSpectralRadius:
    found = kept.found
    word = problem.named(found.word)
    return JointSpectralRadius(
        found.bracket.lower, found.bracket.upper, word, status, found.vertex_radii, kept.certificate
    )


def _narrowed(found: Found, exact: Certificate) -> Found:
    claim = exact.claim
    assert claim.lower is not None
    assert claim.upper is not None
    # Where doubles are coarse, a shorter word may have the same lower end; the certificate names the one that attains.
    word = tuple(exact.document["proof"]["word"])
    found = found.with_upper(float_above(claim.upper)).with_word(Bracket(float_below(claim.lower), math.inf), word)
    return replace(found, word=word).stopped(RadiusStatus.EXACT)


def _proved(
    problem: RadiusProblem, found: Found, rate: Fraction | None, *, tol: float, deadline: float
) -> ProvedBound | None:
    """What is proved of the blocks, from the rate of the word itself where it is rational."""
    lower, word = Fraction(found.bracket.lower) if rate is None else rate, found.word
    if found.form is not None:
        proved = prove(problem, found.form, found.states, word=word, lower=lower, tol=tol, deadline=deadline)
        if proved is not None:
            return proved
    if found.hidden is not None:
        by_form = prove_hidden(problem, found.hidden, word=word, lower=lower, deadline=deadline)
        if by_form is not None:
            return by_form
    return prove_open(problem, found.states, found.form, found.norm, word=word, lower=lower, deadline=deadline)


def _status(kept: Kept, *, tol: float, limited: bool, interrupted: bool) -> RadiusStatus:
    found, certificate = kept.found, kept.certificate
    if found.bracket.upper == 0:
        return RadiusStatus.ZERO
    if found.status is RadiusStatus.EXACT or (certificate is not None and certificate.claim.relation == "="):
        return RadiusStatus.EXACT
    if found.is_closed(tol):
        return RadiusStatus.CLOSED
    if interrupted:
        return RadiusStatus.INTERRUPTED
    if found.hidden is not None or (found.states and all(s.is_closed for s in found.states)):
        proved = certificate is not None and certificate.claim.upper is not None
        return RadiusStatus.ROUNDING if proved else RadiusStatus.NOT_PROVED
    if found.states and all(s.is_closed or s.is_full for s in found.states):
        return RadiusStatus.VERTEX_LIMIT if limited else RadiusStatus.WORK_LIMIT
    return RadiusStatus.TIME_LIMIT if limited else RadiusStatus.WORK_LIMIT


def _by_word(problem: RadiusProblem, found: Found, deadline: float) -> Certificate | None:
    """The lower bound alone, when nothing proves an upper one."""
    if not found.bracket.lower > 0 or is_long(problem.given):
        return None
    try:
        letters = problem.letters(found.word)
        bound = decimal_below(Fraction(found.bracket.lower), digits=ALL_DIGITS)
        if eigenpair_seconds(problem.given) > seconds_left(deadline):
            return None
        if polynomial_seconds(problem.given, letters) > seconds_left(deadline):
            return None
        return expansion_certificate(problem.given, letters, bound=bound, automaton=problem.automaton)
    except CertificateError:
        return None
