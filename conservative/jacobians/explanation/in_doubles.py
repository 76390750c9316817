"""A formula in doubles, as a program computes it: ties are equal doubles, and values may be infinite or no numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.compiled import node_values
from conservative.functions.graph.elementary import FLOAT, SMOOTH
from conservative.functions.graph.nodes import BOOLEANS, Graph, Node

_UNIT = 2.0**-52
_LARGEST_POWER = 64
_EXACT_AT = {
    **dict.fromkeys(("exp", "sin", "cos", "tan", "asin", "atan", "sinh", "cosh", "tanh", "asinh", "atanh"), 0.0),
    **dict.fromkeys(("erf", "log1p", "expm1", "sigmoid", "sinc"), 0.0),
    **dict.fromkeys(("log", "acos", "acosh"), 1.0),
}
"""Where the value of a smooth function is a double. softplus of a rational number is never rational."""


@dataclass(frozen=True, slots=True)
class Doubles:
    """The value of every node in doubles.

    `values`: doubles; truth values for guards; None for comparisons. `uncertain`: switches and comparisons whose
    operands differ by no more than their rounding, with the difference: a program that rounds otherwise takes another
    branch. Estimated, not proved.
    """

    graph: Graph
    values: tuple[Any, ...]
    uncertain: dict[int, float]

    def tied(self, index: int) -> tuple[int, ...]:
        """The operands of a maximum, minimum or absolute value whose doubles agree with the result."""
        node = self.graph.nodes[index]
        inputs = [self.values[a] for a in node.args]
        if node.op == "abs":
            return (0, 1) if inputs[0] == 0 else (0,) if inputs[0] > 0 else (1,)
        return tuple(i for i, v in enumerate(inputs) if v == self.values[index]) or (0,)

    def branch(self, index: int) -> int | None:
        """The branch of a Piecewise whose guard is the first to hold."""
        guards = self.graph.nodes[index].branches()[1]
        return next((i for i, g in enumerate(guards) if self.values[g]), None)

    def order(self, values: Sequence[int]) -> list[int]:
        """The places of values in increasing order; equal ones keep theirs."""
        return sorted(range(len(values)), key=lambda i: float(self.values[values[i]]))

    def slopes(self, index: int) -> list[tuple[int, Any]]:
        """The partial derivatives of a node that is no switch."""
        node = self.graph.nodes[index]
        inputs = [self.values[a] for a in node.args]
        with np.errstate(all="ignore"):
            return list(zip(node.args, _partials(node, inputs, self.values[index]), strict=True))


def in_doubles(graph: Graph, point: Sequence[float]) -> Doubles:
    """Every node at a point of doubles."""
    with np.errstate(all="ignore"):
        values = node_values(graph, [np.float64(v) for v in point])
        return Doubles(graph, tuple(values), _uncertain(graph, values))


def _partials(node: Node, inputs: list[Any], value: Any) -> list[Any]:
    match node.op:
        case "add":
            return [np.float64(1.0)] * len(inputs)
        case "multiply":
            return [np.prod(inputs[:i] + inputs[i + 1 :], dtype=np.float64) for i in range(len(inputs))]
        case "power":
            exponent = float(node.data)
            return [np.float64(exponent) * np.power(inputs[0], exponent - 1.0)]
        case "smooth":
            return [np.float64(SMOOTH[node.data].slope(FLOAT, inputs[0]))]
        case _:
            base, exponent = inputs
            logarithm = np.log(base) if base != 0 or exponent <= 0 else np.float64(0.0)
            return [exponent * np.power(base, exponent - 1.0), value * logarithm]


def _uncertain(graph: Graph, values: list[Any]) -> dict[int, float]:
    errors: list[float] = []
    found: dict[int, float] = {}
    for index, node in enumerate(graph.nodes):
        inputs, carried = [values[a] for a in node.args], [errors[a] for a in node.args]
        errors.append(_error(node, inputs, carried, values[index]))
        label = graph.labels.get(index)
        if label is not None:
            close = _closest([(values[a], errors[a]) for a in label.values])
        elif node.op in ("max", "min"):
            best = inputs.index(values[index]) if values[index] in inputs else 0
            close = min(
                (_closest([(inputs[best], carried[best]), other]) for other in _others(inputs, carried, best)),
                key=lambda distance: np.inf if distance is None else distance,
            )
        else:
            compared = {
                "compare": list(zip(inputs, carried, strict=True)),
                "abs": [(0.0, 0.0), *zip(inputs, carried, strict=True)],
            }
            close = _closest(compared.get(node.op, []))
        if close is not None:
            found[index] = close
    return found


def _others(inputs: list[Any], errors: list[float], best: int) -> list[tuple[Any, float]]:
    return [pair for place, pair in enumerate(zip(inputs, errors, strict=True)) if place != best]


def _closest(pairs: Sequence[tuple[Any, float]]) -> float | None:
    """The smallest difference that is within the errors of its two sides, exact ones excepted."""
    ranked = sorted(((float(v), e) for v, e in pairs if np.isfinite(v)), key=lambda pair: pair[0])
    close = [
        high - low
        for (low, below), (high, above) in pairwise(ranked)
        if below + above > 0.0 and high - low <= below + above
    ]
    return min(close, default=None)


def _error(node: Node, inputs: list[Any], errors: list[float], value: Any) -> float:
    """About how far a double may be from the exact value; 0 where it is exact in every order of operations."""
    if node.op == "constant":
        return 0.0 if isinstance(node.data, Fraction) and Fraction(float(node.data)) == node.data else _ulp(value)
    if node.op == "variable" or node.op in BOOLEANS or node.op == "compare" or not np.isfinite(value):
        return 0.0
    if node.is_nearest:
        return 0.0
    if node.op in ("max", "min", "abs", "sign", "piecewise"):
        return max(errors, default=0.0)
    if not any(errors) and _is_exact(node, inputs, value):
        return 0.0
    if node.op == "add":
        return float(sum(errors)) + len(inputs) * _UNIT * float(sum(abs(v) for v in inputs))
    spread = sum(abs(float(s)) * e for s, e in zip(_partials(node, inputs, value), errors, strict=True) if e)
    return 2.0 * spread + 2.0 * len(inputs) * _ulp(value)


def _is_exact(node: Node, inputs: list[Any], value: Any) -> bool:
    if node.op == "add":
        return sum(map(Fraction, inputs)) == Fraction(value)
    if node.op == "multiply":
        return Fraction(value) == prod(map(Fraction, inputs))
    if node.op == "power" and abs(node.data) <= _LARGEST_POWER:
        root, whole = node.data.denominator, node.data.numerator
        return Fraction(value) ** root == Fraction(inputs[0]) ** whole if inputs[0] or whole > 0 else False
    return node.op == "smooth" and inputs[0] == _EXACT_AT.get(node.data)


def _ulp(value: NDArray[np.float64] | float) -> float:
    return _UNIT * abs(float(value))
