"""The p-radius: growth of the mean of order p over all products of a length, from one lifted matrix."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative._core.exact_linalg import ball_bracket, working_precision
from conservative._core.families import MatrixFamily, as_family
from conservative._core.numbers import Bracket, float_above, float_below
from conservative.spectral.growth.cones import entrywise_bounds, semidefinite_bounds
from conservative.spectral.growth.mean_lift import mean_lift
from conservative.spectral.products import proved_rate
from conservative.spectral.radius import radius_of
from conservative.spectral.reduction import is_nilpotent_family

FloatArray = NDArray[np.float64]

EXACT_SIZE = 30
"""Largest order of a lift whose characteristic polynomial is solved exactly."""

CONE_SIZE = 24
"""Largest order of the positive semidefinite matrices that bound a larger lift of even order."""

VECTOR_SIZE = 300
"""Largest order of a nonnegative lift that is bounded by a vector."""


@dataclass(frozen=True, slots=True, eq=False)
class PRadius:
    """A proved bracket of the p-radius of a family, and of the joint spectral radius that it implies.

    Parameters
    ----------
    lower, upper : float
        Proved bounds, rounding included.
    p : int
    count : int
        Number k of matrices.
    """

    lower: float
    upper: float
    p: int
    count: int

    @property
    def bracket(self) -> Bracket:
        """The bounds as a `Bracket`."""
        return Bracket(self.lower, self.upper)

    @property
    def joint_spectral_radius(self) -> Bracket:
        """The joint spectral radius, between the p-radius and k^(1/p) times it."""
        if math.isinf(self.upper):
            return self.bracket
        with working_precision(96):
            factor = flint.arb(self.count).root(self.p) if self.p > 1 else flint.arb(self.count)
            upper = ball_bracket(factor * flint.arb(self.upper)).upper
        return Bracket(self.lower, upper)


def p_radius(matrices: Any, *, p: int = 2) -> PRadius:
    """Bounds of the p-radius: lim (mean over the k^t words of length t of ||M_w||^p)^(1/(p t)).

    It grows with p to the joint spectral radius: p-radius <= jsr <= k^(1/p) p-radius.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
        Doubles are taken as exact; rationals stay exact.
    p : int
        Even; or any number >= 1 for nonnegative matrices, and for n = 1.

    Returns
    -------
    PRadius

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    The p-radius is rho(L)^(1/p), L the mean of the lifts of the A_i to the monomials of degree p: for even p the
    p-th powers of linear forms span the monomials and bound the norm, for nonnegative matrices the entries do. L has
    order N = binom(n + p - 1, p). Up to order 30 the radius comes from the exact characteristic polynomial. Beyond,
    an invariant cone gives it: L v <= g v entrywise for nonnegative families, and for even p = 2 q the mean of
    A^(q) X A^(q)^T <= g X with X > 0, A^(q) the lift of order q; eigenvectors in doubles propose, rationals prove.

    References
    ----------
    [blondelnesterov2005]_, [jungersprotasov2011]_

    Examples
    --------
    >>> mean = p_radius([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], p=1)
    >>> mean.bracket
    Bracket(lower=1.5, upper=1.5)
    """
    family = as_family(matrices, call="p_radius")
    if family.size == 1:
        family = MatrixFamily(np.abs(family.floats), tuple(((abs(m[0][0]),),) for m in family.exact))
    nonnegative = all(x >= 0 for m in family.exact for row in m for x in row)
    if isinstance(p, bool) or not isinstance(p, int) or p < 1 or (p % 2 and not nonnegative):
        raise ArgumentError(
            f"`p_radius(p=...)` needs an even integer >= 2, or any integer >= 1 for nonnegative matrices; got {p!r}. "
            "For odd p of matrices with negative entries take the neighbours p - 1 and p + 1: they enclose it."
        )
    if is_nilpotent_family(family):
        return PRadius(0.0, 0.0, p, family.count)
    order = math.comb(family.size + p - 1, p)
    if order <= EXACT_SIZE:
        bracket, _ = radius_of(mean_lift(family, p), root=p)
        return PRadius(bracket.lower, bracket.upper, p, family.count)
    unit, scale = _scaled(family)
    if nonnegative and order <= VECTOR_SIZE:
        bounds = entrywise_bounds(unit, p)
    elif p % 2 == 0 and math.comb(family.size + p // 2 - 1, p // 2) <= CONE_SIZE:
        bounds = semidefinite_bounds(unit, p)
    else:
        raise ArgumentError(
            f"`p_radius(p={p})` of matrices of order {family.size} needs a lift of order {order}, which is too large. "
            "Pass a smaller p, or bound the joint spectral radius with `joint_spectral_radius`."
        )
    lower = max(_root(bounds[0], p).lower, _single_letter_bound(unit, p))
    return PRadius(
        float_below(Fraction(lower) * scale), float_above(Fraction(_root(bounds[1], p).upper) * scale), p, family.count
    )


def _scaled(family: MatrixFamily) -> tuple[MatrixFamily, Fraction]:
    """The family divided by a power of two that makes its largest entry about one, and that power."""
    exponent = int(np.frexp(np.abs(family.floats).max())[1])
    scale = Fraction(2) ** exponent
    exact = tuple(tuple(tuple(x / scale for x in row) for row in m) for m in family.exact)
    return MatrixFamily(np.ldexp(family.floats, -exponent), exact), scale


def _root(value: Fraction, p: int) -> Bracket:
    with working_precision(128):
        ball = flint.arb(flint.fmpq(value.numerator, value.denominator))
        return ball_bracket(ball.root(p) if p > 1 and value > 0 else ball)


def _single_letter_bound(family: MatrixFamily, p: int) -> float:
    """rho(A_i) / k^(1/p), since the mean over the words of length t is at least the term of i i .. i over k^t."""
    best = max(proved_rate(family, (i,)).lower for i in range(family.count))
    with working_precision(128):
        return ball_bracket(flint.arb(best) / flint.arb(family.count).root(p)).lower
