"""Words extended together for several directions: what each adds to the support function, and what may follow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative._core.norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """A family Z ↦ A_i Z + B_i around its centre, and where it starts.

    Parameters
    ----------
    A : ndarray, shape (g, p, p)
        Distinct.
    B : ndarray, shape (k, p, m)
        Those that go with the same A stand together.
    first : ndarray of int, shape (g,)
        Where those of each A begin.
    centre : ndarray, shape (p, m)
    points : ndarray, shape (n, p, m)
        Vertices of X_0 less the centre.
    radius : float
        At least ‖Z‖ for every Z of every set.
    rounding, loose : float
        Errors of B and of the points.
    """

    A: Floats
    B: Floats
    first: Indices
    centre: Floats
    points: Floats
    radius: float
    rounding: float
    loose: float


@dataclass(frozen=True, slots=True, eq=False)
class Supports:
    """Bounds of support values, a row for every step and one for the limit; whether words were cut for their number."""

    lower: Floats
    upper: Floats
    cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """The open words: whose they are, their directions, sums, and errors."""

    owner: Indices
    direction: Floats
    total: Floats
    error: Floats

    def keep(self, mask: NDArray[np.bool_]) -> "_Front":
        return _Front(self.owner[mask], self.direction[mask], self.total[mask], self.error[mask])


def extend(words: Words, directions: Floats, allowed: Floats, *, steps: int, most: int) -> Supports:
    """Support values at every step up to `steps`, and in the limit.

    Parameters
    ----------
    words : Words
    directions : ndarray, shape (k, p, m)
    allowed : ndarray, shape (k,)
        Width of a bracket that is good enough.
    steps : int
    most : int
        Largest number of open words.

    Returns
    -------
    Supports
    """
    k = len(directions)
    front = _Front(np.arange(k), directions, np.zeros(k), np.zeros(k))
    floor, ceiling = np.full(k, -np.inf), np.full(k, -np.inf)
    lower, upper = np.empty((steps + 2, k)), np.empty((steps + 2, k))
    cut, depth = False, 0
    while len(front.owner):
        if depth <= steps:
            value, error = _at_start(words, front)
            lower[depth] = np.maximum(_largest(front.owner, value - error, k), floor)
            upper[depth] = np.maximum(_largest(front.owner, value + error, k), ceiling)
        follows = words.radius * frobenius_bounds(front.direction)[1] * (1.0 + 1e-15)
        reach = np.nextafter(follows + front.error, np.inf)
        low, high = np.nextafter(front.total - reach, -np.inf), np.nextafter(front.total + reach, np.inf)
        floor = np.maximum(floor, _largest(front.owner, low, k))
        matters = high >= floor[front.owner]
        enough = 0.5 * allowed[front.owner]
        wide = (high > floor[front.owner] + enough) & (high - low > enough) & (follows > front.error)
        going = matters & wide
        if int(going.sum()) * len(words.A) > most:
            cut, going = True, np.zeros_like(going)
        closed = matters & ~going
        ceiling = np.maximum(ceiling, _largest(front.owner[closed], high[closed], k))
        front = _children(words, front.keep(going))
        depth += 1
    ceiling = np.maximum(ceiling, floor)
    lower[min(depth, steps + 1) :], upper[min(depth, steps + 1) :] = floor, ceiling
    return Supports(np.minimum(lower, upper), upper, cut)


def _children(words: Words, front: _Front) -> _Front:
    size = frobenius_bounds(front.direction)[1] if len(front.owner) else np.zeros(0)
    count, (p, m) = len(words.A), words.B.shape[1:]
    A_size = frobenius_bounds(words.A)[1]
    B_size = np.maximum.reduceat(frobenius_bounds(words.B)[1], words.first)
    below = np.einsum("kij,nim->knjm", words.A, front.direction, optimize=True)
    every = np.einsum("kim,nim->kn", words.B, front.direction, optimize=True)
    gain = np.maximum.reduceat(every, words.first, axis=0)
    total = front.total + gain
    turned = (p + 4) * UNIT_ROUNDOFF * 1.01 * A_size[:, None] * size * words.radius
    summed = ((p * m + 6) * UNIT_ROUNDOFF * 1.01 * B_size[:, None] + words.rounding) * size
    error = (front.error + turned + summed + 2.0 * UNIT_ROUNDOFF * np.abs(total)) * (1.0 + 1e-14) + 1e-300
    return _Front(np.tile(front.owner, count), below.reshape(-1, p, m), total.ravel(), error.ravel())


def _at_start(words: Words, front: _Front) -> tuple[Floats, Floats]:
    """Values with X_0 at the end of every word, and their errors."""
    flat = front.direction.reshape(len(front.owner), -1)
    corners = words.points.reshape(len(words.points), -1)
    reached = (flat @ corners.T).max(axis=1)
    size = frobenius_bounds(front.direction)[1]
    most = float(frobenius_bounds(words.points)[1].max())
    noise = (flat.shape[1] + 6) * UNIT_ROUNDOFF * 1.01 * size * most + words.loose * size
    value = front.total + reached
    return value, (front.error + noise + 2.0 * UNIT_ROUNDOFF * np.abs(value)) * (1.0 + 1e-14)


def _largest(owner: Indices, values: Floats, count: int) -> Floats:
    found = np.full(count, -np.inf)
    np.maximum.at(found, owner, values)
    return found
