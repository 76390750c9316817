"""Sets so large or small that squares overflow or underflow, scaled to sizes near one by a power of two."""

import numpy as np

from conservative._core.numbers import Bracket, round_down, round_up
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.finite import FiniteSet
from conservative.matrix_sets.sets.polytope import MatrixPolytope
from conservative.matrix_sets.sets.region import PlanarRegion
from conservative.matrix_sets.sets.template import TemplateHull
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope

_LARGEST = 400
"""Exponent of sizes from which cubes of coordinates, as shapely forms them, come near the ends of the doubles."""


def far_exponent(X: MatrixSet, Y: MatrixSet) -> int:
    """The exponent of the larger size, where it is so large, or so small, that sets should be scaled; otherwise 0."""
    exponent = int(np.frexp(max(X.radius, Y.radius))[1])
    return exponent if abs(exponent) > _LARGEST else 0


def scaled(S: MatrixSet, exponent: int) -> MatrixSet:
    """2^exponent S, exact but for entries that underflow; without the errors of S."""
    with np.errstate(under="ignore"):
        if isinstance(S, FiniteSet | MatrixPolytope):
            return type(S)(np.ldexp(S.extreme, exponent))
        if isinstance(S, CellUnion):
            return CellUnion(np.ldexp(S.cells, exponent), float(np.ldexp(S.margin, exponent)))
        if isinstance(S, MatrixZonotope):
            return MatrixZonotope(np.ldexp(S.center, exponent), S.parts.shifted(exponent))
        if isinstance(S, TemplateHull):
            return TemplateHull(S.directions, np.ldexp(S.heights, exponent))
    import shapely

    return PlanarRegion(shapely.transform(S.to_shapely(), lambda x: np.ldexp(x, exponent)), S.shape)


def scaled_back(found: Bracket, exponent: int, *, entries: int) -> Bracket:
    """2^exponent times a distance of scaled sets of so many entries, with room for what underflowed."""
    lost = 4.0 * 5e-324 * entries if exponent > 0 else 0.0
    with np.errstate(over="ignore", under="ignore"):
        lower, upper = np.ldexp([max(0.0, found.lower - lost), found.upper + lost], exponent).tolist()
    return Bracket(max(0.0, round_down(lower)), round_up(upper) if upper > 0.0 else 0.0)
