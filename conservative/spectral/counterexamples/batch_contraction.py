"""Contraction at many parameter points at once: quadratic norms found in doubles, and proved in exact arithmetic."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import flint_product, is_positive_semidefinite, to_flint
from conservative._core.families.as_family import MatrixFamily
from conservative.spectral.norms.averaged import averaged_norm

FloatArray = NDArray[np.float64]

_PATTERN_STEPS = 60
_MOST_PRODUCTS = 4096
"""Products of one length that are proved to shrink, at one point, at most."""


def quadratic_weights(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A quadratic norm for each of many families, and the largest norm of its matrices, in doubles.

    The leading eigenvector of X -> sum A_i^T X A_i. For n = 2 a pattern search from there over P = T^T T with
    T = [[1, p], [0, s]]: the rate is quasi-convex in P.

    Shapes: `matrices` (N, k, n, n), result (N, n, n), result (N,). `weights`: positive definite P of the norms sqrt(x^T
    P x).
    """
    size = np.abs(matrices).max(axis=(1, 2, 3))
    size[size == 0] = 1.0
    scaled = matrices / size[:, None, None, None]
    with np.errstate(all="ignore"):
        weights = averaged_norm(scaled)
        if matrices.shape[2] == 2:
            weights, rates = _searched(scaled, weights)
            return weights, rates * size
        factor = np.linalg.cholesky(weights).transpose(0, 2, 1)
        moved = factor[:, None] @ scaled @ np.linalg.inv(factor)[:, None]
        return weights, np.linalg.norm(moved, 2, axis=(2, 3)).max(axis=1) * size


def _searched(matrices: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    corner = weights[:, 0, 0]
    p = weights[:, 0, 1] / corner
    log_s = 0.5 * np.log(np.maximum(weights[:, 1, 1] / corner - p * p, 1e-12))
    best = _planar_rates(matrices, p, log_s)
    step = np.ones(len(matrices))
    moves = np.array([[i, j] for i in (-1.0, 0.0, 1.0) for j in (-1.0, 0.0, 1.0) if i or j])
    for _ in range(_PATTERN_STEPS):
        tried_p = p + moves[:, :1] * step * np.exp(log_s)
        tried_s = log_s + moves[:, 1:] * step
        rates = np.array([_planar_rates(matrices, *pair) for pair in zip(tried_p, tried_s, strict=True)])
        top = rates.argmin(axis=0)
        every = np.arange(len(matrices))
        better = rates[top, every] < best
        p[better], log_s[better] = tried_p[top, every][better], tried_s[top, every][better]
        best = np.where(better, rates[top, every], best)
        step = np.where(better, step, step / 2)
    s = np.exp(log_s)
    found = np.stack([np.ones_like(p), p, p, p * p + s * s], axis=1).reshape(-1, 2, 2)
    return found, best


def _planar_rates(matrices: FloatArray, p: FloatArray, log_s: FloatArray) -> FloatArray:
    """max_i ||T A_i T^-1|| for T = [[1, p], [0, s]], in closed form."""
    p, s = p[:, None], np.exp(log_s)[:, None]
    a, b, c, d = (matrices[:, :, i, j] for i in (0, 1) for j in (0, 1))
    top, low = a + p * c, s * c
    right, corner = (b + p * d - p * top) / s, d - p * c
    square = top * top + right * right + low * low + corner * corner
    determinant = a * d - b * c
    spread = np.maximum(square * square - 4 * determinant * determinant, 0.0)
    return np.asarray(np.sqrt((square + np.sqrt(spread)) / 2).max(axis=1))


def short_weight(weight: FloatArray) -> flint.fmpq_mat:
    """A weight with entries of few digits, exactly symmetric. Shapes: `weight` (n, n)."""
    scaled = np.round(np.ldexp(weight / np.abs(weight).max(), 30))
    n = len(scaled)
    return flint.fmpq_mat(
        [[flint.fmpq(int(scaled[min(i, j), max(i, j)]), 1 << 30) for j in range(n)] for i in range(n)]
    )


def shrinks_exactly(family: MatrixFamily, weight: flint.fmpq_mat, *, length: int = 1) -> bool:
    """Whether all products of a length have norm below one in sqrt(x^T P x), decided exactly."""
    if family.count**length > _MOST_PRODUCTS or not is_positive_semidefinite(weight, strict=True):
        return False
    factors = [to_flint(matrix) for matrix in family.exact]
    words = product(range(family.count), repeat=length)
    return all(_shrinks(flint_product(factors, word), weight) for word in words)


def _shrinks(matrix: flint.fmpq_mat, weight: flint.fmpq_mat) -> bool:
    return is_positive_semidefinite(weight - matrix.transpose() * weight * matrix, strict=True)


def identity(n: int) -> flint.fmpq_mat:
    """The weight of the Euclidean norm."""
    return flint.fmpq_mat([[flint.fmpq(int(i == j)) for j in range(n)] for i in range(n)])


def cell_centres(lower: Fraction, upper: Fraction, *, count: int) -> Sequence[Fraction]:
    """The middles of equal parts of an interval.

    >>> [str(x) for x in cell_centres(Fraction(0), Fraction(1), count=2)]
    ['1/4', '3/4']
    """
    return [lower + (upper - lower) * Fraction(2 * i + 1, 2 * count) for i in range(count)]
