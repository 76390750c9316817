"""Path-complete Lyapunov bounds: several quadratic norms, chosen by the letters applied last."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count
from conservative._core.deadlines import deadline_after, seconds_left
from conservative._core.exact.linear_algebra import as_python_fraction, to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily, as_family
from conservative._core.numbers import float_above
from conservative._core.result_lines import count, result_line
from conservative.certificates import Certificate, PathCompleteProof, QuadraticProof, upper_certificate
from conservative.spectral.automata.automaton import Automaton, Edge
from conservative.spectral.automata.lifting import as_automaton, edge_family
from conservative.spectral.semidefinite.graph import LyapunovGraph, automaton_graph, memory_graph
from conservative.spectral.semidefinite.options import certificate_or_none, check_solver
from conservative.spectral.semidefinite.polynomial_forms import ProvedForms, as_floats, proved_forms
from conservative.spectral.words.cyclic_words import Word

FloatArray = NDArray[np.float64]

_CHECKING, _GRACE = 3e-6, 0.2
"""Seconds that the checker takes for one matrix inequality, times n^3, about; and seconds that are granted anyway."""

_CALL = "path_complete_bound"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PathCompleteBound:
    """Quadratic norms on the nodes of a graph, and the growth rate that they prove.

    Parameters
    ----------
    gamma : float
        A proved upper bound of the joint spectral radius, at least `exact_gamma`.
    exact_gamma : Fraction
        gamma^2 P_u - A_i^T P_v A_i is positive semidefinite for every edge (u, v, i), proved.
    memory : int
    names : tuple of words
        What each node remembers: the letters applied last, the latest first; with an automaton its edges (for memory
        0 its nodes).
    edges : tuple of (int, int, int)
        (u, v, i): letter (or, with an automaton, edge) i leads from node u to node v.
    exact_forms : tuple of ExactMatrix
        The P_u.
    automaton : Automaton or None
    certificate : Certificate or None
        The claim that the constrained or plain radius is at most `exact_gamma`, for `check`; None beyond its limits.
    """

    gamma: float
    exact_gamma: Fraction
    memory: int
    names: tuple[Word, ...]
    edges: tuple[Edge, ...]
    exact_forms: tuple[ExactMatrix, ...] = field(repr=False)
    automaton: Automaton | None
    certificate: Certificate | None

    @property
    def P(self) -> FloatArray:
        """The forms rounded to doubles, shape (nodes, n, n)."""
        return as_floats(self.exact_forms)

    def __repr__(self) -> str:
        allowed = [] if self.automaton is None else [repr(self.automaton)]
        forms = count(len(self.names), "form")
        return result_line(self, f"gamma={self.gamma!r}", f"memory={self.memory}", forms, *allowed)


def path_complete_bound(
    matrices: Any,
    *,
    memory: int = 1,
    automaton: Automaton | None = None,
    scale: float | None = None,
    time_limit: float | None = None,
    solver: str | None = None,
) -> PathCompleteBound:
    """An upper bound of the joint spectral radius from one quadratic norm for each sequence of last letters.

    P_w > 0 and A_i^T P_{iw} A_i <= gamma^2 P_w, where iw is w with letter i in front and its last letter dropped,
    prove jsr <= gamma: along any product the norms chosen in this way grow at most by gamma a step. More memory
    never gives a larger bound, and the bounds converge to the radius.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    memory : int
        Letters remembered, from 0 (a common quadratic norm) to 12. There are k^(memory + 1) inequalities.
    automaton : Automaton, optional
        Bound the growth of its words only. The nodes then remember its last edges.
    scale : float, optional
        A lower bound of the joint spectral radius, if one is known: the solver stops there.
    time_limit : float, optional
        Seconds; None, the default, is no limit. The best forms that the solver has found by then are
        proved.
    solver : {"CLARABEL", "SCS"}, optional
        Chosen by size when left out.

    Returns
    -------
    PathCompleteBound

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError
    BudgetError
        When there would be more than 1024 inequalities.

    Notes
    -----
    The family is brought into a diagonal basis of powers of two and scaled. The smallest gamma is found by Newton's
    steps on the largest margin of the inequalities, a semidefinite program compiled once. Its forms are rounded to
    rationals and gamma raised until exact arithmetic proves every inequality; the solver is not trusted.

    References
    ----------
    [ahmadi2014]_, [philippe2016]_

    Examples
    --------
    A common quadratic norm gives sqrt(2) here:

    >>> family = [[[1, 0], [1, 0]], [[0, 1], [0, -1]]]
    >>> path_complete_bound(family, memory=0).gamma > 1.414, path_complete_bound(family).gamma < 1.001
    (True, True)
    """
    family = as_family(matrices, call=_CALL)
    memory = as_count(memory, call=_CALL, argument="memory", least=0, most=12)
    low = check_solver(scale, solver, call=_CALL)
    deadline = deadline_after(time_limit, call=_CALL)
    if automaton is None:
        graph = memory_graph(family.count, memory)
        found = proved_forms(family, graph, low=low, deadline=deadline, solver=solver)
    else:
        automaton = as_automaton(automaton, count=family.count, call=_CALL)
        graph = automaton_graph(automaton, memory)
        found = proved_forms(edge_family(family, automaton), graph, low=low, deadline=deadline, solver=solver)
    gamma = found.gamma
    certificate = None
    if _CHECKING * (graph.count + len(graph.edges)) * family.size**3 <= max(_GRACE, seconds_left(deadline)):
        certificate = certificate_or_none(lambda: _certificate(family, automaton, graph, found, gamma, memory))
    return PathCompleteBound(
        float_above(gamma), gamma, memory, graph.names, graph.edges, found.grams, automaton, certificate
    )


def _certificate(
    family: MatrixFamily,
    automaton: Automaton | None,
    graph: LyapunovGraph,
    found: ProvedForms,
    gamma: Fraction,
    memory: int,
) -> Certificate:
    if automaton is None:
        if memory == 0:
            return upper_certificate(family, QuadraticProof(found.grams[0]), gamma)
        return upper_certificate(family, PathCompleteProof(graph.count, graph.edges, found.grams), gamma)
    if memory == 0:
        proof = QuadraticProof(block_diagonal(found.grams))
        return upper_certificate(family, proof, gamma, automaton=automaton)
    complete = _completed(edge_family(family, automaton), automaton, graph, found, gamma, memory)
    return upper_certificate(family, complete, gamma, automaton=automaton)


def block_diagonal(blocks: tuple[ExactMatrix, ...]) -> ExactMatrix:
    """The block diagonal matrix of square blocks."""
    order, rows, start = sum(len(block) for block in blocks), [], 0
    for block in blocks:
        left, right = (Fraction(0),) * start, (Fraction(0),) * (order - start - len(block))
        rows += [left + tuple(row) + right for row in block]
        start += len(block)
    return tuple(rows)


def _completed(
    family: MatrixFamily,
    automaton: Automaton,
    graph: LyapunovGraph,
    found: ProvedForms,
    gamma: Fraction,
    memory: int,
) -> PathCompleteProof:
    """The forms of an automaton's paths as forms of the lifted family on a graph that reads every word of edges.

    A node's form acts on the block where its path ends; the other blocks hold a multiple of the identity. An edge
    that does not continue the path makes the product zero, and leads to the node that remembers it alone: its
    image is bounded by that multiple. Nodes for paths shorter than the memory are added with multiples of the
    identity large enough for what follows them.
    """
    matrices = [to_flint(m) for m in family.exact]
    forms = {name: to_flint(gram) for name, gram in zip(graph.names, found.grams, strict=True)}
    short = [path for length in range(memory - 1, 0, -1) for path in _paths(automaton, length)]
    for path in short:
        nexts = ((e, *path)[:memory] for e in _continuations(automaton, path))
        forms[path] = _multiple(
            max((_growth(matrices[name[0]], forms[name], gamma) for name in nexts), default=1), family.size
        )
    alone = {e: (e,) for e in range(len(automaton.edges))}
    outside = max(_growth(matrices[e], forms[alone[e]], gamma) for e in alone)
    number = {name: j for j, name in enumerate(forms)}
    edges = []
    for name in forms:
        follow = set(_continuations(automaton, name))
        edges += [
            (number[name], number[(e, *name)[:memory] if e in follow else alone[e]], e)
            for e in range(len(automaton.edges))
        ]
    P = [_on_block(form, automaton, automaton.edges[name[0]][0], outside) for name, form in forms.items()]
    return PathCompleteProof(len(forms), edges, P)


def _continuations(automaton: Automaton, path: Word) -> Iterator[int]:
    """Edges that may be applied after a path, whose latest edge comes first."""
    start = automaton.edges[path[0]][0]
    return (e for e, (_, v, _) in enumerate(automaton.edges) if v == start)


def _paths(automaton: Automaton, length: int) -> list[Word]:
    paths: list[Word] = [(e,) for e in range(len(automaton.edges))]
    for _ in range(length - 1):
        paths = [(e, *path) for path in paths for e in _continuations(automaton, path)]
    return paths


def _growth(matrix: flint.fmpq_mat, form: flint.fmpq_mat, gamma: Fraction) -> int:
    """An integer c >= 1 with A^T P A <= gamma^2 c Id, from the trace."""
    image = matrix.transpose() * form * matrix
    trace = sum(as_python_fraction(image[j, j]) for j in range(image.nrows()))
    return 1 if trace == 0 else max(1, -(-trace // gamma**2))


def _multiple(factor: int, n: int) -> flint.fmpq_mat:
    return flint.fmpq_mat([[factor * int(i == j) for j in range(n)] for i in range(n)])


def _on_block(form: flint.fmpq_mat, automaton: Automaton, node: int, outside: int) -> ExactMatrix:
    n = form.nrows()
    blocks = [form if u == node else _multiple(outside, n) for u in range(automaton.nodes)]
    return block_diagonal(
        tuple(tuple(tuple(as_python_fraction(x) for x in row) for row in block.tolist()) for block in blocks)
    )
