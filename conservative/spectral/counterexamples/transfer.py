"""Transfer to the function: where it is proved to equal the two-piece linear map of its Jacobians."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.errors import BudgetError, FunctionError
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.functions import PiecewiseSelection
from conservative.functions.graph.builder import Builder
from conservative.functions.ties.affine_search import AffineSearch
from conservative.spectral.counterexamples.claims import FunctionClaim, FunctionScope
from conservative.spectral.counterexamples.higher_order import Remainder, remainders
from conservative.spectral.counterexamples.kink_report import KinkReport, KinkStatus
from conservative.spectral.counterexamples.planar_cones import below_one

_MOST_CELLS = 2000
_BOXES = tuple(Fraction(2) ** k for k in range(10, -21, -1))
_HALVINGS = 200


def with_function(
    report: KinkReport, family: MatrixFamily, F: PiecewiseSelection, values: Mapping[str, Any]
) -> KinkReport:
    """A report on the map of a function's Jacobians, with what of it is proved for the function.

    G(x) = x̄ + B (x - x̄) + u max(v.(x - x̄), 0) with A - B = u v^T. That F - G is 0, everywhere or on a box, is decided
    exactly, by the search for its affine pieces. Otherwise F may be G up to R with |R(d)| <= C |d|^2 near x̄, from
    enclosures of second derivatives. With n the steps in which each product falls below `block` < 1, `peak` a bound of
    all products and L of both matrices, |F^k(d) - G^k(d)| <= e peak ((L + e)^n - 1) / (L + e - 1) |d| as long as
    |R(x)| <= e |x|; where that is at most (1 - block) / 2, iterates shrink after at most n steps, for ever.
    """
    nothing = replace(report, function=FunctionClaim(FunctionScope.NOT_PROVED))
    centre = [values[s.name] for s in F.state]
    if not all(isinstance(x, (Fraction, int)) for x in values.values()):
        return nothing
    bound = F.bind({s.name: values[s.name] for s in F.parameters}) if F.parameters else F
    sides = [tuple(sign * x for x in report.normal) for sign in (1, -1)]
    for normal in sides:
        turned = replace(report, normal=normal)
        box = _largest_box(bound - _two_pieces(bound, family, normal, centre), centre)
        if box == math.inf:
            return replace(turned, function=FunctionClaim(FunctionScope.EVERYWHERE))
        if box > 0:
            radius = _staying(report, Fraction(box)) if report.map_converges else None
            return replace(turned, function=FunctionClaim(FunctionScope.BOX, Fraction(box), radius))
    if report.status is KinkStatus.DECAYS and report.weight:
        near = [
            (radius, remainder.box)
            for remainder in remainders(bound, family, report.normal, centre)
            if (radius := _settling(report, family, remainder)) is not None
        ]
        if near:
            radius, size = max(near)
            return replace(report, function=FunctionClaim(FunctionScope.NEAR, size, radius))
    return nothing


def _two_pieces(
    F: PiecewiseSelection, family: MatrixFamily, normal: tuple[Fraction, ...], centre: list[Fraction]
) -> PiecewiseSelection:
    """x̄ + B d + u max(v.d, 0), d = x - x̄, in the variables of F."""
    A, B = family.exact
    pivot = next(j for j, x in enumerate(normal) if x)
    builder = Builder(len(centre))
    d = [builder.add([builder.variable(j), builder.constant(-Fraction(c))]) for j, c in enumerate(centre)]
    beyond = builder.extremum("max", [_combined(builder, normal, d), builder.constant(Fraction(0))])
    rows = []
    for row_a, row_b, c in zip(A, B, centre, strict=True):
        jump = builder.constant((row_a[pivot] - row_b[pivot]) / normal[pivot])
        straight = _combined(builder, row_b, d)
        rows.append(builder.add([builder.constant(Fraction(c)), straight, builder.multiply([jump, beyond])]))
    return PiecewiseSelection.assembled(builder.finish(rows), state=F.state, parameters=())


def _combined(builder: Builder, weights: Sequence[Fraction], nodes: Sequence[int]) -> int:
    return builder.add([builder.multiply([builder.constant(w), n]) for w, n in zip(weights, nodes, strict=True)])


def _largest_box(D: PiecewiseSelection, centre: list[Fraction]) -> Fraction | float:
    """Infinite where D = 0 everywhere, a half-width of a box around the centre where it is 0, and 0 otherwise."""
    if _vanishes(D, ()):
        return math.inf
    if not _vanishes(D, _inside(centre, _BOXES[-1])):
        return Fraction(0)
    return next(half for half in _BOXES if _vanishes(D, _inside(centre, half)))


def _inside(centre: Sequence[Fraction], half: Fraction) -> list[Any]:
    """The conditions |x_i - x̄_i| < half, each as coefficients and a constant."""
    n = len(centre)
    rows = []
    for j, c in enumerate(centre):
        for sign in (1, -1):
            row = np.array([Fraction(sign * int(i == j)) for i in range(n + 1)], dtype=object)
            row[n] = half - sign * Fraction(c)
            rows.append(row)
    return rows


def _vanishes(D: PiecewiseSelection, within: Any) -> bool:
    search = AffineSearch(D.graph, D.symbols)
    try:
        for count, leaf in enumerate(search.leaves(within)):
            if count > _MOST_CELLS or any(leaf.forms[o].any() for o in D.graph.outputs):
                return False
    except (FunctionError, BudgetError):
        return False
    return not search.has_holes


def _staying(report: KinkReport, box: Fraction) -> Fraction | None:
    """A half-width from which products of norm up to `peak` do not lead out of the box."""
    if not report.weight:
        return None
    total, inverse = _sizes(report)
    # |d|_P^2 <= total * radius^2 inside the small box, and |x_i|^2 <= inverse * |x|_P^2 anywhere.
    return _rounded(box / report.peak, total * inverse)


def _settling(report: KinkReport, family: MatrixFamily, remainder: Remainder) -> Fraction | None:
    """A half-width from which iterates of F converge, where |R(d)| <= C |d|^2 on a box."""
    slack, n, peak = (1 - report.block) / 2, report.steps, report.peak
    lipschitz = max(_norm_above(report, matrix) for matrix in family.exact)
    error = Fraction(1)
    for _ in range(_HALVINGS):
        growth = sum((lipschitz + error) ** k for k in range(n))
        if error * peak * growth <= slack:
            break
        error /= 2
    else:
        return None
    total, inverse = _sizes(report)
    (p, q), (_, r) = report.weight
    trace, det = p + r, p * r - q * q
    # Eigenvalues of P lie in [det / trace, trace], so |R|_P <= sqrt(trace) C (trace / det) |d|_P^2.
    small = error * Fraction(det, trace) / (_root_above(trace) * remainder.bound)
    return _rounded(min(remainder.box / _root_above(inverse), small) / (peak + 1), total)


def _sizes(report: KinkReport) -> tuple[Fraction, Fraction]:
    """The sum of |P_ij|, and the largest diagonal entry of the inverse of P."""
    (p, q), (_, r) = report.weight
    return Fraction(p + 2 * abs(q) + r), Fraction(max(p, r), p * r - q * q)


def _norm_above(report: KinkReport, matrix: ExactMatrix) -> Fraction:
    unit = math.lcm(*[x.denominator for row in matrix for x in row])
    rows = tuple(tuple(int(x * unit) for x in row) for row in matrix)
    bound = Fraction(1)
    while not below_one(rows, (unit * bound) ** 2, report.weight):
        bound *= Fraction(9, 8)
    return bound


def _root_above(value: Fraction | int) -> Fraction:
    """At least the square root, and hardly more."""
    scaled = Fraction(value) * 10**12
    return Fraction(math.isqrt(math.ceil(scaled)) + 1, 10**6)


def _rounded(length: Fraction, square: Fraction) -> Fraction:
    """A power of two that is at most length / sqrt(square)."""
    found = length / _root_above(square)
    power = Fraction(1)
    while power > found:
        power /= 2
    while 2 * power <= found:
        power *= 2
    return power
