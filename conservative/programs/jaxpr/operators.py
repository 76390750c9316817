"""Large programs: the base as an operator, and rows by reverse mode."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from conservative.programs.jaxpr.library import doubles
from conservative.programs.jaxpr.opened import Opened


def operator(opened: Opened, at: tuple[Any, ...], q: int) -> LinearOperator:
    """B by JVPs and VJPs."""
    z, tolerance, forced = at
    n, k = opened.size, opened.slot_count

    def forward(V: Any) -> NDArray[np.float64]:
        columns = np.asarray(V, dtype=np.float64).reshape(n, -1)
        with doubles():
            return np.stack(
                [opened.along(z, tolerance, forced, np.append(v, np.zeros(k)))[:q] for v in columns.T], axis=1
            )

    def backward(U: Any) -> NDArray[np.float64]:
        columns = np.asarray(U, dtype=np.float64).reshape(q, -1)
        with doubles():
            return np.stack(
                [opened.against(z, tolerance, forced, np.append(u, np.zeros(k)))[:n] for u in columns.T], axis=1
            )

    return LinearOperator(
        shape=(q, n),
        dtype=np.float64,
        matvec=lambda v: forward(v)[:, 0],
        rmatvec=lambda u: backward(u)[:, 0],
        matmat=forward,
        rmatmat=backward,
    )
