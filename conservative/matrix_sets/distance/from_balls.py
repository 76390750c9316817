"""The gap from a set with a margin to a convex set: a ball may reach out of a set that holds its centre.

The distance to a convex Y is a convex function, so that over v + B(r) it is largest on the sphere. The sphere is
covered by cones over simplices of unit vectors u_1..u_d, at first the orthants. If every matrix of conv{u_i} has norm
at least h, the part of the sphere in the cone lies in v + r·conv{0, u_1/h, ..., u_d/h}: the distances of those corners
bound it from above, that of the middle from below. Both differ by the square of the simplex's size, so halving the
longest edge where the bound is large soon closes the bracket.
"""

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.matrix_sets.interrupts import InterruptedSearch, out_of_time
from conservative.matrix_sets.nearest.proved_projection import norms
from conservative.matrix_sets.operations.simplify import simplify
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.polytope import MatrixPolytope

Floats = NDArray[np.float64]

_BUDGET = 100_000
"""Cones measured before a wider bracket is returned."""

_BATCH = 512
"""Cones divided at a time: those with the largest upper bounds."""

_COVER = 1e-12
"""Share of the radius by which cones may miss the sphere: 4 roundings of a middle for each halving, 2000 at most."""

_MOST_NUMBERS = 20_000_000
"""Numbers in all orthants of all balls; beyond, they are too many."""


def farthest_in_balls(X: CellUnion, Y: MatrixSet, *, tol: float | None = None, budget: int = _BUDGET) -> Bracket:
    """Bounds of max_{x ∈ X} d(x, Y) for a union of cells with a margin and a convex Y.

    `tol`: width that is narrow enough; by default 1e-9 times the size of the sets. Raises InterruptedSearch on an
    interrupt from the keyboard, with the bracket so far.

    >>> from conservative.matrix_sets import MatrixPolytope
    >>> box = MatrixPolytope([[[-1, -1]], [[-1, 1]], [[1, -1]], [[1, 1]]])
    >>> 0.5 in farthest_in_balls(CellUnion([[[[0.0, 0.0]]]], margin=1.5), box)
    True
    """
    p, q = X.shape
    size = X.radius + Y.radius
    core = simplify(MatrixPolytope(X.core.extreme))
    noise = _COVER * X.margin + 16.0 * (p * q + 8) * UNIT_ROUNDOFF * size + core.e_missing
    width = max(1e-9 * size if tol is None else tol, 8.0 * noise)
    middles = core.vertices.reshape(-1, p * q)
    at_middles = Y.project(core.vertices)
    lower = float(at_middles.lower.max())
    most = float(np.nextafter(at_middles.upper.max() + X.margin, np.inf)) + 2.0 * noise
    if len(middles) * 2.0 ** (p * q) * (p * q) ** 2 > _MOST_NUMBERS:
        return Bracket(lower, most)
    owners, cones = _orthants(p * q, len(middles))
    low, uppers = _measure(middles[owners], cones, X, Y, noise)
    used, settled = len(cones), 0.0
    try:
        while True:
            lower = max(lower, float(low.max(initial=0.0)))
            alive = uppers > lower + width
            settled = max(settled, float(uppers[~alive].max(initial=0.0)))
            owners, cones, uppers = owners[alive], cones[alive], uppers[alive]
            if uppers.size == 0 or used >= budget or out_of_time():
                break
            order = np.argsort(-uppers)
            chosen, rest = order[:_BATCH], order[_BATCH:]
            parts, twice = _halved(cones[chosen]), np.tile(owners[chosen], 2)
            low, high = _measure(middles[twice], parts, X, Y, noise)
            high = np.minimum(high, np.tile(uppers[chosen], 2))
            used += len(parts)
            owners, cones = np.concatenate([owners[rest], twice]), np.concatenate([cones[rest], parts])
            uppers = np.concatenate([uppers[rest], high])
    except KeyboardInterrupt:
        raise InterruptedSearch(Bracket(min(lower, most), most)) from None
    return Bracket(min(lower, most), min(most, max(lower, settled, float(uppers.max(initial=0.0)))))


def _orthants(d: int, count: int) -> tuple[NDArray[np.intp], Floats]:
    """The cones over ±e_1..±e_d, shape (n, d, d), for each of so many balls, and the numbers of the balls."""
    signs = 1.0 - 2.0 * ((np.arange(2**d)[:, None] >> np.arange(d)) & 1)
    cones = signs[:, :, None] * np.eye(d)
    return np.repeat(np.arange(count), len(cones)), np.tile(cones, (count, 1, 1))


def _halved(cones: Floats) -> Floats:
    """Both halves of every cone, its longest edge cut in the middle."""
    i, j = np.triu_indices(cones.shape[1], 1)
    rows = np.arange(len(cones))
    if i.size == 0:
        return np.concatenate([cones, cones])
    edge = norms(cones[:, i] - cones[:, j]).argmax(axis=1)
    middle = cones[rows, i[edge]] + cones[rows, j[edge]]
    middle /= norms(middle)[:, None]
    first, second = cones.copy(), cones.copy()
    first[rows, i[edge]], second[rows, j[edge]] = middle, middle
    return np.concatenate([first, second])


def _measure(middles: Floats, cones: Floats, X: CellUnion, Y: MatrixSet, noise: float) -> tuple[Floats, Floats]:
    """Bounds of the largest distance to Y from the part of the sphere in each cone, and from its middle."""
    towards = cones.sum(axis=1)
    towards /= norms(towards)[:, None]
    height = np.einsum("nkd,nd->nk", cones, towards).min(axis=1) * (1.0 - 1e-14)
    corners = middles[:, None] + (X.margin / height)[:, None, None] * cones
    at_corners = Y.project(corners.reshape(*cones.shape[:2], *X.shape)).upper.max(axis=1)
    at_middle = Y.project((middles + X.margin * towards).reshape(-1, *X.shape)).lower
    return np.maximum(at_middle - noise, 0.0), at_corners + noise
