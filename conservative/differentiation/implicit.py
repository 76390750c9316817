"""Implicit differentiation at a kink: J_imp = {(Id − A)⁻¹B : [A B] ∈ 𝒥}, and what an output makes of it."""

from dataclasses import replace
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_choice
from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.exactness import Exactness
from conservative._core.families.as_family import ExactMatrix
from conservative._core.numbers import round_up
from conservative._core.printable import shown
from conservative._core.result_lines import count
from conservative.differentiation.implicit_reduced import ReducedTies
from conservative.differentiation.implicit_result import ImplicitJacobian
from conservative.differentiation.implicit_systems import (
    LISTED_TIES,
    VertexBlocks,
    act_alone,
    form_at,
    listed_where_few,
    of_set,
    of_zonotope,
)
from conservative.differentiation.implicit_vertices import (
    CALL,
    VertexSolves,
    exact_doubles,
    rounding_of,
    solve_vertices,
)
from conservative.differentiation.jumps import refuse_jumps
from conservative.differentiation.mixtures import find_singular_mixture, proves_regular
from conservative.differentiation.resolvents import Resolvent
from conservative.functions import PiecewiseSelection, StateMap
from conservative.functions.arrays.structured_map import StructuredMap
from conservative.functions.points import DEFAULT_TOLERANCE
from conservative.functions.state_map import refuse_without_fixed_point
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.jacobians import JacobianSet, JacobianZonotope, conservative_jacobian

Floats = NDArray[np.float64]

_RATIONAL = 250_000
"""Number of blocks times p³ up to which solves are rational."""

_SHOWN = 32
"""Most solves that stand for those of many ties."""

_ALL = 4_000_000
"""Numbers of all choices together up to which they bound the entries."""

_SOLVERS = ("auto", "rational", "float", "krylov")


