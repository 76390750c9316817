"""A shortest expanding product: exhaustive by length, every doubtful word decided in exact arithmetic."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import flint
import numpy as np

from conservative._core.deadlines import NEVER, deadline_after, is_over, seconds_left
from conservative._core.errors import ArgumentError
from conservative._core.exact.linear_algebra import (
    flint_product,
    is_positive_semidefinite,
    radius_against_one,
    radius_ball,
    to_flint,
)
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.printable import shown
from conservative._core.result_lines import result_line
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, lifted_family
from conservative.spectral.expanding.pruned_tree import STORED_ENTRIES, Survivors, Tree, proved_stable, walk
from conservative.spectral.semidefinite.quadratic_norm import common_quadratic_norm
from conservative.spectral.words.cyclic_words import Word, canonical_word
from conservative.spectral.words.products import Product, make_product
from conservative.spectral.words.word_tree import spectral_radii

_CROWDED = 2000
"""Survivors on a level from which a better norm is worth a semidefinite program."""

_RIVALS = 1e-4
"""Words whose float radius is within this part of the largest are compared exactly."""

_TIE_BITS = 1 << 12
"""Precision at which radii that cannot be told apart are taken as equal."""


class ExpansionStatus(Enum):
    """How the search for a shortest expanding product ended; the value is the sentence to print."""

    FOUND = "a product expands, and no shorter one does"
    NEVER = "no product expands, of whatever length"
    LENGTH_LIMIT = "no product up to the greatest length expands; raise `max_length` to look at longer ones"
    TIME_LIMIT = "the time limit was reached: no product up to the proved length expands; raise `time_limit`"
    INTERRUPTED = "interrupted: no product up to the proved length expands; run again to look at longer ones"


@dataclass(frozen=True, slots=True, eq=False)
class ShortestExpanding:
    """What is proved about the shortest words whose products expand.

    Parameters
    ----------
    product : Product or None
        A shortest product of spectral radius above one, when one was found.
    proved_length : float
        Every product of at most this many factors is proved to have a spectral radius of at most one: an integer,
        or infinity when no product expands at all. With a product it is one less than its length.
    status : ExpansionStatus
    """

    product: Product | None
    proved_length: float
    status: ExpansionStatus

    def __repr__(self) -> str:
        return result_line(
            self,
            repr(self.product) if self.product else "no product",
            f"proved_length={self.proved_length}",
            self.status.name,
        )


def expanding_product(matrices: Any, *, max_length: int, automaton: Automaton | None = None) -> Product | None:
    """A shortest product of a family whose spectral radius exceeds one.

    Such a word proves that no norm makes every matrix of the family a contraction. No shorter word expands; among
    the words of its length it has the largest radius, and in a tie it is the lexicographically smallest.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), a `JacobianSet`, a `MatrixPolytope`, or a family
        Doubles are taken as exact; rationals stay exact.
    max_length : int
        Longest word tried, at least 1.
    automaton : Automaton, optional
        Only words that label a closed path of it count: those can be repeated for ever.

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
    given, length = _read(matrices, max_length, call="expanding_product")
    family = _walked(given, automaton, call="expanding_product")
    *_, last = _search(family, max_length=length, deadline=NEVER)
    return _named(given, automaton, last).product


def shortest_expanding(
    matrices: Any, *, max_length: int, time_limit: float | None = None, automaton: Automaton | None = None
) -> ShortestExpanding:
    """A shortest expanding product, or the length up to which it is proved that no product expands.

    The search of `expanding_product`, with what it proves on the way.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), a `JacobianSet`, a `MatrixPolytope`, or a family
        Doubles are taken as exact; rationals stay exact.
    max_length : int
        Longest word tried, at least 1.
    time_limit : float, optional
        Seconds; None, the default, is no limit. The lengths finished by then are proved. An
        interruption (Ctrl-C) does the same.
    automaton : Automaton, optional
        Only words that label a closed path of it count: those can be repeated for ever.

    Returns
    -------
    ShortestExpanding

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Lengths are finished one after the other, and every word of a length is dismissed by a proof: a norm of at most
    one of all prefixes of a rotation, a float bound with its rounding enclosed, or an exact decision.

    Examples
    --------
    >>> heavy_ball = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
    >>> found = shortest_expanding(heavy_ball, max_length=12)
    >>> found.product, found.proved_length
    (Product(word 1122, spectral_radius=1.125, eigenvalue -9/8), 3)
    >>> shortest_expanding([[["1/2", "1/4"], [0, "1/2"]]], max_length=3).proved_length
    inf
    """
    given, length = _read(matrices, max_length, call="shortest_expanding")
    family = _walked(given, automaton, call="shortest_expanding")
    deadline = deadline_after(time_limit, call="shortest_expanding")
    found = ShortestExpanding(None, 0, ExpansionStatus.INTERRUPTED)
    try:
        for proved in _search(family, max_length=length, deadline=deadline):
            found = _named(given, automaton, proved)
    except KeyboardInterrupt:
        return ShortestExpanding(None, found.proved_length, ExpansionStatus.INTERRUPTED)
    return found


