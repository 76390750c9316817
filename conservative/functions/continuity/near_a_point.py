"""What a function does arbitrarily near a point, where first derivatives do not decide: signs and jumps.

Signs are proved: one is *met* along an arc, or by an exact decision for polynomials in two variables; it is
*never* met where that decision or a contradiction says so. Else it stays undecided. Jumps are searched for: that none
is found proves nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from fractions import Fraction
from itertools import chain, combinations
from math import lcm
from typing import Any

from conservative._core.errors import FunctionError
from conservative.functions.continuity.arcs import (
    GERMS,
    Arc,
    Sides,
    axis_arcs,
    crosses_smoothly,
    guard_sides,
    half_lines,
)
from conservative.functions.continuity.compared_signs import root_against_polynomial, sign_polynomial
from conservative.functions.continuity.laurent import LaurentArithmetic, power_series
from conservative.functions.continuity.local_polynomials import difference, output_polynomials
from conservative.functions.continuity.power_series import Germ
from conservative.functions.continuity.seams import open_seams
from conservative.functions.continuity.sign_patterns import contradictory, local_patterns, parts_across
from conservative.functions.continuity.thin_guards import thin_jump
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.balls import RealBall
from conservative.functions.graph.enclosed_arithmetic import EnclosedArithmetic
from conservative.functions.graph.evaluate import Trace, Undefined, value_pass
from conservative.functions.graph.nodes import Graph, Node, pruned, reachable
from conservative.functions.graph.to_sympy import SHOWN, written

_MAX_GUARDS = 8
"""Most guards beside which jumps are looked for at one point."""
_DIGITS = 10**6
_BALL_BITS = 70
"""A small t² has the power t^(2M) of about twice that many bits, which balls of 256 bits tell from their rounding."""
_LEAST_BITS = 4
_LAURENT = LaurentArithmetic()


class Occurrence(Enum):
    """Whether given signs of comparisons are taken at points arbitrarily near one point."""

    MET = "met"
    NEVER = "never met"
    UNDECIDED = "undecided"


def rational_point(
    graph: Graph, arithmetic: Arithmetic, point: Sequence[Any], base: Trace
) -> tuple[Fraction, ...] | None:
    """The point itself, or for doubles a rational point within the tolerance at which the same values are tied."""
    if arithmetic.exact:
        return tuple(point) if all(isinstance(x, Fraction) for x in point) else None
    exact = tuple(Fraction(x) for x in point)
    for candidate in (exact, tuple(x.limit_denominator(_DIGITS) for x in exact)):
        near = all(
            abs(a - b) <= arithmetic.tolerance * max(1.0, abs(float(b))) for a, b in zip(candidate, exact, strict=True)
        )
        if near and _tied_alike(graph, candidate, base):
            return candidate
    return None


def _tied_alike(graph: Graph, point: Sequence[Fraction], base: Trace) -> bool:
    """Whether rational arithmetic finds the same ties; values that are not rational cannot show one."""
    signs = value_pass(graph, GERMS, [Germ.of((x,)) for x in point], {}).signs
    return all(signs.get(c, s or None) == s for c, s in base.signs.items())


def reach(graph: Graph, trace: Trace, point: Sequence[Fraction]) -> Occurrence:
    """Whether the resolved signs of a trace are met beside the point."""
    polynomials = {c: sign_polynomial(graph, c, point) for c in trace.forced}
    known = {c: p for c, p in polynomials.items() if p is not None}
    signs = tuple(trace.forced[c] for c in known)
    patterns = local_patterns(list(known.values()))
    if patterns is not None and signs not in patterns:
        return Occurrence.NEVER
    if known and contradictory(list(known.values()), signs):
        return Occurrence.NEVER
    if patterns is not None and len(known) == len(polynomials):
        return Occurrence.MET
    columns = _variables([graph.nodes[i] for i in reachable(graph.nodes, list(trace.forced))])
    if len(columns) == 1:
        return _reach_on_a_line(graph, trace, axis_arcs(point, columns[0]))
    for arc in _arcs(graph, tuple(trace.forced), point, columns):
        found = value_pass(graph, GERMS, arc, {}).signs
        if all(found.get(c) == s for c, s in trace.forced.items()):
            return Occurrence.MET
    return Occurrence.UNDECIDED


def _reach_on_a_line(graph: Graph, trace: Trace, arcs: Iterable[Arc]) -> Occurrence:
    """Comparisons of one variable have their signs at the point, on its right and on its left."""
    decided = True
    for arc in arcs:
        found = value_pass(graph, GERMS, arc, {}).signs
        if all(found.get(c) == s for c, s in trace.forced.items()):
            return Occurrence.MET
        decided = decided and any(found.get(c, s) != s for c, s in trace.forced.items())
    at_point = not any(trace.forced.values())
    return Occurrence.NEVER if decided and not at_point else Occurrence.UNDECIDED


def jump_beside(graph: Graph, base: Trace, point: Sequence[Fraction], symbols: Sequence[Any]) -> str | None:
    """A jump across a guard at points arbitrarily near this one, in words, or None when none is found.

    Two arcs 2 t^M apart on the two sides of a guard are tried, and the one between them, on which an equality may hold.
    A function that differs between them by less than M orders is not Lipschitz near the point, and so no continuous
    selection of pieces with bounded derivatives. Pieces that are polynomials in two variables are compared along every
    curve of the guard, also where it has no rational tangent.
    """
    for compared in _tied_guards(graph, base)[:_MAX_GUARDS]:
        jump = _jump_across(graph, compared, point, symbols)
        if jump is not None:
            left, right = written(graph, symbols, [compared], most=SHOWN)[0]
            return f"the pieces disagree beside the point, where {left} meets {right}: {jump}"
    thin = thin_jump(graph, base, point)
    if thin is not None:
        left, right = written(graph, symbols, [thin[0]], most=SHOWN)[0]
        return (
            f"the pieces disagree beside the point, where {left} meets {right}: component {thin[1]} has another value "
            "on a thin set"
        )
    return None


def _jump_across(graph: Graph, compared: int, point: Sequence[Fraction], symbols: Sequence[Any]) -> str | None:
    """Along what the outputs jump at one guard, and which of them."""
    behind = [o for o in graph.outputs if compared in reachable(graph.nodes, [o])]
    part, place = pruned(graph.nodes, behind, graph.width, {})
    roots = lcm(*(node.data.denominator for node in part.nodes if node.op == "power"))
    arcs = list(guard_sides(part, place[compared], point, _variables(part.nodes)))
    seen = ((s, _parting(part, s)) for found in arcs for s in (found.stretched(k) for k in sorted({1, roots})))
    told = ((sides, _parting_in_balls(part, sides)) for sides in arcs)
    for sides, gap in chain(seen, told):
        if gap is not None:
            along = ", ".join(f"{s} = {g}" for s, g in zip(symbols, sides.middle, strict=True))
            component = graph.outputs.index(behind[gap[0]])
            return f"along {along}, for small t > 0, component {component} jumps{gap[1]}"
    parting = _parting_on_a_curve(part, place[compared], point)
    if parting is None:
        return None
    return (
        f"along a curve through the point component {graph.outputs.index(behind[parting])} has different limits from "
        "its two sides, or another value on it"
    )


def _parting_on_a_curve(graph: Graph, compared: int, point: Sequence[Fraction]) -> int | None:
    """The first output whose pieces beside a guard and on it are seen to differ on it, all being polynomials.

    Guards with a gradient at the point are left to the arcs, which follow them in every direction.
    """
    root = root_against_polynomial(graph, compared, point)
    where, guard, turned = root or (None, sign_polynomial(graph, compared, point), 1)
    if not guard or crosses_smoothly(graph, compared, point, _variables(graph.nodes)):
        return None
    constants = [Germ.of((x,)) for x in point]
    pieces = {
        s: output_polynomials(graph, value_pass(graph, GERMS, constants, {compared: s}), point) for s in (1, 0, -1)
    }
    for signs in combinations(pieces, 2):
        for place, (first, second) in enumerate(zip(*(pieces[s] for s in signs), strict=True)):
            gap = None if first is None or second is None else difference(first, second)
            if gap and parts_across(guard, gap, (turned * signs[0], turned * signs[1]), where=where):
                return place
    return None


def _parting(graph: Graph, sides: Sides) -> tuple[int, str] | None:
    """The first output that differs by too much beside a guard, or on it, and the leading term of its jump."""
    found = [_outputs(graph, arc) for arc in (sides.first, sides.second, sides.middle)]
    for first, second in combinations(found, 2):
        for place, (a, b) in enumerate(zip(first, second, strict=True)):
            gap = None if a is None or b is None else a.minus(b)
            if gap is not None and gap.order is not None and gap.order < sides.order:
                return place, f" by about {Germ.power_of_t(gap.order, abs(gap.terms[gap.order]))}"
    return None


def _parting_in_balls(graph: Graph, sides: Sides) -> tuple[int, str] | None:
    """The first output without a rational series that parts beside a guard, seen at t and at t².

    A Lipschitz function differs by at most a multiple of t^M; what grows against that by a power of 1/t jumps.
    """
    bits = _BALL_BITS // sides.order
    found = [_outputs(graph, arc) for arc in (sides.first, sides.second, sides.middle)]
    places = [i for i, series in enumerate(zip(*found, strict=True)) if None in series]
    if bits < _LEAST_BITS or not places:
        return None
    scales = Fraction(1, 2**bits), Fraction(1, 4**bits)
    values = [[_values(graph, arc, t) for arc in (sides.first, sides.second, sides.middle)] for t in scales]
    for place in places:
        for pair in combinations(range(3), 2):
            gaps = [_size(at[pair[0]][place], at[pair[1]][place]) for at in values]
            if None in gaps or not gaps[0]:
                continue
            early, late = (gap / t**sides.order for gap, t in zip(gaps, scales, strict=True) if gap is not None)
            if 2 * late >= early * 2**bits:
                return place, ""
    return None


def _values(graph: Graph, arc: Arc, t: Fraction) -> list[Any]:
    point = [sum((c * t**i for i, c in enumerate(germ.terms)), Fraction(0)) for germ in arc]
    found = value_pass(graph, EnclosedArithmetic([]), point, {}).values
    return [found[o] for o in graph.outputs]


def _size(left: Any, right: Any) -> Fraction | None:
    """The distance of two numbers, to about its first digit; None where it is not told from 0, or does not exist."""
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return None
    gap = left - right
    if not isinstance(gap, RealBall):
        return abs(Fraction(gap))
    mantissa, exponent = map(int, gap.ball.mid().man_exp())
    return abs(mantissa) * Fraction(2) ** exponent if gap.sign else None


def _variables(nodes: Sequence[Node]) -> list[int]:
    return sorted(node.data for node in nodes if node.op == "variable")


def _tied_guards(graph: Graph, base: Trace) -> list[int]:
    if 0 not in base.signs.values():
        return []
    return [c for c in open_seams(graph) if base.signs.get(c) == 0]


def _arcs(graph: Graph, forced: Sequence[int], point: Sequence[Fraction], columns: Sequence[int]) -> Iterator[Arc]:
    yield from half_lines(point, columns)
    for compared in forced:
        for sides in guard_sides(graph, compared, point, columns):
            yield from (sides.first, sides.second)


def _outputs(graph: Graph, arc: Arc) -> list[Germ | None]:
    try:
        values = value_pass(graph, _LAURENT, [(0, germ) for germ in arc], {}).values
        return [None if isinstance(values[o], Undefined) else power_series(values[o]) for o in graph.outputs]
    except FunctionError:
        return [None] * len(graph.outputs)
