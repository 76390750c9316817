"""The functions that this room takes, as expression graphs."""

from typing import Any

from conservative._core.errors import ArgumentTypeError
from conservative.functions import PiecewiseSelection
from conservative.functions.structured_map import StructuredMap


def as_selection(F: Any, *, call: str) -> PiecewiseSelection:
    """A function as an expression graph; a small structured map is written out."""
    if isinstance(F, StructuredMap):
        return F.to_selection()
    if not isinstance(F, PiecewiseSelection):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a PiecewiseSelection or a StructuredMap; got {type(F).__name__}. Make one with "
            "`from_sympy` or `structured`."
        )
    return F
