"""Constrained switching: automata that say which words are allowed."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, final

from conservative._core.checks import as_count
from conservative._core.errors import ArgumentError
from conservative._core.result_lines import count, result_line
from conservative.spectral.automata.edges import (
    MOST_EDGES,
    dwell_edges,
    forbidden_edges,
    named_edges,
    read_edges,
    recurrent_edges,
    succession_edges,
)
from conservative.spectral.automata.edges import Edge as Edge
from conservative.spectral.words.cyclic_words import Word

MOST_NODES = 4096


@final
@dataclass(frozen=True, slots=True)
class Automaton:
    """A labelled graph: a word is allowed when it labels a path, read as the product reads.

    The constrained joint spectral radius is the largest growth rate of the products of allowed words.

    Parameters
    ----------
    nodes : int
        Number of nodes, named 0 to nodes - 1.
    edges : sequence of (int, int, int)
        (u, v, letter); at least one, none twice.
    letters : int, optional
        Number of letters, i.e. of matrices; one more than the largest letter when left out.

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError

    Examples
    --------
    >>> golden = Automaton(2, [(0, 0, 0), (0, 1, 1), (1, 0, 0)])  # no two letters 1 in a row
    >>> golden.allows((0, 1, 0)), golden.allows((1, 1))
    (True, False)
    """

    nodes: int
    edges: tuple[Edge, ...]
    letters: int = -1

    def __init__(self, nodes: int, edges: Iterable[Sequence[int]], letters: int = -1) -> None:
        size = as_count(nodes, call="Automaton", argument="nodes", least=1, most=MOST_NODES)
        read = read_edges(edges)
        alphabet = max(letter for _, _, letter in read) + 1 if letters == -1 else letters
        alphabet = as_count(alphabet, call="Automaton", argument="letters", least=1, most=MOST_EDGES)
        for u, v, letter in read:
            if not (0 <= u < size and 0 <= v < size and 0 <= letter < alphabet):
                raise ArgumentError(
                    f"`Automaton(edges=...)` needs nodes from 0 to {size - 1} and letters from 0 to {alphabet - 1}; "
                    f"got the edge {(u, v, letter)}."
                )
        if len(set(read)) < len(read):
            twice = next(edge for i, edge in enumerate(read) if edge in read[:i])
            raise ArgumentError(f"`Automaton(edges=...)` lists the edge {twice} twice. Give every edge once.")
        for name, value in (("nodes", size), ("edges", read), ("letters", alphabet)):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return result_line(
            self, count(self.nodes, "node"), count(len(self.edges), "edge"), count(self.letters, "letter")
        )

    @classmethod
    def from_successions(cls, allowed: Any) -> "Automaton":
        """The automaton in which letter j may stand right of letter i exactly where ``allowed[i][j]`` is true.

        Parameters
        ----------
        allowed : array_like of bool, shape (k, k)

        Returns
        -------
        Automaton
            Node i is about to read letter i.

        Raises
        ------
        ShapeError, ArgumentError

        Examples
        --------
        >>> Automaton.from_successions([[1, 1], [1, 0]]).allows((1, 1, 0))
        False
        """
        size, edges = succession_edges(allowed)
        return cls(size, tuple(edges), size)

    @classmethod
    def from_forbidden(cls, words: Sequence[Sequence[int]], *, letters: int) -> "Automaton":
        """The automaton of the words that contain none of the given ones as a factor.

        Parameters
        ----------
        words : sequence of words
            Forbidden; 0-based letters, none of them empty.
        letters : int
            Size of the alphabet.

        Returns
        -------
        Automaton
            Its nodes are the longest suffixes read that begin a forbidden word (Aho and Corasick).

        Raises
        ------
        ArgumentError, ArgumentTypeError

        Examples
        --------
        >>> Automaton.from_forbidden([(1, 1)], letters=2).edges
        ((0, 0, 0), (0, 1, 1), (1, 0, 0))
        """
        alphabet = as_count(letters, call="Automaton", argument="letters", least=1, most=MOST_EDGES)
        nodes, edges = forbidden_edges(words, alphabet)
        if not edges:
            raise ArgumentError("`Automaton.from_forbidden(words=...)` forbids every letter. Forbid fewer words.")
        return cls(nodes, tuple(edges), alphabet)

    @classmethod
    def de_bruijn(cls, letters: int, memory: int) -> "Automaton":
        """The automaton that allows every word and remembers the last letters read.

        Parameters
        ----------
        letters : int
        memory : int
            Letters remembered; with 0 there is one node.

        Returns
        -------
        Automaton

        Raises
        ------
        ArgumentError, ArgumentTypeError

        Examples
        --------
        >>> Automaton.de_bruijn(2, 1).edges
        ((0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 1))
        """
        k = as_count(letters, call="Automaton", argument="letters", least=1, most=MOST_EDGES)
        m = as_count(memory, call="Automaton", argument="memory", most=16)
        if k ** (m + 1) > MOST_EDGES:
            raise ArgumentError(
                f"`Automaton.de_bruijn(memory={m})` would have {k}^{m + 1} edges; at most {MOST_EDGES} are made. "
                "Ask for less memory."
            )
        words = list(product(range(k), repeat=m))
        name = {word: i for i, word in enumerate(words)}
        edges = [(name[w], name[(*w, i)[1:] if m else ()], i) for w in words for i in range(k)]
        return cls(len(words), tuple(edges), k)

    @classmethod
    def dwell_time(cls, steps: int, *, letters: int = 2) -> "Automaton":
        """The automaton of the words in which every letter, once chosen, stays for a number of steps or more.

        Parameters
        ----------
        steps : int
            The minimal dwell time; with 1 every word is allowed.
        letters : int
            Size of the alphabet.

        Returns
        -------
        Automaton
            Node ``i * steps + j`` has read the letter i at least j + 1 times in a row, exactly so for j < steps - 1. A
            run that a word cuts off at one of its ends may be shorter.

        Raises
        ------
        ArgumentError

        Examples
        --------
        >>> slow = Automaton.dwell_time(2)
        >>> slow.allows((0, 0, 1, 1, 1, 0, 0)), slow.allows((0, 0, 1, 0, 0))
        (True, False)
        """
        k = as_count(steps, call="Automaton", argument="steps", least=1, most=MOST_NODES)
        n = as_count(letters, call="Automaton", argument="letters", least=1, most=MOST_EDGES)
        if n * k > MOST_NODES or n * (n + k) > MOST_EDGES:
            raise ArgumentError(
                f"`Automaton.dwell_time(steps={k}, letters={n})` would have {n * k} nodes and {n * (n + k - 1)} edges; "
                f"at most {MOST_NODES} and {MOST_EDGES} are made. Ask for fewer steps."
            )
        return cls(n * k, tuple(dwell_edges(k, n)), n)

    @classmethod
    def from_edges(
        cls, edges: Sequence[tuple[Hashable, Hashable, Any]], *, order: str = "time", letters: int | Sequence[Any] = -1
    ) -> "Automaton":
        """The automaton of edges between named nodes, in the order of time or of the product.

        Parameters
        ----------
        edges : sequence of (from, to, letter)
            Nodes by any names (hashable values); they are numbered in the order in which they are named first.
        order : str
            ``"time"``: an edge leads from the node before a step to the node after it, as a system is drawn that
            switches, x_{t+1} = A_letter x_t. The word of a path then reads from right to left in the product.
            ``"product"``: as the edges of an `Automaton`, which are followed from left to right in the product.
        letters : int or sequence, optional
            Number of letters; or their names, one for each matrix, when edges name them.

        Returns
        -------
        Automaton

        Raises
        ------
        ArgumentError, ArgumentTypeError, ShapeError

        Examples
        --------
        After braking (1) the engine idles (0) before it brakes again; accelerating is 2.

        >>> road = [("ok", "ok", "idle"), ("ok", "ok", "gas"), ("ok", "hot", "brake"), ("hot", "ok", "idle")]
        >>> drive = Automaton.from_edges(road, letters=("idle", "brake", "gas"))
        >>> drive.allows((2, 0, 1)), drive.allows((0, 2, 1))        # M[2] @ M[0] @ M[1]: brake, idle, gas
        (True, False)
        """
        nodes, read, count = named_edges(edges, order, letters)
        return cls(nodes, tuple(read), count)

    def step(self, states: frozenset[int], letter: int) -> frozenset[int]:
        """The nodes reached from some nodes by one letter.

        Parameters
        ----------
        states : frozenset of int
        letter : int

        Returns
        -------
        frozenset of int
        """
        return frozenset(v for u, v, i in self.edges if i == letter and u in states)

    def allows(self, word: Sequence[int]) -> bool:
        """Whether a word labels a path, from any node.

        Parameters
        ----------
        word : sequence of int

        Returns
        -------
        bool
        """
        states = frozenset(range(self.nodes))
        for letter in word:
            states = self.step(states, letter)
        return bool(states)

    def closed_path(self, word: Sequence[int]) -> Word | None:
        """A closed path that a word labels, as a word of edge indices; such a word may be repeated for ever.

        Parameters
        ----------
        word : sequence of int
            At least one letter.

        Returns
        -------
        tuple of int or None

        Examples
        --------
        >>> Automaton.from_successions([[1, 1], [1, 0]]).closed_path((0, 1))
        (1, 2)
        """
        for start in range(self.nodes):
            paths: dict[int, Word] = {start: ()}
            for letter in word:
                paths = {v: (*paths[u], e) for e, (u, v, i) in enumerate(self.edges) if i == letter and u in paths}
            if word and start in paths:
                return paths[start]
        return None

    def letter_word(self, edges: Sequence[int]) -> Word:
        """The letters along a word of edge indices.

        Parameters
        ----------
        edges : sequence of int

        Returns
        -------
        tuple of int

        Raises
        ------
        ArgumentError
            When an edge does not begin where the one before it ends.
        """
        for e, f in pairwise(edges):
            if self.edges[e][1] != self.edges[f][0]:
                raise ArgumentError(
                    f"`letter_word(edges=...)` needs a path; edge {f}, {self.edges[f]}, does not begin where edge "
                    f"{e}, {self.edges[e]}, ends."
                )
        return tuple(self.edges[e][2] for e in edges)

    def words(self, length: int) -> Iterator[Word]:
        """The allowed words of a length, in lexicographic order.

        Parameters
        ----------
        length : int

        Yields
        ------
        tuple of int
        """

        def grow(word: Word, states: frozenset[int]) -> Iterator[Word]:
            if len(word) == length:
                yield word
                return
            for letter in range(self.letters):
                if reached := self.step(states, letter):
                    yield from grow((*word, letter), reached)

        yield from grow((), frozenset(range(self.nodes)))

    def essential(self) -> "Automaton | None":
        """The edges that lie on closed paths, which alone decide the growth rate; None when there are none.

        Returns
        -------
        Automaton or None
        """
        nodes, kept = recurrent_edges(self.nodes, self.edges)
        return Automaton(nodes, tuple(kept), self.letters) if kept else None

    def document(self) -> dict[str, Any]:
        """The automaton as the certificate format writes it.

        Returns
        -------
        dict
        """
        return {"nodes": self.nodes, "edges": [list(edge) for edge in self.edges]}
