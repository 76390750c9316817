"""`iterate_set`: 𝒳_{t+1} = 𝒥(𝒳_t), as hulls, with the distance to the limit bounded at every step."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_positive
from conservative._core.deadlines import NEVER, deadline_after, is_over, seconds_left
from conservative._core.numbers import Bracket, round_up
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.choose_norm import adapted_decay, expanding_word
from conservative.iteration.bounds.decay import Decay
from conservative.iteration.jacobian_blocks import Blocks, read_blocks, read_initial
from conservative.iteration.trajectories.support_words import Words, supports_of_last
from conservative.iteration.trajectories.templates import centred
from conservative.iteration.trajectories.thinning import Thinning, read_representation
from conservative.iteration.trajectories.trajectory import (
    MOST_STEPS,
    SetTrajectory,
    StepBound,
    TrajectoryStatus,
    contracted,
)
from conservative.iteration.trajectories.true_sets import iterate_true
from conservative.matrix_sets import MatrixPolytope, simplify
from conservative.matrix_sets.distance.gaps import measured_gap
from conservative.matrix_sets.interrupts import searching_until
from conservative.matrix_sets.operations.images_and_hulls import affine_images

_DEFAULT_STEPS = 20

_ASSURED = 20
"""Steps of planar hulls that are made whatever the clock says: they cost milliseconds."""

_THINNED = 1e-11
"""Carried errors of this share of the size are more than rounding."""

_LARGEST = 1e140
"""Entries beyond this end the loop: their squares would leave the doubles' range."""


def iterate_set(
    J: Any,
    initial: Any,
    *,
    steps: int | None = None,
    tol: float | None = None,
    representation: str | Thinning = "auto",
    norm: ArrayLike | None = None,
    max_vertices: int | None = None,
    time_limit: float | None = None,
) -> SetTrajectory:
    """Iterate X_{t+1} = conv 𝒥(X_t) = conv ∪_i (A_i X_t + B_i) from a compact set of matrices.

    Parameters
    ----------
    J : JacobianSet, MatrixPolytope, FiniteSet or array_like of shape (k, p, p + m)
        Blocks [A_i B_i]. The hull of the image is the same for the finite family and for its hull.
    initial : MatrixSet or array_like of shape (n, p, m)
        The set X_0; for one matrix X pass ``[X]``.
    steps : int, optional
        Number of steps; 20 if `tol` is not given either. Fewer are made, without `tol`, where all that are left are
        proved to change less than the rounding carried so far.
    tol : float, optional
        Absolute: stop when the proved distance to conv fix(𝒥) is at most this.
    representation : {"auto", "hull", "thinned", "region", "cells"} or Thinning
        ``"hull"`` keeps every vertex that is not redundant to rounding; ``"thinned"`` keeps at most 150, as an inner
        hull with the missing distance measured; ``Thinning(epsilon=...)`` as many as it takes to miss at most ε.
        ``"auto"`` takes hulls when p·m ≤ 3. ``"region"`` (p·m = 2) and ``"cells"`` take no hulls: see `iterate_true`.
    norm : array_like, shape (p, p), optional
        A positive definite P whose norm √(xᵀPx) contracts, for families with ‖A‖₂ ≥ 1; one is looked for if several
        steps do not contract either.
    max_vertices : int, optional
        Most vertices kept, instead of the representation's own limit.
    time_limit : float, optional
        Seconds; None, the default, is no limit. A step that is not done by then is dropped, but the first
        20 of planar hulls (p·m ≤ 2). Half of it may be spent on the bounds; what is not bounded by then is iterated
        without.

    Returns
    -------
    SetTrajectory

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Notes
    -----
    With c_s bounding the norms of products of length s (see `Decay`), an error ε made at step r weighs at most
    c_{t−r} ε at step t; thinning and rounding errors are carried so, the missing and the extra apart. Every norm,
    distance and sum is rounded up. If the Euclidean norm does not contract in one step, products of several steps are
    tried. A keyboard interrupt returns the steps made.

    Examples
    --------
    >>> run = iterate_set([[[0.5, 1.0]], [[0.5, 0.0]]], [[[0.0]]], tol=1e-6)
    >>> run.status.name, round(float(run.sets[-1].support([[1.0]])), 5)
    ('TOLERANCE_REACHED', 2.0)
    """
    limit = _step_limit(steps, tol)
    if isinstance(representation, str) and representation in ("region", "cells"):
        return iterate_true(
            J, initial, steps=steps, tol=tol, representation=str(representation), norm=norm, time_limit=time_limit
        )
    deadline = deadline_after(time_limit, call="iterate_set")
    blocks = read_blocks(J, call="iterate_set")
    start = read_initial(initial, blocks, call="iterate_set")
    thinning = read_representation(representation, max_vertices, start.shape, call="iterate_set")
    half = time.monotonic() + 0.5 * seconds_left(deadline)
    decay = adapted_decay(blocks.A, norm=norm, deadline=half)
    if tol is not None and not decay.contracts:
        limit = min(limit, steps or _DEFAULT_STEPS)
    run = _Run(blocks, decay, thinning.max_vertices, thinning.step_loss(decay))
    status = None
    try:
        run.begin(start)
        assured = min(limit, _ASSURED) if blocks.B[0].size <= 2 else 0
        while status is None and len(run.gaps) < limit and (len(run.gaps) < assured or not is_over(deadline)):
            with searching_until(NEVER if len(run.gaps) < assured else deadline):
                status = run.step(tol)
        if status is None and is_over(deadline) and len(run.gaps) < limit:
            status = TrajectoryStatus.TIME_LIMIT
            if len(run.gaps) > assured:
                run.drop_last()  # its searches may have ended early
    except KeyboardInterrupt:
        if not run.sets:
            raise
        status = TrajectoryStatus.INTERRUPTED
    run.close_first()
    if status is None:
        reached_all = steps is not None or tol is None
        status = TrajectoryStatus.STEPS_DONE if reached_all else TrajectoryStatus.STEP_LIMIT
        status = status if decay.contracts else TrajectoryStatus.NO_CONTRACTION
    count = len(run.bounds)
    sets, gaps = tuple(run.sets[:count]), tuple(run.gaps[: max(count - 1, 0)])
    expanding = None if decay.contracts else expanding_word(blocks.A)
    return SetTrajectory(sets, gaps, tuple(run.bounds), status, decay, expanding)


