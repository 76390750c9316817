"""The fixed set of X ↦ 𝒥(X): its hull with proved errors, and an inner and an outer set."""

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from conservative._core.checks import as_count, as_positive, as_time_limit
from conservative._core.deadlines import DEFAULT_SECONDS, is_over
from conservative._core.errors import ArgumentError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_up
from conservative._core.printable import shown
from conservative.iteration.bounds.choose_norm import contracting_decay
from conservative.iteration.bounds.decay import Decay
from conservative.iteration.fixed.fixed_points import word_points
from conservative.iteration.fixed.fixed_result import FixedSet, FixedSetStatus
from conservative.iteration.fixed.hull_search import HullSearch
from conservative.iteration.fixed.refine import Enclosure, Task, refine
from conservative.iteration.image.epsilon_net import Budget
from conservative.iteration.jacobian_blocks import LARGEST, Blocks, on_quotient, read_blocks
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope
from conservative.matrix_sets.interrupts import searching_until

_LOW = 3
"""Up to this p·m an outer hull is a polytope, with 2 p·m vertices for each of the inner one."""

_COARSE = 1e-2
"""Share of its size within which the hull is found before the sets are refined."""

_FINER = 20.0
"""Time that is kept for the finer hull, in times of the coarse one."""

_LONGEST = 1e9
"""Seconds that stand for no limit where time is shared."""


def fixed_set(
    J: Any,
    *,
    at: Any = None,
    tol: float = 1e-9,
    norm: ArrayLike | None = None,
    representation: str = "auto",
    time_limit: float | None = DEFAULT_SECONDS,
    max_cells: int = 200_000,
) -> FixedSet:
    """Inner and outer sets of the fixed set of X ↦ 𝒥(X), and its hull.

    Parameters
    ----------
    J : JacobianSet, MatrixPolytope, FiniteSet or array_like of shape (k, p, p + m)
        Blocks [A_i B_i]; a `FiniteSet` stands for the finite family (an iterated function system), everything else
        for the hull. Both have the same hull of the fixed set. A function stands for its Jacobians at a point.
    at : mapping or sequence of numbers, optional
        The point of a function; for a program the one it was built at unless given.
    tol : float
        Absolute: Hausdorff distance within which the hull is wanted, and the set.
    norm : array_like, shape (p, p), optional
        A positive definite P whose norm contracts, for families with ‖A‖₂ ≥ 1.
    representation : {"auto", "hull"}
        ``"hull"`` finds the hull alone, which is much cheaper; inner and outer sets are then points and a fattened
        hull, and `distance` is a bound that needs no search.
    time_limit : float, optional
        Seconds; 10 by default, None is no limit. They are for finding the hull (half of them where the
        fixed set is not known to be convex), and for refining the inner and the outer set there. The way to a small
        `tol` leads by the sets of larger ones, so that a smaller one never gives a worse set; a `tol` that is out of
        reach takes all the time or cells.
    max_cells : int
        Most cells or points of the inner and outer sets.

    Returns
    -------
    FixedSet

    Raises
    ------
    ExpansionError
        If a word of state blocks has spectral radius above 1: no norm contracts. The message names the word.
    BudgetError
        If neither a contracting norm nor an expanding word was found.
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Notes
    -----
    From fixed points of short words, K grows by its images. Whatever K is, with T = Σ_s c_s ≥ the sum of the norms of
    all products (1/(1 − ρ) under Assumption A), gap(conv fix, K) ≤ T gap(𝒥(K), K) and gap(K, conv fix) ≤ T gap(K,
    𝒥(K)): the first bounds what the hull misses, the second the rounding of its seeds. Every few rounds the points
    that repeat the vertices' construction for ever are added, which ends the growth when the hull is a polytope. If 𝒥
    is a hull and p·m = 1, or all A_i are equal, then fix(𝒥) is convex and `inner` is the hull.

    Where all A leave directions N in place, as Sinkhorn's steps do constants, X is determined modulo N: the sets are
    those of [P A  P B] with P = Id − N Nᵀ, of the representatives orthogonal to N.

    Ctrl-C returns the sets found until then. Before the blocks are proved to contract there are none, and it is raised.

    Sets of sizes beyond 1e100 or below 1e-100 keep their points and hull only: there is no room for squares there.
    Otherwise points of fix(𝒥) are collected until all their images are near them: gap(fix, 𝒴) ≤ T gap(𝒥(𝒴), 𝒴) makes
    balls around them an outer set. Where they are few, their images conv{A_i x + B_i} are the inner set, and these with
    a margin smaller by ‖A‖ the outer one. The plane has regions instead (`iterate_true` tells how).

    Examples
    --------
    >>> found = fixed_set([[[-0.75, 1.0]], [[-0.25, 1.0]]], tol=1e-9)
    >>> found.hull.vertices.ravel().round(9).tolist(), found.status.name
    ([0.307692308, 0.923076923], 'CONVEX')

    The middle-thirds set is that of a finite family:

    >>> cantor = fixed_set(FiniteSet([[[1 / 3, 0]], [[1 / 3, 2 / 3]]]), tol=1e-3)
    >>> cantor.status.name, cantor.outer.contains([[[1 / 3]], [[0.5]]]).tolist()
    ('SET', [True, False])
    """
    budget, seconds = _budget(tol, representation, time_limit, max_cells)
    blocks, kept = on_quotient(read_blocks(J, call="fixed_set", at=at))
    decay = contracting_decay(blocks.A, norm=norm, call="fixed_set(J=...)")
    found = _found(blocks, decay, representation, tol, budget, seconds)
    return found if kept is None else replace(found, quotient=kept)


