"""Forward accumulation of Jacobians on the graph at one point, for given choices of branches."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.nodes import Graph, Node

_ZERO = Fraction(0)
Gradient = NDArray[Any] | None
"""The derivative of one node in (state, parameters); None for nodes that no variable enters."""


def dense(gradient: Gradient, width: int, arithmetic: Arithmetic) -> NDArray[Any]:
    """A gradient with its zeros written out."""
    if gradient is not None:
        return gradient
    if not arithmetic.exact:
        return np.zeros(width)
    return np.full(width, _ZERO, dtype=object)


def subtract(left: Gradient, right: Gradient, width: int, arithmetic: Arithmetic) -> NDArray[Any]:
    """The difference of two gradients, in normal form."""
    return arithmetic.clean(dense(left, width, arithmetic) - dense(right, width, arithmetic))


def propagate(
    graph: Graph, trace: Trace, arithmetic: Arithmetic, *, index: int, inputs: Mapping[int, Gradient], branch: int
) -> Gradient:
    """The gradient of one numeric node from those of its operands; `branch` is read at switches."""
    node = graph.nodes[index]
    if node.op == "variable":
        unit = dense(None, graph.width, arithmetic)
        unit[node.data] = arithmetic.constant(Fraction(1))
        return unit
    if node.op in ("constant", "sign") or node.is_nearest:
        return None
    if node.op == "limit":
        row = dense(None, graph.width, arithmetic)
        for column, slope in node.data[1]:
            row[column] = arithmetic.constant(slope)
        return row
    if node.op in ("max", "min", "piecewise"):
        return inputs[node.args[branch]]
    if node.op == "abs":
        inner = inputs[node.args[0]]
        return inner if inner is None or branch == 0 else -inner
    if node.op == "add":
        terms = [inputs[a] for a in node.args if inputs[a] is not None]
    else:
        terms = [
            slope() * inputs[argument]
            for argument, slope in partial_derivatives(node, index, trace, arithmetic)
            if inputs[argument] is not None
        ]
    return arithmetic.clean(_total(terms)) if terms else None


def _total(terms: Sequence[Any]) -> NDArray[Any]:
    """The sum of gradients; where they are objects, of the entries that are not zero."""
    total: NDArray[Any] = np.array(terms[0])
    for term in terms[1:]:
        places = term.nonzero() if term.dtype == object else slice(None)
        total[places] += term[places]
    return total


def partial_derivatives(
    node: Node, index: int, trace: Trace, arithmetic: Arithmetic
) -> list[tuple[int, Callable[[], Any]]]:
    """Each operand with its partial derivative, computed only for operands that vary."""
    values = [trace.values[a] for a in node.args]
    one = arithmetic.constant(Fraction(1))
    match node.op:
        case "add":
            return [(a, lambda: one) for a in node.args]
        case "multiply":
            return [
                (a, lambda i=i: arithmetic.multiply(values[:i] + values[i + 1 :]))  # type: ignore[misc]
                for i, a in enumerate(node.args)
            ]
        case "power":
            return [(node.args[0], lambda: _power_slope(values[0], node.data, arithmetic))]
        case "smooth":
            return [(node.args[0], lambda: arithmetic.smooth(node.data, values[0], slope=True))]
        case _:
            base, exponent = values
            value = trace.values[index]
            return [
                (node.args[0], lambda: arithmetic.multiply([value, exponent, arithmetic.power(base, Fraction(-1))])),
                (node.args[1], lambda: arithmetic.multiply([value, arithmetic.smooth("log", base)])),
            ]


def _power_slope(base: Any, exponent: Fraction, arithmetic: Arithmetic) -> Any:
    return arithmetic.multiply([arithmetic.constant(exponent), arithmetic.power(base, exponent - 1)])
