"""All pieces of a piecewise affine function with their polyhedra, by the search for cells in the whole space."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count
from conservative._core.errors import ArgumentTypeError, BudgetError
from conservative._core.result_lines import count, result_line, shape
from conservative.functions.graph.nodes import Graph
from conservative.functions.selection import PiecewiseSelection
from conservative.functions.ties.affine_search import AffinePrefix, AffineSearch

MAX_AFFINE_PIECES = 10_000
"""Most pieces that are listed unless the caller allows more."""

ExactRow = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Polyhedron:
    """{z : G z <= h} in the variables (state, parameters), with nonempty interior.

    Parameters
    ----------
    G : tuple of rows of Fraction
        Primitive integer rows; conditions that follow from the others may be among them.
    h : tuple of Fraction
    interior : tuple of Fraction
        A point with G z < h.
    """

    G: tuple[ExactRow, ...]
    h: tuple[Fraction, ...]
    interior: tuple[Fraction, ...]

    def __repr__(self) -> str:
        return result_line(self, f"{count(len(self.G), 'half-space')} in {count(len(self.interior), 'variable')}")

    def contains(self, points: Any) -> NDArray[np.bool_]:
        """Whether points lie in the polyhedron, in double arithmetic with a slack of 1e-12 of the terms.

        Parameters
        ----------
        points : array_like, shape (..., n)

        Returns
        -------
        ndarray of bool, shape (...)
        """
        z = np.asarray(points, dtype=np.float64)
        G = np.array(self.G, dtype=np.float64).reshape(-1, z.shape[-1])
        h = np.array(self.h, dtype=np.float64)
        slack = 1e-12 * (np.abs(z) @ np.abs(G).T + np.abs(h) + 1e-300)
        return np.asarray((z @ G.T <= h + slack).all(axis=-1))


@dataclass(frozen=True, slots=True)
class AffinePiece:
    """F(z) = matrix z + offset on a polyhedron; unpacks as (matrix, offset, polyhedron).

    Parameters
    ----------
    matrix : tuple of q rows of n Fractions
    offset : tuple of q Fractions
    polyhedron : Polyhedron
    """

    matrix: tuple[ExactRow, ...]
    offset: ExactRow
    polyhedron: Polyhedron

    def __repr__(self) -> str:
        return result_line(
            self, f"{shape((len(self.matrix), len(self.polyhedron.interior)))} matrix", repr(self.polyhedron)
        )

    def __iter__(self) -> Iterator[Any]:
        return iter((self.matrix, self.offset, self.polyhedron))


def affine_pieces(F: PiecewiseSelection, *, max_pieces: int = MAX_AFFINE_PIECES) -> tuple[AffinePiece, ...]:
    """Every affine piece of a piecewise affine function, with the polyhedron on which it is F.

    The polyhedra have nonempty interiors, which do not meet, and cover the whole space (but for holes of F). One affine
    map can come with several polyhedra: their union need not be convex.

    Parameters
    ----------
    F : PiecewiseSelection
        Affine in (state, parameters) once the branches are chosen, with rational coefficients; sign(x) Max(|x| - 1, 0)
        is, x t is not: bind t.
    max_pieces : int
        Most pieces that are listed; a function of more is refused with `BudgetError`.

    Returns
    -------
    tuple of AffinePiece
        All numbers exact.

    Raises
    ------
    FunctionError
        When F is not piecewise affine, naming the operation.
    BudgetError
        When there are more than `max_pieces` polyhedra.
    ArgumentTypeError

    Notes
    -----
    Depth first on sign prefixes, in homogeneous coordinates (z, s), s > 0, in which a polyhedron is a cone: a prefix
    is cut when its cone has no interior, which is decided exactly (by extreme rays, and where these are too many by
    linear programs confirmed in rational arithmetic). The cost follows the number of cells, never 2^k.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> for matrix, offset, polyhedron in affine_pieces(from_sympy("Max(Abs(x) - 1, 0)", state="x")):
    ...     print([str(a) for a in matrix[0]], str(offset[0]), float(polyhedron.interior[0]))
    ['1'] -1 2.0
    ['0'] 0 0.5
    ['-1'] -1 -2.0
    ['0'] 0 -0.5
    """
    if not isinstance(F, PiecewiseSelection):
        raise ArgumentTypeError(f"`affine_pieces(F=...)` needs a PiecewiseSelection; got {type(F).__name__}.")
    max_pieces = as_count(max_pieces, call="affine_pieces", argument="max_pieces", least=1)
    found: list[AffinePiece] = []
    for leaf in AffineSearch(F.graph, F.symbols).leaves():
        found.append(_piece(F.graph, leaf))
        if len(found) > max_pieces:
            raise BudgetError(f"`affine_pieces`: F has more than {max_pieces:,} polyhedra. Raise `max_pieces`.")
    return tuple(found)


def _piece(graph: Graph, leaf: AffinePrefix) -> AffinePiece:
    width = graph.width
    forms = [leaf.forms[o] for o in graph.outputs]
    sides: dict[ExactRow, Fraction] = {}
    for row in leaf.rows:
        scale = Fraction(math.gcd(*(x.numerator for x in row[:width])), math.lcm(*(x.denominator for x in row[:width])))
        normal = tuple(-x / scale for x in row[:width])
        bound = row[width] / scale
        sides[normal] = min(bound, sides.get(normal, bound))
    inside = leaf.cone.interior
    point = tuple(x / inside[width] for x in inside[:width])
    matrix = tuple(tuple(form[:width]) for form in forms)
    offset = tuple(form[width] for form in forms)
    return AffinePiece(matrix, offset, Polyhedron(tuple(sides), tuple(sides.values()), point))
