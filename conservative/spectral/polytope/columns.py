"""The columns from which a polytope is made: which one a dual vector violates most, for three kinds of hull.

* symmetric: P = {sum c_k v_k : sum |c_k| <= 1}, real vertices v_k.
* monotone: P = {0 <= x <= sum c_k v_k : c >= 0, sum c_k <= 1}, nonnegative vertices; for nonnegative families.
* elliptic: P = {Re sum c_k v_k : c complex, sum |c_k| <= 1}, complex vertices. Here a "point" is a complex u, which
  stands for the ellipse {Re e^{-it} u}; it lies in P when u = sum c_k v_k + d_k conj(v_k) with sum |c_k| + |d_k| <= 1.

Points are real rows of length D: the coordinates, for elliptic hulls the real and then the imaginary parts.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]

MEAN = -1
"""Code of the mean of the vertices at the start: an interior point of a monotone hull, which is not a vertex."""


class HullKind(Enum):
    """Which combinations of the vertices make up the polytope."""

    SYMMETRIC = "symmetric"
    MONOTONE = "monotone"
    ELLIPTIC = "elliptic"


class Entering(NamedTuple):
    """The most violated column of every dual vector.

    Parameters
    ----------
    violation : ndarray, shape (m,)
        max over the columns of <y, column> / cost, at least 0: y / violation is feasible.
    gain : ndarray, shape (m,)
        Largest <y, column> - cost; at most about 0 at an optimum.
    code : ndarray, shape (m,)
        Which column: 2 k + conj for vertex k; below `MEAN`, slack -2 - l for coordinate l.
    factor : ndarray of complex, shape (m,)
        The number of modulus one by which the vertex is multiplied.
    column : ndarray, shape (m, D)
    cost : ndarray, shape (m,)
        One for vertices, zero for slacks.
    """

    violation: FloatArray
    gain: FloatArray
    code: IntArray
    factor: ComplexArray
    column: FloatArray
    cost: FloatArray

    def take(self, which: NDArray[np.bool_]) -> "Entering":
        """Some of the columns.

        Parameters
        ----------
        which : ndarray of bool

        Returns
        -------
        Entering
        """
        return Entering(
            self.violation[which],
            self.gain[which],
            self.code[which],
            self.factor[which],
            self.column[which],
            self.cost[which],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The vertices of a hull, as columns of the linear program min sum c_k that defines its gauge.

    Parameters
    ----------
    kind : HullKind
    vertices : ndarray, shape (N, n)
        Complex for an elliptic hull, otherwise real.
    mean : ndarray, shape (n,)
        Mean of the first vertices; used by monotone hulls only.
    """

    kind: HullKind
    vertices: NDArray[np.float64] | ComplexArray
    mean: FloatArray

    @property
    def dimension(self) -> int:
        """D: the number of real coordinates of a point."""
        n = int(self.vertices.shape[1])
        return 2 * n if self.kind is HullKind.ELLIPTIC else n

    def price(self, duals: FloatArray) -> Entering:
        """The column that each dual vector violates most.

        Parameters
        ----------
        duals : ndarray, shape (m, D)

        Returns
        -------
        Entering
        """
        if self.kind is HullKind.SYMMETRIC:
            return self._price_symmetric(duals)
        return self._price_monotone(duals) if self.kind is HullKind.MONOTONE else self._price_elliptic(duals)

    def feasible(self, duals: FloatArray, entering: Entering) -> FloatArray:
        """Dual vectors scaled until no column violates them, so that <y, x> bounds the gauge of x from below.

        Parameters
        ----------
        duals : ndarray, shape (m, D)
        entering : Entering
            What `price` gave for the same duals.

        Returns
        -------
        ndarray, shape (m, D)
            For a monotone hull, of the positive parts. Feasible up to rounding.
        """
        if self.kind is not HullKind.MONOTONE:
            return np.asarray(duals / np.maximum(entering.violation, 1e-300)[:, None])
        positive = np.maximum(duals, 0)
        largest = (positive @ self.vertices.real.T).max(axis=1, initial=0)
        return np.asarray(positive / np.maximum(largest, 1e-300)[:, None])

    def _price_symmetric(self, duals: FloatArray) -> Entering:
        products = duals @ self.vertices.T
        rows = np.arange(duals.shape[0])
        which = np.abs(products).argmax(axis=1)
        best = products[rows, which]
        sign = np.where(best < 0, -1.0, 1.0)
        size = np.abs(best)
        column = self.vertices[which].real * sign[:, None]
        return Entering(size, size - 1, 2 * which, sign.astype(complex), column, np.ones(rows.size))

    def _price_elliptic(self, duals: FloatArray) -> Entering:
        n = self.vertices.shape[1]
        covector = duals[:, :n] - 1j * duals[:, n:]
        plain, conjugate = covector @ self.vertices.T, covector @ self.vertices.conj().T
        rows = np.arange(duals.shape[0])
        both = np.concatenate([np.abs(plain), np.abs(conjugate)], axis=1)
        which = both.argmax(axis=1)
        size = both[rows, which]
        conj, k = np.divmod(which, self.vertices.shape[0])
        product = np.where(conj == 1, conjugate[rows, k], plain[rows, k])
        factor = np.where(size > 0, product.conj() / np.maximum(size, 1e-300), 1.0)
        column = factor[:, None] * np.where(conj[:, None] == 1, self.vertices[k].conj(), self.vertices[k])
        stacked = np.concatenate([column.real, column.imag], axis=1)
        return Entering(size, size - 1, 2 * k + conj, factor, stacked, np.ones(rows.size))

    def _price_monotone(self, duals: FloatArray) -> Entering:
        products = duals @ self.vertices.real.T
        rows = np.arange(duals.shape[0])
        which = products.argmax(axis=1)
        size = products[rows, which]
        # Slacks are compared by what they gain over a coordinate's typical size.
        typical = np.maximum(self.mean, 1e-300)
        slack = (-duals * typical).argmax(axis=1)
        slack_gain = -duals[rows, slack] * typical[slack]
        takes_slack = slack_gain > np.maximum(size - 1, 0)
        column = self.vertices[which].real.copy()
        column[takes_slack] = 0
        column[rows[takes_slack], slack[takes_slack]] = -1
        gain = np.where(takes_slack, slack_gain, size - 1)
        code = np.where(takes_slack, -2 - slack, 2 * which)
        cost = np.where(takes_slack, 0.0, 1.0)
        return Entering(np.maximum(size, 0), gain, code, np.ones(rows.size, dtype=complex), column, cost)
