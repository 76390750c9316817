"""Bounds of all products from a tree of words, cut where they have shrunk, in a quadratic norm.

Let W be a complete prefix code: every long word is a row of words of W and a proper prefix of one. If ‖A_w‖ ≤ θ^|w| on
W and ‖A_v‖ ≤ C θ^|v| on the proper prefixes v, the empty one included, then ‖A_1 ⋯ A_s‖ ≤ C θ^s for all words. A tree
that is cut as soon as ‖A_w‖ ≤ θ^|w| is finite for every θ above the joint spectral radius, and only words that nearly
attain it are long; all words of one length would be far more. In ‖x‖_P the constant grows by the condition number.
"""

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF

Floats = NDArray[np.float64]

_RATES = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
"""Values of θ; the sums of all bounds grow as 1/(1 − θ)."""

_OPEN, _ENTRIES = 20_000, 2_000_000
"""Most open words of one length, and entries of their products."""

_DEEPEST = 400

_SHORT_WORDS = 1_000
"""Most words of two letters whose radii are looked at before a tree is grown."""


def code_bound(A: Floats, *, error: float, weight: float, deadline: float = NEVER) -> tuple[float, float]:
    """(C, θ) with ‖A_1 ⋯ A_s‖ ≤ C θ^s for all words, for the θ that makes C/(1 − θ) smallest; (∞, 1) if none is found.

    Shapes: `A` (k, p, p).
    """
    best, smallest = (np.inf, 1.0), np.inf
    least = short_radius(A)
    for rate in _RATES[::-1]:
        if rate <= least:  # The powers of that word are never cut.
            break
        constant = _constant(A, rate, error=error, weight=weight, deadline=deadline)
        if constant is None:  # Smaller rates have larger trees.
            break
        if constant / (1.0 - rate) < smallest:
            best, smallest = (constant, rate), constant / (1.0 - rate)
    return best


def short_radius(A: Floats) -> float:
    """The largest ρ(A_w)^(1/|w|) over words of one and two letters, in floating point: which searches are hopeless.

    Shapes: `A` (k, p, p).
    """
    if not np.isfinite(A).all():
        return 0.0
    found = float(np.abs(np.linalg.eigvals(A)).max())
    if len(A) ** 2 <= _SHORT_WORDS:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            pairs = np.einsum("iab,jbc->ijac", A, A).reshape(-1, *A.shape[1:])
        if np.isfinite(pairs).all():
            found = max(found, float(np.sqrt(np.abs(np.linalg.eigvals(pairs)).max())))
    return found


def _constant(A: Floats, rate: float, *, error: float, weight: float, deadline: float) -> float | None:
    """C for one θ, or `None` if the tree grows too large or the time is over."""
    k, p = A.shape[:2]
    size = float(frobenius_bounds(A)[1].max())
    step = error + (p + 4) * UNIT_ROUNDOFF * size
    most = min(_OPEN, _ENTRIES // (k * p * p))
    products, off, constant, power = np.eye(p)[None], 0.0, 1.0, 1.0
    for _ in range(_DEEPEST):
        if is_over(deadline):
            return None
        off = (off * weight + step * float(frobenius_bounds(products)[1].max())) * (1.0 + 1e-14)
        products = np.einsum("wij,kjl->wkil", products, A, optimize=True).reshape(-1, p, p)
        power *= rate * (1.0 - 4.0 * UNIT_ROUNDOFF)
        reached = spectral_norm_bounds(products)[1] + off
        still = reached > power
        if not still.any():
            return constant
        constant = max(constant, float(reached.max()) / power * (1.0 + 8.0 * UNIT_ROUNDOFF))
        products = products[still]
        if len(products) > most or not np.isfinite(constant):
            return None
    return None
