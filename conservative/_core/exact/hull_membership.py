"""Whether points lie in the hull of vertices, by linear programs: decided exactly when the entries are exact."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.simplex import strict_solution

_SLACK = 1e-9
_NONE = Fraction(0)
_SMALL = 400
"""Entries of all vertices up to which membership is decided by an exact simplex method."""


def hull_contains(vertices: NDArray[Any], points: NDArray[Any], *, exact: bool, slack: Fraction = _NONE) -> bool:
    """Whether conv(vertices) contains all points; False also when an exact answer cannot be confirmed.

    A linear program proposes convex weights. With rational entries they are solved for again exactly on
    the support that it proposes, so that True is proved, and where it proposes none, small systems are decided by an
    exact simplex method; with other entries True holds within 1e-9 of the scale.

    Shapes: `vertices` (k, ...), `points` (n, ...). `points`: entries `Fraction` in both when `exact`, doubles
    otherwise. `slack`: with rational entries: True is proved for points moved by at most this, entry by entry.
    """
    if len(vertices) == 0:
        return False
    flat = vertices.reshape(len(vertices), -1)
    targets = points.reshape(len(points), -1)
    known = {tuple(vertex) for vertex in flat.tolist()}
    rational = exact and all(isinstance(x, Fraction) for row in (*flat, *targets) for x in row)
    rough = _in_doubles(flat)
    for target in targets:
        if tuple(target.tolist()) in known:
            continue
        if exact and not (rational and _member(flat, rough, target, slack)):
            return False
        if not exact and _support(flat, target) is None:
            return False
    return True


def _in_doubles(flat: NDArray[Any]) -> NDArray[np.float64] | None:
    """Rounded, unless some entry is beyond the doubles."""
    try:
        return flat.astype(np.float64)
    except (OverflowError, TypeError):
        return None


def _member(flat: NDArray[Any], rough: NDArray[np.float64] | None, target: NDArray[Any], slack: Fraction) -> bool:
    nearly = _in_doubles(target)
    if rough is not None and nearly is not None:
        support = _support(rough, nearly)
        if support is not None and _confirmed([flat[i] for i in support], target, slack):
            return True
    support = _support(*_scaled(flat, target))
    if support is not None and _confirmed([flat[i] for i in support], target, slack):
        return True
    if slack or flat.size > _SMALL:
        return False
    # By Gordan's theorem a point is outside exactly when some direction is positive on every vertex measured from it.
    return strict_solution([vertex - target for vertex in flat], [], flat.shape[1]) is None


def _scaled(flat: NDArray[Any], target: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets from the target in doubles, each entry in units of its own size, whatever it is."""
    offsets = flat - target
    sizes = [max(map(abs, column)) or 1 for column in offsets.T]
    scaled = np.array([[float(x / size) for x, size in zip(row, sizes, strict=True)] for row in offsets])
    return scaled.reshape(flat.shape), np.zeros(len(target))


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


def _confirmed(vertices: Sequence[NDArray[Any]], target: NDArray[Any], slack: Fraction) -> bool:
    """Whether the target is a convex combination with nonzero weights on these vertices, up to the slack."""
    rows = [[*(v[i] for v in vertices), target[i]] for i in range(len(target))]
    rows.append([Fraction(1)] * (len(vertices) + 1))
    weights = _solve(rows, len(vertices), slack)
    if weights is None or not all(w >= 0 for w in weights) or not any(weights):
        return False
    total = sum(weights, Fraction(0))
    sums = (sum(w * v[i] for w, v in zip(weights, vertices, strict=True)) / total for i in range(len(target)))
    return all(abs(found - wanted) <= slack for found, wanted in zip(sums, target, strict=True))


def _solve(rows: list[list[Fraction]], unknowns: int, slack: Fraction) -> list[Fraction] | None:
    """One solution of a system given by augmented rows, free unknowns being 0; entries within the slack are 0."""
    pivots: list[int] = []
    for column in range(unknowns):
        rank = len(pivots)
        pivot = max(range(rank, len(rows)), key=lambda r: abs(rows[r][column]), default=None)
        if pivot is None or abs(rows[pivot][column]) <= slack:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        scale = rows[rank][column]
        rows[rank] = [x / scale for x in rows[rank]]
        for r in range(len(rows)):
            factor = rows[r][column]
            if r != rank and factor:
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[rank], strict=True)]
        pivots.append(column)
    if not slack and any(row[-1] for row in rows[len(pivots) :]):
        return None
    solution = [Fraction(0)] * unknowns
    for rank, column in enumerate(pivots):
        solution[column] = rows[rank][-1]
    return solution
