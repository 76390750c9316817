"""The edges of automata: of minimal dwell times, and of nodes with names."""

import operator
from collections.abc import Hashable, Sequence
from typing import Any

from conservative._core.checks import as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.printable import shown

Edge = tuple[int, int, int]
"""(u, v, letter): from node u to node v, reading a letter."""


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
