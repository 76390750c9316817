"""What the arguments of operations on sets must be."""

from typing import Any

import numpy as np

from conservative._core.errors import ArgumentTypeError, EmptySetError, ShapeError
from conservative.matrix_sets.sets.base import MatrixSet


def is_empty(X: Any, Y: Any) -> bool:
    """Whether X is an array of no matrices of the shape of Y.

    Raises ShapeError if it is one of matrices of another shape.
    """
    empty = isinstance(X, np.ndarray) and X.ndim == 3 and len(X) == 0 and isinstance(Y, MatrixSet)
    if empty and X.shape[1:] != Y.shape:
        raise ShapeError(f"`gap(X, Y)` needs sets of matrices of one shape; got {X.shape[1:]} and {Y.shape}.")
    return empty


def check_pair(X: Any, Y: Any, *, call: str) -> None:
    """Refuse what is not two sets of matrices of one shape."""
    for name, value in (("X", X), ("Y", Y)):
        if isinstance(value, np.ndarray) and 0 in value.shape[:1]:
            raise EmptySetError(f"`{call}({name}=...)` needs at least one matrix; got an array of shape {value.shape}.")
        check_set(value, call=call, argument=name)
    if X.shape != Y.shape:
        raise ShapeError(f"`{call}(X, Y)` needs sets of matrices of one shape; got {X.shape} and {Y.shape}.")


def check_set(value: Any, *, call: str, argument: str) -> None:
    """Refuse what is not a set of matrices."""
    if not isinstance(value, MatrixSet):
        raise ArgumentTypeError(
            f"`{call}({argument}=...)` needs a set of matrices; got {type(value).__name__}. "
            "Wrap an array of shape (k, p, q) in `MatrixPolytope` (its hull) or `FiniteSet` (its points)."
        )