def implicit_jacobian(
    F_or_J: JacobianSet | JacobianZonotope | SwitchedJacobian | StateMap, at: Any = None, *, solver: str = "auto"
) -> ImplicitJacobian:
    """J_imp = {(Id − A)⁻¹B : [A B] ∈ 𝒥}, through its vertex solves, and the derivatives of the output.

    Parameters
    ----------
    F_or_J : StateMap, JacobianSet, JacobianZonotope or SwitchedJacobian
        A map stands for its Jacobians at a point; an algorithm has an output beside them. Else blocks [A B], shape
        (k, p, p + m) with m ≥ 1.
    at : mapping or sequence of numbers, optional
        The point of a map, states first; for a program the one it was built at unless given.
    solver : {"auto", "rational", "float", "krylov"}
        Rational arithmetic; doubles with a proved bound of the residual's effect; or products with A alone. By default
        rational while the number of blocks times p³ is at most 250,000, and products for large programs that move many
        states.

    Returns
    -------
    ImplicitJacobian

    Raises
    ------
    ArgumentError
        If there is no parameter, or Id − A is singular at a vertex or at a mixture of vertices, also modulo its kernel
        (the message says which).
    DiscontinuityError
        If a program whose control decides at the point jumps beside it: semismooth Newton steps, restarts, greedy
        choices.
    NonFiniteError
        If a solve leaves the doubles' range.

    Notes
    -----
    *When the hull is all.* The hull is exactly J_imp in three cases, decided in exact arithmetic. With p = 1 the map
    (a, b) ↦ b/(1 − a) is a perspective, which keeps segments. With one common A it is
    linear. With two vertices that differ by a rank-one matrix u vᵀ, Sherman–Morrison moves
    the solve along a segment, and det(Id − A) is affine along it, so that equal signs at the
    ends prove invertibility. In general only the vertices are claimed. Solves run in rational
    arithmetic: the doubles in `vertices` are their correctly rounded values.

    *Singular Id − A.* Where all vertices share a kernel N of Id − A, each A acts modulo N, and the state is
    determined modulo N if 1 is no eigenvalue there: the constants of Sinkhorn's algorithm, a constraint that is
    written twice. An output that N does not move is determined as it is. At a vertex with a kernel of its own, the
    output is all that is answered for.

    *Many ties.* With G = (Id − A₀)⁻¹ at the choice that the program takes, X(s) = X₀ + G Y (Id − S M)⁻¹ S Q₀ with
    M = L + Z_A G Y of size k: one solve for all choices. Beyond 12 ties of two sides vertices are not listed;
    `entries` are between bounds.

    *Large programs* are asked for products only. Where A has rows of zeros, as off an active set, the solve has the
    size of the others.

    References
    ----------
    Bolte, Le, Pauwels, Silveti-Falls, Nonsmooth implicit differentiation, 2021.

    Examples
    --------
    θ − x/4 for x ≥ 0 and θ − 3x/4 for x < 0, at the kink:

    >>> import conservative as cj
    >>> J = cj.JacobianSet.from_blocks([[["-1/4"]], [["-3/4"]]], [[[1]], [[1]]])
    >>> solution = cj.implicit_jacobian(J)
    >>> solution.exact_vertices
    (((Fraction(4, 5),),), ((Fraction(4, 7),),))
    >>> solution.exactness.name
    'EXACT'

    An algorithm's state is determined modulo constants, its plan is:

    >>> problem = cj.problems.optimal_transport([[0, 1], [1, 0]])
    >>> found = cj.implicit_jacobian(cj.algorithms.sinkhorn(problem))
    >>> found.quotient.shape, found.output_vertices.ravel().round(6).tolist()
    ((2, 1), [-0.098306, 0.098306, 0.098306, -0.098306])
    """
    solver = as_choice(solver, _SOLVERS, call=CALL, argument="solver")
    if isinstance(F_or_J, (JacobianSet, JacobianZonotope, SwitchedJacobian)):
        if at is not None:
            raise ArgumentError(f"`{CALL}(at=...)` is the point of a function; blocks need none. Leave it out.")
        return _of_set(F_or_J, solver)
    if isinstance(F_or_J, StructuredMap):
        return _of_set(conservative_jacobian(F_or_J, at), solver)
    if not isinstance(F_or_J, StateMap):
        raise ArgumentTypeError(
            f"`{CALL}(F_or_J=...)` needs a map F(x, θ), or a set of Jacobians as `conservative_jacobian` returns; got "
            f"{shown(F_or_J)}."
        )
    if F_or_J.size != F_or_J.state_size:
        raise ArgumentError(
            f"`{CALL}(F_or_J=...)` needs a map of the state to itself; F has {F_or_J.size} components for "
            f"{F_or_J.state_size} states."
        )
    refuse_without_fixed_point(F_or_J, call=CALL)
    values = F_or_J.point(at, call=CALL).values
    form = None if isinstance(F_or_J, PiecewiseSelection) else form_at(F_or_J, values)
    if form is not None:
        refuse_jumps(F_or_J, form, values, call=CALL)
    try:
        found = _at(F_or_J, values, form, solver)
    except ArgumentError as error:
        if form is None or not form.warnings:
            raise
        raise ArgumentError(f"{error} Note: {'; '.join(form.warnings)}.") from error
    moved = _moved(F_or_J, values, form)
    size = float(np.abs(moved).max(initial=0.0))
    found = replace(found, residual=size, proved=found.proved and not size)
    scale = max(1.0, max(abs(float(value)) for value in values))
    return found if size <= DEFAULT_TOLERANCE * scale else _with_drift(F_or_J, values, moved, found, solver)


def _moved(F: StateMap, values: tuple[Any, ...], form: SwitchedJacobian | None) -> Floats:
    """F(x, θ) − x, in doubles; from the form where that was made, so that F is not run again."""
    p = F.state_size
    if form is None or np.shape(form.value)[:1] < (p,):
        return np.asarray(F.residual(values).values, dtype=np.float64)
    x = np.array(values[:p], dtype=object if form.exact else np.float64)
    return np.asarray(form.value[:p] - x, dtype=np.float64)


def _at(F: StateMap, values: tuple[Any, ...], form: SwitchedJacobian | None, solver: str) -> ImplicitJacobian:
    """From the form of a map at a point, or from the set of a formula."""
    return _of_set(conservative_jacobian(F, values) if form is None else form, solver)


def _of_set(J: JacobianSet | JacobianZonotope | SwitchedJacobian, solver: str) -> ImplicitJacobian:
    """From vertices or ties; of a zonotope that covers a set, what is found covers J_imp."""
    if isinstance(J, JacobianSet):
        return _solved(of_set(J, near=J.kind != "blocks"), solver)
    if isinstance(J, SwitchedJacobian):
        return _solved(listed_where_few(J), solver)
    found = _solved(of_zonotope(J), solver)
    return found if J.tight else replace(found, exactness=Exactness.OUTER)


