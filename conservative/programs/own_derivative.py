"""What a library's own differentiation returns, beside the set that it must lie in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear, nnls

from conservative.functions.switched_jacobian import SwitchedJacobian

_LISTED = 256
_ENTRIES = 200_000
_SLACK = 1e-8


def finding(S: SwitchedJacobian, own: NDArray[np.float64] | None, *, call: str) -> tuple[str, ...]:
    """What to tell of a library's own Jacobian: nothing where it lies in the set."""
    if own is None or S.matrix_free:
        return ()
    if not np.isfinite(own).all():
        count = int((~np.isfinite(own)).sum())
        return (
            f"`{call}` is not finite at the point ({count} of {own.size} entries), although the set is: a branch that "
            "is not taken, multiplied by 0, gives NaN there.",
        )
    scale = max(1.0, float(np.abs(own).max(initial=0)))
    expected = S.framework_choice
    if expected is not None and np.abs(expected - own).max(initial=0) <= _SLACK * scale:
        return ()
    apart = distance_to(S, own)
    if apart is None or apart <= _SLACK * scale:
        return ()
    return (
        f"`{call}` at the point is {apart:.3g} away from the set: a custom rule that is no derivative, or an operation "
        "whose derivative the library gives otherwise.",
    )


def distance_to(S: SwitchedJacobian, own: NDArray[np.float64]) -> float | None:
    """An estimate of the distance of a block to the hull of the set; None where there are too many choices."""
    paths = (S, *S.others)
    if sum(path.choices for path in paths) <= _LISTED and own.size * _LISTED <= 10 * _ENTRIES:
        blocks = S.vertices().reshape(-1, own.size).astype(np.float64)
        heavy = 1e3 * max(1.0, float(np.abs(blocks).max(initial=0)))
        rows = np.vstack([blocks.T, np.full(len(blocks), heavy)])
        weights, _ = nnls(rows, np.append(own.ravel(), heavy))
        return float(np.abs(blocks.T @ weights - own.ravel()).max())
    if len(paths) > 1 or (S.L != 0).any() or len(S.Z) * own.size > 10 * _ENTRIES:
        return None
    terms: Any = np.einsum("qk,kn->qnk", S.Y, S.Z).reshape(own.size, -1)
    change = (own - S.dense_base()).ravel()
    weights = lsq_linear(terms, change, bounds=(0, 1)).x
    return float(np.abs(terms @ weights - change).max())


def same_switches(one: SwitchedJacobian, other: SwitchedJacobian) -> bool:
    """Whether two forms without switches on the way to others have the same ones, whichever side is nominal."""
    if one.matrix_free or other.matrix_free or len(one.Z) != len(other.Z) or (one.L != 0).any() or (other.L != 0).any():
        return False
    sizes = [np.maximum(np.linalg.norm(S.Y, axis=0) * np.linalg.norm(S.Z, axis=1), 1e-300) for S in (one, other)]
    cosines = (one.Y.T @ other.Y) * (one.Z @ other.Z.T) / np.outer(*sizes)
    partner = np.abs(cosines).argmax(axis=1) if len(cosines) else np.zeros(0, dtype=int)
    if len(np.unique(partner)) < len(partner):
        return False
    Y, Z = other.Y[:, partner], other.Z[partner]
    along = np.einsum("kn,kn->k", one.Z, Z) / np.maximum(np.linalg.norm(one.Z, axis=1) ** 2, 1e-300)
    turned = np.einsum("qk,qk->k", one.Y, Y) * along < 0
    base = other.base + Y[:, turned] @ Z[turned]
    return (
        _close(along[:, None] * one.Z, Z)
        and _close(one.Y, np.where(turned, -along, along) * Y)
        and _close(one.base, base)
    )


def _close(one: Any, other: Any) -> bool:
    return bool(np.abs(one - other).max(initial=0) <= 1e-12 * max(1.0, float(np.abs(one).max(initial=0))))
