"""Guards that hold on thin sets, as Eq(x, y) & Eq(y, z) and x**2 + y**2 <= 0 do: no arc beside one comparison runs
along these.

The signs of the comparisons that are tied at a point divide its neighbourhood into strata. On a stratum of codimension
two or more, or where a guard has no gradient, a branch may be taken that is taken nowhere beside it. F is continuous
there if its values differ from those beside it by polynomials in the ideal of the comparisons that are equal; and it
jumps if they do not and the ideal is of linear forms, or of squarefree monomials, since it then holds all that vanishes
on the stratum. Two variables leave single points only, and the search of jumps is left to see them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from conservative.functions.continuity.arcs import GERMS, crosses_smoothly
from conservative.functions.continuity.compared_signs import sign_polynomial
from conservative.functions.continuity.ideals import common_zeros, parts_on, vanishes_on
from conservative.functions.continuity.local_polynomials import (
    Polynomial,
    difference,
    output_polynomials,
)
from conservative.functions.continuity.power_series import Germ
from conservative.functions.continuity.seams import open_seams
from conservative.functions.continuity.sign_patterns import contradictory
from conservative.functions.graph.evaluate import Trace, comparisons, first_true, value_pass
from conservative.functions.graph.nodes import Graph, reachable

_MOST_TIES = 4

Signs = dict[int, int]


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Signs on a thin set and those beside it, with the Piecewise that tells them apart; no signs: not looked at."""

    index: int
    on: Signs
    beside: tuple[Signs, ...] = ()


def thin_jump(graph: Graph, base: Trace, point: Sequence[Fraction]) -> tuple[int, int] | None:
    """A comparison that holds with equality where a thin guard is proved to jump, and the output that does."""
    for stratum in _strata(graph, base, point):
        for signs in stratum.beside:
            place = _parting(graph, point, stratum.on, signs)
            if place is not None:
                return next(c for c, s in stratum.on.items() if not s), place
    return None


def has_unproved_guard(graph: Graph, base: Trace, point: Sequence[Fraction] | None) -> bool:
    """Whether F may jump along a thin guard: it is not proved to be continuous there."""
    return any(
        point is None or not stratum.on or not all(_is_joined(graph, point, stratum, s) for s in stratum.beside)
        for stratum in _strata(graph, base, point)
    )


def _tied_nodes(graph: Graph, base: Trace) -> Iterator[tuple[int, list[int]]]:
    """Every Piecewise across which something might jump, with its comparisons that are tied at the point."""
    if 0 not in base.signs.values() or len(_columns(graph, graph.outputs)) <= 2:
        return
    seams = {c for c in open_seams(graph) if base.signs.get(c) == 0}
    for index, node in enumerate(graph.nodes if seams else ()):
        if node.op == "piecewise":
            tied = sorted({c for g in node.branches()[1] for c in comparisons(graph, g) if base.boundary(c)})
            if seams.intersection(tied):
                yield index, tied


def _strata(graph: Graph, base: Trace, point: Sequence[Fraction] | None) -> Iterator[_Stratum]:
    """The thin sets next to a point; without a rational point those of several equalities."""
    for index, tied in _tied_nodes(graph, base):
        if len(tied) > _MOST_TIES:
            yield _Stratum(index, {})
            continue
        guards = graph.nodes[index].branches()[1]
        forms = [None if point is None else sign_polynomial(graph, c, point) for c in tied]
        smooth = {c for c in tied if point is None or crosses_smoothly(graph, c, point, _columns(graph, [c]))}
        for signs in product((-1, 0, 1), repeat=len(tied)):
            on = dict(zip(tied, signs, strict=True))
            if all(signs) or (signs.count(0) == 1 and all(s or c in smooth for c, s in on.items())):
                continue
            if _never(forms, signs):
                continue
            sides = [beside for beside in product((-1, 1), repeat=len(tied)) if _refines(beside, signs)]
            around = [dict(zip(tied, side, strict=True)) for side in sides if not _never(forms, side)]
            taken = first_true(graph, guards, {**base.signs, **on})
            chosen = [first_true(graph, guards, {**base.signs, **side}) for side in around]
            if taken not in chosen or (signs.count(0) == 1 and set(chosen) != {taken}):
                yield _Stratum(index, on, tuple(s for s, i in zip(around, chosen, strict=True) if i != taken))


