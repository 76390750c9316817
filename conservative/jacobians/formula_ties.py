"""`AtPoint`: the nested sets of blocks [A B] of a formula at a tie, each worked out once, from one search of cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count
from conservative._core.deadlines import NEVER, is_over
from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, EmptySetError, FunctionError
from conservative._core.exact.hull_membership import hull_contains
from conservative._core.exactness import Exactness
from conservative._core.printable import shown
from conservative.functions import PiecewiseSelection
from conservative.functions.continuity.domain_edges import domain_edges
from conservative.functions.continuity.local_regions import region_choices
from conservative.functions.continuity.near_a_point import rational_point
from conservative.functions.continuity.possible_branches import decided_traces
from conservative.functions.continuity.thin_guards import has_unproved_guard
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.enclosed_arithmetic import EnclosedArithmetic, as_rationals, enclosed_trace
from conservative.functions.graph.evaluate import Trace, value_pass
from conservative.functions.graph.to_sympy import abbreviated
from conservative.functions.piece import MAX_PIECES
from conservative.functions.ties.active_pieces import Choices, Differentiator, _walk, check_budget, enumerate_choices
from conservative.functions.ties.first_order_cells import CellSearch
from conservative.jacobians.jacobian_set import ExactBlocks, JacobianSet, distinct, frozen
from conservative.jacobians.jacobian_zonotope import JacobianZonotope
from conservative.jacobians.many_ties import graph_zonotope, independent_ties
from conservative.jacobians.near_ties import near_ties

KINDS = ("program", "selection", "conical")
CALL = "conservative_jacobian"
_TOO_LARGE = "a derivative there is too large for a double. Rescale the variables."
_FEW_CELLS = 256
"""Cells always worth a look, to learn whether "program" is Clarke's: networks have many cells and few Jacobians."""

Blocks = NDArray[Any]


