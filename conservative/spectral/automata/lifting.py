"""Automata and families: the automaton that a call is given, the matrix of each edge, and the lifted family."""

from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError
from conservative._core.families.as_family import ExactMatrix, MatrixFamily, as_family
from conservative.spectral.automata.automaton import Automaton

MOST_LIFTED_ENTRIES = 20_000_000
"""Entries of a lifted family at most; they are kept as rationals too."""


def as_automaton(value: Any, *, count: int, call: str) -> Automaton:
    """An automaton over the matrices of a family."""
    if not isinstance(value, Automaton):
        raise ArgumentTypeError(f"`{call}(automaton=...)` needs an `Automaton`, or None; got {type(value).__name__}.")
    if max(letter for _, _, letter in value.edges) >= count:
        raise ArgumentError(
            f"`{call}(automaton=...)` reads letters up to {max(i for _, _, i in value.edges)}; the family has "
            f"{count} matrices, letters 0 to {count - 1}."
        )
    return value


def lifted_family(family: Any, automaton: Automaton) -> MatrixFamily:
    """One block matrix per edge (u, v, i): A_i in block row u and block column v, zero elsewhere.

    A product of edges is nonzero only if they form a path, and then it is the product of the letters in one
    block: the joint spectral radius of the lifted family is the constrained one.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)
    automaton : Automaton

    Returns
    -------
    MatrixFamily
        As many matrices as edges, of order nodes times n, in the order of the edges.

    Raises
    ------
    ArgumentError, ArgumentTypeError, BudgetError

    Examples
    --------
    >>> lifted = lifted_family([[[2]], [[3]]], Automaton(2, [(0, 1, 0), (1, 0, 1)]))
    >>> lifted.floats.tolist()
    [[[0.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [3.0, 0.0]]]
    """
    family = as_family(family, call="lifted_family", argument="family")
    automaton = as_automaton(automaton, count=family.count, call="lifted_family")
    n, nodes = family.size, automaton.nodes
    order = n * nodes
    if len(automaton.edges) * order**2 > MOST_LIFTED_ENTRIES:
        raise BudgetError(
            f"`lifted_family(automaton=...)` would write out {len(automaton.edges)} matrices of order {order}. "
            "Pass a smaller automaton, say `automaton.essential()`."
        )
    floats = np.zeros((len(automaton.edges), order, order))
    exact = []
    for e, (u, v, letter) in enumerate(automaton.edges):
        floats[e, u * n : (u + 1) * n, v * n : (v + 1) * n] = family.floats[letter]
        exact.append(_placed(family.exact[letter], u, v, order))
    return MatrixFamily(floats, tuple(exact))


def _placed(block: ExactMatrix, u: int, v: int, order: int) -> ExactMatrix:
    n, zero = len(block), Fraction(0)
    empty = (zero,) * order
    left, right = (zero,) * (v * n), (zero,) * (order - (v + 1) * n)
    rows = tuple(left + row + right for row in block)
    return (empty,) * (u * n) + rows + (empty,) * (order - (u + 1) * n)


def edge_family(family: MatrixFamily, automaton: Automaton) -> MatrixFamily:
    """The matrix of each edge of an automaton, in the order of the edges."""
    letters = [letter for _, _, letter in automaton.edges]
    return MatrixFamily(family.floats[letters], tuple(family.exact[i] for i in letters))
