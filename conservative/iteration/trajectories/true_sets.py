"""The true iterates 𝒳_{t+1} = 𝒥(𝒳_t), which need not be convex: regions in the plane, unions of cells elsewhere."""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from conservative._core.checks import as_count, as_matrices, as_positive
from conservative._core.deadlines import deadline_after, seconds_left
from conservative._core.errors import ArgumentError, BudgetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import spectral_norm_bounds
from conservative._core.numbers import Bracket, round_up
from conservative._core.printable import shown
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.choose_norm import adapted_decay, expanding_word
from conservative.iteration.bounds.decay import Decay
from conservative.iteration.image.ball_cover import Clouds
from conservative.iteration.image.planar_image import OVERLAY, finite_image, outer_image, part_spread, plane_maps
from conservative.iteration.image.true_image import set_image
from conservative.iteration.jacobian_blocks import LARGEST, Blocks, check_size, read_blocks
from conservative.iteration.trajectories.trajectory import SetTrajectory, StepBound, TrajectoryStatus, contracted
from conservative.matrix_sets import CellUnion, FiniteSet, MatrixPolytope, MatrixSet, PlanarRegion
from conservative.matrix_sets.distance.gaps import measured_distance
from conservative.matrix_sets.interrupts import searching_until
from conservative.matrix_sets.operations.as_cells import as_cells

_MOST_PIECES = 20_000
"""Pieces into which the boundary of a region is divided at most; the errors say what fewer cost."""

_FEW_CELLS = 40
"""Cells that are kept as they are; more are slow to measure."""

_FEW_POINTS = 50_000
"""The same for the points of finite families."""

_STEPS = 10

_MOST_STEPS = 1000

_SHARES = {1: 1e-3, 2: 1e-3, 3: 5e-2, 4: 1e-1}
"""Error of one step that is allowed by default, as a share of the first sets' size, for each p·m; beyond, 1/5."""

_FINITE_SHARE = 1e-2
"""The same for finite families, whose sets are thin."""

_LOOSE = 0.5
"""Width of a gap in many dimensions, in errors of a step: a narrower one costs more than the step itself."""


def iterate_true(
    J: Any,
    initial: Any,
    *,
    steps: int | None = None,
    tol: float | None = None,
    step_tol: float | None = None,
    representation: str = "auto",
    norm: ArrayLike | None = None,
    time_limit: float | None = None,
) -> SetTrajectory:
    """Iterate 𝒳_{t+1} = 𝒥(𝒳_t) without taking hulls.

    Parameters
    ----------
    J : JacobianSet, MatrixPolytope, FiniteSet or array_like of shape (k, p, p + m)
        Blocks [A_i B_i]; a `FiniteSet` stands for the finite family, everything else for the hull.
    initial : MatrixSet or array_like of shape (n, p, m)
        The set X_0; an array stands for the hull of its matrices.
    steps : int, optional
        Number of steps; 10 if `tol` is not given either, or if nothing is proved to contract, so that a family that
        expands ends with the word that proves it.
    tol : float, optional
        Absolute: stop when the proved distance to fix(𝒥) is at most this.
    step_tol : float, optional
        Error allowed in each step; by default 1e-3 times the size of the first two sets, or what `tol` leaves; in
        more than two dimensions, where cost grows with the power p·m, 1/20 (3), 1/10 (4) or 1/5 of it, for finite
        families 1/100.
    representation : {"auto", "region", "cells"}
        ``"region"`` needs p·m = 2, where it is the default, unless finitely many maps move points. ``"cells"`` works in
        any dimension: points, convex cells, and balls around points of the iterates where these would be many. The
        iteration ends with CELL_LIMIT where there would be too many.
    norm : optional
        As in `iterate_set`.
    time_limit : float, optional
        Seconds; None, the default, is no limit. A step that is not done by then is dropped.

    Returns
    -------
    SetTrajectory
        With `PlanarRegion`, `CellUnion` or `FiniteSet` as sets, all outer; `gaps` and `bounds` speak of the true sets
        and of fix(𝒥) itself, not of hulls. The errors of regions contain 1e-11 of their size for each union that
        shapely makes, ten times what it snaps by; all else is measured or enclosed.

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Examples
    --------
    Two steps lead from any point to the bow tie |y| ≤ |x| ≤ 1, of area 2:

    >>> tie = [[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]]
    >>> run = iterate_true(tie, [[[3.0], [7.0]]], steps=2)
    >>> run.sets[2].to_shapely().area < 2.1, run.bounds[2].e_extra < 0.1
    (True, True)
    """
    if steps is not None:
        steps = as_count(steps, call="iterate_true", argument="steps")
    for name, value in (("tol", tol), ("step_tol", step_tol)):
        if value is not None:
            as_positive(value, call="iterate_true", argument=name)
    deadline = deadline_after(time_limit, call="iterate_true")
    blocks = read_blocks(J, call="iterate_true")
    p, m = blocks.B.shape[1:]
    if (
        not isinstance(representation, str)
        or representation not in ("auto", "region", "cells")
        or (representation == "region" and p * m != 2)
    ):
        raise ArgumentError(
            '`iterate_true(representation=...)` needs "auto", "cells", or "region" with p·m = 2; got '
            f"{shown(representation)} with p·m = {p * m}."
        )
    start: MatrixSet = initial if isinstance(initial, MatrixSet) else as_polytope(initial)
    if start.shape != (p, m):
        raise ShapeError(f"`iterate_true(initial=...)` needs {p} × {m} matrices; got {start.shape}.")
    points = not blocks.convex and (isinstance(start, FiniteSet) or len(start.extreme) == 1)
    planar = representation == "region" or (representation == "auto" and p * m == 2 and not points)
    check_size(_size(blocks, start), call="iterate_true(J=..., initial=...)", least=1.0 / LARGEST)
    if planar and not isinstance(start, PlanarRegion):
        start = PlanarRegion(start.to_shapely(), (p, m), start.exactness, start.e_missing, start.e_extra)
    decay = adapted_decay(blocks.A, norm=norm, deadline=time.monotonic() + 0.5 * seconds_left(deadline))
    if step_tol is None:
        share = _SHARES.get(p * m, 0.2)
        step_tol = (share if blocks.convex else min(share, _FINITE_SHARE)) * (_size(blocks, start) or 1.0)
        step_tol = min(step_tol, tol / (4.0 * decay.tail(0))) if tol is not None and decay.contracts else step_tol
    step_tol = min(float(step_tol), max(_size(blocks, start), 1e-300))
    limit = steps if steps is not None else (_MOST_STEPS if tol is not None and decay.contracts else _STEPS)
    return _iterated(blocks, start, decay, Aim(limit, tol, step_tol, deadline))


