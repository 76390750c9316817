"""Linear maps between flat vectors: what a program's operations are to first order, applied to batches of columns.

Every map takes (size in, c) to (size out, c), in doubles or in objects. `reach` and `reach_back` follow which entries
may be other than zero; with `zeros` a factor that is 0 stops them, without it only what is not there at all does.
"""

import math
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Matrix = NDArray[Any]
Mask = NDArray[np.bool_]

_SMALL = 300
"""Inverses up to this size are formed for a bound of errors; of larger ones it is estimated."""


_WIDE, _FEW = 10_000, 16
"""Entries of a matrix beyond which columns that meet zeros are skipped, and their share from which that pays."""


_GLANCE = 64
"""Columns after which most rows of a dense matrix are known not to be 0."""


class LinearMap(Protocol):
    """One step of an edge of the tape. `rounds` tells maps that compute from those that only move entries."""

    rounds: bool

    def forward(self, T: Matrix) -> Matrix:
        """The image of columns."""

    def backward(self, T: Matrix) -> Matrix:
        """The image of columns under the transpose."""

    def bound(self, T: Matrix) -> Matrix:
        """What columns of absolute errors become at most."""

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        """Entries out that depend on marked entries in."""

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        """Entries in that marked entries out depend on."""


class Scale:
    """Entry by entry: d_i times entry i."""

    rounds = True

    def __init__(self, factor: Matrix) -> None:
        self.factor = factor.reshape(-1, 1)

    def forward(self, T: Matrix) -> Matrix:
        return self.factor * T

    backward = forward

    def bound(self, T: Matrix) -> Matrix:
        return np.abs(self.factor) * T

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return mask & (self.factor[:, 0] != 0) if zeros else mask

    reach_back = reach


class Keep:
    """Some entries, zero elsewhere: what is not kept may be anything, NaN included."""

    rounds = False

    def __init__(self, mask: Mask) -> None:
        self.mask = mask.reshape(-1)

    def forward(self, T: Matrix) -> Matrix:
        return np.where(self.mask[:, None], T, 0)

    backward = forward

    def bound(self, T: Matrix) -> Matrix:
        return self.forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return mask & self.mask

    reach_back = reach


class Take:
    """out[i] = in[index[i]]."""

    rounds = False

    def __init__(self, index: NDArray[np.intp], size: int) -> None:
        self.index, self.size = index.reshape(-1), size

    def forward(self, T: Matrix) -> Matrix:
        return T[self.index]

    def backward(self, T: Matrix) -> Matrix:
        out = np.zeros((self.size, T.shape[1]), dtype=T.dtype)
        np.add.at(out, self.index, T)
        return out

    def bound(self, T: Matrix) -> Matrix:
        return self.forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return mask[self.index]

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        out = np.zeros(self.size, dtype=bool)
        out[self.index[mask]] = True
        return out


class Gather(Take):
    """out[index[i]] += in[i]: the transpose of `Take`."""

    def forward(self, T: Matrix) -> Matrix:
        return super().backward(T)

    def backward(self, T: Matrix) -> Matrix:
        return super().forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return super().reach_back(mask, zeros=zeros)

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        return super().reach(mask, zeros=zeros)


class Put:
    """out[index[i]] = in[i], zero elsewhere; indices are distinct."""

    rounds = False

    def __init__(self, index: NDArray[np.intp], size: int) -> None:
        self.index, self.size = index.reshape(-1), size

    def forward(self, T: Matrix) -> Matrix:
        out = np.zeros((self.size, T.shape[1]), dtype=T.dtype)
        out[self.index] = T
        return out

    def backward(self, T: Matrix) -> Matrix:
        return T[self.index]

    def bound(self, T: Matrix) -> Matrix:
        return self.forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        out = np.zeros(self.size, dtype=bool)
        out[self.index[mask]] = True
        return out

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        return mask[self.index]


class Spread:
    """Broadcasting to a larger shape."""

    rounds = False

    def __init__(self, shape: tuple[int, ...], wider: tuple[int, ...]) -> None:
        self.shape, self.wider = (1,) * (len(wider) - len(shape)) + shape, wider
        self.axes = tuple(i for i, n in enumerate(self.shape) if n == 1 and wider[i] != 1)

    def forward(self, T: Matrix) -> Matrix:
        spread = np.broadcast_to(T.reshape(*self.shape, T.shape[1]), (*self.wider, T.shape[1]))
        return spread.reshape(prod(self.wider), T.shape[1])

    def backward(self, T: Matrix) -> Matrix:
        return np.asarray(T.reshape(*self.wider, T.shape[1]).sum(axis=self.axes)).reshape(prod(self.shape), T.shape[1])

    def bound(self, T: Matrix) -> Matrix:
        return self.forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return np.broadcast_to(mask.reshape(self.shape), self.wider).reshape(-1)

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        return np.asarray(mask.reshape(self.wider).any(axis=self.axes)).reshape(-1)


class Collapse:
    """Sums along axes."""

    rounds = True

    def __init__(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
        narrow = tuple(1 if i in axes else n for i, n in enumerate(shape))
        self.turned, self.shape, self.axes = Spread(narrow, shape), shape, axes

    def forward(self, T: Matrix) -> Matrix:
        total = T.reshape(*self.shape, T.shape[1]).sum(axis=self.axes)
        return np.asarray(total).reshape(prod(self.turned.shape), T.shape[1])

    def backward(self, T: Matrix) -> Matrix:
        return self.turned.forward(T)

    def bound(self, T: Matrix) -> Matrix:
        return self.forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return np.asarray(mask.reshape(self.shape).any(axis=self.axes)).reshape(-1)

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        return self.turned.reach(mask, zeros=zeros)


class Running:
    """Cumulative sums along one axis."""

    rounds = True

    def __init__(self, shape: tuple[int, ...], axis: int) -> None:
        self.shape, self.axis = shape, axis

    def forward(self, T: Matrix) -> Matrix:
        return np.cumsum(T.reshape(*self.shape, T.shape[1]), axis=self.axis).reshape(T.shape)

    def backward(self, T: Matrix) -> Matrix:
        flipped = np.flip(T.reshape(*self.shape, T.shape[1]), self.axis)
        return np.flip(np.cumsum(flipped, axis=self.axis), self.axis).reshape(T.shape)

    def bound(self, T: Matrix) -> Matrix:
        return self.forward(T)

    def reach(self, mask: Mask, *, zeros: bool) -> Mask:
        return np.asarray(np.logical_or.accumulate(mask.reshape(self.shape), axis=self.axis)).reshape(-1)

    def reach_back(self, mask: Mask, *, zeros: bool) -> Mask:
        flipped = np.flip(mask.reshape(self.shape), self.axis)
        return np.flip(np.logical_or.accumulate(flipped, axis=self.axis), self.axis).reshape(-1)


class Multiply:
    """A matrix, dense or sparse, from the left."""

    rounds = True

    def __init__(self, M: Any) -> None:
        self.M = M

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


def element_count(shape: tuple[int, ...]) -> int:
    """How many entries an array of this shape has."""
    return math.prod(shape)
