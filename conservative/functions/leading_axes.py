"""Batches of states and parameters, as every map's `evaluate` takes them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import ShapeError

FloatArray = NDArray[np.float64]

_MOST_NAMES = 8
"""Of coordinates that a message lists."""


class GivenBatch(NamedTuple):
    """States (..., p) and parameters (..., m) as given, and the leading axes that they have together."""

    states: FloatArray
    parameters: FloatArray
    shape: tuple[int, ...]

    def wide(self) -> tuple[FloatArray, FloatArray]:
        """Both with all leading axes, read-only."""
        states, parameters = (
            part if part.shape[:-1] == self.shape else np.broadcast_to(part, (*self.shape, part.shape[-1]))
            for part in (self.states, self.parameters)
        )
        return states, parameters

    def rows(self) -> tuple[FloatArray, FloatArray]:
        """Both with one leading axis."""
        count = int(np.prod(self.shape, dtype=int))
        states, parameters = (part.reshape(count, part.shape[-1]) for part in self.wide())
        return states, parameters


def read_batch(
    x: ArrayLike,
    theta: ArrayLike | None,
    *,
    names: tuple[str, ...],
    state_size: int,
    call: str = "evaluate",
    argument: str = "x",
    numbers: bool = False,
) -> GivenBatch:
    """States and parameters as doubles; θ may be left out where there are no parameters.

    `names`: of the states, then of the parameters. `numbers`: whether one number may stand for one coordinate.

    Raises ShapeError, NonFiniteError, ArgumentTypeError.
    """
    given = np.zeros(0) if theta is None and len(names) == state_size else theta
    states = _columns(x, names[:state_size], call, argument, numbers)
    parameters = _columns(given, names[state_size:], call, "theta", numbers)
    try:
        return GivenBatch(states, parameters, np.broadcast_shapes(states.shape[:-1], parameters.shape[:-1]))
    except ValueError as error:
        raise ShapeError(
            f"`{call}({argument}=..., theta=...)` needs leading axes that broadcast; got {states.shape} and "
            f"{parameters.shape}."
        ) from error


def _columns(value: Any, names: tuple[str, ...], call: str, argument: str, numbers: bool) -> FloatArray:
    listed = ", ".join(names[:_MOST_NAMES]) + ", ..." * (len(names) > _MOST_NAMES)
    wanted = f"shape (..., {len(names)}), the last axis holding {listed or 'nothing'}"
    if value is None:
        raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got None.")
    usable = isinstance(value, np.ndarray) and value.dtype == np.float64 and bool(np.isfinite(value).all())
    array = np.asarray(value) if usable else as_real_array(value, call=call, argument=argument, wanted=wanted)
    if array.ndim == 0 and len(names) == 1 and numbers:
        return array[None]
    if array.ndim == 0 or array.shape[-1] != len(names):
        raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got {array.shape}.")
    return array
