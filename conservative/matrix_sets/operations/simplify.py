"""Hulls with few vertices: keep a subset, and know how much is missing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from conservative._core.checks import as_count, as_distance
from conservative._core.exactness import Exactness
from conservative._core.numbers import round_up
from conservative._core.rows import first_rows
from conservative.matrix_sets.nearest.proved_projection import frame, hull_distances
from conservative.matrix_sets.sets.pair_checks import check_set
from conservative.matrix_sets.sets.polytope import MatrixPolytope

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

ROUNDING_LEVEL = 1e-13
"""Relative distance below which a vertex is taken to be redundant: a few hundred roundings."""

_SMALL = 64
"""So many of Qhull's vertices in space are searched for redundant ones; more are taken as they are, to save time."""

_TILT = 1e-7
"""Directions are tilted this much, generically, so that a support point is a vertex also where a face is tied."""


def simplify(S: MatrixPolytope, *, tol: float | None = None, max_vertices: int | None = None) -> MatrixPolytope:
    """A hull of few of the vertices of S, within a proved distance of S.

    Parameters
    ----------
    S : MatrixPolytope
    tol : float, optional
        Absolute: Frobenius distance to S that is good enough. By default 1e-13 times the size of S: then only redundant
        vertices go.
    max_vertices : int, optional
        Stop at so many vertices, also where the distance is larger than `tol`.

    Returns
    -------
    MatrixPolytope
        A subset of S, with the proved distance added to its `e_missing`.

    Raises
    ------
    ArgumentError
        If `tol` is negative or `max_vertices` is less than 1.

    Notes
    -----
    In a span of two or three dimensions the candidates are Qhull's vertices, otherwise all points. From support
    points along the principal axes on, the points farthest from the hull so far are found by Wolfe's algorithm, and
    the support points in their directions are added. The distance is that of Wolfe's algorithm, so nothing here needs
    Qhull to be right.

    Examples
    --------
    >>> simplify(MatrixPolytope([[[0.0]], [[0.5]], [[1.0]]])).vertices.ravel().tolist()
    [0.0, 1.0]
    """
    check_set(S, call="simplify", argument="S")
    if tol is not None:
        as_distance(tol, call="simplify", argument="tol")
    if max_vertices is not None:
        as_count(max_vertices, call="simplify", argument="max_vertices", least=1)
    flat = S.vertices.reshape(len(S.vertices), -1)
    centre, exponent = frame(flat)
    with np.errstate(under="ignore", over="ignore"):
        unit = np.ldexp(flat - centre, -exponent)
        close = ROUNDING_LEVEL if tol is None else float(np.ldexp(tol, -exponent))
    chosen, missing = _choose(flat, unit, close=close, exponent=exponent, cap=max_vertices or len(flat))
    inexact = missing > 0.0 and S.exactness is Exactness.EXACT and tol is not None
    return MatrixPolytope(
        S.vertices[np.sort(chosen)],
        exactness=Exactness.INNER if inexact else S.exactness,
        e_missing=round_up(S.e_missing + missing) if missing > 0.0 else S.e_missing,
        e_extra=S.e_extra,
    )


def _choose(flat: Floats, unit: Floats, *, close: float, exponent: int, cap: int) -> tuple[Indices, float]:
    """Indices of the vertices to keep, and a proved bound of the distance of all others to their hull."""
    axes = _principal_axes(unit)
    candidates = _candidates(unit, axes)
    with np.errstate(under="ignore", over="ignore"):
        target, exact = float(np.ldexp(close, exponent)), close <= ROUNDING_LEVEL
    if exact and len(axes) == 2 and candidates.size > 3:
        # In the plane neighbours show what is redundant; usually one measurement confirms it.
        chosen = np.sort(candidates[_corners(unit[candidates] @ axes.T, 0.5 * close)])
        missing = _missing(flat, chosen, target)
        if missing <= target and chosen.size <= cap:
            return chosen, missing
    if exact and len(axes) == 3 and _SMALL < candidates.size <= cap:
        chosen = candidates
    else:
        chosen = np.unique(candidates[_supports(unit[candidates], np.concatenate([axes, -axes]))])[:cap]
    chosen = _inserted(flat, unit, candidates, chosen, target=target, cap=cap, exact=exact)
    missing = _missing(flat, chosen, target)
    if missing > target and chosen.size < cap and candidates.size < len(flat):
        # Qhull's vertices of a thin hull may leave out points that matter.
        chosen = _inserted(flat, unit, np.arange(len(flat)), chosen, target=target, cap=cap, exact=exact)
        missing = _missing(flat, chosen, target)
    return chosen, missing


