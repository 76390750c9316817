"""Linear maps of flat vectors that move, scale and add up entries: the edges of the tape."""

import math
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]


Mask = NDArray[np.bool_]


class LinearMap(Protocol):
    """One step of an edge of the tape. `rounds` tells maps that compute from those that only move entries.

    `roundings` is the number of them on the way of one entry in to one entry out, in any order of sums; infinite where
    it is not known.
    """

    rounds: bool
    roundings: float

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
    roundings: float = 2

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
    roundings: float = 0

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
    roundings: float = 0

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

    def __init__(self, index: NDArray[np.intp], size: int) -> None:
        super().__init__(index, size)
        self.roundings = float(self.index.size)

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
    roundings: float = 0

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


class Broadcast:
    """Broadcasting to a larger shape."""

    rounds = False
    roundings: float = 0

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
        self.turned, self.shape, self.axes = Broadcast(narrow, shape), shape, axes
        self.roundings = float(prod(shape[i] for i in axes))

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
        self.shape, self.axis, self.roundings = shape, axis, float(shape[axis] if shape else 1)

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


def element_count(shape: tuple[int, ...]) -> int:
    """How many entries an array of this shape has."""
    return math.prod(shape)
