"""What matrices of doubles send to 0, up to rounding."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DECOMPOSED = 400
"""Order up to which singular values are looked at."""


def null_space(M: Floats, *, within: float = 1e-11) -> Floats:
    """An orthonormal basis, in columns, of the directions that M shrinks to within a share of max(1, ‖M‖₂).

    Shapes: `M` (r, n), result (n, d).
    """
    values, rows = np.linalg.svd(M)[1:]
    small = np.concatenate([values, np.zeros(len(rows) - len(values))]) <= within * max(1.0, values.max(initial=0.0))
    null = rows[small]
    # One sign for one direction, whatever the decomposition took.
    signs = np.sign([row[np.abs(row).argmax()] for row in null]) if len(null) else np.ones(0)
    return np.asarray((null * signs[:, None]).T)
