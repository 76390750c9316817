"""Copying one expression graph into another, which is how functions are combined and variables replaced."""

from collections.abc import Sequence

from conservative.functions.graph.builder import Builder
from conservative.functions.graph.nodes import BOOLEANS, Graph, Label


def graft(builder: Builder, graph: Graph, columns: Sequence[int]) -> list[int]:
    """Add a graph to a builder with its variables replaced by nodes; the nodes of its outputs.

    Everything passes through the builder's own normal form, so that subexpressions which became equal are one switch.
    """
    moved: dict[int, int] = {}
    for index in range(len(graph.nodes)):
        if graph.nodes[index].op != "compare":
            moved[index] = _copy(builder, graph, index, moved, columns)
    for index, label in graph.labels.items():
        builder.label(moved[index], Label(label.name, label.rank, tuple(moved[v] for v in label.values)))
    return [moved[o] for o in graph.outputs]


def _copy(builder: Builder, graph: Graph, index: int, moved: dict[int, int], columns: Sequence[int]) -> int:
    node = graph.nodes[index]
    if node.op in ("relation", "sign"):
        left, right = (moved[a] for a in graph.nodes[node.args[0]].args)
        if node.op == "relation":
            return builder.relation(node.data, left, right)
        gap = builder.add([left, builder.negate(right)])
        return builder.sign(gap if node.data > 0 else builder.negate(gap))
    if node.op == "variable":
        return columns[int(node.data)]
    inputs = [moved[a] for a in node.args]
    if node.op in BOOLEANS:
        return builder.truth(node.op == "true") if not inputs else builder.logic(node.op, inputs)
    match node.op:
        case "constant":
            return builder.constant(node.data)
        case "add":
            return builder.add(inputs)
        case "multiply":
            return builder.multiply(inputs)
        case "power":
            return builder.power(inputs[0], node.data)
        case "exponential":
            return builder.exponential(inputs[0], inputs[1])
        case "smooth":
            return builder.smooth(node.data, inputs[0])
        case "abs":
            return builder.absolute(inputs[0])
        case "piecewise":
            half = len(inputs) // 2
            return builder.piecewise(list(zip(inputs[:half], inputs[half:], strict=True)))
        case _:
            return builder.extremum(node.op, inputs)
