"""The lower spectral radius: how slowly products of a family can be made to grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from conservative._core.deadlines import NEVER, deadline_after, is_over, seconds_left
from conservative._core.errors import ArgumentError
from conservative._core.exact_linalg import from_flint, to_flint, working_precision
from conservative._core.families import MatrixFamily, as_family
from conservative._core.numbers import Bracket, float_below
from conservative.spectral.basis import balanced_family
from conservative.spectral.growth.antinorm import proved_antinorm_rate
from conservative.spectral.growth.slow_words import search_slow_word
from conservative.spectral.jsr import joint_spectral_radius
from conservative.spectral.products import proved_rate
from conservative.spectral.reduction import triangularise
from conservative.spectral.words import Word, word_text


class LowerRadiusStatus(Enum):
    """How a computation of the lower spectral radius ended; the value is the sentence to print."""

    CLOSED = "the bounds agree within the tolerance"
    ZERO = "a product is nilpotent: the lower spectral radius is exactly 0"
    OPEN = (
        "the bounds leave a gap: tight lower bounds are known for nonnegative and for invertible families only; "
        "pass longer words with `max_length`"
    )
    TIME_LIMIT = "the time limit was reached: the bracket holds; raise `time_limit` to narrow it"


@dataclass(frozen=True, slots=True, eq=False)
class LowerSpectralRadius:
    """A proved bracket of the lower spectral radius of a family.

    Parameters
    ----------
    lower, upper : float
        Proved bounds, rounding included.
    word : tuple of int
        A word whose rho(M_w)^(1/|w|) is at most `upper`.
    status : LowerRadiusStatus
    """

    lower: float
    upper: float
    word: Word
    status: LowerRadiusStatus

    @property
    def bracket(self) -> Bracket:
        """The bounds as a `Bracket`."""
        return Bracket(self.lower, self.upper)

    def __repr__(self) -> str:
        return (
            f"LowerSpectralRadius(lower={self.lower!r}, upper={self.upper!r}, word {word_text(self.word)}, "
            f"{self.status.name})"
        )


def lower_spectral_radius(
    matrices: Any, *, tol: float = 1e-6, max_length: int = 24, time_limit: float | None = None
) -> LowerSpectralRadius:
    """Bounds of the slowest growth rate of products of a family: lim min ||M_w||^(1/|w|), the least over words.

    Below 1, some switching sequence drives every product to zero. It depends on the family itself: the convex hull
    can have a smaller one.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
        Doubles are taken as exact; rationals stay exact.
    tol : float
        Relative tolerance at which the bounds count as closed.
    max_length : int
        Longest word of the search.
    time_limit : float, optional
        Seconds, checked between steps.

    Returns
    -------
    LowerSpectralRadius

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Above: rho(M_w)^(1/|w|) of every word is a bound, and a search of bounded width looks for a small one; its
    radius is enclosed from the exact characteristic polynomial. Below, the best of

    * min |det A_i|^(1/n), since rho(M_w)^n >= |det M_w|;
    * 1 / jsr{A_i^-1} for invertible matrices, since rho(M_w) >= 1 / rho(M_w^-1); it covers the least singular value;
    * for nonnegative matrices, and their transposes, a set that they map away from zero (`proved_antinorm_rate`);

    each also for the diagonal blocks of the family: the radius of a product is at least that of its blocks. A lower
    bound 0 is the best known for singular matrices of mixed signs: the lower spectral radius is not continuous there.

    References
    ----------
    [jungers2009]_, [guglielmiprotasov2013]_

    Examples
    --------
    >>> slow = lower_spectral_radius([[[1, 1], [0, 1]], [[2, 0], [1, 1]]])
    >>> slow.word, slow.lower <= 1.0 <= slow.upper
    ((0,), True)
    """
    family = as_family(matrices, call="lower_spectral_radius")
    if not tol >= 0 or max_length < 1:
        raise ArgumentError(
            f"`lower_spectral_radius` needs tol >= 0 and max_length >= 1; got tol={tol!r}, max_length={max_length!r}."
        )
    deadline = deadline_after(time_limit, call="lower_spectral_radius")
    word, upper = _best_word(family, max_length, deadline)
    if upper == 0:
        return LowerSpectralRadius(0.0, 0.0, word, LowerRadiusStatus.ZERO)
    lower, status = 0.0, LowerRadiusStatus.OPEN
    for bound in _lower_bounds(family, word, upper, deadline):
        lower = max(lower, min(bound, upper))
        if upper <= lower * (1 + tol):
            status = LowerRadiusStatus.CLOSED
            break
        if is_over(deadline):
            status = LowerRadiusStatus.TIME_LIMIT
            break
    return LowerSpectralRadius(lower, upper, word, status)


def _best_word(family: MatrixFamily, max_length: int, deadline: float) -> tuple[Word, float]:
    """The word of the search, or a single letter if that is proved to be smaller."""
    width = max(8, min(400, 160_000 // family.size**2) * 4 // max(family.count, 4))
    scaled = balanced_family(family)
    word, _ = search_slow_word(scaled.floats, max_length=max_length, width=width, deadline=deadline)
    candidates = [(proved_rate(family, w).upper, len(w), w) for w in {word, *((i,) for i in range(family.count))}]
    upper, _, word = min(candidates)
    return word, upper


def _lower_bounds(family: MatrixFamily, word: Word, upper: float, deadline: float) -> Iterator[float]:
    if family.count == 1:
        yield proved_rate(family, word).lower
        return
    form = triangularise(family)
    parts = form.blocks if form.is_trivial else (family, *form.blocks)
    yield from (_determinant_bound(part) for part in parts)
    for part in parts:
        if all(x >= 0 for m in part.exact for row in m for x in row):
            yield from _conic_bounds(part, word, upper)
    for block in form.blocks:
        if block.size == 1:
            continue
        left = None if deadline == NEVER else seconds_left(deadline) / len(form.blocks)
        yield _inverse_bound(block, left)


def _determinant_bound(family: MatrixFamily) -> float:
    """min |det A_i|^(1/n), rounded down."""
    least = min(abs(to_flint(m).det()) for m in family.exact)
    if least == 0:
        return 0.0
    with working_precision(128):
        root = flint.arb(least).root(family.size) if family.size > 1 else flint.arb(least)
        mantissa, exponent = root.lower().mid().man_exp()
    return max(float_below(Fraction(int(mantissa)) * Fraction(2) ** int(exponent)), 0.0)


def _inverse_bound(family: MatrixFamily, seconds: float | None) -> float:
    """1 / jsr of the inverses, rounded down; 0 when one of them is singular or overflows."""
    matrices = [to_flint(m) for m in family.exact]
    if any(m.det() == 0 for m in matrices):
        return 0.0
    exact = tuple(from_flint(m.inv()) for m in matrices)
    try:
        floats = np.array([[[float(x) for x in row] for row in m] for m in exact])
    except OverflowError:
        return 0.0
    radius = joint_spectral_radius(MatrixFamily(floats, exact), time_limit=seconds)
    return float_below(1 / Fraction(radius.upper)) if 0 < radius.upper < np.inf else 0.0


def _conic_bounds(family: MatrixFamily, word: Word, upper: float) -> Iterator[float]:
    transposed = MatrixFamily(
        np.ascontiguousarray(family.floats.transpose(0, 2, 1)),
        tuple(tuple(zip(*m, strict=True)) for m in family.exact),
    )
    for side, along in ((family, word), (transposed, word[::-1])):
        for rate in proved_antinorm_rate(side, along, upper):
            yield float_below(rate)
