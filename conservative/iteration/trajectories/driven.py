"""Iteration driven along a trajectory: 𝒳_{t+1} = 𝒥_t(𝒳_t), with 𝒥_t = J_F(x_t(θ), θ), against fix of the limit 𝒥̄.

Let δ_s ≥ gap(𝒥_s, 𝒥̄) and ‖X‖ ≤ R_s on 𝒳_s. One step with 𝒥_s instead of 𝒥̄ moves a point by at most
η_s = δ_s √(R_s² + 1), since ‖[ΔA ΔB][X; I]‖_F ≤ ‖[ΔA ΔB]‖_F ‖[X; I]‖₂. With c_s bounding the products of 𝒥̄ (see
`Decay`), telescoping gives

    gap(𝒳_t, fix 𝒥̄) ≤ c_t gap(𝒳_0, fix 𝒥̄) + Σ_{s < t} c_{t−1−s} η_s,

which tends to 0 when 𝒥_t approaches 𝒥̄ from inside: the exchange of limit and derivative.
"""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import deadline_after
from conservative._core.errors import ArgumentTypeError, ShapeError
from conservative._core.matrix_norms import spectral_norm_bounds
from conservative._core.numbers import Bracket, round_up
from conservative._core.result_lines import between, count, result_line
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.choose_norm import contracting_decay
from conservative.iteration.bounds.decay import Decay
from conservative.iteration.fixed.fixed_result import FixedSet, FixedSetStatus
from conservative.iteration.fixed.fixed_set import fixed_set
from conservative.iteration.jacobian_blocks import Blocks, modulo, on_quotient, read_blocks, read_initial
from conservative.iteration.trajectories.hulls import hull_step
from conservative.iteration.trajectories.near_rest import NearRest
from conservative.iteration.trajectories.thinning import Thinning, read_representation
from conservative.iteration.trajectories.trajectory import TrajectoryStatus
from conservative.matrix_sets import MatrixPolytope, simplify
from conservative.matrix_sets.distance.gaps import measured_distance, measured_gap
from conservative.matrix_sets.interrupts import searching_until

Floats = NDArray[np.float64]

_LIMIT_SECONDS = 5.0
"""Seconds for the hull of the limit, where time is limited; most need far less."""


@dataclass(frozen=True, slots=True, eq=False)
class DrivenTrajectory:
    """The hulls of X_0, ..., X_T driven by 𝒥_0, ..., 𝒥_{T−1}, and their gaps to the hull of fix(𝒥̄).

    Parameters
    ----------
    points : ndarray, shape (T + 1, p), or None
        x_t, where an algorithm drives the sets.
    sets : tuple of MatrixPolytope
        conv X_t, with the carried errors `e_missing` and `e_extra`.
    gaps : tuple of Bracket
        Hausdorff distance of conv X_t and conv X_{t+1}.
    to_limit : tuple of Bracket
        gap(conv X_t, conv fix(𝒥̄)), the theorem's quantity, for the exact hulls; empty without a limit.
    bounds : tuple of float
        Proved upper bounds of the same from the gaps of 𝒥_t to 𝒥̄ alone; empty without a limit.
    limit : MatrixPolytope or None
        conv fix(𝒥̄), with its errors.
    rate : tuple of float
        The curve gap(X_0, fix)·ρ^{t/2} of the theorem: its rate, with a constant that nothing proves.
    status : TrajectoryStatus
    decay : Decay or None
        The constants of 𝒥̄.
    residual : float or None
        max |F(x, θ) − x| at the point that stands for x̄: `fixed_point`, or else the last x_t asked for. `limit` is that
        of 𝒥̄ = J_F(x, θ) there, if it is at rest. `None` where no algorithm drives the sets.
    to_fixed_point : float or None
        Where the last x_t asked for has not come to rest: a proved bound of its distance to a fixed point x̄. Then
        `limit`, `to_limit` and `bounds` are about x̄. `None` if there is no proof, and then nothing is said of a limit.
    quotient : ndarray, shape (p, d), or None
        An orthonormal basis of what the limit's state blocks leave in place, up to rounding: sets and limit are then
        those of the representatives orthogonal to it, as in `fixed_set`.
    """

    points: Floats | None = field(repr=False)
    sets: tuple[MatrixPolytope, ...] = field(repr=False)
    gaps: tuple[Bracket, ...] = field(repr=False)
    to_limit: tuple[Bracket, ...] = field(repr=False)
    bounds: tuple[float, ...] = field(repr=False)
    limit: MatrixPolytope | None
    rate: tuple[float, ...] = field(repr=False)
    status: TrajectoryStatus
    decay: Decay | None = field(repr=False)
    residual: float | None = None
    to_fixed_point: float | None = None
    quotient: Floats | None = field(repr=False, default=None)

    def __repr__(self) -> str:
        return result_line(
            self,
            count(self.steps, "step"),
            f"to_limit {between(self.to_limit[-1])}" if self.to_limit else f"limit={self.limit}",
            *() if self.residual is None else (f"residual={self.residual!r}",),
            *() if self.to_fixed_point is None else (f"to_fixed_point={self.to_fixed_point!r}",),
            self.status.name,
        )

    @property
    def steps(self) -> int:
        """Number T of steps made."""
        return len(self.gaps)


