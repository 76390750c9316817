"""Switches whose two sides differ in value, although no first derivative at the point tells: are they felt at all?

(w + r) x at x = 0 has the derivative r, whatever w is to first order; with the switch turned w is not small.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.jaxpr.opened import Look, Opened

_ALONE = 32
"""Up to as many guards are turned one by one; of more, random halves are."""

_SLACK = 1e-9


def felt(opened: Opened, look: Look, at: tuple[Any, ...], slots: NDArray[Any]) -> set[int]:
    """The guards of these switches that change F or a directional derivative of it once they are turned."""
    if not len(slots):
        return set()
    q, v = len(look.value), np.random.default_rng(0).standard_normal(opened.size)
    still = np.zeros(opened.slot_count)
    value, moved = opened.turned(at, still, v, still)
    found: set[int] = set()
    for group in (_alone(look, slots), _together(look, slots)):
        for turned in group:
            w, dw = still.copy(), still.copy()
            w[turned], dw[turned] = look.difference[turned], moved[q:][turned]
            others = opened.turned(at, w, v, dw)
            for one, other in zip((value, moved), others, strict=True):
                scale = max(1.0, float(np.abs(one[:q]).max(initial=0)))
                if not (np.abs(other[:q] - one[:q]) <= _SLACK * scale).all():  # NaN is felt
                    found |= set(look.owner[turned].tolist())
        if found:
            break
    return found


def _alone(look: Look, slots: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The switches of each guard at each other outcome, where there are few guards."""
    owner, choices = look.owner[slots], look.choices[slots]
    guards = np.unique(owner)
    for guard in guards if len(guards) <= _ALONE else guards[:0]:
        for bit in (1, 2):
            yield slots[(owner == guard) & ((choices & bit) != 0)]


def _together(look: Look, slots: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The switches of all guards at one other outcome, and at random ones."""
    owner, choices = look.owner[slots], look.choices[slots]
    _, guard = np.unique(owner, return_inverse=True)
    rng = np.random.default_rng(1)
    yield slots[(choices & 1) != 0]
    yield slots[(choices & 2) != 0]
    for _ in range(8):
        yield slots[(choices & rng.integers(0, 3, guard.max(initial=0) + 1)[guard]) != 0]
