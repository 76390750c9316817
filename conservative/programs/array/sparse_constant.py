"""A sparse matrix on its way through NumPy's matmul."""

from typing import Any

import numpy as np

from conservative.programs.array.calls import Dispatched
from conservative.programs.array.run import Run


def sparse_product(M: Any, x: Dispatched) -> Any:
    """A sparse matrix times a traced vector or matrix."""
    return np.matmul(SparseConstant(x.run, M), x)  # type: ignore[call-overload]


class SparseConstant(Dispatched):
    """A sparse matrix on its way through NumPy's matmul."""

    __slots__ = ("M",)

    def __init__(self, run: Run, M: Any) -> None:
        self.run, self.M = run, M

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the matrix."""
        return tuple(self.M.shape)
