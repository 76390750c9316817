"""Local search among words: letters are changed one by one, from good words and from random changes of them."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.words.candidates import Candidate
from conservative.spectral.words.cyclic_words import Word, canonical_word
from conservative.spectral.words.products import screened_rates

FloatArray = NDArray[np.float64]

_GAIN = 1e-12
_JOINED = 4
"""Best words that are joined with each other."""


def climb(
    matrices: FloatArray,
    start: Sequence[Candidate],
    *,
    max_length: int = 160,
    restarts: int = 8,
    deadline: float | None = None,
    rng: np.random.Generator | None = None,
) -> Candidate:
    """The best word reached from given ones by greedy changes, with random restarts (an estimate, not a proof).

    A round tries every word that differs by one letter changed, left out or put in, and every two of the best words
    joined; the best of them is the next start. All words of one length are multiplied and judged in one batch.

    Shapes: `matrices` (k, n, n).
    """
    random = np.random.default_rng(0) if rng is None else rng
    best = max(start, key=lambda c: c.rate)
    for attempt in range(restarts + 1):
        if deadline is not None and time.monotonic() > deadline:
            return best
        word = best.word if attempt == 0 else _shaken(best.word, matrices.shape[0], random)
        reached = _climbed(matrices, Candidate(word, 0.0), [c.word for c in start][:_JOINED], max_length, deadline)
        if reached.rate > best.rate * (1 + _GAIN):
            best = reached
    return Candidate(canonical_word(best.word), best.rate)


def _climbed(
    matrices: FloatArray, here: Candidate, others: list[Word], max_length: int, deadline: float | None
) -> Candidate:
    while deadline is None or time.monotonic() < deadline:
        near = _neighbours(here.word, others, matrices.shape[0], max_length)
        if not near:
            return here
        best = _best_of(matrices, near, above=here.rate)
        if best.rate <= here.rate * (1 + _GAIN):
            return here
        here = best
    return here


def _neighbours(word: Word, others: list[Word], count: int, max_length: int) -> list[Word]:
    """Words one letter away, and the word joined with others."""
    near: set[Word] = {word}
    for i in range(len(word)):
        near |= {(*word[:i], letter, *word[i + 1 :]) for letter in range(count)}
        near |= {(*word[:i], letter, *word[i:]) for letter in range(count)}
        if len(word) > 1:
            near.add(word[:i] + word[i + 1 :])
    near |= {word + other for other in others} | {word + word + other for other in others}
    return sorted(w for w in near if len(w) <= max_length)


def _best_of(matrices: FloatArray, words: list[Word], *, above: float) -> Candidate:
    best = Candidate(words[0], 0.0)
    for length in sorted({len(w) for w in words}):
        letters = np.array([w for w in words if len(w) == length])
        product = matrices[letters[:, 0]]
        log_norm = np.zeros(len(letters))
        for t in range(1, length):
            product = product @ matrices[letters[:, t]]
            size = np.abs(product).max(axis=(1, 2))
            size = np.where(size > 0, size, 1.0)
            product, log_norm = product / size[:, None, None], log_norm + np.log(size)
        growth = np.exp(log_norm / length)
        rows = np.ascontiguousarray(product.transpose(1, 0, 2))
        rates = screened_rates(rows, length, above=max(above, best.rate) / growth) * growth
        top = int(rates.argmax())
        if rates[top] > best.rate:
            best = Candidate(tuple(int(i) for i in letters[top]), float(rates[top]))
    return best


def _shaken(word: Word, count: int, random: np.random.Generator) -> Word:
    """A few letters of the word, possibly repeated, drawn anew."""
    letters = np.array(word * int(random.integers(1, 3)))
    changed = random.random(letters.size) < max(2 / letters.size, 0.1)
    letters[changed] = random.integers(0, count, size=int(changed.sum()))
    return tuple(int(i) for i in letters)
