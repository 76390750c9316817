"""The stages of a joint spectral radius, each of which leaves a valid bracket behind."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over, seconds_left
from conservative._core.exact.perron import is_nonnegative
from conservative._core.families.as_family import MatrixFamily
from conservative._core.matrix_norms import spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, float_above, float_below
from conservative.spectral.norms.ellipsoids import folded_norm
from conservative.spectral.norms.isometries import preserved_form
from conservative.spectral.norms.scaling import ScaledFamily, balanced_family, balanced_floats, scale_family
from conservative.spectral.norms.weighted_norms import WeightedNorm, weighted_norm
from conservative.spectral.radius.block_search import Block, BlockState, close_block, first_words, prepare_block
from conservative.spectral.radius.gripenberg import branch_and_bound
from conservative.spectral.reduction import BlockTriangular, closed_form, triangularise
from conservative.spectral.reduction.approximate_blocks import HiddenNorm, hidden_norm
from conservative.spectral.words.candidates import Candidate, ellipsoid_norm, in_norm, ranked_words
from conservative.spectral.words.cyclic_words import Word
from conservative.spectral.words.floating_radius import floating_radius
from conservative.spectral.words.long_rationals import is_long, radius_takes
from conservative.spectral.words.products import LARGE, proved_rate

FloatArray = NDArray[np.float64]

WORK_LIMIT = 1 << 25
"""Work of a branch and bound without a deadline: products times n^3, about a second."""

EXACT_RADII = 64
"""Matrices whose own radius is enclosed exactly: those of the largest radii in doubles. The others get their norm."""

_LEAST_NORMAL, _LEAST_DOUBLE = 2.0**-1022, 2.0**-1074

_LARGE = 32
"""Order above which exact work is begun only where it is expected to end in time."""

_QUICK = 0.1
"""Seconds that an exact radius of one matrix may take whatever the clock says."""

_APART = 1.5e-7
"""Seconds that taking a family apart takes, or writing it in another basis, times n^3 for each matrix, about."""

_ENTRY = 5e-6
"""The same for one entry, which is read as a rational in several places."""

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
        "no polytope closed within its budget of vertices: the bracket holds; accept it with a larger `tol`, or pass a "
        "`time_limit`, with which polytopes grow further"
    )
    ZONOTOPE = (
        "the bracket holds for the whole zonotope, of which the vertices are too many to list; `zonotope_radius` says "
        "what is behind its ends"
    )
    VERTEX_LIMIT = (
        "no polytope closed within the most vertices that are kept: the bracket holds, and more time would not narrow "
        "it; accept it with a larger `tol`"
    )
    ROUNDING = (
        "every image lies in the polytope, or every hidden block in its norm, up to the rounding of doubles: the "
        "bracket is as narrow as that proves; accept it with a larger `tol`"
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
    norm : WeightedNorm or None
        The least weighted maximum or sum norm.
    hidden : HiddenNorm or None
        Of a family that is block triangular up to rounding, where it comes near the lower bound.
    """

    bracket: Bracket
    word: Word
    status: RadiusStatus
    vertex_radii: tuple[Bracket, ...]
    form: BlockTriangular | None = None
    states: tuple[BlockState, ...] = ()
    norm: WeightedNorm | None = None
    hidden: HiddenNorm | None = None

    def stopped(self, status: RadiusStatus) -> "Found":
        """The same bounds with a final status, unless they are closed already."""
        return (
            self
            if self.status in {RadiusStatus.CLOSED, RadiusStatus.ZERO, RadiusStatus.EXACT}
            else replace(self, status=status)
        )

    def with_word(self, bracket: Bracket, word: Word) -> "Found":
        """The bounds with the proved rate of a word, if it is better. `bracket`: rho(M_w)^(1/|w|)."""
        if bracket.lower <= self.bracket.lower:
            return self
        return replace(self, bracket=Bracket(bracket.lower, self.bracket.upper), word=word)

    def with_upper(self, upper: float) -> "Found":
        """The bounds with another proved upper bound, if it is better."""
        return self if upper >= self.bracket.upper else replace(self, bracket=Bracket(self.bracket.lower, upper))

    def is_closed(self, tol: float) -> bool:
        """Whether the bounds agree within a relative tolerance."""
        return math.isfinite(self.bracket.upper) and self.bracket.upper <= self.bracket.lower * (1 + tol)


