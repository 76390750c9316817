"""Open cones by linear programs: for irrational rows, and cones with too many extreme rays to list."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.simplex import strict_solution
from conservative.functions.graph.arithmetic import as_exact, exact_sign
from conservative.functions.graph.balls import RealBall

_MARGIN = 1e-14
"""Smallest slack, on rows of unit length, of a direction that is worth an exact look."""
_MANY = 16
"""Rows at once from which a program that orders them costs less than it saves."""
_CLEAR = 1e-6
"""Slack from which the direction at hand is kept without a new program."""


@dataclass(frozen=True, slots=True)
class LinearCone:
    """A cone given by its rows and one direction inside.

    The direction is confirmed exactly. Where a program finds none with a clear slack, rational rows are decided by an
    exact simplex method; so only irrational rows leave a thin cone undecided, and it counts as empty.
    """

    strict: tuple[NDArray[Any], ...]
    equal: tuple[NDArray[Any], ...]
    interior: tuple[Fraction, ...]

    @classmethod
    def of(cls, strict: Sequence[Any], equal: Sequence[Any], *, width: int) -> "LinearCone | None":
        """The cone of some rows; None when it is empty."""
        rational = all(isinstance(x, (int, Fraction)) for row in (*strict, *equal) for x in row)
        inside = _inside(tuple(strict), tuple(equal), width, rational=rational)
        return None if inside is None else cls(tuple(strict), tuple(equal), inside)

    def narrow(self, row: NDArray[Any], *, equal: bool = False) -> "LinearCone | None":
        """The part where row . d > 0 (or = 0); None when it is empty or too thin to be seen."""
        if equal:
            return LinearCone.of(self.strict, (*self.equal, row), width=len(row))
        slack = float((_unit([row], len(row)) @ np.array(self.interior, dtype=np.float64))[0])
        if slack > _CLEAR and _positive(row, self.interior):
            return LinearCone((*self.strict, row), self.equal, self.interior)
        return LinearCone.of((*self.strict, row), self.equal, width=len(row))


def telling_order(strict: Sequence[Any], equal: Sequence[Any], rows: Sequence[NDArray[Any]]) -> Sequence[int]:
    """The order in which many rows narrow a cone with the least work, by one program in doubles.

    Rows that leave nothing open come first, then those whose walls are nearest to a direction in the middle, so that
    most of the others are met by all that is left. The order changes no answer.
    """
    if len(rows) < _MANY:
        return range(len(rows))
    width = len(rows[0])
    held = _unit([*strict, *rows], width)
    result = _program(held, _unit(equal, width))
    if result.x is None:
        return range(len(rows))
    weights = -np.asarray(result.ineqlin.marginals, dtype=np.float64)[len(strict) :]
    slacks = (held @ result.x[:-1])[len(strict) :]
    order: list[int] = np.lexsort((slacks, -weights)).tolist()
    return order


def _inside(strict: Any, equal: Any, width: int, *, rational: bool) -> tuple[Fraction, ...] | None:
    if not strict:
        return (Fraction(0),) * width
    found = _widest(_unit(strict, width), _unit(equal, width))
    direction = None if found is None else tuple(Fraction(x) for x in found.tolist())
    if direction is not None and not equal and all(_positive(row, direction) for row in strict):
        return direction
    if rational:
        return strict_solution(strict, equal, width)
    return direction if equal else None


def _widest(strict: NDArray[np.float64], equal: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """A direction d with strict @ d > 0 and equal @ d = 0 and a large slack."""
    if strict.shape[1] == 2 and not len(equal):
        return _widest_in_the_plane(strict)
    result = _program(strict, equal)
    if result.x is None or result.x[-1] <= _MARGIN:
        return None
    direction: NDArray[np.float64] = np.asarray(result.x[:-1], dtype=np.float64)
    return direction


def _program(strict: NDArray[np.float64], equal: NDArray[np.float64]) -> Any:
    """The direction of largest slack within a box."""
    from scipy.optimize import linprog

    width = strict.shape[1]
    return linprog(
        np.append(np.zeros(width), -1.0),
        A_ub=np.hstack([-strict, np.ones((len(strict), 1))]),
        b_ub=np.zeros(len(strict)),
        A_eq=np.hstack([equal, np.zeros((len(equal), 1))]) if len(equal) else None,
        b_eq=np.zeros(len(equal)) if len(equal) else None,
        bounds=[(-1.0, 1.0)] * width + [(None, 1.0)],
        method="highs",
    )


def _widest_in_the_plane(rows: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The middle of the arc of directions: the rows must leave a gap of more than half a turn."""
    angles = np.sort(np.arctan2(rows[:, 1], rows[:, 0]))
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    widest = int(np.argmax(gaps))
    middle = angles[widest] + gaps[widest] / 2 + np.pi
    direction = np.array([np.cos(middle), np.sin(middle)])
    return direction if (rows @ direction).min() > _MARGIN else None


def _unit(rows: Any, width: int) -> NDArray[np.float64]:
    matrix = np.array([_floats(row) for row in rows], dtype=np.float64).reshape(-1, width)
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.where(length == 0, 1.0, length)


def _floats(row: Sequence[Any]) -> list[float]:
    """A row in doubles, first scaled where its entries are rationals of any size."""
    largest = max((abs(x) for x in row), default=0) if all(isinstance(x, (int, Fraction)) for x in row) else 1
    return [float(x / largest) if largest else 0.0 for x in row]


def _positive(row: NDArray[Any], direction: Sequence[Fraction]) -> bool:
    total = sum((entry * d for entry, d in zip(row, direction, strict=True) if d), Fraction(0))
    if isinstance(total, RealBall):
        return total.sign == 1
    return exact_sign(total if isinstance(total, Fraction) else as_exact(total)) > 0
