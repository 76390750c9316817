"""All solves (Id − A)⁻¹B over the hull of blocks, in cells with proved errors that are halved where it matters.

A cell is a simplex of weights λ with corners [A_j B_j] and solves X_j. With X̃ = Σ λ_j X_j

    (Id − A_λ)(X_λ − X̃) = B_λ + A_λ X̃ − X̃ = A_λ X̃ − Σ λ_j A_j X_j = −C,
    C = Σ λ_j (A_j − A_λ)(X_j − X̃) = Σ_{i<j} λ_i λ_j (A_i − A_j)(X_i − X_j).

So the solves of the cell are within T (1 − 1/k)/2 max_ij ‖(A_i − A_j)(X_i − X_j)‖_F of the hull of its corners' solves,
where T ≥ ‖(Id − A)⁻¹‖: second order in the size of the cell, and nothing where A or X is constant. A convex
1-Lipschitz function is at most its largest value at the corners plus that.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_down, round_up

Floats = NDArray[np.float64]

_BATCH = 1024
"""Cells halved at a time: those with the largest upper bounds."""

_PAIRED = 24
"""Corners up to which all pairs are compared; for more, C is at most the product of the two radii around the means."""

_ENTRIES = 8_000_000
"""Numbers kept for all cells together."""


class SolveCells:
    """Cells that cover the weights; they are halved for one question after the other, and never joined.

    Shapes: `blocks` (k, p, p + m). `total`: at least ‖(Id − A)⁻¹‖₂ over the hull of the blocks. `most`: largest number
    of cells.
    """

    def __init__(self, blocks: Floats, total: float, *, most: int) -> None:
        self.blocks, self.total = blocks, total
        k, p, n = blocks.shape
        self.shape = p, n - p
        self.most = min(most, max(1, _ENTRIES // (k * (k + p * (n - p)))))
        self.size = float(frobenius_bounds(blocks)[1].max())
        self.weights = np.eye(k)[None]
        self.solves, self.loose = self._solved(self.weights)
        self.errors, self.edges = self._bounded(self.weights, self.solves, self.loose)

    def largest(self, value: Callable[[Floats], tuple[Floats, Floats]], *, tol: float) -> tuple[Bracket, Floats]:
        """The largest value of a convex 1-Lipschitz function over all solves, and a solve that nearly attains it.

        Shapes: result (p, m).
        """
        low, high = self._values(value, self.solves)
        while True:
            upper = _above(high.max(axis=1), self.errors, self.loose)
            best = np.unravel_index(int((low - self.loose).argmax()), low.shape)
            lower = round_down(float(low[best] - self.loose[best]))
            matters = (upper > lower + tol) & (self.errors > self.loose.max(axis=1))
            count = min(_BATCH, int(matters.sum()), self.most - len(self.errors))
            if count <= 0:
                return Bracket(lower, max(lower, round_up(float(upper.max())))), self.solves[best]
            chosen = np.argsort(-np.where(matters, upper, -np.inf))[:count]
            fresh = self._halve(chosen)
            middle_low, middle_high = self._values(value, fresh)
            low, high = (
                _replaced(old, chosen, self.edges_cut, new) for old, new in ((low, middle_low), (high, middle_high))
            )

    def _values(self, value: Callable[[Floats], tuple[Floats, Floats]], points: Floats) -> tuple[Floats, Floats]:
        low, high = value(points.reshape(-1, *self.shape))
        return low.reshape(points.shape[:-2]), high.reshape(points.shape[:-2])

    def _halve(self, chosen: NDArray[np.intp]) -> Floats:
        """Halve the cells at the middles of the edges with the largest products; the solves at the middles."""
        edges = self.edges_cut = self.edges[chosen]
        rows = np.arange(len(chosen))
        cells = self.weights[chosen]
        middle = 0.5 * cells[rows, edges[:, 0]] + 0.5 * cells[rows, edges[:, 1]]
        solves, loose = self._solved(middle)
        self.weights = _replaced(self.weights, chosen, edges, middle)
        self.solves = _replaced(self.solves, chosen, edges, solves)
        self.loose = _replaced(self.loose, chosen, edges, loose)
        changed = np.concatenate([chosen, np.arange(len(self.errors), len(self.weights))])
        errors, fresh = self._bounded(self.weights[changed], self.solves[changed], self.loose[changed])
        self.errors = np.concatenate([self.errors, np.empty(len(chosen))])
        self.edges = np.concatenate([self.edges, np.empty_like(edges)])
        self.errors[changed], self.edges[changed] = errors, fresh
        return solves

    def _solved(self, weights: Floats) -> tuple[Floats, Floats]:
        """Solves at weights, shape (..., k), and bounds of their errors, by residuals."""
        p, m = self.shape
        V = np.einsum("...k,kij->...ij", weights, self.blocks)
        X = np.linalg.solve(np.eye(p) - V[..., :p], V[..., p:])
        reach = np.hypot(1.0, frobenius_bounds(X)[1])
        rounding = 2.0 * (p + m + len(self.blocks) + 8) * UNIT_ROUNDOFF * (1.0 + self.size) * reach
        residual = frobenius_bounds(V[..., p:] + V[..., :p] @ X - X)[1]
        return X, np.asarray(self.total * (residual + rounding) * (1.0 + 1e-14) + 1e-300)

    def _bounded(self, weights: Floats, solves: Floats, loose: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """How far the solves of every cell may be from the hull of those at its corners, and the edge that says so."""
        n, k = weights.shape[:2]
        if k == 1:
            return np.zeros(n), np.zeros((n, 2), dtype=np.intp)
        p = self.shape[0]
        if k > _PAIRED:
            return self._spread(weights, solves, loose)
        first, second = np.triu_indices(k, 1)
        worst, edges = np.full(n, -1.0), np.zeros((n, 2), dtype=np.intp)
        A = np.einsum("njk,kab->njab", weights, self.blocks[:, :, :p])
        for i, j in zip(first, second, strict=True):
            steps, moved = A[:, i] - A[:, j], solves[:, i] - solves[:, j]
            away = frobenius_bounds(moved)[1] + loose[:, i] + loose[:, j]
            rounding = 2.0 * (p + k + 8) * UNIT_ROUNDOFF * self.size * away
            slack = frobenius_bounds(steps)[1] * (loose[:, i] + loose[:, j])
            products = frobenius_bounds(steps @ moved)[1] + slack + rounding
            larger = products > worst
            worst, edges = np.where(larger, products, worst), np.where(larger[:, None], [i, j], edges)
        return np.asarray(0.5 * self.total * (1.0 - 1.0 / k) * worst * (1.0 + 1e-14)), edges

    def _spread(self, weights: Floats, solves: Floats, loose: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """As `_bounded`, by the radii of A_j and X_j around their means, which bound the covariance C."""
        p = self.shape[0]
        A = np.einsum("njk,kab->njab", weights, self.blocks[:, :, :p])
        wide = frobenius_bounds(A - A.mean(axis=1, keepdims=True))[1] + 1e-14 * self.size
        far = frobenius_bounds(solves - solves.mean(axis=1, keepdims=True))[1]
        far = far + loose + 1e-14 * frobenius_bounds(solves)[1]
        first = (wide * far).argmax(axis=1)
        apart = frobenius_bounds(solves - solves[np.arange(len(first)), first][:, None])[1]
        edges = np.stack([first, apart.argmax(axis=1)], axis=1)
        edges[:, 1] = np.where(edges[:, 1] == first, (first + 1) % weights.shape[1], edges[:, 1])
        return np.asarray(self.total * wide.max(axis=1) * far.max(axis=1) * (1.0 + 1e-14)), edges


def _replaced(values: Floats, chosen: NDArray[np.intp], edges: NDArray[np.intp], middle: Floats) -> Floats:
    """Values at the corners after halving: the middle for one end in the cell's place, for the other in a new one."""
    both = np.concatenate([values, values[chosen]])
    both[chosen, edges[:, 0]] = middle
    both[np.arange(len(values), len(both)), edges[:, 1]] = middle
    return both


def _above(high: Floats, errors: Floats, loose: Floats) -> Floats:
    return np.asarray(high + (errors + loose.max(axis=1)) * (1.0 + 1e-14))
