"""Compiled evaluation: the graph as a list of NumPy calls, vectorised over leading axes."""

import math
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.elementary import FLOAT, SMOOTH
from conservative.functions.graph.nodes import Graph, Node

_RELATIONS = {
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ge": np.greater_equal,
    "gt": np.greater,
    "ne": np.not_equal,
}


_CHUNK = 16384
"""Points at a time: arrays of 128 KiB stay in the cache and in malloc's pool (the fastest of a few sizes tried)."""


@dataclass(frozen=True, slots=True)
class _Step:
    call: Callable[..., Any]
    inputs: tuple[int, ...]
    output: int
    last_uses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompiledGraph:
    """NumPy calls in order; each intermediate array is dropped after its last use."""

    steps: tuple[_Step, ...]
    outputs: tuple[int, ...]
    variables: tuple[tuple[int, int], ...]
    graph: Graph

    def __reduce__(self) -> tuple[Callable[[Graph], "CompiledGraph"], tuple[Graph]]:
        return compile_graph, (self.graph,)  # the calls hold functions without a name, which cannot be pickled

    def evaluate(self, groups: Sequence[NDArray[np.float64]], batch: tuple[int, ...]) -> NDArray[np.float64]:
        """The outputs (*batch, q) from groups of columns (..., width), whose leading axes broadcast to `batch`.

        NaN where a value is not real. Points are taken in chunks, so that intermediate arrays stay in the cache.
        """
        flat = [_flat(group, batch) for group in groups]
        result = np.empty((math.prod(batch), len(self.outputs)))
        with np.errstate(all="ignore"):
            for start in range(0, len(result), _CHUNK):
                part = slice(start, start + _CHUNK)
                columns = [c for group in flat for c in (group if group.ndim == 1 else group[part].T.copy())]
                self._run(columns, result[part].T)
        return result.reshape(*batch, len(self.outputs))

    def _run(self, columns: Sequence[Any], rows: NDArray[np.float64]) -> None:
        slots: dict[int, Any] = {slot: columns[position] for slot, position in self.variables}
        for step in self.steps:
            slots[step.output] = step.call(*[slots[i] for i in step.inputs])
            for dead in step.last_uses:
                del slots[dead]
        for row, output in zip(rows, self.outputs, strict=True):
            row[...] = slots[output]


def _flat(group: NDArray[np.float64], batch: tuple[int, ...]) -> NDArray[np.float64]:
    """A group as (N, width), or (width,) where all points share it."""
    if group.ndim == 1:
        return group
    return np.broadcast_to(group, (*batch, group.shape[-1])).reshape(math.prod(batch), group.shape[-1])


def compile_graph(graph: Graph) -> CompiledGraph:
    """Translate once; nothing is interpreted per point."""
    calls: dict[int, tuple[Callable[..., Any], tuple[int, ...]]] = {}
    shared = {i for i, users in Counter(a for node in graph.nodes for a in node.args).items() if users > 1}
    shared.update(graph.outputs)
    wanted = set(graph.outputs)
    for index in reversed(range(len(graph.nodes))):
        node = graph.nodes[index]
        if index in wanted and node.op != "variable":
            calls[index] = _signed_sum(node, graph, shared) if node.op == "add" else _call(node, graph)
            wanted.update(calls[index][1])
    last: dict[int, int] = {}
    for index in sorted(calls):
        last.update(dict.fromkeys(calls[index][1], index))
    dying: dict[int, list[int]] = {}
    for slot, at in last.items():
        if slot not in graph.outputs:
            dying.setdefault(at, []).append(slot)
    steps = tuple(_Step(*calls[i], i, tuple(dying.get(i, ()))) for i in sorted(calls))
    variables = tuple((i, node.data) for i, node in enumerate(graph.nodes) if node.op == "variable" and i in wanted)
    return CompiledGraph(steps, graph.outputs, variables, graph)


