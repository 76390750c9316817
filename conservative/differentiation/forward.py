"""`piggyback` and `jvp`: derivatives of x_{t+1} = F(x_t, θ) carried forward beside the points."""

from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import ArgumentError, ShapeError
from conservative._core.matrix_norms import spectral_norm_bounds
from conservative._core.result_lines import count, result_line
from conservative.differentiation.batches import Batch, as_rows, has_leading_axis, mapped, push, read_batch
from conservative.differentiation.loops import TIE_TOLERANCE, Loop, LoopStatus, how_it_ended, read_loop
from conservative.differentiation.shared_ties import output_tangent
from conservative.differentiation.tie_policies import TiePolicy, as_policy, once_a_form
from conservative.functions import StateMap, SwitchedJacobian
from conservative.functions.state_map import refuse_without_fixed_point
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.decay import Decay

Floats = NDArray[np.float64]
_SMALL = 400
"""States up to which ‖A‖₂ is bounded for `Piggyback.bound`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Piggyback:
    """The points of a loop and the derivatives that forward differentiation carries beside them.

    Parameters
    ----------
    points : ndarray, shape (T + 1, p)
    derivatives : ndarray, shape (T + 1, p, m)
        X_{t+1} = A_t X_t + B_t, with [A_t B_t] the element that the policy takes at ties.
    outputs, output_derivatives : ndarray, shape (T + 1, q) and (T + 1, q, m)
        w_t and its derivatives, for a map with an output; else the same as points and derivatives.
    residual : float
        |F(x_T, θ) − x_T|, largest component.
    bound : float
        Frobenius distance of X_T to (Id − A)⁻¹B: proved with the last step's [A B], ‖A‖₂/(1 − ‖A‖₂) ‖X_T − X_{T−1}‖,
        and infinite where ‖A‖₂ is not below 1, or p is above 400. Where x_T is not at rest, what its residual moves
        [A B] by on the way to the fixed point is added, to first order; infinite where ties part there.
    status : LoopStatus
    ties : int
        At how many steps values tied.
    policy : TiePolicy
        Where it is constant and x_t comes to rest, the limit lies in J_imp.

    Notes
    -----
    For N values of θ, arrays have N after T + 1, `residual`, `bound` and `ties` have one entry a value, and `status` is
    the worst of all.
    """

    points: Floats
    derivatives: Floats
    outputs: Floats = field(repr=False)
    output_derivatives: Floats = field(repr=False)
    residual: Any
    bound: Any
    status: LoopStatus
    ties: Any
    policy: TiePolicy

    def __repr__(self) -> str:
        steps, *many, p, m = self.derivatives.shape
        return result_line(
            self,
            count(steps - 1, "step"),
            *(f"{n} values of θ" for n in many),
            f"derivatives {p} × {m}",
            f"residual {np.max(self.residual):.3g}",
            f"bound {np.max(self.bound):.3g}",
            f"{count(int(np.max(self.ties)), 'step')} tied",
            self.policy.name,
            self.status.name,
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pushed:
    """The points of a loop and one tangent carried beside them.

    Parameters
    ----------
    points : ndarray, shape (T + 1, p)
    tangents : ndarray, shape (T + 1, p)
        ẋ_{t+1} = A_t ẋ_t + B_t θ̇.
    residual : float
    status : LoopStatus
    ties : int
        At how many steps values tied.

    Notes
    -----
    For N values of θ, arrays have N after T + 1, `residual` and `ties` have one entry a value, and `status` is the
    worst of all.
    """

    points: Floats
    tangents: Floats
    residual: Any
    status: LoopStatus
    ties: Any

    def __repr__(self) -> str:
        return result_line(
            self,
            count(len(self.points) - 1, "step"),
            *(f"{n} values of θ" for n in self.tangents.shape[1:-1]),
            f"tangent of {self.tangents.shape[-1]} numbers",
            f"residual {np.max(self.residual):.3g}",
            f"{count(int(np.max(self.ties)), 'step')} tied",
            self.status.name,
        )


def piggyback(
    F: StateMap,
    x0: ArrayLike,
    theta: ArrayLike,
    *,
    steps: int,
    initial: ArrayLike | None = None,
    ties: Any = None,
    fixed_point: ArrayLike | None = None,
) -> Piggyback:
    """The derivatives Jac x_t(θ) that forward differentiation carries along x_{t+1} = F(x_t, θ).

    X_{t+1} = A_t X_t + B_t with [A_t B_t] ∈ J_F(x_t, θ), the element that `ties` chooses. Memory is T p m.

    Parameters
    ----------
    F : StateMap
        A formula, arrays, a program, or an algorithm.
    x0 : array_like, shape (p,) or (N, p)
    theta : array_like, shape (m,) or (N, m)
        N values at once, each with its own decisions: fast where F is vectorised over leading axes, as all algorithms
        are.
    steps : int
        T, how often F is applied.
    initial : array_like, shape (p, m) or (N, p, m), optional
        The derivative of x_0; 0 by default.
    ties : policy of `cj.ties`, or a weight in [0, 1], optional
        `cj.ties.zero` by default: at a tie the side along which F moves less.
    fixed_point : array_like, shape (p,), optional
        x̄(θ): points stay there, and all linearisations are taken there, so that X_t tends to the fixed points of
        X ← A X + B. `x0` is then where `points` begins only.

    Returns
    -------
    Piggyback

    Raises
    ------
    ArgumentTypeError, ShapeError, ArgumentError
    NonFiniteError
        Where x_t leaves the doubles.
    FunctionError, DiscontinuityError
        Where F has no derivative.

    Notes
    -----
    Doubles within 1e-12 of each other, relative, are tied: rounding parts numbers that are equal. In floating point;
    `iterate_driven` carries the whole set.

    References
    ----------
    [boltepauwelsvaiter2022]_

    Examples
    --------
    x ← θ − |x|/2 at its kink: taking A = −1/2 and 1/2 in turn leaves J_imp = [2/3, 2]:

    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
    >>> run = piggyback(F, [0.0], [0.0], steps=60, ties=1.0)
    >>> float(run.derivatives[-1, 0, 0].round(6)), run.policy.constant
    (2.0, True)
    """
    if has_leading_axis(theta):
        return _piggyback_batch(F, x0, theta, steps, initial, ties, fixed_point)
    loop = read_loop(F, x0, theta, steps, call="piggyback")
    policy = as_policy(ties, call="piggyback")
    p, m = F.state_size, F.parameter_size
    derivative = _initial(initial, (p, m), call="piggyback")
    if fixed_point is not None:
        refuse_without_fixed_point(F, call="piggyback(fixed_point=...)")
    given = None if fixed_point is None else _initial(fixed_point, (p,), call="piggyback", argument="fixed_point")
    at = None if given is None else _at_rest(loop, given)
    points, derivatives = np.empty((loop.steps + 1, p)), np.empty((loop.steps + 1, p, m))
    points[0], derivatives[0] = loop.start, derivative
    form, s = None, np.zeros(0)
    taken: dict[int, Floats] = {}
    weigh = once_a_form(policy)
    walk = loop.walk() if at is None else repeat((loop.linearize(at), at), loop.steps)
    for t, (form, after) in enumerate(walk):
        seed = np.vstack([derivatives[t], np.eye(m)])
        s = weigh(form, t, seed)
        if form.ties:
            taken[t] = s
        derivatives[t + 1] = loop.derived(partial(form.jvp, s, seed), t)
        points[t + 1] = after
    status, residual = how_it_ended(F, points, loop.step(points[-1], loop.steps))
    bound = np.inf if form is None else _to_the_limit(form, s, derivatives)
    if form is not None and np.isfinite(bound) and residual > 0.0:
        bound += _by_residual(loop, form, s, points[-1], derivatives[-1])
    outputs, moved = _outputs(loop, points, derivatives, policy, taken)
    return Piggyback(points, derivatives, outputs, moved, residual, bound, status, len(taken), policy)


def jvp(F: StateMap, x0: ArrayLike, theta: ArrayLike, tangent: ArrayLike, *, steps: int, ties: Any = None) -> Pushed:
    """The derivative of x_T(θ) along one direction θ̇, by forward mode: ẋ_{t+1} = A_t ẋ_t + B_t θ̇.

    Parameters
    ----------
    F : StateMap
    x0 : array_like, shape (p,) or (N, p)
    theta : array_like, shape (m,) or (N, m)
        N values at once, as in `piggyback`.
    tangent : array_like, shape (m,) or (N, m)
        θ̇.
    steps : int
        T, how often F is applied.
    ties : policy of `cj.ties`, or a weight in [0, 1], optional

    Returns
    -------
    Pushed

    Raises
    ------
    ArgumentTypeError, ShapeError, ArgumentError, NonFiniteError, FunctionError, DiscontinuityError
        As `piggyback`.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("t - x/2", state=["x"], parameters=["t"])
    >>> jvp(F, [0.0], [1.0], [3.0], steps=40).tangents[-1].round(6).tolist()
    [2.0]
    """
    if has_leading_axis(theta):
        batch, policy = read_batch(F, x0, theta, steps, call="jvp"), as_policy(ties, call="jvp")
        N, p = batch.start.shape
        along = as_rows(tangent, N, (F.parameter_size,), call="jvp", argument="tangent")
        found = push(batch, np.zeros((N, p, 1)), along[:, :, None], policy)
        return Pushed(found.points, found.derivatives[..., 0], found.residual, found.status, found.ties)
    loop = read_loop(F, x0, theta, steps, call="jvp")
    policy = as_policy(ties, call="jvp")
    direction = _initial(tangent, (F.parameter_size,), call="jvp", argument="tangent")
    points, tangents = np.empty((loop.steps + 1, F.state_size)), np.zeros((loop.steps + 1, F.state_size))
    points[0], tied, weigh = loop.start, 0, once_a_form(policy)
    for t, (here, after) in enumerate(loop.walk()):
        tied += bool(here.ties)
        seed = np.concatenate([tangents[t], direction])
        tangents[t + 1] = loop.derived(partial(here.jvp, weigh(here, t, seed[:, None]), seed), t)
        points[t + 1] = after
    status, residual = how_it_ended(F, points, loop.step(points[-1], loop.steps))
    return Pushed(points, tangents, residual, status, tied)


def _piggyback_batch(
    F: StateMap, x0: ArrayLike, theta: ArrayLike, steps: int, initial: Any, ties: Any, fixed_point: Any
) -> Piggyback:
    """`piggyback` for rows of θ."""
    if fixed_point is not None:
        raise ArgumentError(
            "`piggyback(fixed_point=...)` is for one θ. For rows of θ, start at the fixed points: give them as `x0`."
        )
    batch, policy = read_batch(F, x0, theta, steps, call="piggyback"), as_policy(ties, call="piggyback")
    (N, p), m = batch.start.shape, F.parameter_size
    start = np.zeros((p, m)) if initial is None else initial
    start = as_rows(start, N, (p, m), call="piggyback", argument="initial")
    found = push(batch, start, np.broadcast_to(np.eye(m), (N, m, m)), policy)
    outputs, moved = _output_rows(F, found.points, found.derivatives, batch.theta, policy)
    if moved is not found.derivatives:
        for i in np.flatnonzero(found.ties):  # outputs take the sides that the steps took
            alone = piggyback(F, batch.start[i], batch.theta[i], steps=batch.steps, initial=start[i], ties=policy)
            found.derivatives[:, i], moved[:, i] = alone.derivatives, alone.output_derivatives
    unknown = np.full(N, np.inf)
    return Piggyback(
        found.points, found.derivatives, outputs, moved, found.residual, unknown, found.status, found.ties, policy
    )


def _output_rows(
    F: Any, points: Floats, derivatives: Floats, theta: Floats, policy: TiePolicy
) -> tuple[Floats, Floats]:
    """Outputs of each value's run and their derivatives."""
    output = _own_output(F, points[0], theta)
    if output is None:
        return points, derivatives
    m = theta.shape[1]
    (T, N, p), eye = points.shape, np.eye(m)
    rows = Batch(output, points.reshape(T * N, p), np.tile(theta, (T, 1)), 1, "piggyback")
    found = mapped(rows, derivatives.reshape(T * N, p, m), np.broadcast_to(eye, (T * N, m, m)), policy)
    return tuple(part.reshape(T, N, *part.shape[1:]) for part in found)  # type: ignore[return-value]