def check_kind(kind: str, call: str) -> None:
    """Refuse what is not the name of a reading."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise ArgumentError(f'`{call}(kind=...)` is "program", "selection" or "conical"; got {shown(kind)}.')


class AtPoint:
    """The sets "program", "selection" and "conical" of one function at one point."""

    def __init__(
        self, F: Any, at: Any, *, tolerance: float | None, limit: int, call: str = CALL, deadline: float = NEVER
    ) -> None:
        if not isinstance(F, PiecewiseSelection):
            raise ArgumentTypeError(
                f"`{call}(F=...)` needs a PiecewiseSelection; got {type(F).__name__}. Make one with `from_sympy`."
            )
        self.deadline = deadline  # of the search of cells
        self.limit, self.call = as_count(limit, call=call, argument="max_pieces", least=1), call
        self.point = F.point(at, tolerance=tolerance, call=call)
        self.F, self.around = F.localised(self.point)
        self.arithmetic = self.point.arithmetic
        self.by_values = self._as_they_are(self.F.traces(self.point, limit=self.limit, call=call, around=self.around))
        self._pieces: dict[str, Blocks] = {}
        self._cells = _Cells(None, False, True, 0)

    def _as_they_are(self, traces: tuple[Trace, ...]) -> tuple[Trace, ...]:
        """Value passes with the numbers that decisions are made on: where doubles tie, as rationals and enclosures."""
        if self.point.exact or (len(traces) == 1 and all(len(o) == 1 for o in traces[0].options.values())):
            return traces
        try:
            enclosed = [enclosed_trace(self.F.graph, trace, self.point.tolerance) for trace in traces]
        except FunctionError as error:
            raise FunctionError(f"`{self.call}(at=...)`, at {self.point}: {error}") from error
        self.arithmetic = EnclosedArithmetic([])
        return tuple(trace for trace, _ in enclosed)

    @cached_property
    def decided(self) -> tuple[Trace, ...]:
        """The value passes without the branches that guards exclude."""
        arithmetic, values = self.point.arithmetic, self.point.values
        return decided_traces(self.F.graph, arithmetic, values, self.by_values, around=self.around)

    @cached_property
    def edges(self) -> tuple[str, ...]:
        """Powers beyond whose domain there are points arbitrarily near: F has no value there."""
        found = {
            index: None
            for trace in self.decided
            for index in domain_edges(self.around, self.point.arithmetic, self.point.values, trace)
        }
        return tuple(abbreviated(self.around, self.F.symbols, index) for index in found)

    @cached_property
    def unproved(self) -> bool:
        """Whether F may jump along a guard that holds on a thin set only, where no search looks."""
        if not any(0 in trace.signs.values() for trace in self.by_values):
            return False
        arithmetic, values = self.point.arithmetic, self.point.values
        base = value_pass(self.around, arithmetic, values, {})
        return has_unproved_guard(self.around, base, rational_point(self.around, arithmetic, values, base))

    @cached_property
    def independent(self) -> bool:
        """Whether ties are independent, so that the set of all pieces is Clarke's."""
        try:
            return independent_ties(self.F, self.arithmetic, self.decided)
        except (FunctionError, OverflowError):
            return False

    def get(self, kind: str) -> JacobianSet | JacobianZonotope:
        """One of the sets: its blocks, or a zonotope where they are too many."""
        try:
            return self.listed(kind)
        except BudgetError as error:
            if kind == "conical" and not self.independent:
                raise
            traces = self.by_values if kind == "selection" else self.decided
            whole = graph_zonotope(self.F, self.point, traces, arithmetic=self.arithmetic, reason=str(error))
            if whole is None:
                raise BudgetError(f"{error} (The ties jump, so that no zonotope is known to hold them.)") from error
            exactness = Exactness.OUTER if self.edges or self.unproved else whole.exactness
            return replace(whole, kind=kind, exactness=exactness, edges=self.edges)

    def listed(self, kind: str) -> JacobianSet:
        """One of the sets by its blocks."""
        try:
            blocks, exactness = self._conical() if kind == "conical" else self._hull(kind)
            if self.edges or self.unproved:
                exactness = Exactness.INNER if kind == "conical" else Exactness.OUTER
            floats, exact = _split(blocks, self.point.exact)
        except (FunctionError, OverflowError) as error:
            reason = _TOO_LARGE if isinstance(error, OverflowError) else error
            raise FunctionError(f"`{self.call}(at=...)`, at {self.point}: {reason}") from error
        return JacobianSet(
            vertices=floats,
            exact_entries=exact,
            state_size=len(self.F.state),
            kind=kind,
            exactness=exactness,
            tolerance=self.point.tolerance,
            near_ties=near_ties(self.F, self.by_values, exact=self.point.exact),
            edges=self.edges,
        )

    def _hull(self, kind: str) -> tuple[Blocks, Exactness]:
        """The hull of the pieces of a reading, which contains Clarke's: equal to it when the cells span it."""
        blocks = self.pieces(kind)
        program = self.pieces("program")
        if len(blocks) == 1 or (len(blocks) == len(program) and self.independent):
            return blocks, Exactness.EXACT
        cells = self.cells(max(len(blocks) * 4, _FEW_CELLS))
        agree = cells.steady and cells.blocks is not None and self._spans(cells.blocks, blocks)
        if cells.steady and not agree and self.regions is not None:
            agree = self._spans(self.regions, blocks)
        return blocks, Exactness.EXACT if agree else Exactness.OUTER

    def _conical(self) -> tuple[Blocks, Exactness]:
        """The hull of the cells; where the program's pieces are known to be Clarke's, these."""
        if self.independent:
            return self.pieces("program"), Exactness.EXACT
        cells = self.cells(self.limit)
        if cells.blocks is None and is_over(self.deadline):
            raise BudgetError(
                f"the time limit ended the search of the cells that meet at {self.point}. Raise `time_limit`, or use "
                'kind="program".'
            )
        if cells.blocks is None:
            raise BudgetError(f"more than {self.limit:,} cells meet at {self.point}. Raise `max_pieces`.")
        if len(cells.blocks) and (cells.complete or not cells.steady):
            return cells.blocks, Exactness.EXACT if cells.steady else Exactness.INNER
        try:
            program = self.pieces("program", min(self.limit, MAX_PIECES))
        except BudgetError:
            program = None
        if program is not None and len(program) == 1:
            return program, Exactness.EXACT
        regions = self.regions if cells.steady else None
        if not len(cells.blocks) and regions is not None:
            return regions, Exactness.EXACT
        if not len(cells.blocks):
            raise EmptySetError(
                f'`{self.call}(kind="conical")`: at {self.point} no cell is open to first order, so that no limit of '
                'derivatives is seen this way. Use kind="program".'
            )
        agree = any(known is not None and self._spans(cells.blocks, known) for known in (program, regions))
        return cells.blocks, Exactness.EXACT if agree else Exactness.INNER

    @cached_property
    def regions(self) -> Blocks | None:
        """The Jacobians of the pieces of all open regions that reach the point, or of enough of them to be Clarke's."""
        if len(self.decided) != 1 or is_over(self.deadline):
            return None
        (trace,) = self.decided
        try:
            point = [Fraction(x) for x in self.point.values]
            choices = region_choices(self.F.graph, trace, point, around=self.around)
        except (FunctionError, BudgetError, TypeError):
            return None
        if choices is None or not choices.met:
            return None
        walked = [_walk(self.F.graph, trace, choice) for choice in (*choices.met, *choices.possible)]
        pieces = [piece for piece in walked if isinstance(piece, Choices)]
        if len(pieces) < len(walked):
            return None
        differentiator = Differentiator(self.F.graph, trace, self.arithmetic)
        blocks = np.stack([differentiator.jacobian(piece) for piece in pieces])
        met, possible = _unique(blocks[: len(choices.met)]), blocks[len(choices.met) :]
        return met if not len(possible) or self._spans(met, possible) else None

    def _spans(self, cells: Blocks, pieces: Blocks) -> bool:
        (rational, others), slack = as_rationals(cells, pieces)
        return hull_contains(rational, others, exact=True, slack=slack)

    def pieces(self, kind: str, limit: int | None = None) -> Blocks:
        """The distinct Jacobians of the pieces of "program" or "selection"."""
        traces = self.by_values if kind == "selection" else self.decided
        if kind == "selection" and [t.options for t in traces] == [t.options for t in self.decided]:
            kind = "program"
        if kind not in self._pieces:
            limit = self.limit if limit is None else limit
            for trace in traces:
                check_budget(self.F.graph, trace, limit=limit)
            self._pieces[kind] = _pieces(self.F, self.arithmetic, traces, limit)
        return self._pieces[kind]

    def cells(self, limit: int) -> "_Cells":
        """What the one search of cells found, as far as `limit` cells."""
        if self._cells.blocks is None and self._cells.limit < limit:
            self._cells = _search(self.F, self.arithmetic, self.decided, limit, self.deadline)
        return self._cells


