"""One property at two stages: few examples in the fast one, many in the slow one."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings

Property = Callable[..., None]
UNSHRUNK = (Phase.explicit, Phase.generate)


def drawn(few: int, many: int, *strategies: Any, phases: Any = tuple(Phase), **named: Any) -> Callable[[Property], Any]:
    """`@given(...)` with `few` examples; a slow twin beside it, `..._at_length`, draws `many`."""

    def stage(prop: Property, examples: int) -> Any:
        return settings(max_examples=examples, phases=phases)(given(*strategies, **named)(prop))

    def register(prop: Property) -> Any:
        name = f"{prop.__name__}_at_length"
        prop.__globals__[name] = pytest.mark.slow(stage(prop, many))
        return stage(prop, few)

    return register
