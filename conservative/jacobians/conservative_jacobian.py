"""`conservative_jacobian`: by vertices, or as a zonotope where ties are many."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from conservative._core.deadlines import NEVER
from conservative._core.errors import ArgumentTypeError, BudgetError, EmptySetError, FunctionError
from conservative._core.exactness import Exactness
from conservative.functions import PiecewiseSelection
from conservative.functions.arrays.structured_map import LARGEST_SELECTION, StructuredMap
from conservative.functions.piece import MAX_PIECES
from conservative.functions.state_map import StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.jacobians.formula_ties import CALL, AtPoint, check_kind
from conservative.jacobians.jacobian_set import JacobianSet
from conservative.jacobians.jacobian_zonotope import JacobianZonotope
from conservative.jacobians.many_ties import graph_zonotope
from conservative.jacobians.structured_ties import structured_jacobian
from conservative.jacobians.switched_ties import switched_set


def conservative_jacobian(
    F: PiecewiseSelection | StructuredMap | StateMap,
    at: Any = None,
    *,
    kind: str = "program",
    tolerance: float | None = None,
    max_pieces: int = MAX_PIECES,
) -> JacobianSet | JacobianZonotope:
    """The set of Jacobians [A B] of F at a point, in one of three nested readings.

    "program" is the hull over every combination of independent choices at tied switches: all that a program which
    writes F this way may return. A branch of a `Piecewise` takes part where its guard chooses it at the point or
    arbitrarily near it. "selection" goes by values alone, as in the definition of a Lipschitz gradient selection:
    every branch that has the value of F at the point, I(x) = {i : F_i(x) = F(x)}, also one that a guard has decided
    against. Both contain Clarke's Jacobian and are conservative; they agree wherever no guard of a `Piecewise` is
    decided against a branch of equal value. "conical" keeps the combinations that are active along an open cone of
    directions, d with (g_chosen - g_other) . d > 0 for every tie: each is a limit of derivatives, so that
    conical ⊆ Clarke ⊆ program ⊆ selection. Pieces that only a second-order look would see are missed by "conical", and
    with them possibly everything.

    Parameters
    ----------
    F : PiecewiseSelection, StructuredMap, or any StateMap such as `from_numpy` makes
    at : mapping of symbol or name to number, or sequence of numbers, optional
        In the order state, parameters; for a program the point it was built at when left out. Integers, `Fraction`,
        sympy numbers and rational strings are exact.
    kind : {"program", "selection", "conical"}
    tolerance : float, optional
        At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9). At exact points ties are
        decided exactly.
    max_pieces : int
        Most pieces (for "conical": cells) that are listed.

    Returns
    -------
    JacobianSet
        The hull of finitely many blocks, for a `PiecewiseSelection` within the budget. `exactness` is EXACT where the
        set is known to be Clarke's Jacobian: when the hull of the cells agrees with it, or ties are independent, and
        for "conical" also when the search proves that its cells are all there is (see Notes); else OUTER, and INNER
        for "conical". At a float point it speaks of the ties as decided within the tolerance.
    JacobianZonotope
        {base + Σ t_i u_i v_iᵀ : t ∈ [0, 1]^k}, for a `StructuredMap`, and for a `PiecewiseSelection` with more pieces
        than `max_pieces`: the same set without its 2^k vertices where the ties act independently, each with rank one,
        else a superset (`tight` is False). `reason` says how many ties there are. For "conical" only where it is
        proved equal to Clarke's.

    Raises
    ------
    FunctionError, DiscontinuityError
        Where F has no value or derivative, or is not continuous.
    EmptySetError
        When no cell is open to first order, and the regions next to the point cannot be told apart otherwise, as they
        can for ties between polynomials of two variables, often of more, and functions of one ("conical" only).
    BudgetError
        When there are more pieces than `max_pieces` and no zonotope is known to hold them; more cells, and their hull
        is not known to be the zonotope.
    ArgumentError, ArgumentTypeError, ShapeError

    Notes
    -----
    Both kinds of result answer to `state`, `parameter`, `exactness`, `kind`, `tolerance`, `near_ties`, and for few ties
    to `vertices`.

    *Guards.* Where a guard is tied at the point, both its sides stay, unless no point near this one is proved to be on
    the side that would choose a branch: by exact decisions for affine comparisons and for polynomials in one or two
    variables, by sums of squares, and by series in one variable.

    *Continuity.* Jumps along guards beside the point are searched for, not excluded by proof: what `exactness` says is
    said of a function that is continuous near the point.

    *Doubles.* At a float point the tolerance decides which values tie, and nothing else. Once the ties are chosen every
    double is a rational: gradients, cones and equality are decided in exact arithmetic, whatever their scale, and in
    balls of 256 bits from the first node on that is not rational. What these cannot decide is not claimed.

    *Edges.* At a point on the edge of the domain of a root, x**(3/2) at 0, the set is that of the side where F has
    values; `edges` names the root, and `exactness` is not EXACT, since Clarke's Jacobian speaks of a neighbourhood.

    Each piece costs one forward accumulation through the graph. Cells cost in proportion to their number: each cone is
    narrowed exactly, however thin.

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
    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("Piecewise((x, x < 1), (x**2, True))", state="x")
    >>> [conservative_jacobian(F, [0], kind=k).vertices.ravel().tolist() for k in ("program", "selection")]
    [[1.0], [1.0, 0.0]]
    >>> F = from_sympy("Max(-x, 0) + x - Max(x, 0)", state="x")
    >>> sorted(conservative_jacobian(F, {"x": 0}).vertices.ravel().tolist())
    [-1.0, 0.0, 1.0]
    >>> conservative_jacobian(F, {"x": 0}, kind="conical")
    JacobianSet(hull of 1 exact block [A B], 1 × (1 + 0), kind='conical', reading='function', EXACT)
    >>> names = [f"x{i}" for i in range(20)]
    >>> F = from_sympy([f"Max({name}, 0)" for name in names], state=names)
    >>> J = conservative_jacobian(F, [0] * 20)
    >>> J.tie_count, J.exactness.name, float(J.support([[1.0] * 20] * 20))
    (20, 'EXACT', 20.0)
    """
    check_kind(kind, CALL)
    return getter(F, at, tolerance=tolerance, max_pieces=max_pieces)(kind)


class Readings(NamedTuple):
    """One reading that was asked for, and the conical one; None for cells that are not open, or too many."""

    asked: JacobianSet | JacobianZonotope
    conical: JacobianSet | JacobianZonotope | None


def jacobian_readings(
    F: PiecewiseSelection | StructuredMap | StateMap,
    at: Any = None,
    *,
    kind: str = "program",
    tolerance: float | None = None,
    max_pieces: int = MAX_PIECES,
    deadline: float = NEVER,
) -> Readings:
    """A reading of the Jacobian and the conical one beside it, from one search of cells.

    `F`, `at`, `kind`, `tolerance`, `max_pieces`: as in `conservative_jacobian`. `deadline`: of the search of cells,
    which then counts as having found too many. Raises FunctionError, DiscontinuityError, EmptySetError, BudgetError,
    ArgumentError, ArgumentTypeError, ShapeError as `conservative_jacobian` for the reading asked for.
    """
    check_kind(kind, CALL)
    get = getter(F, at, tolerance=tolerance, max_pieces=max_pieces, deadline=deadline)
    return Readings(get(kind), or_none(get, "conical"))


def getter(
    F: PiecewiseSelection | StructuredMap | StateMap,
    at: Any,
    *,
    tolerance: float | None,
    max_pieces: int,
    deadline: float = NEVER,
) -> Callable[[str], JacobianSet | JacobianZonotope]:
    """From a kind to its set at one point; what several kinds need is worked out once."""
    if isinstance(F, StructuredMap):
        return partial(_structured, F, at, tolerance=tolerance, max_pieces=max_pieces, deadline=deadline)
    if isinstance(F, StateMap) and not isinstance(F, PiecewiseSelection):
        return _program_getter(F.switched(at, tolerance=tolerance), max_pieces)
    return AtPoint(F, at, tolerance=tolerance, limit=max_pieces, deadline=deadline).get


def _program_getter(S: SwitchedJacobian, max_pieces: int) -> Callable[[str], JacobianSet | JacobianZonotope]:
    """The readings of a program: "program", and "conical" where that is proved to be Clarke's."""

    def get(kind: str) -> JacobianSet | JacobianZonotope:
        if kind == "selection":
            raise FunctionError(
                f'`{CALL}(kind="selection")` needs all branches with the value of F; a program shows only those that '
                'its guards leave. Use kind="program".'
            )
        found = switched_set(S, max_pieces=max_pieces)
        if kind == "conical" and found.exactness is not Exactness.EXACT:
            raise BudgetError(
                f'`{CALL}(kind="conical")`: the ties of this program are not proved to act independently, and its '
                'cells are not searched. Use kind="program".'
            )
        return replace(found, kind=kind)

    return get


