"""Nearest points of a zonotope: least squares over the box of weights, with proved distances.

The search is a primal-dual interior point method in the weights alone, whatever the size of the matrices, then
projected Newton on the residual of the matrices themselves, because the Gram matrix squares the condition number. The
bounds trust none of it: a clipped weight vector gives a point of the set, hence an upper bound, and every W gives the
lower bound (⟨W, X − C⟩ − Σ|⟨W, G_i⟩|)/‖W‖.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.matrix_sets.nearest.proved_projection import outward
from conservative.matrix_sets.zonotopes.generators import Generators

Floats = NDArray[np.float64]

_ROUNDS = 6
_NEWTON_STEPS = 12
_INTERIOR_STEPS = 40
_COMPLEMENTARITY = 1e-15
_BLURRED, _CLOSE = 1e-3, 1e-4
"""Width of a bracket against its upper end, and distance against the entries, from which a point is solved again."""
_SHARPENINGS = 4
_MOST_SHARP = 4_000_000
"""Points times squared weights up to which points are solved again, one by one; the others keep their wide brackets."""
_STEP_LENGTHS = 0.5 ** np.arange(8.0)
_BLOCK = 4_000_000
_FAR = 2.0**200
"""Points farther than this many sizes of the set see it as its centre."""


@dataclass(frozen=True, slots=True, eq=False)
class BoxProjection:
    """Weights in the box, the points they make, and proved distances; all with a leading axis n."""

    weights: Floats
    nearest: Floats
    lower: Floats
    upper: Floats


def nearest_in_zonotope(
    points: Floats, center: Floats, generators: Generators, *, stop_below: float = 0.0
) -> BoxProjection:
    """Points of {C + Σ s_i G_i, |s_i| ≤ 1} nearest to given ones, with proved distances.

    Shapes: `points` (n, p, q), `center` (p, q). Returns: bounds have all rounding added outward: the entries of X − C −
    Σ s_i G_i err by at most (k + 4)u times those of |X| + |C| + Σ|G_i|, and every inner product of D and G_i by
    γ‖D‖‖G_i‖, γ counting its roundings.
    """
    exponent = max(generators.exponent(), int(np.frexp(np.abs(center).max())[1]) if center.any() else -1080)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        unit_center, unit_generators = np.ldexp(center, -exponent), generators.shifted(-exponent)
        unit_points = np.ldexp(points, -exponent)
        reach = np.abs(unit_points).max(axis=(1, 2), initial=0.0)
        near = reach < _FAR
        unit = _unit_nearest(unit_points[near], unit_center, unit_generators, np.ldexp(stop_below, -exponent))
        lower, upper = _far_bounds(points, center, np.ldexp(float(unit_generators.sizes().sum()) * 1.01, exponent))
        lower[near] = np.maximum(outward(unit.lower, exponent, up=False), 0.0)
        upper[near] = outward(unit.upper, exponent, up=True)
        weights = np.zeros((len(points), generators.count))
        weights[near] = unit.weights
        nearest = center + generators.combine(weights)
    return BoxProjection(weights, nearest, lower, upper)


def _far_bounds(points: Floats, center: Floats, spread: Any) -> tuple[Floats, Floats]:
    """Bounds by the centre alone, which are as good as any from very far away."""
    difference = points - center
    low, high = frobenius_bounds(difference)
    rounding = 4.0 * UNIT_ROUNDOFF * (frobenius_bounds(points)[1] + frobenius_bounds(center)[1])
    return np.maximum(np.nextafter(low - rounding - spread, -np.inf), 0.0), np.nextafter(high + rounding, np.inf)


def _unit_nearest(points: Floats, center: Floats, generators: Generators, stop_below: Any) -> BoxProjection:
    """The same for entries of the centre and the generators of at most 1 in absolute value."""
    n, k = len(points), generators.count
    offset = points - center
    scale = frobenius_bounds(points)[1] + frobenius_bounds(center)[1] + float(generators.sizes().sum())
    dual_noise = (generators.roundings + center.size + k + 24) * UNIT_ROUNDOFF * 1.01 * scale + 1e-300
    entries = frobenius_bounds(np.abs(points))[1] + frobenius_bounds(np.abs(center) + generators.total())[1]
    noise = (k + 8) * UNIT_ROUNDOFF * 1.01 * entries + 1e-300
    gram = generators.gram()
    weights, upper, lower = np.zeros((n, k)), np.full(n, np.inf), np.zeros(n)
    trial = _batched(_interior_block, gram, generators.inner(offset))
    steps, sharpenings = _ROUNDS, _SHARPENINGS
    while True:
        residual = offset - generators.combine(trial)
        slopes = generators.inner(residual)
        distance = frobenius_bounds(residual)[1] + noise
        better = distance < upper
        weights = np.where(better[:, None], trial, weights)
        upper = np.minimum(upper, distance)
        lower = np.fmax(lower, _dual(residual, offset, slopes, dual_noise))
        done = (upper - lower <= 4.0 * (noise + dual_noise)) | (upper <= stop_below)
        blurred = ~done & (upper - lower > _BLURRED * upper) & (upper < _CLOSE * scale)
        if steps > 1 and not (~better | done).all():
            steps -= 1
            step = _batched(_newton_block, gram, slopes, -1.0 - trial, 1.0 - trial)
            trial = np.clip(trial + step, -1.0, 1.0)
        elif sharpenings > 0 and blurred.any() and offset[0].size * generators.count <= _BLOCK:
            steps, sharpenings = 0, sharpenings - 1
            trial = _sharpened(weights, blurred, offset, generators)
        else:
            break
    nearest = center + generators.combine(weights)
    return BoxProjection(weights, nearest, np.minimum(lower, upper), upper)


def _sharpened(weights: Floats, rows: NDArray[np.bool_], offset: Floats, generators: Generators) -> Floats:
    """The weights, those of some rows corrected by least squares on the generators, not on their products."""
    flat = generators.dense().reshape(generators.count, -1)
    sizes = np.linalg.norm(flat, axis=1)
    kept = sizes > 0.0
    sizes, Q, R = sizes[kept], *np.linalg.qr((flat[kept] / sizes[kept, None]).T)
    some = np.flatnonzero(rows)[: _MOST_SHARP // generators.count**2]
    residual = offset[some] - generators.combine(weights[some])
    found = weights.copy()
    for row, rest in zip(some.tolist(), residual, strict=True):
        room = (-1.0 - weights[row, kept]) * sizes, (1.0 - weights[row, kept]) * sizes
        step = lsq_linear(R, Q.T @ rest.ravel(), room, method="bvls", tol=0.0, max_iter=4 * len(sizes)).x
        found[row, kept] = np.clip(weights[row, kept] + step / sizes, -1.0, 1.0)
    return found


def _dual(residual: Floats, offset: Floats, slopes: Floats, noise: Floats) -> Floats:
    length = frobenius_bounds(residual)[1]
    reach = np.einsum("npq,npq->n", residual, offset) - np.abs(slopes).sum(axis=1)
    value = reach / np.where(length > 0.0, length, 1.0) - 2.0 * noise
    return np.where(length > 0.0, np.maximum(value * (1.0 - 1e-15), 0.0), 0.0)


def _batched(solve: Callable[..., Floats], gram: Floats, *rows: Floats) -> Floats:
    """A block of rows at a time, so that their k × k systems fit in memory."""
    block = max(1, _BLOCK // max(1, gram.size))
    parts = [solve(gram, *(row[i : i + block] for row in rows)) for i in range(0, len(rows[0]), block)]
    return np.concatenate(parts) if parts else np.zeros_like(rows[0])


def _interior_block(gram: Floats, slopes: Floats) -> Floats:
    """Weights that nearly minimise sᵀQs/2 − bᵀs over the box, by a feasible primal-dual interior point method."""
    n, k = slopes.shape
    if k == 0:
        return np.zeros((n, 0))
    size = np.maximum(np.abs(slopes).max(axis=1, initial=0.0), float(np.abs(np.diagonal(gram)).max(initial=0.0)))
    size = np.where(size > 0.0, size, 1.0)[:, None]
    weights, down, up = np.zeros((n, k)), np.repeat(size, k, axis=1), np.repeat(size, k, axis=1)
    active = np.arange(n)
    for _ in range(_INTERIOR_STEPS):
        s, z, y = weights[active], down[active], up[active]
        low, high = 1.0 + s, 1.0 - s
        target = 0.1 * (z * low + y * high).mean(axis=1, keepdims=True) / 2.0
        open_ = (target > _COMPLEMENTARITY * size[active])[:, 0]
        if not open_.any():
            break
        active, s, z, y, low, high, target = (a[open_] for a in (active, s, z, y, low, high, target))
        system = np.repeat(gram[None], len(active), axis=0)
        system[:, np.arange(k), np.arange(k)] += z / low + y / high
        force = slopes[active] - s @ gram + target / low - target / high
        step = np.linalg.solve(system, force[:, :, None])[:, :, 0]
        z_step, y_step = target / low - z - z / low * step, target / high - y + y / high * step
        weights[active] = s + np.minimum(_longest(low, step), _longest(high, -step)) * step
        length = np.minimum(_longest(z, z_step), _longest(y, y_step))
        down[active], up[active] = z + length * z_step, y + length * y_step
    return np.clip(weights, -1.0, 1.0)


def _longest(values: Floats, step: Floats) -> Floats:
    """The step length that keeps positive values positive, at most 1, as a column."""
    ratio = np.where(step < 0.0, -0.99 * values / np.where(step < 0.0, step, -1.0), 1.0)
    return np.asarray(np.minimum(1.0, ratio.min(axis=1, initial=1.0))[:, None])


def _newton_block(gram: Floats, slopes: Floats, low: Floats, high: Floats) -> Floats:
    k = gram.shape[0]
    largest = float(np.abs(np.diagonal(gram)).max(initial=0.0))
    if largest == 0.0:
        return np.zeros_like(slopes)
    ridge = 1e-13 * np.diagonal(gram) + 1e-30 * largest
    lipschitz = float(np.abs(gram).sum(axis=1).max())
    step = np.zeros_like(slopes)
    value = np.zeros(len(slopes))
    for _ in range(_NEWTON_STEPS):
        gradient = step @ gram - slopes
        fixed = ((step <= low) & (gradient > 0.0)) | ((step >= high) & (gradient < 0.0))
        free = (~fixed).astype(np.float64)
        system = gram * free[:, :, None] * free[:, None, :]
        system[:, np.arange(k), np.arange(k)] += np.where(fixed, largest, ridge)
        newton = np.linalg.solve(system, (-gradient * free)[:, :, None])[:, :, 0]
        ways = np.concatenate(
            [newton[:, None] * _STEP_LENGTHS[None, :, None], (-gradient / lipschitz)[:, None]], axis=1
        )
        trials = np.clip(step[:, None] + ways, low[:, None], high[:, None])
        values = 0.5 * np.einsum("nak,nak->na", trials @ gram, trials) - np.einsum("nak,nk->na", trials, slopes)
        best = values.argmin(axis=1)
        rows = np.arange(len(step))
        improved = values[rows, best] < value
        if not improved.any():
            break
        step = np.where(improved[:, None], trials[rows, best], step)
        value = np.where(improved, values[rows, best], value)
    return step
