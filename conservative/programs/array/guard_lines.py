"""Guards and what they switch: whether branches part along their guard, so that the program jumps beside the point."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.array.linear_maps import Matrix
from conservative.programs.array.run import EQUAL, Run
from conservative.programs.array.ties import title_of
from conservative.programs.parting import factor_of, parting_warning


def guards_along(
    work: Any, live: NDArray[np.intp], Z: Matrix, L: Matrix
) -> tuple[bool, tuple[str, ...], dict[int, Any]]:
    """Whether what guards switch vanishes along them: else F jumps near the point, and the set is not Clarke's.

    Also what to say of it, and the factor of a switch's row over its guard's, where the two are parallel.
    """
    run: Run = work.run
    number = np.full(run.slots, -1)
    number[live] = np.arange(len(live))
    clean, warnings = True, []
    pairs = [
        (int(number[part.start + i]), row, part, i)
        for part in run.guarded
        for i, row in enumerate(part.decisions.tolist())
        if number[part.start + i] >= 0
    ]
    factors: dict[int, Any] = {}
    if not pairs:
        return clean, (), factors
    rows = _guard_rows(work, live, sorted({d for _, row, *_ in pairs for d in row if d >= 0}))
    for slot, row, part, _ in pairs:
        decisions = [d for d in row if d >= 0]
        change = np.concatenate([Z[slot], L[slot]])
        factor = factor_of(change, rows[decisions[0]], exact=run.exact)
        if len(set(decisions)) > 1:
            clean = False
        elif factor is not None:
            factors[slot] = factor
        else:
            clean = False
            if L[slot].any():
                continue
            warnings.append(parting_warning(title_of(run, decisions[0], part.line)))
    return clean, tuple(dict.fromkeys(warnings)), factors


def control_rows(work: Any, live: NDArray[np.intp]) -> Matrix | None:
    """Forms that are positive where this path of control is taken; None where no open set is known to take it."""
    run: Run = work.run
    sides = {d: {s - EQUAL for s in states} - {0} for d, states in run.forced.items() if d < len(run.owners)}
    if len(live) or not work.dense or any(not side or run.owners[d].gradient < 0 for d, side in sides.items()):
        return None
    decided = sorted(d for d, side in sides.items() if len(side) == 1)
    rows = _guard_rows(work, live, decided) if decided else {}
    found = np.array([rows[d] * min(sides[d]) for d in decided], dtype=work.dtype).reshape(len(decided), work.n)
    return found if (found != 0).any(axis=1).all() else None


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
