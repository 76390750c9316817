"""A quick test for jumps when a function is built: a few sampled points on the boundary of each guard."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from conservative._core.errors import BudgetError, DiscontinuityError, FunctionError
from conservative.functions.continuity.jumps import continuous_traces
from conservative.functions.continuity.seams import open_seams
from conservative.functions.graph.arithmetic import Arithmetic, ExactArithmetic, FloatArithmetic
from conservative.functions.graph.evaluate import Undefined, value_pass
from conservative.functions.graph.forward_mode import Gradient, propagate, subtract
from conservative.functions.graph.nodes import BOOLEANS, Graph, nodes_met

_MAX_GUARDS = 12
_SAMPLES = 3
_TOLERANCE = 1e-7


def find_jump(graph: Graph, symbols: Sequence[Any]) -> str | None:
    """A point of a guard where F jumps, in words, when every sampled point of that guard is a jump.

    A guard is not reported when F is continuous at one of its samples: a soft-threshold is continuous only for
    thresholds of one sign, and which signs a user means is not known here. Doubles look first, because they are fast;
    what they find is looked at again exactly. Guards across which nothing jumps by construction are left out.
    """
    for compared in open_seams(graph)[:_MAX_GUARDS]:
        rough = _jump_at_every_sample(graph, FloatArithmetic(_TOLERANCE), compared, symbols)
        if rough is not None:
            point, reason = _jump_at_every_sample(graph, ExactArithmetic(), compared, symbols) or rough
            return f"at {', '.join(f'{n} = {v}' for n, v in zip(symbols, point, strict=True))}: {reason}"
    return None


def _jump_at_every_sample(
    graph: Graph, arithmetic: Arithmetic, compared: int, symbols: Sequence[Any]
) -> tuple[tuple[Any, ...], str] | None:
    found: tuple[tuple[Any, ...], str] | None = None
    for point in _boundary_points(graph, arithmetic, compared):
        try:
            continuous_traces(graph, arithmetic, point, symbols=symbols, limit=200)
        except DiscontinuityError as error:
            found = found or (point, str(error))
        except (FunctionError, BudgetError):
            return None
        else:
            return None
    return found


def _boundary_points(graph: Graph, arithmetic: Arithmetic, compared: int) -> Iterator[tuple[Any, ...]]:
    """Points where the two compared values are equal, reached along one variable in which they are affine."""
    for sample in range(_SAMPLES):
        base = [arithmetic.constant(Fraction(3 * sample + 2 * i + 1, 7)) for i in range(graph.width)]
        try:
            point = _affine_root(graph, arithmetic, compared, base)
        except FunctionError:
            return
        if point is None:
            return
        yield point


def _affine_root(graph: Graph, arithmetic: Arithmetic, compared: int, base: list[Any]) -> tuple[Any, ...] | None:
    gap, slope = _gap_and_slope(graph, arithmetic, compared, base)
    zero = arithmetic.constant(Fraction(0))
    for column in (i for i, s in enumerate(slope) if arithmetic.compare(s, zero)):
        moved = list(base)
        step = arithmetic.multiply([gap, arithmetic.power(slope[column], Fraction(-1))])
        moved[column] = arithmetic.add([base[column], arithmetic.multiply([arithmetic.constant(Fraction(-1)), step])])
        rest, _ = _gap_and_slope(graph, arithmetic, compared, moved)
        if arithmetic.compare(rest, zero) == 0:
            return tuple(moved)
    return None


def _gap_and_slope(graph: Graph, arithmetic: Arithmetic, compared: int, point: list[Any]) -> tuple[Any, Any]:
    """The difference of the two compared values, and its gradient on the branches taken."""
    trace = value_pass(graph, arithmetic, point, {})
    gradients: dict[int, Gradient] = {}
    for index in _operands_first(graph, compared):
        if isinstance(trace.values[index], Undefined):
            raise FunctionError(trace.values[index].reason)
        branch = trace.options.get(index, (0,))[0]
        gradients[index] = propagate(graph, trace, arithmetic, index=index, inputs=gradients, branch=branch)
    left, right = graph.nodes[compared].args
    negated = arithmetic.multiply([arithmetic.constant(Fraction(-1)), trace.values[right]])
    gap = arithmetic.add([trace.values[left], negated])
    return gap, subtract(gradients[left], gradients[right], graph.width, arithmetic)


def _operands_first(graph: Graph, compared: int) -> list[int]:
    def operands(index: int) -> Sequence[int]:
        node = graph.nodes[index]
        read = () if node.op == "sign" else node.branches()[0] if node.op == "piecewise" else node.args
        return [i for i in read if graph.nodes[i].op not in BOOLEANS]

    return nodes_met([i for i in graph.nodes[compared].args if graph.nodes[i].op not in BOOLEANS], operands)
