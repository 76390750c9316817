"""Points on the boundary of the domain: a root whose argument is zero there and negative arbitrarily near.

x**(3/2) has the derivative 0 at 0 from the right and no value on the left: no Jacobian there says how F changes around
the point, and none is Clarke's, which speaks of a neighbourhood.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from conservative._core.errors import FunctionError
from conservative.functions.continuity.compared_signs import never_negative
from conservative.functions.continuity.jumps import reached
from conservative.functions.continuity.near_a_point import Occurrence, rational_point
from conservative.functions.continuity.possible_branches import branch_patterns
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace, value_pass
from conservative.functions.graph.nodes import SWITCHES, Graph, Node, nodes_met


def domain_edges(graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], trace: Trace) -> tuple[int, ...]:
    """The powers of a node that is 0 at the point and not proved nonnegative around it, where they are evaluated."""
    return tuple(
        index
        for index in _live(graph, trace)
        if graph.nodes[index].op == "power"
        and graph.nodes[index].data.denominator != 1
        and _ends(graph, arithmetic, point, trace, index)
    )


def _ends(graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], trace: Trace, index: int) -> bool:
    """Whether points arbitrarily near this one may lie beyond the domain of a power."""
    base = graph.nodes[index].args[0]
    if base in never_negative(graph):
        return False
    if arithmetic.compare(trace.values[base], arithmetic.constant(Fraction(0))) != 0:
        return False
    zero, compared = len(graph.nodes), len(graph.nodes) + 1
    nodes = (*graph.nodes, Node("constant", data=Fraction(0)), Node("compare", (base, zero)))
    asked = replace(graph, nodes=nodes, linear=(*graph.linear, True, graph.linear[base]))
    known = value_pass(asked, arithmetic, point, {})
    rational = rational_point(asked, arithmetic, point, known)
    forced = {**trace.forced, compared: -1}

    def met(signs: Mapping[int, int]) -> bool:
        below = value_pass(asked, arithmetic, point, {**forced, **signs})
        return reached(asked, arithmetic, below, rational) is not Occurrence.NEVER

    try:
        return met({}) and all(any(map(met, patterns)) for patterns in _leading_to(graph, trace, index))
    except FunctionError:
        return True


def _leading_to(graph: Graph, trace: Trace, index: int) -> Iterator[list[dict[int, int]]]:
    """For every Piecewise that may leave a node out: the signs of its tied comparisons that do not."""
    for switch, options in trace.options.items():
        if graph.nodes[switch].op != "piecewise" or len(options) == 1:
            continue
        through = {i for i in options if index in _live(graph, replace(trace, options={**trace.options, switch: (i,)}))}
        if len(through) < len(options):
            guards = graph.nodes[switch].branches()[1]
            yield [signs for chosen, signs in branch_patterns(graph, guards, trace) if chosen in through]


def _live(graph: Graph, trace: Trace) -> list[int]:
    def operands(index: int) -> Sequence[int]:
        node = graph.nodes[index]
        if node.op not in SWITCHES or node.op in ("abs", "sign") or index not in trace.options:
            return node.args
        options = trace.options[index]
        guards = node.branches()[1][: max(options, default=0) + 1] if node.op == "piecewise" else ()
        return [*(node.args[i] for i in options), *guards]

    return nodes_met(graph.outputs, operands)
