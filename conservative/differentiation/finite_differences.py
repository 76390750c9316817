"""`finite_difference`: difference quotients over a sweep of steps, and where the two errors of theirs balance."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_choice, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, FunctionError, NonFiniteError, ShapeError
from conservative._core.numbers import UNIT_ROUNDOFF, Estimate
from conservative._core.printable import shown
from conservative._core.result_lines import count, result_line

Floats = NDArray[np.float64]
_CALL = "finite_difference"
_SWEEP = 10.0 ** (-np.arange(33) / 2)
"""Steps of a sweep, for parameters of size one: two a decade, from 1 to the unit roundoff."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FiniteDifference:
    """Difference quotients of a function for one step after the other: a V of two errors.

    Parameters
    ----------
    scheme : str
    steps : ndarray, shape (h,)
        Falling.
    derivatives : ndarray, shape (h, *shape of f, *shape of theta)
        The quotients of each step.
    errors : ndarray, shape (h,)
        Frobenius distances from the derivative that was given; else from `value`, whose own error is how far the
        nearest of its two neighbours is from it. Infinite where f was not finite.
    optimum : float
        The step of the smallest error that was measured.
    value : ndarray, shape (*shape of f, *shape of theta)
        The quotients of that step.
    error : Estimate
        The smallest error.
    predicted : Estimate
        The step that theory says is best: 2 √(u|f| / |f″|) forward, (3u|f| / |f‴|)^(1/3) central, u = 2⁻⁵³, with
        |f″| or |f‴| from two quotients of larger steps. Infinite for a function that bends nowhere; NaN where a
        single step tells nothing of it.
    evaluations : int
        How many points f was evaluated at for these quotients.
    vectorised : bool
        Whether f took them all at once.
    """

    scheme: str
    steps: Floats
    derivatives: Floats = field(repr=False)
    errors: Floats
    optimum: float
    value: Floats
    error: Estimate
    predicted: Estimate
    evaluations: int
    vectorised: bool

    def __repr__(self) -> str:
        return result_line(
            self,
            f"{self.scheme} differences of {count(len(self.steps), 'step')}",
            f"best {self.optimum:.3g} with error {float(self.error):.2g}",
            f"predicted {float(self.predicted):.3g}",
            count(self.evaluations, "evaluation"),
        )


