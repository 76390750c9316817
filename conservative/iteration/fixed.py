"""The fixed set of X ↦ 𝒥(X): its hull with proved errors, and an inner and an outer set."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from conservative._core.checks import as_count, as_distance, as_positive
from conservative._core.errors import ArgumentError
from conservative._core.exactness import Exactness
from conservative._core.numbers import Bracket, largest, round_up
from conservative.iteration._fixed_points import word_points
from conservative.iteration._hull_search import HullSearch
from conservative.iteration._net import Budget
from conservative.iteration._refine import Enclosure, Task, refine
from conservative.iteration.blocks import LARGEST, Blocks, read_blocks
from conservative.iteration.contraction import contracting_decay
from conservative.iteration.fixed_result import FixedSet, FixedSetStatus
from conservative.matrix_sets import FiniteSet, MatrixPolytope
from conservative.matrix_sets._cells import farthest_in_hull
from conservative.matrix_sets._interrupts import searching_until
from conservative.matrix_sets.gaps import measured_distance, measured_gap

_CELLS = 4_000


def fixed_set(
    J: Any,
    *,
    tol: float = 1e-9,
    norm: ArrayLike | None = None,
    representation: str = "auto",
    time_limit: float = 10.0,
    max_cells: int = 200_000,
) -> FixedSet:
    """Inner and outer sets of the fixed set of X ↦ 𝒥(X), and its hull.

    Parameters
    ----------
    J : JacobianSet, MatrixPolytope, FiniteSet or array_like of shape (k, p, p + m)
        Blocks [A_i B_i]; a `FiniteSet` stands for the finite family (an iterated function system), everything else
        for the hull. Both have the same hull of the fixed set.
    tol : float
        Hausdorff distance within which the hull is wanted, and the set.
    norm : array_like, shape (p, p), optional
        A positive definite P whose norm contracts, for families with ‖A‖₂ ≥ 1.
    representation : {"auto", "hull"}
        ``"hull"`` finds the hull alone, which is much cheaper; inner and outer sets are then points and an outer
        hull.
    time_limit : float
        Seconds for finding the hull (half of them where the fixed set is not known to be convex), and for refining
        the inner and the outer set there; looked at between rounds. A `tol` that clearly needs more than `max_cells`
        cells is pursued for a second only.
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
    budget = _budget(tol, representation, time_limit, max_cells)
    blocks = read_blocks(J, call="fixed_set")
    decay = contracting_decay(blocks.A, norm=norm, call="fixed_set(J=...)")
    both = representation != "hull" and not _is_convex(blocks)
    search = HullSearch(blocks, decay, tol, budget.deadline - (0.5 * time_limit if both else 0.0))
    status = search.run()
    found = _enclose(search, status)
    if representation == "hull" or found.status in (FixedSetStatus.CONVEX, FixedSetStatus.INTERRUPTED):
        return found
    if not 1.0 / LARGEST < found.outer.radius < LARGEST:
        return found  # regions and nets have no room there; the hull and points have
    return _refined(search, found, budget)


def _budget(tol: float, representation: str, time_limit: float, max_cells: int) -> Budget:
    as_positive(tol, call="fixed_set", argument="tol")
    if not isinstance(representation, str) or representation not in ("auto", "hull"):
        raise ArgumentError(f'`fixed_set(representation=...)` needs "auto" or "hull"; got {representation!r}.')
    cells = as_count(max_cells, call="fixed_set", argument="max_cells", least=1)
    seconds = as_distance(time_limit, call="fixed_set", argument="time_limit", wanted="at least 0 seconds")
    return Budget(time.monotonic() + seconds, cells)


def _refined(search: HullSearch, found: FixedSet, budget: Budget) -> FixedSet:
    """Narrower inner and outer sets, as far as the budget goes."""
    start = Enclosure(found.inner, found.outer, found.distance)
    seeds = np.concatenate([word_points(search.blocks), search.points])
    task = Task(search.blocks, search.decay, seeds, search.seed_error, search.tol, budget, start)
    status = found.status
    try:
        refine(task)
    except KeyboardInterrupt:
        status = FixedSetStatus.INTERRUPTED
    best = task.best
    if best.distance.upper <= search.tol:
        status = FixedSetStatus.SET
    return FixedSet(best.inner, best.outer, found.hull, best.distance, status, search.decay)


def _enclose(search: HullSearch, status: FixedSetStatus) -> FixedSet:
    """Inner and outer sets from the hull."""
    blocks, best = search.blocks, search.best
    outer = _inflated(best)
    if _is_convex(blocks):
        status = FixedSetStatus.CONVEX if status is FixedSetStatus.HULL else status
        # Both sets are within their errors of fix(𝒥): good enough if measuring is interrupted.
        known = Bracket(0.0, round_up(round_up(best.e_missing + best.e_extra) + outer.e_extra))
        distance, status = _measured(lambda: measured_distance(best, outer), known, status, search.deadline)
        return FixedSet(best, outer, best, distance, status, search.decay)
    points = FiniteSet(np.concatenate([word_points(blocks), search.points]))
    distance, status = _measured(
        lambda: largest((farthest_in_hull(outer, points, tol=search.tol, budget=_CELLS), measured_gap(points, outer))),
        Bracket(0.0, round_up(points.radius + outer.radius)),
        status,
        search.deadline,
    )
    e_extra = search.seed_error
    inner = FiniteSet(points.points, exactness=Exactness.INNER, e_missing=distance.upper, e_extra=e_extra)
    outer = MatrixPolytope(
        outer.vertices, exactness=Exactness.OUTER, e_missing=0.0, e_extra=round_up(distance.upper + e_extra)
    )
    return FixedSet(inner, outer, best, distance, status, search.decay)


def _measured(
    measure: Callable[[], Bracket], known: Bracket, status: FixedSetStatus, deadline: float
) -> tuple[Bracket, FixedSetStatus]:
    """A distance, or what is known of it if measuring is interrupted."""
    try:
        with searching_until(deadline):
            return measure(), status
    except KeyboardInterrupt:
        return known, FixedSetStatus.INTERRUPTED


def _is_convex(blocks: Blocks) -> bool:
    """Whether fix(𝒥) is convex: hulls of numbers, and hulls of maps that differ in B only."""
    return blocks.convex and (blocks.B[0].size == 1 or bool((blocks.A[0] == blocks.A).all()))


def _inflated(K: MatrixPolytope) -> MatrixPolytope:
    """A polytope that holds every matrix within `e_missing` of K: K plus a cross-polytope of radius √d e."""
    p, m = K.shape
    d = p * m
    reach = round_up(K.e_missing * np.sqrt(d) * (1.0 + 2.0**-50)) + 4.0 * np.spacing(K.radius)
    steps = np.concatenate([np.eye(d), -np.eye(d)]).reshape(-1, p, m) * reach
    moved = (K.vertices[:, None] + steps).reshape(-1, p, m)
    return MatrixPolytope(moved, exactness=Exactness.OUTER, e_extra=round_up(1.01 * reach + K.e_extra))
