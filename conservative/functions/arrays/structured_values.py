"""Kernels of structured maps, written once for doubles and for exact rationals (object arrays)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from conservative.functions.arrays.number_arrays import Numbers
from conservative.functions.arrays.scalar_piece import ScalarPiece
from conservative.functions.graph.arithmetic import NEAR_TIE_FACTOR
from conservative.functions.ties.ties_by_rounding import FACTOR, UNIT, is_short

Indices = NDArray[np.intp]


class Structured(Protocol):
    """The arrays of a structured map."""

    @property
    def piece(self) -> ScalarPiece: ...
    @property
    def inner(self) -> Numbers: ...
    @property
    def shift(self) -> Numbers: ...
    @property
    def outer(self) -> Numbers | None: ...
    @property
    def direct(self) -> Numbers | None: ...
    @property
    def offset(self) -> Numbers: ...
    @property
    def state_size(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """The lowest and the highest linear piece of every φ_i that agrees with it at a point.

    Shapes: `low`, `high` (h,). `low`, `high`: equal where there is no tie. `near`: suspiciously close to a breakpoint,
    but not tied; at exact points, by what rounding could have parted. `worst_scale`: a component whose scale is not
    positive.
    """

    low: Indices
    high: Indices
    near: tuple[tuple[int, int, float], ...]
    worst_scale: int | None

    @property
    def ties(self) -> tuple[tuple[int, int], ...]:
        """Pairs (component, breakpoint) that are tied."""
        return tuple(
            (int(i), j) for i in np.flatnonzero(self.high > self.low) for j in range(self.low[i], self.high[i])
        )


@dataclass(frozen=True, slots=True, eq=False)
class Linearization:
    """{base + Σ t_i u_i v_iᵀ : 0 ≤ t_i ≤ 1}; arrays of doubles or of `Fraction`.

    Shapes: `base` (q, n), `U`, `V` (k, q) and (k, n), `magnitude` (q, n). `ties`: one for each row of U and V; ties
    that change nothing are left out. `magnitude`: |W| (|s||G| + |c||S|) + |[P Q]|: bounds every partial sum, for the
    rounding.
    """

    base: Numbers
    U: Numbers
    V: Numbers
    ties: tuple[tuple[int, int], ...]
    magnitude: Numbers


def values_at(F: Structured, columns: Numbers) -> Numbers:
    """F at (..., p + m)."""
    z, scale, thresholds = _inner_values(F, columns)
    index = (z[..., None] > thresholds).sum(axis=-1)
    rows = np.arange(z.shape[-1])
    slopes, intercepts = (np.broadcast_to(a, (z.shape[-1], a.shape[1])) for a in (F.piece.slopes, F.piece.intercepts))
    values = slopes[rows, index] * z + intercepts[rows, index] * scale
    if values.dtype == np.float64:
        values = np.where(scale < 0.0, np.nan, values)
    if F.outer is not None:
        values = values @ F.outer.T
    if F.direct is not None:
        values = values + columns @ F.direct.T
    return np.asarray(values + F.offset)


def locate(F: Structured, column: Numbers, *, tolerance: float) -> Segments:
    """Segments at one point; ties within `tolerance * max(1, |a|, |b|)` of a float point, exact otherwise."""
    z, scale, thresholds = _inner_values(F, column)
    wrong = np.flatnonzero(np.broadcast_to(scale <= 0, z.shape)) if F.piece.breakpoints.shape[1] else np.zeros(0, int)
    worst = int(wrong[0]) if wrong.size else None
    if z.dtype == object:
        low = (z[:, None] > thresholds).sum(axis=1).astype(np.intp)
        high = (z[:, None] >= thresholds).sum(axis=1).astype(np.intp)
        return Segments(low, high, tuple(_parted_by_rounding(F, column, z, thresholds)), worst)
    finite = np.where(np.isfinite(thresholds), thresholds, 0.0)
    distance = np.where(np.isfinite(thresholds), np.abs(z[:, None] - finite), np.inf)
    size = tolerance * np.maximum(1.0, np.maximum(np.abs(z[:, None]), np.abs(finite)))
    tied = distance <= size
    low = ((z[:, None] > thresholds) & ~tied).sum(axis=1)
    close = np.argwhere(~tied & (distance <= NEAR_TIE_FACTOR * size))
    near = tuple((int(i), int(j), float(distance[i, j])) for i, j in close)
    return Segments(low, low + tied.sum(axis=1), near, worst)


def _parted_by_rounding(
    F: Structured, column: Numbers, z: Numbers, thresholds: Numbers
) -> Iterator[tuple[int, int, float]]:
    """Exact values beside a breakpoint that the rounding of their numbers to doubles could have parted from it."""
    h = len(z)
    kinks, bounds = (np.broadcast_to(a, (h, a.shape[1])) for a in (F.piece.breakpoints, thresholds))
    finite = bounds != np.inf
    distance = np.abs(z[:, None] - np.where(finite, bounds, z[:, None])).astype(np.float64)
    size = (np.abs(F.inner) @ np.abs(column) + np.abs(F.shift)).astype(np.float64)[:, None] + 1.0
    screened = FACTOR * UNIT * (len(column) + 4.0) * (size + np.where(finite, np.abs(bounds), 0).astype(np.float64))
    for i, j in np.argwhere(finite & (distance > 0.0) & (distance <= screened)):
        error = _rounding(F.inner[i], column, F.shift[i]) + _written(bounds[i, j])
        if F.piece.scale_rows is not None:
            rate = np.broadcast_to(F.piece.scale_rows, (h, F.piece.scale_rows.shape[1]))[i]
            scale = np.broadcast_to(F.piece.scale, h)[i]
            error += abs(float(kinks[i, j])) * _rounding(rate, column[F.state_size :], scale)
        if distance[i, j] <= FACTOR * error:
            yield int(i), int(j), float(distance[i, j])


def _rounding(row: Numbers, column: Numbers, shift: Any) -> float:
    """A bound, to first order, of what rounding numbers and operations changes in a scalar product."""
    terms = [abs(float(a)) * abs(float(b)) for a, b in zip(row, column, strict=True)]
    read = sum(abs(float(a)) * _written(b) + _written(a) * abs(float(b)) for a, b in zip(row, column, strict=True))
    read += _written(shift)
    return read + UNIT * (sum(terms) + abs(float(shift))) if read else 0.0


def _written(value: Any) -> float:
    """What rounding one number to a double may have changed."""
    return 0.0 if is_short(value) else UNIT * abs(float(value))


def linearize(F: Structured, segments: Segments) -> Linearization:
    """The Jacobians of all choices of tied segments.

    Segment j of component i has the gradient s_j G_i + c_j S_i, with G_i the row of [M N] and S_i the gradient of the
    scale; each tie passes from one segment to the next.
    """
    h = len(F.inner)
    rows = np.arange(h)
    slopes, intercepts = (np.broadcast_to(a, (h, a.shape[1])) for a in (F.piece.slopes, F.piece.intercepts))
    scale = _scale_gradients(F)
    steep = slopes[rows, segments.low][:, None]
    gradients = steep * F.inner
    size = np.abs(gradients)
    if scale is not None:
        moved = intercepts[rows, segments.low][:, None] * scale
        gradients, size = gradients + moved, size + np.abs(moved)
    base, magnitude = (gradients, size) if F.outer is None else (F.outer @ gradients, np.abs(F.outer) @ size)
    if F.direct is not None:
        base, magnitude = base + F.direct, magnitude + np.abs(F.direct)
    ties = segments.ties
    component = np.array([i for i, _ in ties], dtype=np.intp)
    kink = np.array([j for _, j in ties], dtype=np.intp)
    V = (slopes[component, kink + 1] - slopes[component, kink])[:, None] * F.inner[component]
    if scale is not None:
        V = V + (intercepts[component, kink + 1] - intercepts[component, kink])[:, None] * scale[component]
    effective = np.flatnonzero((V != 0).any(axis=1))
    U = _unit_rows(component, h, like=base) if F.outer is None else F.outer.T[component]
    return Linearization(base, U[effective], V[effective], tuple(ties[i] for i in effective), magnitude)


def _unit_rows(component: Indices, h: int, *, like: Numbers) -> Numbers:
    rows = np.zeros((len(component), h), dtype=like.dtype)
    rows[np.arange(len(component)), component] = 1
    return rows


def _scale_gradients(F: Structured) -> Numbers | None:
    """The gradient of every scale in (x, θ), shape (h, p + m), or None for constant scales."""
    if F.piece.scale_rows is None:
        return None
    h, n = F.inner.shape
    gradients = np.zeros((h, n), dtype=F.inner.dtype)
    gradients[:, F.state_size :] = F.piece.scale_rows
    return gradients


def _inner_values(F: Structured, columns: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """z, the scales λ, and the thresholds b_j λ, with shapes (..., h), (..., h or 1) and (..., h or 1, r)."""
    z = columns @ F.inner.T + F.shift
    scale: Any = F.piece.scale
    if F.piece.scale_rows is not None:
        scale = scale + columns[..., F.state_size :] @ F.piece.scale_rows.T
    kinks = F.piece.breakpoints
    finite = np.where(kinks == np.inf, 0, kinks)
    return z, scale, np.where(kinks == np.inf, np.inf, finite * scale[..., None])
