"""Words extended together for several directions: what each adds to the support function, and what may follow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import seconds_left
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.matrix_sets import MatrixPolytope

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_PER_SECOND = 2e8
"""Products of two numbers that a level of words needs a second, roughly; no level is begun that ends too late."""

_MOST_BACK = 4096
"""Words that are followed back to earlier sets."""

_SETS_BACK = 100
"""Earlier sets looked at: beyond, contraction has made their errors small, and long iterations would slow down."""


class End(Enum):
    """Why no longer words were tried: none was open, there were too many, or time was over."""

    CLOSED = "closed"
    WORDS = "words"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Limits:
    """Steps whose sets are bounded, the largest number of open words, and the time on `time.monotonic` to end."""

    steps: int
    words: int
    deadline: float


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
    """Bounds of support values, a row for every step and one for the limit; why the words ended."""

    lower: Floats
    upper: Floats
    end: End


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """The open words: whose they are, their directions with bounds of the norms, sums, and errors."""

    owner: Indices
    direction: Floats
    size: Floats
    total: Floats
    error: Floats

    @classmethod
    def of(cls, directions: Floats) -> "_Front":
        """The empty word for every direction."""
        k = len(directions)
        return cls(np.arange(k), directions, frobenius_bounds(directions)[1], np.zeros(k), np.zeros(k))

    def keep(self, mask: NDArray[np.bool_]) -> "_Front":
        if mask.all():
            return self
        return _Front(self.owner[mask], self.direction[mask], self.size[mask], self.total[mask], self.error[mask])


def extend(words: Words, directions: Floats, allowed: Floats, limits: Limits) -> Supports:
    """Support values at every step, and in the limit. Shapes: `directions` (k, p, m), `allowed` (k,)."""
    k, steps = len(directions), limits.steps
    front, sizes = _Front.of(directions), _sizes(words)
    floor, ceiling = np.full(k, -np.inf), np.full(k, -np.inf)
    lower, upper = np.empty((steps + 2, k)), np.empty((steps + 2, k))
    end, depth = End.CLOSED, 0
    while len(front.owner):
        if depth <= steps:
            value, error = _at_start(words, front)
            lower[depth] = np.maximum(_largest(front.owner, value - error, k), floor)
            upper[depth] = np.maximum(_largest(front.owner, value + error, k), ceiling)
        follows = words.radius * front.size * (1.0 + 1e-15)
        reach = np.nextafter(follows + front.error, np.inf)
        low, high = np.nextafter(front.total - reach, -np.inf), np.nextafter(front.total + reach, np.inf)
        floor = np.maximum(floor, _largest(front.owner, low, k))
        matters = high >= floor[front.owner]
        enough = 0.5 * allowed[front.owner]
        wide = (high > floor[front.owner] + enough) & (high - low > enough) & (follows > front.error)
        going = matters & wide
        if going.any() and (reason := _exceeded(words, int(going.sum()), limits)) is not End.CLOSED:
            end, going = reason, np.zeros_like(going)
        closed = matters & ~going
        ceiling = np.maximum(ceiling, _largest(front.owner[closed], high[closed], k))
        front = _children(words, front.keep(going), sizes)
        depth += 1
    ceiling = np.maximum(ceiling, floor)
    lower[min(depth, steps + 1) :], upper[min(depth, steps + 1) :] = floor, ceiling
    return Supports(np.minimum(lower, upper), upper, end)


def _exceeded(words: Words, count: int, limits: Limits) -> End:
    """The limit that forbids extending so many words by every letter, or CLOSED."""
    children = count * len(words.A)
    if children > limits.words:
        return End.WORDS
    work = children * words.centre.size * (words.centre.shape[0] + len(words.points) + 8)
    return End.TIME if work / _PER_SECOND >= seconds_left(limits.deadline) else End.CLOSED


def supports_of_last(words: Words, sets: Sequence[MatrixPolytope], directions: Floats) -> tuple[Floats, Floats]:
    """Bounds of ⟨U, ·⟩ on the last of a sequence of exact hulls, around the centre, from stored ones with their errors.

    A word of length s leads back to X_{t−s}, whose stored hull has less error, in a direction that has shrunk; words
    that cannot matter there are few.

    It serves `iterate_set`, and through it the distances of `analyze`. Not `fixed_set`: its hull is no X_t, with no
    earlier sets to go back to, and its errors are those of one image, measured at its end, which no
    longer way sharpens. In single directions `iterate_templates` follows words to the limit.

    Shapes: `directions` (k, p, m), result (k,).
    """
    k = len(directions)
    front, sizes = _Front.of(directions), _sizes(words)
    lower, upper = np.full(k, -np.inf), np.full(k, np.inf)
    for X in reversed(sets[-_SETS_BACK:]):
        points = X.vertices - words.centre
        carried = max(X.e_missing, X.e_extra)
        loose = (2.0 * UNIT_ROUNDOFF * float(frobenius_bounds(points)[1].max()) + carried) * (1.0 + 1e-15)
        value, error = _at_start(replace(words, points=points, loose=loose), front)
        lower = np.maximum(lower, np.nextafter(_largest(front.owner, value - error, k), -np.inf))
        upper = np.minimum(upper, np.nextafter(_largest(front.owner, value + error, k), np.inf))
        front = front.keep(np.nextafter(value + error, np.inf) >= lower[front.owner])
        if len(front.owner) * len(words.A) > _MOST_BACK:
            break
        front = _children(words, front, sizes)
    return lower, upper


def _sizes(words: Words) -> tuple[Floats, Floats]:
    """Bounds of the norms of each A, and of the largest B that goes with it."""
    B_size = np.maximum.reduceat(frobenius_bounds(words.B)[1], words.first)
    return frobenius_bounds(words.A)[1][:, None], B_size[:, None]


def _children(words: Words, front: _Front, sizes: tuple[Floats, Floats]) -> _Front:
    """The words with one more letter: A_iᵀU as rows (UᵀA_i)ᵀ, one product of matrices for each letter."""
    (A_size, B_size), size = sizes, front.size
    count, (p, m) = len(words.A), words.B.shape[1:]
    rows = np.swapaxes(front.direction, 1, 2).reshape(-1, p)
    below = np.swapaxes((rows @ words.A).reshape(-1, m, p), 1, 2)
    every = words.B.reshape(len(words.B), -1) @ front.direction.reshape(-1, p * m).T
    gain = np.maximum.reduceat(every, words.first, axis=0)
    total = front.total + gain
    turned = (p + 4) * UNIT_ROUNDOFF * 1.01 * A_size * size * words.radius
    summed = ((p * m + 6) * UNIT_ROUNDOFF * 1.01 * B_size + words.rounding) * size
    error = (front.error + turned + summed + 2.0 * UNIT_ROUNDOFF * np.abs(total)) * (1.0 + 1e-14) + 1e-300
    return _Front(np.tile(front.owner, count), below, frobenius_bounds(below)[1], total.ravel(), error.ravel())


def _at_start(words: Words, front: _Front) -> tuple[Floats, Floats]:
    """Values with X_0 at the end of every word, and their errors."""
    flat = front.direction.reshape(len(front.owner), -1)
    corners = words.points.reshape(len(words.points), -1)
    reached = (flat @ corners.T).max(axis=1)
    size = front.size
    most = float(frobenius_bounds(words.points)[1].max())
    noise = (flat.shape[1] + 6) * UNIT_ROUNDOFF * 1.01 * size * most + words.loose * size
    value = front.total + reached
    return value, (front.error + noise + 2.0 * UNIT_ROUNDOFF * np.abs(value)) * (1.0 + 1e-14)


def _largest(owner: Indices, values: Floats, count: int) -> Floats:
    found = np.full(count, -np.inf)
    np.maximum.at(found, owner, values)
    return found
