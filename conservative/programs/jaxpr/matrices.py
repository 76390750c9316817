"""From what a program met at a point to the matrices B, Y, Z, L and their ties."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie
from conservative.programs.jaxpr.jumps import felt
from conservative.programs.jaxpr.opened import Look, Opened
from conservative.programs.jaxpr.operators import operator
from conservative.programs.unrolled import unrolled_warning

_DENSE = 4_000_000
"""Most entries of the base that are stored; a larger one is an operator."""

_NEAR = 1e3
"""Values that differ by up to this many tolerances are told of."""

_SHOWN = 64


def open_matrices(
    opened: Opened, look: Look, z: NDArray[np.float64], tolerance: float, forced: NDArray[np.int8], *, state_size: int
) -> tuple[SwitchedJacobian, list[int]]:
    """The abs-normal form at z, and the guards whose two sides differ in value on the way, which must be forced."""
    at = (z, tolerance, forced)
    met = np.flatnonzero(look.owner != -1)
    slots, base, Y, Z, L = _matrices(opened, look, at, met)
    jumps = _jumps(look, slots, tolerance)
    kept = _alive(Y, Z, L, jumps)
    steering = set(look.owner[slots[kept & jumps]].tolist()) | felt(opened, look, at, slots[jumps & ~kept])
    if not kept.all():
        slots, Y, Z, L = slots[kept], Y[:, kept], Z[kept], L[np.ix_(kept, kept)]
    _require_finite(opened, look, base if isinstance(base, np.ndarray) else np.zeros(0), Y, Z, L)
    ties, clean = _ties(opened, look, slots)
    live = set(look.owner[slots].tolist())
    dead = [owner for owner in dict.fromkeys(look.owner[met].tolist()) if owner not in live]
    return SwitchedJacobian(
        base=base,
        Y=Y,
        Z=Z,
        L=L,
        ties=ties,
        state_size=state_size,
        value=np.asarray(look.value, dtype=np.float64),
        tolerance=tolerance,
        inactive=tuple(opened.label(owner) for owner in dead),
        near_ties=_near(opened, look, tolerance),
        warnings=(*opened.warnings, *unrolled_warning(ties, L)),
        framework=look.weight[slots].astype(np.float64),
        clean=clean and not opened.rule_lines,
    ), sorted(steering)


def _matrices(opened: Opened, look: Look, at: tuple[Any, ...], met: NDArray[Any]) -> tuple[Any, ...]:
    """Switches and B, Y, Z, L: of all that tie, or of those that live where the program is large."""
    q, n = len(look.value), opened.size
    if look.dense is not None:
        rows, columns = q + met, n + met
        top, below = look.dense[:q], look.dense[rows]
        return met, top[:, :n], top[:, columns], below[:, :n], _below(below[:, columns])
    live = opened.live(met)
    if q * n > _DENSE:
        slots = live.alive(at, met)
        Y, L = live.columns(at, slots)
        return slots, operator(opened, at, q), Y, live.rows(at, slots), _below(L)
    base, Y, Z, L = live.matrices(at, met)
    return met, base, Y, Z, _below(L)


def _below(L: NDArray[Any]) -> NDArray[Any]:
    return np.tril(L, -1) if L.any() else L


def _alive(Y: Any, Z: Any, L: Any, jumps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Switches that something moves and that move something; a row or column of zeros changes no block."""
    kept = np.ones(len(Z), dtype=bool)
    outside, inside = Z.any(axis=1) | jumps, Y.any(axis=0)
    if not L.any():
        return np.asarray(outside & inside)
    while True:
        inner = (L != 0) & kept[:, None] & kept[None]
        left: NDArray[np.bool_] = kept & (outside | inner.any(axis=1)) & (inside | inner.any(axis=0))
        if np.array_equal(left, kept):
            return kept
        kept = left


def _jumps(look: Look, slots: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Switches of guards whose two sides differ by more than the distance to the guard explains."""
    owner = look.owner[slots]
    guarded = owner >= 0
    gap = look.guard_gap[np.where(guarded, owner, 0)] if look.guard_gap.size else np.zeros(len(owner))
    scale = max(1.0, float(np.abs(look.value).max(initial=0)))
    far = np.abs(look.difference[slots]) > 100 * tolerance * scale + 1e4 * gap
    return np.asarray(guarded & far)


def _ties(opened: Opened, look: Look, slots: NDArray[Any]) -> tuple[tuple[SwitchedTie, ...], bool]:
    """Slots grouped by who decides them, and whether every decision is one of two sides."""
    groups: dict[int, list[int]] = {}
    for slot, owner in enumerate(look.owner[slots].tolist()):
        groups.setdefault(owner, []).append(slot)
    choices, ties, clean = look.choices[slots].tolist(), [], True
    for owner, members in groups.items():
        if choices[members[0]] == 0 or (owner < 0 and len(members) == 1):
            patterns: list[tuple[int, ...]] = [(i,) for i in members]
        else:
            turned = [tuple(i for i in members if choices[i] & bit) for bit in (1, 2)]
            patterns = [pattern for pattern in dict.fromkeys(turned) if pattern]
            if owner >= 0:
                at = int(look.outcome[owner])
                by_outcome = {at: (), (at + 1) % 3: turned[0], (at + 2) % 3: turned[1]}
                clean &= by_outcome[1] in (by_outcome[0], by_outcome[2])
        gap = look.guard_gap[owner] if owner >= 0 else look.tie_gap[-2 - owner]
        name, source = opened.named(owner)
        ties.append(SwitchedTie(name, source, tuple(members), tuple(patterns), float(gap)))
    return tuple(ties), clean


def _near(opened: Opened, look: Look, tolerance: float) -> tuple[tuple[str, float], ...]:
    found = []
    for ratio, gap, owners in ((look.guard_ratio, look.guard_gap, 1), (look.tie_ratio, look.tie_gap, -1)):
        for i in np.flatnonzero((ratio > tolerance) & (ratio <= _NEAR * tolerance))[:_SHOWN].tolist():
            found.append((opened.label(i if owners > 0 else -2 - i), float(gap[i])))
    return tuple(dict.fromkeys(found))


def _require_finite(opened: Opened, look: Look, *parts: Any) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        if all(np.isfinite(part.sum()) or np.isfinite(part).all() for part in parts):
            return
    raise FunctionError(opened.not_finite(look, "the derivative of the program is not finite here"))