def _solved(system: VertexBlocks | SwitchedJacobian, solver: str) -> ImplicitJacobian:
    rows, n = system.blocks.shape[1:] if isinstance(system, VertexBlocks) else system.shape
    p = system.state_size
    if n <= p:
        raise ArgumentError(
            f"`{CALL}(F_or_J=...)` needs blocks [A B] with a parameter part; got shape ({rows}, {n}). "
            "Name the parameters when the function is built."
        )
    if isinstance(system, SwitchedJacobian):
        if solver == "rational":
            raise ArgumentError(
                f'`{CALL}(solver="rational")` lists the vertices of few ties and states; here are '
                f"{count(len(system.ties), 'tie')} of {count(p, 'state')}. Leave `solver` out."
            )
        return _of_ties(system, krylov=solver == "krylov")
    rational = solver == "rational" or (solver == "auto" and len(system.blocks) * p**3 <= _RATIONAL)
    solves = solve_vertices(system, rational=rational)
    mixture = find_singular_mixture(solves.systems, system.weights) if solves.common else None
    if mixture is not None:
        raise ArgumentError(
            f"`{CALL}(F_or_J=...)`: Id − A is singular at a mixture of its vertices, {mixture}, though at none of "
            "them: the implicit formula is undefined there. Iterate the set instead (`iterate_set`)."
        )
    return _of_vertices(system, solves)


def _of_vertices(system: VertexBlocks, solves: VertexSolves) -> ImplicitJacobian:
    exact = solves.states.dtype == object
    X, W = (exact_doubles(part) if exact else part for part in (solves.states, solves.outputs))
    error, output_error = (
        rounding_of(part) if exact else float(errors.max())
        for part, errors in ((X, solves.errors), (W, solves.output_errors))
    )
    A = system.in_floats().parts[0]
    regular = solves.common and proves_regular(A, solves.systems, system.weights)
    simple = len(X) == 1 or A.shape[1] == 1 or not (A - A[0]).any() or _rank_one_segment(system)
    spans = regular and (simple or system.weights is not None)
    has_output = W.shape[1] > 0
    exact_states, exact_outputs = (_nested(part) if exact else None for part in (solves.states, solves.outputs))
    found = ImplicitJacobian(
        vertices=X,
        exact_vertices=exact_states,
        exactness=Exactness.EXACT if simple and (regular or solves.common) else Exactness.INNER,
        invertible=True if regular or (simple and solves.common) else None,
        error=error,
        output_vertices=W if has_output else X,
        exact_output_vertices=exact_outputs if has_output else exact_states,
        output_error=output_error if has_output else error,
        kernels=solves.kernels,
        output_kernels=solves.output_kernels if has_output else solves.kernels,
    )
    if not (spans or (simple and solves.common)):
        return found
    entries = _between(X, error)
    return replace(found, entries=entries, output_entries=_between(W, output_error) if has_output else entries)


def _of_ties(S: SwitchedJacobian, *, krylov: bool) -> ImplicitJacobian:
    """Many ties, or products alone: in doubles, without a proof of their rounding."""
    if S.others:
        raise ArgumentError(
            f"`{CALL}(F=...)`: the program's control depends on ties, and it is too large for its blocks to be listed. "
            "Write decisions as `where`, `maximum` or masks."
        )
    reduced = ReducedTies(S, krylov=krylov)
    k, has_output = len(S.Z), S.shape[0] > S.state_size
    sure = reduced.regular
    entries, first = _entries(reduced, reduced.X0, reduced.G)
    outputs, second = _entries(reduced, reduced.W0, reduced.H) if has_output else (entries, first)
    chosen = first if first is second or not k else np.unique(np.vstack([first, second]), axis=0)
    if S.choices <= _SHOWN:
        chosen = S.weights(list(S.patterns())).astype(float)
    X, W = reduced.solves(chosen[:_SHOWN])
    size = 1.0 + float(np.abs(reduced.G).sum(axis=0).max(initial=0.0))
    error = round_up(size * (reduced.away + 1e-13 * (1.0 + float(np.abs(X).max(initial=0.0)))))
    seen = np.zeros((S.shape[0] - S.state_size, 0))
    return ImplicitJacobian(
        vertices=X,
        exact_vertices=None,
        exactness=Exactness.EXACT if not k else Exactness.INNER,
        invertible=True if sure else None,
        error=error,
        output_vertices=W if has_output else X,
        exact_output_vertices=None,
        output_error=error,
        kernels=(reduced.kernel,) * len(X),
        output_kernels=((seen,) if has_output else (reduced.kernel,)) * len(X),
        entries=entries if sure else None,
        output_entries=outputs if sure else None,
        proved=False,
    )