def _read(matrices: Any, max_length: Any, *, call: str) -> tuple[MatrixFamily, int]:
    family = as_family(matrices, call=call)
    if isinstance(max_length, bool) or not isinstance(max_length, (int, np.integer)) or max_length < 1:
        raise ArgumentError(
            f"`{call}(max_length=...)` needs an integer >= 1, the longest word to try; got {shown(max_length)}. "
            "Pass 12, say."
        )
    return family, int(max_length)


def _walked(given: MatrixFamily, automaton: Automaton | None, *, call: str) -> MatrixFamily:
    """The family whose words are walked: with an automaton, one matrix per edge."""
    if automaton is None:
        return given
    return lifted_family(given, as_automaton(automaton, count=given.count, call=call))


def _named(given: MatrixFamily, automaton: Automaton | None, found: ShortestExpanding) -> ShortestExpanding:
    """The same with the product of letters instead of that of edges."""
    if automaton is None or found.product is None:
        return found
    letters = canonical_word(automaton.letter_word(found.product.word))
    return replace(found, product=make_product(given, letters))


def _search(family: MatrixFamily, *, max_length: int, deadline: float) -> Iterator[ShortestExpanding]:
    """What is proved after each length; the last item is the answer."""
    factors = [to_flint(m) for m in family.exact]
    if _contracts_simply(factors):
        yield ShortestExpanding(None, math.inf, ExpansionStatus.NEVER)
        return
    letter = _largest_expanding(factors, {(i,): 1.0 for i in range(family.count)})
    if letter is not None:
        yield ShortestExpanding(make_product(family, letter), 0, ExpansionStatus.FOUND)
        return
    tree, adapted = walk(family), False
    for length in range(1, max_length + 1):
        level = _level(tree, length, deadline)
        if level is None:
            yield ShortestExpanding(None, length - 1, ExpansionStatus.TIME_LIMIT)
            return
        tree, suspects, survivors = level
        best = _largest_expanding(factors, suspects)
        if best is not None:
            yield ShortestExpanding(make_product(family, best), length - 1, ExpansionStatus.FOUND)
            return
        if survivors == 0:
            yield ShortestExpanding(None, math.inf, ExpansionStatus.NEVER)
            return
        yield ShortestExpanding(None, length, ExpansionStatus.LENGTH_LIMIT)
        if survivors > _CROWDED and not adapted:
            left = min(10.0, seconds_left(deadline))
            tree, adapted = walk(family, transform=common_quadratic_norm(family, time_limit=left).factor), True
        elif survivors > _CROWDED and not tree.lyndon and survivors > 4 * family.count**length / length:
            tree = walk(family, lyndon=True)


def _contracts_simply(factors: list[flint.fmpq_mat]) -> bool:
    """Whether row sums, column sums or the Euclidean norm prove that no product expands."""
    for side in (factors, [a.transpose() for a in factors]):
        if all(sum(abs(x) for x in row) <= 1 for a in side for row in a.tolist()):
            return True
    n = factors[0].nrows()
    identity = flint.fmpq_mat([[int(i == j) for j in range(n)] for i in range(n)])
    return all(is_positive_semidefinite(identity - a.transpose() * a) for a in factors)


def _level(tree: Tree, length: int, deadline: float) -> tuple[Tree, dict[Word, float], int] | None:
    """The words of one length that are not proved stable, with float radii, and the number of surviving prefixes.

    `None` when the time is up.
    """
    suspects: dict[Word, float] = {}
    chunks: list[Survivors] = []
    entries = survivors = 0
    for chunk in tree.level(length):
        if is_over(deadline):
            return None
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
