"""The joint spectral radius of a zonotope of matrices, without its 2^k vertices."""

import math
import time
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import DEFAULT_SECONDS, NEVER, deadline_after, is_over, seconds_left, time_limit_until
from conservative._core.exact.linear_algebra import from_flint
from conservative._core.families.as_family import MatrixFamily
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, float_above, float_below, round_up
from conservative._core.result_lines import count, result_line
from conservative.matrix_sets import largest_norm
from conservative.spectral.radius.family_radius import family_radius
from conservative.spectral.radius.search import RadiusStatus
from conservative.spectral.words.spectral_radius import radius_of
from conservative.spectral.zonotopes import (
    SquareZonotope,
    ZonotopeNorm,
    as_square_zonotope,
    growing_words,
    zonotope_norm,
)

FloatArray = NDArray[np.float64]

_CALL = "zonotope_radius"

_LISTED = 6
"""Most generators whose vertices are listed and given to `joint_spectral_radius`."""

_EXACT_ORDER = 40
"""Order up to which eigenvalues are enclosed exactly and a quadratic norm is looked for."""

_EXACT_INEQUALITY = 320
"""Order of the matrix inequality, n plus the ranks of the generators, up to which it is solved and proved."""

_SECONDS = 12.0
"""For the words at most, three times over, where there is a limit at all; they end without one too."""

_CLOSED = 1e-9
_POWER_STEPS = 40


class ZonotopeStatus(Enum):
    """How the bounds of a zonotope's radius ended; the value is the sentence to print."""

    CLOSED = "the bounds agree within one part in 10^9"
    VERTICES = "from the listed vertices: the bracket holds; raise `time_limit` to narrow it"
    BRACKET = (
        "the bracket holds; above it is the best quadratic norm found, below it the best word of vertices found: "
        "raise `time_limit`, or split the ties into fewer independent ones"
    )
    NORMS = (
        "too large for a quadratic norm: the bracket holds, from norms and traces alone; reduce the state to the "
        "coordinates that the ties touch"
    )
    TIME_LIMIT = "the time limit was reached: the bracket holds; raise `time_limit` to narrow it"
    INTERRUPTED = "interrupted: the bracket holds; run again to narrow it"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ZonotopeRadius:
    """A proved bracket of the joint spectral radius of a zonotope.

    Parameters
    ----------
    lower, upper : float
        Proved bounds, rounding included.
    signs : ndarray, shape (length, k)
        The vertices behind the lower bound: a word, each letter by its weights +1 and -1; none when it is from a trace.
    status : ZonotopeStatus
    proof : str
        Where the upper bound is from.
    quadratic : ZonotopeNorm or None
        The quadratic norm, if one was proved.
    """

    lower: float
    upper: float
    signs: FloatArray = field(repr=False)
    status: ZonotopeStatus
    proof: str
    quadratic: ZonotopeNorm | None = None

    @property
    def bracket(self) -> Bracket:
        """The bounds as a `Bracket`."""
        return Bracket(self.lower, self.upper)

    def __repr__(self) -> str:
        return result_line(
            self,
            f"lower={self.lower!r}",
            f"upper={self.upper!r}",
            f"word of {count(len(self.signs), 'vertex')}",
            f"upper bound: {self.proof}",
            self.status.name,
        )


