"""The value pass: every node's value at one point, which switches are tied there, and which jump.

A switch is *tied* when the values of several of its branches agree at the point. A guard on its
boundary whose reachable branches disagree is a *jump*: it is resolved by taking each sign of the
compared difference in turn, in `resolved_traces`, so that continuity is judged on the whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from conservative._core.errors import BudgetError, FunctionError
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.nodes import BOOLEANS, Graph, nodes_met, relation_holds

MAX_GUARD_BOUNDARIES = 6
HOLE = -1
"""The branch of a Piecewise none of whose guards holds."""


@dataclass(frozen=True, slots=True)
class Undefined:
    """A value that does not exist at the point, kept until somebody needs it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One value pass.

    Parameters
    ----------
    values : tuple
        A number, `Undefined`, or for guards the truth value at the point.
    options : dict
        For every switch, the branches whose values agree with the function's at the point.
    guarded : dict
        For every Piecewise, those of its options that its guards choose for some signs of the tied comparisons.
    signs : dict
        For every "compare" node the sign used: 0 is a tie unless it is in `forced`.
    forced : mapping
        Signs taken for resolved jumps.
    jump : int or None
        The first switch that jumps and is not resolved.
    near : tuple of (node, distance)
        Comparisons that are suspiciously close.
    """

    values: tuple[Any, ...]
    options: dict[int, tuple[int, ...]]
    signs: dict[int, int]
    forced: Mapping[int, int]
    jump: int | None
    near: tuple[tuple[int, float], ...]
    guarded: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def boundary(self, compared: int) -> bool:
        """Whether a comparison is tied and not resolved."""
        return self.signs.get(compared) == 0 and compared not in self.forced


class _Pass:
    """The state of one value pass, node by node in topological order."""

    def __init__(self, graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], forced: Mapping[int, int]) -> None:
        self.graph, self.arithmetic, self.point, self.forced = graph, arithmetic, point, forced
        self.values: list[Any] = []
        self.options: dict[int, tuple[int, ...]] = {}
        self.guarded: dict[int, tuple[int, ...]] = {}
        self.signs: dict[int, int] = {}
        self.jumping: set[int] = set()
        self.jumpy: list[bool] = []
        self.reachable: dict[int, set[int | None]] = {}
        self.near: list[tuple[int, float]] = []

    def run(self) -> Trace:
        for index, node in enumerate(self.graph.nodes):
            try:
                self.values.append(self._value(index))
            except FunctionError as error:
                self.values.append(Undefined(str(error)))
            self.jumpy.append(index in self.jumping or any(self.jumpy[a] for a in node.args))
        live = live_nodes(self.graph, self.reachable)
        jump = min((j for j in self.jumping if j in live), default=None)
        near = tuple((n, d) for n, d in self.near if n in live)
        return Trace(tuple(self.values), self.options, self.signs, self.forced, jump, near, self.guarded)

    def _value(self, index: int) -> Any:
        node = self.graph.nodes[index]
        if node.op == "constant":
            return self.arithmetic.constant(node.data)
        if node.op == "variable":
            return self.point[node.data]
        if node.op == "piecewise":
            return self._piecewise(index)
        inputs = [self.values[a] for a in node.args]
        for value in inputs:
            if isinstance(value, Undefined):
                return value
        if node.op in ("max", "min"):
            return self._extremum(index, inputs, 1 if node.op == "max" else -1)
        if node.op == "abs":
            return self._absolute(index, inputs[0])
        if node.op == "sign":
            if node.args[0] not in self.forced and self.signs[node.args[0]] == 0:
                self.jumping.add(index)
            return self.arithmetic.constant(Fraction(node.data * inputs[0]))
        return self._plain(index, inputs)

    def _plain(self, index: int, inputs: list[Any]) -> Any:
        node, arithmetic = self.graph.nodes[index], self.arithmetic
        match node.op:
            case "add":
                return arithmetic.add(inputs)
            case "multiply":
                return arithmetic.multiply(inputs)
            case "power":
                return arithmetic.power(inputs[0], node.data)
            case "exponential":
                return arithmetic.exponential(inputs[0], inputs[1])
            case "smooth":
                return arithmetic.smooth(node.data, inputs[0])
            case "compare":
                sign = self.forced[index] if index in self.forced else self._compare(index, inputs[0], inputs[1])
                self.signs[index] = sign
                return sign
            case "limit":
                return arithmetic.limit(node.data[0])
            case "relation":
                return relation_holds(node.data, inputs[0])
            case _:
                return _logic(node.op, inputs)

    def _compare(self, index: int, left: Any, right: Any) -> int:
        distance = self.arithmetic.near(left, right)
        if distance is not None:
            self.near.append((index, distance))
        return self.arithmetic.compare(left, right)

    def _extremum(self, index: int, inputs: list[Any], direction: int) -> Any:
        best = self.arithmetic.extremum(inputs, direction)
        self.options[index] = tuple(i for i, v in enumerate(inputs) if self._compare(index, v, best) == 0)
        return best

    def _absolute(self, index: int, value: Any) -> Any:
        sign = self._compare(index, value, self.arithmetic.constant(Fraction(0)))
        self.options[index] = (0, 1) if sign == 0 else (0,) if sign > 0 else (1,)
        return self.arithmetic.absolute(value, sign)

    def _piecewise(self, index: int) -> Any:
        branches, guards = self.graph.nodes[index].branches()
        read = {c for g in guards for c in comparisons(self.graph, g)}
        boundary = sorted(c for c in read if self.signs.get(c) == 0 and c not in self.forced)
        chosen = first_true(self.graph, guards, self.signs)
        reachable = self.reachable[index] = {chosen} | self._reachable(guards, boundary)
        if chosen is None:
            return next(self.values[g] for g in guards if isinstance(self.values[g], Undefined))
        value: Any = Undefined("no guard of a Piecewise holds; add a default, `(value, True)`")
        if chosen != HOLE:
            value = self.values[branches[chosen]]
        agreeing = {
            i
            for i, b in enumerate(branches)
            if i == chosen
            or (i in reachable and meet(self.arithmetic, self.values[b], value))
            or (not self.jumpy[b] and self._agree(self.values[b], value))
        }
        if len(reachable) > 1 and not reachable <= agreeing:
            self.jumping.add(index)
        settled = any(c in self.forced for c in read)
        self.guarded[index] = tuple(i for i in sorted(agreeing) if i in reachable)
        self.options[index] = self.guarded[index] if settled else tuple(sorted(agreeing))
        reachable |= agreeing
        return value

    def _reachable(self, guards: Sequence[int], boundary: list[int]) -> set[int | None]:
        if len(boundary) > MAX_GUARD_BOUNDARIES:
            raise BudgetError(
                f"a Piecewise has {len(boundary)} guards on their boundary at the point; at most "
                f"{MAX_GUARD_BOUNDARIES} are resolved. Split it into several."
            )
        if not boundary:
            return set()
        states = product((-1, 0, 1), repeat=len(boundary))
        return {first_true(self.graph, guards, self.signs | dict(zip(boundary, s, strict=True))) for s in states}

    def _agree(self, left: Any, right: Any) -> bool:
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            return False
        try:
            return self.arithmetic.compare(left, right) == 0
        except FunctionError:
            return False


def value_pass(graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], forced: Mapping[int, int]) -> Trace:
    """Every node's value at a point, the comparisons in `forced` being given a sign."""
    return _Pass(graph, arithmetic, point, forced).run()


