"""Proved distances to a hull: candidates from the search, errors of rounding added outward.

Let u be the unit roundoff. For weights λ ≥ 0 the point Σλ_i v_i / Σλ_i lies in the hull, so its distance to x is an
upper bound; for any w ≠ 0, min_i ⟨w, v_i − x⟩ / ‖w‖ is a lower bound. Neither needs the search to be right.
Each float sum of d products errs by at most d·u/(1 − d·u) times the sum of absolute values, in any order; the constants
below count one unit for each rounding and round the count up.
"""

from dataclasses import dataclass

import numpy as np

from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.threads import one_thread
from conservative.matrix_sets.nearest.min_norm_point import Candidates, Floats, Indices, nearest_points
from conservative.matrix_sets.nearest.polygon_search import nearest_in_plane

_UNDERFLOW = 1e-290
"""Bounds, in units of the hull's size, everything that gradual underflow can add."""

_NEAR = 2.0**-300
"""A point farther than the inverse of this, in hull sizes, sees the hull as one point."""

_PRODUCTS = 1_000_000
"""Multiplications in one matrix product of a chunk: enough to hide the cost of calls, while temporaries stay in the
cache."""


@dataclass(frozen=True, slots=True)
class HullDistances:
    """Proved distances of n points to a hull, and points of the hull that nearly attain them.

    Shapes: `lower`, `upper` (n,), `corral` (n, m), `weights` (n, m), `direction` (n, d). `direction`: from the point
    towards the hull, of any length.
    """

    lower: Floats
    upper: Floats
    corral: Indices
    weights: Floats
    direction: Floats


def norms(vectors: Floats) -> Floats:
    """Euclidean norms along the last axis, without overflow or underflow; relative error at most (d/2 + 4)u."""
    size = np.abs(vectors)
    # Numpy reduces a last axis of two entry by entry.
    largest = np.maximum(size[..., 0], size[..., 1]) if size.shape[-1] == 2 else size.max(axis=-1)
    safe = np.where((largest > 0.0) & (largest < np.inf), largest, 1.0)
    with np.errstate(under="ignore", over="ignore"):
        ratio = vectors / safe[..., None]
        return np.asarray(safe * np.sqrt(np.einsum("...d,...d->...", ratio, ratio)))


def outward(value: Floats, exponent: int, *, up: bool) -> Floats:
    """value·2^exponent, rounded up or down; zero stays zero."""
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.ldexp(value, exponent)
    return np.where(value == 0.0, 0.0, np.nextafter(scaled, np.inf if up else -np.inf))


def frame(vertices: Floats) -> tuple[Floats, int]:
    """A centre c, and an exponent e such that |v − c| ≤ 2^e for every vertex; e = -1080 for a single point."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    centre = 0.5 * low + 0.5 * high
    size = float(np.maximum(high - centre, centre - low).max())
    return centre, int(np.frexp(size)[1]) if size > 0.0 else -1080


def hull_distances(
    points: Floats, vertices: Floats, *, tolerance: float = 0.0, stop_below: float = 0.0
) -> HullDistances:
    """Brackets of the distance of every point to conv(vertices).

    Shapes: `points` (n, d), `vertices` (k, d). `tolerance`: width of the brackets that is good enough; rounding may
    leave them wider.
    """
    n, d = points.shape
    k = vertices.shape[0]
    chunk = max(256, min(8192, _PRODUCTS // (k * d)))
    if n <= chunk:
        return _chunk_distances(points, vertices, tolerance=tolerance, stop_below=stop_below)
    with one_thread():
        parts = [
            _chunk_distances(points[i : i + chunk], vertices, tolerance=tolerance, stop_below=stop_below)
            for i in range(0, n, chunk)
        ]
    return HullDistances(
        np.concatenate([part.lower for part in parts]),
        np.concatenate([part.upper for part in parts]),
        np.concatenate([part.corral for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.direction for part in parts]),
    )


def _chunk_distances(points: Floats, vertices: Floats, *, tolerance: float, stop_below: float) -> HullDistances:
    largest = max(float(np.abs(points).max()), float(np.abs(vertices).max()))
    if largest > 2.0**1000:
        # Differences could overflow; what underflows here is far below one unit in the last place of `largest`.
        shrunk = _chunk_distances(
            np.ldexp(points, -64),
            np.ldexp(vertices, -64),
            tolerance=tolerance * 2.0**-64,
            stop_below=stop_below * 2.0**-64,
        )
        lower = np.maximum(outward(shrunk.lower - 1e-300, 64, up=False), 0.0)
        upper = outward(shrunk.upper + 1e-300, 64, up=True)
        return HullDistances(lower, upper, shrunk.corral, shrunk.weights, shrunk.direction)
    centre, exponent = frame(vertices)
    n, room = points.shape[0], min(vertices.shape[0], points.shape[1] + 1)
    first = _nearest_vertices(points - centre, vertices - centre) if stop_below > 0.0 else np.zeros(n, dtype=np.intp)
    difference = vertices[first] - points
    corral, weights = np.repeat(first[:, None], room, axis=1), np.zeros((n, room))
    weights[:, 0] = 1.0
    lower, upper = _far_distances(difference, exponent)
    result = HullDistances(lower, upper, corral, weights, difference)
    reach = np.abs(points - centre).max(axis=1)
    near = np.flatnonzero((reach * _NEAR <= np.ldexp(1.0, exponent)) & (upper > stop_below))
    if vertices.shape[0] == 1 or near.size == 0:
        return result
    with np.errstate(under="ignore", over="ignore"):
        unit_vertices = np.ldexp(vertices - centre, -exponent)
        unit_points = np.ldexp(points[near] - centre, -exponent)
        slack = _product_error(unit_points, unit_vertices)
        search = nearest_in_plane if vertices.shape[1] == 2 else nearest_points
        found = search(
            unit_points,
            unit_vertices,
            tolerance=4.0 * slack + float(np.ldexp(tolerance, -exponent)),
            stop_below=float(np.ldexp(stop_below, -exponent)),
        )
        unit_lower = _dual_values(found.direction, unit_points, unit_vertices, slack)
        unit_upper = _primal_values(found, points[near], vertices, exponent)
    lower[near] = np.maximum(outward(unit_lower, exponent, up=False), 0.0)
    upper[near] = outward(unit_upper, exponent, up=True)
    corral[near], weights[near], difference[near] = found.corral, found.weights, found.direction
    return result


def _nearest_vertices(points: Floats, vertices: Floats) -> Indices:
    """The vertex nearest to every point, as far as one matrix product tells."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        half = 0.5 * np.einsum("kd,kd->k", vertices, vertices)
        return np.asarray(np.argmin(half - points @ vertices.T, axis=1))


