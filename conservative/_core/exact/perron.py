"""Spectral radii of nonnegative products without a characteristic polynomial: positive vectors of their classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.exact.refined_eigenpair import refined_eigenpair
from conservative._core.families.as_family import MatrixFamily

FloatArray = NDArray[np.float64]

BITS = 128
"""Of the vectors, whose largest entry is about one."""

_MOST_STEPS = 8
"""Of the refinement: no more where an eigenvalue is so badly separated."""


@dataclass(frozen=True, slots=True)
class PerronClass:
    """A class of indices of a nonnegative matrix M that reach each other, and a positive vector on it.

    The radius of the diagonal block of the class lies in [lower, upper] (Collatz, Wielandt), and ``M v >= lower v`` for
    the vector v that is zero outside the class.

    Shapes: `indices` (m,). `vector`: in units of 2^-BITS, on the class only. `lower`, `upper`: the least and the
    largest quotient (M v)_i / v_i over the class.
    """

    indices: NDArray[np.intp]
    vector: tuple[int, ...]
    lower: Fraction
    upper: Fraction


def is_nonnegative(family: MatrixFamily, word: Sequence[int]) -> bool:
    """Whether all matrices of a word are entrywise nonnegative."""
    return all(x.numerator >= 0 for letter in set(word) for row in family.exact[letter] for x in row)


def perron_classes(family: MatrixFamily, word: Sequence[int]) -> list[PerronClass] | None:
    """The classes of the product of a word of nonnegative matrices, each with its proved radius.

    An irreducible nonnegative matrix has a simple leading eigenvalue with a positive eigenvector. Doubles give both
    nearly; a chord method in fixed point refines them, and the quotients are those of exact integers. The product is
    only applied to vectors: n^2 operations for each letter.

    Returns: the radius of the product is the largest of theirs; an index that does not reach itself is in none. None
    when a vector was not found from doubles: its entries are of too different size.
    """
    product = _Product.of(family, word)
    classes = list(_classes(product.pattern))
    vectors: list[list[int]] = []
    for indices in classes:
        vector = _refined(product, indices)
        if vector is None:
            return None
        vectors.append(vector)
    found: list[PerronClass] = []
    for indices, vector, image in zip(classes, vectors, product.images(classes, vectors), strict=True):
        quotients = [Fraction(x, y * product.denominator) for x, y in zip(image, vector, strict=True)]
        found.append(PerronClass(indices, tuple(vector), min(quotients), max(quotients)))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Product:
    """The factors of a product as integers, and the product in doubles divided by 2^exponent."""

    factors: list[flint.fmpz_mat]
    denominator: int
    pattern: NDArray[np.bool_]
    floats: FloatArray
    exponent: int

    @classmethod
    def of(cls, family: MatrixFamily, word: Sequence[int]) -> "_Product":
        exact, patterns, scaled = {}, {}, {}
        for letter in set(word):
            exact[letter] = to_flint(family.exact[letter]).numer_denom()
            patterns[letter] = np.array([[x.numerator != 0 for x in row] for row in family.exact[letter]])
            shift = int(np.frexp(np.abs(family.floats[letter]).max())[1])
            scaled[letter] = (np.ldexp(family.floats[letter], -shift), shift)
        denominator, exponent = 1, 0
        pattern, floats = np.eye(family.size, dtype=np.bool_), np.eye(family.size)
        for letter in word:
            denominator *= int(exact[letter][1])
            pattern = pattern @ patterns[letter]
            floats = floats @ scaled[letter][0]
            shift = int(np.frexp(floats.max())[1])
            floats, exponent = np.ldexp(floats, -shift), exponent + shift + scaled[letter][1]
        return cls([exact[letter][0] for letter in word], denominator, pattern, floats, exponent)

    def images(self, classes: Sequence[NDArray[np.intp]], vectors: Sequence[Sequence[int]]) -> list[list[int]]:
        """The numerators of M v on each class, for vectors that are zero outside it."""
        columns = [[0] * len(classes) for _ in range(self.pattern.shape[0])]
        for j, (indices, vector) in enumerate(zip(classes, vectors, strict=True)):
            for i, x in zip(indices.tolist(), vector, strict=True):
                columns[i][j] = x
        image = flint.fmpz_mat(columns)
        for factor in reversed(self.factors):
            image = factor * image
        return [[int(image[i, j]) for i in indices.tolist()] for j, indices in enumerate(classes)]


def _classes(pattern: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """The sets of indices that reach each other, and themselves."""
    count, labels = connected_components(pattern, directed=True, connection="strong")
    for label in range(count):
        indices = np.flatnonzero(labels == label)
        if indices.size > 1 or pattern[indices[0], indices[0]]:
            yield indices


def _refined(product: _Product, indices: NDArray[np.intp]) -> list[int] | None:
    """The positive eigenvector of a class in units of 2^-BITS, nearly."""
    if indices.size == 1:
        return [1 << BITS]
    block = product.floats[np.ix_(indices, indices)]
    if not np.isfinite(block).all():
        return None
    values, vectors = np.linalg.eig(block)
    leading = int(np.argmax(values.real))
    start = np.abs(vectors[:, leading].real)
    pivot = int(np.argmax(start))
    scale = Fraction(2) ** product.exponent * product.denominator

    def image(vector: list[int]) -> list[int]:
        [found] = product.images([indices], [vector])
        return [x * scale.denominator // scale.numerator for x in found]

    pair = refined_eigenpair(image, block, start / start[pivot], pivot, bits=BITS, most_steps=_MOST_STEPS)
    return pair.vector if pair is not None and min(pair.vector) > 0 else None
