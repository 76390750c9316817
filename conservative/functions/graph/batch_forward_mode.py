"""Forward accumulation at many points at once, each with its own branches.

A gradient is an array (s, P) over the s variables that can enter the node, which is known beforehand; a switch
takes the branch that belongs to each point. A zero derivative times an infinite one is NaN here, although the pass
at a single point may know that the zero is structural; the caller looks at such points again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.batch_evaluate import BatchTrace, real_power
from conservative.functions.graph.elementary import FLOAT, SMOOTH
from conservative.functions.graph.nodes import BOOLEANS, Graph

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Rows = slice | list[int]


@dataclass(frozen=True, slots=True, eq=False)
class GradientProgram:
    """Which variables enter each node, where they lie in the gradient it feeds, and when a gradient is done with."""

    graph: Graph
    supports: tuple[tuple[int, ...], ...]
    last_uses: tuple[tuple[int, ...], ...]

    def run(self, trace: BatchTrace, columns: Indices | None, branches: Mapping[int, Indices]) -> Floats:
        """Jacobians (P, q, n) at the points `columns` of a pass (None: each point once)."""
        size = len(trace.odd) if columns is None else len(columns)
        jacobians = np.zeros((size, len(self.graph.outputs), self.graph.width))
        work = _Accumulation(self, trace, columns, branches)
        gradients: dict[int, Floats] = {}
        with np.errstate(all="ignore"):
            for index, support in enumerate(self.supports):
                if support:
                    gradients[index] = np.zeros((len(support), size))
                    work.fill(gradients[index], index, gradients)
                    for row in (r for r, output in enumerate(self.graph.outputs) if output == index):
                        jacobians[:, row, list(support)] = gradients[index].T
                for dead in self.last_uses[index]:
                    del gradients[dead]
        return jacobians

    def rows(self, inner: int, outer: int) -> Rows:
        """Where the variables of one node lie among those of another."""
        support = self.supports[outer]
        places = [support.index(v) for v in self.supports[inner]]
        adjacent = places == list(range(places[0], places[0] + len(places)))
        return slice(places[0], places[0] + len(places)) if adjacent else places


class _Accumulation:
    """One sweep over the nodes."""

    def __init__(
        self, program: GradientProgram, trace: BatchTrace, columns: Indices | None, branches: Mapping[int, Indices]
    ) -> None:
        self.program, self.trace, self.columns, self.branches = program, trace, columns, branches

    def fill(self, out: Floats, index: int, gradients: Mapping[int, Floats]) -> None:
        node = self.program.graph.nodes[index]
        if node.op == "variable":
            out[:] = 1.0
        elif node.op == "abs":
            inner = gradients[node.args[0]]
            out[:] = np.where(self.branches[index] == 0, inner, -inner)
        elif node.op in ("max", "min", "piecewise"):
            self._choose(out, index, gradients)
        else:
            for argument, slope in self._slopes(index):
                rows = self.program.rows(argument, index)
                out[rows] += gradients[argument] if slope is None else slope * gradients[argument]

    def _choose(self, out: Floats, index: int, gradients: Mapping[int, Floats]) -> None:
        node = self.program.graph.nodes[index]
        values = node.branches()[0] if node.op == "piecewise" else node.args
        for branch, argument in enumerate(values):
            if argument in gradients:
                rows = self.program.rows(argument, index)
                out[rows] = np.where(self.branches[index] == branch, gradients[argument], out[rows])

    def _value(self, index: int) -> Any:
        value = self.trace.values[index]
        gathered = self.columns is not None and isinstance(value, np.ndarray) and value.ndim
        return value[self.columns] if gathered else value

    def _slopes(self, index: int) -> Iterator[tuple[int, Any]]:
        """Each operand that varies with its partial derivative, None for 1."""
        node = self.program.graph.nodes[index]
        varying = [(i, a) for i, a in enumerate(node.args) if self.program.supports[a]]
        match node.op:
            case "add":
                yield from ((a, None) for _, a in varying)
            case "multiply":
                values = [self._value(a) for a in node.args]
                yield from ((a, reduce(np.multiply, values[:i] + values[i + 1 :])) for i, a in varying)
            case "power":
                base = self._value(node.args[0])
                yield node.args[0], float(node.data) * real_power(base, node.data - 1)
            case "smooth":
                yield node.args[0], SMOOTH[node.data].slope(FLOAT, self._value(node.args[0]))
            case _:
                base, exponent = (self._value(a) for a in node.args)
                value = self._value(index)
                slopes = (value * exponent / base, value * np.log(base))
                yield from ((a, slopes[i]) for i, a in varying)


def gradient_program(graph: Graph) -> GradientProgram:
    """Prepare the sweep over a graph."""
    supports: list[tuple[int, ...]] = []
    for node in graph.nodes:
        if node.op == "variable":
            supports.append((node.data,))
        elif node.op in BOOLEANS or node.op in ("compare", "sign", "constant") or node.is_nearest:
            supports.append(())
        else:
            values = node.branches()[0] if node.op == "piecewise" else node.args
            supports.append(tuple(sorted({v for a in values for v in supports[a]})))
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        used = [index, *node.args] if supports[index] else []
        last.update({a: index for a in used if supports[a]})
    return GradientProgram(graph, tuple(supports), _dying(len(graph.nodes), last))


def _dying(count: int, last: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    dying: list[list[int]] = [[] for _ in range(count)]
    for node, at in last.items():
        dying[at].append(node)
    return tuple(map(tuple, dying))
