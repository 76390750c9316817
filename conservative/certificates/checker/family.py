"""The matrices of a problem, their automaton, words, and the claim about them."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from conservative.certificates.checker.kernel import Matrix, multiply, require, spend
from conservative.certificates.checker.values import (
    MAX_ENTRIES,
    MAX_ORDER,
    MAX_WORD,
    common_integers,
    is_index,
    read_matrix,
    require_fields,
)


class Family(NamedTuple):
    """The matrices ``numerators[i] / denominator`` of order `order`; `bits` is the length of the longest numerator.

    With an automaton, only words that label a path of its edges (from, to, letter) are allowed; else `nodes` is 0.
    """

    denominator: int
    numerators: list[list[list[int]]]
    order: int
    bits: int
    nodes: int = 0
    edges: tuple[tuple[int, int, int], ...] = ()


class Bounds(NamedTuple):
    """What is claimed: a relation and the ends of a bracket, which are one and the same number for an inequality."""

    relation: str
    lower: Fraction
    upper: Fraction


def read_family(problem: dict[str, Any]) -> Family:
    """The matrices of the problem over one common denominator, with the automaton if there is one."""
    listed = problem["matrices"]
    require(isinstance(listed, list) and bool(listed), '"matrices" must be a list of at least one matrix')
    order = len(listed[0]) if isinstance(listed[0], list) else 0
    require(len(listed) * order**2 <= MAX_ENTRIES, f"the family has more than {MAX_ENTRIES} entries")
    matrices = [read_matrix(rows, f"matrix {i}") for i, rows in enumerate(listed, 1)]
    require(all(len(m) == order for m in matrices), "the matrices must all have one size")
    denominator, numerators, bits = common_integers(matrices)
    if "automaton" not in problem:
        return Family(denominator, numerators, order, bits)
    automaton = problem["automaton"]
    require_fields(automaton, ("nodes", "edges"), '"automaton"')
    nodes = automaton["nodes"]
    require(is_index(nodes, MAX_ORDER + 1) and nodes > 0, f"an automaton has 1 to {MAX_ORDER} nodes")
    edges = read_edges(automaton["edges"], nodes, len(listed))
    return Family(denominator, numerators, order, bits, nodes, edges)


def read_edges(listed: Any, nodes: int, letters: int) -> tuple[tuple[int, int, int], ...]:
    """The edges [from, to, letter] of a graph."""
    require(isinstance(listed, list) and 0 < len(listed) <= MAX_WORD, f"a graph needs 1 to {MAX_WORD} edges")
    limits = (nodes, nodes, letters)
    for edge in listed:
        good = isinstance(edge, list) and len(edge) == 3 and all(map(is_index, edge, limits))
        require(good, f"an edge must be [from, to, letter], the nodes below {nodes} and the letter below {letters}")
    return tuple((u, v, letter) for u, v, letter in listed)


def lifted_family(family: Family) -> Family:
    """For each edge (u, v, i) the matrix with A_i in block row u and block column v: words off the automaton are 0."""
    n, order = family.order, family.nodes * family.order
    size = len(family.edges) * order**2
    require(order <= MAX_ORDER and size <= MAX_ENTRIES, f"the lifted family has order {order} and {size} entries")
    lifted = []
    for u, v, letter in family.edges:
        matrix = [[0] * order for _ in range(order)]
        for r, row in enumerate(family.numerators[letter]):
            matrix[u * n + r][v * n : (v + 1) * n] = row
        lifted.append(matrix)
    return Family(family.denominator, lifted, order, family.bits)


def read_word(word: Any, family: Family) -> list[int]:
    """A word of 0-based letters; under an automaton it must label a closed path."""
    count = len(family.numerators)
    require(isinstance(word, list) and 0 < len(word) <= MAX_WORD, f"the word must have 1 to {MAX_WORD} letters")
    letters_ok = all(is_index(letter, count) for letter in word)
    require(letters_ok, f"every letter of the word must be an integer from 0 to {count - 1}")
    if family.nodes:
        spend(100.0 * len(word) * len(family.edges) * family.nodes)
        closed = any(_nodes_reached(word, family.edges, node) >> node & 1 for node in range(family.nodes))
        require(closed, "the word labels no closed path of the automaton")
    return list(word)


def _nodes_reached(word: list[int], edges: tuple[tuple[int, int, int], ...], start: int) -> int:
    """The nodes (as bits of an integer) where a path from `start` may end that the word labels."""
    here = 1 << start
    for letter in word:
        there = 0
        for u, v, label in edges:
            if label == letter and here >> u & 1:
                there |= 1 << v
        here = there
    return here


def product_name(word: Iterable[int]) -> str:
    """The product of a word as sentences name it: letters are 0-based in documents, matrices are numbered from 1."""
    return " ".join(f"A_{letter + 1}" for letter in word)


def word_product(family: Family, word: list[int]) -> Matrix:
    """The numerators of A_{i_1} A_{i_2} .. over denominator^length."""
    product: Matrix = family.numerators[word[0]]
    for letter in word[1:]:
        product = multiply(product, family.numerators[letter])
    return product
