"""What is known of a fixed set: an inner and an outer set, its hull, and how far they are apart."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative._core.result_lines import between, count, result_line, shape
from conservative.iteration.bounds.decay import Decay
from conservative.matrix_sets import MatrixPolytope, MatrixSet


class FixedSetStatus(Enum):
    """What was reached; the value is the sentence a report prints."""

    CONVEX = "the fixed set is convex and its hull is known within `tol`; inner and outer sets enclose it"
    SET = "the fixed set is known within `tol`: it lies between `inner` and `outer`, at most `distance` apart"
    HULL = (
        "the hull of the fixed set is known within `tol`; the set itself need not be convex, and lies between "
        '`inner` and `outer`: read `distance` for how far these are apart; less takes `representation="auto"` and '
        "more cells (`max_cells`), not time"
    )
    TIME_LIMIT = (
        "`time_limit` ended the search before `tol` was reached; the sets are valid: read `distance` and the errors "
        "of `hull`, raise `time_limit` or `tol`"
    )
    BUDGET = (
        "`tol` was not reached: rounding, or the number of vertices kept, is the limit of the hull, and more time "
        "would not help; the sets are valid, raise `tol`"
    )
    INTERRUPTED = "interrupted from the keyboard; the sets found until then are valid"


@dataclass(frozen=True, slots=True, eq=False)
class FixedSet:
    """Sets around fix(𝒥), the unique compact set with 𝒥(fix) = fix.

    Parameters
    ----------
    inner : MatrixSet
        A subset of fix(𝒥), up to its `e_extra` (rounding; for regions 1e-11 of the size for each of shapely's unions);
        its `e_missing` bounds how much of fix(𝒥) is farther away.
    outer : MatrixSet
        A superset of fix(𝒥).
    hull : MatrixPolytope
        An inner hull of conv fix(𝒥): gap(conv fix, hull) ≤ `hull.e_missing`, gap(hull, conv fix) ≤ `hull.e_extra`.
    distance : Bracket
        Hausdorff distance of `inner` and `outer`.
    status : FixedSetStatus
        What was reached.
    decay : Decay
        The constants behind the errors.
    quotient : ndarray, shape (p, d), or None
        An orthonormal basis of what all state blocks leave in place, up to rounding: the sets then hold the
        representatives orthogonal to it, and fix(𝒥) is known modulo its span.
    """

    inner: MatrixSet = field(repr=False)
    outer: MatrixSet = field(repr=False)
    hull: MatrixPolytope
    distance: Bracket
    status: FixedSetStatus
    decay: Decay = field(repr=False)
    quotient: NDArray[np.float64] | None = field(repr=False, default=None)

    def support(self, direction: ArrayLike) -> NDArray[np.float64]:
        """Bounds of max ⟨D, X⟩ over fix(𝒥), in chosen directions.

        Parameters
        ----------
        direction : array_like, shape (..., p, m)

        Returns
        -------
        ndarray, shape (..., 2)
            The lower and the upper bound, proved by the errors of `hull`.

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        value = self.hull.support(direction)
        D = np.asarray(direction, dtype=np.float64)
        size = frobenius_bounds(D)[1]
        rounding = (D.shape[-1] * D.shape[-2] + 8.0) * UNIT_ROUNDOFF
        slack = rounding * size * (self.hull.radius + np.abs(self.hull.vertices).max()) + 1e-300
        return np.stack([value - self.hull.e_extra * size - slack, value + self.hull.e_missing * size + slack], axis=-1)

    @property
    def entries(self) -> NDArray[np.float64]:
        """An enclosing interval for each entry of fix(𝒥), shape (p, m, 2)."""
        p, m = self.hull.shape
        units = np.eye(p * m).reshape(p * m, p, m)
        low, high = -self.support(-units)[:, 1], self.support(units)[:, 1]
        return np.stack([low, high], axis=-1).reshape(p, m, 2)

    def contains(self, points: ArrayLike, *, tol: float | None = None) -> NDArray[np.bool_]:
        """Whether points may belong to fix(𝒥): they are in `outer`, or within `tol` of it. False is proved.

        Parameters
        ----------
        points : array_like, shape (..., p, m)
        tol : float, optional
            Absolute: largest Frobenius distance that counts as inside.

        Returns
        -------
        ndarray of bool, shape (...)
        """
        return self.outer.contains(points, tol=tol)

    def __repr__(self) -> str:
        return result_line(
            self,
            f"hull of {count(len(self.hull.vertices), 'vertex')}",
            shape(self.hull.shape),
            f"distance {between(self.distance)}",
            *([f"modulo {count(self.quotient.shape[1], 'direction')}"] if self.quotient is not None else []),
            self.status.name,
        )