def nothing_found(family: MatrixFamily) -> Found:
    """The bounds before anything is computed."""
    unknown = Bracket(0.0, math.inf)
    return Found(unknown, (), RadiusStatus.TIME_LIMIT, (unknown,) * family.count)


def first_bounds(family: MatrixFamily, *, deadline: float = NEVER) -> Found:
    """The bounds that cost little: radii of the matrices below; Euclidean, maximum and sum norms above.

    `deadline`: after which the norm of a matrix stands for its radius; that of the largest radius in doubles is found
    anyway, from eigenvectors in doubles where an exact polynomial would take too long.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        norms = spectral_norm_bounds(family.floats)[1] * (1 + 4 * family.size * UNIT_ROUNDOFF) + _underflow(family)
        estimates = np.abs(np.linalg.eigvals(family.floats)).max(axis=1)
    radii = [Bracket(0.0, float(x)) for x in norms]
    for place, i in enumerate(np.argsort(-estimates, kind="stable")[:EXACT_RADII].tolist()):
        if place and is_over(deadline):
            break
        radii[i] = _radius(family, i, radii[i], deadline)
    best = max(range(family.count), key=lambda i: (radii[i].lower, -i))
    if family.count == 1:
        return Found(radii[0], (0,), RadiusStatus.TIME_LIMIT, tuple(radii))
    norm = weighted_norm(family)
    upper = float(norms.max()) if norm is None else min(float(norms.max()), float_above(norm.bound) + 0.0)
    upper = max(upper, radii[best].lower)
    return Found(Bracket(radii[best].lower, upper), (best,), RadiusStatus.TIME_LIMIT, tuple(radii), norm=norm)


def _radius(family: MatrixFamily, index: int, norm: Bracket, deadline: float) -> Bracket:
    """The radius of one matrix as sharp as time allows."""
    word = (index,)
    quick = family.size <= _LARGE or deadline == NEVER or (family.size >= LARGE and is_nonnegative(family, word))
    if quick or radius_takes(family, word) <= max(_QUICK, seconds_left(deadline)):
        return proved_rate(family, word)
    found = floating_radius(family, index)
    return Bracket(0.0, norm.upper) if found is None else Bracket(found.lower, min(found.upper, norm.upper))


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
    """Better and better words and polytopes, block by block."""
    if found.norm is not None and found.norm.bound <= Fraction(found.bracket.lower) * (1 + Fraction(tol)):
        return
    if not has_time(family, deadline):
        return
    if is_long(family):
        word = ranked_words(balanced_floats(family)[1], deadline=deadline)[0].word
        yield found.with_word(proved_rate(family, word), word)
        return
    known = closed_form(family)
    if known is not None:
        found = found.with_word(known.radius, known.word).with_upper(known.radius.upper)
        yield found
    form = triangularise(family)
    blocks = [prepare_block(b, deadline=deadline) for b in form.blocks]
    words = [_words(b, deadline) for b in blocks]
    blocks = [_with_preserved_norm(b, w[0].rate) for b, w in zip(blocks, words, strict=True)]
    states = [BlockState(b, w[0], w[0].rate, None) for b, w in zip(blocks, words, strict=True)]
    found = replace(found, form=form, states=tuple(states))
    for state in states:
        found = _with_state(family, found, state, deadline)
    yield found
    if len(states) == 1 and not states[0].is_closed and found.bracket.lower > 0:
        hidden = hidden_norm(family, near=Fraction(found.bracket.lower))
        if hidden is not None:
            yield replace(found, hidden=hidden)
            return
    for i in sorted(range(len(blocks)), key=lambda i: -Fraction(states[i].best.rate) * blocks[i].scale):
        if states[i].is_closed or states[i].best.rate == 0:
            continue
        floor = Fraction(found.bracket.lower) / blocks[i].scale
        leads = states[i].best.rate >= float(floor) * (1 - 1e-12)
        floors = 0.0 if leads else float(floor * (1 + Fraction(tol) / 8))
        for state in close_block(blocks[i], words[i], floor=floors, deadline=deadline):
            states[i] = state
            found = replace(_with_state(family, found, state, deadline), states=tuple(states))
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


def _with_state(family: MatrixFamily, found: Found, state: BlockState, deadline: float) -> Found:
    """The bounds with the proved rate of the best word of a block, where there is time to prove it."""
    rate = Fraction(state.best.rate) * state.block.scale  # may be beyond the largest double
    if state.best.rate == 0 or state.best.word == found.word or rate < Fraction(found.bracket.lower * (1 - 1e-12)):
        return found
    if family.size > _LARGE and radius_takes(family, state.best.word) > seconds_left(deadline):
        return found
    return found.with_word(proved_rate(family, state.best.word), state.best.word)


def branch(family: MatrixFamily, found: Found, basis: ScaledFamily, *, tol: float, deadline: float) -> Iterator[Found]:
    """Gripenberg's branch and bound in coordinates in which norms are small; `prove_words` certifies its bound."""
    rate = float_below(Fraction(found.bracket.lower) / basis.scale)
    unit = basis.divided(rate) if rate > 0 else basis
    word: Word = ()
    for progress in branch_and_bound(unit, rate=float(rate > 0), tol=tol / 2):
        if progress.word and progress.word != word:
            word = progress.word
            found = found.with_word(proved_rate(family, word), word)
        found = found.with_upper(_upper(unit, progress.upper))
        yield found
        if found.is_closed(tol) or (progress.work > WORK_LIMIT if deadline == NEVER else is_over(deadline)):
            return