@dataclass(frozen=True, slots=True)
class Aim:
    """How long to iterate, and how carefully.

    `tol`: absolute: distance to fix(𝒥) at which to stop. `step_tol`: error allowed in each step. `deadline`: on the
    clock of `time.monotonic`; no step is begun after it.
    """

    steps: int
    tol: float | None
    step_tol: float
    deadline: float


def as_polytope(initial: Any) -> MatrixPolytope:
    """The hull of an array of matrices. Shapes: `initial` (n, p, m)."""
    return MatrixPolytope(as_matrices(initial, call="iterate_true", argument="initial"))


def _iterated(blocks: Blocks, start: MatrixSet, decay: Decay, aim: Aim) -> SetTrajectory:
    sets: list[MatrixSet] = [start]
    gaps: list[Bracket] = []
    clouds, planar = Clouds(blocks), isinstance(start, PlanarRegion)
    status = TrajectoryStatus.STEPS_DONE if aim.tol is None else TrajectoryStatus.STEP_LIMIT
    try:
        begun = [time.monotonic()]
        while len(gaps) < aim.steps:
            if _too_late(begun, aim.deadline, most=1.0 if blocks.convex else float(len(blocks.A))):
                status = TrajectoryStatus.TIME_LIMIT
                break
            after = _planar_step(blocks, sets[-1], aim) if planar else _cell_step(clouds, sets[-1], aim)
            share = 0.1 if after.shape[0] * after.shape[1] <= 2 else _LOOSE
            with searching_until(aim.deadline):
                measured = _between(sets[-1], after, share * max(aim.step_tol, after.e_extra))
            gaps.append(contracted(measured, gaps, decay))
            sets.append(after)
            begun.append(time.monotonic())
            if aim.tol is not None and _bound(decay, len(gaps), gaps, after).best <= aim.tol:
                status = TrajectoryStatus.TOLERANCE_REACHED
                break
    except KeyboardInterrupt:
        status = TrajectoryStatus.INTERRUPTED
    except BudgetError:
        late = time.monotonic() > aim.deadline
        status = TrajectoryStatus.TIME_LIMIT if late else TrajectoryStatus.CELL_LIMIT
    if not decay.contracts and status in (TrajectoryStatus.STEPS_DONE, TrajectoryStatus.STEP_LIMIT):
        status = TrajectoryStatus.NO_CONTRACTION
    count = min(len(gaps) + 1, len(sets))
    bounds = tuple(_bound(decay, t, gaps, sets[t]) for t in range(count))
    expanding = None if decay.contracts else expanding_word(blocks.A)
    kept = tuple(sets[:count])
    return SetTrajectory(kept, tuple(gaps[: count - 1]), bounds, status, decay, expanding)  # type: ignore[arg-type]


