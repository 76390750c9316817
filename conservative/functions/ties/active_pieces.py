"""Active pieces at a point: one for every combination of independent choices at tied switches.

Piecewise nodes with equal guards share one choice, because a program evaluates equal guards to
equal truth values; every other switch chooses by itself. A tie inside a branch that was not
chosen is not reached, and multiplies nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError, FunctionError
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.forward_mode import Gradient, dense, propagate
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph, nodes_met

Key = tuple[int, ...]
"""What a choice belongs to: a switch, or for a Piecewise its guards."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The branch taken at every switch that one piece reaches, in the trace it belongs to."""

    trace: Trace
    branches: Mapping[int, int]
    reached: tuple[int, ...]


def choice_key(graph: Graph, index: int) -> Key:
    """The switches that share a key share one choice."""
    node = graph.nodes[index]
    return (-1, *node.branches()[1]) if node.op == "piecewise" else (index,)


def enumerate_choices(graph: Graph, trace: Trace, *, limit: int) -> Iterator[Choices]:
    """Every combination of choices, depth first."""
    stack: list[dict[Key, int]] = [{}]
    produced = 0
    while stack:
        taken = stack.pop()
        found = _walk(graph, trace, taken)
        if found is None:
            continue
        if isinstance(found, Choices):
            produced += 1
            if produced > limit:
                raise BudgetError(_budget_text(graph, trace, limit))
            yield found
            continue
        key, options = found
        stack.extend({**taken, key: option} for option in reversed(options))


def check_budget(graph: Graph, trace: Trace, *, limit: int) -> None:
    """Raise `BudgetError` when there are more than `limit` pieces, before any of them is differentiated."""
    if prod(_open_switches(graph, trace).values()) <= limit:
        return
    if _always_open(graph, trace) > limit:
        raise BudgetError(_budget_text(graph, trace, limit))
    for _ in enumerate_choices(graph, trace, limit=limit):
        pass


def _always_open(graph: Graph, trace: Trace) -> int:
    """A lower bound of the number of pieces: the combinations of the choices that lie in no branch of another."""
    options: dict[Key, set[tuple[int, ...]]] = {}
    for index, found in trace.options.items():
        options.setdefault(choice_key(graph, index), set()).add(found)
    if any(len(found) > 1 for found in options.values()):
        return 1

    def settled(index: int) -> Sequence[int]:
        node, found = graph.nodes[index], trace.options.get(index, ())
        if node.op not in SWITCHES or node.op == "abs":
            return node.args
        return (node.args[found[0]],) if len(found) == 1 else ()

    met = nodes_met(graph.outputs, settled)
    outer = {choice_key(graph, index) for index in met if len(trace.options.get(index, ())) > 1}
    return prod(len(next(iter(options[key]))) for key in outer)


def _walk(graph: Graph, trace: Trace, taken: Mapping[Key, int]) -> Choices | tuple[Key, tuple[int, ...]] | None:
    """The finished piece, the first open choice, or None when a shared choice does not fit."""
    seen: set[int] = set()
    branches: dict[int, int] = {}
    stack = list(graph.outputs)
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        node = graph.nodes[index]
        if node.op not in SWITCHES:
            stack.extend(node.args)
            continue
        if node.op == "sign":
            branches[index] = trace.values[index]
            continue
        options = trace.options[index]
        key = choice_key(graph, index)
        if key not in taken and len(options) > 1:
            return key, options
        branch = taken.get(key, options[0])
        if branch not in options:
            return None
        branches[index] = branch
        stack.append(node.args[0] if node.op == "abs" else node.args[branch])
    return Choices(trace, branches, tuple(sorted(seen)))


def _budget_text(graph: Graph, trace: Trace, limit: int) -> str:
    open_switches = _open_switches(graph, trace)
    return (
        f"{len(open_switches)} switches are tied at the point: up to {prod(open_switches.values()):,} active pieces, "
        f'more than the {limit:,} allowed. Raise `max_pieces`, or ask for kind="conical", whose cost follows the '
        "number of cells."
    )


def _open_switches(graph: Graph, trace: Trace) -> dict[Key, int]:
    return {choice_key(graph, i): len(o) for i, o in trace.options.items() if len(o) > 1}


class Differentiator:
    """Jacobians of the pieces of one trace; what no open switch enters is differentiated once."""

    def __init__(self, graph: Graph, trace: Trace, arithmetic: Arithmetic) -> None:
        self.graph, self.trace, self.arithmetic = graph, trace, arithmetic
        self._shared: dict[int, Gradient] = {}
        self._varying = _varying(graph, trace)

    def jacobian(self, choices: Choices) -> NDArray[Any]:
        """The Jacobian of one piece at the point, (q, n), of doubles or of exact numbers."""
        local: dict[int, Gradient] = {}
        for index in choices.reached:
            if not self._varying[index]:
                local[index] = self.shared(index, local, choices.branches)
            else:
                local[index] = self._propagate(index, local, choices.branches)
        rows = [dense(local[o], self.graph.width, self.arithmetic) for o in self.graph.outputs]
        return np.stack(rows)

    def shared(self, index: int, local: Mapping[int, Gradient], branches: Mapping[int, int]) -> Gradient:
        """The gradient of a node that is the same in every piece."""
        if index not in self._shared:
            self._shared[index] = self._propagate(index, local, branches)
        return self._shared[index]

    def _propagate(self, index: int, local: Mapping[int, Gradient], branches: Mapping[int, int]) -> Gradient:
        try:
            return propagate(
                self.graph,
                self.trace,
                self.arithmetic,
                index=index,
                inputs=local,
                branch=branches.get(index, 0),
            )
        except FunctionError as error:
            raise FunctionError(not_lipschitz(self.graph, index, str(error))) from error


def not_lipschitz(graph: Graph, index: int, reason: str) -> str:
    """Why a node has no finite derivative at the point."""
    node = graph.nodes[index]
    if node.op != "power":
        return reason
    if node.data == Fraction(1, 2) and _sum_of_squares(graph, node.args[0]):
        return (
            "a Euclidean norm is 0 at the point, where no finite selection of smooth pieces exists: Clarke's set "
            "of the norm is the whole unit ball there, see `vocabulary.norm2_subdifferential`"
        )
    return (
        f"a power with exponent {node.data} has base 0 at the point, where its derivative is not finite: "
        "no finite selection of smooth pieces exists there. For a root of a square write Abs"
    )


def _sum_of_squares(graph: Graph, index: int) -> bool:
    """Whether a node is a sum of several squares with positive weights."""
    nodes = graph.nodes
    for term in nodes[index].args:
        weighted = nodes[term].op == "multiply" and len(nodes[term].args) == 2
        weight, square = nodes[term].args if weighted else (None, term)
        if nodes[square].op != "power" or nodes[square].data != 2:
            return False
        if weight is not None and (nodes[weight].op != "constant" or not nodes[weight].data > 0):
            return False
    return nodes[index].op == "add"


def _varying(graph: Graph, trace: Trace) -> list[bool]:
    varying: list[bool] = []
    for index, node in enumerate(graph.nodes):
        opened = len(trace.options.get(index, ())) > 1
        numeric = node.op not in BOOLEANS and node.op != "compare"
        varying.append(numeric and (opened or any(varying[a] for a in node.args)))
    return varying