def resolved_traces(
    graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], *, limit: int
) -> Iterator[tuple[Trace, bool]]:
    """The value passes for every way to resolve the jumps, and whether each agrees with the point itself."""
    base = value_pass(graph, arithmetic, point, {})
    stack, produced = [base], 0
    while stack:
        trace = stack.pop()
        if trace.jump is None:
            produced += 1
            if produced > limit:
                raise BudgetError(f"guards on their boundary jump in more than {limit} combinations at the point.")
            yield trace, agrees(graph, arithmetic, trace, base)
            continue
        guards = graph.nodes[trace.jump].args
        compared = next(c for g in guards for c in comparisons(graph, g) if trace.boundary(c))
        for sign in (-1, 0, 1):
            stack.append(value_pass(graph, arithmetic, point, {**trace.forced, compared: sign}))


def agrees(graph: Graph, arithmetic: Arithmetic, trace: Trace, base: Trace) -> bool:
    """Whether a resolved pass gives the function's own value."""
    return all(meet(arithmetic, trace.values[o], base.values[o]) for o in graph.outputs)


def meet(arithmetic: Arithmetic, left: Any, right: Any) -> bool:
    """Whether branches on the two sides of a guard's boundary have one value there.

    A float point within the tolerance of a boundary is not on it: branches whose slopes differ
    by s have parted by s times the distance. So near ties meet too; exact values must be equal.
    """
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return False
    try:
        return arithmetic.compare(left, right) == 0 or arithmetic.near(left, right) is not None
    except FunctionError:
        return False


def comparisons(graph: Graph, guard: int) -> list[int]:
    """The "compare" nodes that a guard (or a sign) reads directly, in order."""
    found: list[int] = []
    stack = [guard]
    while stack:
        index = stack.pop()
        node = graph.nodes[index]
        if node.op == "compare":
            found.append(index)
        elif node.op in BOOLEANS:
            stack.extend(reversed(node.args))
    return found


def first_true(graph: Graph, guards: Sequence[int], signs: Mapping[int, int]) -> int | None:
    """The first guard that holds, `HOLE` if none does, None when that needs a comparison that `signs` leaves open."""
    for position, guard in enumerate(guards):
        holds = truth(graph, guard, signs)
        if holds or holds is None:
            return position if holds else None
    return HOLE


def truth(graph: Graph, guard: int, signs: Mapping[int, int]) -> bool | None:
    """Whether a guard holds; None when that depends on a comparison that `signs` leaves open."""
    node = graph.nodes[guard]
    if node.op == "relation":
        return relation_holds(node.data, signs[node.args[0]]) if node.args[0] in signs else None
    return _logic(node.op, [truth(graph, a, signs) for a in node.args])


def _logic(op: str, inputs: Sequence[bool | None]) -> bool | None:
    if op == "not":
        return None if inputs[0] is None else not inputs[0]
    if op in ("true", "false"):
        return op == "true"
    absorbing = op == "or"
    if absorbing in inputs:
        return absorbing
    return None if None in inputs else not absorbing


def live_nodes(graph: Graph, reachable: Mapping[int, set[int | None]]) -> set[int]:
    """Nodes whose value can enter an output next to the point: not the branches that a settled guard excludes."""

    def operands(index: int) -> Sequence[int]:
        node = graph.nodes[index]
        if index not in reachable:
            return node.args
        branches, guards = node.branches()
        taken = [i for i in reachable[index] if i is not None and i != HOLE]
        last = len(guards) if len(taken) < len(reachable[index]) else max(taken) + 1
        return [*guards[:last], *(branches[i] for i in taken)]

    return set(nodes_met(graph.outputs, operands))
