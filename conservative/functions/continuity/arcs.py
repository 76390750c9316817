"""Arcs through a point: half-lines, and arcs along the set where a guard changes its truth value.

An arc along a guard g is found term by term, so that g vanishes on it beyond every order looked at. Where the gradient
of g is not zero, one coordinate follows from the others; at a singular point of a polynomial g the Newton polygon of
its restriction to a coordinate plane gives the leading terms (Newton's method for plane curves, 1676). Two arcs that
run along it at a distance 2 t^M, one on either side, tell whether a function jumps there: a Lipschitz function differs
by O(t^M) between them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import combinations
from math import gcd

import sympy

from conservative._core.errors import FunctionError
from conservative.functions.continuity.compared_signs import sign_polynomial
from conservative.functions.continuity.local_polynomials import Polynomial, restricted
from conservative.functions.continuity.power_series import Germ, GermArithmetic
from conservative.functions.graph.evaluate import Undefined, value_pass
from conservative.functions.graph.nodes import Graph, reachable

Arc = tuple[Germ, ...]
GERMS = GermArithmetic()
_APART = 7
"""The order M of the distance of two arcs beside a smooth guard: differences of lower order are seen."""
_MAX_WIDTH = 24
_MAX_DEGREE = 12


@dataclass(frozen=True, slots=True)
class Sides:
    """Two arcs beside a guard, `order` being that of their distance, and the arc between them."""

    middle: Arc
    first: Arc
    second: Arc
    order: int

    def stretched(self, factor: int) -> "Sides":
        """The same with t^factor in the place of t, so that roots of t have series."""
        if factor == 1:
            return self
        middle, first, second = (
            tuple(germ.stretched(factor) for germ in arc) for arc in (self.middle, self.first, self.second)
        )
        return Sides(middle, first, second, self.order * factor)


@dataclass(frozen=True, slots=True)
class _Start:
    """The first terms of an arc on which one coordinate is still to be found.

    A term δ t^e of coordinate `column` changes what is to vanish by slope · δ t^(e + shift).
    """

    arc: Arc
    column: int
    first: int
    shift: int
    slope: Fraction
    order: int
    gap: Callable[[Arc], Germ]


def half_lines(point: Sequence[Fraction], columns: Sequence[int]) -> Iterator[Arc]:
    """From the point along ± some axes and a few directions between."""
    for direction in _directions(columns) if len(columns) <= _MAX_WIDTH else ():
        yield _moved(point, {i: (1, d) for i, d in direction.items()})


def axis_arcs(point: Sequence[Fraction], column: int) -> tuple[Arc, Arc]:
    """The two half-lines along one axis."""
    right, left = (_moved(point, {column: (1, Fraction(sign))}) for sign in (1, -1))
    return right, left


def crosses_smoothly(graph: Graph, compared: int, point: Sequence[Fraction], columns: Sequence[int]) -> bool:
    """Whether some variable moves the compared difference at one rate that is not 0, forwards and backwards.

    Or something that has its sign.
    """
    for column in columns:
        try:
            ahead, back = (_gap(graph, compared, arc).term(1) for arc in axis_arcs(point, column))
        except FunctionError:
            continue
        if ahead and ahead == -back:
            return True
    return bool(_rates(sign_polynomial(graph, compared, point) or {}))


def guard_sides(graph: Graph, compared: int, point: Sequence[Fraction], columns: Sequence[int]) -> Iterator[Sides]:
    """Pairs of arcs on the two sides of a comparison that is tied at the point; only some variables move."""
    if len(columns) > _MAX_WIDTH:
        return
    starts = list(_starts(graph, compared, point, columns))
    for start in starts:
        try:
            middle = _along(start)
        except FunctionError:
            continue
        yield _sides(middle, start.column, start.order)
    if all(start.shift for start in starts):
        yield from _beside_lines(graph, compared, point, columns)


def _sides(middle: Arc, column: int, order: int) -> Sides:
    """Arcs moved by t^order along one axis, one way and the other."""
    shift = Germ.power_of_t(order)
    ends = [middle[column].plus(shift), middle[column].minus(shift)]
    first, second = (tuple(e if i == column else g for i, g in enumerate(middle)) for e in ends)
    return Sides(middle, first, second, order)


def _beside_lines(graph: Graph, compared: int, point: Sequence[Fraction], columns: Sequence[int]) -> Iterator[Sides]:
    """Beside half-lines on which two sides are equal, as those of cosh(x) <= 1 are for x = 0 without a first slope."""
    below = [graph.nodes[i] for i in reachable(graph.nodes, [compared])]
    own = sorted({node.data for node in below if node.op == "variable"})
    for arc in half_lines(point, columns):
        try:
            gap = _gap(graph, compared, arc)
        except FunctionError:
            continue
        if gap.order is None and gap.known is None:
            yield from (_sides(arc, column, _APART) for column in own)


def _directions(columns: Sequence[int]) -> Iterator[dict[int, Fraction]]:
    for column in columns:
        yield from ({column: Fraction(sign)} for sign in (1, -1))
    if len(columns) > 1:
        for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            yield {column: Fraction(signs[rank % 2] * (rank + 1)) for rank, column in enumerate(columns)}


def _moved(point: Sequence[Fraction], moves: dict[int, tuple[int, Fraction]]) -> Arc:
    constants = [Germ.of((x,)) for x in point]
    return tuple(c.plus(Germ.power_of_t(*moves[i])) if i in moves else c for i, c in enumerate(constants))


def _gap(graph: Graph, compared: int, arc: Arc) -> Germ:
    left, right = graph.nodes[compared].args
    below = replace(graph, nodes=graph.nodes[: max(left, right) + 1], outputs=(left, right))
    values = value_pass(below, GERMS, arc, {}).values
    for side in (left, right):
        if isinstance(values[side], Undefined):
            raise FunctionError(values[side].reason)
    gap: Germ = values[left].minus(values[right])
    return gap


def _starts(graph: Graph, compared: int, point: Sequence[Fraction], columns: Sequence[int]) -> Iterator[_Start]:
    slopes = {column: _slopes(graph, compared, point, column) for column in columns}
    gap: Callable[[Arc], Germ] = partial(_gap, graph, compared)
    polynomial = None if any(slopes.values()) else sign_polynomial(graph, compared, point)
    rates = _rates(polynomial or {})
    if polynomial and rates:
        gap = partial(_value_along, polynomial, list(enumerate(point)))
        slopes = {column: {rates[column]} if column in rates else set() for column in columns}
    smooth = [i for i in columns if len(slopes[i]) == 1][-1:]
    for column in smooth or [i for i in columns if slopes[i]]:
        for direction in _directions([i for i in columns if i != column]):
            arc = _moved(point, {i: (1, d) for i, d in direction.items()})
            for slope in slopes[column]:
                yield _Start(arc, column, 1, 0, slope, _APART, gap)
    if polynomial and not rates:
        yield from _singular(polynomial, point, columns)


def _rates(polynomial: Polynomial) -> dict[int, Fraction]:
    """The gradient at 0, without zeros."""
    return {exponents.index(1): factor for exponents, factor in polynomial.items() if sum(exponents) == 1}


def _slopes(graph: Graph, compared: int, point: Sequence[Fraction], column: int) -> set[Fraction]:
    """The derivatives of the compared difference in one variable, to the right and to the left, that are not 0."""
    try:
        return {s * _gap(graph, compared, _moved(point, {column: (1, Fraction(s))})).term(1) for s in (1, -1)} - {0}
    except FunctionError:
        return set()


def _along(start: _Start) -> Arc:
    """The arc with the missing coordinate, up to terms beyond `order`."""
    arc = start.arc
    for exponent in range(start.first, start.order + 1):
        gap = start.gap(arc)
        if gap.order is None and gap.known is None:
            break
        missing = gap.term(exponent + start.shift)
        if missing:
            step = Germ.power_of_t(exponent, -missing / start.slope)
            arc = tuple(g.plus(step) if i == start.column else g for i, g in enumerate(arc))
    return arc


def _singular(polynomial: Polynomial, point: Sequence[Fraction], moving: Sequence[int]) -> Iterator[_Start]:
    """Arcs s = ±t^q, r = c t^p + ... for simple rational roots c of the edges of the Newton polygon."""
    for plane in combinations(moving, 2):
        for columns in (plane, plane[::-1]):
            inside = restricted(polynomial, columns)
            if not inside or max(sum(e) for e in inside) > _MAX_DEGREE:
                continue
            for q, p, level in _edges(inside):
                for sign in (1, -1):
                    yield from _edge_starts(inside, point, columns, (q, p, level, sign))


def _edges(polynomial: Polynomial) -> list[tuple[int, int, int]]:
    """Weights (q, p) with several terms of least weighted degree, and (1, 1) for roots r = 0."""
    found = {(1, 1)}
    for (i, j), (k, other) in combinations(polynomial, 2):
        if (k - i) * (j - other) > 0:
            divisor = gcd(k - i, j - other)
            found.add((abs(j - other) // divisor, abs(k - i) // divisor))
    levels = {(q, p): min(q * i + p * j for i, j in polynomial) for q, p in found}
    return [(q, p, level) for (q, p), level in sorted(levels.items())]


def _edge_starts(
    polynomial: Polynomial, point: Sequence[Fraction], columns: Sequence[int], edge: tuple[int, int, int, int]
) -> Iterator[_Start]:
    q, p, level, sign = edge
    r = sympy.Symbol("r")
    form = {j: Fraction(0) for j in range(max(j for _, j in polynomial) + 1)}
    for (i, j), factor in polynomial.items():
        if q * i + p * j == level:
            form[j] += factor * sign**i
    leading = sympy.Poly({(j,): sympy.Rational(c.numerator, c.denominator) for j, c in form.items()}, r)
    for root, multiplicity in leading.ground_roots().items() if leading.degree() > 0 else ():
        if multiplicity != 1:
            continue
        c = Fraction(int(root.p), int(root.q))
        slope = sum((j * f * c ** (j - 1) for j, f in form.items() if j), Fraction(0))
        arc = _moved(point, {columns[0]: (q, Fraction(sign)), columns[1]: (p, c)})
        gap = partial(_value_along, polynomial, [(i, point[i]) for i in columns])
        yield _Start(arc, columns[1], p + 1, level - p, slope, 4 * max(p, q) + 3, gap)


def _value_along(polynomial: Polynomial, origin: Sequence[tuple[int, Fraction]], arc: Arc) -> Germ:
    """A polynomial in the distance from a point, in some columns, on an arc."""
    moved = [arc[i].minus(Germ.of((x,))) for i, x in origin]
    terms = [
        [Germ.of((c,)), *(g for g, e in zip(moved, es, strict=True) for _ in range(e))] for es, c in polynomial.items()
    ]
    return GERMS.add([GERMS.multiply(factors) for factors in terms])
