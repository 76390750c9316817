"""`explain`: which switches are tied at a point, what each choice gives, and which one a program would take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conservative._core.errors import BudgetError
from conservative.functions import PiecewiseSelection
from conservative.functions.arrays.structured_map import StructuredMap
from conservative.functions.graph.arithmetic import Arithmetic, as_sympy
from conservative.functions.graph.evaluate import Trace, Undefined, value_pass
from conservative.functions.graph.nodes import Graph
from conservative.functions.graph.printing import signed_relation
from conservative.functions.graph.to_sympy import SHOWN, abbreviated, written
from conservative.functions.points import Point
from conservative.functions.state_map import StateMap
from conservative.functions.ties.active_pieces import Choices, Differentiator, Key, choice_key, enumerate_choices
from conservative.jacobians.as_graph import as_selection
from conservative.jacobians.explanation.explanation import Explanation, Tie, TiedBranch
from conservative.jacobians.explanation.in_doubles import Doubles, in_doubles
from conservative.jacobians.explanation.of_programs import ProgramExplanation, explain_program
from conservative.jacobians.explanation.predictions import library_derivatives
from conservative.jacobians.explanation.spellings import SwitchSpellings, find_switches
from conservative.jacobians.explanation.tie_rules import tie_rules
from conservative.jacobians.formula_ties import AtPoint
from conservative.jacobians.jacobian_set import JacobianSet

_MAX_PIECES = 4096
_SHOWN_COMPONENTS = 3


def explain(
    F: PiecewiseSelection | StructuredMap | StateMap, at: Any = None, *, tolerance: float | None = None
) -> Explanation | ProgramExplanation:
    """Explain the conservative Jacobian of F at a point: its ties, their branches, and what programs would choose.

    Parameters
    ----------
    F : PiecewiseSelection, StructuredMap, or any StateMap such as `from_numpy` makes
        A map of arrays is written out as sums of Max first, which limits its size.
    at : mapping of symbol or name to number, or sequence of numbers, optional
        As in `conservative_jacobian`.
    tolerance : float, optional
        For ties at float points, as in `conservative_jacobian` (default 1e-9); at exact points ties are exact.

    Returns
    -------
    Explanation, or ProgramExplanation
        For a program: its ties by file and line, and what its library's own differentiation returns.

    Raises
    ------
    FunctionError, DiscontinuityError, ArgumentError, ArgumentTypeError, ShapeError
        As `conservative_jacobian`.

    Notes
    -----
    Libraries see a tie only where two doubles are equal, whatever the tolerance. Their rules are those of the table
    `conservative.jacobians.explanation.conventions`, observed in the versions that the report prints; they are applied
    switch by switch in doubles, by reverse and by forward accumulation, infinite and undefined branches included.
    A library that simplifies or reorders the formula first may return something else, which still lies in the
    program reading of what it evaluates.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> explanation = explain(from_sympy("Max(-x, 0) + x - Max(x, 0)", state="x"), {"x": 0})
    >>> len(explanation.ties), explanation.derivative("JAX", spelling="relu").tolist()
    (2, [[1.0]])
    """
    if isinstance(F, StateMap) and not isinstance(F, (PiecewiseSelection, StructuredMap)):
        return explain_program(F, at, tolerance=tolerance, max_pieces=_MAX_PIECES)
    F = as_selection(F, call="explain")
    readings = AtPoint(F, at, tolerance=tolerance, limit=_MAX_PIECES, call="explain")
    point = readings.point
    try:
        jacobians = readings.listed("program")
    except BudgetError:
        jacobians = None
    graph = readings.around
    doubles, switches = in_doubles(graph, point.floats()), find_switches(graph)
    base = value_pass(readings.F.graph, point.arithmetic, point.values, {})
    uncertain = written(graph, F.symbols, list(doubles.uncertain))
    return Explanation(
        point=point,
        ties=_Ties(
            readings.F, point, readings.arithmetic, readings.decided, base, jacobians, doubles, switches
        ).found(),
        near_ties=() if jacobians is None else jacobians.near_ties,
        jacobians=jacobians,
        derivatives=library_derivatives(doubles, switches),
        rounding=tuple(zip(uncertain, doubles.uncertain.values(), strict=True)),
        origin=F.origin,
        formula=tuple(abbreviated(F.graph, F.symbols, output) for output in F.graph.outputs[:_SHOWN_COMPONENTS]),
    )


@dataclass(frozen=True, slots=True)
class _Ties:
    F: PiecewiseSelection
    point: Point
    arithmetic: Arithmetic
    traces: tuple[Trace, ...]
    base: Trace
    jacobians: JacobianSet | None
    doubles: Doubles
    switches: SwitchSpellings

    def found(self) -> tuple[Tie, ...]:
        switches: dict[Key, dict[int, None]] = {}
        vertices: dict[tuple[Key, int], set[int]] = {}
        for trace, choices, vertex in self._pieces():
            for index, branch in self._open(trace, choices):
                key = choice_key(self.F.graph, index) if index not in trace.forced else (-2, index)
                switches.setdefault(key, {})[index] = None
                vertices.setdefault((key, branch), set()).update(() if vertex is None else (vertex,))
        return tuple(self._tie(key, tuple(indices), vertices) for key, indices in switches.items())

    def _pieces(self) -> Iterator[tuple[Trace, Choices | None, int | None]]:
        if self.jacobians is None:
            yield from ((trace, None, None) for trace in self.traces)
            return
        blocks = self.jacobians.vertices
        for trace in self.traces:
            differentiator = Differentiator(self.F.graph, trace, self.arithmetic)
            for choices in enumerate_choices(self.F.graph, trace, limit=_MAX_PIECES):
                block = differentiator.jacobian(choices).astype(np.float64)
                yield trace, choices, int(np.abs(blocks - block).max(axis=(1, 2)).argmin())

    def _open(self, trace: Trace, choices: Choices | None) -> Iterator[tuple[int, int]]:
        """The tied switches of a piece with the branch it takes, and resolved jumps with their sign."""
        yield from trace.forced.items()
        for index, options in trace.options.items():
            if len(options) > 1 and choices is None:
                yield from ((index, option) for option in options)
            elif len(options) > 1 and choices is not None and index in choices.branches:
                yield index, choices.branches[index]

    def _tie(self, key: Key, indices: Sequence[int], vertices: Mapping[tuple[Key, int], set[int]]) -> Tie:
        graph, index = self.F.graph, indices[0]
        taken = sorted(branch for k, branch in vertices if k == key)
        jumping = key[0] == -2
        shown = self._jump_branches(index, taken) if jumping else self._switch_branches(index, taken)
        branches = tuple(
            TiedBranch(expression, value, tuple(sorted(vertices[key, branch])))
            for branch, (expression, value) in zip(taken, shown, strict=True)
        )
        components = tuple(c for c, o in enumerate(graph.outputs) if any(_enters(graph, i, o) for i in indices))
        origin = self.F.origin
        lines = tuple(origin.lines[c] for c in components) if origin is not None and origin.lines else ()
        above = _switch_above(graph, index)
        written_out = [e for e, _ in self._switch_branches(above, range(_branch_count(graph, above)))]
        rules = tie_rules(self.doubles, self.switches, above, written_out)
        (expression,) = self._written([index])
        if jumping:
            expression = expression[0] - expression[1]
        return Tie(expression, branches, components, lines, rules)

    def _switch_branches(self, index: int, taken: Sequence[int]) -> list[tuple[Any, Any]]:
        node = self.F.graph.nodes[index]
        if node.op == "abs":
            (inner,) = self._written(node.args)
            return [(inner if branch == 0 else -inner, self._value(index)) for branch in taken]
        operands = [node.args[branch] for branch in taken]
        return list(zip(self._written(operands), map(self._value, operands), strict=True))

    def _jump_branches(self, index: int, taken: Sequence[int]) -> list[tuple[Any, Any]]:
        (sides,) = self._written([index])
        left = self._value(self.F.graph.nodes[index].args[0])
        return [(signed_relation(sides[0], sides[1], sign), left) for sign in taken]

    def _written(self, nodes: Sequence[int]) -> tuple[Any, ...]:
        return written(self.F.graph, self.F.symbols, nodes, most=SHOWN)

    def _value(self, index: int) -> Any:
        value = self.base.values[index]
        if isinstance(value, Undefined):
            return None
        return as_sympy(value) if self.point.exact else float(value)


def _enters(graph: Graph, index: int, output: int) -> bool:
    seen, stack = set(), [output]
    while stack:
        current = stack.pop()
        if current == index:
            return True
        if current > index and current not in seen:
            seen.add(current)
            stack.extend(graph.nodes[current].args)
    return False


def _switch_above(graph: Graph, index: int) -> int:
    """The switch that a guard belongs to; the switch itself."""
    while graph.nodes[index].op not in ("max", "min", "abs", "sign", "piecewise"):
        index = next(i for i, node in enumerate(graph.nodes) if index in node.args)
    return index


def _branch_count(graph: Graph, index: int) -> int:
    node = graph.nodes[index]
    return {"abs": 2, "sign": 0, "piecewise": len(node.args) // 2}.get(node.op, len(node.args))
