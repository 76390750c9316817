"""A shortest expanding product: exhaustive by length, every doubtful word decided in exact arithmetic."""

from typing import Any

import flint
import numpy as np

from conservative._core.errors import ArgumentError
from conservative._core.exact_linalg import (
    flint_product,
    is_positive_semidefinite,
    radius_against_one,
    radius_ball,
    to_flint,
)
from conservative._core.families import as_family
from conservative.spectral.products import Product, make_product
from conservative.spectral.quadratic import common_quadratic_norm
from conservative.spectral.survivors import STORED_ENTRIES, Survivors, Tree, proved_stable, walk
from conservative.spectral.tree import spectral_radii
from conservative.spectral.words import Word, canonical_word

_CROWDED = 2000
"""Survivors on a level from which a better norm is worth a semidefinite program."""

_RIVALS = 1e-4
"""Words whose float radius is within this part of the largest are compared exactly."""

_TIE_BITS = 1 << 12
"""Precision at which radii that cannot be told apart are taken as equal."""


def expanding_product(matrices: Any, *, max_length: int) -> Product | None:
    """A shortest product of a family whose spectral radius exceeds one.

    Such a word proves that no norm makes every matrix of the family a contraction. No shorter word expands; among
    the words of its length it has the largest radius, and in a tie it is the lexicographically smallest.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), a `JacobianSet`, a `MatrixPolytope`, or a family
        Doubles are taken as exact; rationals stay exact.
    max_length : int
        Longest word tried, at least 1.

    Returns
    -------
    Product or None
        `None` when no word of length at most `max_length` has a spectral radius above one.

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    If rho(M_w) > 1, some rotation of w has only prefixes of norm above one: otherwise w w w ... would split
    into blocks of norm at most one. So the tree of words is cut at prefixes of norm at most one, in a common
    quadratic norm once the tree is crowded; when that cuts too little, only the least rotations (Lyndon words)
    are walked. Float products carry error bounds: a word is dismissed when they prove a radius below one, and
    decided from its exact characteristic polynomial otherwise. The cost can grow like k^max_length /
    max_length.

    Examples
    --------
    >>> heavy_ball = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
    >>> expanding_product(heavy_ball, max_length=6)
    Product(word 1122, spectral_radius=1.125, eigenvalue -9/8)
    """
    family = as_family(matrices, call="expanding_product")
    if isinstance(max_length, bool) or not isinstance(max_length, (int, np.integer)) or max_length < 1:
        raise ArgumentError(
            f"`expanding_product(max_length=...)` needs an integer >= 1, the longest word to try; got {max_length!r}. "
            "Pass 12, say."
        )
    factors = [to_flint(m) for m in family.exact]
    if _contracts_simply(factors):
        return None
    letter = _largest_expanding(factors, {(i,): 1.0 for i in range(family.count)})
    if letter is not None:
        return make_product(family, letter)
    tree, adapted = walk(family), False
    for length in range(1, int(max_length) + 1):
        tree, suspects, survivors = _level(tree, length)
        best = _largest_expanding(factors, suspects)
        if best is not None:
            return make_product(family, best)
        if survivors == 0:
            return None
        if survivors > _CROWDED and not adapted:
            tree, adapted = walk(family, transform=common_quadratic_norm(family, time_limit=10.0).factor), True
        elif survivors > _CROWDED and not tree.lyndon and survivors > 4 * family.count**length / length:
            tree = walk(family, lyndon=True)
    return None


def _contracts_simply(factors: list[flint.fmpq_mat]) -> bool:
    """Whether row sums, column sums or the Euclidean norm prove that no product expands."""
    for side in (factors, [a.transpose() for a in factors]):
        if all(sum(abs(x) for x in row) <= 1 for a in side for row in a.tolist()):
            return True
    n = factors[0].nrows()
    identity = flint.fmpq_mat([[int(i == j) for j in range(n)] for i in range(n)])
    return all(is_positive_semidefinite(identity - a.transpose() * a) for a in factors)


def _level(tree: Tree, length: int) -> tuple[Tree, dict[Word, float], int]:
    """The words of one length that are not proved stable, with float radii, and the number of surviving prefixes."""
    suspects: dict[Word, float] = {}
    chunks: list[Survivors] = []
    entries = survivors = 0
    for chunk in tree.level(length):
        suspects |= _suspects(chunk, lyndon=tree.lyndon)
        survivors += chunk.count
        entries += chunk.rows.size
        chunks = [*chunks, chunk] if entries <= STORED_ENTRIES else []
    return (tree.keeping(chunks) if chunks else tree), suspects, survivors


def _suspects(chunk: Survivors, *, lyndon: bool) -> dict[Word, float]:
    doubtful = ~proved_stable(chunk)
    if lyndon:
        doubtful &= chunk.period == chunk.length
    nodes = chunk.take(doubtful)
    finite = np.isfinite(nodes.rows).all(axis=(0, 2))
    radii = np.full(nodes.count, np.inf)
    if finite.any():
        radii[finite] = spectral_radii(np.ascontiguousarray(nodes.rows[:, finite]))
    words = (canonical_word(letters) for letters in nodes.letters.tolist())
    named = zip(words, radii.tolist(), strict=True)
    return {word: radius for word, radius in named if len(word) == chunk.length}


def _largest_expanding(factors: list[flint.fmpq_mat], suspects: dict[Word, float]) -> Word | None:
    """The suspect of largest radius above one, decided exactly; the smallest word in a tie."""
    rivals: list[Word] = []
    for word in sorted(suspects, key=lambda w: (-suspects[w], w)):
        if rivals and suspects[word] < (1 - _RIVALS) * suspects[rivals[0]]:
            break
        if radius_against_one(flint_product(factors, word)) > 0:
            rivals.append(word)
    if not rivals:
        return None
    return min(_of_largest_radius(factors, rivals))


def _of_largest_radius(factors: list[flint.fmpq_mat], words: list[Word]) -> list[Word]:
    """The words whose radii are equal to the largest, as far as 4096 bits tell."""
    classes: dict[tuple[str, ...], list[Word]] = {}
    for word in words:
        polynomial = flint_product(factors, word).charpoly()
        classes.setdefault(tuple(str(c) for c in polynomial.coeffs()), []).append(word)
    groups = list(classes.values())
    bits = 128
    while len(groups) > 1 and bits <= _TIE_BITS:
        balls = [radius_ball(flint_product(factors, group[0]), bits=bits) for group in groups]
        groups = [g for g, ball in zip(groups, balls, strict=True) if not any(ball < other for other in balls)]
        bits *= 4
    return [word for group in groups for word in group]