def _refines(beside: Sequence[int], signs: Sequence[int]) -> bool:
    return all(not s or s == b for s, b in zip(signs, beside, strict=True))


def _never(forms: Sequence[Polynomial | None], signs: Sequence[int]) -> bool:
    known = [(f, s) for f, s in zip(forms, signs, strict=True) if f]
    return bool(known) and contradictory([f for f, _ in known], [s for _, s in known])


def _is_joined(graph: Graph, point: Sequence[Fraction], stratum: _Stratum, beside: Signs) -> bool:
    """Whether the branches of the Piecewise, or the outputs, are proved to agree on a stratum."""
    forms = _equations(graph, point, stratum.on)
    if forms is None:
        return False
    whole = graph.nodes[stratum.index].branches()
    taken = [first_true(graph, whole[1], {**_signs(graph, point), **s}) for s in (stratum.on, beside)]
    for roots in ([[whole[0][i]] if i is not None and i >= 0 else [] for i in taken], [list(graph.outputs)] * 2):
        gaps = _gaps(graph, point, (stratum.on, beside), roots)
        if gaps and all(gap is not None and vanishes_on(gap, forms) for gap in gaps):
            return True
    return False


def _parting(graph: Graph, point: Sequence[Fraction], on: Signs, beside: Signs) -> int | None:
    """The first output that is proved to jump between two strata."""
    forms = _equations(graph, point, on) if _is_told(graph, point, on, beside) else None
    if not forms:
        return None
    gaps = _gaps(graph, point, (on, beside), [list(graph.outputs)] * 2)
    return next((i for i, gap in enumerate(gaps) if gap is not None and parts_on(gap, forms)), None)


def _is_told(graph: Graph, point: Sequence[Fraction], on: Signs, beside: Signs) -> bool:
    """Whether both strata reach the point, and whatever vanishes on the thin one is in its ideal."""
    forms = {c: sign_polynomial(graph, c, point) or {} for c in on}
    if all(form and max(map(sum, form)) == 1 for form in forms.values()):
        return True
    ((compared, form),) = forms.items() if len(forms) == 1 else ((0, {}),)
    roots = common_zeros(form)
    return bool(roots) and (1 if min(form.values()) > 0 else -1) == beside.get(compared)


def _gaps(
    graph: Graph, point: Sequence[Fraction], signs: tuple[Signs, Signs], roots: Sequence[Sequence[int]]
) -> list[Polynomial | None]:
    """The differences of nodes under one choice of signs from nodes under another, as polynomials."""
    constants = [Germ.of((x,)) for x in point]
    pieces = [
        output_polynomials(replace(graph, outputs=tuple(nodes)), value_pass(graph, GERMS, constants, given), point)
        for given, nodes in zip(signs, roots, strict=True)
    ]
    if len(pieces[0]) != len(pieces[1]):
        return [None]
    return [None if a is None or b is None else difference(a, b) for a, b in zip(*pieces, strict=True)]


def _signs(graph: Graph, point: Sequence[Fraction]) -> Signs:
    return value_pass(graph, GERMS, [Germ.of((x,)) for x in point], {}).signs


def _equations(graph: Graph, point: Sequence[Fraction], on: Signs) -> list[Polynomial] | None:
    """Polynomials that are all 0 on a stratum only; None where a comparison has the sign of none."""
    forms = [sign_polynomial(graph, compared, point) for compared, sign in on.items() if not sign]
    known = [form for form in forms if form is not None]
    return [form for form in known if form] if len(known) == len(forms) else None


def _columns(graph: Graph, roots: Sequence[int]) -> list[int]:
    return sorted({graph.nodes[i].data for i in reachable(graph.nodes, roots) if graph.nodes[i].op == "variable"})
