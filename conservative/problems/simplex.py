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


def threshold(z: Any, radius: Any = 1) -> Any:
    """The t with Σ max(z − t, 0) = radius, over leading axes, kept as an axis of one: the largest of sorted means."""
    ordered = -np.sort(-z, axis=-1)
    counts = np.arange(1, z.shape[-1] + 1)
    return ((np.cumsum(ordered, axis=-1) - radius) / counts).max(axis=-1, keepdims=True)


def project_simplex(z: Any, *, radius: Any = 1) -> Any:
    """The projection onto w ≥ 0, Σw = radius, over leading axes; correlated where a program is recorded.

    Of plain numbers it is max(z − t, 0). Of numbers that record their decisions, as in `from_numpy`, an entry at the
    threshold is in the support or out of it, in the threshold and in the result alike: every derivative keeps the sum.

    Parameters
    ----------
    z : ndarray, shape (..., n)
    radius : number, or ndarray of shape (..., 1)
        Positive.

    Returns
    -------
    ndarray, shape (..., n)

    Notes
    -----
    The k-th largest entry moves the threshold of the k − 1 before it by r/k, r = max(z − t, 0), and itself becomes
    r(k − 1)/k: one decision for both. With several entries at the threshold every order of them is taken; beside the
    true pieces stand those where a later entry is in and an earlier one out, which keep the sum as well.
    `cj.functions.project_simplex`, a formula of sympy, decides threshold and result separately.

    References
    ----------
    [heldwolfecrowder1974]_, [condat2016]_

    Examples
    --------
    >>> import conservative as cj
    >>> F = cj.from_numpy(cj.problems.project_simplex, ["1/2", "1/2", "0"])
    >>> [(3 * piece.sum(axis=0)).tolist() == [0, 0, 0] for piece in F.switched().vertices()]
    [True, True]
    """
    if isinstance(z, np.ndarray) and not hasattr(radius, "v"):
        return np.maximum(z - threshold(z, radius), 0)
    values = np.asarray(getattr(z, "v", z))
    above = values - threshold(values, np.asarray(getattr(radius, "v", radius)))
    near = np.abs(above.astype(np.float64)) <= _NEAR * max(1.0, float(np.abs(values.astype(np.float64)).max()))
    inside, open_ = np.flatnonzero((above > 0) & ~near), np.flatnonzero(near)
    tied = z[open_]
    order = np.argsort(-tied) if len(open_) > 1 else np.arange(len(open_))
    t = (z[inside].sum() - np.reshape(radius, ())) / len(inside)
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


def project_l1_ball(z: Any, *, radius: Any = 1) -> Any:
    """The projection onto Σ|w| ≤ radius, over leading axes; correlated where a program is recorded.

    With the positive and the negative parts of w on a simplex, max(z − t, 0) − max(−z − t, 0), of the size
    min(‖z‖₁, radius): one decision whether z is outside, and one for each entry at the threshold.

    Parameters
    ----------
    z : ndarray, shape (..., n)
    radius : number, or ndarray of shape (..., 1)
        Positive.

    Returns
    -------
    ndarray, shape (..., n)

    References
    ----------
    [duchishalevshwartzsingerchandra2008]_, [condat2016]_

    Examples
    --------
    >>> import numpy as np
    >>> import conservative as cj
    >>> cj.problems.project_l1_ball(np.array([[1, -0.5], [0.2, 0.1]])).tolist()
    [[0.75, -0.25], [0.2, 0.1]]
    >>> F = cj.from_numpy(cj.problems.project_l1_ball, ["1/2", "1/2"])
    >>> [[str(x) for x in piece.ravel()] for piece in F.switched().vertices()]
    [['1', '0', '0', '1'], ['1/2', '-1/2', '-1/2', '1/2']]
    """
    n = z.shape[-1]
    if isinstance(z, np.ndarray) and not hasattr(radius, "v"):
        length = np.abs(z).sum(axis=-1, keepdims=True)
        t = threshold(np.concatenate([z, -z], axis=-1), np.minimum(length, radius))
        return np.where(length <= radius, z, np.maximum(z - t, 0) - np.maximum(-z - t, 0))
    values, most = (np.asarray(getattr(part, "v", part)) for part in (z, radius))
    if (np.abs(values).sum() < most).all():
        return 1 * z
    both = project_simplex(np.concatenate([z, -z]), radius=np.minimum(np.abs(z).sum(), np.reshape(radius, ())))
    return both[:n] - both[n:]
