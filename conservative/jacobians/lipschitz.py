"""`lipschitz_constants`: how fast the Jacobians of the pieces of F change on a box, between proved bounds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count
from conservative._core.errors import BudgetError
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import Bracket, largest
from conservative._core.result_lines import between, count, result_line
from conservative.functions import Piece, PiecewiseSelection, StructuredMap
from conservative.functions.graph.evaluate import Trace
from conservative.functions.graph.interval_hessians import ball, hessians
from conservative.functions.graph.nodes import SWITCHES, Graph
from conservative.functions.graph.to_sympy import smooth_pieces
from conservative.functions.piece import MAX_PIECES
from conservative.functions.ties.active_pieces import Choices, enumerate_choices
from conservative.jacobians.as_graph import as_selection
from conservative.jacobians.boxes import read_box

Floats = NDArray[np.float64]
CALL = "lipschitz_constants"
_SPLITS = 64
_CLOSE = 1.02


@dataclass(frozen=True, slots=True)
class LipschitzConstants:
    """One bracket for each piece; iterates over the brackets.

    Parameters
    ----------
    pieces : tuple of Piece
        Every combination of branches that the expression allows anywhere, without repetition.
    constants : tuple of Bracket
        The Lipschitz constant on the box of the Jacobian [A B] of each piece: Frobenius norm of matrices, Euclidean
        norm of points. Exactly zero for affine pieces; infinite above where a piece is not twice differentiable on
        the whole box, or nothing better could be proved.
    """

    pieces: tuple[Piece, ...] = field(repr=False)
    constants: tuple[Bracket, ...]

    def __repr__(self) -> str:
        return result_line(
            self,
            count(len(self.constants), "component"),
            f"largest {between(self.largest)}",
        )

    @property
    def largest(self) -> Bracket:
        """The bracket of the largest constant."""
        return largest(self.constants)

    def __len__(self) -> int:
        return len(self.constants)

    def __iter__(self) -> Iterator[Bracket]:
        return iter(self.constants)

    def __getitem__(self, index: int) -> Bracket:
        return self.constants[index]


def lipschitz_constants(
    F: PiecewiseSelection | StructuredMap, box: tuple[ArrayLike, ArrayLike], *, max_pieces: int = MAX_PIECES
) -> LipschitzConstants:
    """Bound the Lipschitz constants of the Jacobians of the pieces of F on a box: the constants of the selection.

    Experimental: nothing else in the package relies on it, and a release may change it.

    For a piece F_i with second derivative T, the constant is sup over the box and unit directions d of ‖T(x) d‖_F.

    Parameters
    ----------
    F : PiecewiseSelection or StructuredMap
    box : pair of float or array_like of shape (p + m,)
        Lower and upper ends. In a variable whose two ends agree, nothing moves.
    max_pieces : int
        More pieces than that raise `BudgetError`.

    Returns
    -------
    LipschitzConstants

    Raises
    ------
    ArgumentError, ArgumentTypeError, BudgetError

    Notes
    -----
    Second derivatives are enclosed over boxes by ball arithmetic (Arb), rounding included; the norm of an enclosure
    is at most the largest singular value of its middle, taken as a matrix (q·n, n), plus the Frobenius norm of its
    radii, both bounded above with their rounding. Lower bounds come from second derivatives at the middles of boxes.
    Boxes are halved, the worst first, until the two are within 2 % or 64 boxes are used.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("Max(x, x**2)", state="x")
    >>> [(round(c.lower, 9), round(c.upper, 9)) for c in lipschitz_constants(F, (-1.0, 1.0))]
    [(0.0, 0.0), (2.0, 2.0)]
    """
    F = as_selection(F, call=CALL)
    max_pieces = as_count(max_pieces, call=CALL, argument="max_pieces", least=1)
    lower, upper = read_box(box, len(F.symbols), call=CALL)
    found: dict[tuple[Any, ...], Choices] = {}
    for choices in all_choices(F.graph, max_pieces):
        found.setdefault(smooth_pieces(F.graph, F.symbols, choices.branches), choices)
    constants = tuple(_constant(F.graph, choices, lower, upper) for choices in found.values())
    return LipschitzConstants(tuple(Piece(e, F.symbols) for e in found), constants)


def all_choices(graph: Graph, limit: int) -> Iterator[Choices]:
    """Every combination of branches, with every sign of the comparisons that `sign` reads."""
    options: dict[int, tuple[int, ...]] = {}
    for index, node in enumerate(graph.nodes):
        if node.op in SWITCHES and node.op != "sign":
            branches = 2 if node.op == "abs" else len(node.args) // (2 if node.op == "piecewise" else 1)
            options[index] = tuple(range(branches))
    signs = {i: (node.args[0], node.data) for i, node in enumerate(graph.nodes) if node.op == "sign"}
    compared = sorted({c for c, _ in signs.values()})
    produced = 0
    for taken in product((-1, 0, 1), repeat=len(compared)):
        state = dict(zip(compared, taken, strict=True))
        values = [state[signs[i][0]] * signs[i][1] if i in signs else 0 for i in range(len(graph.nodes))]
        for choices in enumerate_choices(graph, Trace(tuple(values), options, {}, {}, None, ()), limit=limit):
            produced += 1
            if produced > limit:
                raise BudgetError(f"`{CALL}`: F has more than {limit:,} pieces. Raise `max_pieces`.")
            yield choices


def _constant(graph: Graph, choices: Choices, lower: Floats, upper: Floats) -> Bracket:
    """Branch and bound on boxes; the heap holds the largest upper bound first."""
    moving = np.flatnonzero(lower < upper)
    below = 0.0
    above = _upper(graph, choices, lower, upper, moving)
    heap = [(-above, 0, lower, upper)]
    for splits in range(1, _SPLITS):
        top, _, low, high = heap[0]
        middle = low / 2 + high / 2
        below = max(below, _lower(graph, choices, middle, moving))
        if -top <= below * _CLOSE or -top == 0.0 or not len(moving):
            break
        heappop(heap)
        widest = int((high - low).argmax())
        for side, (a, b) in enumerate(((low[widest], middle[widest]), (middle[widest], high[widest]))):
            part_low, part_high = low.copy(), high.copy()
            part_low[widest], part_high[widest] = a, b
            heappush(
                heap, (-_upper(graph, choices, part_low, part_high, moving), 2 * splits + side, part_low, part_high)
            )
    return Bracket(min(below, -heap[0][0]), -heap[0][0])


def _upper(graph: Graph, choices: Choices, low: Floats, high: Floats, moving: NDArray[np.intp]) -> float:
    boxes = [ball(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    middle, radius = _unfolded(graph, choices, boxes, moving)
    if not middle.any() and not radius.any():
        return 0.0
    if not np.isfinite(radius).all():
        return float("inf")
    return float(np.nextafter(spectral_norm_bounds(middle)[1] + frobenius_bounds(radius)[1], np.inf))


def _lower(graph: Graph, choices: Choices, point: Floats, moving: NDArray[np.intp]) -> float:
    middle, radius = _unfolded(graph, choices, [ball(float(v), float(v)) for v in point], moving)
    if not middle.any() or not np.isfinite(radius).all():
        return 0.0
    return max(0.0, float(np.nextafter(spectral_norm_bounds(middle)[0] - frobenius_bounds(radius)[1], -np.inf)))


def _unfolded(graph: Graph, choices: Choices, box: list[Any], moving: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Second derivatives as a matrix (q·n, directions), of the directions in which the box is not flat."""
    parts = hessians(graph, choices.branches, choices.reached, box)
    middle, radius = (part.reshape(-1, part.shape[-1])[:, moving] for part in parts)
    return middle, radius
