"""The functions that this room takes, as expression graphs, and expressions on one line."""

from typing import Any

from conservative._core.errors import ArgumentTypeError
from conservative.functions import PiecewiseSelection
from conservative.functions.arrays.structured_map import StructuredMap

_LONGEST = 100


def as_selection(F: Any, *, call: str) -> PiecewiseSelection:
    """A function as an expression graph; a small structured map is written out."""
    if isinstance(F, StructuredMap):
        return F.to_selection()
    if not isinstance(F, PiecewiseSelection):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a PiecewiseSelection or a StructuredMap; got {type(F).__name__}. Make one with "
            "`from_sympy` or `structured`; it looks into formulas, and not into programs."
        )
    return F


def shortened(expression: Any) -> str:
    """An expression on one line of limited length."""
    text = str(expression)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
