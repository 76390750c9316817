"""`conservative_jacobian`: from an active point to a set of blocks [A B]."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, EmptySetError, FunctionError
from conservative._core.exactness import Exactness
from conservative._core.hulls import hull_contains
from conservative.functions import PiecewiseSelection
from conservative.functions._cells import CellSearch
from conservative.functions._pieces import Differentiator, check_budget, enumerate_choices
from conservative.functions._symbolic import abbreviated
from conservative.functions._values import Trace
from conservative.functions.points import Point
from conservative.functions.selection import MAX_PIECES
from conservative.jacobians.jacobian_set import ExactBlocks, JacobianSet, NearTie, distinct, frozen

KINDS = ("selection", "conical")
_TOO_LARGE = "a derivative there is too large for a double. Rescale the variables."
_FEW_CELLS = 256
"""Cells always worth a look, to learn whether "selection" is Clarke's: networks have many cells and few Jacobians."""


def conservative_jacobian(
    F: PiecewiseSelection,
    at: Any,
    *,
    kind: str = "selection",
    tolerance: float | None = None,
    max_pieces: int = MAX_PIECES,
) -> JacobianSet:
    """The set of Jacobians [A B] of F at a point, as the hull of finitely many.

    "selection" is the hull over every combination of independent choices at tied switches: all that a program
    which writes F this way may return. It contains Clarke's Jacobian and is conservative. "conical" keeps the
    combinations that are active along an open cone of directions, d with (g_chosen - g_other) . d > 0 for
    every tie: each is a limit of derivatives, so the hull lies inside Clarke's, but pieces that only a
    second-order look would see are missed, and with them possibly everything.

    Parameters
    ----------
    F : PiecewiseSelection
    at : mapping of symbol or name to number, or sequence of numbers
        In the order state, parameters. Integers, `Fraction`, sympy numbers and rational strings are exact.
    kind : {"selection", "conical"}
    tolerance : float, optional
        At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9). At exact points ties are
        decided exactly.
    max_pieces : int
        Most pieces (for "conical": cells) that are listed.

    Returns
    -------
    JacobianSet
        `exactness` is EXACT when the hulls of both kinds agree, since Clarke's Jacobian lies between them, and for
        "conical" also when the search proves that its cells are all there is (see Notes); else OUTER for "selection"
        and INNER for "conical". At a float point it speaks of the ties as decided within the tolerance.

    Raises
    ------
    FunctionError, DiscontinuityError
        Where F has no value or derivative, or is not continuous.
    EmptySetError
        When no cell is open to first order ("conical" only).
    BudgetError
        When there are more pieces than `max_pieces`.
    ArgumentError, ArgumentTypeError, ShapeError

    Notes
    -----
    Each piece costs one forward accumulation through the graph. Cells cost in proportion to their number: at exact
    points each cone is narrowed exactly, however thin, at float points by linear programs.

    *When cells are all of Clarke's Jacobian.* Beside the point F is a continuous selection of the pieces of its
    nonempty sign patterns, and Clarke's Jacobian is the hull of the limits of their derivatives, thus of the Jacobians
    at the point of the pieces whose region {h_j > 0} (h_j the differences at ties) has the point in its closure. A
    pattern with an open first-order cone {∇h_j . d > 0} has one, and its piece is listed. A pattern without is
    excluded when some combination λ ≥ 0 has Σ λ_j h_j = 0 *identically*: then the h_j are never positive together. By
    Gordan's theorem there is λ ≥ 0 with Σ λ_j ∇h_j = 0; for affine h_j, which vanish at the point, that is the
    identity. So for a piecewise affine function cells give Clarke's Jacobian exactly; so they do where the gradients of
    the ties are linearly independent (every pattern has an open cone), and where curved expressions enter the ties
    affinely.

    Examples
    --------
    >>> import sympy
    >>> from conservative.functions import from_sympy
    >>> x = sympy.Symbol("x")
    >>> F = from_sympy(sympy.Max(-x, 0) + x - sympy.Max(x, 0), state=[x])
    >>> sorted(conservative_jacobian(F, {x: 0}).vertices.ravel().tolist())
    [-1.0, 0.0, 1.0]
    >>> conservative_jacobian(F, {x: 0}, kind="conical")
    JacobianSet(hull of 1 exact block [A B] of shape (1, 1 + 0), kind='conical', reading='function', Exactness.EXACT)
    """
    call = "conservative_jacobian"
    if not isinstance(F, PiecewiseSelection):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a PiecewiseSelection; got {type(F).__name__}. Make one with `from_sympy`."
        )
    if isinstance(max_pieces, bool) or not isinstance(max_pieces, (int, np.integer)) or max_pieces < 1:
        raise ArgumentError(f"`{call}(max_pieces=...)` needs an integer of at least 1; got {max_pieces!r}.")
    if kind not in KINDS:
        raise ArgumentError(f'`{call}(kind=...)` is "selection" or "conical"; got {kind!r}.')
    point = F.point(at, tolerance=tolerance, call=call)
    traces = F.traces(point, limit=max_pieces, call=call)
    try:
        pieces, exactness = _both_readings(F, point, traces, kind=kind, limit=max_pieces)
        floats, exact = _split(pieces, point.exact)
    except (FunctionError, OverflowError) as error:
        reason = _TOO_LARGE if isinstance(error, OverflowError) else error
        raise FunctionError(f"`{call}(at=...)`, at {point}: {reason}") from error
    return JacobianSet(
        vertices=floats,
        exact_entries=exact,
        state_size=len(F.state),
        kind=kind,
        exactness=exactness,
        tolerance=point.tolerance,
        near_ties=_near_ties(F, traces),
    )


