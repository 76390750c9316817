"""Wolfe's minimum-norm-point algorithm for many points at once.

Every point keeps its own corral: affinely independent vertices whose convex hull holds the current
nearest point in its relative interior. One sweep factors all corrals, moves every point to the nearest
point of its corral's affine hull or drops the vertices that leave the simplex, and adds the most violated vertex.

The result is a candidate (weights, direction) and proves nothing; `proved_projection` turns it into proved bounds.
Inside, the points are the last axis of every array, so that each operation runs along memory.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.matrix_sets.interrupts import out_of_time

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_DEPENDENT = 1e-15
"""Relative length below which a corral's new edge counts as dependent on the others."""


_NO_WORSE = 1e-14
"""A step may raise the squared distance by this share: turning a thin corral improves the direction alone."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Convex weights and directions for each of n points.

    Shapes: `corral` (n, m), `weights` (n, m), `direction` (n, d). `corral`: vertex numbers; entries with weight zero
    mean nothing. `weights`: nonnegative, with positive sum. `direction`: from the point towards its nearest point in
    the hull.
    """

    corral: Indices
    weights: Floats
    direction: Floats


@dataclass(slots=True)
class _Sweep:
    """The points that are still moving, along the last axis; `row` says where their results go."""

    row: Indices
    at: Floats
    corral: Indices
    weights: Floats
    count: Indices
    best: Floats
    stalls: Indices

    def keep(self, mask: NDArray[np.bool_]) -> "_Sweep":
        which = np.flatnonzero(mask)
        return _Sweep(
            self.row.take(which),
            self.at.take(which, axis=1),
            self.corral.take(which, axis=1),
            self.weights.take(which, axis=1),
            self.count.take(which),
            self.best.take(which),
            self.stalls.take(which),
        )


def nearest_points(points: Floats, vertices: Floats, *, tolerance: Floats, stop_below: float = 0.0) -> Candidates:
    """Candidates for the nearest point of conv(vertices) to every point.

    Shapes: `points` (n, d), `vertices` (k, d), `tolerance` (n,). `tolerance`: A point is done when its primal value
    exceeds its dual value by at most this much. `stop_below`: A point is done, too, when its primal value is at most
    this: it cannot matter to a maximum.
    """
    n, d = points.shape
    room = min(d + 1, vertices.shape[0])
    columns = np.ascontiguousarray(vertices.T)
    half = 0.5 * np.einsum("kd,kd->k", vertices, vertices)
    first = np.argmin(half - points @ columns, axis=1)
    at = np.ascontiguousarray(points.T)
    weights = np.zeros((room, n))
    weights[0] = 1.0
    corral = np.repeat(first[None], room, axis=0)
    result = Candidates(corral.copy(), weights.copy(), columns.take(first, axis=1) - at)
    ones = np.ones(n, dtype=np.intp)
    sweep = _Sweep(np.arange(n), at, corral, weights, ones, np.full(n, np.inf), np.zeros_like(ones))
    for _ in range(20 * (room + 4)):
        if sweep.row.size == 0 or out_of_time():
            break
        sweep = _advance(sweep, columns, tolerance, stop_below, result)
    return Candidates(
        np.ascontiguousarray(result.corral.T),
        np.ascontiguousarray(result.weights.T),
        np.ascontiguousarray(result.direction.T),
    )


def _advance(sweep: _Sweep, vertices: Floats, tolerance: Floats, stop_below: float, result: Candidates) -> _Sweep:
    """One sweep: solve, then either drop vertices (minor step) or look for a better one (major step)."""
    size = int(sweep.count.max())
    corral = sweep.corral[:size]
    active = np.arange(size)[:, None] < sweep.count
    wanted, residual = _affine_minimiser(vertices.take(corral, axis=1), sweep.at, active)
    inside = ((wanted > 0.0) | ~active).all(axis=0)
    _drop(sweep, wanted, active, np.flatnonzero(~inside))
    np.copyto(sweep.weights[:size], np.where(active, wanted, 0.0), where=inside)

    major = np.flatnonzero(inside)
    towards = residual.take(major, axis=1)
    squared = np.einsum("dn,dn->n", towards, towards)
    length = np.sqrt(squared)
    heights = towards.T @ vertices
    newest = heights.argmin(axis=1)
    lowest = heights.ravel().take(np.arange(len(major)) * vertices.shape[1] + newest)
    lowest -= np.einsum("dn,dn->n", towards, sweep.at.take(major, axis=1))
    best, count = sweep.best.take(major), sweep.count.take(major)
    moved = squared <= best * (1.0 + _NO_WORSE)
    sweep.stalls[major] += squared >= best
    done = (
        (squared - lowest <= tolerance.take(sweep.row.take(major)) * length)
        | (length <= stop_below)
        | ~moved
        | (sweep.stalls.take(major) > 3 * len(sweep.corral))
        | (count == len(sweep.corral))
        | ((corral.take(major, axis=1) == newest) & active.take(major, axis=1)).any(axis=0)
    )
    _record(result, sweep, major[moved], residual)

    going = np.flatnonzero(~done)
    behind = major.take(going)
    sweep.best[behind] = np.minimum(squared.take(going), best.take(going))
    sweep.corral[count.take(going), behind] = newest.take(going)
    sweep.count[behind] += 1
    if len(going) == len(major):
        return sweep
    left = np.ones(sweep.row.size, dtype=bool)
    left[major[done]] = False
    return sweep.keep(left)


