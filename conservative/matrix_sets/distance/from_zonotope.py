"""The gap from a zonotope whose vertices are too many to list, between proved bounds."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_up
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope

Floats = NDArray[np.float64]

_STARTS = 8
_ASCENTS = 20


def gap_from_zonotope(X: MatrixZonotope, Y: MatrixSet) -> Bracket:
    """Bounds of max_{x ∈ X} d(x, Y) that list no vertices."""
    signs = _first_signs(X)
    lower = 0.0
    for _ in range(_ASCENTS):
        vertices = X.center + X.parts.combine(signs)
        found = Y.project(vertices)
        reached = float(found.lower.max()) - X.rounding
        if reached <= lower:
            break
        lower = reached
        signs = np.where(X.parts.inner(vertices - found.nearest) >= 0.0, 1.0, -1.0)
    upper = round_up(float(Y.project(X.center).upper) + X.spread)
    if isinstance(Y, MatrixZonotope) and Y.parts.count == X.parts.count:
        upper = min(upper, _paired(X, Y))
    return Bracket(max(0.0, min(lower, upper)), upper)


def _first_signs(X: MatrixZonotope) -> Floats:
    """Signs along the longest principal axes of the generators, then random ones."""
    k = X.parts.count
    vectors = np.linalg.eigh(X.parts.gram())[1][:, ::-1].T[: _STARTS // 2]
    rest = np.random.default_rng(0).standard_normal((_STARTS - len(vectors), k))
    chosen = np.where(np.concatenate([vectors, rest]) >= 0.0, 1.0, -1.0)
    return np.concatenate([chosen, -chosen])


def _paired(X: MatrixZonotope, Y: MatrixZonotope) -> float:
    centres = float(frobenius_bounds((X.center - Y.center)[None])[1][0])
    if X.factors is not None and Y.factors is not None:
        (U, V), (P, Q) = X.factors, Y.factors
        apart = _norms(U - P) * _norms(V) + _norms(P) * _norms(V - Q)
    else:
        apart = frobenius_bounds(X.parts.dense() - Y.parts.dense())[1]
    size = centres + float(apart.sum())
    rounding = (X.parts.count + X.center.size + 16) * UNIT_ROUNDOFF * 1.01 * (X.radius + Y.radius)
    return round_up(size + rounding)


def _norms(rows: Floats) -> Floats:
    return frobenius_bounds(rows[:, None, :])[1]
