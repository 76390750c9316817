"""Kinks of a solution along one number of which it is a piecewise affine function."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conservative.problems.faces import face_slopes, solve_by_faces
from conservative.problems.parameters import Values


class PathPiece(NamedTuple):
    """A solution on a face: its slope, how far the kinks of g are, how fast they come, and the face."""

    slope: Any
    gaps: Any
    change: Any
    states: Any


def along_faces(problem: Any, v: Values, name: str, lower: float, upper: float) -> NDArray[np.float64]:
    """The values of one number in between at which the slope of the solution jumps, from face to face."""

    def piece(at: float, near: Any) -> PathPiece:
        values = {**v, name: at}
        w = solve_by_faces(problem, values, near)
        states = problem.penalty.classify(w, values, 1e-9)
        slope = face_slopes(problem, w, states, values)[:, 0]
        z = w - problem.smooth.gradient(w, values)
        moved = z + slope - (problem.smooth.gradient(w + slope, values) - problem.smooth.gradient(w, values))
        gaps = problem.penalty.gaps_on(states, z, values)
        return PathPiece(slope, gaps, problem.penalty.gaps_on(states, moved, {**v, name: at + 1}) - gaps, states)

    return follow(piece, lower, upper)


def follow(piece: Callable[[float, Any], PathPiece], lower: float, upper: float) -> NDArray[np.float64]:
    """Where the slope jumps, from each piece to the first kink behind it; `piece` takes a place and states nearby."""
    found: list[float] = []
    at, before = lower, None
    while at <= upper:
        start = at + 1e-5 * max(at, 1e-2 * upper)  # farther than what a solution may miss its condition by
        now = piece(start, None if before is None else before.states)
        if before is not None and np.abs(now.slope - before.slope).max() > 1e-7 * (1 + np.abs(now.slope).max()):
            found.append(at)
        with np.errstate(divide="ignore", invalid="ignore"):
            coming = (now.gaps * now.change < 0) & (np.abs(now.gaps) > 1e-10 * np.abs(now.gaps).max(initial=0.0))
            ahead = np.where(coming, -now.gaps / now.change, np.inf)
        before, at = now, start + float(ahead.min(initial=np.inf))
    return np.array(found)