def hull_of_fixed_set(J: Any, decay: Decay, *, tol: float, time_limit: float | None) -> FixedSet:
    """`fixed_set` with ``representation="hull"``, where constants of the same blocks are known already."""
    budget, seconds = _budget(tol, "hull", time_limit, 1)
    return _found(read_blocks(J, call="fixed_set"), decay, "hull", tol, budget, seconds)


def _found(blocks: Blocks, decay: Decay, representation: str, tol: float, budget: Budget, seconds: float) -> FixedSet:
    refined = representation != "hull" and not _is_convex(blocks)
    search = HullSearch(blocks, decay)
    found = None
    try:
        if not refined:
            wanted = tol / (1.1 * _overhang(blocks.B[0].size)) if _is_convex(blocks) else tol
            return _enclosed(search, search.run(wanted, budget.deadline), tol)
        # A hull to start from, the sets, and what the hull needs beyond: the sets never wait for a fine hull.
        begun, share = time.monotonic(), 0.25 * min(seconds, _LONGEST)
        coarse = _COARSE * _extent(blocks) or tol
        found = _enclosed(search, search.run(coarse, budget.deadline - 3.0 * share), tol)
        share = min(share, _FINER * (time.monotonic() - begun))
        over = is_over(budget.deadline)  # then finer sets and a finer hull are not begun
        if not over and 1.0 / LARGEST < found.outer.radius < LARGEST:  # regions and nets have no room beyond
            found = _refined(search, found, Budget(budget.deadline - share, budget.cells), tol)
        if found.status is FixedSetStatus.INTERRUPTED or search.error <= tol:
            return found
        status = FixedSetStatus.TIME_LIMIT if over else search.run(tol, budget.deadline)
        if found.distance.upper > tol:
            found = replace(found, status=found.status if status is FixedSetStatus.HULL else status)
        return replace(found, hull=search.best)
    except KeyboardInterrupt:
        if not hasattr(search, "best"):
            search.begin()
        if found is None:
            found = _enclosed(search, FixedSetStatus.INTERRUPTED, tol)
        return replace(found, hull=search.best, status=FixedSetStatus.INTERRUPTED)


def _budget(tol: float, representation: str, time_limit: float | None, max_cells: int) -> tuple[Budget, float]:
    """When to stop, and the seconds until then."""
    as_positive(tol, call="fixed_set", argument="tol")
    if not isinstance(representation, str) or representation not in ("auto", "hull"):
        raise ArgumentError(f'`fixed_set(representation=...)` needs "auto" or "hull"; got {shown(representation)}.')
    cells = as_count(max_cells, call="fixed_set", argument="max_cells", least=1)
    seconds = as_time_limit(time_limit, call="fixed_set")
    return Budget(time.monotonic() + seconds, cells), seconds