def zonotope_radius(zonotope: Any, *, time_limit: float | None = DEFAULT_SECONDS) -> ZonotopeRadius:
    """Bounds of the joint spectral radius of {A + sum of t_j G_j : |t_j| <= 1}, whatever the number of generators.

    The radius of a convex set is that of its vertices, here 2^k of them. They are listed only for k <= 6.

    Parameters
    ----------
    zonotope : MatrixZonotope or JacobianZonotope
        Of square matrices; of Jacobian blocks [A B] the state part is taken. Doubles are taken as exact, also where the
        set stands for another one within `e_missing`; exact factors stay exact.
    time_limit : float, optional
        Seconds; 10 by default, None is no limit. The best bracket so far is returned.

    Returns
    -------
    ZonotopeRadius

    Raises
    ------
    ArgumentTypeError, ShapeError, ArgumentError

    Notes
    -----
    Above, the least of three: the largest Euclidean norm; the spectral radius of |A| + sum |G_j|, by a quotient vector
    (Collatz and Wielandt) with its rounding enclosed; and, while n <= 40 and n plus the ranks is at most 320, a
    quadratic norm. For w = diag(t) V x and D > 0 diagonal, w^T D w <= x^T V^T D V x, so that diag(g^2 P - V^T D V, D) -
    [A U^T]^T P [A U^T] >= 0 proves |A + U^T diag(t) V| <= g in the norm of P (the S-procedure). The inequality is
    solved by a method of centres, rounded to rationals, and proved in exact arithmetic.
    Below, words of vertices by ascent on the signs, the radius of the best enclosed from the exact characteristic
    polynomial; for n > 40, |tr A(t)|/n at its maximum over t.

    Examples
    --------
    >>> from conservative.matrix_sets import MatrixZonotope
    >>> Z = MatrixZonotope.from_rank_one([[0.5, 0], [0, 0.25]], U=[[1, 0]], V=[[0, 1]])
    >>> found = zonotope_radius(Z)
    >>> found.lower <= 0.5 <= found.upper, found.upper - found.lower < 1e-8
    (True, True)
    """
    deadline = deadline_after(time_limit, call=_CALL)
    Z = as_square_zonotope(zonotope)
    if has_few_vertices(Z):
        return _from_vertices(Z, deadline)
    kept = [ZonotopeRadius(0.0, math.inf, np.zeros((0, Z.count)), ZonotopeStatus.INTERRUPTED, "nothing yet")]
    try:
        return _closed(_bounded(Z, kept, deadline))
    except KeyboardInterrupt:
        return _closed(replace(kept[0], status=ZonotopeStatus.INTERRUPTED))


def _bounded(Z: SquareZonotope, kept: list[ZonotopeRadius], deadline: float) -> ZonotopeRadius:
    """Norms, then words, then a quadratic norm; each step is kept as it is made."""
    kept[:] = [_from_norms(Z)]
    kept[:] = [_with_words(Z, kept[0], deadline)]
    if Z.size > _EXACT_ORDER or Z.size + len(Z.owner) > _EXACT_INEQUALITY:
        return replace(kept[0], status=ZonotopeStatus.NORMS)
    if not is_over(deadline):
        kept[:] = [_with_quadratic(Z, kept[0], deadline)]
    return replace(kept[0], status=ZonotopeStatus.TIME_LIMIT if is_over(deadline) else ZonotopeStatus.BRACKET)


def _closed(found: ZonotopeRadius) -> ZonotopeRadius:
    close = found.upper <= found.lower * (1 + _CLOSED)
    return replace(found, status=ZonotopeStatus.CLOSED) if close else found


def has_few_vertices(Z: SquareZonotope) -> bool:
    """Whether the vertices are listed."""
    return (Z.count <= _LISTED or not len(Z.owner)) and Z.size <= _EXACT_ORDER


def listed_vertices(Z: SquareZonotope) -> tuple[FloatArray, MatrixFamily]:
    """All vertices of a zonotope of few generators.

    Shapes: result (2^k, k). `family`: the matrices of these weights, exactly.
    """
    listed = list(product((-1.0, 1.0), repeat=Z.count if len(Z.owner) else 0))
    signs = np.array(listed).reshape(len(listed), -1) if len(Z.owner) else np.ones((1, Z.count))
    exact = tuple(from_flint(Z.rational_member(row)) for row in signs)
    return signs, MatrixFamily(np.array([[[float(x) for x in row] for row in m] for m in exact]), exact)


