"""Gauges of many points at once: the simplex method on a batch of linear programs that share their columns.

The gauge of x is min sum cost_k c_k over c >= 0 with sum c_k column_k = x. Every basis gives an upper bound, and its
dual vector, scaled until no column violates it, a lower one, so that a point is settled as soon as either end decides.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.polytope.columns import MEAN, Columns, ComplexArray, Entering, FloatArray, HullKind, IntArray

_OPTIMAL = 1e-11
_PIVOT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A batch of points, each with a basis of columns in which its coefficients are nonnegative.

    Parameters
    ----------
    x : ndarray, shape (m, D)
    inverse : ndarray, shape (m, D, D)
        Inverses of the bases.
    code : ndarray of int, shape (m, D)
        The column behind each row of the inverse, as in `Entering`.
    factor : ndarray of complex, shape (m, D)
    cost : ndarray, shape (m, D)
    coefficients : ndarray, shape (m, D)
        ``inverse @ x``, nonnegative.
    dual : ndarray, shape (m, D)
        The feasible dual vector of the largest lower bound found.
    lower : ndarray, shape (m,)
        <dual, x>, a lower bound of the gauge; the value itself where no column is left that would lower it.
    image : ndarray of int, shape (m, 2)
        The letter and the vertex of which the point is an image.
    """

    x: FloatArray
    inverse: FloatArray
    code: IntArray
    factor: ComplexArray
    cost: FloatArray
    coefficients: FloatArray
    dual: FloatArray
    lower: FloatArray
    image: IntArray

    @property
    def count(self) -> int:
        """Number m of points."""
        return int(self.x.shape[0])

    @property
    def value(self) -> FloatArray:
        """Upper bounds of the gauges, shape (m,)."""
        return np.asarray((self.cost * self.coefficients).sum(axis=1))

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp] | IntArray) -> "Points":
        """Some of the points."""
        return Points(*(getattr(self, name)[which] for name in self.__slots__))

    def copy(self) -> "Points":
        """The same points in arrays of their own."""
        return Points(*(getattr(self, name).copy() for name in self.__slots__))

    def joined(self, other: "Points") -> "Points":
        """Both batches."""
        return Points(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__slots__))


def start_points(x: FloatArray, image: IntArray, pool: Points, columns: Columns) -> Points:
    """New points, each with the basis of a pool in which it costs least. Shapes: `x` (m, D), `image` (m, 2)."""
    if columns.kind is HullKind.MONOTONE:
        return _start_monotone(x, image, pool, columns)
    coefficients = np.abs(x @ pool.inverse.transpose(0, 2, 1))
    best = coefficients.sum(axis=2).argmin(axis=0)
    signed = np.einsum("mij,mj->mi", pool.inverse[best], x)
    sign = np.where(signed < 0, -1.0, 1.0)
    ones = np.ones(signed.shape)
    inverse = pool.inverse[best] * sign[:, :, None]
    dual, lower = _known_bounds(x, pool, columns)
    return Points(x, inverse, pool.code[best], pool.factor[best] * sign, ones, np.abs(signed), dual, lower, image)


def _known_bounds(x: FloatArray, pool: Points, columns: Columns) -> tuple[FloatArray, FloatArray]:
    """The dual vector of the pool that bounds each point best, with a sign that fits."""
    products = x @ pool.dual.T
    if columns.kind is not HullKind.MONOTONE:
        sign = np.where(products < 0, -1.0, 1.0)
        products = np.abs(products)
    else:
        sign = np.ones(products.shape)
    best = products.argmax(axis=1)
    rows = np.arange(x.shape[0])
    return pool.dual[best] * sign[rows, best][:, None], products[rows, best]


def refresh(points: Points, added: Columns) -> Points:
    """Lower bounds made valid again after vertices were added."""
    excess = np.maximum(added.price(points.dual).violation, 1.0)
    return replace(points, dual=points.dual / excess[:, None], lower=points.lower / excess)