def or_none(get: Callable[[str], JacobianSet | JacobianZonotope], kind: str) -> JacobianSet | JacobianZonotope | None:
    """The set of one kind; None where it is empty, too large, or not finite."""
    try:
        return get(kind)
    except (EmptySetError, BudgetError, FunctionError):
        return None


def _structured(
    F: StructuredMap, at: Any, kind: str, *, tolerance: float | None, max_pieces: int, deadline: float
) -> JacobianSet | JacobianZonotope:
    """The zonotope; where cells are asked for and it is not known to be theirs, the cells of the expressions."""
    try:
        return structured_jacobian(F, at, kind=kind, tolerance=tolerance)
    except BudgetError:
        if F.inner.size > LARGEST_SELECTION:
            raise
    return AtPoint(F.to_selection(), at, tolerance=tolerance, limit=max_pieces, deadline=deadline).get(kind)


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
        return structured_jacobian(F, at, kind="program", tolerance=tolerance)
    if not isinstance(F, PiecewiseSelection):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a PiecewiseSelection or a StructuredMap; got {type(F).__name__}. Make one with "
            "`from_sympy` or `structured`."
        )
    readings = AtPoint(F, at, tolerance=tolerance, limit=MAX_PIECES, call=call)
    found = graph_zonotope(readings.F, readings.point, readings.decided, arithmetic=readings.arithmetic, reason="")
    if found is None:
        raise FunctionError(
            f"`{call}(F=...)`: at {readings.point} the ties jump, or too many entries of [A B] depend on ties that act "
            "on each other. Use `conservative_jacobian`, which lists pieces."
        )
    return found
