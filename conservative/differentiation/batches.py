"""Loops for many values of θ at once: each has its own points and decisions, and all go through one run a step.

A program that is vectorised over leading axes, as every algorithm of the package is, takes N states as one state of N p
numbers. Its Jacobian is block-diagonal, so that one product carries the derivatives of all N. Other maps are run one
value after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count, as_real_array
from conservative._core.errors import ArgumentTypeError, ConservativeError, NonFiniteError, ShapeError
from conservative._core.printable import shown
from conservative.differentiation.loops import TIE_TOLERANCE, LoopStatus
from conservative.differentiation.tie_policies import TiePolicy
from conservative.functions import StateMap, SwitchedJacobian
from conservative.programs import ProgramMap, from_numpy

Floats = NDArray[np.float64]

_WIDE, _NARROW = 20_000, 2_000
"""About how many states go through one run: enough to hide what a run costs; fewer where many of them tie."""


@dataclass(frozen=True, slots=True)
class Batch:
    """N starts (N, p) and N values of θ (N, m), checked."""

    F: Any
    start: Floats
    theta: Floats
    steps: int
    call: str


class PushedBatch(NamedTuple):
    """(T + 1, N, p), (T + 1, N, p, c), then one entry a value: residual and tied steps; and how the worst ended."""

    points: Floats
    derivatives: Floats
    residual: Floats
    ties: NDArray[np.intp]
    status: LoopStatus


def has_leading_axis(theta: Any) -> bool:
    """Whether θ is given as rows; ragged ones are left to those who read them."""
    try:
        return not isinstance(theta, str) and len(np.shape(theta)) == 2
    except ValueError:
        return False


def read_batch(F: Any, x0: Any, theta: Any, steps: Any, *, call: str) -> Batch:
    """Many values of θ as users give them, with one start or one each."""
    if not isinstance(F, StateMap):
        raise ArgumentTypeError(f"`{call}(F=...)` needs a map F(x, θ), such as `from_numpy` makes; got {shown(F)}.")
    p, m = F.state_size, F.parameter_size
    x = as_real_array(x0, call=call, argument="x0", wanted=f"shape ({p},) or (N, {p})")
    parameters = as_real_array(theta, call=call, argument="theta", wanted=f"shape (N, {m})").astype(np.float64)
    N = len(parameters)
    if parameters.shape != (N, m) or not N or x.shape not in ((p,), (N, p)) or F.size != p:
        raise ShapeError(
            f"`{call}(x0=..., theta=...)` needs shapes ({p},) or (N, {p}), and (N, {m}) for N values of θ, and a map "
            f"of the state to itself; got {x.shape} and {parameters.shape}."
        )
    start = np.array(np.broadcast_to(x, (N, p)), dtype=np.float64)
    return Batch(F, start, parameters, as_count(steps, call=call, argument="steps"), call)


def as_rows(value: Any, N: int, wanted: tuple[int, ...], *, call: str, argument: str) -> Floats:
    """One array for all N values, or one each."""
    text = f"shape {wanted} or {(N, *wanted)}"
    array = as_real_array(value, call=call, argument=argument, wanted=text).astype(np.float64)
    if array.shape not in (wanted, (N, *wanted)):
        raise ShapeError(f"`{call}({argument}=...)` needs {text}; got {array.shape}.")
    return np.broadcast_to(array, (N, *wanted))


def push(batch: Batch, initial: Floats, seeds: Floats, policy: TiePolicy) -> PushedBatch:
    """Derivatives of all points, from `initial` (N, p, c) along `seeds` (N, m, c)."""
    (N, p), c = batch.start.shape, seeds.shape[2]
    points, moved = np.empty((batch.steps + 1, N, p)), np.empty((batch.steps + 1, N, p, c))
    image, ties = np.empty((N, p)), np.zeros(N, dtype=np.intp)
    width = _width(batch, policy)
    for begin in range(0, N, width):
        part = slice(begin, begin + width)
        linearize = _linearizer(batch, part)
        x, X = batch.start[part], initial[part]
        for t in range(batch.steps + 1):
            points[t, part], moved[t, part] = x, X
            form = linearize(x)
            x = np.asarray(form.value, dtype=np.float64).reshape(x.shape)
            _refuse_lost(batch, part, x, t)
            if t < batch.steps:
                seed = np.concatenate([X.reshape(-1, c), seeds[part].reshape(-1, c)])
                X = form.jvp(policy.weights(form, t, seed), seed).reshape(X.shape)
                ties[part][_tied(form, p)] += 1
        image[part] = x
    counted = p - getattr(batch.F, "clock", 0)
    return PushedBatch(points, moved, *_endings(points[..., :counted], image[:, :counted], ties))


def mapped(batch: Batch, X: Floats, seeds: Floats, policy: TiePolicy) -> tuple[Floats, Floats]:
    """F at every point of a batch, and the derivatives there, for a map to any number of components."""
    N, c, q = len(batch.start), seeds.shape[2], batch.F.size
    values, moved = np.empty((N, q)), np.empty((N, q, c))
    width = _width(batch, policy)
    for begin in range(0, N, width):
        part = slice(begin, begin + width)
        form = _linearizer(batch, part)(batch.start[part])
        seed = np.concatenate([X[part].reshape(-1, c), seeds[part].reshape(-1, c)])
        values[part] = np.asarray(form.value, dtype=np.float64).reshape(-1, q)
        moved[part] = form.jvp(policy.weights(form, 0, seed), seed).reshape(-1, q, c)
    return values, moved


def vectorised(F: Any) -> bool:
    """Whether a map is a NumPy program that takes leading axes, as a few states at random show."""
    program = getattr(F, "F", F)
    if not isinstance(program, ProgramMap) or program.engine.library != "NumPy":
        return False
    run: Any = program.engine
    rng, p, m = np.random.default_rng(0), program.state_size, program.parameter_size
    N = next(n for n in (3, 4, 5) if n not in (p, m))
    at = np.array([float(value) for value in program.at])
    x, theta = (rng.uniform(0.5, 1.5, (N, len(part))) + part for part in (at[:p], at[p:]))
    try:
        with np.errstate(all="ignore"):
            together = np.asarray(run.F(x, theta) if run.with_theta else run.F(x))
            alone = np.stack([run.evaluate(a, b) for a, b in zip(x, theta, strict=True)])
    except (ConservativeError, TypeError, ValueError, IndexError, KeyError, AttributeError):
        return False
    return together.shape == alone.shape and bool(np.allclose(together, alone, rtol=1e-10, atol=1e-12))


def _width(batch: Batch, policy: TiePolicy) -> int:
    """How many values are run at once."""
    p = int(batch.start.shape[1])
    narrow, wide = max(1, _NARROW // p), max(1, _WIDE // p)
    if policy.name == "worst" or not vectorised(batch.F):
        return 1
    if len(batch.start) <= narrow:
        return narrow
    form = _linearizer(batch, slice(0, narrow))(batch.start[:narrow])
    return narrow if 10 * len(form.Z) > narrow else wide


def _linearizer(batch: Batch, part: slice) -> Callable[[Floats], SwitchedJacobian]:
    x, theta = batch.start[part], batch.theta[part]
    F, flat = batch.F, theta.ravel()
    if len(x) > 1:
        program: Any = getattr(F, "F", F).engine
        F = from_numpy(program.F, x, theta if program.with_theta else None)
    make = getattr(F, "linearized", F.switched)
    return lambda x: make(np.concatenate([x.ravel(), flat]), tolerance=TIE_TOLERANCE)


def _tied(form: SwitchedJacobian, p: int) -> NDArray[np.intp]:
    """Which of the values tie."""
    return np.unique(np.nonzero(form.Y)[0] // p) if len(form.Z) else np.zeros(0, dtype=np.intp)


def _refuse_lost(batch: Batch, part: slice, x: Floats, t: int) -> None:
    lost = ~np.isfinite(x).all(axis=1)
    if lost.any():
        theta = batch.theta[part][int(np.flatnonzero(lost)[0])]
        raise NonFiniteError(
            f"`{batch.call}(steps=...)` needs x_t in the range of doubles; it is left at t = {t + 1} for θ = "
            f"{theta.tolist()}, so F does not seem to converge from this `x0`. Take fewer steps, or another start."
        )


def _endings(points: Floats, image: Floats, ties: NDArray[np.intp]) -> tuple[Floats, NDArray[np.intp], LoopStatus]:
    """Residuals, ties, and the worst of all statuses, each as a single loop has it."""
    residual = np.abs(image - points[-1]).max(axis=1)
    size = np.maximum(1.0, np.abs(points[-1]).max(axis=1))
    resting = residual <= 1e-9 * size
    if resting.all():
        return residual, ties, LoopStatus.AT_REST
    first, largest = np.zeros(len(residual)), np.zeros(len(residual))
    for t in range(len(points) - 1):
        moves = np.abs(points[t + 1] - points[t]).max(axis=1)
        first, largest = (moves if t == 0 else first), np.maximum(largest, moves)
    growing = ~resting & (residual >= largest) & (residual >= 2.0 * first) & (len(points) > 1)
    return residual, ties, LoopStatus.DIVERGING if growing.any() else LoopStatus.UNCONVERGED
