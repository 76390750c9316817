"""The hull of fix(𝒥) from inside: fixed points of words, and their images, until what is missing is small enough."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from conservative._core.exactness import Exactness
from conservative._core.numbers import round_up
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.decay import Decay
from conservative.iteration.fixed.fixed_points import graph_points, word_points
from conservative.iteration.fixed.fixed_result import FixedSetStatus
from conservative.iteration.jacobian_blocks import Blocks
from conservative.matrix_sets import FiniteSet, MatrixPolytope, simplify
from conservative.matrix_sets.distance.gaps import measured_gap
from conservative.matrix_sets.interrupts import searching_until
from conservative.matrix_sets.operations.images_and_hulls import affine_images

Floats = NDArray[np.float64]

_ROUNDS = 1000
_LOW = 3
"""Up to this p·m hulls have few vertices and rounds are cheap."""

_VERTICES, _MANY_DIMENSIONS_VERTICES = 600, 150
"""Most vertices kept in low and in high dimension."""

_PATIENCE, _MANY_DIMENSIONS_PATIENCE = 100, 12
"""Rounds without a tenth less error, after which rounding or the limit on vertices must be the reason."""


@dataclass(slots=True)
class HullSearch:
    """The best inner hull so far, with proved errors."""

    blocks: Blocks
    decay: Decay
    best: MatrixPolytope = field(init=False)
    points: Floats = field(init=False)
    tol: float = np.inf
    seed_error: float = 0.0
    rounding: float = 0.0

    def run(self, tol: float, deadline: float) -> FixedSetStatus:
        """Grow the hull until its errors are at most `tol`, or nothing improves; it may be called again for less."""
        patience = _PATIENCE if self._is_low() else _MANY_DIMENSIONS_PATIENCE
        reached: list[float] = []
        first = not hasattr(self, "best")
        if first:
            self.begin()
        self.tol = tol
        with searching_until(deadline):
            if first:
                self._seed(word_points(self.blocks))
            K = self._simplified(np.concatenate([self.points, self.best.vertices]))
            for step in range(_ROUNDS):
                image, rounding = affine_images(K.vertices, self.blocks.A, self.blocks.B)
                self._measure(K, MatrixPolytope(image.reshape(-1, *K.shape)), rounding)
                reached.append(self.error)
                if reached[-1] <= self.tol:
                    return FixedSetStatus.HULL
                if time.monotonic() > deadline:
                    return FixedSetStatus.TIME_LIMIT
                if step >= patience and reached[-1] > 0.9 * reached[-1 - patience]:
                    return FixedSetStatus.BUDGET
                K = self._grow(K, image, repeat=step.bit_count() == 1 or step % 16 == 0)
        return FixedSetStatus.BUDGET

    @property
    def error(self) -> float:
        """The larger of the errors of the best hull so far."""
        return max(self.best.e_missing, self.best.e_extra)

    def begin(self) -> None:
        """Record one fixed point as a hull, so that whatever ends the search leaves something valid."""
        A, B = self.blocks.A, self.blocks.B
        self._seed(np.linalg.solve(np.eye(A.shape[1]) - A[0], B[0])[None])
        image, rounding = affine_images(self.points, A, B)
        self._measure(MatrixPolytope(self.points), MatrixPolytope(image[:, 0]), rounding)

    def _seed(self, points: Floats) -> None:
        """Take points S that are images of each other; gap(S, fix) ≤ Σ c_s · gap(S, 𝒥(S)) bounds their errors."""
        images, rounding = affine_images(points, self.blocks.A, self.blocks.B)
        loose = measured_gap(FiniteSet(points), FiniteSet(images.reshape(-1, *points.shape[1:]))).upper
        found = distance_to_fixed(self.decay, round_up(loose + rounding), later=0)
        self.seed_error = max(self.seed_error, found)
        self.points = points

    def _is_low(self) -> bool:
        return int(self.blocks.B[0].size) <= _LOW

    def _simplified(self, points: Floats) -> MatrixPolytope:
        """Thin by a share of `tol` that the growth of errors leaves unharmed; in the plane keep all vertices."""
        plane = points.shape[1] * points.shape[2] <= 2
        return simplify(
            MatrixPolytope(points),
            tol=None if plane else self.tol / (8.0 * self.decay.tail(0)),
            max_vertices=_VERTICES if self._is_low() else _MANY_DIMENSIONS_VERTICES,
        )

    def _measure(self, K: MatrixPolytope, image: MatrixPolytope, rounding: float) -> None:
        """Record K with its proved errors if they are the best so far.

        Every point of K is a seed, or an image under at most as many maps as there were rounds: the seeds' errors
        shrink on the way by c_s, and the roundings made on it add up to at most their largest times Σ c_s.
        """
        self.rounding = max(self.rounding, rounding)
        missing = distance_to_fixed(self.decay, round_up(measured_gap(image, K).upper + rounding), later=0)
        seeds = round_up(max(self.decay.norms) * self.seed_error)
        extra = distance_to_fixed(self.decay, self.rounding, later=0, carried=seeds)
        errors = missing, extra
        if not hasattr(self, "best") or max(errors) < max(self.best.e_missing, self.best.e_extra):
            self.best = MatrixPolytope(K.vertices, exactness=Exactness.INNER, e_missing=errors[0], e_extra=errors[1])

    def _grow(self, K: MatrixPolytope, image: Floats, *, repeat: bool) -> MatrixPolytope:
        """conv(K ∪ 𝒥(K)), now and then with the points that repeat the construction of K for ever."""
        parts = [K.vertices, image.reshape(-1, *K.shape)]
        if repeat:
            self._seed(graph_points(self.blocks, K.vertices))
            parts.insert(0, self.points)
        return self._simplified(np.concatenate(parts))
