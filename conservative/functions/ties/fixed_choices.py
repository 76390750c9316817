"""Whether the choices that a function makes at a point are those that it makes on a whole box."""

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb

from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.interval_hessians import Jet, smooth_jet
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph


def choices_stay(graph: Graph, trace: Trace, balls: Sequence[Any]) -> bool:
    """Whether on the whole box each switch takes one of the branches that agree at the centre."""
    values: dict[int, Any] = {}
    for index, node in enumerate(graph.nodes):
        if node.op in BOOLEANS:
            continue
        if node.op == "compare":
            left, right = (values[a] for a in node.args)
            if trace.signs[index] and not bool(trace.signs[index] * (left - right) > 0):
                return False
        elif node.op in SWITCHES:
            taken = _branches(graph, trace, index, values)
            if not taken:
                return False
            values[index] = _union(taken)
        else:
            values[index] = smooth_jet(node, [Jet(values[a]) for a in node.args], balls).value
    return True


def _branches(graph: Graph, trace: Trace, index: int, values: Mapping[int, Any]) -> list[Any]:
    """Enclosures of the branches that agree at the centre; empty where another one may be chosen on the box."""
    node = graph.nodes[index]
    if node.op == "sign":
        return [arb(int(trace.values[index]))] if trace.signs[node.args[0]] else []
    if node.op == "piecewise":  # the comparisons of its guards keep their signs, or are tied
        return [values[node.args[i]] for i in trace.options[index]]
    if node.op == "abs":
        inside = values[node.args[0]]
        taken = [inside if i == 0 else -inside for i in trace.options[index]]
        return taken if len(taken) > 1 or bool(taken[0] > 0) else []
    sign = 1 if node.op == "max" else -1
    taken = [values[node.args[i]] for i in trace.options[index]]
    others = [values[a] for i, a in enumerate(node.args) if i not in trace.options[index]]
    return taken if all(any(bool(sign * (t - x) > 0) for t in taken) for x in others) else []


def _union(values: Sequence[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = total.union(value)
    return total
