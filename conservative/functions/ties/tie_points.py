"""Points where switches are tied, and directions that stay inside the ties: adversarial starts for curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.batch_evaluate import batch_pass
from conservative.functions.graph.batch_forward_mode import gradient_program
from conservative.functions.graph.nodes import Graph, Node

Floats = NDArray[np.float64]
_STEPS = 25


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """The differences that vanish at ties, as a function of its own: one output for each pair of branches."""

    graph: Graph

    def __len__(self) -> int:
        return len(self.graph.outputs)

    def look(self, points: Floats) -> tuple[Floats, Floats]:
        """Values (N, g) and Jacobians (N, g, n) along one piece at points (N, n); NaN where there are none."""
        trace = batch_pass(self.graph, points, tolerance=0.0, forced={})
        branches = {index: options.argmax(axis=0) for index, options in trace.options.items()}
        values = np.stack([trace.output(o) for o in self.graph.outputs], axis=-1)
        return values, gradient_program(self.graph).run(trace, None, branches)

    def land(self, points: Floats, wanted: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """Move each point by Gauss-Newton steps until its wanted gaps vanish; and which points got there."""
        points = points.copy()
        for _ in range(_STEPS):
            values, slopes = self.look(points)
            usable = np.logical_and(np.isfinite(values).all(axis=1), np.isfinite(slopes).all(axis=(1, 2)))
            right = np.where(wanted & usable[:, None], np.nan_to_num(values), 0.0)
            left = np.where((wanted & usable[:, None])[:, :, None], np.nan_to_num(slopes), 0.0)
            points -= (np.linalg.pinv(left, rcond=1e-9) @ right[:, :, None])[:, :, 0]
        values, _ = self.look(points)
        scale = np.maximum(1.0, np.abs(points).max(axis=1, initial=0.0))[:, None]
        landed = np.where(wanted, np.abs(values) <= 1e-13 * scale, True).all(axis=1)
        return points, np.logical_and(landed, np.isfinite(points).all(axis=1))


def gaps(graph: Graph) -> Gaps:
    """The pairs of operands of every Max and Min, the arguments of Abs, and both sides of every comparison."""
    nodes = list(graph.nodes)
    pairs: dict[tuple[int, int], int] = {}
    nodes.append(Node("constant", data=Fraction(0)))
    zero = len(nodes) - 1
    nodes.append(Node("constant", data=Fraction(-1)))
    minus = len(nodes) - 1
    for left, right in _pairs(graph, zero):
        if (left, right) not in pairs and graph.nodes[left].op != "constant":
            nodes.append(Node("multiply", (minus, right)))
            nodes.append(Node("add", (left, len(nodes) - 1)))
            pairs[left, right] = len(nodes) - 1
    return Gaps(Graph(tuple(nodes), tuple(pairs.values()), graph.width, (False,) * len(nodes)))


def _pairs(graph: Graph, zero: int) -> Sequence[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for node in graph.nodes:
        if node.op in ("max", "min"):
            found.extend((a, b) if graph.nodes[a].op != "constant" else (b, a) for a, b in _neighbours(node.args))
        elif node.op == "abs":
            found.append((node.args[0], zero))
        elif node.op == "compare":
            left, right = node.args
            found.append((left, right))
    return found


def _neighbours(operands: Sequence[int]) -> list[tuple[int, int]]:
    """All pairs of a few operands; of many only each with the next, so that the number stays linear."""
    if len(operands) <= 5:
        return [(a, b) for i, a in enumerate(operands) for b in operands[i + 1 :]]
    return list(pairwise(operands))