def finite_difference(
    f: Callable[..., Any],
    theta: ArrayLike,
    *,
    step: Any = "sweep",
    scheme: str = "forward",
    derivative: ArrayLike | None = None,
) -> FiniteDifference:
    """Difference quotients of f at θ, for a whole sweep of steps: the V-curve and its lowest point.

    For large steps the error is that of the quotient, h|f″|/2 forward and h²|f‴|/6 central; for small ones that of
    rounding f, 2u|f|/h and u|f|/h. At a kink forward quotients tend to the derivative from the right.

    Parameters
    ----------
    f : callable
        θ → a number or an array, such as `problem.solve` or the last iterate of a loop.
    theta : float or array_like
        f gets arrays of this shape.
    step : "sweep", float or array_like of shape (h,)
        Absolute steps in every parameter. A sweep takes two a decade, from the power of ten next to the largest
        |θ_j| (at least 1) down by 16 decades.
    scheme : {"forward", "central"}
        [f(θ + h e_j) − f(θ)]/h, or [f(θ + h e_j) − f(θ − h e_j)]/(2h).
    derivative : array_like, shape (*shape of f, *shape of theta), optional
        What errors are measured against.

    Returns
    -------
    FiniteDifference

    Raises
    ------
    FunctionError
        If f fails or returns no real numbers at θ.
    NonFiniteError
        If f is not finite at θ, or no step has finite quotients.
    ArgumentError, ArgumentTypeError, ShapeError

    Notes
    -----
    1 + mh evaluations forward and 2mh central, for m parameters and h steps. A function that returns the right rows
    for θ with a leading axis is given all points at once; two more evaluations find that out.

    Examples
    --------
    >>> import numpy as np
    >>> found = finite_difference(np.exp, 1.0, derivative=np.e)
    >>> f"{found.optimum:.0e}", f"{float(found.predicted):.1e}", found.evaluations
    ('1e-08', '2.1e-08', 34)
    >>> finite_difference(np.exp, 1.0, scheme="central", derivative=np.e).error.value < 1e-10
    True
    """
    if not callable(f):
        raise ArgumentTypeError(f"`{_CALL}(f=...)` needs a function of theta; got {shown(f)}.")
    scheme = as_choice(scheme, ("forward", "central"), call=_CALL, argument="scheme")
    at = as_real_array(theta, call=_CALL, argument="theta", wanted="a number or an array of parameters")
    if not at.size:
        raise ShapeError(f"`{_CALL}(theta=...)` needs at least one parameter; got shape {at.shape}.")
    steps = _steps(step, at)
    base = _value(f, at)
    if not np.isfinite(base).all():
        raise NonFiniteError(f"`{_CALL}(f=...)` needs a function that is finite at theta; it is not.")
    shape = base.shape + at.shape
    wanted = None
    if derivative is not None:
        wanted = as_real_array(derivative, call=_CALL, argument="derivative", wanted=f"shape {shape}")
        if wanted.shape != shape and wanted.size != math.prod(shape):
            raise ShapeError(f"`{_CALL}(derivative=...)` needs shape {shape}; got {wanted.shape}.")
        wanted = wanted.reshape(-1)
    values, vectorised = _values(f, at, base, _points(at, steps, scheme))
    quotients = _quotients(values, base, steps, at.size, scheme)
    flat = quotients.reshape(len(steps), -1)
    errors, best = _errors(flat, wanted)
    return FiniteDifference(
        scheme=scheme,
        steps=steps,
        derivatives=quotients.reshape(len(steps), *shape),
        errors=errors,
        optimum=float(steps[best]),
        value=quotients[best].reshape(shape),
        error=Estimate(float(errors[best])),
        predicted=Estimate(_predicted(flat, steps, base, at, scheme)),
        evaluations=len(values) + (scheme == "forward"),
        vectorised=vectorised,
    )


def _steps(step: Any, at: Floats) -> Floats:
    if isinstance(step, str) and step == "sweep":
        largest = float(np.abs(at).max())
        return _SWEEP * 10.0 ** min(max(0, math.ceil(math.log10(max(largest, 1.0)))), 300)
    if isinstance(step, str):
        raise ArgumentError(f'`{_CALL}(step=...)` is "sweep", or the steps as numbers; got {shown(step)}.')
    given = as_real_array(step, call=_CALL, argument="step", wanted='"sweep", a number, or an array of shape (h,)')
    if given.ndim > 1 or not given.size or not (given > 0).all():
        raise ArgumentError(f'`{_CALL}(step=...)` needs "sweep", or positive steps of shape (h,); got {shown(step)}.')
    return np.unique(given)[::-1].copy()


def _points(at: Floats, steps: Floats, scheme: str) -> Floats:
    """θ + h e_j, and θ − h e_j for central differences. Shapes: result (sides · h · m, *θ)."""
    moves = steps[:, None, None] * np.eye(at.size)
    sides = np.concatenate([moves, -moves]) if scheme == "central" else moves
    with np.errstate(over="ignore"):
        return np.asarray(at + sides.reshape(-1, *at.shape))


def _value(f: Callable[..., Any], point: Floats) -> Floats:
    """f at one point as an array; what it raises and what is no number is said in one sentence."""
    try:
        given = f(np.array(point) if point.ndim else float(point))
    except Exception as error:
        raise FunctionError(f"`{_CALL}(f=...)`: f fails at theta = {shown(point.tolist())}: {error}") from error
    try:
        raw = np.asarray(given)
        if raw.dtype.kind not in "biufO":
            raise TypeError
        return raw.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FunctionError(
            f"`{_CALL}(f=...)` needs a function that returns real numbers; got {shown(given)}."
        ) from error


