"""Jumps refused: which choices of branches occur together near a point, and whether their values agree."""

from collections.abc import Sequence
from typing import Any

from conservative._core.errors import DiscontinuityError, FunctionError
from conservative.functions.continuity.near_a_point import Occurrence, jump_beside, rational_point, reach
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.enclosed_arithmetic import enclosed_trace
from conservative.functions.graph.evaluate import Trace, Undefined, resolved_traces, value_pass
from conservative.functions.graph.nodes import Graph
from conservative.functions.graph.to_sympy import SHOWN, written
from conservative.functions.ties.first_order_cells import reached_direction


def continuous_traces(
    graph: Graph,
    arithmetic: Arithmetic,
    point: Sequence[Any],
    *,
    symbols: Sequence[Any],
    limit: int,
    around: Graph | None = None,
) -> tuple[Trace, ...]:
    """The resolved value passes that give the function's value at the point; `symbols` name the guards in messages.

    `around` is the graph beside the point, where this one holds what is known at the point only.

    Raises FunctionError where the function has no real value at the point, or beside it. Raises DiscontinuityError
    where a resolution that is met beside the point gives another value, and where the pieces are found to disagree
    along a guard beside the point. A resolution that disagrees is dropped only where no point near this one satisfies
    it: when its comparisons are piecewise affine and no direction does, or by what `near_a_point` proves.
    """
    base = value_pass(graph, arithmetic, point, {})
    for output in graph.outputs:
        if isinstance(base.values[output], Undefined):
            raise FunctionError(f"the function has no value at the point: {base.values[output].reason}.")
    rational = rational_point(graph, arithmetic, point, base) if 0 in base.signs.values() else None
    kept = []
    for trace, agreeing in resolved_traces(graph, arithmetic, point, limit=limit):
        if agreeing:
            kept.append(trace)
            continue
        found = reached(graph, arithmetic, trace, rational, around=around)
        if found is Occurrence.MET:
            raise _jump(graph, arithmetic, symbols, base, trace)
        if found is Occurrence.UNDECIDED:
            raise _undecided(graph, symbols, trace)
    jump = None if rational is None else jump_beside(around or graph, base, rational, symbols)
    if jump is not None:
        raise DiscontinuityError(
            f"{jump}. A conservative Jacobian needs a continuous function; if it is meant for one sign of a parameter "
            "only, write it so that it is continuous for both, as with Max(parameter, 0)."
        )
    return tuple(kept)


def reached(
    graph: Graph,
    arithmetic: Arithmetic,
    trace: Trace,
    rational: Sequence[Any] | None,
    *,
    around: Graph | None = None,
) -> Occurrence:
    """Whether the resolved signs of a trace are met beside the point; `around` as in `continuous_traces`."""
    if not arithmetic.exact:
        trace, arithmetic = enclosed_trace(graph, trace, arithmetic.tolerance)
    found, sure = reached_direction(graph, trace, arithmetic)
    if found and all(sign or graph.linear[c] for c, sign in trace.forced.items()):
        return Occurrence.MET
    if not found and sure and all(graph.linear[c] for c in trace.forced):
        return Occurrence.NEVER
    return Occurrence.UNDECIDED if rational is None else reach(around or graph, trace, rational)


def _undecided(graph: Graph, symbols: Sequence[Any], trace: Trace) -> FunctionError:
    left, right = written(graph, symbols, [next(iter(trace.forced))], most=SHOWN)[0]
    return DiscontinuityError(
        f"the branches disagree where {left} meets {right}, and it cannot be told whether the point is met from that "
        "side. Write the guard with affine comparisons or polynomials in two variables, give a rational point, or "
        "leave out a guard that always holds."
    )


def _jump(graph: Graph, arithmetic: Arithmetic, symbols: Sequence[Any], base: Trace, trace: Trace) -> FunctionError:
    left, right = written(graph, symbols, [next(iter(trace.forced))], most=SHOWN)[0]
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