def _far_distances(difference: Floats, exponent: int) -> tuple[Floats, Floats]:
    """Distances to one vertex of each point's choice, less the diameter below: 2√d hull sizes bound it."""
    d = difference.shape[1]
    size = norms(difference)
    diameter = float(np.ldexp(2.0 * np.sqrt(d) * (1.0 + 1e-10), exponent)) if exponent > -1080 else 0.0
    relative = (0.5 * d + 6) * UNIT_ROUNDOFF
    lower = np.maximum(size - size * relative - 5e-324 - diameter, 0.0)
    upper = np.where(size > 0.0, np.nextafter(size + size * relative, np.inf), 0.0)
    return np.where(lower > 0.0, np.nextafter(lower, 0.0), 0.0), upper


def _product_error(unit_points: Floats, unit_vertices: Floats) -> Floats:
    """Bound of |fl⟨w, v − x⟩ − ⟨w, v − x⟩| / ‖w‖ over all vertices, centring included."""
    d = unit_points.shape[1]
    reach = float(norms(unit_vertices).max()) + norms(unit_points)
    return np.asarray((d + 8) * UNIT_ROUNDOFF * 1.01 * reach + _UNDERFLOW)


def _dual_values(direction: Floats, unit_points: Floats, unit_vertices: Floats, slack: Floats) -> Floats:
    """min_i ⟨w, v_i − x⟩ / ‖w‖, rounded down; 0 where the direction vanishes."""
    d = direction.shape[1]
    largest = np.abs(direction).max(axis=1, keepdims=True)
    towards = direction / np.where(largest > 0.0, largest, 1.0)
    lowest = (towards @ unit_vertices.T).min(axis=1) - np.einsum("nd,nd->n", towards, unit_points)
    length = np.where(largest[:, 0] > 0.0, np.sqrt(np.einsum("nd,nd->n", towards, towards)), 1.0)
    value = lowest / length
    value = value - (d + 10) * UNIT_ROUNDOFF * np.abs(value) - 1.01 * slack
    return np.where(largest[:, 0] > 0.0, np.maximum(value, 0.0), 0.0)


def _primal_values(found: Candidates, points: Floats, vertices: Floats, exponent: int) -> Floats:
    """‖Σλ_i (v_i − x)‖ / Σλ_i, rounded up, with the differences taken from the original numbers."""
    d, room = points.shape[1], found.weights.shape[1]
    total = found.weights.sum(axis=1)
    arms = np.ldexp(vertices.take(found.corral, axis=0) - points[:, None, :], -exponent)
    mean = np.einsum("nm,nmd->nd", found.weights, arms) / total[:, None]
    spread = np.einsum("nm,nm->n", found.weights, norms(arms)) / total
    error = (2 * room + d + 10) * UNIT_ROUNDOFF * 1.01 * spread
    length = norms(mean)
    value = (length + error) * (1.0 + (d + 12) * UNIT_ROUNDOFF) + _UNDERFLOW
    return np.where((spread == 0.0) & (length == 0.0), 0.0, value)
