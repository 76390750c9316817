"""An interval for every entry of the Jacobian, over all choices of a group of ties: the crudest outer bound.

One forward pass with intervals: a tied switch gives the smallest box around the gradients of its branches. Choices that
occur twice are taken as independent, so that the box is a superset; its cost does not depend on their number.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.forward_mode import dense, partial_derivatives, propagate
from conservative.functions.graph.nodes import SWITCHES, Graph
from conservative.functions.ties.active_pieces import Key, choice_key

Matrix = NDArray[Any]
Box = tuple[Matrix, Matrix]


def entry_boxes(
    graph: Graph,
    trace: Trace,
    arithmetic: Arithmetic,
    *,
    live: Sequence[int],
    taken: Mapping[Key, int],
    group: Collection[Key],
) -> Box:
    """Lower and upper ends (q, n), the choices in `group` being free and the others as in `taken`."""
    boxes: dict[int, Box] = {}
    for index in live:
        boxes[index] = _box(graph, trace, arithmetic, index, boxes, taken, group)
    ends = [np.stack([boxes[o][side] for o in graph.outputs]) for side in (0, 1)]
    return ends[0], ends[1]


def _box(
    graph: Graph,
    trace: Trace,
    arithmetic: Arithmetic,
    index: int,
    boxes: Mapping[int, Box],
    taken: Mapping[Key, int],
    group: Collection[Key],
) -> Box:
    node = graph.nodes[index]
    if node.op in SWITCHES and node.op != "sign":
        options = trace.options[index]
        key = choice_key(graph, index)
        chosen = options if key in group and len(options) > 1 else (taken.get(key, options[0]),)
        branches = [_branch(graph, index, option, boxes) for option in chosen]
        return _least([b[0] for b in branches]), -_least([-b[1] for b in branches])
    if node.op in ("constant", "sign", "variable"):
        row = dense(propagate(graph, trace, arithmetic, index=index, inputs={}, branch=0), graph.width, arithmetic)
        return row, row
    low = high = dense(None, graph.width, arithmetic)
    for argument, slope in partial_derivatives(node, index, trace, arithmetic):
        inner = boxes[argument]
        if inner[0].any() or inner[1].any():
            factor = slope()
            ends = inner if arithmetic.compare(factor, factor * 0) >= 0 else inner[::-1]
            low, high = low + factor * ends[0], high + factor * ends[1]
    return low, high


def _branch(graph: Graph, index: int, option: int, boxes: Mapping[int, Box]) -> Box:
    node = graph.nodes[index]
    if node.op != "abs":
        return boxes[node.args[option]]
    low, high = boxes[node.args[0]]
    return (low, high) if option == 0 else (-high, -low)


def _least(rows: list[Matrix]) -> Matrix:
    least = rows[0]
    for row in rows[1:]:
        least = np.where(row < least, row, least)
    return least
