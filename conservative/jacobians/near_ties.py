"""Near ties: values that are not tied, yet so close that they may be meant to be, as records with a message."""

from collections.abc import Sequence

from conservative.functions import PiecewiseSelection
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.to_sympy import abbreviated
from conservative.functions.ties.ties_by_rounding import rounding_ties
from conservative.jacobians.jacobian_set import NearTie


def near_ties(F: PiecewiseSelection, traces: Sequence[Trace], *, exact: bool) -> tuple[NearTie, ...]:
    """The near ties of some value passes, each expression once with its least distance.

    At floating-point points these are values beyond the tolerance, yet not far; at exact points values that rounding
    decimals to doubles could have parted.
    """
    found: dict[str, float] = {}
    for trace in traces:
        for index, distance in rounding_ties(F.graph, trace) if exact else trace.near:
            text = abbreviated(F.graph, F.symbols, index)
            found[text] = min(distance, found.get(text, distance))
    return tuple(NearTie(text, distance) for text, distance in found.items())
