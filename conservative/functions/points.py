"""Points at which a function is looked at: exact numbers, or doubles with a tolerance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from conservative._core.checks import as_distance, as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, NonFiniteError, ShapeError
from conservative._core.printable import shown
from conservative._core.rationals import as_fraction
from conservative._core.result_lines import result_line
from conservative.functions.graph.arithmetic import Arithmetic, ExactArithmetic, FloatArithmetic, as_exact, as_sympy

DEFAULT_TOLERANCE = 1e-9
"""At float points, values within `tolerance * max(1, |a|, |b|)` of each other are tied."""


@dataclass(frozen=True, slots=True)
class Point:
    """The numbers of (state, parameters), all exact or all doubles.

    Parameters
    ----------
    names : tuple of str
    values : tuple
        `Fraction` or real sympy numbers at an exact point, floats otherwise.
    exact : bool
    tolerance : float
        Used to decide ties; 0 at an exact point.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    exact: bool
    tolerance: float

    def __repr__(self) -> str:
        place = ", ".join(f"{name} = {value}" for name, value in zip(self.names, self.values, strict=True))
        return result_line(self, place, "exact" if self.exact else f"float, tolerance={self.tolerance:g}")

    @property
    def arithmetic(self) -> Arithmetic:
        """The arithmetic that ties are decided in."""
        return ExactArithmetic() if self.exact else FloatArithmetic(self.tolerance)

    def as_sympy(self) -> tuple[Any, ...]:
        """The coordinates as sympy numbers."""
        return tuple(as_sympy(v) if self.exact else sympy.Float(v) for v in self.values)

    def floats(self) -> list[float]:
        """The coordinates as the doubles that a program gets."""
        return [float(v) for v in self.values]

    def __str__(self) -> str:
        return ", ".join(f"{n} = {v}" for n, v in zip(self.names, self.values, strict=True))


def read_point(at: Any, *, names: tuple[str, ...], tolerance: float | None, call: str) -> Point:
    """Read a point as users give it.

    `at`: A sequence is in the order state, parameters. Integers, `Fraction`, sympy numbers and rational strings ("1/3")
    are exact; one float makes it a float point. `names`: state and parameters, in order. `tolerance`: for ties at float
    points; `None` is 1e-9. At an exact point ties are decided exactly.
    """
    used = as_tolerance(tolerance, default=DEFAULT_TOLERANCE, call=call)
    given = _ordered(at, names, call)
    values = [read_number(value, name, f"{call}(at=...)") for name, value in zip(names, given, strict=True)]
    if any(isinstance(v, float) for v in values):
        floats = tuple(_to_float(v, name, call) for name, v in zip(names, values, strict=True))
        return Point(names, floats, False, used)
    return Point(names, tuple(values), True, 0.0)


def as_tolerance(value: Any, *, default: float, call: str) -> float:
    """A finite tolerance of at least 0, or the default for None."""
    wanted = "a finite number >= 0"
    found = default if value is None else as_distance(value, call=call, argument="tolerance", wanted=wanted)
    if found == math.inf:
        raise ArgumentError(f"`{call}(tolerance=...)` needs {wanted}; got {found}.")
    return found


def _ordered(at: Any, names: tuple[str, ...], call: str) -> Sequence[Any]:
    listed = ", ".join(names)
    if isinstance(at, Mapping):
        by_name = {_key(key): value for key, value in at.items()}
        unknown = [str(key) for key in by_name if key not in names]
        missing = [name for name in names if name not in by_name]
        if unknown:
            raise ArgumentError(f"`{call}(at=...)`: {unknown[0]!r} is not among the symbols {listed}.")
        if missing:
            raise ArgumentError(f"`{call}(at=...)` has no value for {', '.join(missing)}. Give all of {listed}.")
        return [by_name[name] for name in names]
    if isinstance(at, (str, bytes)) or not hasattr(at, "__len__"):
        raise ArgumentTypeError(
            f"`{call}(at=...)` needs a mapping from symbols to numbers, or the numbers in order ({listed}); "
            f"got {type(at).__name__}."
        )
    values = as_items(
        at.tolist() if isinstance(at, np.ndarray) else at, call=call, argument="at", wanted=f"the numbers {listed}"
    )
    if len(values) != len(names):
        raise ShapeError(
            f"`{call}(at=...)` needs {len(names)} numbers in the order state, parameters ({listed}); got {len(values)}."
        )
    return values


def _key(key: Any) -> Any:
    """The name that a key stands for; entries of arrays are written without spaces."""
    name = getattr(key, "name", key)
    return str(name).replace(" ", "") if isinstance(key, (str, sympy.Expr)) else name


def read_number(value: Any, name: str, call: str) -> Any:
    """A float, or an exact number: `Fraction`, or a real sympy number where irrational."""
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise NonFiniteError(f"`{call}` needs finite numbers; got {name} = {value}.")
        return float(value)
    try:
        if isinstance(value, (str, int, Fraction, np.integer)):
            return as_fraction(int(value) if isinstance(value, np.integer) else value)
        if isinstance(value, sympy.Expr) and value.is_number and not value.free_symbols:
            if value.has(sympy.Float):
                return read_number(float(value), name, call)
            return as_exact(value)
    except (ArgumentError, ArgumentTypeError, TypeError) as error:
        raise ArgumentError(f"`{call}`: {name} = {shown(value)}: {error}") from error
    raise ArgumentTypeError(
        f"`{call}` needs real numbers, sympy numbers or rational strings; got {name} = {shown(value)} "
        f"({type(value).__name__})."
    )


def _to_float(value: Any, name: str, call: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ArgumentError(f"`{call}(at=...)`: {name} is too large for a double.") from error