def _too_late(begun: list[float], deadline: float, *, most: float) -> bool:
    """Whether the next step, growing as the last ones did, or by `most` at least, would end long after the deadline."""
    if len(begun) < 3:
        return time.monotonic() > deadline
    before, last = np.diff(begun[-3:]).tolist()
    return begun[-1] + 0.5 * last * max(most, last / max(before, 1e-3)) > deadline


def _size(blocks: Blocks, start: MatrixSet) -> float:
    return float(np.abs(blocks.A).max()) * start.radius + float(np.abs(blocks.B).max()) + start.radius


def _bound(decay: Decay, t: int, gaps: list[Bracket], stored: MatrixSet) -> StepBound:
    slack = max(stored.e_missing, stored.e_extra)
    first = gaps[0].upper if gaps else math.inf
    a_priori = distance_to_fixed(decay, first, later=t, carried=slack)
    a_posteriori = distance_to_fixed(decay, gaps[t - 1].upper, later=1, carried=slack) if t else a_priori
    return StepBound(a_priori, a_posteriori, stored.e_missing, stored.e_extra)


def _without_margin(S: MatrixSet) -> tuple[MatrixSet, float]:
    """Points or cells without their balls, and their distance from the true set."""
    if not isinstance(S, CellUnion) or S.margin == 0.0:
        return S, max(S.e_missing, S.e_extra)
    core = FiniteSet(S.cells[:, 0]) if S.cells.shape[1] == 1 else S.core
    return core, max(round_up(S.margin + S.e_missing), S.e_extra)


def _between(X: MatrixSet, Y: MatrixSet, tol: float) -> Bracket:
    """Distance of the true sets, from that of the stored ones."""
    (ours, near), (theirs, far) = _without_margin(X), _without_margin(Y)
    slack = round_up(near + far)
    stored = measured_distance(ours, theirs, tol=tol)
    return Bracket(max(0.0, stored.lower - round_up(slack)), round_up(stored.upper + slack))


def _cell_step(clouds: Clouds, X: MatrixSet, aim: Aim) -> MatrixSet:
    """Cells while they are few; where maps multiply them, balls around points, whose number stays."""
    blocks = clouds.blocks
    matrices = np.concatenate([blocks.A, blocks.B], axis=2)
    family = MatrixPolytope(matrices) if blocks.convex else FiniteSet(matrices)
    if len(blocks.A) == 1 or (blocks.convex and X.shape[0] * X.shape[1] <= 2):
        return set_image(family, X, tol=aim.step_tol)
    union = as_cells(X)
    points = not blocks.convex and union.cells.shape[1] == 1
    if union.margin == 0.0:
        try:
            return set_image(family, X, tol=aim.step_tol, max_cells=_FEW_POINTS if points else _FEW_CELLS)
        except BudgetError:
            pass
    return clouds.image(union, tol=aim.step_tol, deadline=aim.deadline)


def _planar_step(blocks: Blocks, X: MatrixSet, aim: Aim) -> PlanarRegion:
    tol = aim.step_tol
    L, b = plane_maps(blocks)
    stretch = float(spectral_norm_bounds(blocks.A)[1].max())
    size = float(np.abs(L).sum(axis=(1, 2)).max()) * X.radius + float(np.abs(b).sum(axis=1).max())
    rounding = OVERLAY * size
    region = X.to_shapely()
    if size == 0.0:  # 𝒥 leads to 0
        import shapely

        missing, extra = round_up(stretch * X.e_missing), round_up(stretch * X.e_extra)
        return PlanarRegion(shapely.Point(0.0, 0.0), X.shape, X.exactness, missing, extra)
    if blocks.convex and len(L) > 1:
        spread = part_spread(L)
        step = max(min(0.5 * tol / spread, size) if spread > 0.0 else size, region.length / _MOST_PIECES)
        image, error = outer_image(region, L, b, step=step, slack=max(0.2 * tol, 10.0 * rounding))
        exactness = Exactness.OUTER
    else:
        image, error = finite_image(region, L, b, slack=max(0.3 * tol, 10.0 * rounding))
        exactness = X.exactness if error == 0.0 else Exactness.OUTER
    return PlanarRegion(
        image,
        X.shape,
        exactness=exactness,
        e_missing=round_up(round_up(stretch * X.e_missing) + rounding),
        e_extra=round_up(round_up(stretch * X.e_extra) + round_up(error + rounding)),
    )
