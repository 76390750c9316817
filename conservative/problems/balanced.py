"""The constraint 0 ≤ w ≤ C, yᵀw = 0 with signs y: its projection, one tie for each entry at a bound."""

from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from conservative.problems.faces import Face
from conservative.problems.parameters import Values
from conservative.problems.penalties import Penalty

_NEAR = 1e-6
"""Entries this close to a bound are compared with it one by one; the others are free or fixed."""


@final
class Balanced(Penalty):
    """The box and the hyperplane of the dual of a support vector machine; C is a number or a vector."""

    separable: ClassVar[bool] = False
    constraint: ClassVar[bool] = True
    states: ClassVar[tuple[int, ...]] = (0, -1, 1)

    def value(self, w: Any, v: Values) -> Any:
        """0, or infinity outside."""
        room = 1e-9 * np.max(v["C"])
        balance = np.abs((v["y"] * w).sum(axis=-1)) <= room * w.shape[-1]
        return np.where((w >= -room).all(axis=-1) & (w <= v["C"] + room).all(axis=-1) & balance, 0.0, np.inf)

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """The nearest point of the constraint."""
        return project_balanced(z, v["y"], v["C"])

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """−1 at 0, 1 at C, 0 between."""
        room = tolerance * v["C"]
        return np.where(w <= room, -1, np.where(w >= v["C"] - room, 1, 0))

    def face(self, states: Any, v: Values) -> Face:
        """A face of the box, cut by the hyperplane."""
        fixed = np.where(states > 0, v["C"], np.zeros_like(v["C"]))
        return Face(states == 0, fixed, np.zeros_like(states), total=0, normal=v["y"])

    def ends(self, states: Any, v: Values) -> tuple[Any, Any]:
        """The box."""
        return 0.0, v["C"]

    def gaps(self, z: Any, v: Values) -> Any:
        """z − τy less either bound."""
        lower, upper = _bounds(v["y"], v["C"])
        moved = v["y"] * z - threshold(v["y"] * z, lower, upper)
        return np.stack([moved - lower, moved - upper])

    def gaps_on(self, states: Any, z: Any, v: Values) -> Any:
        """The same with the τ of a face; where nothing is free, the room that τ has."""
        lower, upper = _bounds(v["y"], v["C"])
        x, free = v["y"] * z, states == 0
        if free.any():
            bound = np.where((states > 0) == (v["y"] > 0), upper, lower)
            t = (x[free].sum() + bound[~free].sum()) / free.sum()
            return np.stack([x - t - lower, x - t - upper])
        high = (states > 0) == (v["y"] > 0)
        return (x - upper)[high][:, None] - (x - lower)[~high][None, :]

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""
        return 0, [w >= 0, w <= v["C"], v["y"] @ w == 0]


def project_balanced(z: Any, y: Any, C: Any) -> Any:
    """The projection onto 0 ≤ w ≤ C, yᵀw = 0, over leading axes.

    With x = yz it is y clip(x − τ, l, u), l and u the ends of y[0, C], for the τ at which the sum vanishes. Of numbers
    that record their decisions, τ passes the bounds of tied entries from above, the nearest first: one with its bound
    at β moves it by δr, r = max(β − τ, 0), δ = 1 − k/k', as the number of free entries goes from k to k'. An entry that
    leaves l has l + (1 − δ)r less what later ones take, one that reaches u stays there: one decision for all rows,
    whose sum stays.
    """
    lower, upper = _bounds(y, C)
    x = y * z
    if not hasattr(x, "v") and not hasattr(upper, "v"):
        return y * np.minimum(np.maximum(x - threshold(x, lower, upper), lower), upper)
    plain = [np.asarray(getattr(part, "v", part)) for part in (x, lower, upper)]
    moved = plain[0] - threshold(*plain)
    room = _NEAR * max(1.0, float(np.abs(plain[0].astype(np.float64)).max()))
    over, under = ((moved - bound).astype(np.float64) for bound in plain[1:])
    leaves = np.abs(over) <= room
    reaches = (np.abs(under) <= room) & ~leaves
    tied = leaves | reaches
    entries = {int(i): lower[i] for i in np.flatnonzero((over < 0) | leaves)}
    entries |= {int(i): upper[i] for i in np.flatnonzero((under > 0) & ~tied)}
    free = [i for i in range(len(y)) if i not in entries]
    if free:
        t = sum(entries.values(), x[np.array(free)].sum()) / len(free)
        ends = {int(i): upper[i] if reaches[i] else lower[i] for i in np.flatnonzero(tied)}
        passed, t = _passed({i: (x[i] - end, end, bool(reaches[i])) for i, end in ends.items()}, t, len(free))
        entries |= passed
        entries |= {i: x[i] - t for i in free if i not in entries}
    return y * np.stack([entries[i] for i in range(len(y))])


def _passed(tied: dict[int, tuple[Any, Any, bool]], t: Any, k: int) -> tuple[dict[int, Any], Any]:
    """The tied entries, of which (β, bound, whether it reaches that) is given, as τ passes them, and the last τ."""
    places = list(tied)
    order = np.argsort(-np.stack([tied[i][0] for i in places])) if len(places) > 1 else range(len(places))
    steps: list[tuple[int, Any, Any, Any]] = []
    entries = {i: end for i, (_, end, _) in tied.items()}
    for number in order:
        i = places[int(number)]
        beta, _, reaches = tied[i]
        after = k - 1 if reaches else k + 1
        if after == 0:  # all others are at bounds that balance: so is this one
            break
        r = np.maximum(beta - t, 0)
        steps.append((i, beta - t, r, r * (after - k) / after))
        t, k = t + steps[-1][3], after
    later = t - t
    for i, beyond, r, shift in reversed(steps):
        entries[i] = entries[i] + (beyond - r if tied[i][2] else r - shift - later)
        later = later + shift
    return entries, t


def threshold(x: Any, lower: Any, upper: Any) -> Any:
    """A τ with Σ clip(x − τ, l, u) = 0, over leading axes, kept as an axis of one; the middle of all where many are."""
    breaks = np.concatenate([x - lower, x - upper], axis=-1)
    order = np.argsort(-breaks, axis=-1)
    t = np.take_along_axis(breaks, order, axis=-1)
    counts = np.cumsum(np.where(order < x.shape[-1], 1, -1), axis=-1)
    rise = np.cumsum(counts[..., :-1] * (t[..., :-1] - t[..., 1:]), axis=-1)
    start = (0 * x + lower).sum(axis=-1, keepdims=True)
    level = np.concatenate([start, start + rise], axis=-1)
    room = 0 if level.dtype == object else 1e-12 * np.abs(start)
    k = np.argmax(np.asarray(level >= -room, dtype=bool), axis=-1)[..., None]

    def at(values: Any, shift: int = 0) -> Any:
        return np.take_along_axis(values, np.clip(k + shift, 0, t.shape[-1] - 1), axis=-1)

    flat = (at(counts) == 0) & np.asarray(np.abs(at(level)) <= room, dtype=bool) & (k < t.shape[-1] - 1)
    return np.where(flat, (at(t) + at(t, 1)) / 2, at(t) + at(level) / np.maximum(at(counts, -1), 1))


def _bounds(y: Any, C: Any) -> tuple[Any, Any]:
    """The ends of y[0, C]."""
    positive = np.asarray(y > 0).astype(int)
    return (positive - 1) * C, positive * C
