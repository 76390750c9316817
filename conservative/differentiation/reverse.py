"""`vjp`: the gradient of ⟨w̄, x_T(θ)⟩ by reverse mode, with checkpoints instead of all points."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_real_array
from conservative._core.errors import ShapeError
from conservative._core.result_lines import count, result_line
from conservative.differentiation.loops import LoopStatus, how_it_ended, parted_by_rounding, read_loop
from conservative.differentiation.tie_policies import as_policy, once_a_form
from conservative.functions import StateMap

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pulled:
    """θ̄ = (Jac x_T)ᵀ w̄, and the points that it was carried back along.

    Parameters
    ----------
    value : ndarray, shape (m,)
    points : ndarray, shape (T + 1, p), or of the checkpoints only
        x_t at the steps `at`.
    at : ndarray of int
        0, ..., T without checkpoints.
    cotangent : ndarray, shape (p,)
        w̄_0, what is left at x_0: the gradient with respect to the start.
    residual : float
    status : LoopStatus
    ties : int
        At how many steps values tied.
    """

    value: Floats
    points: Floats
    at: NDArray[np.intp]
    cotangent: Floats
    residual: float
    status: LoopStatus
    ties: int

    def __repr__(self) -> str:
        return result_line(
            self,
            f"{count(int(self.at[-1]), 'step')}, {count(len(self.at), 'point')} kept",
            f"gradient of {count(len(self.value), 'entry') if len(self.value) == 1 else f'{len(self.value)} entries'}",
            f"residual {self.residual:.3g}",
            self.status.name,
        )


def vjp(
    F: StateMap,
    x0: ArrayLike,
    theta: ArrayLike,
    cotangent: ArrayLike,
    *,
    steps: int,
    ties: Any = None,
    checkpoints: int | None = None,
) -> Pulled:
    """(Jac x_T(θ))ᵀ w̄ by reverse mode: θ̄ += B_tᵀ w̄_{t+1}, w̄_t = A_tᵀ w̄_{t+1}, from w̄_T = w̄ down to t = 0.

    Parameters
    ----------
    F : StateMap
    x0 : array_like, shape (p,)
    theta : array_like, shape (m,)
    cotangent : array_like, shape (p,)
        w̄.
    steps : int
        T, how often F is applied.
    ties : policy of `cj.ties`, or a weight in [0, 1], optional
        `cj.ties.zero` by default.
    checkpoints : int, optional
        Points that are kept on the way; the others are computed again, segment by segment: about
        T/checkpoints + checkpoints points of memory, and one more evaluation a step. All points are kept unless given;
        0 stands for about √T.

    Returns
    -------
    Pulled

    Raises
    ------
    ArgumentTypeError, ShapeError, ArgumentError, NonFiniteError, FunctionError, DiscontinuityError
        As `piggyback`.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("t - x/2", state=["x"], parameters=["t"])
    >>> vjp(F, [0.0], [1.0], [3.0], steps=40, checkpoints=0).value.round(6).tolist()
    [2.0]
    """
    loop = read_loop(F, x0, theta, steps, call="vjp")
    policy = as_policy(ties, call="vjp")
    wanted = f"shape ({F.state_size},)"
    back = np.atleast_1d(as_real_array(cotangent, call="vjp", argument="cotangent", wanted=wanted)).astype(np.float64)
    if back.shape != (F.state_size,):
        raise ShapeError(f"`vjp(cotangent=...)` needs {wanted}, one number a state; got {back.shape}.")
    length = _segment(loop.steps, checkpoints)
    kept, x = [loop.start], loop.start
    for t in range(loop.steps):
        x = loop.step(x, t)
        if (t + 1) % length == 0 or t + 1 == loop.steps:
            kept.append(x)
    at = np.array([*range(0, loop.steps, length), loop.steps], dtype=np.intp)
    weigh = once_a_form(policy)
    gradient, tied, form, last = np.zeros(F.parameter_size), 0, None, None
    for start, stop, origin in zip(at[-2::-1], at[:0:-1], kept[-2::-1], strict=True):
        points = [origin]
        for t in range(start, stop - 1):
            points.append(loop.step(points[-1], t))
        for t, point in zip(range(stop - 1, start - 1, -1), reversed(points), strict=True):
            if form is None or last is None or not parted_by_rounding(point, last):
                form, last = loop.linearize(point), point
            tied += bool(form.ties)
            pulled = loop.derived(partial(form.vjp, weigh(form, t, None), back), t)
            back, gradient = pulled[: F.state_size], gradient + pulled[F.state_size :]
    moves = np.array(kept)
    status, residual = how_it_ended(F, moves, loop.step(x, loop.steps))
    return Pulled(gradient, moves, at, back, residual, status, tied)


def _segment(steps: int, checkpoints: int | None) -> int:
    """Steps between points that are kept."""
    if checkpoints is None:
        return 1
    wanted = as_count(checkpoints, call="vjp", argument="checkpoints")
    return max(1, math.ceil(steps / (wanted or max(1, math.isqrt(steps)))))
