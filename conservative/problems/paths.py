"""Kinks of a solution along one number of which it is a piecewise affine function."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class PathPiece(NamedTuple):
    """A solution on a face: its slope, how far the kinks of g are, how fast they come, and the face."""

    slope: Any
    gaps: Any
    change: Any
    states: Any


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
