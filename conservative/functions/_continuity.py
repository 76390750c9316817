"""Continuity judged on the whole: which resolutions of the jumps at a point are really met beside it."""

from collections.abc import Sequence
from typing import Any

from conservative._core.errors import DiscontinuityError, FunctionError
from conservative.functions._arithmetic import Arithmetic
from conservative.functions._cells import reached_direction
from conservative.functions._graph import Graph
from conservative.functions._symbolic import written
from conservative.functions._values import Trace, Undefined, resolved_traces, value_pass


def continuous_traces(
    graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], *, symbols: Sequence[Any], limit: int
) -> tuple[Trace, ...]:
    """The resolved value passes that give the function's value at the point; `symbols` name the guards in messages.

    Raises
    ------
    FunctionError
        Where the function has no real value at the point, or beside it.
    DiscontinuityError
        Where a resolution that is met beside the point gives another value. A resolution that
        disagrees is dropped only when its comparisons are piecewise affine and no direction satisfies them: then no
        point near this one satisfies them either.
    """
    base = value_pass(graph, arithmetic, point, {})
    for output in graph.outputs:
        if isinstance(base.values[output], Undefined):
            raise FunctionError(f"the function has no value at the point: {base.values[output].reason}.")
    kept = []
    for trace, agreeing in resolved_traces(graph, arithmetic, point, limit=limit):
        if agreeing:
            kept.append(trace)
            continue
        affine = all(graph.linear[c] for c in trace.forced)
        reached = reached_direction(graph, trace, arithmetic) is not None
        if reached:
            raise _jump(graph, arithmetic, symbols, base, trace)
        if not affine:
            raise _undecided(graph, symbols, trace)
    return tuple(kept)


def _undecided(graph: Graph, symbols: Sequence[Any], trace: Trace) -> FunctionError:
    left, right = written(graph, symbols, [next(iter(trace.forced))])[0]
    return DiscontinuityError(
        f"the branches disagree where {left} meets {right}, and to first order it cannot be told whether the point is "
        "met from that side. Write the guard with an affine comparison, or leave out a guard that always holds."
    )


def _jump(graph: Graph, arithmetic: Arithmetic, symbols: Sequence[Any], base: Trace, trace: Trace) -> FunctionError:
    left, right = written(graph, symbols, [next(iter(trace.forced))])[0]
    pairs = [(base.values[o], trace.values[o]) for o in graph.outputs]
    for _, beside in pairs:
        if isinstance(beside, Undefined):
            return FunctionError(
                f"a branch that meets the point, where {left} meets {right}, has no value there: {beside.reason}."
            )
    component = next(i for i, (here, beside) in enumerate(pairs) if arithmetic.compare(here, beside) != 0)
    here, beside = pairs[component]
    return DiscontinuityError(
        f"the pieces disagree where {left} meets {right}: component {component} is {here} at the point and {beside} "
        "beside it. "
        "A conservative Jacobian needs a continuous function; check the guards and branches."
    )
