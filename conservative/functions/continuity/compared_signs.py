"""Polynomials with the sign of a compared difference, also where that is no polynomial: x*sqrt(x**2 + y**2) has the
sign of x.

Near the point, and where it is defined, a difference has the sign of a product of polynomials: a root has that of its
base, exp(u) that of 1, |u| that of u², sinh(u) that of u, a sum of terms that are never negative that of the sum of
what has their signs, and a difference of such that of the difference of their squares. Factors that are not 0 at the
point only count by their sign there, and sums of squares not at all where the other factors vanish with them.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from operator import and_
from typing import Any

from conservative.functions.continuity.local_polynomials import (
    Polynomial,
    difference,
    polynomial_node,
    product_of,
    restricted,
    sum_of,
    used_columns,
)
from conservative.functions.graph.nodes import Graph, reachable

_NOT_NEGATIVE = frozenset({"exp", "cosh", "acosh", "sigmoid", "softplus"})
_POSITIVE = _NOT_NEGATIVE - {"acosh"}
_ODD = frozenset({"sinh", "tanh", "asinh", "atan", "erf", "expm1"})
"""Elementary functions with the sign of their argument; for the next ones that holds near 0."""
_ODD_NEAR_ZERO = frozenset({"sin", "tan", "asin", "atanh", "log1p"})
_ONE_AT_ZERO = frozenset({"cos", "sinc"})
_LONGEST = 16
"""Largest power of one factor that is written out."""

Term = tuple[Fraction, Counter[int]]
"""A coefficient and nodes, each with its exponent."""


def sign_polynomial(graph: Graph, compared: int, point: Sequence[Fraction]) -> Polynomial | None:
    """A polynomial in d = (variables) - point with the sign of left - right near the point; None where none is seen."""
    left, right = graph.nodes[compared].args
    exact: dict[int, Polynomial | None] = {}
    for index in reachable(graph.nodes, (left, right)):
        exact[index] = polynomial_node(graph, index, exact, point)
    first, second = exact[left], exact[right]
    known = None if first is None or second is None else difference(first, second)
    if known is not None and len(used_columns(known)) <= 2:
        return known
    signs = _Signs(graph, exact)
    found = signs.of_sum([*signs.terms(left, Fraction(1)), *signs.terms(right, Fraction(-1))])
    if known is None and found is None and signs.known.issuperset((left, right)):
        first, second = signs.squared(left), signs.squared(right)
        return None if first is None or second is None else difference(first, second)
    return known if found is None else found


def root_against_polynomial(
    graph: Graph, compared: int, point: Sequence[Fraction]
) -> tuple[Polynomial, Polynomial, int] | None:
    """b, a² - b² and ±1, where left - right is ±(a - b) with a norm a >= 0 and b a polynomial; None for others.

    a - b is positive where b is negative, and has the sign of a² - b² elsewhere.
    """
    sides = graph.nodes[compared].args
    exact: dict[int, Polynomial | None] = {}
    for index in reachable(graph.nodes, sides):
        exact[index] = polynomial_node(graph, index, exact, point)
    signs = _Signs(graph, exact)
    for root, plain, turned in ((*sides, 1), (*sides[::-1], -1)):
        b = exact[plain]
        square = signs.squared(root) if root in signs.known and b is not None else None
        other = None if b is None else product_of([b, b], signs.zero)
        if b is not None and square is not None and other is not None:
            return b, difference(square, other), turned
    return None


def never_negative(graph: Graph) -> set[int]:
    """The nodes that are seen not to be negative wherever they have a value."""
    found: set[int] = set()
    for index, node in enumerate(graph.nodes):
        parts = [a in found for a in node.args]
        match node.op:
            case "constant":
                positive = bool(node.data >= 0)
            case "abs" | "exponential":
                positive = True
            case "power":
                positive = node.data.denominator > 1 or node.data % 2 == 0 or parts[0]
            case "smooth":
                positive = node.data in _NOT_NEGATIVE
            case "max":
                positive = any(parts)
            case "piecewise":
                positive = all(b in found for b in node.branches()[0])
            case _:
                positive = node.op in ("add", "multiply", "min") and all(parts)
        if positive:
            found.add(index)
    return found


class _Signs:
    """Polynomials with the signs of the nodes below one comparison."""

    def __init__(self, graph: Graph, exact: dict[int, Polynomial | None]) -> None:
        self.graph, self.exact, self.known = graph, exact, never_negative(graph)
        self.zero = (0,) * graph.width
        self.one: Polynomial = {self.zero: Fraction(1)}

    def of(self, index: int) -> Polynomial | None:
        """A polynomial with the sign of a node."""
        exact, node = self.exact[index], self.graph.nodes[index]
        if exact is not None:
            return exact
        if node.op in ("add", "multiply"):
            return self.of_sum(self.terms(index, Fraction(1)))
        if node.op == "constant":
            return {self.zero: Fraction(1 if node.data > 0 else -1)}
        if node.op == "exponential":
            return self.one
        inner = self.of(node.args[0]) if node.op in ("power", "abs", "smooth") else None
        if inner is None:
            return self.one if node.op == "smooth" and node.data in _POSITIVE else None
        if node.op == "abs":
            return product_of([inner, inner], self.zero)
        return self._of_power(index, inner) if node.op == "power" else self._of_smooth(index, inner)

    def _of_power(self, index: int, inner: Polynomial) -> Polynomial | None:
        (base,), exponent = self.graph.nodes[index].args, self.graph.nodes[index].data
        here = inner.get(self.zero, Fraction(0))
        ends = here <= 0 and base not in self.known
        if (exponent.denominator > 1 and ends) or (exponent < 0 and not here):
            return None
        even = exponent.denominator == 1 and exponent % 2 == 0
        return product_of([inner, inner], self.zero) if even else inner

    def _of_smooth(self, index: int, inner: Polynomial) -> Polynomial | None:
        (argument,), name = self.graph.nodes[index].args, self.graph.nodes[index].data
        vanishes, exact = self.zero not in inner, self.exact[argument]
        if name in _POSITIVE or (name in _ONE_AT_ZERO and vanishes):
            return self.one
        if name == "log" and exact is not None:
            return difference(exact, self.one)
        return inner if name in _ODD or (name in _ODD_NEAR_ZERO and vanishes) else None

    def squared(self, index: int) -> Polynomial | None:
        """The square of a node, where that is a polynomial: of a norm, of |u|, and of products with these."""
        node, exact = self.graph.nodes[index], self.exact[index]
        if exact is not None:
            return product_of([exact, exact], self.zero)
        twice = int(2 * node.data) if node.op == "power" and (2 * node.data).denominator == 1 else 0
        inner = [self.exact[node.args[0]]] * (2 if node.op == "abs" else twice)
        parts = [self.squared(a) for a in node.args] if node.op == "multiply" else inner
        known = [p for p in parts if p is not None]
        return product_of(known, self.zero) if parts and len(known) == len(parts) else None

    def terms(self, index: int, factor: Fraction) -> list[Term]:
        """A node as a sum of products."""
        node = self.graph.nodes[index]
        if node.op == "add":
            return [term for a in node.args for term in self.terms(a, factor)]
        powers: Counter[int] = Counter()
        stack = [(index, 1)]
        while stack:
            at, times = stack.pop()
            part = self.graph.nodes[at]
            if part.op == "multiply":
                stack.extend((a, times) for a in part.args)
            elif part.op == "constant" and isinstance(part.data, Fraction):
                factor *= part.data**times
            elif part.op == "power" and part.data.denominator == 1 and 0 < part.data * times <= _LONGEST:
                stack.append((part.args[0], times * int(part.data)))
            else:
                powers[at] += times
        return [(factor, powers)] if factor else []

    def of_sum(self, terms: Sequence[Term]) -> Polynomial | None:
        """A polynomial with the sign of a sum: what all terms share counts by its own sign."""
        if not terms:
            return {}
        shared: Counter[int] = reduce(and_, (powers for _, powers in terms))
        rest = self._of_rest([(factor, powers - shared) for factor, powers in terms])
        found = [rest, *(self.of(f) for f, times in shared.items() for _ in range(2 - times % 2))]
        known = [p for p in found if p is not None]
        return self._product(known) if len(known) == len(found) else None

    def _of_rest(self, terms: Sequence[Term]) -> Polynomial | None:
        """The sum itself, or where no term has another sign the sum of what has their signs."""
        exact = [self._multiplied(term, self.exact) for term in terms]
        whole = [p for p in exact if p is not None]
        if len(whole) == len(exact):
            return sum_of(whole)
        one_sign = len({factor > 0 for factor, _ in terms}) == 1
        if not one_sign or not all(n % 2 == 0 or f in self.known for _, powers in terms for f, n in powers.items()):
            return None
        signs = {f: self.of(f) for _, powers in terms for f in powers}
        each = [self._multiplied(term, signs) for term in terms]
        some = [p for p in each if p is not None]
        return sum_of(some) if len(some) == len(each) else None

    def _multiplied(self, term: Term, values: dict[int, Polynomial | None]) -> Polynomial | None:
        factor, powers = term
        parts = [p for f, times in powers.items() for p in [values[f]] * times]
        known = [p for p in parts if p is not None]
        return product_of([{self.zero: factor}, *known], self.zero) if len(known) == len(parts) else None

    def _product(self, factors: Sequence[Polynomial]) -> Polynomial | None:
        """The product without factors that change no sign."""
        sign = 1
        kept: list[Polynomial] = []
        for factor in factors:
            here = factor.get(self.zero, Fraction(0))
            sign = -sign if here < 0 else sign
            kept += [] if here else [factor]
        for place in range(len(kept) - 1, -1, -1):
            others = kept[:place] + kept[place + 1 :]
            known = _sign_of_squares(kept[place])
            if known and any(not restricted(p, _free(kept[place], self.graph.width)) for p in others):
                sign, kept = sign * known, others
        return product_of([{self.zero: Fraction(sign)}, *kept], self.zero)


def _sign_of_squares(polynomial: Polynomial) -> int:
    """The sign of all coefficients where all exponents are even, else 0."""
    signs = {1 if c > 0 else -1 for c in polynomial.values()}
    even = all(e % 2 == 0 for exponents in polynomial for e in exponents)
    return signs.pop() if even and len(signs) == 1 else 0


def _free(squares: Polynomial, width: int) -> list[int]:
    """The variables that need not be 0 where a sum of squares is."""
    alone: set[Any] = {next(iter(used_columns({e: c}))) for e, c in squares.items() if len(used_columns({e: c})) == 1}
    return [i for i in range(width) if i not in alone]