def _initial(value: Any, wanted: tuple[int, ...], *, call: str, argument: str = "initial") -> Floats:
    if value is None:
        return np.zeros(wanted)
    array = as_real_array(value, call=call, argument=argument, wanted=f"shape {wanted}").astype(np.float64)
    array = np.atleast_1d(array)
    if array.shape != wanted:
        raise ShapeError(f"`{call}({argument}=...)` needs shape {wanted}; got {array.shape}.")
    return array


def _to_the_limit(form: SwitchedJacobian, s: Floats, derivatives: Floats) -> float:
    """‖A‖/(1 − ‖A‖) ‖X_T − X_{T−1}‖_F, rounded up: X_T is the image of X_{T−1} under the contraction X ↦ A X + B."""
    p = derivatives.shape[1]
    if p > _SMALL:
        return np.inf
    A = np.asarray(form.jvp(s, np.eye(form.shape[1])[:, :p]), dtype=np.float64)
    rate = float(spectral_norm_bounds(A[None])[1][0])
    if not (rate < 1.0 and np.isfinite(derivatives[-2:]).all()):
        return np.inf
    moved = float(np.linalg.norm(derivatives[-1] - derivatives[-2])) * (1 + 1e-12)
    rounding = 1e-15 * p * (1.0 + float(np.linalg.norm(derivatives[-1])))
    decay = Decay((1.0,), rate, rate)
    return distance_to_fixed(decay, moved, later=1, carried=distance_to_fixed(decay, rounding, later=0))


