"""Lyapunov functions on a graph: one quadratic norm a node, one inequality an edge."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from conservative._core.errors import BudgetError
from conservative.spectral.automata.automaton import Automaton, Edge
from conservative.spectral.semidefinite.lift import monomial_weights, symmetric_lift, vanishing_basis
from conservative.spectral.semidefinite.pencil import Pencil, symmetric_basis
from conservative.spectral.words.cyclic_words import Word

FloatArray = NDArray[np.float64]

MOST_INEQUALITIES = 1024


@dataclass(frozen=True, slots=True)
class LyapunovGraph:
    """Nodes with a quadratic form each; an edge (u, v, i) asks P_v(A_i x) <= gamma^2 P_u(x).

    `names`: what a node remembers: the last letters applied, or the last edges of an automaton, the latest first.
    """

    names: tuple[Word, ...]
    edges: tuple[Edge, ...]

    @property
    def count(self) -> int:
        """Number of nodes."""
        return len(self.names)


def one_norm_graph(letters: int) -> LyapunovGraph:
    """One node: a common quadratic norm."""
    return LyapunovGraph(((),), tuple((0, 0, i) for i in range(letters)))


def memory_graph(letters: int, memory: int) -> LyapunovGraph:
    """The De Bruijn graph whose nodes remember the last letters applied: complete, whatever the order of letters.

    Raises BudgetError with more than 1024 inequalities.
    """
    _check_size(letters ** (memory + 1))
    names = tuple(product(range(letters), repeat=memory))
    number = {name: j for j, name in enumerate(names)}
    edges = tuple((number[w], number[(i, *w)[:memory]], i) for w in names for i in range(letters))
    return LyapunovGraph(names, edges)


def automaton_graph(automaton: Automaton, memory: int) -> LyapunovGraph:
    """The paths of an automaton: nodes remember the last edges applied, letters are edge indices.

    A product A_1 A_2 ... reads along the path and is applied from its right end, so that an edge (u, v, i) takes
    a vector at node v to one at node u.
    """
    edges = automaton.edges
    if memory == 0:
        _check_size(len(edges))
        nodes = tuple((u,) for u in range(automaton.nodes))
        return LyapunovGraph(nodes, tuple((v, u, e) for e, (u, v, _) in enumerate(edges)))
    before: dict[int, list[int]] = {}
    for e, (_, v, _) in enumerate(edges):
        before.setdefault(v, []).append(e)
    paths: list[Word] = [(e,) for e in range(len(edges))]
    for _ in range(memory - 1):
        paths = [(e, *path) for path in paths for e in before.get(edges[path[0]][0], ())]
        _check_size(len(paths))
    number = {path: j for j, path in enumerate(paths)}
    moves = []
    for path in paths:
        for e in before.get(edges[path[0]][0], ()):
            moves.append((number[path], number[(e, *path)[:memory]], e))
    _check_size(len(moves))
    return LyapunovGraph(tuple(paths), tuple(moves))


def _check_size(inequalities: int) -> None:
    if inequalities > MOST_INEQUALITIES:
        raise BudgetError(
            f"`path_complete_bound(memory=...)` would solve {inequalities} matrix inequalities; at most "
            f"{MOST_INEQUALITIES} are. Ask for less memory."
        )


def graph_pencil(graph: LyapunovGraph, matrices: Sequence[FloatArray], *, half_degree: int = 1) -> Pencil:
    """The inequalities of a graph of forms of degree 2 d: gamma^(2 d) p_u(x) - p_v(A_i x) is a sum of squares.

    With the weighted monomials m(x) of degree d and p_u = m^T G_u m this is gamma^(2 d) G_u - L_i^T G_v L_i + N_e >= 0,
    where N_e is any matrix whose form vanishes on monomials. For d = 1 it is gamma^2 P_u - A_i^T P_v A_i >= 0.

    Shapes: `matrices` (n, n).
    """
    n = matrices[0].shape[0]
    weight = monomial_weights(n, half_degree)
    lifts = [weight[:, None] * symmetric_lift(a, half_degree) / weight for a in matrices]
    size = len(weight)
    basis, vanishing = symmetric_basis(size), vanishing_basis(n, half_degree)
    width, free = basis.shape[1], vanishing.shape[1]
    first_free = graph.count * width
    total = first_free + len(graph.edges) * free

    def at(start: int, part: csr_array) -> csr_array:
        entries = part.tocoo()
        return csr_array((entries.data, (entries.row, entries.col + start)), shape=(size**2, total))

    weights = tuple(at(u * width, basis) for u in range(graph.count))
    squares = [csr_array(np.kron(a.T, a.T)) @ basis for a in lifts]
    growth = tuple(weights[u] for u, _, _ in graph.edges)
    image = tuple(
        at(v * width, squares[i]) - at(first_free + e * free, vanishing) for e, (_, v, i) in enumerate(graph.edges)
    )
    return Pencil(total, growth, image, weights)
