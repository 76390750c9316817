"""Wolfe's minimum-norm-point algorithm for many points at once.

Every point keeps its own corral: affinely independent vertices whose convex hull holds the current
nearest point in its relative interior. One sweep factors all corrals, moves every point to the nearest
point of its corral's affine hull or drops the vertices that leave the simplex, and adds the most violated vertex.

The result is a candidate (weights, direction) and proves nothing; `_enclosure` turns it into proved bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_DEPENDENT = 1e-15
"""Relative length below which a corral's new edge counts as dependent on the others."""


_NO_WORSE = 1e-14
"""A step may raise the squared distance by this share: turning a thin corral improves the direction alone."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Convex weights and directions for each of n points.

    Parameters
    ----------
    corral : ndarray of int, shape (n, m)
        Vertex numbers; entries with weight zero mean nothing.
    weights : ndarray, shape (n, m)
        Nonnegative, with positive sum.
    direction : ndarray, shape (n, d)
        From the point towards its nearest point in the hull.
    """

    corral: Indices
    weights: Floats
    direction: Floats


@dataclass(slots=True)
class _Sweep:
    """The points that are still moving; `row` says where their results go."""

    row: Indices
    corral: Indices
    weights: Floats
    count: Indices
    best: Floats
    stalls: Indices

    def keep(self, mask: NDArray[np.bool_]) -> "_Sweep":
        return _Sweep(
            self.row[mask],
            self.corral[mask],
            self.weights[mask],
            self.count[mask],
            self.best[mask],
            self.stalls[mask],
        )


def nearest_points(points: Floats, vertices: Floats, *, tolerance: Floats, stop_below: float = 0.0) -> Candidates:
    """Candidates for the nearest point of conv(vertices) to every point.

    Parameters
    ----------
    points : ndarray, shape (n, d)
    vertices : ndarray, shape (k, d)
        Both centred and of size about one.
    tolerance : ndarray, shape (n,)
        A point is done when its primal value exceeds its dual value by at most this much.
    stop_below : float
        A point is done, too, when its primal value is at most this: it cannot matter to a maximum.

    Returns
    -------
    Candidates
    """
    n, d = points.shape
    room = min(d + 1, vertices.shape[0])
    half = 0.5 * np.einsum("kd,kd->k", vertices, vertices)
    first = np.argmin(half - points @ vertices.T, axis=1)
    corral = np.repeat(first[:, None], room, axis=1)
    weights = np.zeros((n, room))
    weights[:, 0] = 1.0
    result = Candidates(corral.copy(), weights.copy(), vertices[first] - points)
    ones = np.ones(n, dtype=np.intp)
    sweep = _Sweep(np.arange(n), corral, weights, ones, np.full(n, np.inf), np.zeros_like(ones))
    for _ in range(20 * (room + 4)):
        if sweep.row.size == 0:
            break
        sweep = _advance(sweep, points, vertices, tolerance, stop_below, result)
    return result


def _advance(
    sweep: _Sweep, points: Floats, vertices: Floats, tolerance: Floats, stop_below: float, result: Candidates
) -> _Sweep:
    """One sweep: solve, then either drop vertices (minor step) or look for a better one (major step)."""
    size = int(sweep.count.max())
    corral = sweep.corral[:, :size]
    active = np.arange(size) < sweep.count[:, None]
    wanted, residual = _affine_minimiser(vertices[corral], points[sweep.row], active)
    inside = np.asarray(((wanted > 0.0) | ~active).all(axis=1))
    _drop(sweep, wanted, active, np.logical_not(inside))
    sweep.weights[inside, :size] = np.where(active, wanted, 0.0)[inside]

    major = np.flatnonzero(inside)
    rows, towards = sweep.row[major], residual[major]
    squared = np.einsum("nd,nd->n", towards, towards)
    length = np.sqrt(squared)
    heights = towards @ vertices.T
    newest = np.argmin(heights, axis=1)
    lowest = np.take_along_axis(heights, newest[:, None], axis=1)[:, 0]
    lowest -= np.einsum("nd,nd->n", towards, points[rows])
    moved = squared <= sweep.best[major] * (1.0 + _NO_WORSE)
    sweep.stalls[major] += squared >= sweep.best[major]
    done = (
        (squared - lowest <= tolerance[rows] * length)
        | (length <= stop_below)
        | ~moved
        | (sweep.stalls[major] > 3 * sweep.corral.shape[1])
    )
    done |= (sweep.count[major] == sweep.corral.shape[1]) | ((corral[major] == newest[:, None]) & active[major]).any(
        axis=1
    )
    _record(result, sweep, major[moved], residual)

    going = major[~done]
    sweep.best[going] = np.minimum(squared[~done], sweep.best[going])
    sweep.corral[going, sweep.count[going]] = newest[~done]
    sweep.count[going] += 1
    if not done.any():
        return sweep
    left = np.ones(sweep.row.size, dtype=bool)
    left[major[done]] = False
    return sweep.keep(left)


