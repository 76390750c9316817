"""Integrals of the worst selection of a set-valued map along segments.

A segment is cut where the pieces of F change, so that the integrand is smooth between cuts; Gauss-Kronrod
pairs of 7 and 15 nodes then give an integral and an error, and panels with too large an error are halved.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.batch_evaluate import batch_pass
from conservative.functions.graph.nodes import Graph

Floats = NDArray[np.float64]
Extremes = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From points (N, n) and velocities (N, n) to the least and largest ⟨v, velocity⟩ per component, (N, q) each."""

_NODES = np.array([
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851, 0.864864423359769072789712788640926,
    0.741531185599394439863864773280788, 0.586087235467691130294144691693178, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245, 0.0,
])  # fmt: skip
_KRONROD = np.array([
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204, 0.104790010322250183839876322541518,
    0.140653259715525918745189590510238, 0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
])  # fmt: skip
_GAUSS = np.array([
    0.0, 0.129484966168869693270611432679082, 0.0, 0.279705391489276667901467771423780, 0.0,
    0.381830050505118944950369775488975, 0.0, 0.417959183673469387755102040816327,
])  # fmt: skip
_POINTS = np.concatenate([-_NODES, _NODES[-2::-1]])
_FINE = np.concatenate([_KRONROD, _KRONROD[-2::-1]])
_COARSE = np.concatenate([_GAUSS, _GAUSS[-2::-1]])
_SAMPLES = 129
_ROUNDS = 8
"""Changes looked for in one of the intervals between samples."""
TIE_TOLERANCE = 1e-13
"""Wide enough for the rounding of points on a curve inside a tie, and so narrow that other curves cross at once."""
_SHORTEST = 1e-8
"""Shorter panels are left out, and with them the crossings of ties."""
_HALVINGS = 20
_MAX_PANELS = 4096
_EVEN = 2
"""Panels of a segment where nothing is known about its pieces."""


@dataclass(frozen=True, slots=True)
class Integrals:
    """Per segment (S, q): the integrals of the least and the largest ⟨v, γ'⟩, their error, and of |⟨v, γ'⟩|'s bound."""

    lower: Floats
    upper: Floats
    error: Floats
    size: Floats


def integrate(graph: Graph | None, starts: Floats, ends: Floats, extremes: Extremes, *, accuracy: float) -> Integrals:
    """Integrate along the segments from `starts` to `ends`, (S, n) each.

    Without a graph nobody knows where pieces change: kinks are found by halving alone.
    """
    segments, left, right = _even(len(starts)) if graph is None else _panels(graph, starts, ends)
    q = extremes(starts[:1], ends[:1] - starts[:1])[0].shape[1]
    totals = Integrals(*(np.zeros((len(starts), q)) for _ in range(4)))
    for level in range(_HALVINGS):
        if not len(segments):
            break
        low, high, error, size = _quadrature(starts, ends, segments, left, right, extremes)
        poor = np.asarray((error > accuracy * (right - left)[:, None] * np.maximum(1.0, size)).any(axis=1))
        if level == _HALVINGS - 1 or np.count_nonzero(poor) > _MAX_PANELS:
            poor[:] = False
        for total, part in zip((totals.lower, totals.upper, totals.error, totals.size), (low, high, error, size),
                               strict=True):  # fmt: skip
            np.add.at(total, segments[~poor], part[~poor])
        middle = (left + right)[poor] / 2
        segments = np.tile(segments[poor], 2)
        left, right = np.concatenate([left[poor], middle]), np.concatenate([middle, right[poor]])
    return totals


def _even(count: int) -> tuple[NDArray[np.intp], Floats, Floats]:
    """The same few panels for each segment."""
    left = np.tile(np.arange(_EVEN) / _EVEN, count)
    return np.repeat(np.arange(count), _EVEN), left, left + 1 / _EVEN


