"""Compiled evaluation: the graph as a list of NumPy calls, vectorised over leading axes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions._graph import Graph, Node
from conservative.functions._smooth import FLOAT, SMOOTH

_RELATIONS = {
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ge": np.greater_equal,
    "gt": np.greater,
    "ne": np.not_equal,
}


@dataclass(frozen=True, slots=True)
class _Step:
    call: Callable[..., Any]
    inputs: tuple[int, ...]
    output: int
    last_uses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """NumPy calls in order; each intermediate array is dropped after its last use."""

    steps: tuple[_Step, ...]
    outputs: tuple[int, ...]
    variables: tuple[tuple[int, int], ...]

    def run(self, columns: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """The outputs from the columns of (state, parameters); NaN where a value is not real."""
        slots: dict[int, Any] = {slot: columns[position] for slot, position in self.variables}
        with np.errstate(all="ignore"):
            for step in self.steps:
                slots[step.output] = step.call(*[slots[i] for i in step.inputs])
                for dead in step.last_uses:
                    del slots[dead]
        return [slots[o] for o in self.outputs]


def compile_graph(graph: Graph) -> Program:
    """Translate once; nothing is interpreted per point."""
    calls = [(i, *_call(node, graph)) for i, node in enumerate(graph.nodes) if node.op not in ("variable", "compare")]
    last: dict[int, int] = {slot: i for i, _, inputs in calls for slot in inputs}
    dying: dict[int, list[int]] = {}
    for slot, at in last.items():
        if slot not in graph.outputs:
            dying.setdefault(at, []).append(slot)
    steps = tuple(_Step(call, inputs, i, tuple(dying.get(i, ()))) for i, call, inputs in calls)
    variables = tuple((i, node.data) for i, node in enumerate(graph.nodes) if node.op == "variable")
    return Program(steps, graph.outputs, variables)


def _call(node: Node, graph: Graph) -> tuple[Callable[..., Any], tuple[int, ...]]:
    match node.op:
        case "constant":
            value = np.float64(float(node.data))
            return (lambda: value), ()
        case "add":
            return _sum, node.args
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
            flip = node.data
            return (lambda a, b: flip * np.sign(a - b)), graph.nodes[node.args[0]].args
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
