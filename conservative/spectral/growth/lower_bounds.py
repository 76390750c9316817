"""Proved lower bounds of the lower spectral radius: determinants, inverses and cones, of a family and its blocks."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, zip_longest
from typing import Any

import flint
import numpy as np

from conservative._core.deadlines import NEVER, seconds_left
from conservative._core.exact.linear_algebra import from_flint, to_flint, working_precision
from conservative._core.families.as_family import MatrixFamily
from conservative._core.numbers import float_below
from conservative.certificates import AlonePart, BlockPart, Certificate, DeterminantsPart, InversesPart, LowerPart
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import edge_family
from conservative.spectral.growth.antinorm import WeightedGraph, proved_antinorm_rates
from conservative.spectral.radius.joint_spectral_radius import joint_spectral_radius
from conservative.spectral.reduction import triangularise
from conservative.spectral.words.cyclic_words import Word
from conservative.spectral.words.products import proved_rate

Bound = tuple[float, LowerPart | None]
"""A proved bound, and what proves it to the checker, if anything does."""

_NEARLY = 1 + Fraction(1, 10**9)
"""A certificate whose claim is within this factor of a bound is as good as the bound."""


def lower_bounds(
    family: MatrixFamily, automaton: Automaton | None, word: Word, upper: float, deadline: float
) -> Iterator[Bound]:
    """Bounds by all methods, the cheap ones first."""
    if family.count == 1 and automaton is None:
        yield proved_rate(family, word).lower, AlonePart()
        return
    form = triangularise(family)

    def within(index: int, bound: Bound) -> Bound:
        """The bound of a diagonal block as one of the family."""
        rate, part = bound
        if form.is_trivial or part is None:
            return bound
        return rate, BlockPart(form.basis, form.inverse, form.sizes, index, part)

    for index, block in enumerate(form.blocks):
        yield within(index, _determinant_bound(block))
    if not form.is_trivial:
        yield _determinant_bound(family)
        yield from _cones(family, automaton, word, upper)
    for index, block in enumerate(form.blocks):
        yield from (within(index, bound) for bound in _cones(block, automaton, word, upper))
    for index, block in enumerate(form.blocks):
        if block.size > 1 or automaton is not None:
            left = None if deadline == NEVER else seconds_left(deadline) / len(form.blocks)
            yield within(index, _inverse_bound(block, automaton, left))


def _cones(family: MatrixFamily, automaton: Automaton | None, word: Word, upper: float) -> Iterator[Bound]:
    """Of a nonnegative family and of the transposed one, by turns: often one of them closes at once."""
    if not all(x >= 0 for m in family.exact for row in m for x in row):
        return
    if automaton is None:
        graph = WeightedGraph(family, [(0, 0, i) for i in range(family.count)], 1)
    else:
        graph = WeightedGraph(edge_family(family, automaton), automaton.edges, automaton.nodes)
    rows = proved_antinorm_rates(graph, word, upper, side="rows")
    columns = proved_antinorm_rates(graph.transposed(), word[::-1], upper, side="columns")
    for found in chain.from_iterable(zip_longest(rows, columns)):
        if found is not None:
            yield float_below(found[0]), found[1]


def _determinant_bound(family: MatrixFamily) -> Bound:
    """min |det A_i|^(1/n), rounded down."""
    least = min(abs(to_flint(m).det()) for m in family.exact)
    if least == 0:
        return 0.0, None
    with working_precision(128):
        root = flint.arb(least).root(family.size) if family.size > 1 else flint.arb(least)
        mantissa, exponent = root.lower().mid().man_exp()
    return max(float_below(Fraction(int(mantissa)) * Fraction(2) ** int(exponent)), 0.0), DeterminantsPart()


def _inverse_bound(family: MatrixFamily, automaton: Automaton | None, seconds: float | None) -> Bound:
    """1 / jsr of the inverses, rounded down; 0 when one of them is singular or overflows."""
    matrices = [to_flint(m) for m in family.exact]
    if any(m.det() == 0 for m in matrices):
        return 0.0, None
    exact = tuple(from_flint(m.inv()) for m in matrices)
    try:
        floats = np.array([[[float(x) for x in row] for row in m] for m in exact])
    except OverflowError:
        return 0.0, None
    turned = None if automaton is None else replace(automaton, edges=tuple((v, u, i) for u, v, i in automaton.edges))
    radius = joint_spectral_radius(MatrixFamily(floats, exact), time_limit=seconds, automaton=turned)
    if not 0 < radius.upper < np.inf:
        return 0.0, None
    claimed = None if radius.certificate is None else radius.certificate.claim.upper
    if radius.certificate is None or claimed is None or claimed > Fraction(radius.upper) * _NEARLY:
        return float_below(1 / Fraction(radius.upper)), None
    return float_below(1 / claimed), _inverses_part(exact, radius.certificate)


def _inverses_part(inverses: Any, certificate: Certificate) -> LowerPart:
    """The upper end of a certificate about the inverses, inside another proof."""
    kind, proof, claim = certificate.kind, certificate.document["proof"], certificate.claim
    if kind == "equality":
        return InversesPart(inverses, proof["upper"])
    return InversesPart(
        inverses, {"kind": kind, "proof": proof} | ({"lower": str(claim.lower)} if kind == "exact" else {})
    )