def _extent(blocks: Blocks) -> float:
    """About the size of the fixed set."""
    points = word_points(blocks)
    return float(frobenius_bounds(points.max(axis=0) - points.min(axis=0))[1])


def _refined(search: HullSearch, found: FixedSet, budget: Budget, tol: float) -> FixedSet:
    """Narrower inner and outer sets, as far as the budget goes."""
    start = Enclosure(found.inner, found.outer, found.distance)
    seeds = np.concatenate([word_points(search.blocks), search.points])
    task = Task(search.blocks, search.decay, seeds, search.seed_error, tol, budget, start)
    status = FixedSetStatus.HULL
    try:
        with searching_until(budget.deadline):
            status = status if refine(task) else FixedSetStatus.TIME_LIMIT
    except KeyboardInterrupt:
        status = FixedSetStatus.INTERRUPTED
    best = task.best
    if best.distance.upper <= tol:
        status = FixedSetStatus.SET
    return FixedSet(best.inner, best.outer, found.hull, best.distance, status, search.decay)


def _enclosed(search: HullSearch, status: FixedSetStatus, tol: float) -> FixedSet:
    """Inner and outer sets from the hull, within a bound that needs no search."""
    blocks, best = search.blocks, search.best
    outer, margin = _fattened(best)
    if _is_convex(blocks):
        if status is FixedSetStatus.HULL:
            status = FixedSetStatus.CONVEX if margin <= tol else FixedSetStatus.BUDGET
        return FixedSet(best, outer, best, Bracket(0.0, margin), status, search.decay)
    points = np.concatenate([search.points, best.vertices])
    e_extra = max(search.seed_error, best.e_extra)
    # A mean of vertices is within their circumradius of one of them.
    middle = 0.5 * best.vertices.min(axis=0) + 0.5 * best.vertices.max(axis=0)
    reach = float(frobenius_bounds(best.vertices - middle)[1].max()) * (1.0 + 1e-12)
    away = round_up(reach + margin)
    inner = FiniteSet(points, exactness=Exactness.INNER, e_missing=away, e_extra=e_extra)
    centre = (best.vertices / len(best.vertices)).sum(axis=0)  # in the outer set, up to rounding
    apart = max(0.0, float(inner.project(centre).lower) - 4.0 * len(best.vertices) * UNIT_ROUNDOFF * best.radius)
    loose = replace(outer, e_extra=round_up(away + e_extra))
    return FixedSet(inner, loose, best, Bracket(min(apart, away), away), status, search.decay)


def _is_convex(blocks: Blocks) -> bool:
    """Whether fix(𝒥) is convex: hulls of numbers, and hulls of maps that differ in B only."""
    return blocks.convex and (blocks.B[0].size == 1 or bool((blocks.A[0] == blocks.A).all()))


def _overhang(d: int) -> float:
    """How far beyond what an inner hull misses its outer set reaches."""
    return math.sqrt(d) if d <= _LOW else 1.0


def _fattened(K: MatrixPolytope) -> tuple[MatrixPolytope | CellUnion, float]:
    """A set that holds every matrix within `e_missing` of K, and how far it reaches beyond K.

    It is a polytope where few vertices make one, K plus a cross-polytope of radius √d e; elsewhere K plus a ball.
    """
    d = K.shape[0] * K.shape[1]
    reach = round_up(K.e_missing * _overhang(d) * (1.0 + 2.0**-50)) + 4.0 * np.spacing(K.radius)
    e_extra = round_up(1.01 * reach + K.e_extra)
    if d > _LOW:
        return CellUnion(K.vertices[None], reach, exactness=Exactness.OUTER, e_extra=e_extra), reach
    steps = np.concatenate([np.eye(d), -np.eye(d)]).reshape(-1, *K.shape) * reach
    moved = (K.vertices[:, None] + steps).reshape(-1, *K.shape)
    return MatrixPolytope(moved, exactness=Exactness.OUTER, e_extra=e_extra), round_up(1.001 * reach)
