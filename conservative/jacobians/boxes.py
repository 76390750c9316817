"""Boxes of points (x, θ) that users give: a lower and an upper end."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError
from conservative._core.printable import shown

Floats = NDArray[np.float64]


def read_box(box: tuple[ArrayLike, ArrayLike], width: int, *, call: str) -> tuple[Floats, Floats]:
    """Both ends as arrays of shape (width,), finite and in order; errors name the call and its argument `box`."""
    try:
        lower, upper = (np.broadcast_to(np.asarray(end, dtype=np.float64), (width,)) for end in box)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(
            f"`{call}(box=...)` needs a lower and an upper end, numbers or arrays of shape ({width},); got "
            f"{shown(box)}."
        ) from error
    if not (np.isfinite(lower).all() and np.isfinite(upper).all() and (lower <= upper).all()):
        raise ArgumentError(f"`{call}(box=...)` needs finite ends with lower <= upper; got {shown(box)}.")
    return lower, upper
