"""The choices at tied switches of many points: worked out once for every distinct pattern of ties.

A pattern holds the ties that a walk from the outputs reaches and the branches that lead to them; branches of
other switches may differ from point to point and are kept as arrays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError
from conservative.functions.graph.batch_evaluate import BatchTrace, Flags, groups
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.nodes import SWITCHES, Graph
from conservative.functions.ties.active_pieces import Choices, Key, choice_key, enumerate_choices

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Selection:
    """One entry for every piece of every point.

    `columns`: the point of each piece. `ranks`: the place of a piece among those of its point. `ties`: how many
    independent choices are open at each point. `odd`: points with more pieces than allowed.
    """

    columns: Indices
    ranks: Indices
    branches: dict[int, Indices]
    ties: Indices
    odd: Flags


@dataclass(frozen=True, slots=True)
class _Pattern:
    columns: Indices
    choices: tuple[Choices, ...]
    open_switches: frozenset[int]


def select(graph: Graph, trace: BatchTrace, *, limit: int) -> Selection:
    """Every combination of choices at every point of a pass."""
    count = len(trace.odd)
    ties, odd = np.zeros(count, dtype=np.intp), np.zeros(count, dtype=np.bool_)
    opened = {i: o.sum(axis=0) > 1 for i, o in trace.options.items()}
    maybe = np.flatnonzero(reduce(np.logical_or, opened.values(), np.zeros(1, dtype=np.bool_)) & ~trace.odd)
    patterns: list[_Pattern] = []
    if len(maybe):
        ties[maybe], key = _open_ties(graph, trace.take(maybe))
        tied = np.flatnonzero(ties[maybe])
        for group in groups(key[:, tied]) if len(tied) else ():
            here = maybe[tied[group]]
            found = _pattern(graph, trace, here, limit)
            if found is None:
                odd[here] = True
            else:
                patterns.append(found)
    return _assemble(trace, patterns, np.flatnonzero(ties == 0), ties, odd)


def _assemble(trace: BatchTrace, patterns: Sequence[_Pattern], plain: Indices, ties: Indices, odd: Flags) -> Selection:
    columns = [plain, *(np.repeat(p.columns, len(p.choices)) for p in patterns)]
    ranks = [np.zeros(len(plain), np.intp), *(np.tile(np.arange(len(p.choices)), len(p.columns)) for p in patterns)]
    flat = np.concatenate(columns)
    identity = not patterns and len(plain) == len(ties)
    branches: dict[int, Indices] = {}
    for index, options in trace.options.items():
        first = options.argmax(axis=0)
        branches[index] = first if identity else first[flat]
    at = len(plain)
    for pattern in patterns:
        size = len(pattern.columns) * len(pattern.choices)
        for index in pattern.open_switches:
            default = int(trace.options[index][:, pattern.columns[0]].argmax())
            taken = [choice.branches.get(index, default) for choice in pattern.choices]
            branches[index][at : at + size] = np.tile(taken, len(pattern.columns))
        at += size
    return Selection(flat, np.concatenate(ranks), branches, ties, odd)


def _pattern(graph: Graph, trace: BatchTrace, columns: Indices, limit: int) -> _Pattern | None:
    first = columns[0]
    options = {i: tuple(np.flatnonzero(o[:, first]).tolist()) for i, o in trace.options.items()}
    single = Trace((0,) * len(graph.nodes), options, {}, {}, None, ())
    try:
        choices = tuple(enumerate_choices(graph, single, limit=limit))
    except BudgetError:
        return None
    return _Pattern(columns, choices, frozenset(i for i, o in options.items() if len(o) > 1))


def _open_ties(graph: Graph, trace: BatchTrace) -> tuple[Indices, Flags]:
    """How many choices are open at each point, and the key that gathers points by pattern."""
    reach = _reached(graph, trace)
    shared: dict[Key, list[int]] = {}
    for index in trace.options:
        shared.setdefault(choice_key(graph, index), []).append(index)
    ties = np.zeros(len(trace.odd), dtype=np.intp)
    relevant: dict[int, Flags] = {}
    for switches in shared.values():
        opened = reduce(np.logical_or, [reach[i] & (trace.options[i].sum(axis=0) > 1) for i in switches])
        ties += opened
        relevant.update({i: opened & reach[i] for i in switches})
    return ties, np.concatenate([[ties > 0], *_keyed(graph, trace, reach, relevant)])


def _keyed(graph: Graph, trace: BatchTrace, reach: Flags, relevant: Mapping[int, Flags]) -> list[Flags]:
    """The options of the switches that are open, or lead to open ones."""
    below = np.zeros_like(reach)
    keyed: list[Flags] = []
    for index, node in enumerate(graph.nodes):
        if index not in trace.options:
            if node.op not in SWITCHES:
                below[index] = reduce(np.logical_or, [below[a] for a in node.args], below[index])
            continue
        options = trace.options[index]
        if node.op == "abs":
            lower = below[node.args[0]]
        else:
            lower = reduce(np.logical_or, [o & below[a] for o, a in zip(options, node.args, strict=False)])
        below[index] = (relevant[index] | lower) & reach[index]
        if below[index].any():
            keyed.append(options & below[index])
    return keyed


def _reached(graph: Graph, trace: BatchTrace) -> Flags:
    """Which nodes a walk from the outputs over agreeing branches meets, (nodes, N)."""
    reach = np.zeros((len(graph.nodes), len(trace.odd)), dtype=np.bool_)
    reach[list(graph.outputs)] = True
    for index in reversed(range(len(graph.nodes))):
        node = graph.nodes[index]
        if node.op not in SWITCHES or node.op == "abs":
            for argument in node.args:
                reach[argument] |= reach[index]
        elif node.op != "sign":
            for option, argument in zip(trace.options[index], node.args, strict=False):
                reach[argument] |= reach[index] & option
    return reach
