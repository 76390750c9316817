"""Coordinates in which a family is well conditioned for the solver, and the way back from them."""

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.norms.averaged import averaged_norm
from conservative.spectral.semidefinite.graph import LyapunovGraph, graph_pencil, memory_graph
from conservative.spectral.semidefinite.lift import monomial_weights, product_pairs, symmetric_lift, vanishing_basis
from conservative.spectral.semidefinite.pencil import symmetric_basis
from conservative.spectral.semidefinite.solve import solutions

FloatArray = NDArray[np.float64]

_RIDGE = 1e-6
_MOST = 16
"""Order up to which a common quadratic norm is solved for, to serve as the basis of larger programs."""


def adapted_basis(matrices: FloatArray, *, refine: bool, deadline: float) -> FloatArray:
    """T such that T A_i T^-1 have small Euclidean norms.

    Shapes: `matrices` (k, n, n), result (n, n). `refine`: solve for a common quadratic norm, where the order allows it.
    Returns: the upper triangular factor of P = T^T T, kept away from singular.
    """
    change = _factor(averaged_norm(matrices, ridge=_RIDGE / matrices.shape[1]))
    if not refine or matrices.shape[1] > _MOST:
        return change
    moved = change @ matrices @ np.linalg.inv(change)
    pencil = graph_pencil(memory_graph(len(matrices), 0), list(moved))
    best = pencil.identity()
    for x, _ in solutions(pencil, deadline=deadline):
        best = x
    n = matrices.shape[1]
    weight = (symmetric_basis(n) @ best).reshape(n, n)
    return _factor(change.T @ weight @ change)


def _factor(weight: FloatArray) -> FloatArray:
    n = len(weight)
    safe = weight + _RIDGE * np.trace(weight) / n * np.eye(n)
    return np.ascontiguousarray(np.linalg.cholesky((safe + safe.T) / 2).T)


def in_first_basis(graph: LyapunovGraph, x: FloatArray, change: FloatArray, *, half_degree: int) -> FloatArray:
    """The variables of a pencil of T A_i T^-1 as variables of the pencil of A_i: forms p(T x).

    Shapes: `x` (variables,), `change` (n, n), result (variables,).
    """
    n = len(change)
    weight = monomial_weights(n, half_degree)
    lift = weight[:, None] * symmetric_lift(change, half_degree) / weight
    size = len(weight)
    basis, vanishing = symmetric_basis(size), vanishing_basis(n, half_degree)
    upper = np.triu_indices(size)
    used = graph.count * basis.shape[1]

    def moved(part: FloatArray) -> FloatArray:
        return np.asarray(lift.T @ part.reshape(size, size) @ lift)

    forms = [moved(basis @ row)[upper] for row in x[:used].reshape(graph.count, -1)]
    pairs = [pair for _, *others in product_pairs(n, half_degree) for pair in others]
    if not pairs:
        return np.concatenate(forms)
    a, b = np.array(pairs).T
    scale = weight[a] * weight[b] * np.where(a == b, 1.0, 2.0)
    rest = [moved(vanishing @ row)[a, b] * scale for row in x[used:].reshape(len(graph.edges), -1)]
    return np.concatenate([*forms, *rest])
