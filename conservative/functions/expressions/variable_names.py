"""The names of variables: identifiers, entries such as x[0], several in one text, and entries of sympy arrays."""

import re
from typing import Any

import sympy

_NAMES = re.compile(r"[^\s,\[\]]+(?:\[[^\]]*\])?|[\[\],]")
_ENTRY = re.compile(r"(.+?)(?:\[\d+(?:,\d+)*\])?")
MAX_TERMS = 10_000
"""Most terms of a sum that is written out."""


def is_name(text: str) -> bool:
    """Whether a text can name a variable: x, or an entry x[0], A[1,2]."""
    found = _ENTRY.fullmatch(text)
    return found is not None and found[1].isidentifier()


def split_names(text: str) -> list[str]:
    """The names in "x y", "x, y" or "x[0] x[1]"; a text without names stays one item."""
    return [n.replace(" ", "") for n in _NAMES.findall(text) if n != ","] or [text]


def is_entry(item: Any) -> bool:
    """Whether a sympy expression is an entry of an array of symbols."""
    if isinstance(item, sympy.Indexed):
        return all(i.is_Integer for i in item.indices)
    return isinstance(item, sympy.matrices.expressions.matexpr.MatrixElement) and isinstance(
        item.parent, sympy.MatrixSymbol
    )


def entry_name(item: Any) -> str:
    """The name of an entry, without spaces."""
    return str(item).replace(" ", "")


def listed(given: Any) -> Any:
    """Variables as a list: names in one text, and matrix symbols by their entries."""
    if isinstance(given, str):
        return split_names(given)
    if isinstance(given, (sympy.Symbol, sympy.Indexed)) or is_entry(given):
        return [given]
    return list(given.as_explicit()) if isinstance(given, sympy.MatrixExpr) else given


def written_out(expression: Any) -> tuple[Any, ...] | None:
    """The terms of a sum or product over whole numbers, outermost first; None where a limit is not a number."""
    *inner, (index, low, high) = expression.limits
    if not (low.is_Integer and high.is_Integer) or high - low >= MAX_TERMS:
        return None
    kind = type(expression)
    body = kind(expression.function, *inner) if inner else expression.function
    return tuple(body.subs(index, k) for k in range(int(low), int(high) + 1))