def _values(f: Callable[..., Any], at: Floats, base: Floats, points: Floats) -> tuple[Floats, bool]:
    """f at all points, at once where f takes a leading axis. Shapes: `points` (n, *θ), result (n, *f)."""
    if _takes_rows(f, at, base, points[0]):
        return _value(f, points), True
    values = [_value(f, point) for point in points]
    if any(value.shape != base.shape for value in values):
        raise ShapeError(f"`{_CALL}(f=...)` needs a function that returns one shape; got {base.shape} and others.")
    return np.array(values), False


def _takes_rows(f: Callable[..., Any], at: Floats, base: Floats, other: Floats) -> bool:
    """Whether f of two points stacked is what f is of each."""
    try:
        rows = _value(f, np.stack([at, other]))
        if rows.shape != (2, *base.shape):
            return False
        alone = np.stack([base, _value(f, other)])
    except (FunctionError, ValueError):
        return False
    return bool(np.allclose(rows, alone, rtol=1e-12, atol=1e-12 * float(np.abs(base).max(initial=0.0)), equal_nan=True))


def _quotients(values: Floats, base: Floats, steps: Floats, size: int, scheme: str) -> Floats:
    """Shapes: `values` (sides · h · m, *f), result (h, q, m)."""
    sides = values.reshape(-1, len(steps), size, base.size)
    with np.errstate(invalid="ignore", over="ignore"):
        if scheme == "central":
            rows = (sides[0] - sides[1]) / (2.0 * steps[:, None, None])
        else:
            rows = (sides[0] - base.reshape(-1)) / steps[:, None, None]
    return np.swapaxes(rows, 1, 2)


def _errors(quotients: Floats, wanted: Floats | None) -> tuple[Floats, int]:
    """The error of every step, and which is smallest. Shapes: `quotients` (h, q · m)."""
    finite = np.isfinite(quotients).all(axis=1)
    if not finite.any():
        raise NonFiniteError(f"`{_CALL}(f=...)`: f is not finite beside theta, at any of the steps. Give smaller ones.")
    if wanted is None and len(quotients) > 1:
        changes = np.append(_distances(quotients[1:], quotients[:-1]), np.inf)
        best = int(np.argmin(np.where(finite, changes, np.inf)))
        errors = _distances(quotients, quotients[best])
        beside = [i for i in (best - 1, best + 1) if 0 <= i < len(errors)]
        errors[best] = errors[beside].min()
    else:
        target = quotients[0] if wanted is None else wanted
        errors = _distances(quotients, target)
        if wanted is None:
            errors[0] = np.inf
        best = int(np.argmin(np.where(finite, errors, np.inf)))
    return errors, best


def _distances(one: Floats, other: Floats) -> Floats:
    with np.errstate(invalid="ignore", over="ignore"):
        found = np.linalg.norm(one - other, axis=-1)
    return np.where(np.isnan(found), np.inf, found)


def _predicted(quotients: Floats, steps: Floats, base: Floats, at: Floats, scheme: str) -> float:
    """The step that balances both errors, the bend from quotients of two steps near u^(1/4), or u^(1/5) central."""
    if len(steps) < 2:
        return math.nan
    order = 1 if scheme == "forward" else 2
    scale = max(1.0, float(np.abs(at).max()))
    near = scale * UNIT_ROUNDOFF ** (1.0 / (3 + order))
    i = min(max(1, int(np.argmin(np.abs(np.log(steps / near))))), len(steps) - 1)
    large, small = float(steps[i - 1]), float(steps[i])
    # The quotient's error is c h^order, c = |f″|/2 or |f‴|/6.
    curved = float(_distances(quotients[i - 1], quotients[i])) / (large**order - small**order)
    noise = UNIT_ROUNDOFF * float(np.linalg.norm(base)) * math.sqrt(at.size) * (2.0 if order == 1 else 1.0)
    if noise == 0.0 or not math.isfinite(curved):
        return math.nan
    flat = noise / small / large**order
    return math.inf if curved <= flat else (noise / (order * curved)) ** (1.0 / (order + 1))
