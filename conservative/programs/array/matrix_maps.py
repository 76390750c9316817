"""Linear maps by matrices: products, contractions, inverses, and maps that users wrote by hand."""

import math
from typing import Any

import numpy as np
from scipy import sparse

from conservative.programs.array.linear_maps import Mask, Matrix

_SMALL = 300
"""Inverses up to this size are formed for a bound of errors; of larger ones it is estimated."""


_WIDE, _FEW = 10_000, 16
"""Entries of a matrix beyond which columns that meet zeros are skipped, and their share from which that pays."""


_GLANCE = 64
"""Columns after which most rows of a dense matrix are known not to be 0."""


class Multiply:
    """A matrix, dense or sparse, from the left."""

    rounds = True

    def __init__(self, M: Any) -> None:
        self.M, self.roundings = M, float(M.shape[1] + 1)

    def forward(self, T: Matrix) -> Matrix:
        return _product(self.M, T)

    def backward(self, T: Matrix) -> Matrix:
        return _product(self.M.T, T)

    def bound(self, T: Matrix) -> Matrix:
        return np.asarray(abs(self.M) @ T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return _pattern(self.M, mask)

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        return _pattern(self.M.T, mask)


def _product(M: Any, T: Matrix) -> Matrix:
    """M T; one column goes through the matrix-vector product, which reads M once and faster.

    Of a large dense M only those columns are read that meet a number: on an active set few do.
    """
    if isinstance(M, np.ndarray) and M.size > _WIDE:
        live = np.flatnonzero((T != 0).any(axis=1))
        if _FEW * len(live) < len(T):
            return np.asarray(M[:, live] @ T[live])
    return np.asarray(M @ T[:, 0])[:, None] if T.shape[1] == 1 else np.asarray(M @ T)


class Contract:
    """einsum with a constant: no letter of an operand stands twice in it, or in it alone."""

    rounds = True

    def __init__(self, letters: tuple[str, str, str], constant: Matrix, shape: tuple[int, ...]) -> None:
        self.letters, self.constant, self.shape = letters, constant, shape
        self.roundings = float(math.prod(shape) + 1)
        sizes = dict(zip(letters[0], constant.shape, strict=True)) | dict(zip(letters[1], shape, strict=True))
        self.out = tuple(sizes[letter] for letter in letters[2])

    def forward(self, T: Matrix) -> Matrix:
        fixed, moved, out = self.letters
        return self._product(T, fixed, moved, out, self.shape)

    def backward(self, T: Matrix) -> Matrix:
        fixed, moved, out = self.letters
        return self._product(T, fixed, out, moved, self.out)

    def _product(self, T: Matrix, fixed: str, moved: str, out: str, shape: tuple[int, ...]) -> Matrix:
        columns = T.reshape(*shape, T.shape[1])
        fast = T.dtype != object
        found = np.einsum(f"{fixed},{moved}Z->{out}Z", self.constant, columns, optimize=fast)
        return np.asarray(found).reshape(-1, T.shape[1])

    def bound(self, T: Matrix) -> Matrix:
        return Contract(self.letters, np.abs(self.constant), self.shape).forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return self._counted(mask, zeros).forward(mask[:, None].astype(float))[:, 0] > 0

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        return self._counted(mask, zeros).backward(mask[:, None].astype(float))[:, 0] > 0

    def _counted(self, mask: Mask, zeros: bool) -> "Contract":
        pattern = (self.constant != 0) if zeros else np.ones(self.constant.shape)
        return Contract(self.letters, np.asarray(pattern, dtype=float), self.shape)


class Inverse:
    """Multiplication by the inverse of a square matrix, through a solver of M X = T and of Mᵀ X = T."""

    rounds = True
    roundings = math.inf

    def __init__(self, solve: Any, solve_turned: Any, columns: int = 1) -> None:
        self.solve, self.solve_turned, self.columns = solve, solve_turned, columns

    def forward(self, T: Matrix) -> Matrix:
        return self._apply(self.solve, T)

    def backward(self, T: Matrix) -> Matrix:
        return self._apply(self.solve_turned, T)

    def _apply(self, solve: Any, T: Matrix) -> Matrix:
        rows = len(T) // self.columns
        return np.asarray(solve(T.reshape(rows, -1))).reshape(T.shape)

    def bound(self, T: Matrix) -> Matrix:
        return np.asarray(np.abs(self.forward(np.eye(len(T)))) @ T if len(T) <= _SMALL else np.abs(self.forward(T)))

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return np.full(mask.shape, bool(mask.any()))

    reach_back = reach


class Handwritten:
    """A Jacobian that is known by its products alone."""

    rounds = True
    roundings = math.inf

    def __init__(self, operator: Any) -> None:
        self.operator = operator

    def forward(self, T: Matrix) -> Matrix:
        return np.asarray(self.operator @ T)

    def backward(self, T: Matrix) -> Matrix:
        return np.asarray(self.operator.T @ T)

    def bound(self, T: Matrix) -> Matrix:
        n = self.operator.shape[1]
        return np.asarray(np.abs(self.forward(np.eye(n))) @ T if n <= _SMALL else np.abs(self.forward(T)))

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return np.full(self.operator.shape[0], bool(mask.any()))

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        return np.full(self.operator.shape[1], bool(mask.any()))


def _pattern(M: Any, mask: Mask) -> Mask:
    if not mask.any():
        return np.zeros(M.shape[0], dtype=bool)
    if sparse.issparse(M):
        return np.asarray(abs(M) @ mask.astype(float) != 0)
    # Only columns that count are read: a large matrix is not copied for a few.
    columns = M if mask.all() else M[:, mask]
    found = np.asarray((columns[:, :_GLANCE] != 0).any(axis=1))
    if not found.all():
        found[~found] = (columns[~found, _GLANCE:] != 0).any(axis=1)
    return found
