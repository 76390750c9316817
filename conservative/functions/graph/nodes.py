"""The expression graph: nodes in topological order, equal subexpressions stored once. `builder` makes it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conservative.functions.graph.elementary import NEAREST

SWITCHES = frozenset({"max", "min", "abs", "sign", "piecewise"})
BOOLEANS = frozenset({"true", "false", "relation", "and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    `args` are indices of earlier nodes. For "piecewise" they are the k branch values followed by
    their k guards; "compare" holds the two operands whose difference has a sign; "relation" and
    "sign" read that sign, and `data` says how.
    """

    op: str
    args: tuple[int, ...] = ()
    data: Any = None

    @property
    def is_nearest(self) -> bool:
        """Whether this is the nearest integer: a constant nearby, since the floor that holds it is one half way."""
        return self.op == "smooth" and self.data == NEAREST

    def branches(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The values and the guards of a "piecewise" node."""
        half = len(self.args) // 2
        return self.args[:half], self.args[half:]


@dataclass(frozen=True, slots=True)
class Label:
    """What a node inside a network of switches stands for, so that it is shown in one word.

    `name` is the sympy class that shows it, as `name(rank, *values)`; `values` are nodes.
    """

    name: str
    rank: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes in topological order, and which of them are the components of the function."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    width: int
    linear: tuple[bool, ...] = field(repr=False)
    """Which nodes are piecewise affine in the variables: for them first-order cones are exact near a point."""
    labels: Mapping[int, Label] = field(default_factory=dict, repr=False)


def relation_holds(kind: str, sign: int) -> bool:
    """Whether a relation holds when left - right has the given sign."""
    return {
        "lt": sign < 0,
        "le": sign <= 0,
        "eq": sign == 0,
        "ge": sign >= 0,
        "gt": sign > 0,
        "ne": sign != 0,
    }[kind]


def pruned(
    nodes: Sequence[Node], outputs: Sequence[int], width: int, labels: Mapping[int, Label]
) -> tuple[Graph, dict[int, int]]:
    """The graph of some nodes without those that no output needs, and where each kept node went."""
    order = {old: new for new, old in enumerate(reachable(nodes, outputs))}
    kept = tuple(Node(nodes[i].op, tuple(order[a] for a in nodes[i].args), nodes[i].data) for i in order)
    shown = {
        order[i]: Label(label.name, label.rank, tuple(order[v] for v in label.values))
        for i, label in labels.items()
        if i in order and all(v in order for v in label.values)
    }
    return Graph(kept, tuple(order[o] for o in outputs), width, _piecewise_affine(kept), shown), order


def reachable(nodes: Sequence[Node], outputs: Iterable[int]) -> list[int]:
    """What some nodes are made of, themselves included, operands first."""
    return nodes_met(outputs, lambda index: nodes[index].args)


def nodes_met(roots: Iterable[int], operands: Callable[[int], Iterable[int]]) -> list[int]:
    """The roots, the operands of each node that is reached, and so on, operands first."""
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        index = stack.pop()
        if index not in seen:
            seen.add(index)
            stack.extend(operands(index))
    return sorted(seen)


def _piecewise_affine(nodes: Sequence[Node]) -> tuple[bool, ...]:
    linear: list[bool] = []
    for node in nodes:
        inputs = [linear[a] for a in node.args]
        if node.op in ("constant", "variable") or node.op in BOOLEANS or node.op == "compare":
            linear.append(all(inputs))
        elif node.op == "multiply":
            varying = [a for a in node.args if nodes[a].op != "constant"]
            linear.append(len(varying) <= 1 and all(inputs))
        else:
            local = node.op in ("add", "max", "min", "abs", "piecewise") or node.is_nearest
            linear.append(local and all(inputs))
    return tuple(linear)
