"""Values at an exact point that differ by no more than the rounding of the numbers they come from.

0.1 x + 0.2 and 0.3 x at 1 differ by 3e-17 because decimals are rounded to doubles: as numbers they do not tie, and as
meant they do. A running error analysis bounds what rounding every constant, coordinate and operation to a double would
change.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from conservative.functions.graph.arithmetic import as_sympy
from conservative.functions.graph.elementary import FLOAT, SMOOTH
from conservative.functions.graph.evaluate import Trace, Undefined, comparisons
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph, nodes_met

UNIT = 2.0**-53
_SHORT = 2**20
"""Integers, and fractions with a power of two up to this below the line, were not rounded."""
FACTOR = 4.0
"""Differences up to this many times the bound on what rounding changes are listed."""


def rounding_ties(graph: Graph, trace: Trace) -> tuple[tuple[int, float], ...]:
    """The comparisons of unequal values that rounding could have parted, with their distances."""
    try:
        with np.errstate(all="ignore"):
            return tuple(_close_pairs(graph, trace))
    except OverflowError:
        return ()


def _close_pairs(graph: Graph, trace: Trace) -> list[tuple[int, float]]:
    sizes: dict[int, float] = {}
    found: dict[int, float] = {}
    for index in _compared(graph, trace):
        if isinstance(trace.values[index], Undefined):
            continue
        sizes[index] = _rounding(graph, trace, index, sizes)
        for left, right, error in _pairs(graph, trace, index, sizes):
            distance = abs(left - right) if isinstance(left, Fraction) and isinstance(right, Fraction) else None
            gap = float(abs(as_sympy(left) - as_sympy(right)).evalf(17)) if distance is None else float(distance)
            if 0.0 < gap <= FACTOR * error:
                found[index] = min(gap, found.get(index, gap))
    return list(found.items())


def _compared(graph: Graph, trace: Trace) -> list[int]:
    """What can enter the outputs: of a Piecewise the branches of equal value, of its guards the comparisons."""

    def operands(index: int) -> Sequence[int]:
        node = graph.nodes[index]
        if node.op != "piecewise":
            return node.args
        branches, guards = node.branches()
        compared = [c for guard in guards for c in comparisons(graph, guard)]
        return [*(branches[i] for i in trace.options[index]), *compared]

    return nodes_met(graph.outputs, operands)


def _pairs(graph: Graph, trace: Trace, index: int, sizes: Mapping[int, float]) -> list[tuple[Any, Any, float]]:
    """Values that are compared and not tied, with what rounding may change of their difference."""
    node, values, tied = graph.nodes[index], trace.values, trace.options.get(index, ())
    if node.op == "abs" and len(tied) == 1:
        return [(values[node.args[0]], Fraction(0), sizes[node.args[0]])]
    if node.op == "compare" and trace.signs.get(index):
        left, right = node.args
        return [(values[left], values[right], sizes[left] + sizes[right])]
    if node.op in ("max", "min"):
        return [(values[a], values[index], sizes[a] + sizes[index]) for i, a in enumerate(node.args) if i not in tied]
    return []


def _rounding(graph: Graph, trace: Trace, index: int, sizes: Mapping[int, float]) -> float:
    """A bound, to first order, of what rounding changes in the value of one node."""
    node, value = graph.nodes[index], trace.values[index]
    if node.op in BOOLEANS or node.op in ("compare", "sign"):
        return 0.0
    size = abs(float(value))
    if node.op in ("constant", "variable", "limit"):
        return 0.0 if is_short(value) else UNIT * size
    inputs = [a for a in node.args if a in sizes]
    if node.op in SWITCHES:
        return max((sizes[a] for a in inputs), default=0.0)
    before = [float(trace.values[a]) for a in node.args]
    inherited = _inherited(node.op, node.data, before, [sizes[a] for a in node.args])
    terms = sum(map(abs, before)) if node.op == "add" else size
    return inherited + UNIT * terms if inherited or not isinstance(value, Fraction) else 0.0


def _inherited(op: str, data: Any, values: list[float], errors: list[float]) -> float:
    match op:
        case "add":
            return sum(errors)
        case "multiply":
            return sum(e * _product(values[:i] + values[i + 1 :]) for i, e in enumerate(errors) if e)
        case "power":
            (base,), (error,) = values, errors
            exponent = float(data)
            return float(abs(exponent) * abs(base) ** (exponent - 1) * error if base else error ** max(exponent, 0.0))
        case "smooth":
            return abs(float(SMOOTH[data].slope(FLOAT, np.float64(values[0])))) * errors[0]
        case _:
            base, exponent = values
            power = abs(base) ** exponent
            return float(power * (abs(exponent / base) * errors[0] + abs(np.log(base)) * errors[1]))


def _product(values: list[float]) -> float:
    return abs(float(np.prod(values)))


def is_short(value: Any) -> bool:
    """Whether a number is exact in few binary digits, so that nobody rounded it."""
    return isinstance(value, Fraction) and _SHORT % value.denominator == 0
