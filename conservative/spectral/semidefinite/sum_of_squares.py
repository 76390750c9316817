"""Sum-of-squares bounds: one form of higher degree in place of a quadratic norm."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, deadline_after, seconds_left
from conservative._core.errors import BudgetError
from conservative._core.families.as_family import ExactMatrix, MatrixFamily, as_family
from conservative._core.numbers import float_above
from conservative._core.result_lines import count, result_line
from conservative.certificates import Certificate, SumOfSquaresProof, upper_certificate
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, edge_family
from conservative.spectral.semidefinite.graph import automaton_graph, memory_graph
from conservative.spectral.semidefinite.lift import Monomial, monomials
from conservative.spectral.semidefinite.options import certificate_or_none, check_solver, half_degree_of
from conservative.spectral.semidefinite.polynomial_forms import ProvedForms, as_floats, proved_forms

FloatArray = NDArray[np.float64]

MOST_MONOMIALS = 84
"""Order of the matrix inequalities at most."""

_CERTIFIED_MONOMIALS = 120
"""Monomials of a lifted family up to which the forms of an automaton are written as one certificate."""

_CHECKING = 3e-6
"""Seconds that writing and checking a certificate takes, times the number of its matrices, d and N^3, about."""

_CALL = "sum_of_squares_bound"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SumOfSquaresBound:
    """A positive form that no matrix of a family increases by more than gamma^degree.

    Parameters
    ----------
    gamma : float
        A proved upper bound of the joint spectral radius, at least `exact_gamma`.
    exact_gamma : Fraction
    degree : int
        2 d, the degree of the form p.
    monomials : tuple of tuple of int
        The monomials m of degree d, as nondecreasing tuples of variables.
    exact_gram : tuple of ExactMatrix
        Positive definite G with p = m^T G m; with an automaton one for each of its nodes.
    exact_slacks : tuple of ExactMatrix
        Positive semidefinite Q_i with gamma^degree p(x) - p(A_i x) = m(x)^T Q_i m(x) as polynomials; with an
        automaton one for each of its edges.
    automaton : Automaton or None
    certificate : Certificate or None
        The same claim for `check`; None beyond its limits, and where to write it would take longer than the time limit.
    """

    gamma: float
    exact_gamma: Fraction
    degree: int
    monomials: tuple[Monomial, ...] = field(repr=False)
    exact_gram: tuple[ExactMatrix, ...] = field(repr=False)
    exact_slacks: tuple[ExactMatrix, ...] = field(repr=False)
    automaton: Automaton | None
    certificate: Certificate | None

    @property
    def gram(self) -> FloatArray:
        """The Gram matrices rounded to doubles, shape (1 or nodes, N, N)."""
        return as_floats(self.exact_gram)

    def __repr__(self) -> str:
        allowed = [] if self.automaton is None else [repr(self.automaton)]
        monomials = count(len(self.monomials), "monomial")
        return result_line(self, f"gamma={self.gamma!r}", f"degree={self.degree}", monomials, *allowed)


def sum_of_squares_bound(
    matrices: Any,
    *,
    degree: int = 4,
    automaton: Automaton | None = None,
    scale: float | None = None,
    time_limit: float | None = None,
    solver: str | None = None,
) -> SumOfSquaresBound:
    """An upper bound of the joint spectral radius from a form of even degree.

    If p is a positive definite sum of squares of degree 2 d and gamma^(2 d) p(x) - p(A_i x) is a sum of squares
    for every i, then p^(1/(2 d)) grows at most by gamma a step, hence jsr <= gamma. The best gamma is at most
    binomial(n + d - 1, d)^(1/(2 d)) times the radius.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    degree : int
        2 d, even; 2 is a common quadratic norm.
    automaton : Automaton, optional
        Bound the growth of its words only, with one form for each node.
    scale : float, optional
        A lower bound of the joint spectral radius, if one is known: the solver stops there.
    time_limit : float, optional
        Seconds; None, the default, is no limit. The best form that the solver has found by then is
        proved. A program that would take much longer is not started: a power of a quadratic form remains.
    solver : {"CLARABEL", "SCS"}, optional
        Chosen by size when left out.

    Returns
    -------
    SumOfSquaresBound

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError
    BudgetError
        With more than 84 monomials of degree d, or more than 1024 inequalities.

    Notes
    -----
    With the symmetric lift L_i, m(A_i x) = L_i m(x), the condition is gamma^(2 d) G - L_i^T G L_i + N_i >= 0 for
    some N_i whose form vanishes on monomials. The N_i of the solver are rounded inside the rational space of such
    matrices, so the identity of polynomials is exact; then gamma is raised until exact arithmetic proves every
    inequality. The cost grows like N^6 with N = binomial(n + d - 1, d): seconds
    for N = 36, minutes for N = 55.

    References
    ----------
    [parrilo2008]_

    Examples
    --------
    >>> bound = sum_of_squares_bound([[[1, 0], [1, 0]], [[0, 1], [0, -1]]], degree=4)
    >>> bound.gamma < 1.001, bound.certificate.kind
    (True, 'sum-of-squares')
    """
    family = as_family(matrices, call=_CALL)
    half = half_degree_of(degree, call=_CALL)
    low = check_solver(scale, solver, call=_CALL)
    deadline = deadline_after(time_limit, call=_CALL)
    count = len(monomials(family.size, half)) if half * family.size < 4096 else MOST_MONOMIALS + 1
    if count > MOST_MONOMIALS:
        raise BudgetError(
            f"`{_CALL}(degree={degree})` needs more than {MOST_MONOMIALS} monomials in {family.size} variables. "
            "Ask for a smaller degree, or use `path_complete_bound`."
        )
    if automaton is not None:
        automaton = as_automaton(automaton, count=family.count, call=_CALL)
    found = best_forms(family, automaton, half_degree=half, low=low, deadline=deadline, solver=solver)
    certificate = None
    if checking_seconds(found) <= seconds_left(deadline):
        certificate = certificate_or_none(lambda: _certificate(family, automaton, found))
    return SumOfSquaresBound(
        float_above(found.gamma),
        found.gamma,
        degree,
        monomials(family.size, half),
        found.grams,
        found.slacks,
        automaton,
        certificate,
    )


def best_forms(
    family: MatrixFamily,
    automaton: Automaton | None,
    *,
    half_degree: int,
    low: Fraction = Fraction(0),
    deadline: float = NEVER,
    solver: str | None = None,
) -> ProvedForms:
    """One form for all words, or one for each node of an automaton, and the growth that is proved for them."""
    pieces = family if automaton is None else edge_family(family, automaton)
    graph = memory_graph(family.count, 0) if automaton is None else automaton_graph(automaton, 0)
    return proved_forms(pieces, graph, half_degree=half_degree, low=low, deadline=deadline, solver=solver)


def checking_seconds(found: ProvedForms) -> float:
    """What writing and checking a certificate of these forms takes, about."""
    return _CHECKING * (len(found.grams) + len(found.slacks)) * len(found.grams[0]) ** 3 * found.half_degree


def forms_proof(family: MatrixFamily, automaton: Automaton | None, found: ProvedForms) -> SumOfSquaresProof | None:
    """What a certificate says of the forms; None where it would be too long."""
    if automaton is None:
        return SumOfSquaresProof(found.half_degree, found.grams[0], found.slacks)
    if len(monomials(family.size * automaton.nodes, found.half_degree)) > _CERTIFIED_MONOMIALS:
        return None
    return _lifted_proof(family.size, automaton, found)


def _certificate(family: MatrixFamily, automaton: Automaton | None, found: ProvedForms) -> Certificate | None:
    proof = forms_proof(family, automaton, found)
    return None if proof is None else upper_certificate(family, proof, found.gamma, automaton=automaton)


def _lifted_proof(n: int, automaton: Automaton, found: ProvedForms) -> SumOfSquaresProof:
    """The forms of the nodes as one form of all blocks: the sum of p_u(x_u) and of the squares of mixed monomials.

    An edge (u, v, i) maps block v to block u and the rest to zero, so that its difference is gamma^(2 d) times the
    other parts plus the edge's own slack on block v.
    """
    d = found.half_degree
    number = {m: j for j, m in enumerate(monomials(n * automaton.nodes, d))}
    places = [
        [number[tuple(u * n + variable for variable in m)] for m in monomials(n, d)] for u in range(automaton.nodes)
    ]
    size, factor = len(number), found.gamma ** (2 * d)
    gram = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    for place, form in zip(places, found.grams, strict=True):
        _write(gram, place, form)
    slacks = []
    for (_, v, _), slack in zip(automaton.edges, found.slacks, strict=True):
        scaled = [[factor * x for x in row] for row in gram]
        _write(scaled, places[v], slack)
        slacks.append(scaled)
    return SumOfSquaresProof(d, gram, slacks)


def _write(matrix: list[list[Fraction]], place: list[int], block: ExactMatrix) -> None:
    for i, row in zip(place, block, strict=True):
        for j, value in zip(place, row, strict=True):
            matrix[i][j] = value
