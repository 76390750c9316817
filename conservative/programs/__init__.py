"""A NumPy, JAX or PyTorch function comes in; a map that opens every tied switch of it goes out.

The function is run at a point with every decision recorded; the libraries are imported only when asked for.
"""

from conservative.programs.array.from_numpy import from_numpy as from_numpy
from conservative.programs.autograd.from_torch import from_torch as from_torch
from conservative.programs.jaxpr.from_jax import from_jax as from_jax
from conservative.programs.program_map import ProgramMap as ProgramMap

__all__ = ["ProgramMap", "from_jax", "from_numpy", "from_torch"]


def __dir__() -> list[str]:
    return __all__
