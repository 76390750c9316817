"""ReLU equilibria: x = max(W x + θ, 0), the fixed point of a layer that is applied for ever."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.optimal_transport import NoPenalty
from conservative.problems.parameters import Parameters, Values, choose, numbers, read_array
from conservative.problems.problem import Problem

_SOURCE = "S. Bai, J. Z. Kolter, V. Koltun, Deep equilibrium models, NeurIPS 2019"
_LISTED = 12
"""Unknowns up to which all sets of active units are tried."""


def equilibrium(W: Any, *, bias: Any = None) -> Problem:
    """x = max(W x + θ, 0), with θ the bias.

    Parameters
    ----------
    W : array_like, shape (p, p)
        Whole numbers, fractions and rational strings stay exact.
    bias : array_like, shape (p,), optional
        The default of θ; 0 unless given.

    Returns
    -------
    Problem

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentTypeError

    References
    ----------
    [bai2019]_

    Examples
    --------
    >>> import conservative as cj
    >>> cj.problems.equilibrium([[0, "1/2"], ["-1/2", "1/4"]], bias=[1, "1/2"]).solve([1.0, 0.5]).tolist()
    [1.0, 0.0]
    """
    call = "equilibrium"
    weights = read_array(W, 2, call=call, argument="W")
    p = weights.shape[0]
    if weights.shape != (p, p):
        raise ShapeError(f"`{call}(W=...)` needs a square matrix; got {weights.shape}.")
    start = numbers([0] * p) if bias is None else read_array(bias, 1, call=call, argument="bias")
    if start.shape != (p,):
        raise ShapeError(f"`{call}(bias=...)` needs {p} numbers; got {start.shape}.")
    values = {"W": weights, "bias": start}
    return Problem(
        name="equilibrium", size=p, smooth=None, penalty=NoPenalty(),
        parameters=Parameters(choose(("bias",), values, call=call), values).unified, solver=_solve, source=_SOURCE,
    )  # fmt: skip


def _solve(problem: Problem, values: Values) -> NDArray[Any]:
    """By the active set: all sets for few units, else the one that a root finder ends at, solved and verified."""
    W, theta = (np.asarray(values[name]).astype(np.float64) for name in ("W", "bias"))
    p = len(theta)
    if p <= _LISTED:
        candidates = [np.array(on, dtype=bool) for on in product((False, True), repeat=p)]
    else:
        found = root(lambda x: x - np.maximum(W @ x + theta, 0), np.maximum(theta, 0), method="krylov")
        candidates = [np.asarray(W @ found.x + theta > 0)]
    for on in candidates:
        x = np.zeros(p)
        try:
            x[on] = np.linalg.solve(np.eye(int(on.sum())) - W[np.ix_(on, on)], theta[on])
        except np.linalg.LinAlgError:
            continue
        if np.abs(x - np.maximum(W @ x + theta, 0)).max() <= 1e-9 * max(1.0, np.abs(x).max()):
            return x
    raise ArgumentError("the layer has no equilibrium that was found: ‖W‖₂ < 1 makes sure that there is one.")
