"""Are rows linearly independent? Then every sign pattern of the ties they belong to is met by a direction."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.numbers import UNIT_ROUNDOFF


def independent_rows(rows: NDArray[Any]) -> bool:
    """Whether rows are proved linearly independent: by an exact rank, or for doubles by a Cholesky factorisation.

    With rows of unit length G = V Vᵀ, computed within k(n + 2)u. If the factorisation of G − δI succeeds, it is exact
    for a matrix within k(k + 1)u of it, so that G is positive definite when δ exceeds both errors [Rump 2006]; entries
    that are rounded to doubles once move it by 2ku.
    """
    k, n = rows.shape
    if k == 0:
        return True
    if k > n:
        return False
    if rows.dtype == object and all(isinstance(x, (Fraction, int)) for row in rows for x in row):
        rank = int(to_flint([[Fraction(x) for x in row] for row in rows.tolist()]).rank())
        return bool(rank == k)
    rows = rows.astype(np.float64)
    with np.errstate(over="ignore", under="ignore"):
        length = np.sqrt(np.einsum("kn,kn->k", rows, rows))
        if not ((length > 1e-140) & (length < 1e140)).all():
            return False
        unit = rows / length[:, None]
        gram = unit @ unit.T
    shift = max(1e-8, 16.0 * k * (k + n + 8) * UNIT_ROUNDOFF)
    try:
        np.linalg.cholesky(gram - shift * np.eye(k))
    except np.linalg.LinAlgError:
        return False
    return True
