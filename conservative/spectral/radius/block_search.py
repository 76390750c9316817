"""One irreducible block: words are searched and a polytope is grown, in turn, until it closes or a budget ends."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.spectral.norms.averaged import averaged_norm
from conservative.spectral.norms.isometries import extremal_form
from conservative.spectral.norms.scaling import diagonal_balance
from conservative.spectral.polytope.columns import HullKind
from conservative.spectral.polytope.growth import grow, reopened
from conservative.spectral.polytope.roots import leading_cycles
from conservative.spectral.polytope.shape import Growth, Polytope
from conservative.spectral.polytope.spanning import start
from conservative.spectral.radius.long_powers import word_through_powers
from conservative.spectral.reduction import Essential, FormKind, closed_form, essential_matrices
from conservative.spectral.words.candidates import Candidate, ellipsoid_norm, in_norm, ranked_words
from conservative.spectral.words.local_search import climb

FloatArray = NDArray[np.float64]

MOST_VERTICES = 40_000
"""Vertices of a polytope at most."""

MOST_WORK = 1 << 35
"""Matrices times n^2 times the square of the vertices at most where there is no deadline: about a minute."""

MOST_ENTRIES = 1 << 27
"""Numbers in the bases of all images at most (a gigabyte)."""

_SLICES = (0.01, 0.04, 0.1, 0.3, 1.0)
"""Parts of the vertices after which words are searched again, in the norm that the polytope suggests."""

_PATIENT = 0.04
"""Part of the vertices after which an extremal quadratic norm is the proof, where there is one: it proves a bracket, a
polytope may prove the value."""

_MOST_TIES = 8

_ACCEPT = 5e-11
"""Images of a gauge that exceeds one by this count as inside: a small part of the usual tolerance."""

_SMALL = 200
"""Vertices of a polytope that may prove a value where a quadratic norm proves a bracket."""

_SECONDS = 1e-6
"""What writing down and checking one number of a proof takes, about."""

_BALANCED = 256
"""Ratio of the diagonal of a balancing up to which the coordinates stay as they are."""

_STRICTLY, _STRETCH = 1e-7, 1e-3
"""How far inside images are for an exact value, and how far the vertices beyond those on the boundary stick out."""

_CLIMBED_ORDER = 24
"""Order of the matrices up to which words are climbed."""

_BETTER = 1e-11
"""Relative gain of a rate, in doubles, that makes the growth start again."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """An irreducible diagonal block in coordinates in which its entries are of like size.

    Parameters
    ----------
    family : MatrixFamily
        D A_i D^-1.
    balance : tuple of Fraction
        The diagonal of D: powers of two.
    essential : Essential
        The matrices of the family that decide its radius.
    scale : Fraction
        A power of two near the largest entry.
    unit : ndarray, shape (k, n, n)
        All matrices of the family divided by the scale, in doubles.
    quadratic : str or None
        "normal" when the Euclidean norm is extremal, "single" when one matrix decides, "preserved" when a quadratic
        norm is extremal and preserved on a plane, "extremal" when one is extremal and a small polytope did not close: a
        quadratic norm proves it.
    """

    family: MatrixFamily
    balance: tuple[Fraction, ...]
    essential: Essential
    scale: Fraction
    unit: FloatArray
    quadratic: str | None

    @property
    def needed(self) -> FloatArray:
        """The essential matrices divided by the scale."""
        return self.unit[list(self.essential.letters)]

    @property
    def is_zero(self) -> bool:
        """Whether all matrices vanish."""
        return not self.unit.any()


@dataclass(frozen=True, slots=True, eq=False)
class BlockState:
    """What is known of a block.

    `best`: the best word found, in the letters of the block's family, with its rate divided by the scale. `divisor`:
    the radius that the polytope is to prove, divided by the scale. `polytope`: grown for the essential matrices divided
    by the divisor.
    """

    block: Block
    best: Candidate
    divisor: float
    polytope: Polytope | None = None

    @property
    def needs_lyapunov(self) -> bool:
        """Whether a quadratic norm for one matrix, at a radius a little above its own, is the proof."""
        return self.polytope is None and self.block.quadratic == "single" and self.block.family.size > 1

    @property
    def is_full(self) -> bool:
        """Whether the polytope has as many vertices as are kept."""
        return self.polytope is not None and self.polytope.count >= max(
            most_vertices(self.block), 3 * len(self.best.word)
        )

    @property
    def is_closed(self) -> bool:
        """Whether every image lies in the polytope, or a quadratic norm is known to do."""
        if self.block.family.size == 1 or self.block.is_zero or self.block.quadratic is not None:
            return True
        return self.polytope is not None and self.polytope.state is Growth.CLOSED


def prepare_block(family: MatrixFamily, *, deadline: float = NEVER) -> Block:
    """A block balanced by a diagonal of powers of two, scaled, and without matrices that change nothing."""
    diagonal = np.diag(diagonal_balance(family))
    balance = tuple(Fraction(float(x)) for x in diagonal)
    if max(balance) <= _BALANCED * min(balance):
        balanced, balance = family, (Fraction(1),) * family.size
    else:
        balanced = _balanced(family, balance)
    with np.errstate(over="ignore"):
        largest = float(np.abs(balanced.floats).max())
    exponent = int(np.frexp(largest)[1]) if largest > 0 else 0
    unit = np.ldexp(balanced.floats, -exponent)
    essential = essential_matrices(balanced, deadline=deadline)
    known = closed_form(family) if family.size > 1 else None
    normal = known is not None and known.kind is FormKind.NORMAL
    if normal:
        balanced, balance, essential = (
            family,
            (Fraction(1),) * family.size,
            essential_matrices(family, deadline=deadline),
        )
    quadratic = "normal" if normal else "single" if essential.family.count == 1 else None
    return Block(balanced, balance, essential, Fraction(2) ** exponent, unit, quadratic)


def _balanced(family: MatrixFamily, balance: tuple[Fraction, ...]) -> MatrixFamily:
    exact: tuple[ExactMatrix, ...] = tuple(
        tuple(tuple(x * r / c for x, c in zip(row, balance, strict=True)) for row, r in zip(m, balance, strict=True))
        for m in family.exact
    )
    floats = np.array([[[float(x) for x in row] for row in m] for m in exact])
    return MatrixFamily(floats, exact)


def first_words(block: Block, *, deadline: float) -> list[Candidate]:
    """Candidates from a quick search, in the given coordinates and in an averaged norm."""
    if block.is_zero:
        return [Candidate((0,), 0.0)]
    matrices = block.needed
    n = matrices.shape[1]
    length, width = (100, 200) if n <= 3 else (40, 60) if n <= 12 else (24, 30) if n <= 40 else (8, 8)
    found = [
        ranked_words(m, max_length=length, width=width, deadline=deadline)
        for m in (matrices, in_norm(matrices, averaged_norm(matrices)))
    ]
    through = word_through_powers(matrices)
    if through is not None:
        found.append([through])
    return _merged(block, found)


def _merged(block: Block, found: list[list[Candidate]]) -> list[Candidate]:
    """The candidates tied for the best rate, shortest first, with their letters in the family of the block."""
    best = max(c.rate for group in found for c in group)
    tied = {c.word: c for group in found for c in group if c.rate >= best * (1 - _BETTER)}
    ranked = sorted(tied.values(), key=lambda c: (len(c.word), c.word))[:_MOST_TIES]
    return [Candidate(block.essential.original(c.word), c.rate) for c in ranked]


def close_block(block: Block, words: list[Candidate], *, floor: float, deadline: float) -> Iterator[BlockState]:
    """Grow a polytope for a block, searching for better words whenever growth is slow.

    `block`: of order at least two, not zero.
    """
    most = max(most_vertices(block, limited=deadline != NEVER), 3 * len(words[0].word))
    writing = _SECONDS * block.essential.family.count * block.family.size**2
    state = _begun(block, words, floor)
    yield state
    for part in _SLICES:
        assert state.polytope is not None
        budget = int(most * part) + 20
        polytope = grow(state.polytope, accept=_ACCEPT, max_vertices=budget, deadline=deadline, writing=writing)
        state = replace(state, polytope=polytope)
        yield state
        if state.is_closed or time.monotonic() + writing * polytope.count > deadline:
            return
        if part >= _PATIENT and extremal_form(block.unit, rate=state.divisor) is not None:
            yield replace(state, block=replace(block, quadratic="extremal"), polytope=None)
            return
        better = _search_again(state, part, deadline)
        if better[0].rate > state.best.rate * (1 + _BETTER):
            state = _begun(block, better, floor)


def most_vertices(block: Block, *, limited: bool = True) -> int:
    """Vertices of a polytope at most.

    `limited`: whether a deadline ends the growth; without one there are fewer vertices, what takes about a minute.
    """
    k, n = block.essential.family.count, block.family.size
    most = min(MOST_VERTICES, 600 * n * n, MOST_ENTRIES // (k * n * n))
    return max(50, most if limited else min(most, math.isqrt(MOST_WORK // (k * n * n))))


def _begun(block: Block, words: list[Candidate], floor: float) -> BlockState:
    best = words[0]
    divisor = max(best.rate, floor)
    unit = block.needed / divisor
    place = {letter: i for i, letter in enumerate(block.essential.letters)}
    cycles = [c for w in words for c in leading_cycles(unit, tuple(place[i] for i in w.word))]
    return BlockState(block, best, divisor, start(unit, cycles, monotone=bool((block.unit >= 0).all())))


def _search_again(state: BlockState, part: float, deadline: float) -> list[Candidate]:
    """A wider search in the norm of the ellipsoid of least volume around the vertices."""
    assert state.polytope is not None
    shape = ellipsoid_norm(state.polytope.vertices)
    n = shape.shape[0]
    length, width = (140, 400) if n <= 12 else (100, 200) if n <= 24 else (40, 50) if n <= 60 else (16, 16)
    matrices = in_norm(state.block.needed, shape)
    width = int(width * (1 + 4 * part))
    ranked = ranked_words(matrices, max_length=length, width=width, deadline=deadline)
    if n > _CLIMBED_ORDER:
        return _merged(state.block, [ranked])
    # In the coordinates of the block again: rates in doubles differ in the last digits from basis to basis.
    climbed = climb(state.block.needed, ranked, restarts=4, deadline=deadline)
    return _merged(state.block, [ranked, [climbed]])


def with_small_polytope(state: BlockState, *, deadline: float) -> BlockState | None:
    """The state with a closed polytope in place of the quadratic norm of a normal family or of one matrix.

    `state`: of order at least two, with a word of positive rate. Returns: None where no polytope of few vertices
    closes.
    """
    begun = _begun(state.block, [state.best], 0.0)
    assert begun.polytope is not None
    grown = grow(begun.polytope, accept=_ACCEPT, max_vertices=_SMALL, deadline=deadline)
    closed = replace(begun, block=replace(state.block, quadratic=None), polytope=grown)
    return closed if closed.is_closed else None


def strict_polytope(state: BlockState, *, deadline: float) -> Polytope | None:
    """A polytope that has every image strictly inside, but for those that are vertices by their making.

    Returns: None where there is no such polytope of about the same size from one leading eigenvector.
    """
    if state.polytope is None or len(state.polytope.cycles) != 1:
        return None
    cycle = state.polytope.cycles[0]
    if not cycle.closes or not cycle.is_real:
        return None
    begun = reopened(state.polytope, accept=-_STRICTLY)
    if begun.kind is HullKind.MONOTONE and not (cycle.vertices.real > 0).all():
        begun = start(begun.matrices, [cycle], monotone=False)
    most = 4 * state.polytope.count + 50
    grown = grow(begun, accept=-_STRICTLY, max_vertices=most, deadline=deadline, stretch=_STRETCH)
    return grown if grown.state is Growth.CLOSED else None