def _step_limit(steps: int | None, tol: float | None) -> int:
    if tol is not None:
        as_positive(tol, call="iterate_set", argument="tol")
    if steps is not None:
        return as_count(steps, call="iterate_set", argument="steps")
    return _DEFAULT_STEPS if tol is None else MOST_STEPS


@dataclass(slots=True)
class _Run:
    """The sets so far; a step either completes all its records or, when interrupted, none that is kept."""

    blocks: Blocks
    decay: Decay
    cap: int
    close: float | None = None
    sets: list[MatrixPolytope] = field(default_factory=list)
    gaps: list[Bracket] = field(default_factory=list)
    bounds: list[StepBound] = field(default_factory=list)
    missing: list[float] = field(default_factory=list)
    extra: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    words: Words | None = None
    telling: list[NDArray[np.float64]] = field(default_factory=list)

    def begin(self, start: MatrixPolytope) -> None:
        """Record X_0; its bound waits for the first step."""
        self._keep(simplify(start, tol=self.close, max_vertices=self.cap))

    def _keep(self, fresh: MatrixPolytope) -> MatrixPolytope:
        """Store a set whose errors are those of its own step, carrying the errors of all steps before."""
        self.missing.append(fresh.e_missing)
        self.extra.append(fresh.e_extra)
        self.weights.append(self.decay.at(len(self.weights)))
        stored = MatrixPolytope(
            fresh.vertices,
            exactness=fresh.exactness,
            e_missing=_carried(self.weights, self.missing),
            e_extra=_carried(self.weights, self.extra),
        )
        self.sets.append(stored)
        return stored

    def step(self, tol: float | None) -> TrajectoryStatus | None:
        """Make one step; a status if it is the last."""
        before = self.sets[-1]
        fresh = hull_step(self.blocks, before, cap=self.cap, close=self.close)
        if fresh is None:
            self.close_first()
            return TrajectoryStatus.OVERFLOW
        after = self._keep(fresh)
        forward, backward = measured_gap(before, after), measured_gap(after, before)
        stored = max(forward.upper, backward.upper)
        slack_before, slack_after = max(before.e_missing, before.e_extra), max(after.e_missing, after.e_extra)
        slack = round_up(slack_before + slack_after)
        lower = max(forward.lower, backward.lower)
        measured = Bracket(max(0.0, lower - round_up(slack)), round_up(stored + slack))
        thinned = slack > _THINNED * after.radius
        if thinned and self.decay.contracts:
            apart = max(measured.lower, self._apart(before, after))
            measured = Bracket(min(apart, measured.upper), measured.upper)
        self.gaps.append(contracted(measured, self.gaps, self.decay) if thinned else measured)
        if len(self.bounds) == 0:
            self.close_first()
        first, last = self.gaps[0].upper, self.gaps[-1].upper
        ahead = distance_to_fixed(self.decay, first, later=len(self.gaps))
        a_priori = distance_to_fixed(self.decay, first, later=len(self.gaps), carried=slack_after)
        a_posteriori = distance_to_fixed(self.decay, last, later=1, carried=slack_after)
        self.bounds.append(StepBound(a_priori, a_posteriori, after.e_missing, after.e_extra))
        if not self.decay.contracts:
            return None
        if tol is None:  # all steps to come change less than the errors that this set has already
            at_rest = not thinned and max(stored, ahead) <= slack_after
            return TrajectoryStatus.ROUNDING_LIMIT if at_rest else None
        if self.bounds[-1].best <= tol:
            return TrajectoryStatus.TOLERANCE_REACHED
        at_rest = stored <= slack and slack_after >= 0.5 * slack_before
        if at_rest and distance_to_fixed(self.decay, slack, later=0) > tol:
            return TrajectoryStatus.ROUNDING_LIMIT
        return None

    def _apart(self, before: MatrixPolytope, after: MatrixPolytope) -> float:
        """A lower bound of the distance of the last two exact hulls: the largest difference of their support functions.

        Earlier sets tell these with less error. Tried are the directions in which the stored hulls differ, and what was
        best a step before: below the errors of thinning the stored hulls know none.
        """
        if self.words is None:
            self.words = centred(self.blocks, self.sets[0], self.decay)
        directions = np.stack([_towards(before, after), _towards(after, before), *self.telling])
        one, two = (supports_of_last(self.words, sets, directions) for sets in (self.sets[:-1], self.sets))
        differences = np.maximum(one[0] - two[1], two[0] - one[1])
        self.telling = [directions[int(differences.argmax())]]
        return float(np.nextafter(differences - 1e-15 * np.abs(differences), -np.inf).max())

    def drop_last(self) -> None:
        """Forget the last step."""
        if len(self.bounds) > 1:
            self.bounds.pop()

    def close_first(self) -> None:
        """The bound of X_0, once the first step is known."""
        if self.bounds:
            return
        start = self.sets[0]
        first = self.gaps[0].upper if self.gaps else math.inf
        bound = distance_to_fixed(self.decay, first, later=0, carried=max(start.e_missing, start.e_extra))
        self.bounds.append(StepBound(bound, bound, start.e_missing, start.e_extra))


