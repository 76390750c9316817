"""Distinct rows of an array, by sorting numbers: comparisons of structured rows turn Ctrl-C into a TypeError."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def first_rows(rows: NDArray[Any]) -> NDArray[np.intp]:
    """Where each distinct row occurs first, in the order of the rows' values. Shapes: `rows` (n, d), result (k,).

    >>> first_rows(np.array([[2.0, 0.0], [1.0, 1.0], [2.0, 0.0]])).tolist()
    [1, 0]
    """
    if len(rows) == 0:
        return np.zeros(0, dtype=np.intp)
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return np.asarray(order[fresh])
