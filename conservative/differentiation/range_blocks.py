"""The coordinates that derivatives along one tangent have: of thousands of states a step often moves a few only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from conservative.differentiation.open_steps import Matrix, OpenStep

_SMALL = 64
"""States up to which nothing is gained."""

_DENSE = 800
"""States up to which operators are formed where no coordinates can be left out."""

_COLUMNS = 4096
"""Most columns of all steps together that are formed."""

_EQUAL = 1e-13


def compressed(
    steps: Sequence[OpenStep], W: Matrix, v: Matrix, u: Matrix
) -> tuple[list[OpenStep], Matrix, Matrix, Matrix]:
    """The same loop over the coordinates that u_t can have, driven by one parameter; as it was where all are needed.

    A set of coordinates is closed if it holds those of u_0, of B v and of Y, and of A e_j for each of its own: then it
    holds those of every u_t.
    """
    p = len(u)
    if u.dtype == object or p <= _SMALL:
        return list(steps), W, v, u
    distinct = {id(step): step for step in steps}
    found = _closed(list(distinct.values()), v, u)
    if found is None:
        return [_dense(step) for step in steps] if p <= _DENSE else list(steps), W, v, u
    inside, blocks = found
    made = {}
    for (key, step), block in zip(distinct.items(), blocks, strict=True):
        driven = np.asarray(step.base @ np.concatenate([0 * u, v]))[inside]
        Z = np.concatenate([step.Z[:, :p][:, inside], (step.Z[:, p:] @ v)[:, None]], axis=1)
        base = np.concatenate([block, driven[:, None]], axis=1)
        made[key] = OpenStep(base, step.Y[inside], Z, step.L, step.ties)
    return [made[id(step)] for step in steps], W[inside], np.ones(1), u[inside]


def _closed(steps: list[OpenStep], v: Matrix, u: Matrix) -> tuple[NDArray[np.intp], list[Matrix]] | None:
    """Closed coordinates and each step's A on them; None where they are too many."""
    p, idle = len(u), np.zeros(len(v))
    inside = u != 0
    for step in steps:
        inside = inside | (step.base @ np.concatenate([0 * u, v]) != 0) | (step.Y != 0).any(axis=1)
    known = np.zeros(0, dtype=np.intp)
    columns = [np.zeros((p, 0)) for _ in steps]
    while True:
        new = np.setdiff1d(np.flatnonzero(inside), known)
        if not len(new):
            break
        if 2 * inside.sum() > p or len(steps) * inside.sum() > _COLUMNS:
            return None
        seed = np.zeros((p + len(idle), len(new)))
        seed[new, np.arange(len(new))] = 1.0
        for i, step in enumerate(steps):
            columns[i] = np.concatenate([columns[i], step.base @ seed], axis=1)
            inside = inside | (columns[i][:, len(known) :] != 0).any(axis=1)
        known = np.concatenate([known, new])
    order = np.argsort(known)
    coordinates = known[order]
    return coordinates, [found[coordinates][:, order] for found in columns]


def _dense(step: OpenStep) -> OpenStep:
    if not isinstance(step.base, LinearOperator):
        return step
    return OpenStep(step.base @ np.eye(step.base.shape[1]), step.Y, step.Z, step.L, step.ties)


def merged(steps: Sequence[OpenStep]) -> list[OpenStep]:
    """Neighbours with ties that differ by rounding at most become one object, so that runs are seen.

    Bases are compared by what they do to one Gaussian vector.
    """
    found: list[OpenStep] = []
    probe = image = None
    for step in steps:
        last = found[-1] if found else None
        if not step.ties or step is last or step.exact:
            found.append(step)
            continue
        if probe is None:
            probe = np.random.default_rng(0).standard_normal(step.base.shape[1])
        after = np.asarray(step.base @ probe)
        if last is not None and last.ties and image is not None and _alike(step, last, after, image):
            found.append(last)
            continue
        image = after
        found.append(step)
    return found


def _alike(a: OpenStep, b: OpenStep, one: Matrix, other: Matrix) -> bool:
    if a.Y.shape != b.Y.shape or not np.abs(one - other).max() <= _EQUAL * np.abs(other).max(initial=0):
        return False
    same = all(np.array_equal(x, y) for x, y in ((a.Y, b.Y), (a.Z, b.Z), (a.L, b.L)))
    return same and [tie.patterns for tie in a.ties] == [tie.patterns for tie in b.ties]
