"""Gripenberg's branch and bound, best first: upper bounds of the joint spectral radius that hold at any time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.spectral.expanding.pruned_tree import product_errors
from conservative.spectral.norms.operator_norms import spectral_norm_bound
from conservative.spectral.norms.scaling import ScaledFamily
from conservative.spectral.words.cyclic_words import Word, canonical_word
from conservative.spectral.words.products import screened_rates
from conservative.spectral.words.word_tree import extend, stack_horizontally

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BATCH_ENTRIES = 1 << 15
"""Entries of products expanded in one step."""

_BLURRED = 1e-3
"""A leaf whose error bound exceeds this part of its norm is closed: its descendants cannot improve its bound."""

_BATCH_WORK = 1 << 12
"""The fixed cost of a batch, in the units of `Progress.work`: long chains of single words cost it again and again."""

STORED_ENTRIES = 1 << 24
"""Entries of open products kept at most (128 MB)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the branch and bound knows so far, for the scaled family.

    `upper`: a proved upper bound of the joint spectral radius. `rate`: the largest rho(M_w)^(1/|w|) met, in doubles.
    `word`: the word that has it; empty while the given rate was not improved. `work`: products computed so far times
    n^3, a batch counting at least 4096: a measure of time.
    """

    upper: float
    rate: float
    word: Word
    work: int


@dataclass(slots=True)
class _Frontier:
    """Open nodes: products in row layout, norms, errors, prefix rates, lengths, and their numbers in the log."""

    rows: FloatArray
    norm: FloatArray
    error: FloatArray
    prefix: FloatArray
    length: IntArray
    node: IntArray

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> "_Frontier":
        return _Frontier(
            self.rows[:, which],
            self.norm[which],
            self.error[which],
            self.prefix[which],
            self.length[which],
            self.node[which],
        )

    def join(self, other: "_Frontier") -> "_Frontier":
        return _Frontier(
            np.concatenate([self.rows, other.rows], axis=1),
            np.concatenate([self.norm, other.norm]),
            np.concatenate([self.error, other.error]),
            np.concatenate([self.prefix, other.prefix]),
            np.concatenate([self.length, other.length]),
            np.concatenate([self.node, other.node]),
        )


def branch_and_bound(family: ScaledFamily, *, rate: float, tol: float) -> Iterator[Progress]:
    """Gripenberg's bounds, improving from one item to the next.

    Every infinite product splits into blocks w of an exhaustive finite set, each with ||B_w|| <= u^|w|; then
    jsr <= u. The set is the leaves of the word tree: closed ones, whose bound is at most (1 + tol) times the
    best rate, and open ones; the bound of a leaf is the least ||B_v||^(1/|v|) over its prefixes v. The open
    leaves of largest bound are extended first, so that their maximum falls as fast as possible.

    The float product of a word carries a bound e of its Frobenius distance to the exact product
    (`product_errors`). A node's norm is bounded by `spectral_norm_bound` plus e; the root is rounded up by 8 u.

    [gripenberg1996]_
    """
    k, n = family.floats.shape[:2]
    stacked = stack_horizontally(family.floats)
    log = _Log(k)
    word: Word = ()
    frontier, closed, work = _root(n), 0.0, 0
    batch = max(1, BATCH_ENTRIES // (k * n * n))
    while frontier.node.size and frontier.node.size * n * n <= STORED_ENTRIES:
        chosen = _largest(frontier.prefix, max(batch, frontier.node.size // 16))
        rest = np.ones(frontier.node.size, dtype=bool)
        rest[chosen] = False
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            children = _children(frontier.take(chosen), stacked, family, log)
        rates = screened_rates(children.rows, children.length, above=rate)
        work += max(rates.size * n**3, _BATCH_WORK)
        top = int(np.argmax(rates))
        if rates[top] > rate * (1 + 1e-12):
            rate, word = float(rates[top]), canonical_word(log.word(int(children.node[top])))
        frontier = frontier.take(rest).join(children)
        hopeless = ~(frontier.error <= _BLURRED * frontier.norm) | np.isinf(frontier.norm)
        open_leaf = (frontier.prefix > rate * (1 + tol)) & ~hopeless
        closed = max(closed, float(frontier.prefix[~open_leaf].max(initial=0.0)))
        frontier = frontier.take(open_leaf & (frontier.prefix > closed))
        yield Progress(max(closed, float(frontier.prefix.max(initial=0.0))), rate, word, work)


def _root(n: int) -> _Frontier:
    one = np.ones(1)
    return _Frontier(np.eye(n)[:, None, :], one, one * 0, one * np.inf, np.zeros(1, dtype=np.int64), np.full(1, -1))


def _largest(values: FloatArray, count: int) -> NDArray[np.intp]:
    if values.size <= count:
        return np.arange(values.size)
    return np.argpartition(values, values.size - count)[values.size - count :]


def _children(parents: _Frontier, stacked: FloatArray, family: ScaledFamily, log: "_Log") -> _Frontier:
    k = family.floats.shape[0]
    rows = extend(np.ascontiguousarray(parents.rows), stacked)
    length = np.repeat(parents.length + 1, k)
    error = product_errors(parents.rows, parents.error, family).reshape(-1)
    norm = spectral_norm_bound(rows.transpose(1, 0, 2)) + error
    norm = np.nan_to_num(norm, nan=np.inf)
    prefix = np.minimum(np.repeat(parents.prefix, k), norm ** (1.0 / length) * (1 + 8 * UNIT_ROUNDOFF))
    node = log.append(parents.node, k)
    return _Frontier(rows, norm, error, prefix, length, node)


class _Log:
    """Parents of all nodes made so far, from which words are read back."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.size = 0
        self._parents: list[IntArray] = []
        self._starts: list[int] = []

    def append(self, parents: IntArray, count: int) -> IntArray:
        """Number the children of the parents, `count` each, in order."""
        self._parents.append(parents)
        self._starts.append(self.size)
        first = self.size
        self.size += parents.size * count
        return np.arange(first, self.size)

    def word(self, node: int) -> Word:
        """The letters from the root to a node."""
        letters: list[int] = []
        block = len(self._starts) - 1
        while node >= 0:
            while self._starts[block] > node:
                block -= 1
            position, letter = divmod(node - self._starts[block], self.count)
            letters.append(letter)
            node = int(self._parents[block][position])
        return tuple(reversed(letters))
