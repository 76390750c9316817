"""Sets that nonnegative matrices keep away from zero: proved lower bounds of the slowest growth."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from conservative._core.exact_linalg import as_python_fraction, to_flint
from conservative._core.families import MatrixFamily
from conservative.spectral.words import Word

FloatArray = NDArray[np.float64]

MOST_VERTICES = 80
"""Vertices at most; each image costs a linear program with one column per vertex."""

LARGEST_QUOTIENT = 1e100
"""Entries are compared with the rate up to here: beyond, products of a few matrices overflow, and no bound comes."""

SLACKS = (1e-11, 1e-6, 1e-3, 1e-2)
"""Relative amounts by which a rate below that of the candidate is tried, one after the other."""


def proved_antinorm_rate(family: MatrixFamily, word: Word, rate: float) -> Iterator[Fraction]:
    """Better and better proved lower bounds of the lower spectral radius of a nonnegative family.

    Parameters
    ----------
    family : MatrixFamily
        Nonnegative n x n matrices.
    word : tuple of int
        A word of small rate: its leading eigenvectors start the set.
    rate : float
        About rho(M_w)^(1/|w|), positive.

    Yields
    ------
    Fraction
        Each one proved; the last need not be the largest.

    Notes
    -----
    Let v_1..v_m >= 0 be nonzero and A_i v_j >= g sum_k c_k v_k with c >= 0 and sum c = 1, for all i and j. Every
    point of K = conv{v_j} + R^n_+ is then mapped into g K by every A_i, since A_i >= 0. So M_w v_1 is in g^|w| K, and
    K stays away from 0: ||M_w|| >= C g^|w|, hence the lower spectral radius is at least g. The v_j are images of
    eigenvectors, added until none leaves K; doubles and linear programs choose them, and g is the least quotient of
    entries in exact arithmetic, valid for any choice.

    References
    ----------
    [guglielmiprotasov2013]_
    """
    with np.errstate(over="ignore"):
        scaled = family.floats / rate
    if not scaled.max() < LARGEST_QUOTIENT:
        return
    for slack in SLACKS:
        vertices = _grown(scaled / (1 - slack), _cycle(scaled, word))
        yield _exact_rate(family, vertices, scaled)
        if vertices.shape[0] < MOST_VERTICES:
            return


def _cycle(scaled: FloatArray, word: Word) -> FloatArray:
    """The leading eigenvector of a product, and its images along the word: shape (|w|, n)."""
    product = np.linalg.multi_dot([np.eye(scaled.shape[1]), *scaled[list(word)], np.eye(scaled.shape[1])])
    values, vectors = np.linalg.eig(product)
    v = np.abs(vectors[:, np.argmax(np.abs(values))].real)
    points: list[FloatArray] = []
    for letter in reversed(word):
        v = scaled[letter] @ v
        points.append(v / v.sum() if not points and v.sum() > 0 else v)
        v = points[-1]
    return np.array([p for p in points if p.sum() > 0])


def _grown(matrices: FloatArray, start: FloatArray) -> FloatArray:
    """Vertices of a set mapped into itself, or as many as are allowed."""
    vertices = start[:MOST_VERTICES]
    fresh = vertices
    while fresh.size and vertices.shape[0] < MOST_VERTICES:
        images = np.einsum("krc,jc->kjr", matrices, fresh).reshape(-1, matrices.shape[1])
        added = []
        for image in images[np.argsort(images.sum(axis=1))]:
            if vertices.shape[0] >= MOST_VERTICES:
                break
            if not image.any() or _largest_factor(vertices, image)[0] >= 1 - 1e-13:
                continue
            vertices = np.vstack([vertices, image])
            added.append(image)
        fresh = np.array(added)
    return vertices


def _largest_factor(vertices: FloatArray, image: FloatArray) -> tuple[float, FloatArray]:
    """The largest t and c >= 0 with sum c = 1 and image >= t sum_k c_k v_k, as t and t c."""
    dominated = (vertices <= image).all(axis=1)
    if dominated.any():
        chosen = np.zeros(vertices.shape[0])
        chosen[np.argmax(dominated)] = 1.0
        return 1.0, chosen
    solution = linprog(-np.ones(vertices.shape[0]), A_ub=vertices.T, b_ub=image, bounds=(0, None), method="highs-ds")
    return (0.0, np.zeros(vertices.shape[0])) if solution.status != 0 else (-float(solution.fun), solution.x)


def _exact_rate(family: MatrixFamily, vertices: FloatArray, scaled: FloatArray) -> Fraction:
    """The least quotient (A_i v_j)_r / (sum_k c_k v_k)_r over everything, with sum c = 1, in rationals."""
    if not vertices.size:
        return Fraction(0)
    exact = [to_flint(m) for m in family.exact]
    columns = _rational(vertices.T)
    rates = []
    for i, matrix in enumerate(exact):
        images = matrix * columns
        weights = np.array([np.maximum(_largest_factor(vertices, scaled[i] @ v)[1], 0.0) for v in vertices])
        if not weights.any(axis=1).all():
            return Fraction(0)
        mixed = columns * _rational(weights.T)
        for j, row in enumerate(weights):
            total = sum((Fraction(float(x)) for x in row), Fraction(0))
            rates.append(_least_quotient(images, mixed, j) * total)
    return min(rates)


def _least_quotient(images: flint.fmpq_mat, mixed: flint.fmpq_mat, column: int) -> Fraction:
    quotients = [images[r, column] / mixed[r, column] for r in range(images.nrows()) if mixed[r, column] != 0]
    return as_python_fraction(min(quotients))


def _rational(matrix: FloatArray | Sequence[Sequence[float]]) -> flint.fmpq_mat:
    return to_flint([[Fraction(float(x)) for x in row] for row in matrix])