def _both_readings(
    F: PiecewiseSelection, point: Point, traces: tuple[Trace, ...], *, kind: str, limit: int
) -> tuple[NDArray[Any], Exactness]:
    if kind == "selection":
        selection = _selection(F, point, traces, limit)
        if len(selection) == 1:
            return selection, Exactness.EXACT
        conical, _, steady = _conical(F, point, traces, max(len(selection) * 4, _FEW_CELLS))
        agree = steady and conical is not None and hull_contains(conical, selection, exact=point.exact)
        return selection, Exactness.EXACT if agree else Exactness.OUTER
    cells, complete, steady = _conical(F, point, traces, limit)
    if cells is None:
        raise BudgetError(f"more than {limit:,} cells meet at {point}. Raise `max_pieces`.")
    if len(cells) == 0:
        raise EmptySetError(
            f'`conservative_jacobian(kind="conical")`: at {point} no cell is open to first order, so that no limit of '
            'derivatives is seen this way. Use kind="selection".'
        )
    if not steady:
        return cells, Exactness.INNER
    if complete:
        return cells, Exactness.EXACT
    try:
        selection = _selection(F, point, traces, min(limit, MAX_PIECES))
    except BudgetError:
        return cells, Exactness.INNER
    agree = hull_contains(cells, selection, exact=point.exact)
    return cells, Exactness.EXACT if agree else Exactness.INNER


def _selection(F: PiecewiseSelection, point: Point, traces: tuple[Trace, ...], limit: int) -> NDArray[Any]:
    found: list[NDArray[Any]] = []
    for trace in traces:
        check_budget(F.graph, trace, limit=limit)
        differentiator = Differentiator(F.graph, trace, point.arithmetic)
        found.extend(differentiator.jacobian(c) for c in enumerate_choices(F.graph, trace, limit=limit))
    return _unique(np.stack(found), point.exact)


def _conical(
    F: PiecewiseSelection, point: Point, traces: tuple[Trace, ...], limit: int
) -> tuple[NDArray[Any] | None, bool, bool]:
    """The Jacobians of all cells (None when there are more than `limit`), whether they are all of Clarke's, and
    whether F can be continuous next to the point: along a curved guard, branches must part across it only.
    """
    found: list[NDArray[Any]] = []
    complete = steady = True
    for trace in traces:
        search = CellSearch(F.graph, trace, point.arithmetic, F.graph.outputs)
        for cell in search:
            found.append(cell.jacobian)
            if len(found) > limit:
                return None, False, steady
        complete &= search.complete
        steady &= search.steady
    if not found:
        return np.zeros((0, len(F.graph.outputs), F.graph.width)), False, steady
    return _unique(np.stack(found), point.exact), complete, steady


def _unique(blocks: NDArray[Any], exact: bool) -> NDArray[Any]:
    if exact:
        return blocks[distinct(blocks, [tuple(block.ravel()) for block in blocks])]
    scale = 1e-12 * float(np.abs(blocks).max())
    kept: list[int] = []
    for position, block in enumerate(blocks):
        if not kept or np.abs(blocks[kept] - block).max(axis=(1, 2)).min() > scale:
            kept.append(position)
    return blocks[kept]


def _split(blocks: NDArray[Any], exact: bool) -> tuple[NDArray[np.float64], ExactBlocks | None]:
    try:
        floats = frozen(blocks.astype(np.float64))
    except OverflowError as error:
        raise FunctionError(_TOO_LARGE) from error
    if not np.isfinite(floats).all():
        raise FunctionError(_TOO_LARGE)
    if not exact:
        return floats, None
    return floats, tuple(tuple(tuple(row) for row in block) for block in blocks)


def _near_ties(F: PiecewiseSelection, traces: tuple[Trace, ...]) -> tuple[NearTie, ...]:
    found: dict[str, float] = {}
    for trace in traces:
        for index, distance in trace.near:
            text = abbreviated(F.graph, F.symbols, index)
            found[text] = min(distance, found.get(text, distance))
    return tuple(NearTie(text, distance) for text, distance in found.items())
