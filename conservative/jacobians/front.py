"""`conservative_jacobian`: by vertices, or as a zonotope where ties are many and independent."""

from typing import Any

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, FunctionError
from conservative.functions import PiecewiseSelection
from conservative.functions.selection import MAX_PIECES
from conservative.functions.structured_map import StructuredMap
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
        than `max_pieces` whose ties act independently: the same set without its 2^k vertices, or a superset where a tie
        changes the block by more than rank one. `reason` says how many ties there are.

    Raises
    ------
    FunctionError, DiscontinuityError
        Where F has no value or derivative, or is not continuous.
    EmptySetError
        When no cell is open to first order ("conical" only).
    BudgetError
        When there are more pieces than `max_pieces` and no zonotope is known to hold them.
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
        return structured_jacobian(F, at, kind=kind, tolerance=tolerance)
    try:
        return at_point.conservative_jacobian(F, at, kind=kind, tolerance=tolerance, max_pieces=max_pieces)
    except BudgetError as error:
        if kind != "selection":
            raise
        point = F.point(at, tolerance=tolerance, call=call)
        found = graph_zonotope(F, point, F.traces(point, limit=max_pieces, call=call), reason=str(error))
        if found is None:
            raise BudgetError(f"{error} (The ties act on each other, so that no zonotope holds them.)") from error
        return found


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
            f"`{call}(F=...)`: at {point} the ties jump, or act on each other in groups of more than 256 members. Use "
            "`conservative_jacobian`, which lists pieces."
        )
    return found
