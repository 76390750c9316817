"""Arrays of numbers kept as they were given: doubles, or `Fraction` where somebody wrote exact rationals."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.rationals import as_fraction

Numbers = NDArray[Any]
"""A float64 array, or an object array of `Fraction`."""


def read_numbers(value: Any, *, call: str, argument: str, wanted: str) -> Numbers:
    """Numbers as given: float64 for floats and integers, `Fraction` when an entry is a rational string or a rational.

    >>> read_numbers(["1/3", 1], call="f", argument="c", wanted="shape (2,)").tolist()
    [Fraction(1, 3), Fraction(1, 1)]
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return as_real_array(value, call=call, argument=argument, wanted=wanted)
    try:
        raw = np.array(value, dtype=object)
    except ValueError:
        return as_real_array(value, call=call, argument=argument, wanted=wanted)
    leaves = raw.ravel().tolist()
    if not any(_is_written_exactly(x) for x in leaves):
        return as_real_array(value, call=call, argument=argument, wanted=wanted)
    try:
        exact = np.array([None, *(as_fraction(x) for x in leaves)], dtype=object)[1:].reshape(raw.shape)
    except (ArgumentError, ArgumentTypeError) as error:
        raise type(error)(f"`{call}({argument}=...)` needs {wanted}: {error}") from error
    exact.setflags(write=False)
    return exact


def _is_written_exactly(value: Any) -> bool:
    """Whether a double would lose something: rational text, a rational, a long integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) > 2**53
    return isinstance(value, (str, Fraction)) or getattr(value, "is_Rational", False) is True


def as_floats(numbers: Numbers) -> NDArray[np.float64]:
    """The nearest doubles, read-only."""
    floats = numbers.astype(np.float64)
    floats.setflags(write=False)
    return floats


def as_fractions(numbers: Numbers) -> Numbers:
    """Exact values as an object array of `Fraction`; infinities stay floats."""
    convert: Callable[[Any], Any] = np.frompyfunc(_exact, 1, 1)
    return np.asarray(convert(numbers), dtype=object).reshape(numbers.shape)


def _exact(value: Any) -> Any:
    return value if isinstance(value, Fraction) or value in (np.inf, -np.inf) else Fraction(float(value))
