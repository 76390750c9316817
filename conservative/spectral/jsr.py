"""The joint spectral radius: a proved bracket from the best word below and an invariant polytope above."""

import math
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conservative._core.errors import ArgumentError, CertificateError
from conservative._core.families import as_family
from conservative._core.numbers import Bracket, float_above, float_below
from conservative._core.threads import one_thread
from conservative.certificates import Certificate, expansion_certificate
from conservative.spectral.automata import as_automaton, lifted_family
from conservative.spectral.automaton import Automaton
from conservative.spectral.proving import Problem, Proved, decimal_below, prove, prove_exactly
from conservative.spectral.stages import PATIENCE, Found, RadiusStatus, branch, first_bounds, is_wide, stages
from conservative.spectral.words import Word, canonical_word, word_text

_SEARCHING, _BOUNDING = 0.8, 0.9
"""Parts of the time limit after which the search ends, and the bounds of an open polytope are no longer improved."""


@dataclass(frozen=True, slots=True, eq=False)
class JointSpectralRadius:
    """A proved bracket of the joint spectral radius of a family.

    Parameters
    ----------
    lower, upper : float
        Proved bounds, rounding included.
    word : tuple of int
        A word whose rho(M_w)^(1/|w|) is at least `lower`, least rotation of a primitive word.
    status : RadiusStatus
        How the computation ended.
    vertex_radii : tuple of Bracket
        rho(A_i) of each matrix alone.
    certificate : Certificate or None
        A claim that `check` proves again in exact arithmetic: expansion when ``lower > 1``, otherwise the bound
        ``jsr <= gamma`` of a common quadratic norm, when there is one, and the checker's limits on size allow it.
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
        return (
            f"JointSpectralRadius(lower={self.lower!r}, upper={self.upper!r}, word {word_text(self.word)}, "
            f"{self.status.name})"
        )


def joint_spectral_radius(
    matrices: Any, *, tol: float = 1e-9, time_limit: float | None = None, automaton: Automaton | None = None
) -> JointSpectralRadius:
    """Bounds of the largest growth rate of products of a family: lim max ||M_w||^(1/|w|).

    The radius of the convex hull of the family is the same number. Below 1, and only then, some norm makes every
    matrix of the hull a contraction with a common factor.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), a `JacobianSet`, a `MatrixPolytope`, or a family
        Doubles are taken as exact; rationals stay exact.
    tol : float
        The work ends when ``upper <= lower (1 + tol)``.
    time_limit : float, optional
        Seconds after which the best bracket so far is proved and returned; a minute when absent.
    automaton : Automaton, optional
        Only products that it reads count: the constrained joint spectral radius.

    Returns
    -------
    JointSpectralRadius

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    The family is taken apart into irreducible blocks by exact invariant subspaces. In each, a search of bounded width
    proposes a word, and the invariant polytope algorithm grows the hull of its leading eigenvectors until the family
    maps it into itself; slow growth makes the search go on in the norm that the vertices suggest. The closed polytope
    is written down in integers and proved by the exact checker for the bound ``lower (1 + tol / 2)``; where all images
    lie strictly inside, it proves that the word attains the radius, and the bracket is two neighbouring doubles.
    A polytope that does not close still proves a bound. Radii of words are enclosed from exact characteristic
    polynomials. A keyboard interrupt returns what is proved by then.

    References
    ----------
    [jungers2009]_, [guglielmi2013]_, [mejstrik2020]_, [gripenberg1996]_

    Examples
    --------
    >>> golden = joint_spectral_radius([[[1, 1], [0, 1]], [[1, 0], [1, 1]]])
    >>> golden.word, golden.lower <= (1 + 5**0.5) / 2 <= golden.upper
    ((0, 1), True)
    """
    given = as_family(matrices, call="joint_spectral_radius")
    _check_limits(tol, time_limit)
    family = given
    if automaton is not None:
        family = lifted_family(given, as_automaton(automaton, count=given.count, call="joint_spectral_radius"))
    problem = Problem(given, family, automaton)
    begun = time.monotonic()
    limit = PATIENCE if time_limit is None else time_limit
    searching, deadline = begun + _SEARCHING * limit, begun + _BOUNDING * limit
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
        return _finished(problem, found, tol=tol, deadline=deadline, late=late)


def _check_limits(tol: float, time_limit: float | None) -> None:
    if not tol >= 0:
        raise ArgumentError(f"`joint_spectral_radius(tol=...)` needs a number >= 0; got {tol!r}. Pass 1e-9, say.")
    if time_limit is not None and not time_limit >= 0:
        raise ArgumentError(f"`joint_spectral_radius(time_limit=...)` needs seconds >= 0, or None; got {time_limit!r}.")


def _finished(
    problem: Problem, found: Found, *, tol: float, deadline: float, late: RadiusStatus
) -> JointSpectralRadius:
    """The proof of what was found; branch and bound where the proof leaves a wide bracket and time is left."""
    proved = _proved(problem, found, tol=tol, deadline=deadline)
    certificate = None if proved is None else proved.certificate
    if proved is not None:
        found = found.with_upper(float_above(proved.bound))
    if is_wide(found) and time.monotonic() < deadline:
        for better in branch(problem.family, found, tol=tol, deadline=deadline):
            found = better
    exact = None
    if proved is not None and found.form is not None and found.bracket.lower > 0 and problem.automaton is None:
        exact = prove_exactly(problem.family, found.form, found.states)
    if exact is not None:
        certificate = exact
        found = _narrowed(found, exact)
    if certificate is None or (found.bracket.lower > 1 and certificate.claim.lower is None):
        certificate = _by_word(problem, found) or certificate
    status = _status(found, tol=tol, late=late)
    word, radii = canonical_word(problem.letters(found.word)), found.vertex_radii
    return JointSpectralRadius(found.bracket.lower, found.bracket.upper, word, status, radii, certificate)


def _narrowed(found: Found, exact: Certificate) -> Found:
    claim = exact.claim
    assert claim.lower is not None
    assert claim.upper is not None
    word = found.word
    found = found.with_upper(float_above(claim.upper)).with_word(Bracket(float_below(claim.lower), math.inf), word)
    return found.stopped(RadiusStatus.EXACT)


def _proved(problem: Problem, found: Found, *, tol: float, deadline: float) -> Proved | None:
    if found.form is None:
        return None
    lower = Fraction(found.bracket.lower)
    return prove(problem, found.form, found.states, word=found.word, lower=lower, tol=tol, deadline=deadline)


def _status(found: Found, *, tol: float, late: RadiusStatus) -> RadiusStatus:
    if found.bracket.upper == 0:
        return RadiusStatus.ZERO
    if found.status is RadiusStatus.EXACT:
        return RadiusStatus.EXACT
    if found.is_closed(tol):
        return RadiusStatus.CLOSED
    if found.states and all(s.is_closed for s in found.states):
        return RadiusStatus.NOT_PROVED
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
