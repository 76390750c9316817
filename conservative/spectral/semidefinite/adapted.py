"""Coordinates in which a family is well conditioned for the solver, and the way back from them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.norms.averaged import averaged_norm
from conservative.spectral.semidefinite.graph import LyapunovGraph, graph_pencil, one_norm_graph
from conservative.spectral.semidefinite.lift import monomial_weights, product_pairs, symmetric_lift, vanishing_basis
from conservative.spectral.semidefinite.pencil import symmetric_basis
from conservative.spectral.semidefinite.solve import CLOSE, solutions

FloatArray = NDArray[np.float64]

_RIDGE = 1e-6
_MOST = 16
"""Order up to which a common quadratic norm is solved for, to serve as the basis of larger programs."""


def adapted_basis(matrices: FloatArray, *, refine: bool, deadline: float) -> FloatArray:
    """T such that T A_i T^-1 have small Euclidean norms.

    Shapes: `matrices` (k, n, n), result (n, n). `refine`: solve for a common quadratic norm, where the order allows it.
    Returns: the upper triangular factor of P = T^T T, kept away from singular.
    """
    change = averaged_basis(matrices)
    if not refine or matrices.shape[1] > _MOST:
        return change
    *_, best = common_weights(matrices, change, low=0.0, close=CLOSE, deadline=deadline)
    return _factor(best)


def averaged_basis(matrices: FloatArray) -> FloatArray:
    """T of the norm in which the family is small on average.

    Shapes: `matrices` (k, n, n), result (n, n).
    """
    return _factor(averaged_norm(matrices, ridge=_RIDGE / matrices.shape[1]))


def common_weights(
    matrices: FloatArray, change: FloatArray, *, low: float, close: float, deadline: float
) -> Iterator[FloatArray]:
    """Common quadratic norms P with smaller and smaller gamma, that of the basis first, solved for in that basis.

    Shapes: `matrices` (k, n, n), `change` (n, n), results (n, n). `low`: a lower bound of gamma^2.
    """
    n = matrices.shape[1]
    pencil = graph_pencil(one_norm_graph(len(matrices)), list(change @ matrices @ np.linalg.inv(change)))
    for x, _ in solutions(pencil, low=low, close=close, deadline=deadline):
        weight = change.T @ (symmetric_basis(n) @ x).reshape(n, n) @ change
        yield (weight + weight.T) / 2


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
