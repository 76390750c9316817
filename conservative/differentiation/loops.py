"""The loop x_{t+1} = F(x_t, θ) with its linearisations: what forward and reverse differentiation share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_real_array
from conservative._core.errors import ArgumentTypeError, NonFiniteError, ShapeError
from conservative._core.printable import shown
from conservative.functions import StateMap, SwitchedJacobian

Floats = NDArray[np.float64]

TIE_TOLERANCE = 1e-12
"""Relative: doubles this close tie along a loop. A program sees equal doubles only; rounding parts what is equal."""


_ROUNDING = 2e-15
"""Points this close, below the tolerance of ties, have one linearisation."""


def parted_by_rounding(x: Floats, y: Floats) -> bool:
    """Whether two points of a loop are one but for rounding."""
    return bool((np.abs(x - y) <= _ROUNDING * np.maximum(1.0, np.abs(y))).all())


class LoopStatus(Enum):
    """How a loop ended; the value is the sentence a report prints."""

    AT_REST = "x_t came to rest: F moves the last point by no more than rounding"
    UNCONVERGED = (
        "all steps were made, but x_t has not come to rest: `residual` says how far F moves the last one; take more "
        "`steps`"
    )
    DIVERGING = (
        "the steps from x_t to x_{t+1} grow to the end, so that x_t does not seem to converge: start nearer to a fixed "
        "point, or choose another step size"
    )


@dataclass(frozen=True, slots=True)
class Loop:
    """F from x_0 at one θ, checked."""

    F: StateMap
    start: Floats
    theta: Floats
    steps: int
    call: str

    @property
    def linearize(self) -> Any:
        """From a point of the loop to its `SwitchedJacobian`, with an operator as base where the map has one."""
        make = getattr(self.F, "linearized", self.F.switched)
        return lambda x: make(np.concatenate([x, self.theta]), tolerance=TIE_TOLERANCE)

    def after(self, form: SwitchedJacobian, t: int) -> Floats:
        """x_{t+1} as the linearisation at x_t found it, refused where it leaves the doubles."""
        return self._checked(np.asarray(form.value, dtype=np.float64), t)

    def step(self, x: Floats, t: int) -> Floats:
        """x_{t+1}, refused where it leaves the doubles."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._checked(np.asarray(self.F.evaluate(x, self.theta), dtype=np.float64), t)

    def derived(self, product: Callable[[], Any], t: int) -> Floats:
        """A derivative of step t, refused where it is no number."""
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.asarray(product(), dtype=np.float64)
        if np.isnan(found).any():
            raise NonFiniteError(
                f"`{self.call}(steps=...)` needs derivatives in the range of doubles; that of the step at t = {t} is "
                "NaN: F is too steep there, as by a division by numbers near 0. Move `theta` or `x0`, or rescale."
            )
        return found

    def _checked(self, after: Floats, t: int) -> Floats:
        if not np.isfinite(after).all():
            raise NonFiniteError(
                f"`{self.call}(steps=...)` needs x_t in the range of doubles; it is left at t = {t + 1}, so F does not "
                "seem to converge from this `x0`. Take fewer steps, or another start."
            )
        return after

    def walk(self) -> Iterator[tuple[SwitchedJacobian, Floats]]:
        """The linearisation at x_t, and x_{t+1}, for t < T. Points that only rounding parts have one linearisation."""
        x, last, form = self.start, None, None
        for t in range(self.steps):
            if form is not None and last is not None and parted_by_rounding(x, last):
                x = self.step(x, t)
            else:
                form, last = self.linearize(x), x
                x = self.after(form, t)
            yield form, x


def read_loop(F: Any, x0: ArrayLike, theta: ArrayLike, steps: Any, *, call: str) -> Loop:
    """A loop as users give it."""
    if not isinstance(F, StateMap):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a map F(x, θ), such as `from_numpy` or an algorithm makes; got {shown(F)} of type "
            f"{type(F).__name__}."
        )
    x = as_real_array(x0, call=call, argument="x0", wanted=f"shape ({F.state_size},)")
    given = np.zeros(0) if theta is None and not F.parameter_size else theta
    if given is None:
        raise ShapeError(f"`{call}(theta=...)` needs shape ({F.parameter_size},), one number a parameter; got None.")
    parameter = as_real_array(given, call=call, argument="theta", wanted=f"shape ({F.parameter_size},)")
    x, parameter = np.atleast_1d(x).astype(np.float64), np.atleast_1d(parameter).astype(np.float64)
    if x.shape != (F.state_size,) or parameter.shape != (F.parameter_size,):
        raise ShapeError(
            f"`{call}(x0=..., theta=...)` needs shapes ({F.state_size},) and ({F.parameter_size},); got {x.shape} and "
            f"{parameter.shape}."
        )
    if F.size != F.state_size:
        raise ShapeError(f"`{call}(F=...)` needs a map of the state to itself; F has {F.size} components for {len(x)}.")
    return Loop(F, x, parameter, as_count(steps, call=call, argument="steps"), call)


def how_it_ended(F: StateMap, points: Floats, image: Floats) -> tuple[LoopStatus, float]:
    """The status of a loop and how far F moves its last point; what only counts steps is not looked at."""
    counted = points.shape[1] - getattr(F, "clock", 0)
    points, image = points[:, :counted], image[:counted]
    residual = float(np.abs(image - points[-1]).max(initial=0.0))
    size = max(1.0, float(np.abs(points[-1]).max(initial=0.0)))
    moves = np.abs(np.diff(points, axis=0)).max(axis=1, initial=0.0)
    if residual <= 1e-9 * size:
        return LoopStatus.AT_REST, residual
    if len(moves) and residual >= moves.max() and residual >= 2.0 * moves[0]:
        return LoopStatus.DIVERGING, residual
    return LoopStatus.UNCONVERGED, residual
