"""Distances of many points, each to a hull of its own: a search for the weights, proved bounds.

With V the vertices minus the point, weights λ minimise ‖Vᵀλ‖² over the simplex. Whatever the search returns, Vᵀλ of
clipped and normalised weights bounds the distance from above, and min_i ⟨w, V_i⟩/‖w‖ with w = Vᵀλ from below.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.matrix_sets.nearest.proved_projection import norms

Floats = NDArray[np.float64]

_STEPS = 40
_CENTRED = 1e-19
_RIDGE = 1e-15
_CHUNK = 20_000

_FEW = 5
"""Vertices in the plane up to which all segments and triangles are tried."""


def pair_distances(points: Floats, cells: Floats) -> tuple[Floats, Floats, Floats]:
    """Distance of points[i] to conv(cells[i]) for all i, between proved bounds.

    Shapes: `points` (n, d), `cells` (n, k, d), result (n, d), result (n,). `lower, upper`: rounding is added outward: a
    combination of k differences errs by at most (k + d + 8)u times their norms.
    """
    parts = [_chunk(points[i : i + _CHUNK], cells[i : i + _CHUNK]) for i in range(0, max(len(points), 1), _CHUNK)]
    nearest, lower, upper = (np.concatenate(part) for part in zip(*parts, strict=True))
    return nearest, lower, upper


def _chunk(points: Floats, cells: Floats) -> tuple[Floats, Floats, Floats]:
    arms = cells - points[:, None]
    k, d = arms.shape[1:]
    longest = norms(arms).max(axis=1)
    noise = (k + d + 12) * UNIT_ROUNDOFF * 1.01 * (longest + norms(points)) + 5e-324
    noise = np.where(longest > 0.0, noise, 0.0)
    weights = np.ones((len(arms), 1)) if k == 1 else (_planar if d == 2 and k <= _FEW else _weights)(arms)
    towards = np.einsum("nk,nkd->nd", weights, arms)
    size = norms(towards)
    height = np.einsum("nd,nkd->nk", towards, arms).min(axis=1)
    lower = np.divide(height, size, out=np.zeros_like(size), where=size > 0.0) - 2.0 * noise
    upper = np.where((longest > 0.0), np.nextafter(size + noise, np.inf), 0.0)
    return points + towards, np.clip(lower, 0.0, upper), upper


def _planar(arms: Floats) -> Floats:
    """Weights of the nearest point in the plane: of one of the segments, or of a triangle that holds the origin."""
    n, k = arms.shape[:2]
    longest = np.abs(arms).max(axis=(1, 2))
    unit = arms / np.where(longest > 0.0, longest, 1.0)[:, None, None]
    best, weights = np.full(n, np.inf), np.zeros((n, k))
    for few in (*combinations(range(k), 2), *combinations(range(k), 3)):
        corners = unit[:, few]
        found = _on_segment(corners) if len(few) == 2 else _in_triangle(corners)
        away = norms(np.einsum("nk,nkd->nd", found, corners))
        nearer = away < best
        best[nearer] = away[nearer]
        weights[nearer] = 0.0
        weights[np.flatnonzero(nearer)[:, None], list(few)] = found[nearer]
    return weights


def _on_segment(ends: Floats) -> Floats:
    edge = ends[:, 1] - ends[:, 0]
    square = np.einsum("nd,nd->n", edge, edge)
    along = -np.einsum("nd,nd->n", ends[:, 0], edge)
    share = np.clip(np.divide(along, square, out=np.zeros(len(ends)), where=square > 0.0), 0.0, 1.0)
    return np.stack([1.0 - share, share], axis=1)


def _in_triangle(corners: Floats) -> Floats:
    """Areas that the origin makes with the sides, as shares; those of the first corner alone if it is outside."""
    one, two = np.roll(corners, -1, axis=1), np.roll(corners, -2, axis=1)
    areas = one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0]
    areas = areas * np.where(areas.sum(axis=1) < 0.0, -1.0, 1.0)[:, None]
    inside = (areas >= 0.0).all(axis=1) & (areas.sum(axis=1) > 0.0)
    shares = areas / np.where(inside, areas.sum(axis=1), 1.0)[:, None]
    return np.where(inside[:, None], shares, np.array([1.0, 0.0, 0.0]))


def _weights(arms: Floats) -> Floats:
    """Nearly optimal weights on the simplex, by a primal-dual interior point method."""
    n, k = arms.shape[:2]
    middle = arms.mean(axis=1)
    spread = arms - middle[:, None]
    scale = norms(spread).max(axis=1)
    unit = spread / np.where(scale > 0.0, scale, 1.0)[:, None, None]
    # ‖Vᵀλ‖² = ‖c‖² + 2⟨Sc, λ⟩ + ‖Sᵀλ‖² with c the middle; divided so that its largest coefficient is about one.
    away = middle / np.where(scale > 0.0, scale, 1.0)[:, None]
    weight = 1.0 / np.maximum(1.0, norms(away))
    slope = np.einsum("nkd,nd->nk", unit, away * weight[:, None])
    gram = np.einsum("nkd,nld->nkl", unit, unit) * weight[:, None, None] + _RIDGE * np.eye(k)
    weights, dual = np.full((n, k), 1.0 / k), np.full((n, k), 1.0)
    level = slope.min(axis=1) - 1.0
    active = np.arange(n)
    for _ in range(_STEPS):
        s, z, mu = weights[active], dual[active], level[active]
        target = 0.1 * np.einsum("nk,nk->n", s, z) / k
        going = target > _CENTRED
        if not going.any():
            break
        active, s, z, mu, target = active[going], s[going], z[going], mu[going], target[going]
        gradient = (gram[active] @ s[:, :, None])[:, :, 0] + slope[active]
        step, rise = _newton(s, z, gram[active], gradient - mu[:, None], target)
        dz = target[:, None] / s - z - z / s * step
        length = np.minimum(_longest(s, step), _longest(z, dz))
        weights[active], dual[active], level[active] = s + length * step, z + length * dz, mu + length[:, 0] * rise
    weights = np.maximum(weights, 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _newton(s: Floats, z: Floats, G: Floats, residual: Floats, target: Floats) -> tuple[Floats, Floats]:
    k = s.shape[1]
    system = np.zeros((len(s), k + 1, k + 1))
    system[:, :k, :k] = G
    system[:, np.arange(k), np.arange(k)] += z / s
    system[:, :k, k] = -1.0
    system[:, k, :k] = 1.0
    right = np.empty((len(s), k + 1))
    right[:, :k] = target[:, None] / s - residual
    right[:, k] = 1.0 - s.sum(axis=1)
    found = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    return found[:, :k], found[:, k]


def _longest(values: Floats, step: Floats) -> Floats:
    ratio = np.where(step < 0.0, -0.99 * values / np.where(step < 0.0, step, -1.0), 1.0)
    return np.asarray(np.minimum(1.0, ratio.min(axis=1))[:, None])
