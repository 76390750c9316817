"""From the graph back to sympy: the function as written, and the smooth pieces."""

from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from sympy.functions.elementary.piecewise import ExprCondPair

from conservative.functions._arithmetic import as_sympy
from conservative.functions._graph import Graph, Label, Node
from conservative.functions.vocabulary.nodes import LABELLED

_RELATIONS = {"lt": sympy.Lt, "le": sympy.Le, "eq": sympy.Eq, "ge": sympy.Ge, "gt": sympy.Gt, "ne": sympy.Ne}


def written(graph: Graph, symbols: Sequence[Any], roots: Sequence[int]) -> tuple[Any, ...]:
    """The nodes as sympy expressions that keep every switch, unevaluated; labelled nodes by their label."""
    built: dict[int, Any] = {}
    for index in _below(graph, roots, {}, graph.labels):
        label = graph.labels.get(index)
        built[index] = _switch(graph.nodes[index], built, symbols) if label is None else _labelled(label, built)
    return tuple(built[r] for r in roots)


def smooth_pieces(graph: Graph, symbols: Sequence[Any], branches: Mapping[int, int]) -> tuple[Any, ...]:
    """The outputs with every switch replaced by its chosen branch."""
    built: dict[int, Any] = {}
    for index in _below(graph, graph.outputs, branches):
        node = graph.nodes[index]
        if node.op == "sign":
            built[index] = sympy.Integer(branches[index])
        elif node.op == "abs":
            built[index] = built[node.args[0]] * (1 if branches[index] == 0 else -1)
        elif index in branches:
            built[index] = built[node.args[branches[index]]]
        else:
            built[index] = _plain(node, [built[a] for a in node.args], symbols, evaluate=True)
    return tuple(built[o] for o in graph.outputs)


def _labelled(label: Label, built: Mapping[int, Any]) -> Any:
    return LABELLED[label.name](label.rank, *[built[v] for v in label.values], evaluate=False)


def _below(
    graph: Graph, roots: Sequence[int], branches: Mapping[int, int], labels: Mapping[int, Label] | None = None
) -> list[int]:
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        node = graph.nodes[index]
        if node.op == "sign" and index in branches:
            continue
        if labels and index in labels:
            stack.extend(labels[index].values)
            continue
        chosen = index in branches and node.op != "abs"
        stack.extend([node.args[branches[index]]] if chosen else node.args)
    return sorted(seen)


def _switch(node: Node, built: Mapping[int, Any], symbols: Sequence[Any]) -> Any:
    inputs = [built[a] for a in node.args]
    match node.op:
        case "max":
            return sympy.Max(*inputs, evaluate=False)
        case "min":
            return sympy.Min(*inputs, evaluate=False)
        case "abs":
            return sympy.Abs(inputs[0], evaluate=False)
        case "sign":
            sign = sympy.sign(inputs[0][0], evaluate=False)
            return sign if node.data > 0 else sympy.Mul(-1, sign, evaluate=False)
        case "compare":
            return tuple(inputs)
        case "relation":
            return _RELATIONS[node.data](*inputs[0], evaluate=False)
        case "true" | "false":
            return sympy.true if node.op == "true" else sympy.false
        case "and" | "or" | "not":
            return {"and": sympy.And, "or": sympy.Or, "not": sympy.Not}[node.op](*inputs, evaluate=False)
        case "piecewise":
            half = len(inputs) // 2
            # built without sympy's constructors, which would fold a Piecewise that stands in a guard
            pairs = [sympy.Tuple.__new__(ExprCondPair, *p) for p in zip(inputs[:half], inputs[half:], strict=True)]
            return sympy.Basic.__new__(sympy.Piecewise, *pairs)
        case _:
            return _plain(node, inputs, symbols, evaluate=False)


def _plain(node: Node, inputs: list[Any], symbols: Sequence[Any], *, evaluate: bool) -> Any:
    match node.op:
        case "constant":
            return as_sympy(node.data)
        case "variable":
            return symbols[node.data]
        case "add":
            return sympy.Add(*inputs, evaluate=evaluate)
        case "multiply":
            return sympy.Mul(*inputs, evaluate=evaluate)
        case "power":
            return sympy.Pow(inputs[0], as_sympy(node.data), evaluate=evaluate)
        case "exponential":
            return sympy.Pow(inputs[0], inputs[1], evaluate=evaluate)
        case _:
            return getattr(sympy, node.data)(inputs[0], evaluate=evaluate)
