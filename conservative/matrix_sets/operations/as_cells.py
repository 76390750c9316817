"""Any set as a union of convex cells: what operations take that work on listed vertices."""

from conservative._core.numbers import round_up
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.finite import FiniteSet
from conservative.matrix_sets.sets.region import PlanarRegion
from conservative.matrix_sets.sets.template import VERTEX_ROUNDING, TemplateHull
from conservative.matrix_sets.sets.triangles import triangulated
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope


def as_cells(S: MatrixSet) -> CellUnion:
    """The set as a union of cells: its points, its triangles, or one cell with all vertices.

    Returns: with the tag and the errors of S; the rounding of listed vertices is added. Raises BudgetError if the
    vertices are too many to list.

    >>> as_cells(FiniteSet([[[0.0]], [[1.0]]]))
    CellUnion(2 cells, 1 × 1, EXACT)
    """
    if isinstance(S, CellUnion):
        return S
    rounding = vertex_rounding(S)
    if isinstance(S, FiniteSet):
        cells = S.points[:, None]
    elif isinstance(S, PlanarRegion):
        cut = triangulated(S.geometry)
        cells, rounding = cut.triangles.reshape(-1, 3, *S.shape), cut.rounding
    else:
        cells = S.extreme[None]
    missing, extra = (round_up(e + rounding) if rounding > 0.0 else e for e in (S.e_missing, S.e_extra))
    return CellUnion(cells, 0.0, S.exactness, missing, extra)


def vertex_rounding(S: MatrixSet) -> float:
    """How far the matrices that `extreme` lists may be from the set's own vertices."""
    if isinstance(S, TemplateHull):
        return round_up(VERTEX_ROUNDING * 2.0 * S.radius)
    return S.rounding if isinstance(S, MatrixZonotope) else 0.0
