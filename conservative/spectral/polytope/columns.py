"""The columns from which a polytope is made: which one a dual vector violates most, for three kinds of hull.

* symmetric: P = {sum c_k v_k : sum |c_k| <= 1}, real vertices v_k.
* monotone: P = {0 <= x <= sum c_k v_k : c >= 0, sum c_k <= 1}, nonnegative vertices; for nonnegative families.
* elliptic: P = {Re sum c_k v_k : c complex, sum |c_k| <= 1}, complex vertices. Here a "point" is a complex u, which
  stands for the ellipse {Re e^{-it} u}; it lies in P when u = sum c_k v_k + d_k conj(v_k) with sum |c_k| + |d_k| <= 1.

Points are real rows of length D: the coordinates, for elliptic hulls the real and then the imaginary parts.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

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
        """Some of the columns."""
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

    Shapes: `vertices` (N, n), `mean` (n,). `vertices`: complex for an elliptic hull, otherwise real. `mean`: mean of
    the first vertices; used by monotone hulls only.
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
        """The column that each dual vector violates most. Shapes: `duals` (m, D)."""
        if self.kind is HullKind.SYMMETRIC:
            return self._price_symmetric(duals)
        return self._price_monotone(duals) if self.kind is HullKind.MONOTONE else self._price_elliptic(duals)

    def feasible(self, duals: FloatArray, entering: Entering) -> FloatArray:
        """Dual vectors scaled until no column violates them, so that <y, x> bounds the gauge of x from below.

        Shapes: `duals` (m, D), result (m, D). Returns: for a monotone hull, of the positive parts. Feasible up to
        rounding.
        """
        if self.kind is not HullKind.MONOTONE:
            return np.asarray(duals / np.maximum(entering.violation, 1e-300)[:, None])
        positive = np.maximum(duals, 0)
        largest = (positive @ self.vertices.real.T).max(axis=1, initial=0)
        return np.asarray(positive / np.maximum(largest, 1e-300)[:, None])

    def _price_symmetric(self, duals: FloatArray) -> Entering:
        rows = np.arange(duals.shape[0])
        which, bound = _largest(duals, self.vertices.real)
        best = (duals * self.vertices[which].real).sum(axis=1)
        sign = np.where(best < 0, -1.0, 1.0)
        column = self.vertices[which].real * sign[:, None]
        return Entering(bound, np.abs(best) - 1, 2 * which, sign.astype(complex), column, np.ones(rows.size))

    def _price_elliptic(self, duals: FloatArray) -> Entering:
        n = self.vertices.shape[1]
        rows = np.arange(duals.shape[0])
        k, conj, bound = _largest_complex(duals[:, :n], duals[:, n:], self.vertices)
        vertex = np.where(conj[:, None], self.vertices[k].conj(), self.vertices[k])
        product = ((duals[:, :n] - 1j * duals[:, n:]) * vertex).sum(axis=1)
        size = np.abs(product)
        factor = np.where(size > 0, product.conj() / np.maximum(size, 1e-300), 1.0)
        column = factor[:, None] * vertex
        stacked = np.concatenate([column.real, column.imag], axis=1)
        return Entering(bound, size - 1, 2 * k + conj, factor, stacked, np.ones(rows.size))

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


def _largest(duals: FloatArray, vertices: FloatArray) -> tuple[IntArray, FloatArray]:
    """The vertex with the largest |<y, v>| for every y, and an upper bound of that number.

    Single precision finds the vertex and, unless the number is close to one, an upper bound that is good enough;
    the others are looked at again in double precision.
    """
    products = np.abs(duals.astype(np.float32) @ vertices.astype(np.float32).T)
    which = products.argmax(axis=1)
    error = _single_error(duals, vertices)
    bound = products[np.arange(which.size), which] + error
    close = np.flatnonzero(bound <= 1 + 2 * error)
    if close.size:
        again = np.abs(duals[close] @ vertices.T)
        which[close] = again.argmax(axis=1)
        bound[close] = again[np.arange(close.size), which[close]]
    return which, bound


def _largest_complex(
    real: FloatArray, imaginary: FloatArray, vertices: NDArray[np.float64] | ComplexArray
) -> tuple[IntArray, NDArray[np.bool_], FloatArray]:
    """The vertex with the largest |(a - i b) v| or |(a - i b) conj(v)|, which of the two, and an upper bound.

    With P = a x, Q = b y, R = a y, S = b x for v = x + i y, the squares are P^2 + Q^2 + R^2 + S^2 +- 2 (P Q - R S).
    """
    which, square, cross = _squares(real.astype(np.float32), imaginary.astype(np.float32), vertices, np.float32)
    error = _single_error(np.concatenate([real, imaginary], axis=1), np.abs(vertices))
    bound = np.sqrt(square.astype(np.float64)) + 2 * error
    close = np.flatnonzero(bound <= 1 + 4 * error)
    if close.size:
        which[close], exact, again = _squares(real[close], imaginary[close], vertices, np.float64)
        bound[close], cross[close] = np.sqrt(exact), again
    return which, cross < 0, bound


def _squares(
    real: NDArray[Any], imaginary: NDArray[Any], vertices: NDArray[Any], kind: type[np.floating[Any]]
) -> tuple[IntArray, NDArray[Any], NDArray[Any]]:
    x, y = vertices.real.astype(kind).T, vertices.imag.astype(kind).T
    P, Q, R, S = real @ x, imaginary @ y, real @ y, imaginary @ x
    cross = P * Q - R * S
    total = np.square(P, out=P)
    for part in (Q, R, S):
        total += np.square(part, out=part)
    total += 2 * np.abs(cross)
    which = total.argmax(axis=1)
    rows = np.arange(which.size)
    return which, total[rows, which], cross[rows, which]


def _single_error(duals: FloatArray, vertices: FloatArray) -> FloatArray:
    """What rounding to single precision changes in a product <y, v> at most."""
    longest = float(np.sqrt((vertices * vertices).sum(axis=1).max(initial=0)))
    return np.asarray((duals.shape[1] + 4) * 1.2e-7 * np.sqrt((duals * duals).sum(axis=1)) * longest)
