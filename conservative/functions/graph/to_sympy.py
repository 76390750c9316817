"""From the graph back to sympy: the function as written, and the smooth pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy
from sympy.functions.elementary.piecewise import ExprCondPair

from conservative.functions.graph.arithmetic import as_sympy
from conservative.functions.graph.elementary import NEAREST
from conservative.functions.graph.elementary import SHOWN as SHOWN_AS
from conservative.functions.graph.nodes import Graph, Label, Node, nodes_met
from conservative.functions.graph.sympy_functions import LABELLED, Nearest

_SORTED = 2_000
"""Operations in the operands of a Max, each use counted, up to which they are shown in sympy's order."""
SHOWN = 120
"""Operations in the text of one expression within a message."""
_GATHERED = frozenset({"add", "multiply", "max", "min", "and", "or"})
_DOTS = sympy.Symbol("...")
_RELATIONS = {"lt": sympy.Lt, "le": sympy.Le, "eq": sympy.Eq, "ge": sympy.Ge, "gt": sympy.Gt, "ne": sympy.Ne}


def written(graph: Graph, symbols: Sequence[Any], roots: Sequence[int], *, most: int | None = None) -> tuple[Any, ...]:
    """The nodes as sympy expressions that keep every switch, unevaluated; labelled nodes by their label.

    Shared nodes make these long when they are printed: with `most`, operands are left out, shown by dots, so that each
    node is at most that long.
    """
    built: dict[int, Any] = {}
    sizes: dict[int, int] = {}
    for index in _below(graph, roots, {}, graph.labels):
        label, node = graph.labels.get(index), graph.nodes[index]
        floored = _floored(graph, index)
        inputs = label.values if label is not None else node.args if floored is None else (floored,)
        kept = set(inputs) if most is None else _fitting(graph, inputs, sizes, most)
        sizes[index] = 1 + sum(sizes[a] if a in kept else 1 for a in inputs)
        shown = {a: built[a] if a in kept else _DOTS for a in inputs}
        if most is not None and node.op in _GATHERED:
            node = replace(node, args=_gathered(inputs, kept))
        if label is not None:
            built[index] = LABELLED[label.name](label.rank, *[shown[v] for v in label.values], evaluate=False)
        elif floored is not None:
            built[index] = sympy.floor(shown[floored], evaluate=False)
        else:
            built[index] = _switch(node, shown, symbols, size=sizes[index])
    return tuple(built[r] for r in roots)


def _floored(graph: Graph, index: int) -> int | None:
    """u where a node is floor(u) as the readers write it: a nearest integer n, and what is -1 where u < n."""
    parts = [graph.nodes[a] for a in graph.nodes[index].args] if graph.nodes[index].op == "add" else []
    if len(parts) != 2 or not parts[0].is_nearest or parts[1].op != "piecewise" or len(parts[1].args) != 4:
        return None
    nearest, (u,) = graph.nodes[index].args[0], parts[0].args
    short, rest, guard, default = (graph.nodes[a] for a in parts[1].args)
    compared = graph.nodes[guard.args[0]] if guard.op == "relation" and guard.data == "lt" else None
    whole = compared is not None and compared.args == (u, nearest) and default.op == "true"
    known = short.op == rest.op == "constant" and short.data == -1 and rest.data == 0
    return u if whole and known else None


def abbreviated(graph: Graph, symbols: Sequence[Any], index: int) -> str:
    """A node as text of bounded length; two sides for a comparison."""
    (shown,) = written(graph, symbols, [index], most=SHOWN)
    return f"{shown[0]} against {shown[1]}" if isinstance(shown, tuple) else str(shown)


def _gathered(inputs: Sequence[int], kept: set[int]) -> tuple[int, ...]:
    """The operands that are shown, and one of those that are not."""
    hidden = next((i for i in inputs if i not in kept), None)
    return tuple(i for i in inputs if i in kept or i == hidden)


def _fitting(graph: Graph, inputs: Sequence[int], sizes: Mapping[int, int], most: int) -> set[int]:
    """As many operands as stay within a size, the small ones first; both sides of a comparison always."""
    kept = {i for i in inputs if graph.nodes[i].op == "compare"}
    room = most - 8
    for index in sorted(inputs, key=lambda i: sizes[i]):
        room -= sizes[index]
        if room >= 0:
            kept.add(index)
    return kept


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


def _below(
    graph: Graph, roots: Sequence[int], branches: Mapping[int, int], labels: Mapping[int, Label] | None = None
) -> list[int]:
    def operands(index: int) -> Sequence[int]:
        node = graph.nodes[index]
        if node.op == "sign" and index in branches:
            return ()
        if labels and index in labels:
            return labels[index].values
        floored = None if labels is None else _floored(graph, index)
        if floored is not None:
            return (floored,)
        return (node.args[branches[index]],) if index in branches and node.op != "abs" else node.args

    return nodes_met(roots, operands)


def _unordered(kind: Any, inputs: Sequence[Any], size: int) -> Any:
    """Max, Min, And, Or; large ones without sympy's constructor, which sorts operands by walking through them."""
    if size <= _SORTED:
        return kind(*inputs, evaluate=False)
    made = sympy.Basic.__new__(kind, *inputs)
    made._argset = frozenset(inputs)
    return made


def _switch(node: Node, built: Mapping[int, Any], symbols: Sequence[Any], *, size: int) -> Any:
    inputs = [built[a] for a in node.args]
    match node.op:
        case "max":
            return _unordered(sympy.Max, inputs, size)
        case "min":
            return _unordered(sympy.Min, inputs, size)
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
        case "not":
            return sympy.Not(inputs[0], evaluate=False)
        case "and" | "or":
            return _unordered(sympy.And if node.op == "and" else sympy.Or, inputs, size)
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
        case "limit":
            return _DOTS
        case "add":
            return sympy.Add(*inputs, evaluate=evaluate)
        case "multiply":
            return sympy.Mul(*inputs, evaluate=evaluate)
        case "power":
            return sympy.Pow(inputs[0], as_sympy(node.data), evaluate=evaluate)
        case "exponential":
            return sympy.Pow(inputs[0], inputs[1], evaluate=evaluate)
        case _:
            kind = Nearest if node.data == NEAREST else SHOWN_AS.get(node.data) or getattr(sympy, node.data)
            return kind(inputs[0], evaluate=evaluate)


_DEEP = 40


def is_rebuilt(expression: Any) -> bool:
    """Whether sympy, building it again from its parts, makes the same expression; False where it is deep."""
    done: dict[Any, Any] = {}

    def rebuilt(part: Any, depth: int) -> Any:
        if depth > _DEEP:
            raise RecursionError
        if part.args and part not in done:
            done[part] = part.func(*[rebuilt(a, depth + 1) for a in part.args])
        return done.get(part, part)

    try:
        return bool(rebuilt(expression, 0) == expression)
    except RecursionError:
        return False
