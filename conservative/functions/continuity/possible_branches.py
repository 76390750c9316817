"""Which branches a Piecewise can take at a point or arbitrarily near it: what its guards leave.

Values of branches may agree at a point where the guard is decided: Piecewise((x, x < 1), (x**2, True)) at 0. No
program takes the second branch near 0. Where guards are tied, a branch stays unless no signs that choose it are met.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from conservative.functions.continuity.jumps import reached
from conservative.functions.continuity.near_a_point import Occurrence, rational_point
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace, comparisons, first_true, value_pass
from conservative.functions.graph.nodes import Graph, reachable

_Slopes = dict[int, Fraction]


def decided_traces(
    graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], traces: Sequence[Trace], *, around: Graph
) -> tuple[Trace, ...]:
    """The same value passes, every Piecewise left with the branches that its guards choose at the point or near it.

    `around` is the graph beside the point, where the other holds what is known at the point only.
    """
    near = _Near(graph, arithmetic, point, around)
    kept = [trace for trace in traces if _through_the_point(trace) or near.met(trace, {})]
    return tuple(replace(t, options={**t.options, **{i: near.branches(t, i) for i in t.guarded}}) for t in kept)


class _Near:
    """What is met beside one point."""

    def __init__(self, graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], around: Graph) -> None:
        self.graph, self.arithmetic, self.point, self.around = graph, arithmetic, point, around
        self._rational: Any = ()

    def branches(self, trace: Trace, index: int) -> tuple[int, ...]:
        """The branches of one Piecewise that are met; those that cannot be told stay."""
        options, guards = trace.guarded[index], self.graph.nodes[index].branches()[1]
        here = first_true(self.graph, guards, trace.signs)
        if len(options) == 1 or here is None or crosses_one(self.graph, guards, trace):
            return options
        kept = {here}
        for chosen, signs in branch_patterns(self.graph, guards, trace):
            if chosen is None:
                return options
            if chosen in options and chosen not in kept and self.met(trace, signs):
                kept.add(chosen)
        return tuple(i for i in options if i in kept)

    def met(self, trace: Trace, signs: Mapping[int, int]) -> bool:
        """Whether some signs of tied comparisons may be met beside the point: not proved never to be."""
        asked = replace(trace, forced={**trace.forced, **signs}, signs={**trace.signs, **signs})
        found = reached(self.graph, self.arithmetic, asked, self._rational_point(), around=self.around)
        return found is not Occurrence.NEVER

    def _rational_point(self) -> Any:
        if self._rational == ():
            base = value_pass(self.graph, self.arithmetic, self.point, {})
            self._rational = rational_point(self.graph, self.arithmetic, self.point, base)
        return self._rational


def crosses_one(graph: Graph, guards: Sequence[int], trace: Trace) -> bool:
    """Whether only one comparison is tied, of two sides that are affine and differ: both signs are met."""
    tied = {c for guard in guards for c in comparisons(graph, guard) if trace.boundary(c)}
    return len(tied) == 1 and affine_comparison(graph, *tied)


def affine_comparison(graph: Graph, compared: int) -> bool:
    """Whether a comparison is of two sides whose difference is affine, with rational slopes, and not constant."""
    left, right = graph.nodes[compared].args
    slopes: dict[int, _Slopes | None] = {}
    for index in reachable(graph.nodes, (left, right)):
        slopes[index] = _slopes(graph, index, slopes)
    first, second = slopes[left], slopes[right]
    if first is None or second is None:
        return False
    return any(first.get(v, 0) != second.get(v, 0) for v in {*first, *second})


def _slopes(graph: Graph, index: int, known: Mapping[int, _Slopes | None]) -> _Slopes | None:
    """The slope of an affine node in every variable; None where it is not affine."""
    node = graph.nodes[index]
    if node.op in ("constant", "variable"):
        return {node.data: Fraction(1)} if node.op == "variable" else {}
    factor = Fraction(1)
    if node.op == "multiply":
        constants = [graph.nodes[a].data for a in node.args if graph.nodes[a].op == "constant"]
        if len(constants) < len(node.args) - 1 or not all(isinstance(c, Fraction) for c in constants):
            return None
        factor = prod(constants, start=factor)
    elif node.op != "add":
        return None
    total: _Slopes = {}
    for part in (known[a] for a in node.args):
        if part is None:
            return None
        for variable, slope in part.items():
            total[variable] = total.get(variable, Fraction(0)) + factor * slope
    return total


def _through_the_point(trace: Trace) -> bool:
    return not any(trace.forced.values())


def branch_patterns(graph: Graph, guards: Sequence[int], trace: Trace) -> Iterator[tuple[int | None, dict[int, int]]]:
    """Each choice of a Piecewise with the signs that lead to it, read as a program reads them: first guard first."""
    settled = {c: s for c, s in trace.signs.items() if not trace.boundary(c)}
    stack: list[dict[int, int]] = [{}]
    while stack:
        asked = stack.pop()
        signs = settled | asked
        chosen = first_true(graph, guards, signs)
        read = (c for guard in guards for c in comparisons(graph, guard) if c not in signs and trace.boundary(c))
        compared = next(read, None) if chosen is None else None
        if compared is None:
            yield chosen, asked
        else:
            stack.extend({**asked, compared: sign} for sign in (0, 1, -1))
