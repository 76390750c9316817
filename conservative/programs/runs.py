"""Running what a user gave as a function: arity, what it returns, and whether it is a function at all."""

import inspect
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentTypeError, ConservativeError, FunctionError, ShapeError
from conservative._core.printable import one_line, shown
from conservative.programs.arguments import Argument, in_order_of


def check_callable(F: Any, *, call: str, with_theta: bool) -> str:
    """The program's name, once it is known to take x, or x and θ."""
    if not callable(F):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a function of x, or of x and theta; got {shown(F)} of type {type(F).__name__}."
        )
    title = one_line(getattr(F, "__name__", "") or type(F).__name__)
    given = "x and theta" if with_theta else "x alone"
    try:
        signature = inspect.signature(F)
    except (TypeError, ValueError):
        return title
    try:
        signature.bind(*range(1 + with_theta))
    except TypeError as error:
        remedy = "Leave `theta` out." if with_theta else "Give its second argument as `theta`."
        wanted = len([p for p in signature.parameters.values() if p.default is p.empty and p.kind < 2])
        if wanted > 2:
            remedy = "Bind what is not differentiated: `lambda x, theta: step(x, theta, data)`."
        raise ArgumentTypeError(
            f"`{call}` calls F with {given}; {title}{signature} does not take that. {remedy}"
        ) from error
    return title


def returned_leaves(result: Any, state: Argument, *, title: str) -> list[Any]:
    """The arrays that a program returned, in the order of the state's leaves."""
    leaves = in_order_of(result, state.tree)
    if any(leaf is None for leaf in leaves) or not leaves:
        raise FunctionError(f"{title} returned {shown(result)}. It must return F(x, θ): has it a `return`?")
    return leaves


def flat_floats(leaves: list[Any], *, title: str) -> NDArray[np.float64]:
    """What a program returned as one vector of floats."""
    parts = []
    for leaf in leaves:
        raw = np.asarray(leaf)
        if raw.dtype.kind == "c":
            raise FunctionError(f"{title} returned complex numbers. Return real and imaginary parts as two arrays.")
        try:
            parts.append(raw.astype(np.float64).ravel())
        except (TypeError, ValueError) as error:
            raise FunctionError(f"{title} returned {shown(leaf)}, which is no array of real numbers.") from error
    return np.concatenate(parts)


def first_value(run: Callable[[], NDArray[np.float64]], *, title: str) -> tuple[NDArray[np.float64], str]:
    """The value of two runs at one point, and what was printed. Refuses what is no function of its arguments."""
    heard = io.StringIO()
    with redirect_stdout(heard):
        try:
            one, two = run(), run()
        except ConservativeError:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise FunctionError(
                f"{title} raised {type(error).__name__} at the point: {one_line(str(error))[:200]}"
            ) from error
    if one.shape != two.shape:
        raise ShapeError(
            f"{title} returned {one.size} numbers at the point, then {two.size} at the same point: its shapes must "
            "follow from those of x and theta alone."
        )
    if not np.array_equal(one, two, equal_nan=True):
        worst = int(np.nanargmax(np.abs(one - two))) if np.isfinite(one - two).any() else 0
        raise FunctionError(
            f"{title} returned two values at one point: component {worst} is {one[worst]!r}, then {two[worst]!r}. It "
            "draws random numbers or keeps a state of its own. Draw random numbers outside and bind them, and return "
            "what is kept as part of the state."
        )
    if np.isnan(one).any():
        raise FunctionError(f"{title} is NaN at the point, in component {int(np.flatnonzero(np.isnan(one))[0])}.")
    return one, heard.getvalue()


def check_size(value: NDArray[Any], size: int, *, title: str) -> None:
    """Refuse a program whose number of components depends on the point."""
    if value.size != size:
        raise ShapeError(
            f"{title} returned {value.size} numbers here, and {size} at the point that it was built at: its shapes "
            "must follow from those of x and theta alone."
        )


def prints_warning(printed: str, *, title: str) -> tuple[str, ...]:
    """What to say of a program that prints."""
    if not printed.strip():
        return ()
    return (f"{title} prints while it runs ({one_line(printed)[:60]!r}); it is run several times, with its decisions.",)
