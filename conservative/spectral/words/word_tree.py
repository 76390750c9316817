"""The word tree: all products of a length from those one shorter, in one matrix product, and their radii."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.words.cyclic_words import Word, decode_word

FloatArray = NDArray[np.float64]

CHUNK_ENTRIES = 1 << 16
"""Entries of products held in one chunk: small enough for a processor's cache."""


@dataclass(frozen=True, slots=True)
class WordChunk:
    """Products of one length, consecutive in lexicographic order of their words.

    Parameters
    ----------
    length : int
        Letters in each word.
    first : int
        The first word's letters as digits in base k; the others follow one by one.
    rows : ndarray, shape (n, N, n)
        Row r of product w is ``rows[r, w]``: with the row index in front, children come out of one matrix product
        without a transposition.
    """

    length: int
    first: int
    rows: FloatArray

    def word(self, position: int, *, count: int) -> Word:
        """The word at a position of the chunk."""
        return decode_word(self.first + position, length=self.length, count=count)


def stack_horizontally(matrices: FloatArray) -> FloatArray:
    """[M_1 ... M_k], the right factor of every step of the tree. Shapes: `matrices` (k, n, n), result (n, k n)."""
    return np.ascontiguousarray(np.concatenate(list(matrices), axis=1))


def extend(rows: FloatArray, stacked: FloatArray) -> FloatArray:
    """Every product of a chunk times every matrix: ``rows.reshape(-1, n) @ [M_1 ... M_k]``.

    Shapes: `rows` (n, N, n), `stacked` (n, k n), result (n, N k, n).
    """
    n = rows.shape[0]
    product: FloatArray = rows.reshape(-1, n) @ stacked
    return product.reshape(n, -1, n)


def word_chunks(matrices: FloatArray, *, max_length: int, chunk_entries: int = CHUNK_ENTRIES) -> Iterator[WordChunk]:
    """All products of the words of length 1 to `max_length`, depth first, within bounded memory.

    (k^(max_length + 1) - k)/(k - 1) products, each at the cost of one n x n product.

    Shapes: `matrices` (k, n, n). `chunk_entries`: bound on the entries of a chunk (a chunk holds at least one family).
    """
    k, n = matrices.shape[:2]
    stacked = stack_horizontally(matrices)
    limit = max(1, chunk_entries // (k * n * n))
    pending = [WordChunk(1, 0, np.ascontiguousarray(matrices.transpose(1, 0, 2)))]
    while pending:
        chunk = pending.pop()
        yield chunk
        if chunk.length == max_length:
            continue
        size = chunk.rows.shape[1]
        starts = range(0, size, limit)
        for start in reversed(starts):
            part = chunk.rows if len(starts) == 1 else np.ascontiguousarray(chunk.rows[:, start : start + limit])
            pending.append(WordChunk(chunk.length + 1, (chunk.first + start) * k, extend(part, stacked)))


def spectral_radii(rows: FloatArray) -> FloatArray:
    """Spectral radii of a chunk of products, in doubles (estimates, not bounds).

    n = 1: the modulus. n = 2: with half trace h and D = ((a - d)/2)^2 + b c, the radius is |h| + sqrt(D) for
    D >= 0 and sqrt(h^2 - D) = sqrt(det) for a complex pair; neither sum cancels. Otherwise batched LAPACK.

    Shapes: `rows` (n, N, n), result (N,).
    """
    n = rows.shape[0]
    if n == 1:
        return np.abs(rows[0, :, 0])
    if n > 2:
        return np.asarray(np.abs(np.linalg.eigvals(rows.transpose(1, 0, 2))).max(axis=1), dtype=np.float64)
    a, b, c, d = rows[0, :, 0], rows[0, :, 1], rows[1, :, 0], rows[1, :, 1]
    half = a + d
    half *= 0.5
    discriminant = a - d
    discriminant *= 0.5
    discriminant *= discriminant
    discriminant += b * c
    root = np.abs(discriminant)
    np.sqrt(root, out=root)
    root += np.abs(half)
    half *= half
    half -= discriminant
    np.sqrt(half, out=half, where=discriminant < 0)
    np.copyto(root, half, where=discriminant < 0)
    return root
