"""A map that shows the protocol only: what other rooms may use of a program."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from conservative.functions import PiecewiseSelection


@dataclass(frozen=True)
class Bare:
    """A formula behind the bare `StateMap`, with a point that it was built at and a derivative that it claims."""

    formula: PiecewiseSelection
    at: tuple[Any, ...]
    own: Any = None

    names = property(lambda self: self.formula.names)
    state_size = property(lambda self: self.formula.state_size)
    parameter_size = property(lambda self: self.formula.parameter_size)
    size = property(lambda self: self.formula.size)

    def evaluate(self, x: Any, theta: Any = None) -> Any:
        return self.formula.evaluate(x, theta)

    def _at(self, at: Any) -> Any:
        return self.at if at is None else at

    def point(self, at: Any = None, *, tolerance: Any = None, call: str = "point") -> Any:
        return self.formula.point(self._at(at), tolerance=tolerance, call=call)

    def residual(self, at: Any = None, *, tolerance: Any = None) -> Any:
        return self.formula.residual(self._at(at), tolerance=tolerance)

    def switched(self, at: Any = None, *, tolerance: Any = None) -> Any:
        return self.formula.switched(self._at(at), tolerance=tolerance)

    def own_jacobian(self, at: Any = None) -> Any:
        return None if self.own is None else np.array(self.own, dtype=float)
