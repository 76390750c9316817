"""Words that may attain the joint spectral radius: a search of bounded width, in a basis where norms tell much."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.words.cyclic_words import Word, canonical_word
from conservative.spectral.words.products import screened_rates
from conservative.spectral.words.word_tree import extend, stack_horizontally

FloatArray = NDArray[np.float64]

_TIED = 1e-10
"""Relative difference within which rates in doubles count as equal."""

_MOST_WORDS = 64
"""Words of one length that are looked at one by one; and words in all, after which ties are no longer collected."""

_ELLIPSOID_STEPS = 100
_ELLIPSOID_POINTS = 2000

_EIGENVALUE_WORK = 1_000_000
"""Eigenvalue problems of one level times n^3, at most."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word with its rate rho(M_w)^(1/|w|) in doubles: an estimate, to be proved or refuted.

    `word`: least rotation of a primitive word.
    """

    word: Word
    rate: float


def ranked_words(
    matrices: FloatArray,
    *,
    max_length: int = 40,
    width: int = 200,
    near: float = _TIED,
    deadline: float | None = None,
) -> list[Candidate]:
    """Words of large rate, best first, by a search of bounded width (estimates, not proofs).

    Every cyclic class of largest rate has a rotation whose prefixes all have norms of at least rate^length, in any
    norm: products below that are dropped without loss. The bound on the width is what makes this a heuristic.

    Shapes: `matrices` (k, n, n).

    [gripenberg1996]_
    """
    k = matrices.shape[0]
    stacked = stack_horizontally(matrices)
    rows = np.ascontiguousarray(matrices.transpose(1, 0, 2))
    words = np.arange(k, dtype=np.int16)[:, None]
    log_norm = np.zeros(k)
    found: dict[Word, float] = {}
    rate = 0.0
    for length in range(1, max_length + 1):
        rows, words, log_norm = _normalised(rows, words, log_norm)
        if not words.size or (deadline is not None and time.monotonic() > deadline):
            break
        growth = np.exp(log_norm / length)
        rates = _rates(rows, length, above=rate * (1 - near) / growth) * growth
        for i in np.argsort(-rates, kind="stable")[:_MOST_WORDS]:
            enough = len(found) >= _MOST_WORDS and rates[i] <= rate * (1 + _TIED)
            if enough or rates[i] < rate * (1 - near) or rates[i] <= 0:
                break
            name = canonical_word(tuple(int(letter) for letter in words[i]))
            found[name] = max(found.get(name, 0.0), float(rates[i]))
            rate = max(rate, float(rates[i]))
        keep = _ends(log_norm, floor=length * np.log(rate) if rate > 0 else -np.inf, width=width)
        rows = extend(np.ascontiguousarray(rows[:, keep]), stacked)
        letters = np.tile(np.arange(k, dtype=np.int16), keep.size)[:, None]
        words = np.concatenate([np.repeat(words[keep], k, axis=0), letters], axis=1)
        log_norm = np.repeat(log_norm[keep], k)
    return _ranked(found, rate, near)


def _rates(rows: FloatArray, length: int, *, above: FloatArray) -> FloatArray:
    """Rates of the products of one length; of large matrices only for those whose eighth powers are largest."""
    n, count = rows.shape[:2]
    most = max(4, int(_EIGENVALUE_WORK / n**3))
    if count <= most or n <= 2:
        return screened_rates(rows, length, above=above)
    power = rows.transpose(1, 0, 2)
    for _ in range(3):
        power = power @ power
    with np.errstate(divide="ignore"):
        bound = np.log((power * power).sum(axis=(1, 2))) / (16 * length) - np.log(above + 1e-300)
    chosen = np.argsort(-bound, kind="stable")[:most]
    rates = np.zeros(count)
    rates[chosen] = screened_rates(np.ascontiguousarray(rows[:, chosen]), length, above=above[chosen])
    return rates


def _ranked(found: dict[Word, float], rate: float, near: float) -> list[Candidate]:
    """The words within reach of the best rate; ties are ordered by length, then by letters."""
    close = [Candidate(word, r) for word, r in found.items() if r >= rate * (1 - near)]
    tied = sorted((c for c in close if c.rate >= rate * (1 - _TIED)), key=lambda c: (len(c.word), c.word))
    rest = sorted((c for c in close if c.rate < rate * (1 - _TIED)), key=lambda c: (-c.rate, len(c.word)))
    return (tied + rest) or [Candidate((0,), 0.0)]


def ellipsoid_norm(points: NDArray[np.float64] | NDArray[np.complex128]) -> FloatArray:
    """The quadratic norm whose unit ball is about the ellipsoid of least volume around points and their negatives.

    Shapes: `points` (N, n), result (n, n). Returns: P. For the search only: a multiplicative algorithm is stopped
    early, and nothing is proved.

    [khachiyan1996]_
    """
    rows = np.concatenate([points.real, points.imag]) if np.iscomplexobj(points) else points
    rows = rows[:: max(1, rows.shape[0] // _ELLIPSOID_POINTS)]
    n = rows.shape[1]
    weight = np.full(rows.shape[0], 1 / rows.shape[0])
    ridge = 1e-12 * np.eye(n) * float((rows * rows).mean())
    inverse = np.eye(n)
    for _ in range(_ELLIPSOID_STEPS):
        inverse = np.linalg.pinv((rows.T * weight) @ rows + ridge, hermitian=True)
        weight = weight * np.maximum(((rows @ inverse) * rows).sum(axis=1) / n, 1e-300)
        weight /= weight.sum()
    return np.asarray((inverse + inverse.T) / 2)


def in_norm(matrices: FloatArray, P: FloatArray) -> FloatArray:
    """The family in coordinates in which sqrt(x^T P x) is the Euclidean norm, in doubles.

    Shapes: `matrices` (k, n, n), `P` (n, n), result (k, n, n). Returns: L^T A_i L^-T with P = L L^T; the family itself
    when P is too close to singular.
    """
    try:
        factor = np.linalg.cholesky(P).T
        moved = factor @ matrices @ np.linalg.inv(factor)
    except np.linalg.LinAlgError:
        return matrices
    return np.ascontiguousarray(moved) if np.isfinite(moved).all() else matrices


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
