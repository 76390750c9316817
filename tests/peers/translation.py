"""The graph of a function, node by node, as a program of JAX or PyTorch in a given spelling."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

import conservative as cj
from conservative.functions.graph.nodes import BOOLEANS
from conservative.jacobians.explanation.spellings import bound_of, find_switches

_RELATIONS = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


@dataclass(frozen=True)
class Translation:
    """f(x) for a vector x. `framework` is one of `libraries.JAX` and `libraries.PYTORCH`."""

    F: cj.PiecewiseSelection
    framework: Any
    spelling: str = "maximum"

    def __call__(self, x: Any) -> Any:
        graph, switches = self.F.graph, find_switches(self.F.graph)
        values: list[Any] = []
        for index in range(len(graph.nodes)):
            values.append(self._node(graph, switches, index, values, x))
        return self.framework.stack([self.framework.number(values[o]) for o in graph.outputs])

    def _node(self, graph: Any, switches: Any, index: int, values: list[Any], x: Any) -> Any:
        node, label, library = graph.nodes[index], graph.labels.get(index), self.framework
        inputs = [values[a] for a in node.args]
        if label is not None:
            stacked = library.stack([library.number(values[a]) for a in label.values])
            if self.spelling == "median" and "median" in switches.kinds[index]:
                return library.median(stacked)
            return library.ranked(stacked, label.rank, label.name, top=self.spelling == "top_k")
        if index in switches.leaky and self.spelling == "leaky_relu":
            inner, slope = switches.leaky[index]
            return library.leaky_relu(values[inner], slope)
        if node.op in ("max", "min"):
            if index in switches.varying:
                return self._bound(graph, switches, index, values)
            numbers = [library.number(v) for v in inputs]
            return library.extremum(node.op, numbers, self.spelling)
        if node.op == "piecewise":
            half = len(inputs) // 2
            default = library.number(np.nan)
            pairs = list(zip(inputs[:half], inputs[half:], strict=True))[::-1]
            return reduce(lambda rest, p: library.where(p[1], library.number(p[0]), rest), pairs, default)
        return self._plain(graph, node, inputs, values, x)

    def _bound(self, graph: Any, switches: Any, index: int, values: list[Any]) -> Any:
        place, op = switches.varying[index], graph.nodes[index].op
        z, bound = values[graph.nodes[index].args[place]], bound_of(graph, index, place)
        fixed = {"hard_tanh": (-1.0, 1.0), "relu6": (0.0, 6.0)}.get(self.spelling)
        if fixed is not None and switches.clips.get(index) == fixed:
            inner = graph.nodes[index].args[place]
            if inner not in switches.clips:
                return z  # the other end is written by the outer switch
            return getattr(self.framework, self.spelling)(values[graph.nodes[inner].args[switches.varying[inner]]])
        if self.spelling == "relu" and bound != 0.0:
            return self.framework.bound(op, z, bound, "maximum")
        return self.framework.bound(op, z, bound, self.spelling)

    def _plain(self, graph: Any, node: Any, inputs: list[Any], values: list[Any], x: Any) -> Any:
        library = self.framework
        match node.op:
            case "constant":
                return float(node.data)
            case "variable":
                return x[node.data]
            case "add":
                return reduce(lambda a, b: a + b, inputs)
            case "multiply":
                return reduce(lambda a, b: a * b, inputs)
            case "power":
                if node.data == 0.5:
                    return library.sqrt(inputs[0])
                return inputs[0] ** (int(node.data) if node.data.denominator == 1 else float(node.data))
            case "exponential":
                return inputs[0] ** inputs[1]
            case "abs":
                return library.absolute(inputs[0])
            case "compare":
                return tuple(inputs)
            case "sign":
                return node.data * library.sign(library.number(inputs[0][0] - inputs[0][1]))
            case "smooth":
                return library.smooth(node.data, library.number(inputs[0]))
            case "relation":
                return _RELATIONS[node.data](*(library.number(v) for v in inputs[0]))
            case _:
                assert node.op in BOOLEANS
                return library.logic(node.op, inputs)


def lies_in_program_reading(F: cj.PiecewiseSelection, at: Sequence[float], derivative: Any) -> bool:
    """Whether a Jacobian is in the hull of all that a program which writes F this way may return."""
    J = cj.conservative_jacobian(F, at)
    block = np.asarray(derivative, dtype=np.float64).reshape(1, *J.vertices.shape[1:])
    scale = max(1.0, float(np.abs(J.vertices).max()))
    return bool(np.all(cj.MatrixPolytope(J.vertices / scale).contains(block / scale, tol=1e-9)))
