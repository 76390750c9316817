"""Whether the choices of a program that a point leaves open are those of points nearby: then its set is Clarke's.

A choice s is taken next to the point along the directions d where certain linear forms in (I − L S)⁻¹ Z d are positive.
Where these are an open cone, J(s) is a limit of Jacobians; the set is Clarke's where the hull of such limits holds all.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.hull_membership import hull_contains
from conservative._core.exact.linear_algebra import to_flint
from conservative._core.exact.simplex import strict_solution
from conservative.functions.switched_cones import Cone
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie, moved_rows
from conservative.jacobians.independence import independent_rows

Matrix = NDArray[Any]

_CHOICES = 256
"""Most combinations of choices of ties that depend on each other that are looked at one by one."""
_ENTRIES = 4_000_000
"""Most entries of Z whose dependence is looked for."""
_MARGIN = 1e-6
"""Least slack of a direction in doubles, on rows of unit length."""
_CLEAR, _NOTHING = 1e-6, 1e-12
"""Singular values above the first count, those below the second are rounding; between the two nothing is claimed."""


def choices_are_clarkes(S: SwitchedJacobian) -> bool:
    """Whether the hull of all choices of one path of control is the hull of limits of Jacobians."""
    if _free(S) and independent_rows(S.Z):
        return True
    if S.Z.size > _ENTRIES or not all(tie.cones for tie in S.ties):
        return False
    parts = _parts(S)
    if len(parts) > 1 and not _side_by_side(S, parts):
        parts = [list(S.ties)]
    return all(_filled(S, part) for part in parts)


def _free(S: SwitchedJacobian) -> bool:
    """Whether each choice of each tie would be taken for some values of z, were these free."""
    side_by_side = not (S.L != 0).any()
    return all(
        all(cone is not None for cone in tie.cones) and len(tie.slots) == len(tie.patterns)
        if tie.cones
        else side_by_side and len(tie.slots) == 1
        for tie in S.ties
    )


def _parts(S: SwitchedJacobian) -> list[list[SwitchedTie]]:
    """Ties that act on each other, or whose rows are parallel."""
    found: list[tuple[set[bytes], list[SwitchedTie]]] = []
    for group in S.groups:
        keys, ties = {line_of(S.Z[slot]) for tie in group for slot in tie.slots}, list(group)
        apart = []
        for other in found:
            if other[0] & keys:
                keys |= other[0]
                ties += other[1]
            else:
                apart.append(other)
        found = [*apart, (keys, ties)]
    return [ties for _, ties in found]


def line_of(row: Matrix) -> bytes:
    """The same for parallel rows, up to rounding."""
    floats = row.astype(np.float64)
    top = floats[np.argmax(np.abs(floats))]
    return bytes((np.round(floats / top if top else floats, 9) + 0.0).tobytes())


def _side_by_side(S: SwitchedJacobian, parts: list[list[SwitchedTie]]) -> bool:
    """Whether directions of the parts can be chosen each by itself: their rows span independent spaces."""
    bases = [spanned(S.Z[_slots(part)]) for part in parts]
    if any(basis is None for basis in bases):
        return False
    if S.exact:
        return bool(to_flint(S.Z.tolist()).rank() == sum(basis.shape[1] for basis in bases if basis is not None))
    lines = [np.linalg.svd(_unit(S.Z[_slots(part)]), full_matrices=False)[2] for part in parts]
    return independent_rows(
        np.concatenate([line[: basis.shape[1]] for line, basis in zip(lines, bases, strict=True) if basis is not None])
    )


def _filled(S: SwitchedJacobian, ties: list[SwitchedTie]) -> bool:
    """Whether some ties' choices lie in the hull of those that are taken on open cones."""
    choices = [list(zip(((), *tie.patterns), tie.cones, strict=True)) for tie in ties]
    if np.prod([len(options) for options in choices], dtype=float) > _CHOICES:
        return False
    slots = _slots(ties)
    place = {slot: i for i, slot in enumerate(slots)}
    Z, Y = spanned(S.Z[slots]), spanned(S.Y[:, slots].T)
    if Z is None or Y is None:
        return False
    L = S.L[np.ix_(slots, slots)]
    combined = list(product(*choices))
    weights = S.weights([[i for pattern, _ in choice for i in pattern] for choice in combined])[:, slots]
    moved = moved_rows(weights, Z, L)
    differences = Z + L @ moved
    taken = [
        all(cone is not None for _, cone in choice)
        and is_open(_forms([cone for _, cone in choice if cone], rows, place), exact=S.exact)
        for choice, rows in zip(combined, differences, strict=True)
    ]
    changes, mask = Y.T @ moved, np.array(taken)
    if mask.all() or not mask.any():
        return bool(mask.all())
    if changes[0].size == 1:
        held, others = changes[mask].ravel(), changes[~mask].ravel()
        return bool(min(held) <= min(others) and max(others) <= max(held))
    return hull_contains(changes[mask], changes[~mask], exact=S.exact)


def _forms(cones: Sequence[Cone], rows: Matrix, place: dict[int, int]) -> Matrix:
    forms = [sum(factor * rows[place[slot]] for slot, factor in form) for cone in cones for form in cone]
    return np.array(forms, dtype=rows.dtype).reshape(len(forms), rows.shape[1])


def is_open(forms: Matrix, *, exact: bool) -> bool:
    """Whether some direction is positive on all forms but those that vanish, where both choices are one."""
    if exact:
        live = forms[(forms != 0).any(axis=1)]
        return not len(live) or strict_solution(live, [], live.shape[1]) is not None
    lengths = np.linalg.norm(forms, axis=1)
    live = forms[lengths > _NOTHING] / lengths[lengths > _NOTHING, None]
    if not len(live):
        return True
    if live.shape[1] == 1:
        return bool((live > 0).all() or (live < 0).all())
    from scipy.optimize import linprog

    width = live.shape[1]
    found = linprog(
        np.append(np.zeros(width), -1.0),
        A_ub=np.hstack([-live, np.ones((len(live), 1))]),
        b_ub=np.zeros(len(live)),
        bounds=[(-1.0, 1.0)] * width + [(None, 1.0)],
        method="highs",
    )
    return found.x is not None and bool((live @ found.x[:-1]).min() > _MARGIN)


def spanned(rows: Matrix) -> Matrix | None:
    """Rows in coordinates of the space that they span; None where its dimension is in doubt."""
    if rows.dtype == object:
        reduced, rank = to_flint(rows.tolist()).rref()
        pivots = [next(j for j in range(reduced.ncols()) if reduced[i, j] != 0) for i in range(rank)]
        return rows[:, pivots]
    values, axes = np.linalg.svd(_unit(rows), full_matrices=False)[1:]
    rank = int((values > _CLEAR).sum())
    if ((values > _NOTHING) & (values <= _CLEAR)).any():
        return None
    return np.asarray(rows @ axes[:rank].T)


def _unit(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def _slots(ties: Sequence[SwitchedTie]) -> list[int]:
    return sorted(slot for tie in ties for slot in tie.slots)
