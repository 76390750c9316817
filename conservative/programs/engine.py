"""`Engine`: what a library must do for a `ProgramMap`; one for each of NumPy, JAX and PyTorch."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from conservative.functions.switched_jacobian import SwitchedJacobian


class Engine(Protocol):
    """Runs one program F(x, θ) on flat vectors: the leaves of x and θ one after the other."""

    @property
    def library(self) -> str:
        """One of NumPy, JAX and PyTorch, by name."""

    def evaluate(self, x: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """F for one state and one parameter: (p,), (m,) → (q,)."""

    def exact_value(self, values: Sequence[Any]) -> NDArray[Any] | None:
        """F of p + m rationals, exactly; None where the library has no exact arithmetic or F leaves the rationals."""

    def switched(self, values: Sequence[Any], *, exact: bool, tolerance: float) -> SwitchedJacobian:
        """The abs-normal form at p + m numbers: rationals where `exact`, else floats."""

    def own_jacobian(self, values: Sequence[float]) -> NDArray[np.float64] | None:
        """What the library's own differentiation returns, shape (q, p + m); None where it has none."""
