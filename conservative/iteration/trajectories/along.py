"""Sets driven by an algorithm: the set-valued piggyback recursion along x_{t+1} = F(x_t, θ)."""

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, NonFiniteError, ShapeError
from conservative._core.printable import shown
from conservative.iteration.trajectories.driven import DrivenTrajectory, follow_sequence
from conservative.iteration.trajectories.near_rest import fixed_point_near
from conservative.iteration.trajectories.thinning import Thinning
from conservative.iteration.trajectories.trajectory import TrajectoryStatus
from conservative.jacobians import JacobianZonotope, conservative_jacobian

Floats = NDArray[np.float64]


def iterate_driven(
    F: Any,
    x0: ArrayLike,
    theta: ArrayLike,
    *,
    steps: int = 20,
    initial: Any = None,
    fixed_point: Any = None,
    representation: str | Thinning = "auto",
    time_limit: float | None = None,
) -> DrivenTrajectory:
    """The set-valued piggyback recursion J_{x_{t+1}} = J_F(x_t, θ) J_{x_t} along x_{t+1} = F(x_t, θ), as hulls.

    Parameters
    ----------
    F : PiecewiseSelection or StructuredMap
    x0 : array_like, shape (p,)
    theta : array_like, shape (m,)
    steps : int
        Number of steps.
    initial : MatrixSet or array_like of shape (n, p, m), optional
        The derivatives of x_0 with respect to θ; {0} by default.
    fixed_point : sequence of numbers, shape (p,), optional
        x̄(θ), exact where numbers are; its kinks decide 𝒥̄. By default the last x_t, if F maps it to itself in floating
        point; otherwise the fixed point near it, if Banach's theorem proves that there is one and F has no kink on a
        box that holds both; otherwise there is no limit.
    representation : {"auto", "hull", "thinned"} or Thinning
        As in `iterate_set`.
    time_limit : float, optional
        Seconds; None, the default, is no limit. As in `iterate_sequence`.

    Returns
    -------
    DrivenTrajectory
        About the sets that the floating-point trajectory x_t drives. Its status says whether x_t came to rest, and
        whether its steps grow.

    Raises
    ------
    ArgumentError
        If `steps` is not a number of steps, F does not map the fixed point to itself, or x_t leaves the doubles' range.
    ExpansionError, BudgetError
        If the blocks at the fixed point do not contract; the message names the word.
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, FunctionError

    Notes
    -----
    gap(X_t, fix) is one-sided: away from kinks 𝒥_t is one matrix and X_t cannot fill the limit. Kinks on the way are
    decided at the floating-point x_t, those of the limit as in `conservative_jacobian`. The bound of `bounds` is
    proved, with everything in it measured and rounded up; the theorem's ρ^{t/2} is shown beside it as a rate.

    Examples
    --------
    x ← θ − |x|/2 with θ = 0, whose limit J_pb is [0, 2]; away from the kink derivatives tend to 2 or 2/3:

    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
    >>> run = iterate_driven(F, [1.0], [0.0], steps=30, fixed_point=[0])
    >>> run.limit.support([[[1.0]]]).round(6).tolist(), run.to_limit[-1].upper < 1e-6
    ([2.0], True)
    """
    call = "iterate_driven"
    if not hasattr(F, "evaluate"):
        raise ArgumentTypeError(
            f"`{call}(F=...)` needs a function, such as `from_sympy` makes; got {shown(F)} of type {type(F).__name__}."
        )
    steps = as_count(steps, call=call, argument="steps")
    x = as_real_array(x0, call=call, argument="x0", wanted="shape (p,)")
    parameter = as_real_array(theta, call=call, argument="theta", wanted="shape (m,)")
    if x.ndim != 1 or parameter.ndim != 1:
        raise ShapeError(
            f"`{call}(x0=..., theta=...)` needs shapes (p,) and (m,); got {x.shape} and {parameter.shape}."
        )
    points = [x]
    for step in range(1, steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            points.append(np.asarray(F.evaluate(points[-1], parameter), dtype=np.float64))
        if not np.isfinite(points[-1]).all():
            raise NonFiniteError(
                f"`{call}(steps=...)` needs x_t in the range of doubles; it is left at t = {step}, so F does not seem "
                "to converge from this `x0`. Take fewer steps, or another start."
            )
    limit, residual = _limit_jacobian(F, points[-1], theta, fixed_point)
    near = None
    if limit is None and steps and _numbers(theta) == parameter.tolist():
        near = fixed_point_near(F, points[-1], parameter)
    start = np.zeros((1, len(x), len(parameter))) if initial is None else initial
    along = (
        _listed(conservative_jacobian(F, [*point.tolist(), *_numbers(theta)], tolerance=0.0)) for point in points[:-1]
    )
    run = follow_sequence(along, start, limit, representation, time_limit, call=call, near=near)
    status = run.status
    if status is TrajectoryStatus.STEPS_DONE and residual > 0.0 and fixed_point is None and steps:
        status = TrajectoryStatus.DIVERGING if _diverges(points, residual) else TrajectoryStatus.UNCONVERGED
        status = status if near is None else TrajectoryStatus.NEAR_REST
    return replace(
        run,
        points=np.array(points[: len(run.sets)]),
        status=status,
        residual=residual,
        to_fixed_point=None if near is None else near.radius,
    )


def _diverges(points: list[Floats], residual: float) -> bool:
    """Whether the steps of x_t grow to the end: the last is the largest, and twice the first."""
    steps = [float(np.abs(after - before).max()) for before, after in pairwise(points)]
    return residual >= max(steps) and residual >= 2.0 * steps[0]


def _listed(J: Any) -> Any:
    return J.listed() if isinstance(J, JacobianZonotope) else J


def _numbers(values: Any) -> list[Any]:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    return list(values) if isinstance(values, Iterable) and not isinstance(values, str) else [values]


def _limit_jacobian(F: Any, last: Floats, theta: Any, fixed_point: Any) -> tuple[Any, float]:
    """𝒥̄, if there is a point that stands for x̄, and how far F moves this or the last point."""
    parameter = np.asarray([float(value) for value in _numbers(theta)])
    if fixed_point is None:
        with np.errstate(over="ignore", invalid="ignore"):
            moved = np.asarray(F.evaluate(last, parameter), dtype=np.float64) - last
        residual = float(np.abs(moved).max()) if np.isfinite(moved).all() else math.inf
        if residual > 0.0:
            return None, residual
        return _listed(conservative_jacobian(F, [*last.tolist(), *_numbers(theta)])), 0.0
    given = _numbers(fixed_point)
    try:
        point = np.asarray([float(value) for value in given])
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentTypeError(
            f"`iterate_driven(fixed_point=...)` needs {len(last)} numbers; got {shown(fixed_point)}."
        ) from error
    if point.shape != last.shape:
        raise ShapeError(f"`iterate_driven(fixed_point=...)` needs {len(last)} numbers; got {len(point)}.")
    residual = float(np.abs(F.evaluate(point, parameter) - point).max())
    if not residual <= 1e-9 * max(1.0, float(np.abs(point).max())):
        raise ArgumentError(
            f"`iterate_driven(fixed_point=...)` needs F(x, θ) = x; got a residual of {residual:.3g}. Leave it out to "
            "iterate without a limit."
        )
    return _listed(conservative_jacobian(F, [*given, *_numbers(theta)])), residual
