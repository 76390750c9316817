"""`StateMap`: what every map of the package can do, however it was written."""

from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError
from conservative.functions.points import Point
from conservative.functions.residual import Residual
from conservative.functions.switched_jacobian import SwitchedJacobian


@runtime_checkable
class StateMap(Protocol):
    """F(x, θ) with p states and m parameters: from a formula, from arrays or from a program.

    `conservative_jacobian`, `explain`, `analyze` and everything that follows them take any of these; a class of one's
    own that has these members is one too. A program may be asked at None, the point that it was built at.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the p states, then of the m parameters."""

    @property
    def state_size(self) -> int:
        """The number p of states."""

    @property
    def parameter_size(self) -> int:
        """The number m of parameters."""

    @property
    def size(self) -> int:
        """The number q of components of F."""

    def evaluate(self, x: ArrayLike, theta: ArrayLike | None = None) -> NDArray[Any]:
        """Values of F, vectorised over leading axes: (..., p), (..., m) → (..., q)."""

    def point(self, at: Any, *, tolerance: float | None = None, call: str = "point") -> Point:
        """Read a point of (state, parameters)."""

    def residual(self, at: Any, *, tolerance: float | None = None) -> Residual:
        """F(x, θ) − x: whether a claimed fixed point is one."""

    def switched(self, at: Any, *, tolerance: float | None = None) -> SwitchedJacobian:
        """All Jacobians that the program may return at a point, in abs-normal form."""


def refuse_without_fixed_point(F: Any, *, call: str) -> None:
    """Refuse, for what is asked at fixed points, a map that says why it has none."""
    reason = getattr(F, "no_fixed_point", "")
    if reason:
        raise ArgumentError(
            f"`{call}` needs a map with a fixed point; {reason}. `piggyback`, `jvp` and `vjp` follow its steps."
        )
