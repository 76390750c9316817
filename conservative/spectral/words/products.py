"""Products of a family: one word with its exact matrix and proved radius, and rates of many words in doubles."""

import math
import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.exact.linear_algebra import flint_product, from_flint, to_flint
from conservative._core.exact.perron import is_nonnegative
from conservative._core.families.as_family import ExactMatrix, MatrixFamily, as_family
from conservative._core.numbers import Bracket
from conservative._core.printable import shown
from conservative._core.result_lines import result_line
from conservative.spectral.words.cyclic_words import Word, word_text
from conservative.spectral.words.long_rationals import ball_rate, is_long, polynomial_takes
from conservative.spectral.words.spectral_radius import has_radius, nonnegative_rate, radius_of
from conservative.spectral.words.word_tree import spectral_radii

FloatArray = NDArray[np.float64]

_PATIENCE = 0.5
"""Seconds for a characteristic polynomial, above which eigenvalues are enclosed in balls."""

_SIMPLE = 1 << 20
"""Largest denominator of a rational that is tried as the exact radius of complex eigenvalues."""

LARGE = 12
"""Order from which a positive vector of a nonnegative product costs less than its characteristic polynomial."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Product:
    """A product M_w of matrices of a family.

    Parameters
    ----------
    word : tuple of int
        0-based indices; (0, 0, 1, 1) is ``M[0] @ M[0] @ M[1] @ M[1]``.
    matrix : ndarray, shape (n, n)
        M_w, multiplied exactly and then rounded.
    spectral_radius : float
        A double nearest to rho(M_w), from the middle of `radius`.
    radius : Bracket
        rho(M_w), proved.
    exact_matrix : ExactMatrix
        M_w as rationals.
    eigenvalue : Fraction or None
        The leading eigenvalue, when it is rational.
    count : int
        Number of matrices of the family.
    """

    word: Word
    matrix: FloatArray
    spectral_radius: float
    radius: Bracket
    exact_matrix: ExactMatrix
    eigenvalue: Fraction | None
    count: int = 0

    def __repr__(self) -> str:
        return result_line(
            self,
            f"word {word_text(self.word, self.count)}",
            f"spectral_radius={self.spectral_radius!r}",
            *() if self.eigenvalue is None else (f"eigenvalue {self.eigenvalue}",),
        )


def make_product(family: Any, word: Word) -> Product:
    """The product of a word, in exact arithmetic, with its proved radius.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
    word : tuple of int
        0-based letters: (0, 0, 1, 1) is ``M[0] @ M[0] @ M[1] @ M[1]``; the empty word is the identity.

    Returns
    -------
    Product

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError

    Examples
    --------
    >>> make_product([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], (0, 0, 1, 1))
    Product(word 1122, spectral_radius=1.125, eigenvalue -9/8)
    """
    family = as_family(family, call="make_product", argument="family")
    word = _as_word(word, family.count)
    matrix = _exact_product(family, word)
    radius, eigenvalue = radius_of(matrix)
    exact = from_flint(matrix)
    floats = np.array([[_nearest(x) for x in row] for row in exact])
    floats.setflags(write=False)
    nearest = radius.midpoint if eigenvalue is None else _nearest(abs(eigenvalue))
    return Product(word, floats, nearest, radius, exact, eigenvalue, family.count)


def _as_word(word: Any, count: int) -> Word:
    """A word of 0-based letters that a family has."""
    try:
        letters = tuple(operator.index(letter) for letter in word)
    except TypeError as error:
        raise ArgumentTypeError(
            f"`make_product(word=...)` needs a sequence of integers, like (0, 0, 1, 1); got {shown(word)}."
        ) from error
    if any(not 0 <= letter < count for letter in letters):
        raise ArgumentError(f"`make_product(word=...)` needs letters from 0 to {count - 1}; got {shown(word)}.")
    return letters


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def proved_rate(family: MatrixFamily, word: Word) -> Bracket:
    """The bracket of rho(M_w)^(1/|w|), a lower bound of the joint spectral radius.

    Products of nonnegative matrices of some size are only applied to a vector (`perron_classes`); the radius of the
    others, and radii that may be doubles of few digits, come from the exact characteristic polynomial, or from balls
    around all eigenvalues where that would take long.
    """
    if family.size >= LARGE and is_nonnegative(family, word):
        bracket = nonnegative_rate(family, word)
        if bracket is not None:
            return bracket
    if family.size > 2 and polynomial_takes(family, word) > _PATIENCE:
        bracket = ball_rate(family, word)
        if bracket is not None:
            return bracket
    return radius_of(_exact_product(family, word), root=len(word))[0]


def exact_rate(family: MatrixFamily, word: Word) -> Fraction | None:
    """rho(M_w)^(1/|w|), when it is rational; None where it is not, or where deciding it would take long."""
    if not word or is_long(family) or polynomial_takes(family, word) > _PATIENCE:
        return None
    product, length = _exact_product(family, word), len(word)
    bracket, eigenvalue = radius_of(product, root=length)
    if eigenvalue is not None:
        up, down = (flint.fmpz(x).root(length) for x in abs(eigenvalue).as_integer_ratio())
        rate = Fraction(int(up), int(down))
        return rate if rate**length == abs(eigenvalue) else None
    if math.isinf(bracket.upper):
        return None
    near = Fraction(bracket.midpoint).limit_denominator(_SIMPLE)  # of rotations
    inside = Fraction(bracket.lower) <= near <= Fraction(bracket.upper)
    return near if near > 0 and inside and has_radius(product, near**length) else None


def _exact_product(family: MatrixFamily, word: Word) -> flint.fmpq_mat:
    used = sorted(set(word))
    return flint_product([to_flint(family.exact[i]) for i in used], tuple(used.index(i) for i in word))


def screened_rates(rows: FloatArray, lengths: NDArray[np.int64] | int, *, above: FloatArray | float) -> FloatArray:
    """rho(M_w)^(1/|w|) in doubles, with zeros where a norm shows that it does not exceed a threshold.

    For n > 2 eigenvalues are computed only for the words with ||M_w^8||_F^(1/8) above the threshold.

    Shapes: `rows` (n, N, n), `lengths` (N,), `above` (N,), result (N,).
    """
    n, count = rows.shape[:2]
    length = np.broadcast_to(np.asarray(lengths), (count,))
    threshold = np.broadcast_to(np.asarray(above), (count,))
    rates = np.zeros(count)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        if n <= 2:
            return np.asarray(np.nan_to_num(spectral_radii(rows), posinf=0.0) ** (1.0 / length))
        alive = np.arange(count)
        power = rows.transpose(1, 0, 2)
        for exponent in (1, 2, 4, 8):
            norms = np.sqrt((power * power).sum(axis=(1, 2)))
            keep = norms ** (1.0 / (exponent * length[alive])) > threshold[alive]
            alive, power = alive[keep], power[keep]
            if exponent < 8:
                power = power @ power
        alive = alive[np.isfinite(rows[:, alive]).all(axis=(0, 2))]
    if alive.size:
        rates[alive] = spectral_radii(np.ascontiguousarray(rows[:, alive])) ** (1.0 / length[alive])
    return rates
