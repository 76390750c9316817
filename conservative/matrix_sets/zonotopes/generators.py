"""The generators of a zonotope: k dense matrices, or k rank-one matrices held as factors.

Both know the same few things, so that a zonotope never asks which they are. Factors take k(p + q) numbers, and no
operation here makes k matrices of them, except `dense`, which is asked for by name.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.matrix_sets.nearest.proved_projection import norms

Floats = NDArray[np.float64]

_BLOCK = 4_000_000
"""Numbers held at a time by the intermediate product of a batch."""


class Generators(ABC):
    """Matrices G_1..G_k of one shape."""

    __slots__ = ()

    @property
    @abstractmethod
    def count(self) -> int:
        """The number k."""

    @property
    @abstractmethod
    def roundings(self) -> int:
        """Roundings in one product ⟨D, G_i⟩, relative to ‖D‖‖G_i‖."""

    @abstractmethod
    def inner(self, directions: Floats) -> Floats:
        """⟨D, G_i⟩ for a stack of directions (n, p, q), shape (n, k)."""

    @abstractmethod
    def combine(self, weights: Floats) -> Floats:
        """Σ w_i G_i for a stack of weights (n, k), shape (n, p, q)."""

    @abstractmethod
    def gram(self) -> Floats:
        """⟨G_i, G_j⟩, shape (k, k)."""

    @abstractmethod
    def sizes(self) -> Floats:
        """Upper bounds of the Frobenius norms, rounded up, shape (k,); they are also spectral norms at rank one."""

    @abstractmethod
    def dense(self) -> Floats:
        """All k matrices, shape (k, p, q)."""

    @abstractmethod
    def image(self, A: Floats) -> "Generators":
        """The generators A G_i."""

    @abstractmethod
    def exponent(self) -> int:
        """A number e with all entries at most 2^e in absolute value; -1080 when all are zero."""

    @abstractmethod
    def shifted(self, exponent: int) -> "Generators":
        """The generators times 2^exponent; what underflows is below 2^-1074 or so."""

    @abstractmethod
    def total(self) -> Floats:
        """Σ |G_i| entry by entry, or more, shape (p, q)."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class DenseGenerators(Generators):
    """Generators as an array of shape (k, p, q)."""

    matrices: Floats

    @property
    def count(self) -> int:
        return len(self.matrices)

    @property
    def roundings(self) -> int:
        return int(self.matrices.shape[1] * self.matrices.shape[2])

    def inner(self, directions: Floats) -> Floats:
        return np.asarray(directions.reshape(len(directions), self.roundings) @ self._flat().T)

    def combine(self, weights: Floats) -> Floats:
        return np.asarray((weights @ self._flat()).reshape(len(weights), *self.matrices.shape[1:]))

    def gram(self) -> Floats:
        return np.asarray(self._flat() @ self._flat().T)

    def sizes(self) -> Floats:
        return frobenius_bounds(self.matrices)[1]

    def dense(self) -> Floats:
        return self.matrices

    def image(self, A: Floats) -> Generators:
        return DenseGenerators(A @ self.matrices)

    def exponent(self) -> int:
        return _exponent(self.matrices)

    def shifted(self, exponent: int) -> Generators:
        return DenseGenerators(np.ldexp(self.matrices, exponent))

    def total(self) -> Floats:
        return np.asarray(np.abs(self.matrices).sum(axis=0))

    def _flat(self) -> Floats:
        return self.matrices.reshape(len(self.matrices), self.roundings)


@final
@dataclass(frozen=True, slots=True, eq=False)
class RankOneGenerators(Generators):
    """Generators u_i v_iᵀ as factors U, shape (k, p), and V, shape (k, q)."""

    U: Floats
    V: Floats

    @property
    def count(self) -> int:
        return len(self.U)

    @property
    def roundings(self) -> int:
        return int(self.U.shape[1] + self.V.shape[1])

    def inner(self, directions: Floats) -> Floats:
        products = [np.einsum("nkq,kq->nk", self.U @ part, self.V) for part in self._parts(directions)]
        return np.concatenate(products) if products else np.zeros((0, self.count))

    def combine(self, weights: Floats) -> Floats:
        sums = [self.U.T @ (part[:, :, None] * self.V) for part in self._parts(weights)]
        return np.concatenate(sums) if sums else np.zeros((0, self.U.shape[1], self.V.shape[1]))

    def gram(self) -> Floats:
        return np.asarray((self.U @ self.U.T) * (self.V @ self.V.T))

    def sizes(self) -> Floats:
        relative = 1.0 + (self.U.shape[1] + self.V.shape[1] + 20) * UNIT_ROUNDOFF
        return np.asarray(np.nextafter(norms(self.U) * norms(self.V) * relative, np.inf))

    def dense(self) -> Floats:
        return np.asarray(self.U[:, :, None] * self.V[:, None, :])

    def image(self, A: Floats) -> Generators:
        return RankOneGenerators(self.U @ A.T, self.V)

    def exponent(self) -> int:
        return max(-1080, _exponent(self.U) + _exponent(self.V))

    def shifted(self, exponent: int) -> Generators:
        balance = _exponent(self.V)
        return RankOneGenerators(np.ldexp(self.U, exponent + balance), np.ldexp(self.V, -balance))

    def total(self) -> Floats:
        return np.asarray(np.abs(self.U).T @ np.abs(self.V))

    def _parts(self, batch: Floats) -> list[Floats]:
        step = max(1, _BLOCK // max(1, self.V.size))
        return [batch[i : i + step] for i in range(0, len(batch), step)]


def _exponent(array: Floats) -> int:
    largest = float(np.abs(array).max(initial=0.0))
    return int(np.frexp(largest)[1]) if largest > 0.0 else -1080
