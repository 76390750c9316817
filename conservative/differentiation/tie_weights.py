"""Weights of switches told by effect: which side of a tie moves F less, and which choices its patterns allow."""

import math

import numpy as np
from numpy.typing import NDArray

from conservative.functions import SwitchedJacobian
from conservative.functions.switched_jacobian import SwitchedTie, moved_rows

Floats = NDArray[np.float64]

_JOINT = 64
"""Most choices of ties that act on each other which are weighed together."""


def sided(form: SwitchedJacobian, weight: float) -> Floats:
    """The same weight at every tie, told by effect; of a few ties that act on each other, by their joint effect."""
    s = np.zeros(len(form.Z))
    if not len(s):
        return s
    Y, Z = form.Y.astype(np.float64), form.Z.astype(np.float64)
    moved = np.asarray(form.base @ Z.T, dtype=np.float64)
    growth = 2.0 * np.einsum("qk,qk->k", Y, moved) + (Y * Y).sum(axis=0) * (Z * Z).sum(axis=1)
    small = 1e-12 * (Y * Y).sum(axis=0) * (Z * Z).sum(axis=1)
    for group in form.groups:
        share = float(weight >= 0.5) if _bound_together(form, group) else weight
        if len(group) > 1 and (ends := _ends(form, group, Y, Z, moved)) is not None:
            least, most = ends
            s[list(least)] += 1.0 - share
            s[list(most)] += share
            continue
        for tie in group:
            turned = list(tie.patterns[-1])
            falls = len(tie.patterns) == 1 and growth[turned].sum() < -small[turned].sum()
            s[turned] = 1.0 - share if falls else share
    return s


def _bound_together(form: SwitchedJacobian, group: tuple[SwitchedTie, ...]) -> bool:
    """Whether one decision turns switches within each other, so that weights between 0 and 1 leave the hull."""
    if not any(len(pattern) > 1 for tie in group for pattern in tie.patterns):
        return False
    slots = sorted(i for tie in group for i in tie.slots)
    return bool((form.L[np.ix_(slots, slots)] != 0).any())


def _ends(
    form: SwitchedJacobian, group: tuple[SwitchedTie, ...], Y: Floats, Z: Floats, moved: Floats
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The choices of one group along which F moves least and most; None where there are too many to list."""
    if math.prod(1 + len(tie.patterns) for tie in group) > _JOINT:
        return None
    slots = sorted(i for tie in group for i in tie.slots)
    patterns = list(form.patterns(group))
    weights = form.weights(patterns)[:, slots].astype(np.float64)
    L = form.L[np.ix_(slots, slots)].astype(np.float64)
    turned = moved_rows(weights, np.eye(len(slots)), L)
    across = turned @ (Z[slots] @ Z[slots].T) @ turned.swapaxes(1, 2)
    growth = 2.0 * (turned * (Y[:, slots].T @ moved[:, slots])).sum(axis=(1, 2))
    growth += (across * (Y[:, slots].T @ Y[:, slots])).sum(axis=(1, 2))
    growth[np.abs(growth) <= 1e-12 * np.abs(growth).max()] = 0.0
    most = int(np.argmax(growth))
    apart = np.abs(weights - weights[most]).sum(axis=1)
    least = int(np.lexsort((apart, growth))[0])  # of several that move least, the next one to that
    return patterns[least], patterns[most]


def feasible(form: SwitchedJacobian, s: Floats) -> Floats:
    """Weights moved to choices that ties allow: of several patterns the one with most switches that are wanted."""
    for tie in form.ties:
        if tie.patterns != (tie.slots,) or len(tie.slots) > 1:
            best = max(((), *tie.patterns), key=lambda p: sum(2 * s[i] - 1 for i in p))
            s[list(tie.slots)] = 0.0
            s[list(best)] = 1.0
    return s
