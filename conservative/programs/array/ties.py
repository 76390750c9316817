"""The ties of a run: which switches follow which decision, and whether guards part along what they switch."""

from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.switched_jacobian import SwitchedTie
from conservative.programs.array.linear_maps import Matrix
from conservative.programs.array.run import EQUAL, GREATER, LESS, Guard, GuardedSwitches, Run, Switches

_PARALLEL = 1e-9
_ROUNDED = 1e-14
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


def ties_of(run: Run, live: NDArray[np.intp]) -> tuple[tuple[SwitchedTie, ...], tuple[str, ...]]:
    """Ties with their live switches renumbered, and the names of ties that have none."""
    number = np.full(run.slots, -1)
    number[live] = np.arange(len(live))
    found: list[SwitchedTie] = []
    inactive: list[str] = []
    for part in run.switches:
        _values_ties(part, number, found, inactive)
    _guard_ties(run, number, found, inactive)
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
            found.append(SwitchedTie(name, part.line, own, tuple((slot,) for slot in own), distance))
        else:
            inactive.append(f"{name} at {part.line}")


def _guard_ties(run: Run, number: NDArray[np.intp], found: list[SwitchedTie], inactive: list[str]) -> None:
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
                inactive.append(_title(run, used[0], part.line))
                continue
            for other in used[1:]:
                parent[root(other)] = root(used[0])
            uses.append((used, part, i, slot))
    groups: dict[int, list[tuple[tuple[int, ...], GuardedSwitches, int, int]]] = {}
    for use in uses:
        groups.setdefault(root(use[0][0]), []).append(use)
    active = {_title(run, use[0][0], use[1].line) for use in uses}
    inactive[:] = [name for name in inactive if name not in active]
    for members in groups.values():
        joint = {d for used, *_ in members for d in used}
        parts = [members] if len(joint) <= _MOST_JOINT else [[member] for member in members]
        found += [_joint_tie(run, part) for part in parts]


def _joint_tie(run: Run, members: list[tuple[tuple[int, ...], GuardedSwitches, int, int]]) -> SwitchedTie:
    decisions = sorted({d for used, *_ in members for d in used})
    place = {d: i for i, d in enumerate(decisions)}
    patterns: dict[tuple[int, ...], None] = {}
    for states in product((LESS, EQUAL, GREATER), repeat=len(decisions)):
        turned = []
        for _, part, i, slot in members:
            row = part.decisions[i].tolist()
            joint = tuple(states[place[d]] if d >= 0 else 0 for d in row)
            if part.on[(*joint, i)]:
                turned.append(slot)
        if turned:
            patterns[tuple(sorted(turned))] = None
    owner = run.owners[decisions[0]]
    name = _name(owner, decisions[0])
    distance = max(float(run.owners[d].distance[d - run.owners[d].start]) for d in decisions)
    slots = tuple(sorted(slot for *_, slot in members))
    return SwitchedTie(name, owner.line, slots, tuple(patterns), distance)


def _name(owner: Guard, decision: int) -> str:
    return f"{owner.name}{owner.labels[decision - owner.start]}"


def _title(run: Run, decision: int, line: str) -> str:
    owner = run.owners[decision]
    return f"{_name(owner, decision)} at {owner.line or line}"


def guards_along(work: Any, live: NDArray[np.intp], Z: Matrix, L: Matrix) -> tuple[bool, tuple[str, ...]]:
    """Whether what guards switch vanishes along them: else F jumps near the point, and the set is not Clarke's."""
    run: Run = work.run
    number = np.full(run.slots, -1)
    number[live] = np.arange(len(live))
    clean, warnings = not any(d in run.forced for d in range(len(run.states))), []
    pairs = [
        (int(number[part.start + i]), row, part, i)
        for part in run.guarded
        for i, row in enumerate(part.decisions.tolist())
        if number[part.start + i] >= 0
    ]
    if not pairs:
        return clean, ()
    rows = _guard_rows(work, live, sorted({d for _, row, *_ in pairs for d in row if d >= 0}))
    for slot, row, part, _ in pairs:
        decisions = [d for d in row if d >= 0]
        change = np.concatenate([Z[slot], L[slot]])
        if len(set(decisions)) > 1:
            clean = False
        elif not _parallel(change, rows[decisions[0]], exact=run.exact):
            clean = False
            if L[slot].any():
                continue
            warnings.append(
                f"{_title(run, decisions[0], part.line)}: the branches part to first order along the guard, not only "
                "across it, so that the program may jump near the point; the set holds what it may return there."
            )
    for group in _sides(pairs):
        clean &= group
    return clean, tuple(dict.fromkeys(warnings))


def _sides(pairs: list[Any]) -> list[bool]:
    """For each decision, whether one of its two sides is nominal: equality alone is no side."""
    turned: dict[int, tuple[set[int], set[int], set[int]]] = {}
    for slot, row, part, i in pairs:
        decision = next(d for d in row if d >= 0)
        states = turned.setdefault(decision, (set(), set(), set()))
        for state in (LESS, EQUAL, GREATER):
            joint = tuple(state if d == decision else 0 for d in row)
            if part.on[(*joint, i)]:
                states[state].add(slot)
    return [(not low or not high) and middle in (low, high) for low, middle, high in turned.values()]


def _guard_rows(work: Any, live: NDArray[np.intp], decisions: list[int]) -> dict[int, Matrix]:
    """The rows of left − right with respect to inputs and live switches."""
    run: Run = work.run
    nodes = list(dict.fromkeys(run.owners[d].gradient for d in decisions))
    sizes = [run.tape.sizes[node] for node in nodes]
    slots = np.zeros((run.slots, len(live)), dtype=work.dtype)
    slots[live, np.arange(len(live))] = 1
    with np.errstate(all="ignore"):
        if work.q * work.n <= 10_000_000:
            own = work.stacked(nodes, sizes, work.seeds(np.eye(work.n, dtype=work.dtype)), work.n)
        else:
            wanted = np.eye(sum(sizes))
            starts = np.cumsum([0, *sizes])
            own = work.behind({node: wanted[starts[i] : starts[i + 1]] for i, node in enumerate(nodes)}, sum(sizes)).T
        moved = work.stacked(nodes, sizes, work.slot_seeds(slots), len(live))
    both = np.concatenate([own, moved], axis=1)
    start = dict(zip(nodes, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    return {d: both[start[run.owners[d].gradient] + d - run.owners[d].start] for d in decisions}


def _parallel(a: Matrix, b: Matrix, *, exact: bool) -> bool:
    if exact:
        place = next((i for i, entry in enumerate(b) if entry != 0), None)
        return place is not None and bool((a * b[place] == b * a[place]).all())
    size = float(np.abs(b).max(initial=0.0))
    if size == 0.0:
        return False
    place = int(np.abs(b).argmax())
    return bool(np.abs(a - b * (a[place] / b[place])).max() <= _PARALLEL * max(1e-300, float(np.abs(a).max())))