def _own_output(F: Any, x: Floats, theta: Floats) -> Any:
    """The map from states to what an algorithm returns; None where that is the state itself."""
    formulas = getattr(F, "formulas", None)
    same = formulas is not None and formulas.output(x, theta) is x
    return None if same else getattr(F, "output_map", None)


def _outputs(
    loop: Loop, points: Floats, derivatives: Floats, policy: TiePolicy, taken: dict[int, Floats]
) -> tuple[Floats, Floats]:
    """What an algorithm returns, and its derivatives, by the sides that the steps took; of a plain map the states."""
    F: Any = loop.F
    output, theta = _own_output(F, points[0], loop.theta), loop.theta
    if output is None:
        return points, derivatives
    m, joint = len(theta), getattr(F, "joint_map", None)
    values, moved = [], []
    for t, (x, X) in enumerate(zip(points, derivatives, strict=True)):
        values.append(np.asarray(output.evaluate(x, theta), dtype=np.float64))
        at, seed = np.concatenate([x, theta]), np.vstack([X, np.eye(m)])
        form = output.switched(at.tolist())
        found = None
        if form.ties and joint is not None:
            s = taken[t] if t in taken else policy.weights(loop.linearize(x), t, seed)
            found = output_tangent(joint.linearized(at, tolerance=TIE_TOLERANCE), s, policy, t, seed)
        moved.append(form.jvp(policy.weights(form, t, seed), seed) if found is None else found)
    return np.array(values), np.array(moved)


