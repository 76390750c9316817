"""Argument checks: each returns a clean, read-only float64 array or number, or raises one clear error."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, NonFiniteError, ShapeError
from conservative._core.printable import shown


def as_real_array(value: Any, *, call: str, argument: str, wanted: str) -> NDArray[np.float64]:
    """A contiguous, read-only float64 copy of an array-like of finite real numbers.

    Raises ShapeError for ragged rows. Raises ArgumentTypeError for entries that are not real numbers. Raises
    NonFiniteError for NaN or infinite entries.
    """
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got {_raggedness(value)}.") from error
    if raw.dtype.kind in "cUSOMmV":
        raw = _from_objects(raw, call=call, argument=argument, wanted=wanted)
    array = np.array(raw, dtype=np.float64, order="C")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise NonFiniteError(
            f"`{call}({argument}=...)` needs finite numbers; got {array[where]} at index {where}. "
            "Remove NaN and infinite entries first."
        )
    array.setflags(write=False)
    return array


def _raggedness(value: Any) -> str:
    """What is uneven in nested sequences, from the outside: depths, sizes of matrices, or lengths of rows."""
    sizes = []
    for item in value if isinstance(value, (list, tuple)) else ():
        try:
            sizes.append(np.shape(item))
        except ValueError:
            return "rows of different lengths. Give every row the same number of entries"
    first = next((k for k, size in enumerate(sizes) if size != sizes[0]), None)
    if first is None or {len(size) for size in sizes} == {1}:
        return "rows of different lengths. Give every row the same number of entries"
    one, other = (" x ".join(map(str, sizes[k])) or "a number" for k in (0, first))
    if len(sizes[0]) != len(sizes[first]):
        return f"items of different depths: the first is {one}, item {first + 1} is {other}"
    return f"matrices of different sizes: the first is {one}, number {first + 1} is {other}. Give all one size"


def _from_objects(raw: NDArray[Any], *, call: str, argument: str, wanted: str) -> NDArray[np.float64]:
    if raw.dtype.kind == "O":
        try:
            return raw.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            pass
    kind = "complex numbers" if raw.dtype.kind == "c" else "entries that are not real numbers"
    raise ArgumentTypeError(
        f"`{call}({argument}=...)` needs {wanted} of real numbers; got {kind} (dtype {raw.dtype}). "
        "Pass floats, integers or rationals."
    )


def as_matrices(value: Any, *, call: str, argument: str) -> NDArray[np.float64]:
    """A nonempty stack of matrices, shape (k, p, q). Shapes: `value` (k, p, q), result (k, p, q)."""
    wanted = "shape (k, p, q), a stack of matrices"
    array = as_real_array(value, call=call, argument=argument, wanted=wanted)
    if array.ndim >= 1 and array.shape[0] == 0:
        raise EmptySetError(f"`{call}({argument}=...)` needs at least one matrix; got none.")
    if array.ndim != 3 or 0 in array.shape:
        remedy = "For one matrix X pass `[X]`." if array.ndim == 2 else "Stack the matrices along axis 0."
        raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got {array.shape}. {remedy}")
    return array


def as_square_matrices(value: Any, *, call: str, argument: str) -> NDArray[np.float64]:
    """A nonempty stack of square matrices, shape (k, n, n). Shapes: `value` (k, n, n), result (k, n, n)."""
    wanted = "shape (k, n, n), a stack of square matrices"
    array = as_real_array(value, call=call, argument=argument, wanted=wanted)
    if array.ndim >= 1 and array.shape[0] == 0:
        raise EmptySetError(f"`{call}({argument}=...)` needs at least one matrix; got none.")
    if array.ndim != 3 or array.shape[1] != array.shape[2] or 0 in array.shape:
        raise ShapeError(
            f"`{call}({argument}=...)` needs {wanted}; got {array.shape}. "
            "For one matrix A pass `[A]`; for Jacobian blocks [A B] pass the state blocks, `J.state`."
        )
    return array


_MOST = 10**15
"""Whole numbers beyond are slips of the pen."""


def as_positive(value: Any, *, call: str, argument: str, noun: str = "distance") -> float:
    """A positive number.

    Raises ArgumentTypeError for anything that is not a real number. Raises ArgumentError for zero, negative numbers,
    and NaN.
    """
    number = _as_number(value, call=call, argument=argument, wanted=f"a positive {noun}")
    if not number > 0.0:
        raise ArgumentError(f"`{call}({argument}=...)` needs a positive {noun}; got {shown(value)}.")
    return number


def as_distance(value: Any, *, call: str, argument: str, wanted: str = "a distance of at least 0") -> float:
    """A number of at least 0, perhaps infinite.

    Raises ArgumentTypeError for anything that is not a real number. Raises ArgumentError for negative numbers and NaN.
    """
    number = _as_number(value, call=call, argument=argument, wanted=wanted)
    if not number >= 0.0:
        raise ArgumentError(f"`{call}({argument}=...)` needs {wanted}; got {shown(value)}.")
    return number


def as_time_limit(value: Any, *, call: str) -> float:
    """A limit of time in seconds; None is no limit, which is infinite.

    Raises ArgumentTypeError for anything else that is not a real number, truth values and strings included. Raises
    ArgumentError for negative numbers and NaN.
    """
    if value is None:
        return math.inf
    return as_distance(value, call=call, argument="time_limit", wanted="seconds, at least 0, or None for no limit")


def as_count(value: Any, *, call: str, argument: str, least: int = 0, most: int = _MOST) -> int:
    """A whole number.

    Raises ArgumentTypeError for anything that is not a real number, truth values included. Raises ArgumentError for
    numbers with a fraction, below `least` or above `most`, and NaN.
    """
    wanted = f"a whole number of at least {least}" if most == _MOST else f"a whole number from {least} to {most:,}"
    number = _as_number(value, call=call, argument=argument, wanted=wanted)
    if not (number.is_integer() and number == value and least <= number <= most):
        raise ArgumentError(f"`{call}({argument}=...)` needs {wanted}; got {shown(value)}.")
    return int(number)


def as_choice(value: Any, choices: Iterable[str], *, call: str, argument: str) -> str:
    """One of a few words. Raises ArgumentError for any other word, and for what is no text."""
    words = tuple(choices)
    if not isinstance(value, str) or value not in words:
        listed = ", ".join(words[:-1]) + f" or {words[-1]}"
        raise ArgumentError(f"`{call}({argument}=...)` is {listed}; got {shown(value)}.")
    return value


def as_generator(value: Any, *, call: str) -> np.random.Generator:
    """A generator of random numbers. Raises ArgumentTypeError for what NumPy takes no seed from."""
    try:
        return np.random.default_rng(value)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"`{call}(rng=...)` needs a seed (an integer >= 0) or a `numpy.random.Generator`; got {shown(value)}."
        ) from error


def as_items(value: Any, *, call: str, argument: str, wanted: str) -> list[Any]:
    """The items of something that can be listed.

    Raises ArgumentTypeError for anything else, arrays without an axis included.
    """
    try:
        return list(value)
    except TypeError as error:
        raise ArgumentTypeError(f"`{call}({argument}=...)` needs {wanted}; got {shown(value)}.") from error


def _as_number(value: Any, *, call: str, argument: str, wanted: str) -> float:
    if not isinstance(value, (bool, str, bytes)):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
    raise ArgumentTypeError(
        f"`{call}({argument}=...)` needs {wanted}; got {shown(value)} of type {type(value).__name__}."
    )
