"""Compact sets of matrices, `cj.sets`: the room `matrix_sets` under the short name that users type.

Arrays come in; finite sets, polytopes, zonotopes, unions of cells and planar regions, their images, hulls, sums,
slices and projections, and proved gaps and Hausdorff distances go out.
"""

from conservative.matrix_sets import *  # noqa: F403
from conservative.matrix_sets import __all__ as __all__


def __dir__() -> list[str]:
    return __all__
