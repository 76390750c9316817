"""Values that are not tied, yet suspiciously close, in words."""

from collections.abc import Sequence

from conservative.functions import PiecewiseSelection
from conservative.functions._symbolic import abbreviated
from conservative.functions._values import Trace
from conservative.jacobians.jacobian_set import NearTie


def near_ties(F: PiecewiseSelection, traces: Sequence[Trace]) -> tuple[NearTie, ...]:
    """The near ties of some value passes, each expression once with its least distance."""
    found: dict[str, float] = {}
    for trace in traces:
        for index, distance in trace.near:
            text = abbreviated(F.graph, F.symbols, index)
            found[text] = min(distance, found.get(text, distance))
    return tuple(NearTie(text, distance) for text, distance in found.items())
