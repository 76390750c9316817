"""Prox operators, projections and activations, `cj.vocabulary`: the room `functions/vocabulary` under a short name.

Sympy expressions come in and go out, to be combined freely and read by `from_sympy`; each has its formula and source.
"""

from conservative.functions.vocabulary import *  # noqa: F403
from conservative.functions.vocabulary import __all__ as __all__


def __dir__() -> list[str]:
    return __all__
