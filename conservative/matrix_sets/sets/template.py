"""Outer hulls by templates: finitely many half-spaces in chosen directions."""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog, nnls
from scipy.spatial import HalfspaceIntersection, QhullError

from conservative._core.checks import as_matrices, as_real_array
from conservative._core.errors import ArgumentError, BudgetError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.result_lines import count, result_line, shape
from conservative._core.rows import first_rows
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.sets.base import MatrixSet, Projection, check_errors, keep, moved_back
from conservative.matrix_sets.sets.planar import planar_hull

Floats = NDArray[np.float64]

_MOST_DIMENSIONS = 3
"""Vertices are listed up to this p·q; beyond, their number grows too fast."""

VERTEX_ROUNDING = 1e-10
"""Share by which the vertices that Qhull finds are moved outward."""

_FAR = 300
"""Exponents of two beyond which sets are moved to size one."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class TemplateHull(MatrixSet):
    """The polytope {X : ⟨U_j, X⟩ ≤ h_j for all j}, an outer hull when h_j bounds the support function of a set.

    Parameters
    ----------
    directions : array_like, shape (k, p, q)
        Not zero, and such that the polytope is bounded; ± every axis suffices.
    heights : array_like, shape (k,)
    exactness : Exactness
        Relation to the set this one stands for.
    e_missing, e_extra : float
        Proved one-sided Frobenius distances to that set; infinite where nothing is known.

    Raises
    ------
    EmptySetError
        If the half-spaces have no common interior.
    ArgumentError
        If the polytope is unbounded or a direction is zero.
    ShapeError, NonFiniteError, ArgumentTypeError

    Notes
    -----
    No vertices are listed: support values are bounded above by duality, ⟨D, X⟩ ≤ Σ λ_j h_j + ‖D − Σ λ_j U_j‖ R for
    λ ≥ 0 from a linear program that need not be exact; R bounds the norm over the set. Distances are bounded below by
    ⟨W, X⟩ − (that bound), with W a combination of directions, and above by the distance to a point pulled towards an
    inner point until it satisfies every inequality with its rounding.

    Examples
    --------
    >>> box = TemplateHull([[[1.0, 0.0]], [[-1.0, 0.0]], [[0.0, 1.0]], [[0.0, -1.0]]], [1.0, 1.0, 2.0, 0.0])
    >>> box.contains([[[0.5, 1.5]], [[0.5, -0.5]]]).tolist()
    [True, False]
    >>> 3.0 <= float(box.support([[1.0, 1.0]])) < 3.0 + 1e-12
    True
    """

    directions: Floats
    heights: Floats
    exactness: Exactness = Exactness.OUTER
    e_missing: float = 0.0
    e_extra: float = float("inf")
    inside: Floats = field(init=False, repr=False)
    _radius: float = field(init=False, repr=False)

    def __init__(
        self,
        directions: ArrayLike,
        heights: ArrayLike,
        exactness: Exactness = Exactness.OUTER,
        e_missing: float = 0.0,
        e_extra: float = float("inf"),
    ) -> None:
        directions = as_matrices(directions, call="TemplateHull", argument="directions")
        heights = as_real_array(heights, call="TemplateHull", argument="heights", wanted="shape (k,)")
        if heights.shape != (len(directions),):
            raise ShapeError(
                f"`TemplateHull(heights=...)` needs shape ({len(directions)},), one height for each direction; got "
                f"{heights.shape}."
            )
        if not np.abs(directions).max(axis=(1, 2)).all():
            raise ArgumentError("`TemplateHull(directions=...)` needs directions other than zero. Leave zeros out.")
        keep(self, directions=directions, heights=heights, exactness=exactness, e_missing=e_missing, e_extra=e_extra)
        keep(self, inside=self._inner_point().reshape(directions.shape[1:]))
        keep(self, _radius=self._bound_radius())
        check_errors(self)

    @property
    def shape(self) -> tuple[int, int]:
        """(p, q), the shape of one matrix."""
        return int(self.directions.shape[1]), int(self.directions.shape[2])

    @property
    def convex(self) -> bool:
        """True."""
        return True

    @property
    def radius(self) -> float:
        """An upper bound of the Frobenius norm over the set."""
        return self._radius

    @property
    def enumerable(self) -> bool:
        """Whether `extreme` can list the vertices."""
        return bool(self.directions[0].size <= _MOST_DIMENSIONS)

    @property
    def extreme(self) -> Floats:
        """The vertices, shape (k, p, q), moved outward by their rounding as far as Qhull finds it; p·q ≤ 3 only.

        Raises
        ------
        BudgetError
            For p·q > 3, or when Qhull gives up.
        """
        U, d = self._rows(), self.directions[0].size
        if not self.enumerable:
            raise BudgetError(
                f"`TemplateHull.extreme` lists vertices up to p·q = {_MOST_DIMENSIONS}; got {d}. Use `support`, "
                "`project` or `contains`, which need none."
            )
        if d == 1:
            ends = [self.support([[1.0]]), -self.support([[-1.0]])]
            return np.array(ends, dtype=np.float64).reshape(2, 1, 1)
        try:
            found = HalfspaceIntersection(np.c_[U, -self.heights], self.inside.ravel()).intersections
        except (QhullError, ValueError) as error:
            raise BudgetError("`TemplateHull.extreme`: the vertices could not be listed; use `support`.") from error
        found = found[np.isfinite(found).all(axis=1)]
        found = found[first_rows(found)]
        away = self.inside.ravel() + (found - self.inside.ravel()) * (1.0 + VERTEX_ROUNDING)
        return np.asarray(away.reshape(-1, *self.shape))

    def support(self, direction: ArrayLike) -> Floats:
        """Proved upper bounds of the support function h(D) = max ⟨D, X⟩, tight up to rounding.

        Parameters
        ----------
        direction : array_like, shape (..., p, q)

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        flat, batch = self._flatten(direction, call="support", argument="direction")
        weights = np.array([self._dual(row) for row in flat]).reshape(len(flat), len(self.heights))
        return np.asarray(self._support_bound(flat, weights, self._radius).reshape(batch))

    def project(self, points: ArrayLike, *, stop_below: float = 0.0) -> Projection:
        """Nearest matrices of the polytope, one nonnegative least squares problem each, with proved distances.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        stop_below : float
            Not needed here.

        Returns
        -------
        Projection

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        flat, batch = self._flatten(points, call="project", argument="points")
        exponent = int(np.frexp(max(float(np.abs(self.heights).max()), float(np.abs(flat).max(initial=0.0))))[1])
        if abs(exponent) > _FAR:
            with np.errstate(under="ignore"):
                near = TemplateHull(self.directions, np.ldexp(self.heights, -exponent))
                found = near.project(np.ldexp(flat, -exponent).reshape(*batch, *self.shape))
            return moved_back(found, exponent)
        U, inner = self._rows(), self.inside.ravel()
        excess = flat @ U.T - self.heights + self._slack(flat)
        outside = np.flatnonzero((excess > 0.0).any(axis=1))
        nearest, lower, upper = flat.copy(), np.zeros(len(flat)), np.zeros(len(flat))
        if outside.size:
            weights = np.array([self._least_distance(excess[i]) for i in outside])
            pulled = self._pulled(flat[outside] - weights @ U, inner)
            nearest[outside] = pulled
            size = norms(flat[outside] - pulled)
            upper[outside] = size * (1.0 + (flat.shape[1] + 8) * UNIT_ROUNDOFF) + 1e-300
            lower[outside] = np.minimum(self._separation(flat[outside], weights), upper[outside])
        return Projection(nearest.reshape(*batch, *self.shape), lower.reshape(batch), upper.reshape(batch))

    def to_shapely(self) -> Any:
        """The polytope as a shapely polygon.

        Returns
        -------
        shapely geometry

        Raises
        ------
        ShapeError
            If p·q is not 2.
        """
        if self.directions[0].size != 2:
            return planar_hull(self.directions)
        return planar_hull(self.extreme)

    def __repr__(self) -> str:
        return result_line(self, count(len(self.heights), "half-space"), shape(self.shape), self.exactness.name)

    def _rows(self) -> Floats:
        return self.directions.reshape(len(self.directions), -1)

    def _inner_point(self) -> Floats:
        """A point with every inequality proved, near the centre of the largest inner ball."""
        U = self._rows()
        sizes, d = norms(U), U.shape[1]
        # Unit directions and heights of size one: the solver's tolerances are absolute.
        scale = max(float(np.abs(self.heights / sizes).max()), 1e-300)
        found = linprog(
            np.r_[np.zeros(d), -1.0],
            A_ub=np.c_[U / sizes[:, None], np.ones(len(U))],
            b_ub=self.heights / sizes / scale,
            bounds=[(None, None)] * d + [(0.0, None)],
        )
        if found.status == 3:
            raise ArgumentError(
                "`TemplateHull(directions=...)` needs a bounded polytope; these half-spaces hold a ray. Add ± every "
                "axis to the directions."
            )
        centre = scale * np.asarray(found.x[:d] if found.x is not None else np.zeros(d))
        if found.x is None or (U @ centre + self._slack(centre[None])[0] > self.heights).any():
            raise EmptySetError(
                "`TemplateHull(heights=...)` needs half-spaces with a common interior; got none. Raise the heights, "
                "by a rounding at least where the set is flat."
            )
        return centre

    def _slack(self, flat: Floats) -> Floats:
        """More than the rounding of every ⟨U_j, X⟩, shape (n, k)."""
        d = flat.shape[1]
        return np.asarray((d + 8) * UNIT_ROUNDOFF * 1.01 * norms(flat)[:, None] * norms(self._rows()) + 1e-300)

    def _bound_radius(self) -> float:
        """R ≤ ‖a‖/(1 − ‖r‖), from bounds a_j + r_j R of the largest entries."""
        d = self.directions[0].size
        axes = np.concatenate([np.eye(d), -np.eye(d)])
        weights = np.array([self._dual(row) for row in axes])
        ends, rest = self._support_bound(axes, weights, 0.0), self._residuals(axes, weights)
        ends = np.maximum(ends[:d], ends[d:])
        loose = float(norms(np.maximum(rest[:d], rest[d:])))
        if not loose < 0.5:
            raise ArgumentError("`TemplateHull(directions=...)` needs a bounded polytope. Add ± every axis.")
        return float(np.nextafter(norms(ends) / (1.0 - loose) * (1.0 + 1e-14), np.inf))

    def _dual(self, row: Floats) -> Floats:
        """Weights λ ≥ 0 with Σ λ_j U_j ≈ D and Σ λ_j h_j small."""
        U = self._rows()
        scale = max(float(np.abs(self.heights).max()), 1e-300)
        found = linprog(self.heights / scale, A_eq=U.T, b_eq=row, bounds=(0.0, None))
        if found.x is None:
            raise ArgumentError("`TemplateHull(directions=...)` needs a bounded polytope. Add ± every axis.")
        return np.maximum(np.asarray(found.x, dtype=np.float64), 0.0)

    def _residuals(self, flat: Floats, weights: Floats) -> Floats:
        U = self._rows()
        size = norms(flat) + weights @ norms(U)
        rounding = (len(U) + 8) * UNIT_ROUNDOFF * 1.01 * size + 1e-300
        return np.asarray((norms(flat - weights @ U) + rounding) * (1.0 + 1e-14))

    def _support_bound(self, flat: Floats, weights: Floats, radius: float) -> Floats:
        with np.errstate(over="ignore"):
            value = weights @ self.heights
            rounding = (len(self.heights) + 8) * UNIT_ROUNDOFF * 1.01 * (weights @ np.abs(self.heights))
            return np.nextafter(value + rounding + self._residuals(flat, weights) * radius * (1.0 + 1e-15), np.inf)

    def _least_distance(self, excess: Floats) -> Floats:
        """Weights λ ≥ 0 for which X − Σ λ_j U_j is nearly the nearest point (Lawson and Hanson's least distance)."""
        scale = float(np.abs(excess).max())
        system = np.r_[-self._rows().T, excess[None] / scale]
        weights, _ = nnls(system, np.r_[np.zeros(system.shape[0] - 1), 1.0], maxiter=30 * system.shape[1])
        rest = 1.0 - float(weights @ excess) / scale
        return np.asarray(weights / rest * scale if rest > 0.0 else np.zeros_like(weights))

    def _pulled(self, flat: Floats, inner: Floats) -> Floats:
        """Points moved towards the inner point until they satisfy all inequalities."""
        U = self._rows()
        room = self.heights - U @ inner
        share = np.ones(len(flat))
        for _ in range(60):
            moved = inner + share[:, None] * (flat - inner)
            rise = (moved - inner) @ U.T
            over = moved @ U.T + self._slack(moved) > self.heights
            if not over.any():
                return moved
            bad = np.asarray(over.any(axis=1))
            ratio = np.where(rise > 0.0, np.maximum(room, 0.0) / np.where(rise > 0.0, rise, 1.0), np.inf).min(axis=1)
            share = np.where(bad, share * np.minimum(ratio, 1.0) * (1.0 - 2.0**-48), share)
        return np.where(bad[:, None], inner, moved)

    def _separation(self, flat: Floats, weights: Floats) -> Floats:
        """(⟨W, X⟩ − Σ λ_j h_j)/‖W‖ for W = Σ λ_j U_j, rounded down."""
        U = self._rows()
        W = weights @ U
        size = norms(W)
        bound = self._support_bound(W, weights, self._radius)
        reach = np.einsum("nd,nd->n", W, flat) - (flat.shape[1] + 8) * UNIT_ROUNDOFF * 1.01 * size * norms(flat)
        value = (reach - bound) / np.where(size > 0.0, size, 1.0) * (1.0 - 1e-14)
        return np.where(size > 0.0, np.maximum(value, 0.0), 0.0)