def iterate_sequence(
    Js: Iterable[Any],
    initial: Any,
    *,
    limit: Any = None,
    representation: str | Thinning = "auto",
    time_limit: float | None = None,
) -> DrivenTrajectory:
    """X_{t+1} = conv 𝒥_t(X_t) for a sequence of compact sets 𝒥_t, and the gaps to conv fix(𝒥̄).

    Parameters
    ----------
    Js : iterable of JacobianSet, MatrixPolytope, FiniteSet or array_like of shape (k, p, p + m)
        One for each step.
    initial : MatrixSet or array_like of shape (n, p, m)
    limit : as an element of `Js`, optional
        𝒥̄, which 𝒥_t approaches.
    representation : {"auto", "hull", "thinned"} or Thinning
        As in `iterate_set`.
    time_limit : float, optional
        Seconds; None, the default, is no limit. A step that is not done by then is dropped. The hull of
        the limit, found first, takes at most a half of the seconds, and at most five.

    Returns
    -------
    DrivenTrajectory
        A keyboard interrupt returns the steps made.

    Raises
    ------
    ExpansionError, BudgetError
        If `limit` does not contract.
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Examples
    --------
    >>> run = iterate_sequence([[[[0.5, 1.0 + 0.5**t]]] for t in range(30)], [[[0.0]]], limit=[[[0.5, 1.0]]])
    >>> run.to_limit[-1].upper < 1e-6, run.bounds[-1] < 1e-6
    (True, True)
    """
    if not isinstance(Js, Iterable) or getattr(Js, "shape", None) == ():
        raise ArgumentTypeError(
            f"`iterate_sequence(Js=...)` needs one set for each step; got one {type(Js).__name__}, not several."
        )
    return follow_sequence(Js, initial, limit, representation, time_limit, call="iterate_sequence")


def follow_sequence(
    Js: Iterable[Any],
    initial: Any,
    limit: Any,
    representation: str | Thinning,
    time_limit: float | None,
    *,
    call: str,
    near: NearRest | None = None,
) -> DrivenTrajectory:
    """As `iterate_sequence`, with the name that error messages use."""
    deadline = deadline_after(time_limit, call=call)
    limit = limit if near is None else near.blocks
    blocks = None if limit is None else read_blocks(limit, call=call)
    seconds = None if time_limit is None else min(_LIMIT_SECONDS, 0.5 * time_limit)
    run = _Driven(blocks, representation, seconds, deadline, call, near)
    status = TrajectoryStatus.STEPS_DONE
    try:
        status = run.follow(iter(Js), initial)
    except KeyboardInterrupt:
        if not run.sets:
            raise
        status = TrajectoryStatus.INTERRUPTED
    return run.result(status)


