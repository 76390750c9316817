"""Compact sets of matrices: support, membership, affine image, hull, projection, gap, Hausdorff distance."""

from conservative.matrix_sets.base import MatrixSet as MatrixSet
from conservative.matrix_sets.base import Projection as Projection
from conservative.matrix_sets.cells import CellUnion as CellUnion
from conservative.matrix_sets.finite import FiniteSet as FiniteSet
from conservative.matrix_sets.gaps import gap as gap
from conservative.matrix_sets.gaps import hausdorff_distance as hausdorff_distance
from conservative.matrix_sets.operations import affine_image as affine_image
from conservative.matrix_sets.operations import hull as hull
from conservative.matrix_sets.polytope import MatrixPolytope as MatrixPolytope
from conservative.matrix_sets.products import product as product
from conservative.matrix_sets.projections import principal_axes as principal_axes
from conservative.matrix_sets.projections import project_onto as project_onto
from conservative.matrix_sets.region import PlanarRegion as PlanarRegion
from conservative.matrix_sets.simplify import simplify as simplify
from conservative.matrix_sets.slices import slice_through as slice_through
from conservative.matrix_sets.template import TemplateHull as TemplateHull
from conservative.matrix_sets.zonotope import MatrixZonotope as MatrixZonotope
from conservative.matrix_sets.zonotope_algebra import minkowski_sum as minkowski_sum
from conservative.matrix_sets.zonotope_norm import LargestNorm as LargestNorm
from conservative.matrix_sets.zonotope_norm import largest_norm as largest_norm
