"""`Piece`: one smooth piece of a selection, and how many of them are listed."""

from dataclasses import dataclass, field
from typing import Any

import sympy

from conservative._core.result_lines import result_line

MAX_PIECES = 4096
"""Most active pieces that are listed unless the caller allows more."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One smooth piece that agrees with the function at a point.

    Parameters
    ----------
    expressions : tuple of sympy.Expr
        The components, with every switch replaced by one branch.
    symbols : tuple of sympy.Symbol
        State and parameters, the columns of `jacobian`.
    """

    expressions: tuple[Any, ...]
    symbols: tuple[Any, ...] = field(repr=False)

    def __repr__(self) -> str:
        return result_line(self, f"expressions={self.expressions}")

    @property
    def jacobian(self) -> Any:
        """The Jacobian [A B] of `expressions`, an immutable sympy matrix (q, p + m) in the symbols."""
        return sympy.ImmutableMatrix(self.expressions).jacobian(list(self.symbols))
