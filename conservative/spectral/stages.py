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
from conservative.spectral.gripenberg import branch_and_bound
from conservative.spectral.products import make_product, proved_rate, search_word
from conservative.spectral.quadratic import QuadraticNorm, common_quadratic_norm
from conservative.spectral.reduction import diagonal_blocks, is_nilpotent_family
from conservative.spectral.words import Word

SEARCH_LENGTH = 130
"""Longest word of the bounded-width search."""

WORK_LIMIT = 1 << 24
"""Work of the branch and bound at most, per diagonal block: products times n^3, a second or two."""

EXACT_RADII = 64
"""Matrices whose own radius is enclosed exactly: those of the largest radii in doubles. The others get their norm."""

MOST_INEQUALITIES = 200
"""Matrices beyond which the semidefinite program would take longer than it gains."""

SOLVER_SECONDS = 2.0
"""Time that must be left for the semidefinite solver to be loaded and run."""

SOLVER_LIMIT = 20.0
"""Seconds that the semidefinite solver is given at most, and never more than half of what is left."""


class RadiusStatus(Enum):
    """How a computation of the joint spectral radius ended; the value is the sentence to print."""

    CLOSED = "the bounds agree within the tolerance"
    ZERO = "every product of n matrices vanishes: the joint spectral radius is exactly 0"
    TIME_LIMIT = "the time limit was reached: the bracket holds; raise `time_limit` to narrow it"
    INTERRUPTED = "interrupted: the bracket holds; run again, or with a `time_limit`, to narrow it"
    WORK_LIMIT = (
        "the branch and bound reached its size limit: the bracket holds; accept it with a larger `tol`, or pass the "
        "matrices in another basis"
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
    quadratic : QuadraticNorm or None
        A common quadratic norm of the whole family.
    """

    bracket: Bracket
    word: Word
    status: RadiusStatus
    vertex_radii: tuple[Bracket, ...]
    quadratic: QuadraticNorm | None = None

    def stopped(self, status: RadiusStatus) -> "Found":
        """The same bounds with a final status, unless they are closed already.

        Parameters
        ----------
        status : RadiusStatus

        Returns
        -------
        Found
        """
        return self if self.status in {RadiusStatus.CLOSED, RadiusStatus.ZERO} else replace(self, status=status)

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
        norms = spectral_norm_bounds(family.floats)[1] * (1 + 4 * family.size * UNIT_ROUNDOFF)
        estimates = np.abs(np.linalg.eigvals(family.floats)).max(axis=1)
    leading = set(np.argsort(-estimates, kind="stable")[:EXACT_RADII].tolist())
    radii = tuple(
        make_product(family, (i,)).radius if i in leading else Bracket(0.0, float(norms[i]))
        for i in range(family.count)
    )
    best = max(leading, key=lambda i: (radii[i].lower, -i))
    if family.count == 1:
        return Found(radii[0], (0,), RadiusStatus.TIME_LIMIT, radii)
    return Found(Bracket(radii[best].lower, float(norms.max())), (best,), RadiusStatus.TIME_LIMIT, radii)


def stages(family: MatrixFamily, found: Found, *, tol: float, deadline: float | None) -> Iterator[Found]:
    """Tighter and tighter bounds, in the order of their cost.

    Parameters
    ----------
    family : MatrixFamily
    found : Found
        What `first_bounds` gave.
    tol : float
        Relative tolerance at which to stop.
    deadline : float or None
        `time.monotonic()` at which the caller will stop; only long steps look at it.

    Yields
    ------
    Found
    """
    if is_nilpotent_family(family):
        found = replace(found, bracket=Bracket(0.0, 0.0), status=RadiusStatus.ZERO)
        yield found
    if _solver_fits(family, deadline):
        quadratic = common_quadratic_norm(family, scale=found.bracket.lower, time_limit=_solver_seconds(deadline))
        found = replace(found, quadratic=quadratic).with_upper(quadratic.gamma)
        yield found
    if found.status is RadiusStatus.ZERO:
        return
    blocks = diagonal_blocks(family)
    bases = []
    for block in blocks:
        basis = _basis(block, found if len(blocks) == 1 else None, deadline)
        bases.append(basis)
        found = _with_search(family, found, basis, deadline)
        yield found
    yield from _branch(family, found, bases, tol=tol)


def _solver_fits(family: MatrixFamily, deadline: float | None) -> bool:
    return family.count <= MOST_INEQUALITIES and (deadline is None or deadline - time.monotonic() > SOLVER_SECONDS)


def _solver_seconds(deadline: float | None) -> float:
    return SOLVER_LIMIT if deadline is None else min(SOLVER_LIMIT, (deadline - time.monotonic()) / 2)


def _basis(block: MatrixFamily, found: Found | None, deadline: float | None) -> ScaledFamily:
    """The block in coordinates in which its norms are small: a common quadratic norm, or a diagonal balance."""
    quadratic = None if found is None else found.quadratic
    if quadratic is None and block.size > 1 and _solver_fits(block, deadline):
        quadratic = common_quadratic_norm(block, time_limit=_solver_seconds(deadline))
    scaled = None if quadratic is None else scale_family(block, transform=quadratic.factor)
    return balanced_family(block) if scaled is None else scaled


def _with_search(family: MatrixFamily, found: Found, basis: ScaledFamily, deadline: float | None) -> Found:
    if not basis.floats.any():
        return found
    width = _search_width(family.size, family.count)
    word, _ = search_word(basis.floats, max_length=SEARCH_LENGTH, width=width, deadline=deadline)
    return found.with_word(proved_rate(family, word), word)


def _search_width(n: int, count: int) -> int:
    """Words kept per length: fewer where each costs more, or has more continuations."""
    return max(8, min(600, max(60, 240_000 // n**2)) * 4 // max(count, 4))


def _branch(family: MatrixFamily, found: Found, bases: list[ScaledFamily], *, tol: float) -> Iterator[Found]:
    """Branch and bound on every block; the upper bound of the family is the largest over its blocks."""
    word: Word = ()
    uppers = [_upper(basis, float(basis.norm.max())) for basis in bases]
    for i, basis in enumerate(bases):
        rate = float_below(Fraction(found.bracket.lower) / basis.scale)
        unit = basis.divided(rate) if rate > 0 else basis
        for progress in branch_and_bound(unit, rate=float(rate > 0), tol=tol / 2):
            uppers[i] = min(uppers[i], _upper(unit, progress.upper))
            if progress.word and progress.word != word:
                word = progress.word
                found = found.with_word(proved_rate(family, word), word)
            found = found.with_upper(max(uppers))
            if found.is_closed(tol):
                yield replace(found, status=RadiusStatus.CLOSED)
                return
            yield found
            if progress.work > WORK_LIMIT:
                break
    yield found.stopped(RadiusStatus.WORK_LIMIT)


def _upper(basis: ScaledFamily, upper: float) -> float:
    return float_above(Fraction(upper) * basis.scale) + 0.0 if np.isfinite(upper) else np.inf
