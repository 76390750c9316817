"""The symmetric lift: monomials of one degree, how a matrix acts on them, and the quadratic forms that vanish on them.

Monomials of degree d in n variables are listed as the nondecreasing index tuples in lexicographic order:
x1^d, x1^(d-1) x2, ..., xn^d.
"""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]
Monomial = tuple[int, ...]


@cache
def monomials(n: int, degree: int) -> tuple[Monomial, ...]:
    """The monomials of a degree as nondecreasing tuples of variables."""
    return tuple(combinations_with_replacement(range(n), degree))


@cache
def monomial_weights(n: int, degree: int) -> FloatArray:
    """Square roots of the multinomial coefficients, with which the monomials have norm |x|^degree.

    Shapes: result (number of monomials,).

    >>> (monomial_weights(2, 2) ** 2).round().tolist()
    [1.0, 2.0, 1.0]
    """
    whole = math.factorial(degree)
    counts = [math.prod(math.factorial(c) for c in Counter(m).values()) for m in monomials(n, degree)]
    return np.sqrt(np.array([whole // c for c in counts], dtype=np.float64))


def symmetric_lift(matrix: NDArray[Any], degree: int) -> NDArray[Any]:
    """L with m(A x) = L m(x) for the vector m of all monomials of a degree.

    Shapes: `matrix` (n, n), result (N, N). `matrix`: floats, or Python integers in an object array: then L is exact.
    """
    n = len(matrix)
    lifted = np.array(matrix)
    for d in range(2, degree + 1):
        lower = {m: j for j, m in enumerate(monomials(n, d - 1))}
        number = {m: j for j, m in enumerate(monomials(n, d))}
        first = [m[0] for m in number]
        rest = lifted[[lower[m[1:]] for m in number]]
        larger = np.zeros((len(number), len(number)), dtype=matrix.dtype)
        for j in range(n):
            target = [number[tuple(sorted((j, *m)))] for m in lower]
            larger[:, target] += matrix[first, j][:, None] * rest
        lifted = larger
    return lifted


@cache
def product_pairs(n: int, degree: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Pairs (a, b), a <= b, of monomials of a degree, grouped by their product: groups of at least two."""
    groups: dict[Monomial, list[tuple[int, int]]] = {}
    listed = monomials(n, degree)
    for a, first in enumerate(listed):
        for b in range(a, len(listed)):
            groups.setdefault(tuple(sorted(first + listed[b])), []).append((a, b))
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


@cache
def vanishing_basis(n: int, degree: int) -> Any:
    """Symmetric matrices N with m(x)^T N m(x) = 0 for every x, as columns, in the weighted monomials.

    Shapes: result (N^2, number of matrices).
    """
    size, weight = len(monomials(n, degree)), monomial_weights(n, degree)
    rows, columns, values, column = [], [], [], 0
    for (a0, b0), *others in product_pairs(n, degree):
        for a, b in others:
            for (r, c), sign in (((a, b), 1.0), ((a0, b0), -1.0)):
                share = sign / ((1 if r == c else 2) * float(weight[r] * weight[c]))
                for row, col in {(r, c), (c, r)}:
                    rows.append(row * size + col)
                    columns.append(column)
                    values.append(share)
            column += 1
    return csr_array((values, (rows, columns)), shape=(size**2, column))


def vanishing_matrix(n: int, degree: int, coordinates: Sequence[Fraction]) -> list[list[Fraction]]:
    """A rational N with m(x)^T N m(x) = 0 exactly, from coordinates in `vanishing_basis`."""
    size = len(monomials(n, degree))
    matrix = [[Fraction(0)] * size for _ in range(size)]
    values = iter(coordinates)
    for (a0, b0), *others in product_pairs(n, degree):
        total = Fraction(0)
        for a, b in others:
            value = next(values)
            total += value
            matrix[a][b] = matrix[b][a] = value / (1 if a == b else 2)
        matrix[a0][b0] = matrix[b0][a0] = -total / (1 if a0 == b0 else 2)
    return matrix