def _quadrature(
    starts: Floats, ends: Floats, segments: NDArray[np.intp], left: Floats, right: Floats, extremes: Extremes
) -> tuple[Floats, Floats, Floats, Floats]:
    half = (right - left) / 2
    times = ((left + right) / 2)[:, None] + half[:, None] * _POINTS
    velocity = np.repeat((ends - starts)[segments], len(_POINTS), axis=0)
    points = np.repeat(starts[segments], len(_POINTS), axis=0) + times.reshape(-1, 1) * velocity
    low, high = (e.reshape(len(segments), len(_POINTS), -1) for e in extremes(points, velocity))
    fine = [np.einsum("pnq,n->pq", e, _FINE) * half[:, None] for e in (low, high)]
    coarse = [np.einsum("pnq,n->pq", e, _COARSE) * half[:, None] for e in (low, high)]
    size = np.einsum("pnq,n->pq", np.maximum(np.abs(low), np.abs(high)), _FINE) * half[:, None]
    error = np.maximum(np.abs(fine[0] - coarse[0]), np.abs(fine[1] - coarse[1]))
    return fine[0], fine[1], error, size


def _panels(graph: Graph, starts: Floats, ends: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Which segment each panel belongs to, and its ends as parameters in [0, 1]."""
    grid = np.linspace(0.0, 1.0, _SAMPLES)
    count = len(starts)
    codes = _codes(graph, starts, ends, np.repeat(np.arange(count), _SAMPLES), np.tile(grid, count))
    changes = (codes[1:] != codes[:-1]).any(axis=1)
    changes[_SAMPLES - 1 :: _SAMPLES] = False
    places = np.flatnonzero(changes)
    segments, cell = places // _SAMPLES, places % _SAMPLES
    cut_owners, cuts = _cuts(graph, starts, ends, segments, grid[cell], grid[cell + 1])
    owners = np.concatenate([cut_owners, np.arange(count), np.arange(count)])
    times = np.concatenate([cuts, np.zeros(count), np.ones(count)])
    order = np.lexsort((times, owners))
    owners, times = owners[order], times[order]
    long = (owners[1:] == owners[:-1]) & (times[1:] - times[:-1] > _SHORTEST)
    return owners[:-1][long], times[:-1][long], times[1:][long]


def _cuts(
    graph: Graph, starts: Floats, ends: Floats, segments: NDArray[np.intp], left: Floats, right: Floats
) -> tuple[NDArray[np.intp], Floats]:
    """Where the pieces change between `left` and `right`, one change after the other."""
    owners, times = [segments[:0]], [left[:0]]
    for _ in range(_ROUNDS):
        if not len(segments):
            break
        left = _bisect(graph, starts, ends, segments, left, right)
        owners.append(segments)
        times.append(left)
        after = _codes(graph, starts, ends, segments, left) != _codes(graph, starts, ends, segments, right)
        more = after.any(axis=1)
        segments, left, right = segments[more], left[more], right[more]
    return np.concatenate(owners), np.concatenate(times)


def _bisect(
    graph: Graph, starts: Floats, ends: Floats, segments: NDArray[np.intp], left: Floats, right: Floats
) -> Floats:
    here = _codes(graph, starts, ends, segments, left)
    for _ in range(50):
        middle = (left + right) / 2
        same = (_codes(graph, starts, ends, segments, middle) == here).all(axis=1)
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    return right


def _codes(graph: Graph, starts: Floats, ends: Floats, segments: NDArray[np.intp], times: Floats) -> NDArray[np.int8]:
    """The tied branches and signs at points of segments, one row per point.

    Ties have a tolerance, so that rounding makes no changes along curves that stay inside a tie.
    """
    points = starts[segments] + times[:, None] * (ends - starts)[segments]
    trace = batch_pass(graph, points, tolerance=TIE_TOLERANCE, forced={})
    rows = [o.astype(np.int8) for o in trace.options.values()] + [s[None] for s in trace.signs.values()]
    return np.concatenate(rows).T if rows else np.zeros((len(points), 1), dtype=np.int8)
