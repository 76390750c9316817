"""Thousands of parameter points times all words of a length at once: the word tree on a batch of families."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.words.cyclic_words import Word
from conservative.spectral.words.word_tree import spectral_radii

FloatArray = NDArray[np.float64]

_CHUNK_ENTRIES = 1 << 15
"""Entries of products held at once: 256 KB, which stay in a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The words of one length that begin a least rotation, as children of the level before.

    Shapes: `parent` (W,), `letters` (W, length), `period` (W,). `parent`: position in the level before. `period`:
    length of the shortest Lyndon word of which the word is a truncated power.
    """

    parent: NDArray[np.int64]
    letters: NDArray[np.int64]
    period: NDArray[np.int64]

    @property
    def lyndon(self) -> NDArray[np.int64]:
        """Positions of the words that are least rotations of primitive words: one for each cyclic class."""
        return np.flatnonzero(self.period == self.letters.shape[1])

    def word(self, position: int) -> Word:
        """One word."""
        return tuple(int(i) for i in self.letters[position])


def word_levels(count: int, *, max_length: int) -> tuple[Level, ...]:
    """The tree of beginnings of least rotations, by the rule of Fredricksen, Kessler and Maiorana."""
    first = np.arange(count)
    levels = [Level(np.zeros(count, dtype=np.int64), first[:, None], np.ones(count, dtype=np.int64))]
    for length in range(2, max_length + 1):
        above = levels[-1]
        parent = np.repeat(np.arange(above.period.size), count)
        last = np.tile(first, above.period.size)
        period = above.period[parent]
        mirrored = above.letters[parent, length - 1 - period]
        kept = last >= mirrored
        parent, last, period = parent[kept], last[kept], np.where(last == mirrored, period, length)[kept]
        levels.append(Level(parent, np.column_stack([above.letters[parent], last]), period))
    return tuple(levels)


def stable(matrices: FloatArray, *, margin: float = 1e-9) -> NDArray[np.bool_]:
    """At which points every matrix has a spectral radius below one, in doubles.

    Shapes: `matrices` (N, k, n, n), result (N,).
    """
    points, k, n = matrices.shape[:3]
    flat = matrices.reshape(-1, n, n)
    finite = np.isfinite(flat).all(axis=(1, 2))
    radii = np.full(len(flat), np.inf)
    radii[finite] = spectral_radii(np.ascontiguousarray(flat[finite].transpose(1, 0, 2)))
    return np.asarray((radii.reshape(points, k) < 1 - margin).all(axis=1))


def largest_radii(matrices: FloatArray, levels: tuple[Level, ...]) -> Iterator[tuple[FloatArray, NDArray[np.int64]]]:
    """For every length, the largest radius of a product over the cyclic classes, at every point.

    The products of a length are kept as an array (n, n, W, N), points last, so that a step of the tree is n
    multiplications and additions of long arrays; with small matrices that beats batched matrix products.

    Shapes: `matrices` (N, k, n, n), result (N,).
    """
    n = matrices.shape[2]
    factors = np.ascontiguousarray(matrices.transpose(2, 3, 1, 0))
    products = factors
    for length, level in enumerate(levels, 1):
        if length > 1:
            last = level.letters[:, -1]
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                products = _times(products[:, :, level.parent], factors[:, :, last])
        if not level.lyndon.size:  # powers of one matrix
            yield np.zeros(len(matrices)), np.zeros(len(matrices), dtype=np.int64)
            continue
        chosen = products[:, :, level.lyndon]
        radii = _screened(chosen.reshape(n, n, -1), length).reshape(level.lyndon.size, -1)
        top = radii.argmax(axis=0)
        yield radii[top, np.arange(radii.shape[1])], level.lyndon[top]


def _times(left: FloatArray, right: FloatArray) -> FloatArray:
    """Products of two stacks of matrices, matrix indices first."""
    total = left[:, 0, None] * right[None, 0]
    for j in range(1, left.shape[0]):
        total += left[:, j, None] * right[None, j]
    return total


def _screened(products: FloatArray, length: int) -> FloatArray:
    n, _, count = products.shape
    rows = products.transpose(0, 2, 1)
    if n <= 2:
        return np.nan_to_num(spectral_radii(rows), nan=0.0, posinf=0.0)
    radii = np.zeros(count)
    alive = np.arange(count)
    power = np.ascontiguousarray(products.transpose(2, 0, 1))
    for exponent in (1, 2, 4, 8):
        size = np.sqrt((power * power).sum(axis=(1, 2)))
        keep = np.isfinite(size) & ((size > 1) | (length == 1))
        alive, power = alive[keep], power[keep]
        power = power @ power if exponent < 8 else power
    if alive.size:
        radii[alive] = spectral_radii(np.ascontiguousarray(rows[:, alive]))
    return radii


def point_chunks(count: int, *, words: int, size: int) -> Iterator[slice]:
    """Slices of the points, so small that all products of a length fit in memory."""
    step = max(1, _CHUNK_ENTRIES // max(1, words * size * size))
    for start in range(0, count, step):
        yield slice(start, start + step)
