"""The p-radius: growth of the mean of order p over all products of a length, from one lifted matrix."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative._core.exact.linear_algebra import ball_bracket, working_precision
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.numbers import Bracket, float_above, float_below
from conservative._core.printable import shown
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, lifted_family
from conservative.spectral.growth.cones import entrywise_bounds, semidefinite_bounds
from conservative.spectral.growth.mean_lift import mean_lift, path_lift
from conservative.spectral.reduction import is_nilpotent_family
from conservative.spectral.words.products import proved_rate
from conservative.spectral.words.spectral_radius import radius_of

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
    words : float
        At least the growth rate of the number of words: k, or of the number of paths of an automaton.
    """

    lower: float
    upper: float
    p: int
    count: int
    words: float

    @property
    def bracket(self) -> Bracket:
        """The bounds as a `Bracket`."""
        return Bracket(self.lower, self.upper)

    @property
    def joint_spectral_radius(self) -> Bracket:
        """The joint spectral radius, between the p-radius and words^(1/p) times it."""
        if math.isinf(self.upper):
            return self.bracket
        with working_precision(96):
            factor = flint.arb(self.words).root(self.p) if self.p > 1 else flint.arb(self.words)
            upper = ball_bracket(factor * flint.arb(self.upper)).upper
        return Bracket(self.lower, upper)


def p_radius(matrices: Any, *, p: int = 2, automaton: Automaton | None = None) -> PRadius:
    """Bounds of the p-radius: lim (mean over the k^t words of length t of ||M_w||^p)^(1/(p t)).

    Experimental: nothing else in the package relies on it, and a release may change it.

    It grows with p to the joint spectral radius: p-radius <= jsr <= k^(1/p) p-radius.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
        Doubles are taken as exact; rationals stay exact.
    p : int
        Even; or any number >= 1 for nonnegative matrices, and for n = 1.
    automaton : Automaton, optional
        The mean is then over the paths of length t. Where no two edges of a letter leave one node, or no two enter one,
        a word labels at most as many paths as there are nodes, and the mean over words is as large.

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
    Along a graph, the sum of the lifts of the edges (u, v, i) stands in block (u, v), and the number of paths grows
    like the radius of the matrix that counts edges.

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
    if isinstance(p, bool) or not isinstance(p, int) or not 1 <= p <= 10**6 or (p % 2 and not nonnegative):
        raise ArgumentError(
            f"`p_radius(p=...)` needs an even integer >= 2, or any integer >= 1 for nonnegative matrices; got "
            f"{shown(p)}. "
            "For odd p of matrices with negative entries take the neighbours p - 1 and p + 1: they enclose it."
        )
    graph = None if automaton is None else as_automaton(automaton, count=family.count, call="p_radius").essential()
    if automaton is not None and graph is None:
        return PRadius(0.0, 0.0, p, family.count, 0.0)
    words = Bracket(float(family.count), float(family.count)) if graph is None else _growth_of_paths(graph)
    if is_nilpotent_family(family if graph is None else lifted_family(family, graph)):
        return PRadius(0.0, 0.0, p, family.count, words.upper)
    order = math.comb(family.size + p - 1, p) * (1 if graph is None else graph.nodes)
    if order <= EXACT_SIZE:
        bracket = _from_polynomial(family, graph, p, words)
    else:
        bracket = _from_cone(family, graph, p, words, order=order, nonnegative=nonnegative)
    return PRadius(bracket.lower, bracket.upper, p, family.count, words.upper)


def _growth_of_paths(graph: Automaton) -> Bracket:
    counts = np.zeros((graph.nodes, graph.nodes), dtype=int)
    np.add.at(counts, tuple(np.array(graph.edges)[:, :2].T), 1)
    return radius_of(flint.fmpq_mat(counts.tolist()))[0]


def _from_polynomial(family: MatrixFamily, graph: Automaton | None, p: int, words: Bracket) -> Bracket:
    """From the exact characteristic polynomial of the mean lift; the mean is exact where the number of words is."""
    if graph is None:
        return radius_of(mean_lift(family, p), root=p)[0]
    total = path_lift(family, graph.edges, graph.nodes, p)
    if words.lower == words.upper:
        return radius_of(total / flint.fmpq(*Fraction(words.lower).as_integer_ratio()), root=p)[0]
    return _per_word(radius_of(total, root=p)[0], words, p)


def _from_cone(
    family: MatrixFamily, graph: Automaton | None, p: int, words: Bracket, *, order: int, nonnegative: bool
) -> Bracket:
    """From inequalities in an invariant cone, for the family scaled to entries of about one."""
    unit, scale = _scaled(family)
    lifted = unit if graph is None else lifted_family(unit, graph)
    if nonnegative and order <= VECTOR_SIZE:
        total = mean_lift(unit, p) if graph is None else path_lift(unit, graph.edges, graph.nodes, p)
        bounds, share = entrywise_bounds(total), words if graph is not None else Bracket(1.0, 1.0)
    elif p % 2 == 0 and math.comb(lifted.size + p // 2 - 1, p // 2) <= CONE_SIZE:
        bounds = semidefinite_bounds(lifted, p)
        share = Bracket(
            float_below(Fraction(words.lower) / lifted.count), float_above(Fraction(words.upper) / lifted.count)
        )
    else:
        raise ArgumentError(
            f"`p_radius(p={p})` of matrices of order {family.size} needs a lift of order {order}, which is too large. "
            "Pass a smaller p, or bound the joint spectral radius with `joint_spectral_radius`."
        )
    found = _per_word(Bracket(_root(bounds[0], p).lower, _root(bounds[1], p).upper), share, p)
    lower = found.lower if graph is not None else max(found.lower, _single_letter_bound(unit, p))
    return Bracket(float_below(Fraction(lower) * scale), float_above(Fraction(found.upper) * scale))


def _per_word(bracket: Bracket, words: Bracket, p: int) -> Bracket:
    """A bracket over words^(1/p)."""
    if words.lower == words.upper == 1 or math.isinf(bracket.upper):
        return bracket
    low, high = _root(Fraction(words.lower), p).lower, _root(Fraction(words.upper), p).upper
    return Bracket(
        float_below(Fraction(bracket.lower) / Fraction(high)), float_above(Fraction(bracket.upper) / Fraction(low))
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
