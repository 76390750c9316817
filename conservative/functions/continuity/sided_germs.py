"""Expressions of one variable by their series on the two sides of a point: smooth there, or with a kink.

With the slopes a + b to the right and a - b to the left, f(x) - b |x - x_0| has the derivative a at x_0, strictly, as
both sides are series in a root of |x - x_0| without terms of order below 1: cos(sqrt(Abs(x))) is 1 - |x|/2 + ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import Any

from conservative._core.errors import FunctionError
from conservative.functions.continuity.arcs import axis_arcs
from conservative.functions.continuity.laurent import LaurentArithmetic, power_series
from conservative.functions.continuity.power_series import Germ
from conservative.functions.graph.evaluate import Undefined, value_pass
from conservative.functions.graph.nodes import Graph, Label, Node, reachable

_ONE_SIDED = LaurentArithmetic()
_ROOM = 6
"""Nodes that a kink needs before the one that it takes the place of."""


def sided_germ(graph: Graph, root: int, column: int, point: Sequence[Any], *, edge: bool = False) -> Node | None:
    """A "limit" with value and slope of a node of one variable, or a "kink" with both slopes; None without series.

    With `edge`, a side on which a root has no value is left out: the point is then an edge of the domain.
    """
    below = reachable(graph.nodes, [root])
    jumps = any(graph.nodes[i].op in ("sign", "piecewise", "limit", "kink") for i in below)
    if jumps or not all(isinstance(x, Fraction) for x in point):
        return None
    roots = [i for i in below if graph.nodes[i].op == "power" and graph.nodes[i].data.denominator > 1]
    order = lcm(*(graph.nodes[i].data.denominator for i in roots))
    found: list[tuple[Fraction, Fraction]] = []
    for sign, arc in zip((1, -1), axis_arcs(point, column), strict=True):
        values = value_pass(graph, _ONE_SIDED, [(0, germ.stretched(order)) for germ in arc], {}).values
        if edge and any(_is_negative(values[graph.nodes[i].args[0]]) for i in roots):
            continue
        try:
            germ = None if isinstance(values[root], Undefined) else power_series(values[root])
            if germ is None or any(germ.term(i) for i in range(1, order)):
                return None
            found.append((germ.term(0), sign * germ.term(order)))
        except FunctionError:
            return None
    if not found or found[0][0] != found[-1][0]:
        return None
    (value, right), (_, left) = found[0], found[-1]
    if right == left:
        return Node("limit", (), (value, ((column, right),)))
    return Node("kink", (), (value, column, right, left, point[column]))


def with_kinks(graph: Graph, replaced: Mapping[int, Node]) -> tuple[Graph, Graph]:
    """The graph with some nodes replaced, and the graph itself with as many nodes where kinks need room."""
    kinks = {i: node.data for i, node in replaced.items() if node.op == "kink"}
    place = dict(enumerate(accumulate(_ROOM * (i in kinks) + 1 for i in range(len(graph.nodes)))))
    place = {i: end - 1 for i, end in place.items()}
    around: list[Node] = []
    local: list[Node] = []
    linear: list[bool] = []
    for index, node in enumerate(graph.nodes):
        new = replaced.get(index, node)
        if index in kinks:
            spare, new = _kink(graph, index, kinks[index], place)
            around += [*spare[:-1], Node("constant", data=kinks[index][0])]
            local += spare
            linear += [True] * (_ROOM - 1) + [False]
        else:
            new = Node(new.op, tuple(place[a] for a in new.args), new.data)
        around.append(Node(node.op, tuple(place[a] for a in node.args), node.data))
        local.append(new)
        linear.append(graph.linear[index])
    labels = {
        place[i]: Label(label.name, label.rank, tuple(place[v] for v in label.values))
        for i, label in graph.labels.items()
    }
    outputs = tuple(place[o] for o in graph.outputs)
    beside = replace(graph, nodes=tuple(around), outputs=outputs, linear=tuple(linear), labels=labels)
    return replace(beside, nodes=tuple(local)), beside


def _kink(graph: Graph, index: int, data: Any, place: Mapping[int, int]) -> tuple[list[Node], Node]:
    """v + a (x - x_0) + b |x - x_0|: the nodes before one place, and their sum for it."""
    value, column, right, left, origin = data
    start = place[index] - _ROOM
    variable = next(i for i, node in enumerate(graph.nodes) if node.op == "variable" and node.data == column)
    known = _distance(graph, range(index), variable, origin)
    spare = [
        Node("constant", data=-origin),
        Node("add", (start, place[variable]) if origin else (place[variable],)),
        Node("abs", (start + 1,)) if known is None else Node("constant", data=origin),
        Node("constant", data=(right - left) / 2),
        Node("multiply", (start + 3, start + 2 if known is None else place[known])),
        Node("limit", (), (value, ((column, (right + left) / 2),))),
    ]
    return spare, Node("add", (start + 4, start + 5))


def _distance(graph: Graph, among: Sequence[int], variable: int, origin: Fraction) -> int | None:
    """A node that is |x - x_0| already, so that both share one choice."""
    for index in among:
        node = graph.nodes[index]
        inner = graph.nodes[node.args[0]] if node.op == "abs" else node
        shift = [graph.nodes[a].data for a in inner.args if graph.nodes[a].op == "constant"]
        moved = inner.op == "add" and len(inner.args) == 2 and variable in inner.args and shift == [-origin]
        if node.op == "abs" and (moved or (node.args == (variable,) and not origin)):
            return index
    return None


def _is_negative(series: Any) -> bool:
    try:
        return not isinstance(series, Undefined) and _ONE_SIDED.compare(series, (0, Germ(()))) < 0
    except FunctionError:
        return False
