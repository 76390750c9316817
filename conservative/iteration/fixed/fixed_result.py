"""What is known of a fixed set: an inner and an outer set, its hull, and how far they are apart."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import Bracket
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

    def __repr__(self) -> str:
        return result_line(
            self,
            f"hull of {count(len(self.hull.vertices), 'vertex')}",
            shape(self.hull.shape),
            f"distance {between(self.distance)}",
            *([f"modulo {count(self.quotient.shape[1], 'direction')}"] if self.quotient is not None else []),
            self.status.name,
        )
