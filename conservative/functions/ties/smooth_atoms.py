"""How each node depends on the ties at a point: affinely, through smooth expressions, or in a curved way.

Beside a tie, F is a piecewise affine function of the variables and of *atoms*: the largest smooth nonlinear
subexpressions, each taken as one more variable. A first-order condition written in variables and atoms is an identity
between functions, not only between their derivatives, so that what contradicts it contradicts it near the point too.
Nonlinear operations on tied switches (a product of two absolute values) are *curved*: only their derivative is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace, Undefined, comparisons
from conservative.functions.graph.forward_mode import Gradient, dense, propagate
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph, nodes_met, reachable
from conservative.functions.ties.active_pieces import not_lipschitz


@dataclass(frozen=True, slots=True)
class Layout:
    """The nodes that decide the cells of one trace.

    Shapes: `slopes` (atoms, n). `order`: operands first; what lies below an atom is left out. `atoms`: columns n, n +
    1, ... after those of the variables; nodes that are multiples of one product share a column. `slopes`: the gradients
    of the atoms at the point; None when there are none. `width`: n plus the number of atoms.
    """

    order: tuple[int, ...]
    constant: frozenset[int]
    curved: frozenset[int]
    atoms: Mapping[int, tuple[int, Fraction]]
    slopes: NDArray[Any] | None
    width: int

    def project(self, row: NDArray[Any], arithmetic: Arithmetic) -> NDArray[Any]:
        """The derivative in the variables of something affine in variables and atoms."""
        if self.slopes is None:
            return row
        inner = self.width - len(self.slopes)
        return arithmetic.clean(row[:inner] + row[inner:] @ self.slopes)


def lay_out(
    graph: Graph, trace: Trace, arithmetic: Arithmetic, outputs: tuple[int, ...], steep: frozenset[int]
) -> Layout:
    """Sort the nodes below some outputs (and below resolved comparisons) by their role; nothing below `steep` ones."""
    below = _needed(graph, trace, outputs, steep)
    constant: set[int] = set()
    switched: set[int] = set()
    curved: set[int] = set()
    nonlinear: set[int] = set()
    for index in below:
        node = graph.nodes[index]
        used = operands(graph, trace, index)
        if node.op in BOOLEANS or node.op == "compare":
            continue
        if node.op in ("constant", "sign") or node.is_nearest or (used and all(a in constant for a in used)):
            constant.add(index)
            continue
        if len(trace.options.get(index, ())) > 1 or any(a in switched for a in used):
            switched.add(index)
        varying = [a for a in used if a not in constant]
        if node.op not in SWITCHES and node.op not in ("variable", "add"):
            if node.op == "multiply" and len(varying) == 1:
                continue
            (curved if index in switched else nonlinear).add(index)
    order = _needed(graph, trace, outputs, steep | nonlinear)
    atoms, first = _columns(graph, [i for i in order if i in nonlinear])
    slopes = _slopes(graph, trace, arithmetic, {i: atoms[i][1] for i in first}) if first else None
    return Layout(order, frozenset(constant), frozenset(curved), atoms, slopes, graph.width + len(first))


def steep_comparisons(graph: Graph, trace: Trace, arithmetic: Arithmetic) -> frozenset[int]:
    """The tied or resolved comparisons below which a derivative is not finite, as that of a norm at 0."""
    compared = [c for c in trace.signs if trace.boundary(c) or c in trace.forced]
    steep: set[int] = set()
    row = dense(None, 1, arithmetic)
    for index in reachable(graph.nodes, compared):
        node = graph.nodes[index]
        if isinstance(trace.values[index], Undefined) or any(a in steep for a in operands(graph, trace, index)):
            steep.add(index)
        elif node.op in ("power", "smooth"):
            try:
                propagate(graph, trace, arithmetic, index=index, inputs={node.args[0]: row}, branch=0)
            except FunctionError:
                steep.add(index)
    return frozenset(c for c in compared if c in steep)


def _columns(graph: Graph, nodes: list[int]) -> tuple[dict[int, tuple[int, Fraction]], list[int]]:
    """The column and factor of every atom, and the first node of each column."""
    column: dict[tuple[int, ...], int] = {}
    atoms: dict[int, tuple[int, Fraction]] = {}
    first: list[int] = []
    for index in nodes:
        node, factor = graph.nodes[index], Fraction(1)
        key: tuple[int, ...] = (-1, index)
        if node.op == "multiply":
            leading = graph.nodes[node.args[0]]
            key = node.args
            if leading.op == "constant" and isinstance(leading.data, Fraction) and leading.data and len(key) > 2:
                factor, key = leading.data, node.args[1:]
        if key not in column:
            column[key] = graph.width + len(first)
            first.append(index)
        atoms[index] = column[key], factor
    return atoms, first


def operands(graph: Graph, trace: Trace, index: int) -> tuple[int, ...]:
    """The numeric operands whose derivative can enter a node's."""
    node = graph.nodes[index]
    if node.op == "sign":
        return ()
    if node.op in SWITCHES and node.op != "abs":
        return tuple(node.args[i] for i in trace.options[index])
    return node.args


def _slopes(graph: Graph, trace: Trace, arithmetic: Arithmetic, atoms: Mapping[int, Fraction]) -> NDArray[Any]:
    gradients: dict[int, Gradient] = {}
    for index in _needed(graph, trace, tuple(atoms), {}, resolved=False):
        branch = trace.options.get(index, (0,))[0]
        try:
            gradients[index] = propagate(graph, trace, arithmetic, index=index, inputs=gradients, branch=branch)
        except FunctionError as error:
            raise FunctionError(not_lipschitz(graph, index, str(error))) from error
    rows = [dense(gradients[a], graph.width, arithmetic) * arithmetic.constant(1 / f) for a, f in atoms.items()]
    return np.stack(rows)


def _needed(
    graph: Graph, trace: Trace, outputs: tuple[int, ...], leaves: Any, *, resolved: bool = True
) -> tuple[int, ...]:
    """Nodes whose derivative decides a cell, operands first; nothing below `leaves`."""

    def deciding(index: int) -> Iterator[int]:
        if index in leaves:
            return
        yield from operands(graph, trace, index)
        if graph.nodes[index].op == "piecewise" and len(trace.options[index]) > 1:
            guards = graph.nodes[index].branches()[1]
            yield from (c for g in guards for c in comparisons(graph, g) if trace.boundary(c))

    return tuple(nodes_met([*outputs, *(trace.forced if resolved else ())], deciding))


def unit(layout: Layout, column: int, factor: Fraction, arithmetic: Arithmetic) -> NDArray[Any]:
    """The row of a multiple of one variable or atom."""
    row = np.array([factor if i == column else Fraction(0) for i in range(layout.width)], dtype=object)
    return row if arithmetic.exact else row.astype(np.float64)