def _call(node: Node, graph: Graph) -> tuple[Callable[..., Any], tuple[int, ...]]:
    match node.op:
        case "constant":
            value = np.float64(float(node.data))
            return (lambda: value), ()
        case "multiply":
            return _product, node.args
        case "power":
            return _power(node.data), node.args
        case "exponential":
            return np.power, node.args
        case "smooth":
            rule = SMOOTH[node.data].value
            return (lambda v: rule(FLOAT, v)), node.args
        case "max":
            return _fold(np.maximum), node.args
        case "min":
            return _fold(np.minimum), node.args
        case "abs":
            return np.abs, node.args
        case "sign":
            return _sign(node, graph)
        case "relation":
            return _RELATIONS[node.data], graph.nodes[node.args[0]].args
        case _:
            return _guarded(node)


def _guarded(node: Node) -> tuple[Callable[..., Any], tuple[int, ...]]:
    match node.op:
        case "true" | "false":
            value = np.bool_(node.op == "true")
            return (lambda: value), ()
        case "and":
            return _fold(np.logical_and), node.args
        case "or":
            return _fold(np.logical_or), node.args
        case "not":
            return np.logical_not, node.args
        case _:
            return _select, node.args


def _fold(call: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *inputs: reduce(call, inputs)


def _signed_sum(node: Node, graph: Graph, shared: Set[int]) -> tuple[Callable[..., Any], tuple[int, ...]]:
    """A sum; terms times -1 that nothing else needs are subtracted instead of negated first."""
    plain: list[int] = []
    negated: list[int] = []
    for term in node.args:
        inner = None if term in shared else _negated(term, graph)
        plain.append(term) if inner is None else negated.append(inner)
    if not plain:
        return _sum, node.args
    count = len(plain)
    return (lambda *inputs: _subtract(_sum(*inputs[:count]), *inputs[count:])), (*plain, *negated)


def _negated(term: int, graph: Graph) -> int | None:
    """What a term is -1 times of."""
    node = graph.nodes[term]
    if node.op != "multiply" or len(node.args) != 2:
        return None
    first = graph.nodes[node.args[0]]
    # A power of -1 has that for its data too.
    return node.args[1] if first.op == "constant" and first.data == -1 else None


def _subtract(first: Any, *rest: Any) -> Any:
    return reduce(np.subtract, rest, first)


def _sign(node: Node, graph: Graph) -> tuple[Callable[..., Any], tuple[int, ...]]:
    left, right = graph.nodes[node.args[0]].args
    if graph.nodes[right].op == "constant" and graph.nodes[right].data == 0:
        return (np.sign if node.data > 0 else (lambda a: -np.sign(a))), (left,)
    flip = node.data
    return (lambda a, b: flip * np.sign(a - b)), (left, right)


def _sum(*inputs: Any) -> Any:
    return reduce(np.add, inputs)


def _product(*inputs: Any) -> Any:
    return reduce(np.multiply, inputs)


def _power(exponent: Any) -> Callable[[Any], Any]:
    if exponent == -1:
        return lambda v: 1.0 / v
    if exponent == 2:
        return np.square
    if exponent * 2 == 1:
        return np.sqrt
    fixed = float(exponent)
    return lambda v: np.power(v, fixed)


def _select(*inputs: Any) -> Any:
    half = len(inputs) // 2
    result: Any = np.float64(np.nan)
    for value, guard in zip(reversed(inputs[:half]), reversed(inputs[half:]), strict=True):
        result = value if guard is np.True_ else np.where(guard, value, result)
    return result


def node_values(graph: Graph, columns: Sequence[Any]) -> list[Any]:
    """The value of every node, the variables being given: a number or a truth value each, None for comparisons."""
    values: list[Any] = []
    for node in graph.nodes:
        if node.op in ("variable", "compare"):
            values.append(columns[node.data] if node.op == "variable" else None)
            continue
        call, inputs = (_sum, node.args) if node.op == "add" else _call(node, graph)
        values.append(np.asarray(call(*[values[i] for i in inputs]))[()])
    return values
