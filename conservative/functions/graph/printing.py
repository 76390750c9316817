"""Printing through sympy: an expression comes in, LaTeX or an unevaluated relation goes out."""

from typing import Any

import sympy

_SIGNED = {-1: sympy.Lt, 0: sympy.Eq, 1: sympy.Gt}


def latex(expression: Any) -> str:
    """An expression as LaTeX."""
    return str(sympy.latex(expression))


def signed_relation(left: Any, right: Any, sign: int) -> Any:
    """The relation left < right, left = right or left > right for a sign of left - right, unevaluated."""
    return _SIGNED[sign](left, right, evaluate=False)
