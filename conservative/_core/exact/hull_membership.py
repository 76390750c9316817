"""Whether points lie in the hull of vertices, by linear programs: decided exactly when the entries are exact."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import from_flint, to_flint
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
    support = _support(*_scaled(flat, target, slack))
    if support is not None and _confirmed([flat[i] for i in support], target, slack):
        return True
    if slack or flat.size > _SMALL:
        return False
    # By Gordan's theorem a point is outside exactly when some direction is positive on every vertex measured from it.
    return strict_solution([vertex - target for vertex in flat], [], flat.shape[1]) is None


def _scaled(flat: NDArray[Any], target: NDArray[Any], slack: Fraction) -> tuple[NDArray[Any], NDArray[Any]]:
    """Offsets from the target in doubles, each entry in units of its own size; 0 where none is above the slack."""
    offsets = flat - target
    sizes = [max(map(abs, column)) for column in offsets.T]
    scaled = [[float(x / size) if size > slack else 0.0 for x, size in zip(row, sizes, strict=True)] for row in offsets]
    return np.array(scaled).reshape(flat.shape), np.zeros(len(target))


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
    weights = _weights(vertices, target, nearly=slack > 0)
    total = sum(weights, Fraction(0))
    if total <= 0 or min(weights) < 0:
        return False
    sums = (sum(w * v[i] for w, v in zip(weights, vertices, strict=True)) / total for i in range(len(target)))
    return all(abs(found - wanted) <= slack for found, wanted in zip(sums, target, strict=True))


def _weights(vertices: Sequence[NDArray[Any]], target: NDArray[Any], *, nearly: bool) -> list[Fraction]:
    """What solves sum w_i v_i = target, sum w_i = 1, or does so best in least squares; weights that are free are 0."""
    columns, count = to_flint([[*vertex, Fraction(1)] for vertex in (*vertices, target)]), len(vertices)
    equations = columns.transpose()
    if nearly:  # the target may be beside the span: the normal equations always have a solution, of longer numbers
        equations = flint.fmpq_mat((columns * equations).tolist()[:count])
    reduced, rank = equations.rref()
    weights = [Fraction(0)] * (count + 1)
    for row in from_flint(reduced)[:rank]:
        weights[next(i for i, x in enumerate(row) if x)] = row[-1]
    return weights[:count]
