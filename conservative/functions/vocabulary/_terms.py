"""Shared by the vocabulary: argument checks, and Piecewise switches that sympy does not simplify."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError

MAX_VALUES = 1_000
"""Longest vector that is read: networks of switches grow with the square of its length."""


def term(value: Any, *, call: str, argument: str = "z") -> Any:
    """One real sympy expression."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (sympy.Expr, int, float, np.number, Fraction)):
        raise ArgumentTypeError(
            f"`{call}({argument}=...)` needs a sympy expression or a number; got {type(value).__name__}."
        )
    if isinstance(value, sympy.MatrixExpr):
        raise ArgumentTypeError(f"`{call}({argument}=...)` needs one expression; write the matrix out entry by entry.")
    expression = sympy.sympify(value.item() if isinstance(value, np.number) else value)
    infinite = expression.has(sympy.nan, sympy.oo, -sympy.oo, sympy.zoo)
    if infinite or (expression.is_number and expression.is_real is False):
        raise ArgumentError(f"`{call}({argument}=...)` needs a finite real number; got {value}.")
    return expression


def terms(values: Any, *, call: str, argument: str = "values") -> tuple[Any, ...]:
    """The entries of a vector."""
    if isinstance(values, (sympy.Expr, str)) or not isinstance(values, Iterable):
        raise ArgumentTypeError(
            f"`{call}({argument}=...)` needs a sequence of expressions; got {type(values).__name__}. "
            "For one entry pass a list of length one."
        )
    entries = tuple(term(v, call=call, argument=argument) for v in values)
    if not entries:
        raise ShapeError(f"`{call}({argument}=...)` needs at least one entry; got none.")
    if len(entries) > MAX_VALUES:
        raise ShapeError(f"`{call}({argument}=...)` takes at most {MAX_VALUES:,} entries; got {len(entries):,}.")
    return entries


def like(values: Sequence[Any], given: Any, *, call: str, argument: str) -> tuple[Any, ...]:
    """One bound for each entry: a single expression is used for all."""
    if isinstance(given, (sympy.Expr, int, float, np.number, Fraction)):
        return (term(given, call=call, argument=argument),) * len(values)
    entries = terms(given, call=call, argument=argument)
    if len(entries) != len(values):
        raise ShapeError(
            f"`{call}({argument}=...)` needs one expression, or one for each of the {len(values)} entries; "
            f"got {len(entries)}."
        )
    return entries


def not_negative(value: Any, *, call: str, argument: str) -> Any:
    """A term that is not a negative number; what depends on symbols passes."""
    expression = term(value, call=call, argument=argument)
    if expression.is_number and expression.is_negative:
        raise ArgumentError(f"`{call}({argument}=...)` needs a number >= 0; got {value}.")
    return expression


def positive(value: Any, *, call: str, argument: str) -> Any:
    """A term that is not a number <= 0; what depends on symbols passes."""
    expression = term(value, call=call, argument=argument)
    if expression.is_number and not expression.is_positive:
        raise ArgumentError(f"`{call}({argument}=...)` needs a number > 0; got {value}.")
    return expression


def rank(value: Any, *, count: int, call: str, argument: str = "k") -> int:
    """A whole number from 1 to the number of entries."""
    given = term(value, call=call, argument=argument)
    if not given.is_Integer or not 1 <= given <= count:
        raise ArgumentError(
            f"`{call}({argument}=...)` needs a whole number from 1 to {count}, the number of entries; got {value}."
        )
    return int(given)


def in_order(lower: Any, upper: Any, *, call: str) -> None:
    """Refuse numeric bounds that are the wrong way round."""
    if (lower - upper).is_positive:
        raise ArgumentError(f"`{call}(lower=..., upper=...)` needs lower <= upper; got {lower} and {upper}.")


def maximum(*operands: Any) -> Any:
    """A Max that stays as written."""
    return sympy.Max(*map(sympy.sympify, operands), evaluate=False)


def minimum(*operands: Any) -> Any:
    """A Min that stays as written."""
    return sympy.Min(*map(sympy.sympify, operands), evaluate=False)


def absolute(operand: Any) -> Any:
    """An Abs that stays as written."""
    return sympy.Abs(operand, evaluate=False)


def piecewise(*branches: tuple[Any, Any]) -> Any:
    """A Piecewise that stays as written."""
    return sympy.Piecewise(*branches, evaluate=False)


def at_most(left: Any, right: Any) -> Any:
    """The guard left <= right, which stays as written."""
    return sympy.Le(left, right, evaluate=False)
