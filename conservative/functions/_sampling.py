"""Jumps that are cheap to find: a few exact points on guards, when a function is built."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from conservative._core.errors import BudgetError, DiscontinuityError, FunctionError
from conservative.functions._arithmetic import ExactArithmetic
from conservative.functions._continuity import continuous_traces
from conservative.functions._graph import Graph
from conservative.functions._values import Undefined, comparisons, value_pass

_MAX_GUARDS = 12
_SAMPLES = 3


def find_jump(selection: Any) -> str | None:
    """A point of a guard where F jumps, in words, when every sampled point of that guard is a jump.

    One continuous sample acquits a guard: a soft-threshold is continuous only for thresholds of one sign, and
    which signs a user means is not known here.
    """
    graph: Graph = selection.graph
    guards = sorted(
        {
            c
            for index, node in enumerate(graph.nodes)
            if node.op in ("piecewise", "sign")
            for g in (node.branches()[1] if node.op == "piecewise" else node.args)
            for c in comparisons(graph, g)
        }
    )
    for compared in guards[:_MAX_GUARDS]:
        verdicts = [_verdict(graph, point) for point in _boundary_points(graph, compared)]
        if verdicts and all(verdict is not None for verdict, _ in verdicts):
            reason, point = verdicts[0]
            where = ", ".join(f"{n} = {v}" for n, v in zip(selection.names, point, strict=True))
            return f"at {where}: {reason}"
    return None


def _verdict(graph: Graph, point: tuple[Fraction, ...]) -> tuple[str | None, tuple[Fraction, ...]]:
    try:
        continuous_traces(graph, ExactArithmetic(), point, limit=200)
    except DiscontinuityError as error:
        return str(error), point
    except (FunctionError, BudgetError):
        return None, point
    return None, point


def _boundary_points(graph: Graph, compared: int) -> Iterator[tuple[Fraction, ...]]:
    """Rational points where the two compared values are equal, solved along one variable they are affine in."""
    found = 0
    for attempt in range(2 * _SAMPLES):
        base = [Fraction(3 * attempt + 2 * i + 1, 7) for i in range(graph.width)]
        for column in range(graph.width):
            root = _affine_root(graph, compared, base, column)
            if root is not None:
                yield tuple(base[:column] + [root] + base[column + 1 :])
                found += 1
                break
        if found == _SAMPLES or (attempt == 1 and not found):
            return


def _affine_root(graph: Graph, compared: int, base: list[Fraction], column: int) -> Fraction | None:
    values = []
    for step in (0, 1, 3):
        point = base[:column] + [Fraction(step)] + base[column + 1 :]
        left, right = (_value(graph, point, side) for side in graph.nodes[compared].args)
        if left is None or right is None:
            return None
        values.append(left - right)
    slope = values[1] - values[0]
    if slope == 0 or values[2] - values[0] != 3 * slope:
        return None
    return -values[0] / slope


def _value(graph: Graph, point: list[Fraction], index: int) -> Fraction | None:
    value = value_pass(graph, ExactArithmetic(), point, {}).values[index]
    return value if isinstance(value, Fraction) and not isinstance(value, Undefined) else None
