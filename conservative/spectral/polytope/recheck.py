"""Which images lie in the polytope: coefficients are solved for again, and inaccurate bases are reset."""

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.polytope.columns import Columns, FloatArray, HullKind
from conservative.spectral.polytope.gauge import Points, start_points
from conservative.spectral.polytope.shape import Polytope, first_pool


def basis_columns(points: Points, columns: Columns) -> FloatArray:
    """The columns of every basis, from the vertices. Shapes: result (m, D, D)."""
    n = columns.vertices.shape[1]
    vertex, conj = np.divmod(np.maximum(points.code, 0), 2)
    chosen = columns.vertices[vertex]
    if columns.kind is HullKind.ELLIPTIC:
        turned = points.factor[:, :, None] * np.where(conj[:, :, None] == 1, chosen.conj(), chosen)
        chosen = np.concatenate([turned.real, turned.imag], axis=2)
    else:
        chosen = chosen * points.factor.real[:, :, None]
        chosen = np.where(points.code[:, :, None] == -1, columns.mean, chosen)
        slack = points.code <= -2
        units = -np.eye(n)[np.where(slack, -2 - points.code, 0)]
        chosen = np.where(slack[:, :, None], units, chosen)
    return np.ascontiguousarray(chosen.transpose(0, 2, 1))


def confirmed(points: Points, polytope: Polytope, accept: float) -> NDArray[np.bool_]:
    """Which points are inside by coefficients that are solved for again; inaccurate bases are reset, in place.

    Shapes: result (m,). `accept`: A gauge of at most 1 + accept counts as inside.
    """
    inaccurate = _is_inaccurate(points)
    inside = (points.value <= 1 + accept) & ~inaccurate
    which = np.flatnonzero(inside)
    if which.size:
        fresh = _solved(points.take(which), polytope.columns)
        # A coefficient that is negative by rounding costs what its modulus costs.
        good = (fresh >= -1e-11).all(axis=1)
        good &= (points.cost[which] * np.abs(fresh)).sum(axis=1) <= 1 + accept
        points.coefficients[which[good]] = np.maximum(fresh[good], 0)
        inaccurate[which[~good]] = True
        inside[which[~good]] = False
    bad = np.flatnonzero(inaccurate)
    if bad.size:
        again = start_points(points.x[bad], points.image[bad], first_pool(polytope), polytope.columns)
        for name in ("inverse", "code", "factor", "cost", "coefficients"):
            getattr(points, name)[bad] = getattr(again, name)
    return inside


def _is_inaccurate(points: Points) -> NDArray[np.bool_]:
    """Which bases have lost accuracy: their inverses no longer give the coefficients."""
    expected = np.einsum("mij,mj->mi", points.inverse, points.x)
    size = 1 + np.abs(points.coefficients).max(axis=1, initial=0)
    drift = np.abs(expected - points.coefficients).max(axis=1, initial=0)
    return np.asarray(~(drift <= 1e-8 * size))


def _solved(points: Points, columns: Columns) -> FloatArray:
    """Coefficients from bases that are put together anew; not a number where one is singular."""
    bases = basis_columns(points, columns)
    try:
        return np.asarray(np.linalg.solve(bases, points.x[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        return np.full(points.x.shape, np.nan)