def _at_rest(loop: Loop, point: Floats) -> Floats:
    """A fixed point as it was given, refused where F moves it."""
    residual = float(np.abs(loop.step(point, 0) - point).max(initial=0.0))
    if residual > 1e-6 * max(1.0, float(np.abs(point).max(initial=0.0))):
        raise ArgumentError(
            f"`piggyback(fixed_point=...)` needs F(x, θ) = x; F moves this point by {residual:.3g}. Iterate further, "
            "or leave it out: the loop then starts at `x0`."
        )
    return point


def _by_residual(loop: Loop, form: SwitchedJacobian, s: Floats, x: Floats, X: Floats) -> float:
    """What [A B] of the next step changes of the limit, to first order: T ‖([A' B'] − [A B])[X; I]‖ for each residual.

    The points ahead are within r/(1 − ρ) of x_T, and [A B] moves by its slope times that; infinite where ties part.
    """
    p, m = X.shape
    rate = float(np.linalg.norm(np.asarray(form.jvp(s, np.eye(p + m)[:, :p])), 2))
    later = loop.linearize(loop.step(x, loop.steps))
    if len(later.Z) != len(form.Z) or not rate < 1.0:
        return np.inf
    seed = np.vstack([X, np.eye(m)])
    return float(np.linalg.norm(later.jvp(s, seed) - form.jvp(s, seed))) / (1.0 - rate) ** 2
