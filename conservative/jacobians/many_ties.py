"""Ties of an expression graph that change [A B] independently, as a zonotope.

Tied branches agree in value, so that a choice enters only derivatives, and these add up: two choices interact only
when one switch lies inside a branch of the other. Choices therefore fall into groups, the set of all Jacobians is the
sum base + Σ_g {Δ of group g}, and its cost is one differentiation for each member of a group instead of one for each
combination. A group whose changes lie on one line of rank one is one generator, exactly; any other is covered by
independent generators of rank one, which makes the zonotope a superset: one for each rank-one term of each change, or
for a group too large to be listed (sorting many equal numbers) one for each entry that its choices can change.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exactness import Exactness
from conservative.functions import PiecewiseSelection
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.forward_mode import Gradient, dense, propagate
from conservative.functions.graph.nodes import SWITCHES, Graph, nodes_met
from conservative.functions.graph.to_sympy import abbreviated
from conservative.functions.points import Point
from conservative.functions.ties.active_pieces import Choices, Key, _walk, choice_key
from conservative.jacobians.covers import box_terms, cover, distinct_changes
from conservative.jacobians.entry_boxes import entry_boxes
from conservative.jacobians.independence import independent_rows
from conservative.jacobians.jacobian_set import frozen
from conservative.jacobians.jacobian_zonotope import JacobianZonotope, factor_rounding
from conservative.jacobians.near_ties import near_ties

_GROUP = 256
"""Most members of one group of interacting ties that are listed; larger groups are covered entry by entry."""

_ENTRIES = 20_000
"""Most entries of [A B] that one group may change."""

_NAMED = 64
"""Most ties that are written out."""

Matrix = NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Change:
    """One generator u vᵀ, and a choice of the group that it belongs to."""

    u: Matrix
    v: Matrix
    key: Key


@dataclass(frozen=True, slots=True)
class _Sum:
    """base + Σ of the changes found so far, whether that is tight, and the groups of choices."""

    base: Matrix
    changes: list[_Change]
    tight: bool
    groups: list[frozenset[Key]]


def graph_zonotope(
    F: PiecewiseSelection, point: Point, traces: tuple[Trace, ...], *, arithmetic: Arithmetic, reason: str
) -> JacobianZonotope | None:
    """The zonotope of all choices, or None when jumps or very large groups of ties keep it from being found."""
    if len(traces) != 1:
        return None
    (trace,) = traces
    keys = _open_keys(F.graph, trace)
    default = {key: min(options) for key, options in keys.items() if options}
    if len(default) < len(keys):
        return None
    if not isinstance(_walk(F.graph, trace, default), Choices):
        return None
    groups, inside = _groups(F.graph, trace, keys)
    live = _live(F.graph, trace, F.graph.outputs)
    gradients = _Gradients(F.graph, trace, arithmetic, default)
    base = gradients.rows()
    changes: list[_Change] = []
    tight = True
    for mask, group in groups.items():
        moved = [row for row, output in enumerate(F.graph.outputs) if inside[output] & mask]
        affected = {index for index, below in inside.items() if below & mask}
        taken = {key: option for key, option in default.items() if key not in group}
        members = list(_members(F.graph, trace, taken))
        if len(members) <= _GROUP:
            columns = gradients.columns(group)
            deltas = [gradients.changes(member, affected, moved, columns) for member in members]
            shift, terms, exactly = cover(distinct_changes(deltas, exact=arithmetic.exact), exact=arithmetic.exact)
            base[np.ix_(moved, columns)] += shift
            terms = [(u, _embedded(v, columns, F.graph.width)) for u, v in terms]
        else:
            low, high = entry_boxes(F.graph, trace, arithmetic, live=live, taken=taken, group=group)
            terms, exactly = box_terms(high[moved] - low[moved]), False
            base[moved] = low[moved]
            if len(terms) > _ENTRIES:
                return None
        changes.extend(_Change(_embedded(u, moved, len(base)), v, min(group)) for u, v in terms)
        tight = tight and exactly
    return _result(F, point, trace, _Sum(base, changes, tight, list(groups.values())), reason=reason)


def independent_ties(F: PiecewiseSelection, arithmetic: Arithmetic, traces: tuple[Trace, ...]) -> bool:
    """Whether ties of max, min and |·| lie in no branch of another, and their differences are linearly independent.

    Then every combination of sides is met by an open cone of directions, and the set of all pieces is Clarke's.
    """
    if len(traces) != 1:
        return False
    (trace,) = traces
    keys = _open_keys(F.graph, trace)
    if not keys or not all(len(key) == 1 and F.graph.nodes[key[0]].op in ("max", "min", "abs") for key in keys):
        return False
    groups, _ = _groups(F.graph, trace, keys)
    if any(len(group) > 1 for group in groups.values()):
        return False
    sides = [_sides(F.graph, trace, key) for key in keys]
    gradients: dict[int, Gradient] = {}
    for index in _live(F.graph, trace, [side for pair in sides for side in pair]):
        branch = trace.options.get(index, (0,))[0]
        gradients[index] = propagate(F.graph, trace, arithmetic, index=index, inputs=gradients, branch=branch)
    rows = [[dense(gradients[s], F.graph.width, arithmetic) for s in side] for side in sides]
    gaps = np.stack([gap for side in rows for gap in _differences(side)])
    return independent_rows(gaps)


def _differences(side: Sequence[Matrix]) -> list[Matrix]:
    """What the other gradients of one tie have more than the first; for |·| the gradient itself."""
    return [other - side[0] for other in side[1:]] or [side[0]]


def _sides(graph: Graph, trace: Trace, key: Key) -> list[int]:
    node = graph.nodes[key[0]]
    return [node.args[0]] if node.op == "abs" else [node.args[i] for i in trace.options[key[0]]]


class _Gradients:
    """Gradients of nodes with every choice at its default, and how they change with the choices of one group."""

    def __init__(self, graph: Graph, trace: Trace, arithmetic: Arithmetic, default: Mapping[Key, int]) -> None:
        self.graph, self.trace, self.arithmetic = graph, trace, arithmetic
        self._kept: dict[int, Gradient] = {}
        self._columns: dict[Key, int] = {}
        variables: dict[int, int] = {}
        for index in _live(graph, trace, graph.outputs):
            node, options = graph.nodes[index], trace.options.get(index, (0,))
            variables[index] = 1 << node.data if node.op == "variable" else 0
            if node.op == "limit":
                variables[index] = sum(1 << column for column, _ in node.data[1])
            for operand in _operands(graph, trace, index):
                variables[index] |= variables[operand]
            branch = options[0]
            if len(options) > 1:
                key = choice_key(graph, index)
                branch = default[key]
                self._columns[key] = self._columns.get(key, 0) | variables[index]
            self._kept[index] = self._propagated(index, self._kept, branch)

    def rows(self) -> Matrix:
        """The Jacobian of the piece of default choices."""
        return np.stack([dense(self._kept[o], self.graph.width, self.arithmetic) for o in self.graph.outputs])

    def columns(self, group: Collection[Key]) -> list[int]:
        """The variables whose derivatives the choices of a group can change."""
        mask = reduce(or_, [self._columns[key] for key in group])
        return [i for i in range(self.graph.width) if mask >> i & 1]

    def changes(
        self, choices: Choices, affected: Collection[int], wanted: Iterable[int], columns: Sequence[int]
    ) -> Matrix:
        """What is added to some rows and columns by other choices: only `affected` nodes change.

        Beside switches derivatives are linear in those of the operands, so that operands that stay are left out.
        """
        changed: dict[int, Gradient] = {}

        def part(gradient: Gradient, places: Sequence[int] | slice = slice(None)) -> Matrix:
            return dense(None if gradient is None else gradient[places], len(columns), self.arithmetic)

        for index in (i for i in choices.reached if i in affected):
            node, branch = self.graph.nodes[index], choices.branches.get(index, 0)
            if node.op not in SWITCHES:
                moved = {a: changed.get(a) for a in node.args}
                changed[index] = self._propagated(index, moved, branch)
            elif node.op != "sign":
                chosen = node.args[0 if node.op == "abs" else branch]
                whole = part(self._kept[chosen], columns) + part(changed.get(chosen))
                turned = -whole if node.op == "abs" and branch else whole
                changed[index] = self.arithmetic.clean(turned - part(self._kept[index], columns))
        return np.stack([part(changed.get(self.graph.outputs[row])) for row in wanted])

    def _propagated(self, index: int, inputs: Mapping[int, Gradient], branch: int) -> Gradient:
        return propagate(self.graph, self.trace, self.arithmetic, index=index, inputs=inputs, branch=branch)


def _embedded(part: Matrix, places: list[int], length: int) -> Matrix:
    """A vector with the given entries, zero elsewhere."""
    vector = np.zeros(length, dtype=part.dtype)
    vector[places] = part
    return vector


def _result(F: PiecewiseSelection, point: Point, trace: Trace, total: _Sum, *, reason: str) -> JacobianZonotope:
    base, changes = total.base, total.changes
    U = np.array([change.u for change in changes], dtype=base.dtype).reshape(len(changes), base.shape[0])
    V = np.array([change.v for change in changes], dtype=base.dtype).reshape(len(changes), base.shape[1])
    plain = total.tight and all(len(g) == 1 and _two_sided(F.graph, trace, *g) for g in total.groups)
    full = not changes or (plain and independent_rows(V))
    return JacobianZonotope(
        base=frozen(base.astype(np.float64)),
        U=frozen(U.astype(np.float64)),
        V=frozen(V.astype(np.float64)),
        exact_factors=(base, U, V) if point.exact else None,
        state_size=len(F.state),
        kind="program",
        exactness=Exactness.EXACT if full else Exactness.OUTER,
        tight=total.tight,
        tolerance=point.tolerance,
        near_ties=near_ties(F, (trace,), exact=point.exact),
        rounding=factor_rounding(base, U, V),
        tie_names=_names(F, changes),
        reason=reason,
    )


def _open_keys(graph: Graph, trace: Trace) -> dict[Key, set[int]]:
    """Every tied choice that can be reached, with the options that fit all switches sharing it."""
    found: dict[Key, set[int]] = {}
    for index in _live(graph, trace, graph.outputs):
        options = trace.options.get(index, ())
        if len(options) > 1:
            key = choice_key(graph, index)
            found[key] = found.get(key, set(options)) & set(options)
    return found


def _operands(graph: Graph, trace: Trace, index: int) -> tuple[int, ...]:
    """What the value of a node is made of, next to the point: at a switch only its tied branches."""
    node = graph.nodes[index]
    if node.op not in SWITCHES or node.op == "abs":
        return node.args
    return () if node.op == "sign" else tuple(node.args[i] for i in trace.options[index])


def _live(graph: Graph, trace: Trace, outputs: Sequence[int]) -> list[int]:
    return nodes_met(outputs, lambda index: _operands(graph, trace, index))


def _groups(
    graph: Graph, trace: Trace, keys: Mapping[Key, set[int]]
) -> tuple[dict[int, frozenset[Key]], dict[int, int]]:
    """Choices joined whenever one switch lies inside a branch of another, and which choices are inside every node.

    Choices are bits of a mask; groups are listed by the mask of their members.
    """
    bit = {key: 1 << position for position, key in enumerate(keys)}
    inside: dict[int, int] = {}
    parent = {b: b for b in bit.values()}
    for index in _live(graph, trace, graph.outputs):
        mask = 0
        for operand in _operands(graph, trace, index):
            mask |= inside[operand]
        own = bit.get(choice_key(graph, index), 0) if len(trace.options.get(index, ())) > 1 else 0
        if own:
            for other in _bits(mask):
                parent[_root(parent, other)] = _root(parent, own)
        inside[index] = mask | own
    joined: dict[int, set[Key]] = {}
    for key, b in bit.items():
        joined.setdefault(_root(parent, b), set()).add(key)
    return {sum(bit[key] for key in group): frozenset(group) for group in joined.values()}, inside


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low
        mask ^= low


def _root(parent: dict[int, int], item: int) -> int:
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


def _members(graph: Graph, trace: Trace, taken: dict[Key, int]) -> Iterator[Choices]:
    """Every combination of the choices that `taken` leaves open, up to one more than a group may have."""
    stack = [taken]
    produced = 0
    while stack and produced <= _GROUP:
        current = stack.pop()
        found = _walk(graph, trace, current)
        if isinstance(found, Choices):
            produced += 1
            yield found
        elif found is not None:
            key, options = found
            stack.extend({**current, key: option} for option in options)


def _two_sided(graph: Graph, trace: Trace, key: Key) -> bool:
    """Whether a choice is the side of one tied difference: then its change is a multiple of that gradient."""
    (index, *rest) = key
    return not rest and index >= 0 and graph.nodes[index].op in ("max", "min", "abs") and len(trace.options[index]) == 2


def _names(F: PiecewiseSelection, changes: list[_Change]) -> tuple[str, ...]:
    if len(changes) > _NAMED:
        return ()
    single = [change.key[0] if len(change.key) == 1 else None for change in changes]
    return tuple("a Piecewise" if i is None else abbreviated(F.graph, F.symbols, i) for i in single)
