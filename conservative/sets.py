"""The room `matrix_sets` under the short name that users type, `cj.sets`."""

from conservative.matrix_sets import *  # noqa: F403
from conservative.matrix_sets import __all__ as __all__


def __dir__() -> list[str]:
    return __all__