def hull_step(blocks: Blocks, X: MatrixPolytope, *, cap: int, close: float | None = None) -> MatrixPolytope | None:
    """conv ∪_i (A_i X + B_i) with redundant vertices removed, and the errors of this step alone.

    `close`: distance that may be lost; by default vertices are left out that are redundant to rounding.
    """
    images, rounding = affine_images(X.vertices, blocks.A, blocks.B)
    images = images.reshape(-1, *X.shape)
    if not np.isfinite(images).all() or np.abs(images).max() > _LARGEST:
        return None
    return simplify(MatrixPolytope(images, e_missing=rounding, e_extra=rounding), tol=close, max_vertices=cap)


def _towards(X: MatrixPolytope, Y: MatrixPolytope) -> NDArray[np.float64]:
    """The direction, of norm just below one, from Y to the vertex of X that is farthest from it."""
    found = Y.project(X.vertices)
    worst = int(found.lower.argmax())
    away = np.asarray(X.vertices[worst] - found.nearest[worst])
    size = float(np.linalg.norm(away))
    return away * ((1.0 - 1e-12) / size) if size > 1e-290 else np.zeros_like(away)


def _carried(weights: list[float], errors: list[float]) -> float:
    """Σ_s c_{t−s} ε_s, rounded up."""
    terms: NDArray[np.float64] = np.asarray(weights[::-1]) * np.asarray(errors)
    if not np.isfinite(terms).all():
        return math.inf
    total = float(terms.sum())
    return 0.0 if total == 0.0 else round_up(total * (1.0 + (len(errors) + 4) * 2.0**-52))
