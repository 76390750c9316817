"""The edges of automata: as they are given, of successions, forbidden words and minimal dwell times."""

import operator
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from conservative._core.checks import as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.printable import shown
from conservative.spectral.words.cyclic_words import Word

Edge = tuple[int, int, int]
"""(u, v, letter): from node u to node v, reading a letter."""

MOST_EDGES = 65536


def read_edges(edges: Any) -> tuple[Edge, ...]:
    """The edges that a user gave, as triples of integers."""
    try:
        listed = [tuple(operator.index(x) for x in edge) for edge in edges]
    except TypeError as error:
        raise ArgumentTypeError(
            f"`Automaton(edges=...)` needs triples of integers (u, v, letter); got {shown(edges)}."
        ) from error
    read = [(edge[0], edge[1], edge[2]) for edge in listed if len(edge) == 3]
    if len(read) < len(listed) or not read or len(read) > MOST_EDGES:
        raise ShapeError(
            f"`Automaton(edges=...)` needs 1 to {MOST_EDGES} triples (u, v, letter); got {len(listed)} items"
            + (", not all of length 3." if len(read) < len(listed) else ".")
        )
    return tuple(read)


def succession_edges(allowed: Any) -> tuple[int, list[Edge]]:
    """The number of letters and the edges of `Automaton.from_successions`."""
    table = np.asarray(allowed)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        raise ShapeError(f"`Automaton.from_successions(allowed=...)` needs shape (k, k); got {table.shape}.")
    if not np.isin(table, (0, 1)).all():
        raise ArgumentError("`Automaton.from_successions(allowed=...)` needs entries True or False, 1 or 0.")
    edges = [(int(i), int(j), int(i)) for i, j in np.argwhere(table.astype(bool))]
    if not edges:
        raise ArgumentError("`Automaton.from_successions(allowed=...)` allows nothing: every entry is false.")
    return len(table), edges


def forbidden_edges(words: Iterable[Sequence[int]], alphabet: int) -> tuple[int, list[Edge]]:
    """The number of nodes and the edges of `Automaton.from_forbidden`; no edge where every letter is forbidden."""
    banned = {_letters(word, alphabet) for word in words}
    prefixes = {word[:i] for word in banned for i in range(len(word))} | {()}
    alive = sorted((p for p in prefixes if not _ends_in(p, banned)), key=lambda p: (len(p), p))
    name = {prefix: i for i, prefix in enumerate(alive)}
    edges = []
    for prefix in alive:
        for letter in range(alphabet):
            word = (*prefix, letter)
            if not _ends_in(word, banned):
                suffix = next(word[i:] for i in range(len(word) + 1) if word[i:] in name)
                edges.append((name[prefix], name[suffix], letter))
    return len(alive), edges


def dwell_edges(steps: int, letters: int) -> list[Edge]:
    """The edges of `Automaton.dwell_time`, by their nodes: the last node of a letter may be left, or stayed at."""
    last = steps - 1
    staying = [(i * steps + j, i * steps + min(j + 1, last), i) for i in range(letters) for j in range(steps)]
    leaving = [(i * steps + last, k * steps, k) for i in range(letters) for k in range(letters) if k != i]
    return sorted(staying + leaving)


def named_edges(edges: Any, order: str, letters: int | Sequence[Any]) -> tuple[int, list[Edge], int]:
    """The number of nodes, the edges and the number of letters of `Automaton.from_edges`."""
    call = "Automaton.from_edges"
    if order not in ("time", "product"):
        raise ArgumentError(f'`{call}(order=...)` is "time" or "product"; got {shown(order)}.')
    given = as_items(edges, call=call, argument="edges", wanted="triples (from, to, letter)")
    listed = [tuple(edge) if isinstance(edge, (list, tuple)) else () for edge in given]
    if not listed or any(len(edge) != 3 for edge in listed):
        raise ShapeError(f"`{call}(edges=...)` needs triples (from, to, letter), at least one; got {shown(edges)}.")
    names: dict[Hashable, int] = {}
    try:
        for u, v, _ in listed:
            names.setdefault(u, len(names))
            names.setdefault(v, len(names))
    except TypeError as error:
        raise ArgumentTypeError(f"`{call}(edges=...)` needs nodes with hashable names, such as text.") from error
    read, count = _numbered([letter for _, _, letter in listed], letters)
    ends = [(names[u], names[v]) if order == "product" else (names[v], names[u]) for u, v, _ in listed]
    return len(names), [(u, v, i) for (u, v), i in zip(ends, read, strict=True)], count


def _numbered(given: list[Any], letters: int | Sequence[Any]) -> tuple[list[int], int]:
    """The letters as numbers, by their names if they have any, and how many there are (-1 where that is not said)."""
    if not isinstance(letters, (list, tuple)):
        try:
            return [operator.index(letter) for letter in given], operator.index(letters)  # type: ignore[arg-type]
        except TypeError as error:
            raise ArgumentTypeError(
                "`Automaton.from_edges(letters=...)` needs the names of all letters, in the order of the matrices, "
                f"when edges name them; got {letters!r:.60}."
            ) from error
    names = list(letters)
    missing = [letter for letter in given if letter not in names]
    if missing or any(names.index(name) < i for i, name in enumerate(names)):
        what = f"does not name the letter {missing[0]!r} of an edge" if missing else "names a letter twice"
        raise ArgumentError(f"`Automaton.from_edges(letters=...)` {what}; got {names!r:.60}.")
    return [names.index(letter) for letter in given], len(names)


def recurrent_edges(nodes: int, edges: Sequence[Edge]) -> tuple[int, list[Edge]]:
    """The edges that lie on closed paths, with their nodes numbered anew, and the number of these."""
    graph = csr_array((np.ones(len(edges)), ([u for u, _, _ in edges], [v for _, v, _ in edges])), shape=(nodes, nodes))
    _, label = connected_components(graph, directed=True, connection="strong")
    kept = [(u, v, i) for u, v, i in edges if label[u] == label[v]]
    name = {node: j for j, node in enumerate(sorted({u for u, _, _ in kept} | {v for _, v, _ in kept}))}
    return len(name), [(name[u], name[v], i) for u, v, i in kept]


def _letters(word: Sequence[int], alphabet: int) -> Word:
    try:
        letters = tuple(operator.index(letter) for letter in word)
    except TypeError as error:
        raise ArgumentTypeError(
            f"a forbidden word is a sequence of integers, like (0, 0, 1); got {shown(word)}."
        ) from error
    if not letters or min(letters) < 0 or max(letters) >= alphabet:
        raise ArgumentError(
            f"a forbidden word needs at least one letter, each from 0 to {alphabet - 1}; got {letters}."
        )
    return letters


def _ends_in(word: Word, banned: set[Word]) -> bool:
    return any(word[i:] in banned for i in range(len(word)))