def _inserted(
    flat: Floats, unit: Floats, candidates: Indices, chosen: Indices, *, target: float, cap: int, exact: bool
) -> Indices:
    """The chosen points, and candidates that are worst, or farthest in their directions, until all are near."""
    pending = np.setdiff1d(candidates, chosen)
    while pending.size and chosen.size < cap:
        found = hull_distances(flat[pending], flat[chosen], stop_below=target)
        outside = found.upper > target
        pending = pending[outside]
        if pending.size == 0:
            break
        batch = min(cap - chosen.size, max(8, chosen.size if exact else chosen.size // 4))
        worst = np.argsort(-found.upper[outside])[:batch]
        away = -found.direction[outside][worst]
        supports = candidates[_supports(unit[candidates], away)]
        supports = np.where(np.isin(supports, chosen), pending[worst], supports)
        chosen = np.unique(np.concatenate([chosen, supports]))
        pending = np.setdiff1d(pending, chosen)
    return chosen


def _missing(flat: Floats, chosen: Indices, target: float) -> float:
    """A bound of the distance of all points to the hull of the chosen ones; loose where it is below the target."""
    left = np.ones(len(flat), dtype=bool)
    left[chosen] = False
    rest = np.flatnonzero(left)
    return float(hull_distances(flat[rest], flat[chosen], stop_below=target).upper.max()) if rest.size else 0.0


def _principal_axes(unit: Floats) -> Floats:
    """Orthonormal axes of the span, thinnest directions of rounding size left out."""
    centred = unit - unit.mean(axis=0)
    if len(centred) > 4 * centred.shape[1]:
        centred = np.linalg.qr(centred, mode="r")
    _, sigma, axes = np.linalg.svd(centred, full_matrices=False)
    kept: Floats = axes[sigma > 1e-14]
    return kept if len(kept) else axes[:1]


def _candidates(unit: Floats, axes: Floats) -> Indices:
    """Points that can be vertices: distinct, and on Qhull's hull where that is reliable."""
    distinct = first_rows(unit)
    if not 2 <= len(axes) <= 3 or distinct.size <= len(axes) + 1:
        return np.asarray(distinct)
    try:
        return np.asarray(distinct[ConvexHull(unit[distinct] @ axes.T).vertices])
    except (QhullError, ValueError):
        return np.asarray(distinct)


def _corners(polygon: Floats, close: float) -> NDArray[np.bool_]:
    """Which vertices of a convex polygon, in order, stick out; neighbours are never dropped together."""
    kept = np.arange(len(polygon))
    while len(kept) > 3:
        before, after = polygon[_turned(kept, 1)], polygon[_turned(kept, -1)]
        chord, arm = after - before, polygon[kept] - before
        length = np.hypot(*chord.T)
        across = np.abs(chord[:, 0] * arm[:, 1] - chord[:, 1] * arm[:, 0])
        height = np.where(length > 0.0, across / np.where(length > 0.0, length, 1.0), np.hypot(*arm.T))
        flat = height <= close
        flat &= (height < _turned(height, 1)) & (height <= _turned(height, -1))
        if not flat.any():
            break
        kept = kept[~flat]
    mask = np.zeros(len(polygon), dtype=bool)
    mask[kept] = True
    return mask


def _turned(ring: NDArray[Any], places: int) -> NDArray[Any]:
    """As `np.roll`, which takes ten times as long on rings as short as these."""
    return np.concatenate([ring[-places:], ring[:-places]])


def _supports(unit: Floats, directions: Floats) -> Indices:
    """Numbers of the points farthest in every direction, each direction tilted a little."""
    d = unit.shape[1]
    size = np.sqrt(np.einsum("nd,nd->n", directions, directions))
    tilt = np.modf(np.sqrt(np.arange(2.0, d + 2.0)) * np.pi)[0] - 0.5
    tilted = directions / np.where(size > 0.0, size, 1.0)[:, None] + _TILT * tilt
    return np.asarray(np.argmax(unit @ tilted.T, axis=0))
