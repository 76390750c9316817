"""`conservative_jacobian`: by vertices, or as a zonotope where ties are many and independent."""

from dataclasses import replace
from typing import Any

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, FunctionError
from conservative._core.exactness import Exactness
from conservative.functions import PiecewiseSelection
from conservative.functions.selection import MAX_PIECES
from conservative.functions.structured_map import LARGEST_SELECTION, StructuredMap
from conservative.jacobians import at_point
from conservative.jacobians._many_ties import graph_zonotope
from conservative.jacobians._structured import structured_jacobian
from conservative.jacobians.jacobian_set import JacobianSet
from conservative.jacobians.jacobian_zonotope import JacobianZonotope


def conservative_jacobian(
    F: PiecewiseSelection | StructuredMap,
    at: Any,
    *,
    kind: str = "selection",
    tolerance: float | None = None,
    max_pieces: int = MAX_PIECES,
) -> JacobianSet | JacobianZonotope:
    """The set of Jacobians [A B] of F at a point.

    "selection" is the hull over every combination of independent choices at tied switches: all that a program
    which writes F this way may return. It contains Clarke's Jacobian and is conservative. "conical" keeps the
    combinations that are active along an open cone of directions: each is a limit of derivatives, so the hull lies
    inside Clarke's.

    Parameters
    ----------
    F : PiecewiseSelection or StructuredMap
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
        The hull of finitely many blocks, for a `PiecewiseSelection` within the budget.
    JacobianZonotope
        {base + Σ t_i u_i v_iᵀ : t ∈ [0, 1]^k}, for a `StructuredMap`, and for a `PiecewiseSelection` with more pieces
        than `max_pieces`: the same set without its 2^k vertices where the ties act independently, each with rank one,
        else a superset (`tight` is False). `reason` says how many ties there are. For "conical" only where the two
        readings are proved equal.

    Raises
    ------
    FunctionError, DiscontinuityError
        Where F has no value or derivative, or is not continuous.
    EmptySetError
        When no cell is open to first order ("conical" only).
    BudgetError
        When there are more pieces than `max_pieces` and no zonotope is known to hold them; more cells, and their hull
        is not known to be the zonotope.
    ArgumentError, ArgumentTypeError, ShapeError

    Notes
    -----
    Both kinds of result answer to `state`, `parameter`, `exactness`, `kind`, `tolerance`, `near_ties`, and for few ties
    to `vertices`. See `conservative.jacobians.at_point` for how pieces and cells are found.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> names = [f"x{i}" for i in range(20)]
    >>> F = from_sympy([f"Max({name}, 0)" for name in names], state=names)
    >>> J = conservative_jacobian(F, [0] * 20)
    >>> J.tie_count, J.exactness.name, float(J.support([[1.0] * 20] * 20))
    (20, 'EXACT', 20.0)
    """
    call = "conservative_jacobian"
    if isinstance(F, StructuredMap):
        if kind not in at_point.KINDS:
            raise ArgumentError(f'`{call}(kind=...)` is "selection" or "conical"; got {kind!r}.')
        return _structured(F, at, kind=kind, tolerance=tolerance, max_pieces=max_pieces)
    try:
        return at_point.conservative_jacobian(F, at, kind=kind, tolerance=tolerance, max_pieces=max_pieces)
    except BudgetError as error:
        point = F.point(at, tolerance=tolerance, call=call)
        found = graph_zonotope(F, point, F.traces(point, limit=max_pieces, call=call), reason=str(error))
        if kind == "conical":
            if found is None or found.exactness is not Exactness.EXACT:
                raise
            return replace(found, kind=kind)
        if found is None:
            raise BudgetError(f"{error} (The ties jump, so that no zonotope is known to hold them.)") from error
        return found


def _structured(
    F: StructuredMap, at: Any, *, kind: str, tolerance: float | None, max_pieces: int
) -> JacobianSet | JacobianZonotope:
    """The zonotope; where cells are asked for and it is not known to be theirs, the cells of the expressions."""
    try:
        return structured_jacobian(F, at, kind=kind, tolerance=tolerance)
    except BudgetError:
        if F.inner.size > LARGEST_SELECTION:
            raise
    return at_point.conservative_jacobian(F.to_selection(), at, kind=kind, tolerance=tolerance, max_pieces=max_pieces)


def jacobian_zonotope(
    F: PiecewiseSelection | StructuredMap, at: Any, *, tolerance: float | None = None
) -> JacobianZonotope:
    """The Jacobians that the program of F may return, as base + Σ t_i u_i v_iᵀ, t ∈ [0, 1]^k, whatever their number.

    Parameters
    ----------
    F : PiecewiseSelection or StructuredMap
    at : mapping of symbol or name to number, or sequence of numbers
    tolerance : float, optional
        For ties at float points (default 1e-9).

    Returns
    -------
    JacobianZonotope
        Where `tight` is False, a superset.

    Raises
    ------
    FunctionError
        Where F has no value or derivative, and when jumps or large nests of ties keep the form from being found.
    ArgumentError, ArgumentTypeError, ShapeError

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> J = jacobian_zonotope(from_sympy("Abs(x) + Max(y, 0)", state=["x", "y"]), [0, 0])
    >>> sorted(J.tie_names), float(J.support([[1.0, 2.0]])), float(J.support([[-1.0, -2.0]]))
    (['Abs(x)', 'Max(0, y)'], 3.0, 1.0)
    """
    call = "jacobian_zonotope"
    if isinstance(F, StructuredMap):
        return structured_jacobian(F, at, kind="selection", tolerance=tolerance)
    if not isinstance(F, PiecewiseSelection):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a PiecewiseSelection or a StructuredMap; got {type(F).__name__}. Make one with "
            "`from_sympy` or `structured`."
        )
    point = F.point(at, tolerance=tolerance, call=call)
    found = graph_zonotope(F, point, F.traces(point, call=call), reason="")
    if found is None:
        raise FunctionError(
            f"`{call}(F=...)`: at {point} the ties jump, or too many entries of [A B] depend on ties that act on each "
            "other. Use `conservative_jacobian`, which lists pieces."
        )
    return found