def branching_basis(family: MatrixFamily, found: Found, *, deadline: float) -> tuple[FloatArray, ScaledFamily]:
    """Coordinates in which norms are small: of a folded norm, or of the ellipsoid around the vertices of a polytope.

    Shapes: result (n, n). `P`: the form of the norm, up to rounding.
    """
    diagonal, floats, _ = balanced_floats(family)
    if floats.any():
        shapes = [folded_norm(floats, deadline=deadline)[1]]
        polytope = found.states[0].polytope if len(found.states) == 1 else None
        if polytope is not None and all(x == 1 for x in found.states[0].block.balance):
            shapes.append(ellipsoid_norm(polytope.vertices) / diagonal[:, None] / diagonal[None, :])
        rates = [float(np.linalg.norm(in_norm(floats, P), 2, axis=(1, 2)).max()) for P in shapes]
        best = shapes[int(np.argmin(rates))]
        with np.errstate(over="ignore", invalid="ignore"):
            shape = best / np.abs(best).max() * diagonal[:, None] * diagonal[None, :]
        basis = _based(family, shape) if np.isfinite(shape).all() else None
        if basis is not None:
            return (shape + shape.T) / 2, basis
    return np.diag(diagonal**2), balanced_family(family)


def _based(family: MatrixFamily, shape: FloatArray) -> ScaledFamily | None:
    try:
        return scale_family(family, transform=np.ascontiguousarray(np.linalg.cholesky(shape).T))
    except np.linalg.LinAlgError:
        return None


def _upper(basis: ScaledFamily, upper: float) -> float:
    return float_above(Fraction(upper) * basis.scale) + 0.0 if np.isfinite(upper) else np.inf


def has_time(family: MatrixFamily, deadline: float) -> bool:
    """Whether exact work with all matrices of a family is expected to end in time; of few small ones it is slight."""
    entries = _ENTRY * family.count * family.size**2
    if family.size <= _LARGE:
        return entries <= max(_QUICK, seconds_left(deadline))
    return entries + _APART * family.count * family.size**3 < seconds_left(deadline)


def is_wide(found: Found) -> bool:
    """Whether the bracket is so wide that branch and bound may help."""
    return not found.bracket.upper <= found.bracket.lower * (1 + _WIDE)
