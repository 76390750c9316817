"""Simplification before any search: a family comes in; its blocks, essential matrices or a closed form go out."""

from conservative.spectral.reduction.closed_forms import ClosedForm as ClosedForm
from conservative.spectral.reduction.closed_forms import FormKind as FormKind
from conservative.spectral.reduction.closed_forms import closed_form as closed_form
from conservative.spectral.reduction.nilpotent import is_nilpotent_family as is_nilpotent_family
from conservative.spectral.reduction.permutation import diagonal_blocks as diagonal_blocks
from conservative.spectral.reduction.redundant import Essential as Essential
from conservative.spectral.reduction.redundant import essential_matrices as essential_matrices
from conservative.spectral.reduction.triangular import BlockTriangular as BlockTriangular
from conservative.spectral.reduction.triangular import triangularise as triangularise
