"""Building an expression graph, so that what is the same is recognised as the same.

A node is stored once per distinct operation on distinct operands, so that a switch which is
written twice on the same subexpression is one switch, with one choice at a tie. Nothing is
rewritten beyond what keeps that recognition robust: operands of commutative operations are
sorted, rational constants of a sum or a product are gathered, and every comparison of the same two
operands shares one node, whichever way round it was written. Logarithms of sums of exponentials are kept from
overflowing, a root of an even power is a power of the absolute value, and powers of powers of what is never negative
are one power.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

import sympy

from conservative._core.errors import FunctionError
from conservative.functions.graph.elementary import NEAREST
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph, Label, Node, pruned, relation_holds

MAX_CONSTANT_BITS = 900
"""Largest numerator and denominator of a constant, in bits: within the range of a double."""
MAX_NODES = 200_000
"""Largest graph that is built: beyond it symbolic work would not end in useful time."""

_FLIPPED = {"lt": "gt", "le": "ge", "eq": "eq", "ge": "le", "gt": "lt", "ne": "ne"}
_TOTAL = frozenset({"constant", "variable", "add", "multiply", "max", "min", "abs"})
"""Operations defined for all operands."""


@dataclass(slots=True)
class Builder:
    """Collects nodes; the one mutable thing here, alive only while an expression is read."""

    width: int
    nodes: list[Node] = field(default_factory=list)
    _index: dict[Node, int] = field(default_factory=dict)
    _labels: dict[int, Label] = field(default_factory=dict)

    def _add(self, op: str, args: Iterable[int] = (), data: Any = None) -> int:
        node = Node(op, tuple(args), data)
        found = self._index.get(node)
        if found is not None:
            return found
        if len(self.nodes) >= MAX_NODES:
            raise FunctionError(f"the expression has more than {MAX_NODES:,} operations. Split the function.")
        self.nodes.append(node)
        self._index[node] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def constant(self, value: Any) -> int:
        """A `Fraction`, or an irrational real sympy number."""
        if isinstance(value, Fraction) and _bits(value) > MAX_CONSTANT_BITS:
            raise FunctionError("a constant has too many digits. Round it, or rescale the function.")
        return self._add("constant", data=value)

    def variable(self, position: int) -> int:
        """Column `position` of (state, parameters)."""
        return self._add("variable", data=position)

    def _rational(self, index: int) -> Fraction | None:
        value = self.nodes[index].data if self.nodes[index].op == "constant" else None
        return value if isinstance(value, Fraction) else None

    def add(self, terms: Sequence[int]) -> int:
        """A sum; rational constants are gathered."""
        rest = [t for t in terms if self._rational(t) is None]
        total = sum((self._rational(t) or Fraction(0) for t in terms), Fraction(0))
        if not rest:
            return self.constant(total)
        if total:
            rest.append(self.constant(total))
        return rest[0] if len(rest) == 1 else self._add("add", sorted(rest))

    def multiply(self, factors: Sequence[int]) -> int:
        """A product; rational constants are gathered, also those of one inner product."""
        flat: list[int] = []
        for factor in factors:
            node = self.nodes[factor]
            flat.extend(node.args if node.op == "multiply" and self._rational(node.args[0]) is not None else (factor,))
        coefficient = Fraction(1)
        for factor in flat:
            coefficient *= self._rational(factor) if self._rational(factor) is not None else 1  # type: ignore[operator]
        rest = sorted(f for f in flat if self._rational(f) is None)
        if not rest:
            return self.constant(coefficient)
        if coefficient != 1:
            rest.insert(0, self.constant(coefficient))
        return rest[0] if len(rest) == 1 else self._add("multiply", rest)

    def negate(self, term: int) -> int:
        """The term with its sign changed."""
        return self.multiply([self.constant(Fraction(-1)), term])

    def power(self, base: int, exponent: Fraction) -> int:
        """A constant rational power."""
        known = self._rational(base)
        if exponent == 1:
            return base
        if exponent == 0:
            return self.constant(Fraction(1))
        if known is not None and exponent.denominator == 1 and _foldable(known, exponent):
            return self.constant(known ** int(exponent))
        inner = self.nodes[base]
        if inner.op == "power" and inner.data > 0 and exponent > 0:
            if inner.data.denominator == 1 and inner.data % 2 == 0:
                whole = inner.data * exponent
                even = whole.denominator == 1 and whole % 2 == 0
                return self.power(inner.args[0] if even else self.absolute(inner.args[0]), whole)
            if self._is_never_negative(inner.args[0]):
                return self.power(inner.args[0], inner.data * exponent)
        if inner.op == "abs" and exponent > 0 and exponent.denominator == 1 and exponent % 2 == 0:
            return self.power(inner.args[0], exponent)
        return self._add("power", (base,), exponent)

    def _is_never_negative(self, index: int) -> bool:
        """Whether a number is seen to be at least 0 for all values of the variables."""
        node = self.nodes[index]
        if node.op == "add":
            return all(self._is_square_like(a) for a in node.args)
        return self._is_square_like(index)

    def _is_square_like(self, index: int) -> bool:
        node = self.nodes[index]
        if node.op == "multiply" and (self._rational(node.args[0]) or 0) > 0 and len(node.args) == 2:
            node = self.nodes[node.args[1]]
        even = node.op == "power" and node.data.denominator == 1 and node.data > 0 and node.data % 2 == 0
        known = self._rational(index)
        if known is not None:
            return known >= 0
        return (even or node.op == "abs") and self._is_total(node.args[0])

    def exponential(self, base: int, exponent: int) -> int:
        """A power whose exponent varies (or is irrational): the base must be positive."""
        fixed = self._rational(exponent)
        return self.power(base, fixed) if fixed is not None else self._add("exponential", (base, exponent))

    def smooth(self, name: str, argument: int) -> int:
        """An elementary smooth function from the table in `elementary`."""
        known = self._rational(argument)
        if name == NEAREST and known is not None:
            return self.constant(Fraction(floor(known + Fraction(1, 2))))
        if name == "log":
            parts = [self._exponential_part(t) for t in self._terms(argument)]
            if any(part is not None and part[1] is not None for part in parts) and None not in parts:
                return self._log_of_sum([part for part in parts if part is not None])
        return self._add("smooth", (argument,), name)

    def _terms(self, index: int) -> tuple[int, ...]:
        return self.nodes[index].args if self.nodes[index].op == "add" else (index,)

    def _exponential_part(self, term: int) -> tuple[Fraction, int | None] | None:
        """(c, u) of a term c exp(u), (c, None) of a constant, where c > 0; else None."""
        node, factor = self.nodes[term], Fraction(1)
        if node.op == "multiply" and len(node.args) == 2 and self._rational(node.args[0]):
            factor, node = self._rational(node.args[0]) or factor, self.nodes[node.args[1]]
        known = self._rational(term)
        if known is not None:
            return (known, None) if known > 0 else None
        return (factor, node.args[0]) if node.op == "smooth" and node.data == "exp" and factor > 0 else None

    def _log_of_sum(self, parts: Sequence[tuple[Fraction, int | None]]) -> int:
        """log Σ c exp(u) as u_n + softplus(log Σ' - u_n), term by term: the exponentials may not fit a double."""
        ordered = sorted(parts, key=lambda part: part[1] is None)
        logs = [self._logarithm_added(factor, inner) for factor, inner in ordered]
        total = logs[0]
        for other in logs[1:]:
            gap = self.add([total, self.negate(other)])
            total = self.add([other, self._add("smooth", (gap,), "softplus")])
        return total

    def _logarithm_added(self, factor: Fraction, inner: int | None) -> int:
        terms = [] if factor == 1 else [self.constant(sympy.log(sympy.Rational(factor.numerator, factor.denominator)))]
        return self.add([*terms, *([] if inner is None else [inner])])

    def extremum(self, op: str, operands: Sequence[int]) -> int:
        """A "max" or "min" of any number of operands."""
        distinct = sorted(set(operands))
        if not distinct:
            raise FunctionError(f"{op.capitalize()}() needs at least one argument; got none.")
        return distinct[0] if len(distinct) == 1 else self._add(op, distinct)

    def absolute(self, argument: int) -> int:
        """The absolute value, a switch between x and -x."""
        return self._add("abs", (argument,))

    def sign(self, argument: int) -> int:
        """The sign -1, 0 or 1: a switch that jumps, and must be continuous in the whole."""
        known = self._rational(argument)
        if known is not None:
            return self.constant(Fraction((known > 0) - (known < 0)))
        compared, flip = self._compare(argument, self.constant(Fraction(0)))
        return self._add("sign", (compared,), flip)

    def piecewise(self, branches: Sequence[tuple[int, int]]) -> int:
        """The value of the first (value, guard) pair whose guard holds."""
        self._require_guards([guard for _, guard in branches])
        kept: list[tuple[int, int]] = []
        for value, guard in branches:
            if self.nodes[guard].op == "false":
                continue
            kept.append((value, guard))
            if self.nodes[guard].op == "true":
                break
        if not kept:
            raise FunctionError("a Piecewise has no branch whose guard can hold. Add a default, `(value, True)`.")
        if self.nodes[kept[0][1]].op == "true":
            return kept[0][0]
        return self._add("piecewise", [v for v, _ in kept] + [g for _, g in kept])

    def _require_guards(self, guards: Sequence[int]) -> None:
        if any(self.nodes[g].op not in BOOLEANS for g in guards):
            raise FunctionError("a number stands where a condition is wanted. Compare it with something.")

    def _compare(self, left: int, right: int) -> tuple[int, int]:
        """The shared node for the sign of left - right, and the factor that turns it round."""
        zero = self._rational(right) == 0
        node = self.nodes[left]
        if zero and node.op == "multiply" and len(node.args) == 2:
            coefficient = self._rational(node.args[0])
            if coefficient:
                compared, flip = self._compare(node.args[1], right)
                return compared, flip if coefficient > 0 else -flip
        if self._rational(left) is not None or (left > right and self._rational(right) is None):
            return self._add("compare", (right, left)), -1
        return self._add("compare", (left, right)), 1

    def relation(self, kind: str, left: int, right: int) -> int:
        """One of "lt", "le", "eq", "ge", "gt", "ne" between two numbers."""
        a, b = self._rational(left), self._rational(right)
        if a is not None and b is not None:
            return self.truth(relation_holds(kind, (a > b) - (a < b)))
        if left == right:
            return self.truth(relation_holds(kind, 0))
        if a == 0:
            return self.relation(_FLIPPED[kind], right, left)
        if b is not None:
            simpler = self._simpler_relation(kind, left, b)
            if simpler is not None:
                return simpler
        compared, flip = self._compare(left, right)
        return self._add("relation", (compared,), kind if flip > 0 else _FLIPPED[kind])

    def _simpler_relation(self, kind: str, left: int, bound: Fraction) -> int | None:
        """A relation of u^n, |u| or exp(u) with 0, 0 or 1 as one of u with 0: its sides that are never met are gone."""
        node = self.nodes[left]
        zero = self.constant(Fraction(0))
        if not node.args or not self._is_total(node.args[0]):
            return None
        base = node.args[0]
        if node.op == "smooth" and node.data == "exp" and bound == 1:
            return self.relation(kind, base, zero)
        power: Fraction = node.data if node.op == "power" else Fraction(0)
        whole = power.denominator == 1 and power > 0
        if bound != 0 or not (whole or node.op == "abs"):
            return None
        if whole and power % 2 == 1:
            return self.relation(kind, base, zero)
        if kind in ("lt", "ge"):
            return self.truth(kind == "ge")
        return self.relation("eq" if kind in ("le", "eq") else "ne", base, zero)

    def _is_total(self, index: int) -> bool:
        """Whether a number is defined for all values of the variables."""
        stack, seen = [index], set()
        while stack:
            found = stack.pop()
            node = self.nodes[found]
            if found in seen:
                continue
            seen.add(found)
            natural = node.op == "power" and node.data.denominator == 1 and node.data > 0
            smooth = node.op == "smooth" and node.data in ("exp", "sin", "cos", NEAREST)
            if not (natural or smooth or node.op in _TOTAL):
                return False
            stack.extend(node.args)
        return True

    def truth(self, value: bool) -> int:
        """A constant guard."""
        return self._add("true" if value else "false")

    def logic(self, op: str, operands: Sequence[int]) -> int:
        """An "and", "or" or "not" of guards."""
        self._require_guards(operands)
        if op == "not":
            (operand,) = operands
            known = self.nodes[operand].op
            return self.truth(known == "false") if known in ("true", "false") else self._add("not", (operand,))
        absorbing, neutral = ("false", "true") if op == "and" else ("true", "false")
        rest = sorted({o for o in operands if self.nodes[o].op != neutral})
        if any(self.nodes[o].op == absorbing for o in rest):
            return self.truth(op == "or")
        if not rest:
            return self.truth(op == "and")
        return rest[0] if len(rest) == 1 else self._add(op, rest)

    def label(self, index: int, label: Label) -> None:
        """Give a switch a short name; the first one stays."""
        if self.nodes[index].op in SWITCHES:
            self._labels.setdefault(index, label)

    def finish(self, outputs: Sequence[int]) -> Graph:
        """The finished graph, without the nodes that no output needs."""
        return pruned(self.nodes, outputs, self.width, self._labels)[0]


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _foldable(base: Fraction, exponent: Fraction) -> bool:
    return (base != 0 or exponent > 0) and _bits(base) * abs(exponent) <= MAX_CONSTANT_BITS
