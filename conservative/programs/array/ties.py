"""The ties of a run: which switches follow which decision."""

from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.switched_cones import cone_of_sides, cones_of_extremum
from conservative.functions.switched_jacobian import SwitchedTie
from conservative.programs.array.linear_maps import Matrix
from conservative.programs.array.run import EQUAL, GREATER, LESS, Guard, GuardedSwitches, Run, Switches

_ROUNDED = 1e-14
_SIGNS = {"maximum": 1, "max": 1, "abs": 1, "minimum": -1, "min": -1, "sort": -1}
"""Whether the value is the largest or the smallest of those that tie; sorting exchanges neighbours in falling order."""
_MOST_JOINT = 6
"""Decisions that masks join are one tie of 3^d patterns up to here; beyond, each switch chooses by itself: no less."""


def drop_dead(Y: Matrix, Z: Matrix, L: Matrix) -> NDArray[np.intp]:
    """Switches that are left once those go whose row [Z L] or column [Y; L] is 0, again and again."""
    keep = np.arange(len(Z))
    outer = (Y != 0).any(axis=0), (Z != 0).any(axis=1)
    inner = L != 0
    while True:
        among = inner[np.ix_(keep, keep)]
        alive = (outer[0][keep] | among.any(axis=0)) & (outer[1][keep] | among.any(axis=1))
        if alive.all():
            return keep
        keep = keep[alive]


