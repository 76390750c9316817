"""The probability simplex: its projection with one tie for each entry at the threshold, shared by all entries."""

from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from conservative.problems.faces import Face
from conservative.problems.parameters import Values
from conservative.problems.penalties import Penalty, signs

_NEAR = 1e-6
"""Entries this close to the threshold are compared with it one by one; the others are in or out."""


@final
class Simplex(Penalty):
    """The constraint w ≥ 0, Σw = 1."""

    separable: ClassVar[bool] = False
    constraint: ClassVar[bool] = True
    states: ClassVar[tuple[int, ...]] = (0, 1)

    def value(self, w: Any, v: Values) -> Any:
        """0, or infinity outside."""
        inside = (w >= 0).all(axis=-1) & (np.abs(w.sum(axis=-1) - 1) <= 1e-9)
        return np.where(inside, 0.0, np.inf)

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """The nearest point of the simplex."""
        return project_simplex(z)

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """Positive entries are free."""
        return np.maximum(signs(w, tolerance), 0)

    def face(self, states: Any, v: Values) -> Face:
        """A face of the simplex."""
        return Face(states != 0, np.zeros_like(states), np.zeros_like(states), total=1)

    def gaps(self, z: Any, v: Values) -> Any:
        """z less its threshold."""
        return (z - threshold(z))[None]

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""
        return 0, [w >= 0, sum(w) == 1]


def threshold(z: Any) -> Any:
    """The t with Σ max(z − t, 0) = 1, over leading axes, kept as an axis of one: the largest of the sorted means."""
    ordered = -np.sort(-z, axis=-1)
    counts = np.arange(1, z.shape[-1] + 1)
    return ((np.cumsum(ordered, axis=-1) - 1) / counts).max(axis=-1, keepdims=True)


def project_simplex(z: Any) -> Any:
    """The projection onto the simplex, over leading axes.

    Of plain numbers it is max(z − t, 0). Of numbers that record their decisions, the k-th largest entry moves the
    threshold of the k − 1 before it by r/k, r = max(z − t, 0), and itself becomes r(k − 1)/k: one decision for both.
    With several entries at the threshold every order of them is taken; beside the true pieces stand those where a later
    entry is in and an earlier one out, which sum to zero as well.
    """
    if isinstance(z, np.ndarray):
        return np.maximum(z - threshold(z), 0)
    values = z.v
    above = values - threshold(values)
    near = np.abs(above.astype(np.float64)) <= _NEAR * max(1.0, float(np.abs(values.astype(np.float64)).max()))
    inside, open_ = np.flatnonzero((above > 0) & ~near), np.flatnonzero(near)
    tied = z[open_]
    order = np.argsort(-tied) if len(open_) > 1 else np.arange(len(open_))
    t = (z[inside].sum() - 1) / len(inside)
    risen = []
    for k, i in enumerate(order, start=len(inside) + 1):
        risen.append(np.maximum(tied[i] - t, 0))
        t = t + risen[-1] / k
    later = t - t
    entries: dict[int, Any] = {}
    for k, i, r in reversed(list(zip(range(len(inside) + 1, z.size + 1), order, risen, strict=False))):
        entries[int(i)] = r * (k - 1) / k - later
        later = later + r / k
    parts = {int(j): z[j] - t for j in inside} | {int(open_[i]): x for i, x in entries.items()}
    return np.stack([parts.get(j, t - t) for j in range(z.size)])