@dataclass(frozen=True, slots=True)
class _Cells:
    """The Jacobians of all cells, None when there are more than `limit` or time is over; whether they are all of
    Clarke's; and whether F can be continuous next to the point: along a curved guard, branches must part across it
    only.
    """

    blocks: Blocks | None
    complete: bool
    steady: bool
    limit: int


def _pieces(F: PiecewiseSelection, arithmetic: Arithmetic, traces: Sequence[Trace], limit: int) -> Blocks:
    found: list[Blocks] = []
    for trace in traces:
        differentiator = Differentiator(F.graph, trace, arithmetic)
        found.extend(differentiator.jacobian(c) for c in enumerate_choices(F.graph, trace, limit=limit))
    return _unique(np.stack(found))


def _search(
    F: PiecewiseSelection, arithmetic: Arithmetic, traces: Sequence[Trace], limit: int, deadline: float
) -> _Cells:
    found: list[Blocks] = []
    complete = steady = True
    for trace in traces:
        search = CellSearch(F.graph, trace, arithmetic, F.graph.outputs, deadline=deadline)
        for cell in search:
            found.append(cell.jacobian)
            if len(found) > limit:
                return _Cells(None, False, steady, limit)
        if search.stopped:
            return _Cells(None, False, steady, limit)
        complete &= search.complete
        steady &= search.steady
    complete &= not (isinstance(arithmetic, EnclosedArithmetic) and arithmetic.doubts)
    if not found:
        return _Cells(np.zeros((0, len(F.graph.outputs), F.graph.width)), False, steady, limit)
    return _Cells(_unique(np.stack(found)), complete, steady, limit)


def _unique(blocks: Blocks) -> Blocks:
    return blocks[distinct(blocks, [tuple(block.ravel()) for block in blocks])]


def _split(blocks: NDArray[Any], exact: bool) -> tuple[NDArray[np.float64], ExactBlocks | None]:
    try:
        with np.errstate(over="ignore"):  # numpy 1 warns of the infinities that are refused below
            floats = frozen(blocks.astype(np.float64))
    except OverflowError as error:
        raise FunctionError(_TOO_LARGE) from error
    if not np.isfinite(floats).all():
        raise FunctionError(_TOO_LARGE)
    if not exact:
        return frozen(floats[distinct(floats)]), None
    return floats, tuple(tuple(tuple(row) for row in block) for block in blocks)
