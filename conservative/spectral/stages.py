"""The stages of a joint spectral radius, each of which leaves a valid bracket behind."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

import numpy as np

from conservative._core.families import MatrixFamily
from conservative._core.norms import spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, float_above, float_below
from conservative.spectral.basis import ScaledFamily, balanced_family, scale_family
from conservative.spectral.candidates import Candidate, averaged_norm, ellipsoid_norm
from conservative.spectral.closing import Block, BlockState, close_block, first_words, prepare_block
from conservative.spectral.gripenberg import branch_and_bound
from conservative.spectral.isometries import preserved_form
from conservative.spectral.products import proved_rate
from conservative.spectral.reduction import BlockTriangular, closed_form, triangularise
from conservative.spectral.words import Word

WORK_LIMIT = 1 << 22
"""Work of the branch and bound at most: products times n^3, well below a second."""

EXACT_RADII = 64
"""Matrices whose own radius is enclosed exactly: those of the largest radii in doubles. The others get their norm."""

PATIENCE = 60.0
"""Seconds after which a search without a time limit leaves the polytope that has not closed."""

_LEAST_NORMAL, _LEAST_DOUBLE = 2.0**-1022, 2.0**-1074

_WIDE = 1e-3
"""Relative width of a bracket above which branch and bound is worth its time."""


class RadiusStatus(Enum):
    """How a computation of the joint spectral radius ended; the value is the sentence to print."""

    CLOSED = "the bounds agree within the tolerance"
    EXACT = "the value is exact: the certificate proves that the word attains the joint spectral radius"
    ZERO = "every product of n matrices vanishes: the joint spectral radius is exactly 0"
    TIME_LIMIT = "the time limit was reached: the bracket holds; raise `time_limit` to narrow it"
    INTERRUPTED = "interrupted: the bracket holds; run again, or with a `time_limit`, to narrow it"
    WORK_LIMIT = (
        "no polytope closed within its budget of vertices or a minute: the bracket holds; accept it with a larger "
        "`tol`, or give more time with `time_limit`"
    )
    ZONOTOPE = (
        "the bracket holds for the whole zonotope, of which the vertices are too many to list; `zonotope_radius` says "
        "what is behind its ends"
    )
    ROUNDING = (
        "every image lies in the polytope up to the rounding of doubles: the bracket is as narrow as that proves; "
        "accept it with a larger `tol`"
    )
    NOT_PROVED = (
        "the search closed, but its proof is beyond the limits of the checker: the bracket is what other proofs give; "
        "a larger `tol` or fewer digits in the matrices help"
    )


@dataclass(frozen=True, slots=True)
class Found:
    """Bounds reached so far: each stage yields tighter ones, so that an interrupted caller holds the last.

    Parameters
    ----------
    bracket : Bracket
        Of the joint spectral radius, proved.
    word : tuple of int
        The word behind the lower end.
    status : RadiusStatus
        What to say if this is the last stage.
    vertex_radii : tuple of Bracket
        rho(A_i) of each matrix.
    form : BlockTriangular or None
        The family taken apart.
    states : tuple of BlockState
        What is known of each block; `proving.prove` turns them into an upper bound.
    """

    bracket: Bracket
    word: Word
    status: RadiusStatus
    vertex_radii: tuple[Bracket, ...]
    form: BlockTriangular | None = None
    states: tuple[BlockState, ...] = ()

    def stopped(self, status: RadiusStatus) -> "Found":
        """The same bounds with a final status, unless they are closed already.

        Parameters
        ----------
        status : RadiusStatus

        Returns
        -------
        Found
        """
        return (
            self
            if self.status in {RadiusStatus.CLOSED, RadiusStatus.ZERO, RadiusStatus.EXACT}
            else replace(self, status=status)
        )

    def with_word(self, bracket: Bracket, word: Word) -> "Found":
        """The bounds with the proved rate of a word, if it is better.

        Parameters
        ----------
        bracket : Bracket
            rho(M_w)^(1/|w|).
        word : tuple of int

        Returns
        -------
        Found
        """
        if bracket.lower <= self.bracket.lower:
            return self
        return replace(self, bracket=Bracket(bracket.lower, self.bracket.upper), word=word)

    def with_upper(self, upper: float) -> "Found":
        """The bounds with another proved upper bound, if it is better.

        Parameters
        ----------
        upper : float

        Returns
        -------
        Found
        """
        return self if upper >= self.bracket.upper else replace(self, bracket=Bracket(self.bracket.lower, upper))

    def is_closed(self, tol: float) -> bool:
        """Whether the bounds agree within a relative tolerance.

        Parameters
        ----------
        tol : float

        Returns
        -------
        bool
        """
        return math.isfinite(self.bracket.upper) and self.bracket.upper <= self.bracket.lower * (1 + tol)


def first_bounds(family: MatrixFamily) -> Found:
    """The bounds that cost nothing: radii of the matrices below, Euclidean norms above.

    Parameters
    ----------
    family : MatrixFamily

    Returns
    -------
    Found
    """
    with np.errstate(over="ignore", invalid="ignore"):
        norms = spectral_norm_bounds(family.floats)[1] * (1 + 4 * family.size * UNIT_ROUNDOFF) + _underflow(family)
        estimates = np.abs(np.linalg.eigvals(family.floats)).max(axis=1)
    leading = set(np.argsort(-estimates, kind="stable")[:EXACT_RADII].tolist())
    radii = tuple(
        proved_rate(family, (i,)) if i in leading else Bracket(0.0, float(norms[i])) for i in range(family.count)
    )
    best = max(leading, key=lambda i: (radii[i].lower, -i))
    if family.count == 1:
        return Found(radii[0], (0,), RadiusStatus.TIME_LIMIT, radii)
    return Found(Bracket(radii[best].lower, float(norms.max())), (best,), RadiusStatus.TIME_LIMIT, radii)


def _underflow(family: MatrixFamily) -> float:
    """What rationals below the normal doubles may add to a norm when they are rounded, or vanish."""
    lost = any(
        Fraction(y) != x
        for m, rows in zip(family.exact, family.floats.tolist(), strict=True)
        for row, floats in zip(m, rows, strict=True)
        for x, y in zip(row, floats, strict=True)
        if abs(y) < _LEAST_NORMAL
    )
    return family.size * _LEAST_DOUBLE if lost else 0.0


def stages(family: MatrixFamily, found: Found, *, tol: float, deadline: float) -> Iterator[Found]:
    """Better and better words and polytopes, block by block.

    Parameters
    ----------
    family : MatrixFamily
    found : Found
        What `first_bounds` gave.
    tol : float
        Relative tolerance at which to stop.
    deadline : float
        `time.monotonic()` after which no more work is begun.

    Yields
    ------
    Found
        With the states of the blocks; the upper bound is that of the beginning until `proving.prove` is asked.
    """
    known = closed_form(family)
    if known is not None:
        found = found.with_word(known.radius, known.word).with_upper(known.radius.upper)
        yield found
    form = triangularise(family)
    blocks = [prepare_block(b) for b in form.blocks]
    words = [_words(b, deadline) for b in blocks]
    blocks = [_with_preserved_norm(b, w[0].rate) for b, w in zip(blocks, words, strict=True)]
    states = [BlockState(b, w[0], w[0].rate, None) for b, w in zip(blocks, words, strict=True)]
    found = replace(found, form=form, states=tuple(states))
    for state in states:
        found = _with_state(family, found, state)
    yield found
    for i in sorted(range(len(blocks)), key=lambda i: -Fraction(states[i].best.rate) * blocks[i].scale):
        if states[i].is_closed or states[i].best.rate == 0:
            continue
        floor = Fraction(found.bracket.lower) / blocks[i].scale
        leads = states[i].best.rate >= float(floor) * (1 - 1e-12)
        floors = 0.0 if leads else float(floor * (1 + Fraction(tol) / 8))
        for state in close_block(blocks[i], words[i], floor=floors, deadline=deadline):
            states[i] = state
            found = replace(_with_state(family, found, state), states=tuple(states))
            yield found


def _words(block: Block, deadline: float) -> list[Candidate]:
    """The word that a theorem names, or those that a search finds."""
    known = closed_form(block.family) if block.family.size > 1 else None
    if known is None or not known.radius.lower > 0:
        return first_words(block, deadline=deadline)
    return [Candidate(known.word, float(Fraction(known.radius.lower) / block.scale))]


def _with_preserved_norm(block: Block, rate: float) -> Block:
    decided = block.family.size == 1 or block.quadratic is not None or rate == 0
    if decided or preserved_form(block.unit, rate=rate) is None:
        return block
    return replace(block, quadratic="preserved")


def _with_state(family: MatrixFamily, found: Found, state: BlockState) -> Found:
    """The bounds with the proved rate of the best word of a block."""
    rate = Fraction(state.best.rate) * state.block.scale  # may be beyond the largest double
    if state.best.rate == 0 or state.best.word == found.word or rate < Fraction(found.bracket.lower * (1 - 1e-12)):
        return found
    return found.with_word(proved_rate(family, state.best.word), state.best.word)


def branch(family: MatrixFamily, found: Found, *, tol: float, deadline: float) -> Iterator[Found]:
    """Gripenberg's branch and bound in a norm that the vertices suggest: upper bounds without a certificate.

    Parameters
    ----------
    family : MatrixFamily
    found : Found
    tol : float
    deadline : float

    Yields
    ------
    Found
    """
    basis = _branching_basis(family, found)
    rate = float_below(Fraction(found.bracket.lower) / basis.scale)
    unit = basis.divided(rate) if rate > 0 else basis
    word: Word = ()
    for progress in branch_and_bound(unit, rate=float(rate > 0), tol=tol / 2):
        if progress.word and progress.word != word:
            word = progress.word
            found = found.with_word(proved_rate(family, word), word)
        found = found.with_upper(_upper(unit, progress.upper))
        yield found
        if progress.work > WORK_LIMIT or found.is_closed(tol) or time.monotonic() > deadline:
            return


def _branching_basis(family: MatrixFamily, found: Found) -> ScaledFamily:
    polytope = found.states[0].polytope if len(found.states) == 1 else None
    balanced = balanced_family(family)
    if polytope is None or any(x != 1 for x in found.states[0].block.balance):
        shape = averaged_norm(balanced.floats)
        return balanced if len(found.states) > 1 else (_based(family, shape) or balanced)
    return _based(family, ellipsoid_norm(polytope.vertices)) or balanced


def _based(family: MatrixFamily, shape: np.ndarray) -> ScaledFamily | None:
    try:
        return scale_family(family, transform=np.ascontiguousarray(np.linalg.cholesky(shape).T))
    except np.linalg.LinAlgError:
        return None


def _upper(basis: ScaledFamily, upper: float) -> float:
    return float_above(Fraction(upper) * basis.scale) + 0.0 if np.isfinite(upper) else np.inf


def is_wide(found: Found) -> bool:
    """Whether the bracket is so wide that branch and bound may help.

    Parameters
    ----------
    found : Found

    Returns
    -------
    bool
    """
    return not found.bracket.upper <= found.bracket.lower * (1 + _WIDE)
