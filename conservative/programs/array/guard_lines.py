"""Guards and what they switch: whether branches part along their guard, so that the program jumps beside the point."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.array.linear_maps import Matrix
from conservative.programs.array.run import EQUAL, GREATER, LESS, Run
from conservative.programs.array.ties import title_of

_PARALLEL = 1e-9


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
                f"{title_of(run, decisions[0], part.line)}: the branches part to first order along the guard, not only "
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