def join_twins(run: Run, live: NDArray[np.intp], Y: Matrix, Z: Matrix, L: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Y, Z, L with switches that always turn together made one, where their columns or their rows are parallel.

    `m * a + (1 - m) * b` has one tie then, and so has a vector that one comparison switches along its gradient.
    """
    if not run.guarded:
        return Y, Z, L
    owner = {int(slot): i for i, slot in enumerate(live.tolist())}
    alike: dict[Any, list[int]] = {}
    for part in run.guarded:
        for i, row in enumerate(part.decisions.tolist()):
            if part.start + i in owner:
                alike.setdefault((tuple(row), part.on[..., i].tobytes()), []).append(owner[part.start + i])
    if all(len(slots) == 1 for slots in alike.values()):
        return Y, Z, L
    Y, Z, L = Y.copy(), Z.copy(), L.copy()
    for slots in alike.values():
        if len(slots) > 1:
            _join_columns(slots, Y, Z, L)
            _join_rows(np.array(slots), Y, Z, L)
    return Y, Z, L


def _join_columns(slots: list[int], Y: Matrix, Z: Matrix, L: Matrix) -> None:
    """Slots whose columns [Y; L] are parallel: the later one takes the other's row."""
    alike: dict[bytes, list[int]] = {}
    for slot in slots:
        alike.setdefault(((Y[:, slot] != 0).tobytes() + (L[:, slot] != 0).tobytes()), []).append(slot)
    for same in alike.values():
        for early, late in pairwise(same):
            share = _share(np.concatenate([Y[:, early], L[:, early]]), np.concatenate([Y[:, late], L[:, late]]))
            if share is not None:
                Z[late], L[late] = Z[late] + share * Z[early], L[late] + share * L[early]
                Z[early], L[early] = 0 * Z[early], 0 * L[early]


def _join_rows(slots: NDArray[np.intp], Y: Matrix, Z: Matrix, L: Matrix) -> None:
    """Slots whose rows [Z L] are parallel: the first takes the others' columns."""
    rows = np.concatenate([Z[slots], L[slots]], axis=1)
    moved = np.flatnonzero((rows != 0).any(axis=1))
    if len(moved) < 2:
        return
    slots, rows = slots[moved], rows[moved]
    place = int(np.argmax(np.abs(rows[0].astype(np.float64))))
    shares = rows[:, place] / rows[0, place]
    gaps = np.abs((rows - shares[:, None] * rows[0]).astype(np.float64)).max(axis=1)
    slack = 0.0 if Z.dtype == object else _ROUNDED * np.abs(rows).max(axis=1)
    joined = np.flatnonzero((gaps <= slack) & (np.arange(len(slots)) > 0))
    if len(joined):
        others, first = slots[joined], slots[0]
        Y[:, first] = Y[:, first] + Y[:, others] @ shares[joined]
        L[:, first] = L[:, first] + L[:, others] @ shares[joined]
        Y[:, others], L[:, others] = 0 * Y[:, others], 0 * L[:, others]


def _share(a: Matrix, b: Matrix) -> Any:
    """The factor c with a = c b, up to rounding; None where there is none."""
    place = int(np.argmax(np.abs(b.astype(np.float64))))
    if b[place] == 0:
        return None
    share = a[place] / b[place]
    gap = np.abs((a - share * b).astype(np.float64)).max()
    slack = 0.0 if a.dtype == object else _ROUNDED * float(np.abs(a).max())
    return share if gap <= slack else None


def ties_of(
    run: Run, live: NDArray[np.intp], factors: dict[int, Any]
) -> tuple[tuple[SwitchedTie, ...], tuple[str, ...]]:
    """Ties with their live switches renumbered, by the factors of `guards_along`, and the names of ties without any."""
    number = np.full(run.slots, -1)
    number[live] = np.arange(len(live))
    found: list[SwitchedTie] = []
    inactive: list[str] = []
    for part in run.switches:
        _values_ties(part, number, found, inactive)
    _guard_ties(run, number, factors, found, inactive)
    found.sort(key=lambda tie: tie.slots)
    return tuple(found), tuple(dict.fromkeys(inactive))


def _values_ties(part: Switches, number: NDArray[np.intp], found: list[SwitchedTie], inactive: list[str]) -> None:
    slots = number[part.start : part.start + len(part.owner)].tolist()
    groups: dict[int, list[int]] = {}
    for i, owner in enumerate(part.owner.tolist()):
        groups.setdefault(owner, []).append(i)
    distances = part.distance.tolist()
    for members in groups.values():
        own = tuple(slots[i] for i in members if slots[i] >= 0)
        name = f"{part.name}{part.labels[members[0]]}"
        if own:
            distance = max(distances[i] for i in members)
            cones = cones_of_extremum(own, _SIGNS[part.name])
            found.append(SwitchedTie(name, part.line, own, tuple((slot,) for slot in own), distance, cones))
        else:
            inactive.append(f"{name} at {part.line}")


def _guard_ties(
    run: Run, number: NDArray[np.intp], factors: dict[int, Any], found: list[SwitchedTie], inactive: list[str]
) -> None:
    """Decisions that switches share are one tie, whose patterns are their joint states."""
    parent = list(range(len(run.states)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    uses: list[tuple[tuple[int, ...], GuardedSwitches, int, int]] = []
    for part in run.guarded:
        for i, row in enumerate(part.decisions.tolist()):
            used = tuple(dict.fromkeys(d for d in row if d >= 0))
            slot = int(number[part.start + i])
            if slot < 0:
                inactive.append(title_of(run, used[0], part.line))
                continue
            for other in used[1:]:
                parent[root(other)] = root(used[0])
            uses.append((used, part, i, slot))
    groups: dict[int, list[tuple[tuple[int, ...], GuardedSwitches, int, int]]] = {}
    for use in uses:
        groups.setdefault(root(use[0][0]), []).append(use)
    active = {title_of(run, use[0][0], use[1].line) for use in uses}
    inactive[:] = [name for name in inactive if name not in active]
    for members in groups.values():
        joint = {d for used, *_ in members for d in used}
        parts = [members] if len(joint) <= _MOST_JOINT else [[member] for member in members]
        found += [_joint_tie(run, part, factors) for part in parts]


def _joint_tie(
    run: Run, members: list[tuple[tuple[int, ...], GuardedSwitches, int, int]], factors: dict[int, Any]
) -> SwitchedTie:
    decisions = sorted({d for used, *_ in members for d in used})
    place = {d: i for i, d in enumerate(decisions)}
    sides: dict[tuple[int, ...], list[int]] = {(): []}
    for states in product((LESS, EQUAL, GREATER), repeat=len(decisions)):
        turned = []
        for _, part, i, slot in members:
            row = part.decisions[i].tolist()
            joint = tuple(states[place[d]] if d >= 0 else 0 for d in row)
            if part.on[(*joint, i)]:
                turned.append(slot)
        sides.setdefault(tuple(sorted(turned)), []).append(states[0] - EQUAL)
    owner = run.owners[decisions[0]]
    name = _name(owner, decisions[0])
    distance = max(float(run.owners[d].distance[d - run.owners[d].start]) for d in decisions)
    slots = tuple(sorted(slot for *_, slot in members))
    line = next(((slot, factors[slot]) for slot in slots if slot in factors), None)
    known = len(decisions) == 1 and line is not None
    cones = tuple(cone_of_sides(found, *line) for found in sides.values()) if known and line else ()
    return SwitchedTie(name, owner.line, slots, tuple(pattern for pattern in sides if pattern), distance, cones)


def _name(owner: Guard, decision: int) -> str:
    return f"{owner.name}{owner.labels[decision - owner.start]}"


def title_of(run: Run, decision: int, line: str) -> str:
    """A decision by name and line."""
    owner = run.owners[decision]
    return f"{_name(owner, decision)} at {owner.line or line}"
