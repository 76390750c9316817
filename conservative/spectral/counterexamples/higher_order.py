"""How far a function may be from the two-piece linear map of its Jacobians: enclosures on boxes, rounding included."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from conservative._core.errors import ConservativeError
from conservative._core.families.as_family import MatrixFamily
from conservative.functions import PiecewiseSelection
from conservative.functions.graph.arithmetic import ExactArithmetic, as_sympy
from conservative.functions.graph.evaluate import Trace, Undefined, value_pass
from conservative.functions.graph.interval_hessians import hessians
from conservative.functions.graph.nodes import Graph
from conservative.functions.ties.active_pieces import Choices, Differentiator, enumerate_choices
from conservative.functions.ties.fixed_choices import choices_stay

_BOXES = tuple(Fraction(1, 4**k) for k in range(11))
_MOST_PIECES = 64
_DIGITS = 30
_CLEAR = 8
"""A point tells the pieces apart where they differ by so many times what second derivatives can do."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """|F(x̄ + d) - G(x̄ + d)| <= bound |d|^2, in Euclidean norms, where |d_i| <= box for all i."""

    box: Fraction
    bound: Fraction


def remainders(
    F: PiecewiseSelection, family: MatrixFamily, normal: Sequence[Fraction], centre: Sequence[Fraction]
) -> Iterator[Remainder]:
    """Boxes on which F is the map G of its Jacobians up to a quadratic remainder, the largest first.

    On a box where no switch but those tied at x̄ can change, F(x) is the value of one of the pieces F_i active at x̄, and
    |F_i(x̄ + d) - x̄ - A_i d| <= H |d|^2 / 2 with A_i in {A, B}. Where |u| |v.d| > H |d|^2 the pieces of A and those of B
    have no value in common; that set is two convex parts, one on each side, and on each F, being continuous, keeps to
    pieces of one kind: one point of each part tells which. Elsewhere |A d - B d| <= H |d|^2, so that the remainder is
    at most 3 H |d|^2 / 2.

    `F`: without parameters. `family`: A and B with A - B = u v^T.
    """
    try:
        traces = F.traces(F.point(list(centre)), limit=_MOST_PIECES)
        if len(traces) != 1 or traces[0].forced:
            return
        pieces = list(enumerate_choices(F.graph, traces[0], limit=_MOST_PIECES))
    except ConservativeError:
        return
    if not _are_the_pair(F.graph, traces[0], pieces, family):
        return
    for box in _BOXES:
        balls = [_around(c, box) for c in centre]
        if not choices_stay(F.graph, traces[0], balls):
            continue
        curvature = max(_curvature(F.graph, piece, balls) for piece in pieces)
        if np.isfinite(curvature) and _has_both_sides(F, family, normal, centre, box, Fraction(curvature)):
            yield Remainder(box, Fraction(3, 2) * max(Fraction(curvature), Fraction(1, 10**9)))


def _are_the_pair(graph: Graph, trace: Trace, pieces: Sequence[Choices], family: MatrixFamily) -> bool:
    differentiate = Differentiator(graph, trace, ExactArithmetic())
    found = {tuple(map(tuple, differentiate.jacobian(piece).tolist())) for piece in pieces}
    return found == {tuple(map(tuple, matrix)) for matrix in family.exact}


def _around(centre: Fraction, half: Fraction) -> Any:
    low, high = (arb(fmpq(x.numerator, x.denominator)) for x in (Fraction(centre) - half, Fraction(centre) + half))
    return low.union(high)


def _curvature(graph: Graph, piece: Choices, balls: Sequence[Any]) -> float:
    """An upper bound of |second derivative of the piece along unit vectors|, over a box."""
    middle, radius = hessians(graph, piece.branches, piece.reached, balls)
    entries = np.abs(middle) + radius
    return float(np.sqrt((entries**2).sum()) * (1 + 1e-9))


def _has_both_sides(
    F: PiecewiseSelection,
    family: MatrixFamily,
    normal: Sequence[Fraction],
    centre: Sequence[Fraction],
    box: Fraction,
    curvature: Fraction,
) -> bool:
    """Whether F follows A on one side of the kink and B on the other, from one clear point on each."""
    A, B = family.exact
    square = sum(x * x for x in normal)
    pivot = next(j for j, x in enumerate(normal) if x)
    jump = max(abs((a[pivot] - b[pivot]) / normal[pivot]) for a, b in zip(A, B, strict=True))
    length = min(box / max(map(abs, normal)), jump / (_CLEAR * max(curvature, Fraction(1, 10**9))))
    kinds = []
    for sign in (1, -1):
        step = [sign * length * x for x in normal]
        point = [Fraction(c) + d for c, d in zip(centre, step, strict=True)]
        values = value_pass(F.graph, ExactArithmetic(), point, {}).values
        images = [values[o] for o in F.graph.outputs]
        if any(isinstance(x, Undefined) for x in images):
            return False
        errors = [_distance(images, centre, matrix, step) for matrix in (A, B)]
        limit = curvature * length**2 * square
        # Twice what second derivatives allow is room for rounding; the pieces lie _CLEAR times as far apart.
        kinds.append([error <= 2 * limit for error in errors])
    return sorted(kinds) == [[False, True], [True, False]]


def _distance(images: Sequence[Any], centre: Sequence[Fraction], matrix: Any, step: Sequence[Fraction]) -> Fraction:
    """The largest component of F(x̄ + d) - x̄ - M d, of thirty digits."""
    found = []
    for image, c, row in zip(images, centre, matrix, strict=True):
        wanted = Fraction(c) + sum(x * d for x, d in zip(row, step, strict=True))
        difference = (as_sympy(image) - as_sympy(wanted)).evalf(_DIGITS)
        found.append(abs(Fraction(str(difference))))
    return max(found)
