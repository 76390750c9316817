"""Certificates of radii that a theorem gives: where all matrices on closed paths commute, one quadratic norm for all.

The radius is then at most the largest radius of a matrix, which is known to the last digit; a polytope in doubles
proves it up to its rounding only, a quadratic norm above it by any part.
"""

import math
from contextlib import suppress
from fractions import Fraction

import flint
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from conservative._core.deadlines import is_over
from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.certificates import QuadraticProof
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.norms.common_form import common_form
from conservative.spectral.radius.certify import (
    ALL_DIGITS,
    MOST_NARROW,
    NARROW,
    ProvedBound,
    RadiusProblem,
    bracket_or_upper,
)
from conservative.spectral.radius.decimal_rounding import decimal_above
from conservative.spectral.reduction.closed_forms import commute
from conservative.spectral.words.cyclic_words import Word

_MOST_LIFTED = 48
"""Order of a lifted family up to which a norm of it is written down."""


def prove_commuting(
    problem: RadiusProblem, *, upper: float, word: Word, lower: Fraction, deadline: float
) -> ProvedBound | None:
    """A certificate of an upper end that is the largest radius of matrices that commute; None for other families.

    `upper`: at least the radii of the matrices on closed paths. `lower`: proved: rho(M_w)^(1/|w|) is at least this.
    """
    if not math.isfinite(upper):
        return None
    given, automaton = problem.given, problem.automaton
    letters = range(given.count) if automaton is None else _letters_on_closed_paths(automaton)
    matrices = [given.exact[i] for i in letters]
    if given.size > MOST_NARROW or problem.family.size > _MOST_LIFTED:
        return None
    if not commute([to_flint(m) for m in matrices[:2]]) or not commute([to_flint(m) for m in matrices]):
        return None
    for room in NARROW:
        if is_over(deadline):
            return None
        with suppress(CertificateError, OverflowError):
            bound = decimal_above(Fraction(upper) * (1 + room), digits=ALL_DIGITS)
            P = common_form(matrices, bound)
            proof = QuadraticProof(P if automaton is None else _on_nodes(given, automaton, P, bound))
            return ProvedBound(bound, bracket_or_upper(problem, proof, word, lower, bound, deadline))
    return None


def _letters_on_closed_paths(automaton: Automaton) -> list[int]:
    essential = automaton.essential()
    return [] if essential is None else sorted({letter for _, _, letter in essential.edges})


def _on_nodes(family: MatrixFamily, automaton: Automaton, P: list[list[Fraction]], bound: Fraction) -> ExactMatrix:
    """The form s_u P on the nodes u: s is constant on what closed paths join, and grows along every other edge."""
    n, nodes, form = len(P), automaton.nodes, to_flint(P)
    starts, ends = ([edge[place] for edge in automaton.edges] for place in (0, 1))
    graph = csr_array((np.ones(len(starts)), (starts, ends)), shape=(nodes, nodes))
    parts, label = connected_components(graph, directed=True, connection="strong")
    growth = [_growth(family.exact[i], form, bound) for i in range(family.count)]
    exponent = [0] * parts
    for _ in range(parts):
        for u, v, i in automaton.edges:
            if label[u] != label[v]:
                exponent[label[v]] = max(exponent[label[v]], exponent[label[u]] + growth[i])
    zero, order = Fraction(0), n * nodes
    sizes = [Fraction(2) ** exponent[label[u]] for u in range(nodes)]
    return tuple(
        tuple(sizes[r // n] * P[r % n][c % n] if r // n == c // n else zero for c in range(order)) for r in range(order)
    )


def _growth(matrix: ExactMatrix, form: flint.fmpq_mat, bound: Fraction) -> int:
    """An exponent e with A^T P A <= 2^e bound^2 P, at least 0, where P is at least half the identity."""
    letter = to_flint(matrix)
    entries = (letter.transpose() * form * letter).entries()
    square = sum((Fraction(int(x.p), int(x.q)) ** 2 for x in entries), Fraction(0)) * 4 / bound**4
    return max(0, (math.ceil(square).bit_length() + 1) // 2)
