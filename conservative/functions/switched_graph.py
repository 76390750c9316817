"""The abs-normal form of an expression graph at a point: every tied switch opened, in the graph's own order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.forward_mode import Gradient, dense, propagate, subtract
from conservative.functions.graph.nodes import Graph, nodes_met
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie
from conservative.functions.ties.active_pieces import Key, choice_key, not_lipschitz


def switched_graph(
    graph: Graph, trace: Trace, arithmetic: Arithmetic, *, names: Mapping[int, str], state_size: int, tolerance: float
) -> SwitchedJacobian:
    """[B Y; Z L] of one value pass, by one forward accumulation over the variables and the opened switches.

    A switch with branches o₀, o₁, ... returns that of o₀ and a weight for each of the others, with the difference of
    the two as row of [Z L]. Switches that share a key share their choice, and thus are one tie.
    """
    live = _live(graph, trace)
    opened = _opened(trace, live)
    turned = [(index, option) for index, options in opened.items() for option in options[1:]]
    slots = {switch: place for place, switch in enumerate(turned)}
    wide = replace(graph, width=graph.width + len(slots))
    one = dense(None, 1, arithmetic) + 1
    gradients: dict[int, Gradient] = {}
    rows = []
    for index in live:
        first, *others = trace.options.get(index, (0,))
        try:
            gradient, *sides = (
                propagate(wide, trace, arithmetic, index=index, inputs=gradients, branch=branch)
                for branch in (first, *others)
            )
        except FunctionError as error:
            raise FunctionError(not_lipschitz(graph, index, str(error))) from error
        if sides:
            nominal = dense(gradient, wide.width, arithmetic)
            gradient = nominal.copy()
            for option, side in zip(others, sides, strict=True):
                rows.append(subtract(side, nominal, wide.width, arithmetic))
                gradient[graph.width + slots[index, option]] = one[0]
        gradients[index] = gradient
    outputs = np.stack([dense(gradients[o], wide.width, arithmetic) for o in graph.outputs])
    switched = np.array(rows, dtype=outputs.dtype).reshape(len(rows), wide.width)
    n = graph.width
    return SwitchedJacobian(
        base=outputs[:, :n],
        Y=outputs[:, n:],
        Z=switched[:, :n],
        L=switched[:, n:],
        ties=_ties(graph, opened, slots, names),
        state_size=state_size,
        value=_values(trace, graph.outputs, outputs.dtype),
        tolerance=tolerance,
        clean=all(graph.nodes[index].op in ("max", "min", "abs") for index, _ in slots),
        rounding=0.0 if arithmetic.exact else None,
    )


def _live(graph: Graph, trace: Trace) -> list[int]:
    """What the outputs are made of next to the point: of a switch its tied branches only."""

    def operands(index: int) -> Sequence[int]:
        node = graph.nodes[index]
        if node.op in ("max", "min", "piecewise"):
            return [node.args[i] for i in trace.options[index]]
        return () if node.op == "sign" else node.args

    return nodes_met(graph.outputs, operands)


def _opened(trace: Trace, live: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The tied switches that can be reached, with their branches, in topological order."""
    return {index: options for index in live if len(options := trace.options.get(index, ())) > 1}


def _ties(
    graph: Graph,
    opened: Mapping[int, Sequence[int]],
    slots: Mapping[tuple[int, int], int],
    names: Mapping[int, str],
) -> tuple[SwitchedTie, ...]:
    """Switches by the key that they share; a branch that one of them lacks leaves that one nominal."""
    members: dict[Key, list[int]] = {}
    for index in opened:
        members.setdefault(choice_key(graph, index), []).append(index)
    ties = []
    for switches in members.values():
        options = sorted({option for index in switches for option in opened[index]})
        turned = (tuple(slots[i, option] for i in switches if (i, option) in slots) for option in options)
        patterns = tuple(pattern for pattern in turned if pattern)
        flat = tuple(sorted(slots[i, option] for i in switches for option in opened[i][1:]))
        ties.append(SwitchedTie(names[switches[0]], "", flat, patterns))
    return tuple(ties)


def _values(trace: Trace, outputs: Sequence[int], dtype: Any) -> NDArray[Any]:
    values = np.empty(len(outputs), dtype=object)
    values[:] = [trace.values[o] for o in outputs]
    return np.asarray(values.astype(dtype))
