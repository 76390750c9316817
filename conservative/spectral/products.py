"""Products of a family: one word with its exact matrix and proved radius, and the search for words that grow fast."""

import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact_linalg import flint_product, from_flint, to_flint
from conservative._core.families import ExactMatrix, MatrixFamily
from conservative._core.numbers import Bracket
from conservative.spectral.radius import radius_of
from conservative.spectral.tree import extend, spectral_radii, stack_horizontally
from conservative.spectral.words import Word, canonical_word, word_text

FloatArray = NDArray[np.float64]


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
    """

    word: Word
    matrix: FloatArray
    spectral_radius: float
    radius: Bracket
    exact_matrix: ExactMatrix
    eigenvalue: Fraction | None

    def __repr__(self) -> str:
        text = "" if self.eigenvalue is None else f", eigenvalue {self.eigenvalue}"
        exact = text if len(text) <= 60 else ", rational eigenvalue"
        return f"Product(word {word_text(self.word)}, spectral_radius={self.spectral_radius!r}{exact})"


def make_product(family: MatrixFamily, word: Word) -> Product:
    """The product of a word, in exact arithmetic, with its proved radius.

    Parameters
    ----------
    family : MatrixFamily
    word : tuple of int

    Returns
    -------
    Product

    Examples
    --------
    >>> from conservative._core.families import as_family
    >>> family = as_family([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], call="example")
    >>> make_product(family, (0, 0, 1, 1))
    Product(word 1122, spectral_radius=1.125, eigenvalue -9/8)
    """
    matrix = flint_product([to_flint(m) for m in family.exact], word)
    radius, eigenvalue = radius_of(matrix)
    exact = from_flint(matrix)
    floats = np.array([[_nearest(x) for x in row] for row in exact])
    floats.setflags(write=False)
    nearest = radius.midpoint if eigenvalue is None else _nearest(abs(eigenvalue))
    return Product(word, floats, nearest, radius, exact, eigenvalue)


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def proved_rate(family: MatrixFamily, word: Word) -> Bracket:
    """The bracket of rho(M_w)^(1/|w|), a lower bound of the joint spectral radius.

    Parameters
    ----------
    family : MatrixFamily
    word : tuple of int

    Returns
    -------
    Bracket
    """
    return radius_of(flint_product([to_flint(m) for m in family.exact], word), root=len(word))[0]


def screened_rates(rows: FloatArray, lengths: NDArray[np.int64] | int, *, above: FloatArray | float) -> FloatArray:
    """rho(M_w)^(1/|w|) in doubles, with zeros where a norm shows that it does not exceed a threshold.

    Parameters
    ----------
    rows : ndarray, shape (n, N, n)
    lengths : int or ndarray, shape (N,)
    above : float or ndarray, shape (N,)
        Only rates above it are wanted.

    Returns
    -------
    ndarray, shape (N,)

    Notes
    -----
    For n > 2 eigenvalues are computed only for the words with ||M_w^8||_F^(1/8) above the threshold.
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


def search_word(
    matrices: FloatArray, *, max_length: int = 40, width: int = 600, deadline: float | None = None
) -> tuple[Word, float]:
    """A word of large rate rho(M_w)^(1/|w|), by a search of bounded width (an estimate, not a proof).

    Parameters
    ----------
    matrices : ndarray, shape (k, n, n)
        In a basis and scale in which the norms are of the size of the radius.
    max_length : int
    width : int
        Words kept per length: one half with the largest norms, the other with the smallest among those that
        still exceed the best rate.
    deadline : float, optional
        `time.monotonic()` after which no longer words are tried.

    Returns
    -------
    word : tuple of int
        Least rotation of a primitive word; the shortest of those within a relative 1e-12 of the largest rate found.
    rate : float
        Its rate in doubles.

    Examples
    --------
    >>> word, rate = search_word(np.array([[[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]]))
    >>> word, round(rate, 6)
    ((0, 1), 1.618034)
    """
    k = matrices.shape[0]
    stacked = stack_horizontally(matrices)
    rows = np.ascontiguousarray(matrices.transpose(1, 0, 2))
    words = np.arange(k, dtype=np.int16)[:, None]
    log_norm = np.zeros(k)
    best: Word = (0,)
    rate = 0.0
    for length in range(1, max_length + 1):
        rows, words, log_norm = _normalised(rows, words, log_norm)
        if not words.size or (deadline is not None and time.monotonic() > deadline):
            break
        growth = np.exp(log_norm / length)
        threshold = rate * (1 + 1e-12)
        rates = screened_rates(rows, length, above=threshold / growth) * growth
        top = float(rates.max())
        if top > threshold:
            ties = words[rates >= top * (1 - 1e-13)][:64]
            best, rate = min(canonical_word(tuple(int(i) for i in w)) for w in ties), top
        keep = _ends(log_norm, floor=length * np.log(rate) if rate > 0 else -np.inf, width=width)
        rows = extend(np.ascontiguousarray(rows[:, keep]), stacked)
        letters = np.tile(np.arange(k, dtype=np.int16), keep.size)[:, None]
        words = np.concatenate([np.repeat(words[keep], k, axis=0), letters], axis=1)
        log_norm = np.repeat(log_norm[keep], k)
    return best, rate


def _normalised(
    rows: FloatArray, words: NDArray[np.int16], log_norm: FloatArray
) -> tuple[FloatArray, NDArray[np.int16], FloatArray]:
    """Products of Frobenius norm one with the logarithms of what was divided out; zero products are dropped."""
    norms = np.sqrt((rows * rows).sum(axis=(0, 2)))
    alive = (norms > 0) & np.isfinite(norms)
    return rows[:, alive] / norms[alive][None, :, None], words[alive], log_norm[alive] + np.log(norms[alive])


def _ends(log_norm: FloatArray, *, floor: float, width: int) -> NDArray[np.intp]:
    """Indices of the largest norms and of the smallest ones above a floor."""
    above = np.flatnonzero(log_norm >= floor)
    if above.size <= width:
        return above
    order = above[np.argsort(log_norm[above], kind="stable")]
    return np.sort(np.concatenate([order[: width // 2], order[order.size - (width - width // 2) :]]))
