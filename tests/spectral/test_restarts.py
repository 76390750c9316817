"""Words improved letter by letter: never worse than the start, and found again where the answer is known."""

import itertools

import numpy as np
import pytest

from conservative.spectral.words.candidates import Candidate
from conservative.spectral.words.cyclic_words import canonical_word
from conservative.spectral.words.local_search import climb


def rate(matrices, word):
    product = np.eye(matrices.shape[1])
    for letter in word:
        product = product @ matrices[letter]
    return np.abs(np.linalg.eigvals(product)).max() ** (1 / len(word))


@pytest.mark.parametrize("seed", range(6))
def test_the_climb_never_loses_and_says_the_rate_of_its_word(seed):
    matrices = np.random.default_rng(seed).standard_normal((2, 3, 3))
    start = [Candidate(w, rate(matrices, w)) for w in ((0,), (0, 1), (1, 1, 0))]
    found = climb(matrices, start, restarts=2)
    assert found.rate >= max(c.rate for c in start)
    assert found.rate == pytest.approx(rate(matrices, found.word), rel=1e-10)
    assert found.word == canonical_word(found.word)


def test_the_best_short_word_of_heavy_ball_is_reached():
    matrices = np.array([[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]])
    best = max(rate(matrices, w) for n in range(1, 9) for w in itertools.product(range(2), repeat=n))
    found = climb(matrices, [Candidate((0,), rate(matrices, (0,)))], restarts=20)
    assert found.rate >= best * (1 - 1e-12)


def test_words_beyond_the_greatest_length_are_not_built():
    matrices = np.random.default_rng(1).standard_normal((2, 2, 2))
    found = climb(matrices, [Candidate((0, 1, 1, 0, 1), 0.0)], max_length=4, restarts=3)
    assert len(found.word) <= 5