def _from_vertices(Z: SquareZonotope, deadline: float) -> ZonotopeRadius:
    signs, family = listed_vertices(Z)
    found = family_radius(family, time_limit=time_limit_until(deadline))
    interrupted = found.status is RadiusStatus.INTERRUPTED
    status = ZonotopeStatus.INTERRUPTED if interrupted else ZonotopeStatus.VERTICES
    result = ZonotopeRadius(found.lower, found.upper, signs[list(found.word)], status, "the listed vertices")
    return _closed(result)


def _from_norms(Z: SquareZonotope) -> ZonotopeRadius:
    """The bounds of a norm above and of a trace below."""
    norm = round_up(largest_norm(Z.matrices).bounds.upper + Z.apart)
    uppers = {"the largest Euclidean norm": norm, "absolute values": _absolute(Z)}
    proof = min(uppers, key=lambda name: uppers[name])
    return ZonotopeRadius(_trace(Z), uppers[proof], np.zeros((0, Z.count)), ZonotopeStatus.NORMS, proof)


def _absolute(Z: SquareZonotope) -> float:
    """The radius of |A| + sum |G_j|, which bounds every product entry by entry, from the quotients of a vector."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        total = np.abs(Z.matrices.center) + Z.matrices.parts.total()
        total = total * (1 + (Z.matrices.parts.count + 8) * UNIT_ROUNDOFF) + 2.0**-1000 + Z.apart
        if not np.isfinite(total).all():
            return math.inf
        vector = np.ones(Z.size)
        best = math.inf
        for _ in range(_POWER_STEPS):
            image = total @ vector
            # Sums of n positive terms have relative error at most n u, the quotient one rounding more.
            quotient = float((image / vector).max()) * (1 + (Z.size + 8) * UNIT_ROUNDOFF)
            best = min(best, quotient) if np.isfinite(quotient) else best
            vector = image / image.max() + 1e-9
    return round_up(best)


def _trace(Z: SquareZonotope) -> float:
    """|tr A(t)| / n at its largest over t: an eigenvalue is at least as large as their mean."""
    center = Z.matrices.center
    parts = Z.matrices.parts.inner(np.eye(Z.size)[None])[0]
    sizes = Z.matrices.parts.sizes()
    value = abs(float(np.trace(center))) + float(np.abs(parts).sum())
    # Sums of up to n + k terms, each inner product with error at most n u times the sizes of its factors.
    scale = float(np.abs(np.diag(center)).sum()) + Z.size**0.5 * float(sizes.sum())
    error = (3 * Z.size + len(parts) + 20) * UNIT_ROUNDOFF * scale + Z.size**0.5 * Z.apart
    return max(0.0, float_below(Fraction(value - 2 * error) / Z.size)) if math.isfinite(value + error) else 0.0


def _with_words(Z: SquareZonotope, found: ZonotopeRadius, deadline: float) -> ZonotopeRadius:
    """The exact radius of the best words of vertices, while matrices are small enough for it."""
    if Z.size > _EXACT_ORDER:
        return found
    third = NEVER if deadline == NEVER else time.monotonic() + min(seconds_left(deadline), _SECONDS) / 3
    unit = Fraction(Z.scaled()[1])
    shrink = flint.fmpq(unit.denominator, unit.numerator)
    for signs in growing_words(Z, deadline=third)[:2]:
        if is_over(deadline):
            break
        whole = Z.rational_member(signs[0]) * shrink
        for letter in signs[1:]:
            whole = whole * (Z.rational_member(letter) * shrink)
        lower = float_below(Fraction(radius_of(whole, root=len(signs))[0].lower) * unit)
        if lower > found.lower:
            found = replace(found, lower=lower, signs=signs)
    return found


def _with_quadratic(Z: SquareZonotope, found: ZonotopeRadius, deadline: float) -> ZonotopeRadius:
    norm = zonotope_norm(Z, deadline=deadline)
    if norm is None:
        return found
    if norm.gamma >= found.upper:
        return replace(found, quadratic=norm)
    return replace(found, upper=float_above(norm.exact_gamma), proof="a quadratic norm", quadratic=norm)
