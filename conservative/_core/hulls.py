"""Is every one of some matrices in the hull of others? Exact when the entries are exact."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SLACK = 1e-9


def hull_contains(vertices: NDArray[Any], points: NDArray[Any], *, exact: bool) -> bool:
    """Whether conv(vertices) contains all points; False also when an exact answer cannot be confirmed.

    A linear program proposes convex weights. With rational entries they are solved for again exactly on
    the support that it proposes, so that True is proved; with other entries True holds within 1e-9 of the scale.

    Parameters
    ----------
    vertices : ndarray, shape (k, ...)
    points : ndarray, shape (n, ...)
        Entries `Fraction` (or real sympy numbers) in both when `exact`, doubles otherwise.
    exact : bool

    Returns
    -------
    bool
    """
    if len(vertices) == 0:
        return False
    flat = vertices.reshape(len(vertices), -1)
    targets = points.reshape(len(points), -1)
    numeric = flat.astype(np.float64)
    known = {tuple(vertex) for vertex in flat.tolist()}
    for target in targets:
        if tuple(target.tolist()) in known:
            continue
        support = _support(numeric, target.astype(np.float64))
        if support is None:
            return False
        if exact and not _confirmed([flat[i] for i in support], target):
            return False
    return True


def _support(vertices: NDArray[np.float64], target: NDArray[np.float64]) -> list[int] | None:
    from scipy.optimize import linprog

    # Measured from the target, in units of each entry's own spread: small entries count as much as large ones.
    offsets = vertices - target
    spread = np.abs(offsets).max(axis=0)
    alike = spread <= 1e-12 * np.maximum(np.abs(vertices).max(axis=0), np.abs(target))
    columns = np.vstack([(offsets[:, ~alike] / spread[~alike]).T, np.ones(len(vertices))])
    result = linprog(
        np.zeros(len(vertices)),
        A_eq=columns,
        b_eq=np.append(np.zeros(np.count_nonzero(~alike)), 1.0),
        bounds=(0, None),
        method="highs-ds",
        options={"primal_feasibility_tolerance": _SLACK},
    )
    if result.x is None:
        return None
    return [int(i) for i in np.flatnonzero(result.x > _SLACK)]


def _confirmed(vertices: Sequence[NDArray[Any]], target: NDArray[Any]) -> bool:
    """Whether the target is exactly a convex combination with nonzero weights on these vertices."""
    if not all(isinstance(x, Fraction) for row in (*vertices, target) for x in row):
        return False
    rows = [[*(v[i] for v in vertices), target[i]] for i in range(len(target))]
    rows.append([Fraction(1)] * (len(vertices) + 1))
    weights = _solve(rows, len(vertices))
    return weights is not None and all(w >= 0 for w in weights)


def _solve(rows: list[list[Fraction]], unknowns: int) -> list[Fraction] | None:
    """One solution of an exact linear system given by augmented rows, free unknowns being 0."""
    pivots: list[int] = []
    for column in range(unknowns):
        rank = len(pivots)
        pivot = next((r for r in range(rank, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        scale = rows[rank][column]
        rows[rank] = [x / scale for x in rows[rank]]
        for r in range(len(rows)):
            factor = rows[r][column]
            if r != rank and factor:
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[rank], strict=True)]
        pivots.append(column)
    if any(row[-1] for row in rows[len(pivots) :]):
        return None
    solution = [Fraction(0)] * unknowns
    for rank, column in enumerate(pivots):
        solution[column] = rows[rank][-1]
    return solution