def _record(result: Candidates, sweep: _Sweep, which: Indices, residual: Floats) -> None:
    rows = sweep.row[which]
    result.corral[rows] = sweep.corral[which]
    result.weights[rows] = sweep.weights[which]
    result.direction[rows] = residual[which]


def _drop(sweep: _Sweep, wanted: Floats, active: NDArray[np.bool_], which: NDArray[np.bool_]) -> None:
    """Move towards the affine minimiser until a weight vanishes, and forget the vertices without weight."""
    if not which.any():
        return
    size = active.shape[1]
    old, new, alive = sweep.weights[which, :size], wanted[which], active[which]
    falling = alive & (new <= 0.0)
    step = np.where(falling, old / np.where(falling, np.maximum(old - new, 1e-300), 1.0), np.inf)
    share = step.min(axis=1, keepdims=True)
    mixed = np.where(alive, old + share * (new - old), 0.0)
    mixed[falling & (step <= share)] = 0.0
    mixed = np.maximum(mixed, 0.0)
    order = np.argsort(mixed <= 0.0, axis=1, kind="stable")
    sweep.weights[which, :size] = np.take_along_axis(mixed, order, axis=1)
    sweep.corral[which, :size] = np.take_along_axis(sweep.corral[which, :size], order, axis=1)
    sweep.count[which] = (mixed > 0.0).sum(axis=1)


def _affine_minimiser(corners: Floats, points: Floats, active: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Affine weights of, and the vector to, the nearest point of every corral's affine hull.

    Edges from the first corner are orthogonalised twice (classical Gram-Schmidt), so that the vector is
    orthogonal to the corral to working precision also when it is much shorter than the edges.
    """
    n, size, d = corners.shape
    basis = np.zeros((n, size - 1, d))
    upper = np.zeros((n, size - 1, size - 1))
    for j in range(size - 1):
        edge = np.where(active[:, j + 1, None], corners[:, j + 1] - corners[:, 0], 0.0)
        scale = np.sqrt(np.einsum("nd,nd->n", edge, edge))
        if j:
            edge, upper[:, :j, j] = _orthogonalise(edge, basis[:, :j])
        length = np.sqrt(np.einsum("nd,nd->n", edge, edge))
        free = length > _DEPENDENT * scale
        upper[:, j, j] = np.where(free, length, 1.0)
        basis[:, j] = np.where(free[:, None], edge, 0.0) / upper[:, j, j, None]
    residual = corners[:, 0] - points
    weights = np.zeros((n, size))
    if size > 1:
        residual, share = _orthogonalise(residual, basis)
        for j in reversed(range(size - 1)):
            known = np.einsum("ni,ni->n", upper[:, j, j + 1 :], weights[:, j + 2 :])
            weights[:, j + 1] = -(share[:, j] + known) / upper[:, j, j]
    weights[:, 0] = 1.0 - weights[:, 1:].sum(axis=1)
    return weights, residual


def _orthogonalise(vector: Floats, basis: Floats) -> tuple[Floats, Floats]:
    share = np.einsum("nid,nd->ni", basis, vector)
    vector = vector - np.einsum("ni,nid->nd", share, basis)
    again = np.einsum("nid,nd->ni", basis, vector)
    return vector - np.einsum("ni,nid->nd", again, basis), share + again
