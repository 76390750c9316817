"""Words through long powers, of families of rank-one matrices beside one that is not: the best may be very long."""

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.reduction.rank_one import largest_mean
from conservative.spectral.words.candidates import Candidate
from conservative.spectral.words.cyclic_words import Word, canonical_word

FloatArray = NDArray[np.float64]

_RANK = 1e-12
_MOST_POWERS, _MOST_LETTERS = 1 << 13, 9000
_ROUNDS = 50


def word_through_powers(matrices: FloatArray) -> Candidate | None:
    """The best word of a family in which all matrices but one have rank one, an estimate; None for other families.

    With B_i = u_i v_i^T beside A, a product is a path along weights |v_i^T A^m u_j| of length m + 1, so that the best
    word with a B in it is a cycle of largest mean weight over the letters i, with the best m on each edge: by
    Dinkelbach's rounds, each the largest mean of a cycle. Powers up to 8192 are looked at.

    Shapes: `matrices` (k, n, n).
    """
    sizes = np.linalg.svd(matrices, compute_uv=False)
    if matrices.shape[1] < 2:
        return None
    full = np.flatnonzero(sizes[:, 1] > _RANK * sizes[:, 0])
    thin = [i for i in range(len(matrices)) if i not in full and sizes[i, 0] > 0]
    if len(full) != 1 or not thin:
        return None
    logs = _weights(matrices[full[0]], matrices[thin])
    steps = np.arange(1, len(logs) + 1)
    with np.errstate(invalid="ignore"):
        rate = float((np.diagonal(logs, axis1=1, axis2=2) / steps[:, None]).max())
    best: Word = ()
    for _ in range(_ROUNDS):
        if not np.isfinite(rate):
            rate = float(np.nanmin(logs[np.isfinite(logs)], initial=0.0)) - 1.0
        gains = logs - rate * steps[:, None, None]
        powers = gains.argmax(axis=0)
        cycle = largest_mean(gains.max(axis=0))
        pairs = list(zip(cycle, cycle[1:] + cycle[:1], strict=True))
        if not cycle:
            break
        found = sum(logs[powers[i, j], i, j] for i, j in pairs) / sum(int(powers[i, j]) + 1 for i, j in pairs)
        if best and found <= rate * (1 + 1e-15):
            break
        rate = float(found)
        best = tuple(x for i, j in pairs for x in (thin[i], *(int(full[0]),) * int(powers[i, j])))
    if not best or len(best) > _MOST_LETTERS:
        return None
    return Candidate(canonical_word(best), float(np.exp(rate)))


def _weights(matrix: FloatArray, thin: FloatArray) -> FloatArray:
    """log |v_i^T A^m u_j| for m = 0, 1, ..., shape (powers, r, r)."""
    left, size, right = np.linalg.svd(thin)
    columns = (left[:, :, 0] * size[:, :1]).T
    rows = right[:, 0]
    logs, shift = [], 0.0
    with np.errstate(divide="ignore"):
        for _ in range(_MOST_POWERS):
            logs.append(np.log(np.abs(rows @ columns)) + shift)
            columns = matrix @ columns
            largest = float(np.abs(columns).max())
            if not 0 < largest < np.inf:
                break
            columns, shift = columns / largest, shift + np.log(largest)
    return np.array(logs)
