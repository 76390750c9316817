"""Which NumPy functions are known: rules by name for ufuncs, by function for the others."""

from collections.abc import Callable
from typing import Any

Rule = Callable[..., Any]

UFUNCS: dict[str, Rule] = {}
"""Called as rule(run, *inputs); SciPy's special functions are ufuncs too."""

LINEAR: dict[str, Rule] = {}
"""Ufuncs that keep a traced array and a mask apart."""

FUNCTIONS: dict[Any, Rule] = {}
"""Called as rule(run, *arguments, **named)."""


def ufunc_rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for ufuncs of these names."""

    def register(rule: Rule) -> Rule:
        UFUNCS.update(dict.fromkeys(names, rule))
        return rule

    return register


def function_rule(*functions: Any) -> Callable[[Rule], Rule]:
    """Register a rule for these functions."""

    def register(rule: Rule) -> Rule:
        FUNCTIONS.update(dict.fromkeys(functions, rule))
        return rule

    return register