def _start_monotone(x: FloatArray, image: IntArray, pool: Points, columns: Columns) -> Points:
    """The mean covers x alone; every coordinate but the tightest has its slack."""
    m, n = x.shape
    rows = np.arange(m)
    ratio = x / columns.mean
    tight = ratio.argmax(axis=1)
    scale = ratio[rows, tight]
    inverse = np.broadcast_to(-np.eye(n), (m, n, n)).copy()
    inverse[rows, :, tight] = columns.mean / columns.mean[tight][:, None]
    inverse[rows, tight, tight] = 1 / columns.mean[tight]
    code = np.broadcast_to(-2 - np.arange(n), (m, n)).copy()
    code[rows, tight] = MEAN
    cost = np.zeros((m, n))
    cost[rows, tight] = 1
    coefficients = np.maximum(scale[:, None] * columns.mean - x, 0)
    coefficients[rows, tight] = scale
    dual, lower = _known_bounds(x, pool, columns) if pool.count else (np.zeros((m, n)), np.zeros(m))
    return Points(x, inverse, code, np.ones((m, n), dtype=complex), cost, coefficients, dual, lower, image)


def improve(points: Points, columns: Columns, *, inside: float, outside: float, steps: int, deadline: float) -> int:
    """Simplex steps on every point that is not settled; the arrays of the points are changed in place.

    Dantzig's rule, ties of the ratio test broken by the largest pivot. The inverses are updated, not computed anew.

    `inside`: points whose value is at most this are left as they are. Returns: steps taken; at most a multiple of the
    dimension.
    """
    value = points.value
    active = np.flatnonzero((value > inside) & ~(points.lower > outside))
    for step in range(steps * columns.dimension):
        if not active.size or time.monotonic() > deadline:
            return step
        duals = np.einsum("mi,mij->mj", points.cost[active], points.inverse[active])
        entering = columns.price(duals)
        _raise_bounds(points, active, columns.feasible(duals, entering))
        optimal = entering.gain <= _OPTIMAL
        points.lower[active[optimal]] = value[active[optimal]]
        go = ~optimal & ~(points.lower[active] > outside)
        active = active[go]
        if not active.size:
            return step
        chosen = entering.take(go)
        moved = _pivot(points, active, chosen)
        value[active] = (points.cost[active] * points.coefficients[active]).sum(axis=1)
        active = active[moved & (value[active] > inside)]
    return steps * columns.dimension


def _raise_bounds(points: Points, active: NDArray[np.intp], dual: FloatArray) -> None:
    bound = (dual * points.x[active]).sum(axis=1)
    better = bound > points.lower[active]
    points.lower[active[better]] = bound[better]
    points.dual[active[better]] = dual[better]


def _pivot(points: Points, active: NDArray[np.intp], entering: Entering) -> NDArray[np.bool_]:
    """One exchange of columns in every active basis; False where no pivot is large enough."""
    _, _, code, factor, column, cost = entering
    rows = np.arange(active.size)
    inverse = points.inverse[active]
    direction = np.einsum("mij,mj->mi", inverse, column)
    coefficients = points.coefficients[active]
    usable = direction > _PIVOT * np.abs(direction).max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(usable, coefficients / direction, np.inf)
    least = ratio.min(axis=1)
    tied = ratio <= (least + 1e-14 * (1 + least))[:, None]
    leaving = np.where(tied, direction, -np.inf).argmax(axis=1)
    moved = np.isfinite(least)
    pivot = np.where(moved, direction[rows, leaving], 1.0)
    row = inverse[rows, leaving] / pivot[:, None]
    direction[rows, leaving] = 0
    inverse -= direction[:, :, None] * row[:, None, :]
    inverse[rows, leaving] = row
    length = np.where(moved, least, 0.0)
    coefficients = np.maximum(coefficients - length[:, None] * direction, 0)
    coefficients[rows, leaving] = length
    done, leaving, chosen = active[moved], leaving[moved], moved
    points.inverse[done] = inverse[chosen]
    points.coefficients[done] = coefficients[chosen]
    points.code[done, leaving] = code[chosen]
    points.factor[done, leaving] = factor[chosen]
    points.cost[done, leaving] = cost[chosen]
    return np.asarray(moved, dtype=bool)
