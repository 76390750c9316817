"""Large programs: the base as an operator, and rows by reverse mode."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from conservative.programs.jaxpr.library import doubles
from conservative.programs.jaxpr.opened import Opened


def operator(opened: Opened, at: tuple[Any, ...], q: int) -> LinearOperator:
    """B by JVPs and VJPs."""
    n, nothing = opened.size, np.zeros(0)
    smooth = opened.live(np.zeros(0, dtype=int))

    def forward(V: Any) -> NDArray[np.float64]:
        columns = np.asarray(V, dtype=np.float64).reshape(n, -1)
        with doubles():
            return np.stack([smooth.along(at, v, nothing)[0] for v in columns.T], axis=1)

    def backward(U: Any) -> NDArray[np.float64]:
        columns = np.asarray(U, dtype=np.float64).reshape(q, -1)
        with doubles():
            return np.stack([smooth.against(at, u, nothing)[0] for u in columns.T], axis=1)

    return LinearOperator(
        shape=(q, n),
        dtype=np.float64,
        matvec=lambda v: forward(v)[:, 0],
        rmatvec=lambda u: backward(u)[:, 0],
        matmat=forward,
        rmatmat=backward,
    )
