"""Compact sets of matrices: arrays come in; sets, their images, hulls and projections, and proved gaps go out.

The types are in `sets/`, and zonotopes in `zonotopes/`; `cj.sets` is this room under a short name.
"""

from conservative.matrix_sets.distance.gaps import gap as gap
from conservative.matrix_sets.distance.gaps import hausdorff_distance as hausdorff_distance
from conservative.matrix_sets.operations.cartesian_product import product as product
from conservative.matrix_sets.operations.images_and_hulls import affine_image as affine_image
from conservative.matrix_sets.operations.images_and_hulls import hull as hull
from conservative.matrix_sets.operations.linear_projections import principal_axes as principal_axes
from conservative.matrix_sets.operations.linear_projections import project_onto as project_onto
from conservative.matrix_sets.operations.simplify import simplify as simplify
from conservative.matrix_sets.operations.slices import slice_through as slice_through
from conservative.matrix_sets.sets.base import MatrixSet as MatrixSet
from conservative.matrix_sets.sets.base import Projection as Projection
from conservative.matrix_sets.sets.cell_union import CellUnion as CellUnion
from conservative.matrix_sets.sets.finite import FiniteSet as FiniteSet
from conservative.matrix_sets.sets.polytope import MatrixPolytope as MatrixPolytope
from conservative.matrix_sets.sets.region import PlanarRegion as PlanarRegion
from conservative.matrix_sets.sets.template import TemplateHull as TemplateHull
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope as MatrixZonotope
from conservative.matrix_sets.zonotopes.zonotope_algebra import minkowski_sum as minkowski_sum
from conservative.matrix_sets.zonotopes.zonotope_norm import LargestNorm as LargestNorm
from conservative.matrix_sets.zonotopes.zonotope_norm import largest_norm as largest_norm

__all__ = [
    "CellUnion",
    "FiniteSet",
    "LargestNorm",
    "MatrixPolytope",
    "MatrixSet",
    "MatrixZonotope",
    "PlanarRegion",
    "Projection",
    "TemplateHull",
    "affine_image",
    "gap",
    "hausdorff_distance",
    "hull",
    "largest_norm",
    "minkowski_sum",
    "principal_axes",
    "product",
    "project_onto",
    "simplify",
    "slice_through",
]


def __dir__() -> list[str]:
    return __all__
