"""The joint spectral radius of a finite family: a bracket from the best word and an invariant polytope, proved."""

import math
import time
from dataclasses import dataclass, replace
from fractions import Fraction

from conservative._core.checks import as_time_limit
from conservative._core.errors import ArgumentError, CertificateError
from conservative._core.families import MatrixFamily
from conservative._core.numbers import Bracket, float_above, float_below
from conservative._core.threads import one_thread
from conservative.certificates import Certificate, expansion_certificate
from conservative.spectral.automata import as_automaton, lifted_family
from conservative.spectral.automaton import Automaton
from conservative.spectral.decimals import decimal_below
from conservative.spectral.proving import Problem, Proved, prove, prove_by_ellipsoid
from conservative.spectral.proving_exactly import prove_exactly
from conservative.spectral.stages import PATIENCE, Found, RadiusStatus, branch, first_bounds, is_wide, stages
from conservative.spectral.words import Word, canonical_word, word_text

_LAST_PART, _LAST_SECONDS = 0.35, 4.0
"""What the search leaves of the time limit, the smaller of a part and of seconds: half of it for the bounds of an
open polytope, half for its proof, besides the time per vertex that growth leaves anyway."""


_NARROW = Fraction(101, 100)
"""A bound of an open polytope within this factor of the lower one: a quadratic norm would hardly be better."""


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

    def __repr__(self) -> str:
        word = f"word {word_text(self.word)}" if self.word else "no word"
        return f"JointSpectralRadius(lower={self.lower!r}, upper={self.upper!r}, {word}, {self.status.name})"


def family_radius(
    given: MatrixFamily, *, tol: float = 1e-9, time_limit: float | None = None, automaton: Automaton | None = None
) -> JointSpectralRadius:
    """The joint spectral radius of a finite family; `joint_spectral_radius` says how.

    Parameters
    ----------
    given : MatrixFamily
    tol : float
    time_limit : float, optional
    automaton : Automaton, optional

    Returns
    -------
    JointSpectralRadius
    """
    check_limits(tol, time_limit)
    family = given
    if automaton is not None:
        family = lifted_family(given, as_automaton(automaton, count=given.count, call="joint_spectral_radius"))
    problem = Problem(given, family, automaton)
    begun = time.monotonic()
    limit = PATIENCE if time_limit is None else time_limit
    left = min(_LAST_PART * limit, _LAST_SECONDS)
    searching, deadline = begun + limit - left, begun + limit - left / 2
    found = first_bounds(family)
    late = RadiusStatus.WORK_LIMIT if time_limit is None else RadiusStatus.TIME_LIMIT
    with one_thread():
        try:
            for better in stages(family, found, tol=tol, deadline=searching):
                found = better
                if time.monotonic() > searching:
                    break
        except KeyboardInterrupt:
            late, deadline = RadiusStatus.INTERRUPTED, begun
        try:
            return _finished(problem, found, tol=tol, deadline=deadline, late=late)
        except KeyboardInterrupt:
            return _result(problem, found, RadiusStatus.INTERRUPTED, None)


def check_limits(tol: float, time_limit: float | None) -> None:
    """Refuse a tolerance or a time limit that is negative or not a number.

    Parameters
    ----------
    tol : float
    time_limit : float or None

    Raises
    ------
    ArgumentError
    """
    if not tol >= 0:
        raise ArgumentError(f"`joint_spectral_radius(tol=...)` needs a number >= 0; got {tol!r}. Pass 1e-9, say.")
    as_time_limit(time_limit, call="joint_spectral_radius")


def _finished(
    problem: Problem, found: Found, *, tol: float, deadline: float, late: RadiusStatus
) -> JointSpectralRadius:
    """The proof of what was found; branch and bound where the proof leaves a wide bracket and time is left."""
    proved = _proved(problem, found, tol=tol, deadline=deadline)
    certificate = None if proved is None else proved.certificate
    if proved is not None:
        found = found.with_upper(float_above(proved.bound))
    exact = None
    try:
        if is_wide(found) and time.monotonic() < deadline:
            for better in branch(problem.family, found, tol=tol, deadline=deadline):
                found = better
        if proved is not None and found.form is not None and found.bracket.lower > 0 and problem.automaton is None:
            exact = prove_exactly(problem.family, found.form, found.states, deadline=deadline)
    except KeyboardInterrupt:  # what is proved by then stays
        late = RadiusStatus.INTERRUPTED
    if exact is not None:
        certificate = exact
        found = _narrowed(found, exact)
    if certificate is None or (found.bracket.lower > 1 and certificate.claim.lower is None):
        certificate = _by_word(problem, found) or certificate
    return _result(problem, found, _status(found, certificate, tol=tol, late=late), certificate)


def _result(
    problem: Problem, found: Found, status: RadiusStatus, certificate: Certificate | None
) -> JointSpectralRadius:
    word = canonical_word(problem.letters(found.word))
    radii = found.vertex_radii if problem.automaton is None else first_bounds(problem.given).vertex_radii
    return JointSpectralRadius(found.bracket.lower, found.bracket.upper, word, status, radii, certificate)


def _narrowed(found: Found, exact: Certificate) -> Found:
    claim = exact.claim
    assert claim.lower is not None
    assert claim.upper is not None
    # Where doubles are coarse, a shorter word may have the same lower end; the certificate names the one that attains.
    word = tuple(exact.document["proof"]["word"])
    found = found.with_upper(float_above(claim.upper)).with_word(Bracket(float_below(claim.lower), math.inf), word)
    return replace(found, word=word).stopped(RadiusStatus.EXACT)


def _proved(problem: Problem, found: Found, *, tol: float, deadline: float) -> Proved | None:
    if found.form is None:
        return None
    lower = Fraction(found.bracket.lower)
    proved = prove(problem, found.form, found.states, word=found.word, lower=lower, tol=tol, deadline=deadline)
    if proved is not None and (all(s.is_closed for s in found.states) or proved.bound <= lower * _NARROW):
        return proved
    other = prove_by_ellipsoid(problem, found.states, word=found.word, lower=lower)
    both = [p for p in (proved, other) if p is not None]
    return min(both, key=lambda p: p.bound, default=None)


def _status(found: Found, certificate: Certificate | None, *, tol: float, late: RadiusStatus) -> RadiusStatus:
    if found.bracket.upper == 0:
        return RadiusStatus.ZERO
    if found.status is RadiusStatus.EXACT or (certificate is not None and certificate.claim.relation == "="):
        return RadiusStatus.EXACT
    if found.is_closed(tol):
        return RadiusStatus.CLOSED
    if found.states and all(s.is_closed for s in found.states):
        proved = certificate is not None and certificate.claim.upper is not None
        return RadiusStatus.ROUNDING if proved else RadiusStatus.NOT_PROVED
    return late


def _by_word(problem: Problem, found: Found) -> Certificate | None:
    """The lower bound alone, when nothing proves an upper one."""
    if not found.bracket.lower > 0:
        return None
    try:
        letters, bound = problem.letters(found.word), decimal_below(Fraction(found.bracket.lower))
        return expansion_certificate(problem.given, letters, bound=bound, automaton=problem.automaton)
    except CertificateError:
        return None
