"""`jacobian_sandwich`: conical ⊆ Clarke ⊆ program ⊆ selection, with the gap around Clarke's."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from conservative._core.exactness import Exactness
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative._core.result_lines import between, count, result_line
from conservative.functions import PiecewiseSelection
from conservative.functions.arrays.structured_map import StructuredMap
from conservative.functions.piece import MAX_PIECES
from conservative.jacobians.conservative_jacobian import getter, or_none
from conservative.jacobians.jacobian_set import JacobianSet
from conservative.jacobians.jacobian_zonotope import JacobianZonotope
from conservative.matrix_sets import MatrixPolytope
from conservative.matrix_sets.distance.gaps import measured_distance

_LISTED_TIES = 8
"""Most ties of a zonotope whose vertices are compared with the cells."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class JacobianSandwich:
    """The nested sets conical ⊆ Clarke ⊆ program ⊆ selection at one point.

    Parameters
    ----------
    conical : JacobianSet, JacobianZonotope or None
        The function reading: hull of the Jacobians of feasible cells. None when no cell is open to first order, or
        there are more than `max_pieces`.
    program : JacobianSet or JacobianZonotope
        The program reading: hull over every combination of independent choices at ties, of the branches that guards
        leave. A zonotope for a `StructuredMap` and for more pieces than `max_pieces`; where it is not `tight`, a
        superset of that hull.
    selection : JacobianSet, JacobianZonotope or None
        The same over all branches that have the value of F, whatever guards say. None where one of these has no
        finite derivative, or where there are too many.
    exact : bool
        Whether conical and program have one hull, which is then Clarke's Jacobian.
    gap : Bracket
        Holds the Hausdorff distance of these two hulls, Frobenius norm. Clarke's Jacobian is at most `gap.upper` from
        either. Without a conical end, and for a zonotope that is not Clarke's: from 0 to a bound of the diameter
        of `program`, which bounds the distance from Clarke's Jacobian to `program`.
    """

    conical: JacobianSet | JacobianZonotope | None
    program: JacobianSet | JacobianZonotope
    selection: JacobianSet | JacobianZonotope | None
    exact: bool
    gap: Bracket

    @property
    def clarke(self) -> JacobianSet | JacobianZonotope | None:
        """Clarke's Jacobian where it is known: the first set whose `exactness` is EXACT; None where none is."""
        ends = (self.conical, self.program)
        return next((end for end in ends if end is not None and end.exactness is Exactness.EXACT), None)

    def __repr__(self) -> str:
        inner = "no open cell" if self.conical is None else f"function {_counted(self.conical)}"
        outer = "no finite selection" if self.selection is None else f"selection {_counted(self.selection)}"
        known = "ends agree" if self.exact else "Clarke known" if self.clarke is not None else "Clarke between"
        chain = f"{inner} ⊆ Clarke ⊆ program {_counted(self.program)} ⊆ {outer}"
        return result_line(self, chain, f"gap {between(self.gap)}", known)


def jacobian_sandwich(
    F: PiecewiseSelection | StructuredMap, at: Any, *, tolerance: float | None = None, max_pieces: int = MAX_PIECES
) -> JacobianSandwich:
    """All readings of the Jacobian of F at a point, which enclose Clarke's, from one search of cells.

    Parameters
    ----------
    F : PiecewiseSelection or StructuredMap
    at : mapping of symbol or name to number, or sequence of numbers
        As in `conservative_jacobian`.
    tolerance : float, optional
        For ties at float points (default 1e-9).
    max_pieces : int
        Most pieces (and cells) that are listed.

    Returns
    -------
    JacobianSandwich

    Raises
    ------
    FunctionError, DiscontinuityError
        Where F has no value or derivative, or is not continuous.
    BudgetError
        When there are more pieces than `max_pieces` and no zonotope is known to hold them.
    ArgumentError, ArgumentTypeError, ShapeError

    Notes
    -----
    The gap is a Hausdorff distance of stored doubles. Exact entries were rounded to them once each, which moves a set
    by at most u times the Frobenius norm of its largest vertex; that is added outward. Ends that agree exactly have
    gap 0.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> sandwich = jacobian_sandwich(from_sympy("Abs(x) - Abs(-x)", state="x"), [0])
    >>> sandwich.exact, sandwich.clarke.vertices.tolist(), 2.0 in sandwich.gap
    (False, [[[0.0]]], True)
    """
    get = getter(F, at, tolerance=tolerance, max_pieces=max_pieces)
    program = get("program")
    conical, selection = or_none(get, "conical"), or_none(get, "selection")
    exact = program.exactness is Exactness.EXACT and (conical is None or conical.exactness is Exactness.EXACT)
    if exact and (conical is None or isinstance(program, JacobianZonotope) or program.exact_entries is not None):
        return JacobianSandwich(conical, program, selection, exact, Bracket(0.0, 0.0))
    listed = program
    if isinstance(program, JacobianZonotope) and program.tie_count <= _LISTED_TIES:
        listed = program.listed()
    if isinstance(conical, JacobianSet) and isinstance(listed, JacobianSet):
        return JacobianSandwich(conical, program, selection, exact, _distance(conical, listed))
    return JacobianSandwich(conical, program, selection, exact, Bracket(0.0, _diameter(program)))


def _counted(J: JacobianSet | JacobianZonotope) -> str:
    if isinstance(J, JacobianZonotope):
        return f"zonotope of {count(J.tie_count, 'generator')}"
    return count(len(J.vertices), "vertex")


def _distance(conical: JacobianSet, program: JacobianSet) -> Bracket:
    measured = measured_distance(MatrixPolytope(conical.vertices), MatrixPolytope(program.vertices))
    if program.exact_entries is None:
        return measured
    size = float(np.abs(program.vertices).max()) * math.sqrt(program.vertices[0].size)
    shift = 4 * UNIT_ROUNDOFF * size
    return Bracket(max(0.0, measured.lower - shift), measured.widen(shift).upper)


def _diameter(program: JacobianSet | JacobianZonotope) -> float:
    """At least the largest distance of two members: the diagonal of the box around them, or the sum of generators."""
    if isinstance(program, JacobianZonotope):
        lengths = np.linalg.norm(program.U, axis=1) @ np.linalg.norm(program.V, axis=1)
        return float(lengths) * (1 + 1e-12) + 2 * program.rounding + 1e-300
    low, high = program.vertices.min(axis=0), program.vertices.max(axis=0)
    return float(np.linalg.norm(high - low)) * (1 + 1e-12) + 1e-300