def _record(result: Candidates, sweep: _Sweep, which: Indices, residual: Floats) -> None:
    rows = sweep.row.take(which)
    result.corral[:, rows] = sweep.corral.take(which, axis=1)
    result.weights[:, rows] = sweep.weights.take(which, axis=1)
    result.direction[:, rows] = residual.take(which, axis=1)


def _drop(sweep: _Sweep, wanted: Floats, active: NDArray[np.bool_], which: Indices) -> None:
    """Move towards the affine minimiser until a weight vanishes, and forget the vertices without weight."""
    if len(which) == 0:
        return
    size = len(active)
    old, new = sweep.weights[:size].take(which, axis=1), wanted.take(which, axis=1)
    alive = active.take(which, axis=1)
    falling = alive & (new <= 0.0)
    step = np.where(falling, old / np.where(falling, np.maximum(old - new, 1e-300), 1.0), np.inf)
    share = step.min(axis=0)
    mixed = np.where(alive, old + share * (new - old), 0.0)
    mixed[falling & (step <= share)] = 0.0
    mixed = np.maximum(mixed, 0.0)
    order = np.argsort(mixed <= 0.0, axis=0, kind="stable") * len(which) + np.arange(len(which))
    sweep.weights[:size, which] = mixed.ravel().take(order)
    sweep.corral[:size, which] = sweep.corral[:size].take(which, axis=1).ravel().take(order)
    sweep.count[which] = (mixed > 0.0).sum(axis=0)


def _affine_minimiser(corners: Floats, points: Floats, active: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Affine weights of, and the vector to, the nearest point of every corral's affine hull.

    Edges from the first corner are orthogonalised twice (classical Gram-Schmidt), so that the vector is
    orthogonal to the corral to working precision also when it is much shorter than the edges. Corners have shape
    (d, size, n), points (d, n).
    """
    d, size, n = corners.shape
    basis = np.zeros((size - 1, d, n))
    upper = np.zeros((size - 1, size - 1, n))
    for j in range(size - 1):
        edge = np.where(active[j + 1], corners[:, j + 1] - corners[:, 0], 0.0)
        scale = np.sqrt(np.einsum("dn,dn->n", edge, edge))
        if j:
            edge, upper[:j, j] = _orthogonalise(edge, basis[:j])
        length = np.sqrt(np.einsum("dn,dn->n", edge, edge))
        free = length > _DEPENDENT * scale
        upper[j, j] = np.where(free, length, 1.0)
        basis[j] = np.where(free, edge, 0.0) / upper[j, j]
    residual = corners[:, 0] - points
    weights = np.zeros((size, n))
    if size > 1:
        residual, share = _orthogonalise(residual, basis)
        for j in reversed(range(size - 1)):
            known = np.einsum("in,in->n", upper[j, j + 1 :], weights[j + 2 :])
            weights[j + 1] = -(share[j] + known) / upper[j, j]
    weights[0] = 1.0 - weights[1:].sum(axis=0)
    return weights, residual


def _orthogonalise(vector: Floats, basis: Floats) -> tuple[Floats, Floats]:
    share = np.einsum("idn,dn->in", basis, vector)
    vector = vector - np.einsum("in,idn->dn", share, basis)
    again = np.einsum("idn,dn->in", basis, vector)
    return vector - np.einsum("in,idn->dn", again, basis), share + again
