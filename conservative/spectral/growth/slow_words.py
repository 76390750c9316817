"""Words whose products grow slowly, by a search of bounded width (an estimate: the rate is proved elsewhere)."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over
from conservative.spectral.words.cyclic_words import Word, canonical_word
from conservative.spectral.words.word_tree import extend, spectral_radii, stack_horizontally

FloatArray = NDArray[np.float64]


def search_slow_word(
    matrices: FloatArray,
    *,
    max_length: int = 24,
    width: int = 400,
    deadline: float = NEVER,
    follows: NDArray[np.bool_] | None = None,
) -> tuple[Word, float]:
    """A word of small rate rho(M_w)^(1/|w|). Shapes: `matrices` (k, n, n), `follows` (k, k).

    >>> word, rate = search_slow_word(np.array([[[2.0, 0.0], [0.0, 0.5]], [[0.5, 0.0], [0.0, 2.0]]]))
    >>> word, round(rate, 12)
    ((0, 1), 1.0)
    """
    k = matrices.shape[0]
    stacked = stack_horizontally(matrices)
    rows = np.ascontiguousarray(matrices.transpose(1, 0, 2))
    words = np.arange(k, dtype=np.int32)[:, None]
    log_scale = np.zeros(k)
    allowed = np.ones((k, k), dtype=bool) if follows is None else follows
    best: Word = (0,) if follows is None else ()
    rate = np.inf
    for length in range(1, max_length + 1):
        norms = np.sqrt((rows * rows).sum(axis=(0, 2)))
        closed = allowed[words[:, -1], words[:, 0]]
        if (closed & (norms == 0)).any():
            return canonical_word(tuple(int(i) for i in words[np.argmax(closed & (norms == 0))])), 0.0
        rows = rows / np.where(norms > 0, norms, 1.0)[None, :, None]
        with np.errstate(divide="ignore"):
            log_scale = log_scale + np.log(norms)
            log_rates = (np.log(spectral_radii(np.ascontiguousarray(rows))) + log_scale) / length
        log_rates = np.where(closed, log_rates, np.inf)
        at = int(np.argmin(log_rates))
        if float(np.exp(log_rates[at])) < rate * (1 - 1e-9):
            best, rate = canonical_word(tuple(int(i) for i in words[at])), float(np.exp(log_rates[at]))
        if rate == 0 or length == max_length or is_over(deadline):
            break
        keep = np.unique(
            np.concatenate([np.argsort(log_scale, kind="stable")[:width], np.argsort(log_rates, kind="stable")[:width]])
        )
        rows = extend(np.ascontiguousarray(rows[:, keep]), stacked)
        letters = np.tile(np.arange(k, dtype=np.int32), keep.size)[:, None]
        path = allowed[words[keep, -1]].ravel()
        words = np.concatenate([np.repeat(words[keep], k, axis=0), letters], axis=1)[path]
        rows, log_scale = rows[:, path], np.repeat(log_scale[keep], k)[path]
        if not len(words):
            break
    return best, rate
