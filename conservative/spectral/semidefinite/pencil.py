"""Linear matrix inequalities with one parameter s = gamma^2: s G(x) - C(x) >= 0, the common form of all bounds here."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pencil:
    """Inequalities s G_b(x) - C_b(x) >= 0 for every b, with H_u(x) > 0 for every u, all linear in x.

    For a common quadratic norm x holds the entries of P, H = G_b = P and C_b = A_b^T P A_b.

    `variables`: length of x. `growth`, `image`: g_b and C_b, entries in row order; each value is symmetric. `weights`:
    h_u. Every G_b is one of them.
    """

    variables: int
    growth: tuple[Any, ...]
    image: tuple[Any, ...]
    weights: tuple[Any, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Orders of the inequalities."""
        return tuple(_order(part) for part in self.image)

    @property
    def weight_sizes(self) -> tuple[int, ...]:
        """Orders of the H_u."""
        return tuple(_order(part) for part in self.weights)

    def rate(self, x: FloatArray) -> float:
        """The smallest s at which x satisfies the inequalities, in doubles; infinite when some H_u is not positive.

        Shapes: `x` (variables,).
        """
        largest = 0.0
        try:
            for growth, image in zip(self.growth, self.image, strict=True):
                G, C = value_of(growth, x), value_of(image, x)
                largest = max(largest, float(scipy.linalg.eigh(C, G, eigvals_only=True)[-1]))
            for weight in self.weights:
                np.linalg.cholesky(value_of(weight, x))
        except (np.linalg.LinAlgError, ValueError):
            return float("inf")
        return largest if np.isfinite(largest) else float("inf")

    def identity(self) -> FloatArray:
        """The x with every H_u(x) the identity, and zeros where x is not determined by them.

        Shapes: result (variables,).
        """
        x = np.zeros(self.variables)
        for weight, size in zip(self.weights, self.weight_sizes, strict=True):
            rows, columns = weight.nonzero()
            on_diagonal = rows % (size + 1) == 0
            x[columns[on_diagonal]] = 1.0
        return x


def value_of(part: Any, x: FloatArray) -> FloatArray:
    """The symmetric matrix that a linear map gives at x.

    Shapes: `part` (size^2, variables), `x` (variables,), result (size, size).
    """
    size = _order(part)
    matrix = np.asarray(part @ x).reshape(size, size)
    return np.asarray((matrix + matrix.T) / 2)


def _order(part: Any) -> int:
    return math.isqrt(int(part.shape[0]))


@cache
def symmetric_basis(size: int) -> Any:
    """The map from the upper triangle of a symmetric matrix, in row order, to all its entries.

    Shapes: result (size^2, size (size + 1) / 2).
    """
    upper = np.triu_indices(size)
    number = np.zeros((size, size), dtype=np.int64)
    number[upper] = np.arange(upper[0].size)
    number = np.maximum(number, number.T)
    return csr_array((np.ones(size**2), (np.arange(size**2), number.ravel())), shape=(size**2, upper[0].size))
