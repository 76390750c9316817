"""The words that may still expand: the tree of words cut where a norm or a rotation makes prefixes superfluous."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from conservative._core.families.as_family import MatrixFamily
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.spectral.norms.operator_norms import spectral_norm_bound
from conservative.spectral.norms.scaling import ScaledFamily, balanced_family, scale_family
from conservative.spectral.words.word_tree import extend, stack_horizontally

FloatArray = NDArray[np.float64]

CHUNK_ENTRIES = 1 << 16
STORED_ENTRIES = 1 << 23
"""Entries of products kept between levels (64 MB); beyond, deeper levels are walked again from the last one kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Survivors:
    """Prefixes of one length with their products.

    Shapes: `rows` (n, N, n), `error` (N,), `letters` (N, length), `period` (N,). `rows`: float products, row index
    first. `error`: proved bounds of the Frobenius distance to the exact products. `period`: length of the shortest
    Lyndon word of which the prefix is a truncated power (kept by the Lyndon walk only).
    """

    rows: FloatArray
    error: FloatArray
    letters: NDArray[np.int16]
    period: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of prefixes."""
        return int(self.error.size)

    @property
    def length(self) -> int:
        """Letters of each prefix."""
        return int(self.letters.shape[1])

    def take(self, which: NDArray[np.bool_] | slice) -> "Survivors":
        """Some of the prefixes."""
        rows = np.ascontiguousarray(self.rows[:, which])
        return Survivors(rows, self.error[which], self.letters[which], self.period[which])


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A way to walk the words: the family in a basis, the rule that cuts, and the last level kept.

    `family`: with scale one, so that the threshold is one in every basis. `lyndon`: cut what is not the beginning of a
    least rotation; otherwise cut prefixes of norm at most one.
    """

    family: ScaledFamily
    lyndon: bool
    kept: Survivors

    def level(self, length: int) -> Iterator[Survivors]:
        """The survivors of a length, in chunks."""
        k, n = self.family.floats.shape[:2]
        limit = max(1, CHUNK_ENTRIES // (k * n * n))
        waiting = [self.kept]
        while waiting:
            node = waiting.pop()
            if node.length == length:
                yield node
            elif node.count > limit:
                waiting += [node.take(slice(i, i + limit)) for i in range(0, node.count, limit)]
            else:
                waiting.append(_step(self, node))

    def keeping(self, chunks: list[Survivors]) -> "Tree":
        """The same walk, to be continued from a level."""
        kept = Survivors(
            np.concatenate([c.rows for c in chunks], axis=1),
            np.concatenate([c.error for c in chunks]),
            np.concatenate([c.letters for c in chunks]),
            np.concatenate([c.period for c in chunks]),
        )
        return Tree(self.family, self.lyndon, kept)


def walk(family: MatrixFamily, *, transform: FloatArray | None = None, lyndon: bool = False) -> Tree:
    """A walk from the empty word. Shapes: `transform` (n, n)."""
    scaled = None if transform is None else scale_family(family, transform=transform, scale=Fraction(1))
    if scaled is None:
        scaled = balanced_family(family, scale=Fraction(1))
    empty = Survivors(
        np.eye(family.size)[:, None, :],
        np.zeros(1),
        np.zeros((1, 0), dtype=np.int16),
        np.ones(1, dtype=np.int64),
    )
    return Tree(scaled, lyndon, empty)


def _step(tree: Tree, parents: Survivors) -> Survivors:
    """The surviving children of a chunk."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        children = _children(tree.family, parents)
        if tree.lyndon:
            return _least_rotations(children)
        bound = spectral_norm_bound(children.rows.transpose(1, 0, 2)) + children.error
    return children.take(~(bound <= 1))


def _children(family: ScaledFamily, parents: Survivors) -> Survivors:
    k = family.floats.shape[0]
    rows = extend(parents.rows, stack_horizontally(family.floats))
    error = product_errors(parents.rows, parents.error, family).reshape(-1)
    fresh = np.tile(np.arange(k, dtype=np.int16), parents.count)[:, None]
    letters = np.concatenate([np.repeat(parents.letters, k, axis=0), fresh], axis=1)
    return Survivors(rows, error, letters, np.repeat(parents.period, k))


def product_errors(rows: FloatArray, error: FloatArray, family: ScaledFamily) -> FloatArray:
    """Error bounds of all products P B_j from those of P.

    Shapes: `rows` (n, N, n), `error` (N,), result (N, k). `error`: bounds e of their Frobenius distances to the exact
    ones. Returns: e (||B_j|| + f_j) + ||P||_F (gamma_n ||B_j||_F + f_j), the bound of the distance of the float product
    to the exact one, with a margin for the bound's own roundings and for underflow.
    """
    gamma = 1.01 * rows.shape[0] * UNIT_ROUNDOFF
    size = frobenius_bounds(rows.transpose(1, 0, 2))[1]
    growth = size[:, None] * (gamma * frobenius_bounds(family.floats)[1] + family.error)
    bound = error[:, None] * (family.norm + family.error) + growth
    return np.asarray(1.0001 * bound + 2.0**-960)


def _least_rotations(children: Survivors) -> Survivors:
    """Prefixes of least rotations, by the rule of Fredricksen, Kessler and Maiorana."""
    position = children.length - 1
    last = children.letters[:, position]
    if position == 0:
        return children
    mirrored = children.letters[np.arange(children.count), position - children.period]
    period = np.where(last == mirrored, children.period, children.length)
    return Survivors(children.rows, children.error, children.letters, period).take(last >= mirrored)


def proved_stable(nodes: Survivors) -> NDArray[np.bool_]:
    """Which products are proved, in floats with error bounds, to have a spectral radius below one.

    For n = 2 the Jury conditions |trace| < 1 + det, det < 1. Otherwise ||P^m||_F < 1 for an m = 1, 2, 4, ...,
    64. False proves nothing.

    Shapes: result (N,).
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        if nodes.rows.shape[0] == 2:
            return _jury(nodes.rows, nodes.error)
        return _power_below_one(nodes.rows.transpose(1, 0, 2), nodes.error)


def _jury(rows: FloatArray, error: FloatArray) -> NDArray[np.bool_]:
    a, b, c, d = rows[0, :, 0], rows[0, :, 1], rows[1, :, 0], rows[1, :, 1]
    size = np.abs(a) + np.abs(b) + np.abs(c) + np.abs(d)
    trace = np.abs(a + d) + 1.5 * error
    blur = (size + error) * error + 4 * UNIT_ROUNDOFF * size * size + 2.0**-1000
    determinant = a * d - b * c
    margin = 8 * UNIT_ROUNDOFF * (1 + trace + np.abs(determinant))
    return np.asarray((trace + blur + margin < 1 + determinant) & (determinant + blur + margin < 1))


def _power_below_one(power: FloatArray, error: FloatArray) -> NDArray[np.bool_]:
    stable = np.zeros(error.size, dtype=bool)
    alive = np.arange(error.size)
    gamma = 1.01 * power.shape[1] * UNIT_ROUNDOFF
    for _ in range(7):
        size = frobenius_bounds(power)[1]
        below = size + error < 1 - 4 * UNIT_ROUNDOFF
        stable[alive[below]] = True
        open_ = ~below & np.isfinite(size) & np.isfinite(error)
        alive, power, size, error = alive[open_], power[open_], size[open_], error[open_]
        error = 1.0001 * ((2 * size + error) * error + gamma * size * size) + 2.0**-960
        power = power @ power
    return stable