class _Driven:
    """The sets so far; the lists of a step are extended together, at its end."""

    def __init__(
        self,
        limit: Blocks | None,
        representation: str | Thinning,
        seconds: float | None,
        deadline: float,
        call: str,
        near: NearRest | None,
    ) -> None:
        self.blocks, self.representation, self.deadline, self.call = limit, representation, deadline, call
        self.decay, self.apart, self.kept = None, 0.0, None
        if limit is not None and near is None:
            limit, self.kept = on_quotient(limit)
            self.blocks = limit
        if near is not None:
            self.decay, self.apart = Decay((1.0,), near.rate, near.rate), near.apart
        elif limit is not None:
            self.decay = contracting_decay(limit.A, norm=None, call=f"{call}(limit=...)")
        found = None if limit is None else _limit_hull(limit, seconds)
        self.limit = None if found is None or self.decay is None else _widened(found.hull, self.apart, self.decay)
        self.interrupted = found is not None and found.status is FixedSetStatus.INTERRUPTED
        self.sets: list[MatrixPolytope] = []
        self.gaps: list[Bracket] = []
        self.to_limit: list[Bracket] = []
        self.moved: list[float] = []

    def follow(self, sequence: Iterator[Any], initial: Any) -> TrajectoryStatus:
        first = next(sequence, None)
        blocks = self.blocks if first is None else read_blocks(first, call=self.call)
        if self.blocks is not None and blocks is not None and self.blocks.B.shape[1:] != blocks.B.shape[1:]:
            raise ShapeError(
                f"`{self.call}(limit=...)` needs the shape of the sets; got B of shape {self.blocks.B.shape[1:]} and "
                f"not {blocks.B.shape[1:]}."
            )
        start = read_initial(initial, blocks, call=self.call)
        if self.kept is not None:
            start = MatrixPolytope(start.vertices - self.kept @ (self.kept.T @ start.vertices))
        thinning = read_representation(self.representation, None, start.shape, call=self.call)
        start = simplify(start, max_vertices=thinning.max_vertices)
        self.to_limit, self.sets = self._to_limit(start), [start]
        if self.interrupted:
            return TrajectoryStatus.INTERRUPTED
        while first is not None:
            if time.monotonic() > self.deadline:
                return TrajectoryStatus.TIME_LIMIT
            blocks = read_blocks(first, call=self.call)
            if blocks.B.shape[1:] != start.shape:
                raise ShapeError(
                    f"`{self.call}` needs sets of one shape at every step; got B of shape "
                    f"{blocks.B.shape[1:]} after {start.shape}."
                )
            with searching_until(self.deadline):
                made = self.step(self._modulo(blocks), thinning)
            if not made:
                return TrajectoryStatus.OVERFLOW
            first = next(sequence, None)
            if first is not None and time.monotonic() > self.deadline:
                self.gaps.pop()  # its searches may have ended early
                return TrajectoryStatus.TIME_LIMIT
        return TrajectoryStatus.STEPS_DONE

    def step(self, blocks: Blocks, thinning: Thinning) -> bool:
        before = self.sets[-1]
        close = None if self.decay is None else thinning.step_loss(self.decay)
        fresh = hull_step(blocks, before, cap=thinning.max_vertices, close=close)
        if fresh is None:
            return False
        stretch = float(spectral_norm_bounds(blocks.A)[1].max())
        after = MatrixPolytope(
            fresh.vertices,
            exactness=fresh.exactness,
            e_missing=round_up(round_up(stretch * before.e_missing) + fresh.e_missing),
            e_extra=round_up(round_up(stretch * before.e_extra) + fresh.e_extra),
        )
        found, slack = measured_distance(before, after), _slack(before, after)
        moved, to_limit = math.inf if self.blocks is None else self._moved(blocks, before), self._to_limit(after)
        self.moved.append(moved)
        self.to_limit += to_limit
        self.gaps.append(Bracket(max(0.0, found.lower - slack), round_up(found.upper + slack)))
        self.sets.append(after)
        return True

    def _modulo(self, blocks: Blocks) -> Blocks:
        return blocks if self.kept is None else modulo(blocks, self.kept, call=self.call)

    def _to_limit(self, X: MatrixPolytope) -> list[Bracket]:
        return [] if self.limit is None else [_gap_to(X, self.limit)]

    def _moved(self, blocks: Blocks, X: MatrixPolytope) -> float:
        assert self.blocks is not None
        theirs, ours = (MatrixPolytope(np.concatenate([b.A, b.B], axis=2)) for b in (blocks, self.blocks))
        reach = round_up(X.radius + X.e_missing)
        moved = round_up(measured_gap(theirs, ours).upper + self.apart)
        return round_up(moved * round_up(math.hypot(reach, 1.0) * (1.0 + 1e-15)))

    def result(self, status: TrajectoryStatus) -> DrivenTrajectory:
        sets = tuple(self.sets[: len(self.gaps) + 1])
        if self.limit is None or self.decay is None:
            return DrivenTrajectory(None, sets, tuple(self.gaps), (), (), None, (), status, None)
        limit, decay = self.limit, self.decay
        to_limit = tuple(self.to_limit[: len(sets)])
        moved = np.array(self.moved)
        weights = np.array([decay.at(t) for t in range(len(sets))])
        bounds = []
        for t in range(len(sets)):
            total = float((weights[:t][::-1] * moved[:t]).sum()) * (1.0 + (t + 4) * 2.0**-52)
            bounds.append(round_up(round_up(float(weights[t]) * to_limit[0].upper) + round_up(total)))
        rho = min(1.0, decay.rate ** (1.0 / len(decay.norms)))
        rate = tuple(to_limit[0].upper * rho ** (t / 2.0) for t in range(len(sets)))
        return DrivenTrajectory(
            None, sets, tuple(self.gaps), to_limit, tuple(bounds), limit, rate, status, decay, quotient=self.kept
        )


def _limit_hull(limit: Blocks, seconds: float | None) -> FixedSet:
    family = np.concatenate([limit.A, limit.B], axis=2)
    return fixed_set(family, representation="hull", time_limit=seconds)


def _widened(limit: MatrixPolytope, apart: float, decay: Decay) -> MatrixPolytope:
    """conv fix(𝒥̄) where 𝒥̄ is so far apart: X̄ − X = Ā(X̄ − X) + [ΔA ΔB][X; I]."""
    if apart == 0.0:
        return limit
    reach = math.hypot(round_up(limit.radius + limit.e_missing), 1.0) * (1.0 + 1e-14)
    off = distance_to_fixed(decay, round_up(apart * reach), later=0)
    return MatrixPolytope(
        limit.vertices,
        exactness=limit.exactness,
        e_missing=round_up(limit.e_missing + off),
        e_extra=round_up(limit.e_extra + off),
    )


def _gap_to(X: MatrixPolytope, limit: MatrixPolytope) -> Bracket:
    found = measured_gap(X, limit)
    upper = round_up(found.upper + round_up(X.e_missing + limit.e_extra))
    return Bracket(max(0.0, found.lower - round_up(round_up(X.e_extra + limit.e_missing))), upper)


def _slack(before: MatrixPolytope, after: MatrixPolytope) -> float:
    return round_up(max(before.e_missing, before.e_extra) + max(after.e_missing, after.e_extra))
