"""Which operations of a library a switch of a formula can be written with."""

from collections.abc import Mapping
from dataclasses import dataclass

from conservative.functions.graph.nodes import Graph


@dataclass(frozen=True, slots=True)
class SwitchSpellings:
    """What the switches of a graph look like.

    `kinds`: the kinds of tie, keys of `TIES`, that a switch may be written as, the general one last. `varying`: for a
    maximum or minimum with a constant: the place of the other operand. `clips`: for the two switches of min(max(z,
    lower), upper): the bounds. `leaky`: (z, c) of a switch that is z above 0 and c z below.
    """

    kinds: Mapping[int, tuple[str, ...]]
    varying: Mapping[int, int]
    clips: Mapping[int, tuple[float, float]]
    leaky: Mapping[int, tuple[int, float]]


def find_switches(graph: Graph) -> SwitchSpellings:
    """All switches of a graph."""
    varying = {i: place for i in range(len(graph.nodes)) if (place := _varying_place(graph, i)) is not None}
    leaky = {i: found for i in range(len(graph.nodes)) if (found := _leaky(graph, i)) is not None}
    kinds = {i: kind for i in range(len(graph.nodes)) if (kind := _kinds(graph, i, i in varying, i in leaky))}
    return SwitchSpellings(kinds, varying, _clips(graph, varying), leaky)


def bound_of(graph: Graph, index: int, place: int) -> float:
    """The constant that a maximum or minimum compares operand `place` with."""
    return float(graph.nodes[graph.nodes[index].args[1 - place]].data)


def _varying_place(graph: Graph, index: int) -> int | None:
    node = graph.nodes[index]
    constants = [graph.nodes[a].op == "constant" for a in node.args]
    return constants.index(False) if node.op in ("max", "min") and sorted(constants) == [False, True] else None


def _kinds(graph: Graph, index: int, bounded: bool, leaky: bool) -> tuple[str, ...]:
    node, label = graph.nodes[index], graph.labels.get(index)
    if label is not None:
        middle = label.name == "SortedValue" and 2 * label.rank == len(label.values) + 1
        return ("median", "sorted") if middle else ("sorted",)
    if node.op in ("abs", "sign"):
        return (node.op,)
    shape = ("bound",) if bounded else ("pair",) if len(node.args) == 2 else ("many",)
    return (("leaky",) if leaky else ()) + (shape if node.op in ("max", "min") else ())


def _clips(graph: Graph, varying: Mapping[int, int]) -> dict[int, tuple[float, float]]:
    found = {}
    for outer, place in varying.items():
        inner = graph.nodes[outer].args[place]
        if inner in varying and graph.nodes[inner].op != graph.nodes[outer].op:
            ends = {graph.nodes[i].op: bound_of(graph, i, varying[i]) for i in (outer, inner)}
            found[outer] = found[inner] = (ends["max"], ends["min"])
    return found


def _leaky(graph: Graph, index: int) -> tuple[int, float] | None:
    """(z, c) of a switch that is z above 0 and c z below, c constant and not 0."""
    node = graph.nodes[index]
    pieces = node.branches()[0] if node.op == "piecewise" else node.args
    if len(pieces) != 2:
        return None
    for inner, scaled in (pieces, pieces[::-1]):
        product = graph.nodes[scaled]
        if product.op == "multiply" and len(product.args) == 2 and product.args[1] == inner:
            slope = graph.nodes[product.args[0]].data
            if graph.nodes[product.args[0]].op == "constant" and _is_leaky(graph, index, inner, float(slope)):
                return inner, float(slope)
    return None


def _is_leaky(graph: Graph, index: int, inner: int, slope: float) -> bool:
    node = graph.nodes[index]
    if node.op != "piecewise":
        return 0.0 < slope < 1.0 if node.op == "max" else slope > 1.0
    branches, guards = node.branches()
    guard = graph.nodes[guards[0]]
    if guard.op != "relation" or graph.nodes[guards[1]].op != "true":
        return False
    left, right = graph.nodes[guard.args[0]].args
    above = guard.data in ("ge", "gt")
    zero = graph.nodes[right].op == "constant" and graph.nodes[right].data == 0
    return zero and left == inner and above == (branches[0] == inner) and guard.data in ("ge", "gt", "lt", "le")