def _entries(reduced: ReducedTies, T0: Floats, T: Floats) -> tuple[Floats, Floats]:
    """Bounds of the entries, and choices that attain or nearly attain the widest; what no tie moves stays.

    Where ties are few, every choice is one product: the bounds are then those of the vertices.
    """
    found, k = np.stack([T0, T0], axis=-1), T.shape[1]
    moved = np.flatnonzero(T.any(axis=1))
    if not len(moved):
        return found, np.zeros((1, k))
    S, (c, m) = reduced.S, T0[moved].shape
    bounds = reduced.bounds(T0[moved], T[moved])
    if act_alone(S) and S.choices * c * m <= _ALL and S.choices <= 1 << LISTED_TIES:
        values = T0[moved] + T[moved] @ reduced.turned(S.weights(list(S.patterns())).astype(float))
        slack = 1e-12 * (1.0 + np.abs(values).max())
        near = _between(values, slack)
        bounds = np.stack([np.maximum(bounds[..., 0], near[..., 0]), np.minimum(bounds[..., 1], near[..., 1])], axis=-1)
    found[moved] = bounds
    widest = np.argsort(-(bounds[..., 1] - bounds[..., 0]), axis=None)[: _SHOWN // 4]
    rows, columns = np.unravel_index(widest, (c, m))
    _, weights = reduced.attained(T0[moved][rows], T[moved][rows], columns)
    return found, np.unique(weights.reshape(-1, k), axis=0)


def _between(X: Floats, error: float) -> Floats:
    return np.stack([X.min(axis=0) - error, X.max(axis=0) + error], axis=-1)


def _with_drift(
    F: StateMap, values: tuple[Any, ...], moved: Floats, found: ImplicitJacobian, solver: str
) -> ImplicitJacobian:
    """The error with what one step of Newton's method towards the fixed point changes, by the program's own A."""
    p = F.state_size
    at = [float(value) for value in values]
    step = getattr(F, "linearized", F.switched)(at)
    try:
        toward = Resolvent(step).solve(np.asarray(moved, dtype=np.float64)[:, None])[:, 0]
        moved_to = (*(np.array(at[:p]) + toward).tolist(), *at[p:])
        form = None if isinstance(F, PiecewiseSelection) else form_at(F, moved_to)
        later = _at(F, moved_to, form, solver)
    except ArgumentError:
        return replace(found, error=np.inf, output_error=np.inf, entries=None, output_entries=None)
    pairs = ((found.vertices, later.vertices), (found.output_vertices, later.output_vertices))
    drifts = [2.0 * _apart(before, after) for before, after in pairs]
    wider = [
        None if entries is None else entries + np.array([-drift, drift])
        for entries, drift in zip((found.entries, found.output_entries), drifts, strict=True)
    ]
    return replace(
        found, error=found.error + drifts[0], output_error=found.output_error + drifts[1], entries=wider[0],
        output_entries=wider[1],
    )  # fmt: skip


def _apart(before: Floats, after: Floats) -> float:
    """How far the farthest of the solves is from the nearest of the others, either way."""
    gaps = np.linalg.norm((before[:, None] - after[None]).reshape(len(before), len(after), -1), axis=2)
    return float(max(gaps.min(axis=0).max(), gaps.min(axis=1).max()))


def _nested(solves: NDArray[Any]) -> tuple[ExactMatrix, ...]:
    return tuple(tuple(map(tuple, solve)) for solve in solves.tolist())


def _rank_one_segment(system: VertexBlocks) -> bool:
    if len(system.blocks) != 2:
        return False
    p = system.state_size
    difference = system.in_rationals().blocks[:, :p]
    rows = [[flint.fmpq(x.numerator, x.denominator) for x in row] for row in (difference[0] - difference[1]).tolist()]
    return int(flint.fmpq_mat(rows).rank()) <= 1
