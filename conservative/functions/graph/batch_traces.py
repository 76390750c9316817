"""The value passes at many points for every way to resolve the jumps there."""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.batch_evaluate import BatchTrace, Floats, batch_pass, groups, meet
from conservative.functions.graph.evaluate import HOLE, comparisons, live_nodes
from conservative.functions.graph.nodes import Graph


def batch_traces(graph: Graph, points: Floats, *, tolerance: float) -> Iterator[tuple[NDArray[np.intp], BatchTrace]]:
    """The passes for every way to resolve the jumps, with the points each belongs to, in the order of `evaluate`.

    Where a resolution disagrees with the value at the point, or no value exists, the point is marked `odd`.
    """
    stack: list[tuple[NDArray[np.intp], dict[int, int]]] = [(np.arange(len(points)), {})]
    base: list[Floats] | None = None
    while stack:
        rows, forced = stack.pop()
        trace = batch_pass(graph, points[rows], tolerance=tolerance, forced=forced)
        base = [trace.output(o) for o in graph.outputs] if base is None else base
        jumps = _first_jumps(graph, trace)
        for compared in np.unique(jumps[jumps >= 0])[::-1].tolist():
            stack.extend((rows[jumps == compared], {**forced, compared: sign}) for sign in (-1, 0, 1))
        settled = np.flatnonzero(jumps < 0)
        if len(settled):
            leaf = trace if len(settled) == len(rows) else trace.take(settled)
            odd = leaf.odd
            for output, values in zip(graph.outputs, base, strict=True):
                odd = odd | ~meet(leaf.output(output), values[rows[settled]], tolerance)
            yield rows[settled], replace(leaf, odd=odd)


def _first_jumps(graph: Graph, trace: BatchTrace) -> NDArray[np.intp]:
    """For each point the comparison to resolve next, -1 where nothing jumps."""
    jumps = np.full(trace.odd.shape, -1, dtype=np.intp)
    columns = np.flatnonzero(reduce(np.logical_or, trace.jumping.values(), np.zeros(1, dtype=np.bool_)))
    if not len(columns):
        return jumps
    trace = trace.take(columns)
    parts = [*trace.jumping.values(), *(trace.signs[c] == 0 for c in trace.signs)]
    key = np.concatenate([np.stack(parts), *trace.reachable.values()])
    for here in groups(key):
        jumps[columns[here]] = _first_jump(graph, trace, int(here[0]))
    return jumps


def _first_jump(graph: Graph, trace: BatchTrace, column: int) -> int:
    reachable = {
        index: {_branch(i, len(rows)) for i in np.flatnonzero(rows[:, column]).tolist()}
        for index, rows in trace.reachable.items()
    }
    live = live_nodes(graph, reachable)
    jump = min((i for i, at in trace.jumping.items() if at[column] and i in live), default=None)
    if jump is None:
        return -1
    read = [c for guard in graph.nodes[jump].args for c in comparisons(graph, guard)]
    return next(c for c in read if trace.signs[c][column] == 0 and c not in trace.forced)


def _branch(row: int, rows: int) -> int | None:
    return row if row < rows - 2 else HOLE if row == rows - 2 else None
