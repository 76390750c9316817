"""Set iteration in many dimensions by templates: the support function in chosen directions, between proved bounds.

The hull of 𝒥(X) has support h₊(V) = max_i h(A_iᵀV) + ⟨B_i, V⟩, so h_t(U) is a maximum over words of length t, and each
word leads to a direction A_wᵀU that shrinks. Words are extended together; one is given up as soon as another is certain
to beat it whatever follows, or when what follows matters less than the tolerance.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_matrices, as_positive
from conservative._core.deadlines import deadline_after
from conservative._core.errors import ArgumentError, EmptySetError, ShapeError
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.result_lines import count, result_line
from conservative.iteration.bounds.choose_norm import contracting_decay
from conservative.iteration.bounds.decay import Decay
from conservative.iteration.jacobian_blocks import Blocks, read_blocks, read_initial
from conservative.iteration.trajectories.support_words import End, Limits, Supports, Words, extend
from conservative.matrix_sets import MatrixPolytope, TemplateHull

Floats = NDArray[np.float64]

_STEPS = 20
_MOST_REACH = 1e300
_TOGETHER = 64
"""Directions whose words are extended together."""


class TemplateStatus(Enum):
    """What was reached; the value is the sentence a report prints."""

    TOLERANCE_REACHED = "every support value is known within `tol`"
    BUDGET = (
        "there were more than `max_words` words to extend; the bounds are valid, raise `max_words` for narrower ones"
    )
    ROUNDING_LIMIT = "`tol` is below what rounding allows; the bounds are valid, raise `tol`"
    TIME_LIMIT = "the time limit ended the search of words; the bounds are valid, raise `time_limit` for narrower ones"
    INTERRUPTED = "interrupted from the keyboard; the bounds found until then are valid"


@dataclass(frozen=True, slots=True, eq=False)
class TemplateTrajectory:
    """Support values of conv X_0, ..., conv X_T and of conv fix(𝒥) in the directions of a template.

    Parameters
    ----------
    directions : ndarray, shape (k, p, m)
    lower, upper : ndarray, shape (T + 1, k)
        Proved bounds of h(U_j) for each set: the upper ones describe outer hulls, the lower ones are reached by points.
    limit_lower, limit_upper : ndarray, shape (k,)
        The same for conv fix(𝒥), and for every X_t from the longest word on.
    radius : float
        Every matrix of every set is at most this far from `centre`.
    centre : ndarray, shape (p, m)
    status : TemplateStatus
    decay : Decay
    """

    directions: Floats = field(repr=False)
    lower: Floats = field(repr=False)
    upper: Floats = field(repr=False)
    limit_lower: Floats = field(repr=False)
    limit_upper: Floats = field(repr=False)
    radius: float
    centre: Floats = field(repr=False)
    status: TemplateStatus
    decay: Decay = field(repr=False)

    def __repr__(self) -> str:
        return result_line(
            self,
            count(self.steps, "step"),
            count(len(self.directions), "direction"),
            f"radius={self.radius}",
            self.status.name,
        )

    @property
    def steps(self) -> int:
        """Number T of steps made."""
        return len(self.upper) - 1

    @property
    def widths(self) -> Floats:
        """The largest width of a support bracket at every step, shape (T + 1,)."""
        return np.asarray((self.upper - self.lower).max(axis=1))

    @property
    def limit(self) -> TemplateHull:
        """An outer hull of fix(𝒥)."""
        return self._outer(self.limit_upper)

    def outer(self, step: int) -> TemplateHull:
        """An outer hull of X_t.

        Parameters
        ----------
        step : int
            From 0 to T.

        Returns
        -------
        TemplateHull
            Its heights are raised by 1e-12 of the radius, or 1e-6 where it is so flat that no inner point is found.
        """
        return self._outer(self.upper[step])

    def _outer(self, heights: Floats) -> TemplateHull:
        size = frobenius_bounds(self.directions)[1]
        room = size * max(self.radius, 1e-280)
        try:
            return TemplateHull(self.directions, heights + 1e-12 * room)
        except EmptySetError:
            return TemplateHull(self.directions, heights + 1e-6 * room)


def iterate_templates(
    J: Any,
    initial: Any,
    *,
    directions: ArrayLike | None = None,
    steps: int = _STEPS,
    tol: float | None = None,
    norm: ArrayLike | None = None,
    max_words: int = 200_000,
    time_limit: float | None = None,
) -> TemplateTrajectory:
    """Support values of X_{t+1} = conv 𝒥(X_t) and of the limit, in any number of dimensions.

    Experimental: nothing else in the package relies on it, and a release may change it.

    Parameters
    ----------
    J : JacobianSet, MatrixPolytope, FiniteSet or array_like of shape (k, p, p + m)
        Blocks [A_i B_i], contracting in some norm.
    initial : MatrixSet or array_like of shape (n, p, m)
        The set X_0.
    directions : array_like, shape (k, p, m), optional
        By default ± every entry and ± every row of two rotations, 6·p·m in all, so that the outer hulls are bounded.
    steps : int
        Number of steps.
    tol : float, optional
        Absolute: width of a support bracket that is good enough, for directions of norm 1. By default 1e-3 times the
        radius.
    norm : array_like, shape (p, p), optional
        A positive definite P whose norm contracts; one is looked for where it is needed.
    max_words : int
        Most words of one length kept for 64 directions together.
    time_limit : float, optional
        Seconds; None, the default, is no limit. No longer words are begun after it; every direction gets
        valid bounds.

    Returns
    -------
    TemplateTrajectory

    Raises
    ------
    ExpansionError, BudgetError
        If a word expands (the message names it), or nothing is proved to contract.
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError, ArgumentError

    Notes
    -----
    With all sets within R of the centre c, a word w with direction V = A_wᵀU and sum a = Σ⟨B_{w_s}, ·⟩ reaches a value
    in [a − R‖V‖, a + R‖V‖] whatever follows. A word whose upper end is below another's lower end (of the same U) cannot
    matter; one whose upper end exceeds it by less than `tol`, or with 2R‖V‖ ≤ `tol`, is closed and its ends are kept.
    The directions of all words and the ball of radius R make an absorbing set: at an open word h₊(V) is the largest
    value of the words that extend it, at a closed one 𝒥 stays in the ball. Rounding of A_iᵀV, of the sums and of the
    centring is bounded word by word, and added to both ends.

    Examples
    --------
    >>> run = iterate_templates([[[0.5, 1.0]], [[0.5, 0.0]]], [[[0.0]]], directions=[[[1.0]], [[-1.0]]], tol=1e-6)
    >>> bool(run.limit_lower[0] <= 2.0 <= run.limit_upper[0]), run.status.name
    (True, 'TOLERANCE_REACHED')
    """
    deadline = deadline_after(time_limit, call="iterate_templates")
    blocks = read_blocks(J, call="iterate_templates")
    start = read_initial(initial, blocks, call="iterate_templates")
    _check_numbers(steps, tol, max_words)
    template = _directions(directions, start.shape)
    decay = contracting_decay(blocks.A, norm=norm, call="iterate_templates(J=...)")
    words = centred(blocks, start, decay)
    _check_reach(words, template)
    allowed = frobenius_bounds(template)[1] * (1e-3 * words.radius if tol is None else tol) + 1e-300
    parts, status = [], TemplateStatus.TOLERANCE_REACHED
    try:
        for first in range(0, len(template), _TOGETHER):
            chosen = slice(first, first + _TOGETHER)
            limits = Limits(int(steps), max_words, deadline)
            parts.append(extend(words, template[chosen], allowed[chosen], limits))
    except KeyboardInterrupt:
        if not parts:
            raise
        status = TemplateStatus.INTERRUPTED
    done = template[: sum(part.upper.shape[1] for part in parts)]
    lower, upper = _shifted(words, done, parts)
    if status is TemplateStatus.TOLERANCE_REACHED and not (upper - lower <= allowed).all():
        ends = {part.end for part in parts}
        late = TemplateStatus.TIME_LIMIT if End.TIME in ends else TemplateStatus.ROUNDING_LIMIT
        status = TemplateStatus.BUDGET if End.WORDS in ends else late
    return TemplateTrajectory(
        done, lower[:-1], upper[:-1], lower[-1], upper[-1], words.radius, words.centre, status, decay
    )


def _check_reach(words: Words, template: Floats) -> None:
    """Refuse sets and directions whose support values, or sums of a few of them, are no doubles."""
    size = float(frobenius_bounds(template)[1].max())
    reach = (words.radius + float(frobenius_bounds(words.centre)[1])) * max(size, 1.0)
    if not reach <= _MOST_REACH:
        raise ArgumentError(
            "`iterate_templates(J=..., initial=..., directions=...)` needs support values of at most "
            f"{_MOST_REACH:.0e}; got sets and directions that lead to {reach:.3g}. Divide B and `initial`, or the "
            "directions, by a power of two: all support values are divided by it."
        )


def _shifted(words: Words, done: Floats, parts: list[Supports]) -> tuple[Floats, Floats]:
    """The bounds in the coordinates of X: ⟨U, centre⟩ added, rounded outward."""
    lower, upper = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("lower", "upper"))
    shift = np.einsum("kpm,pm->k", done, words.centre)
    size = frobenius_bounds(done)[1] * frobenius_bounds(words.centre)[1]
    rounding = (words.centre.size + 8) * UNIT_ROUNDOFF * 1.02 * size
    lower = np.nextafter(lower + shift - rounding - _last(lower, shift), -np.inf)
    return lower, np.nextafter(upper + shift + rounding + _last(upper, shift), np.inf)


def _last(values: Floats, shift: Floats) -> Floats:
    """The rounding of three sums."""
    return 4.0 * UNIT_ROUNDOFF * (np.abs(values) + np.abs(shift)) + 1e-300


def _check_numbers(steps: int, tol: float | None, max_words: int) -> None:
    call = "iterate_templates"
    as_count(steps, call=call, argument="steps")
    if tol is not None:
        as_positive(tol, call=call, argument="tol", noun="width")
    if as_count(max_words, call=call, argument="max_words") < _TOGETHER:
        raise ArgumentError(f"`{call}(max_words=...)` needs at least {_TOGETHER} words; got {max_words}.")


def _directions(directions: ArrayLike | None, shape: tuple[int, int]) -> Floats:
    p, m = shape
    if directions is None:
        d = p * m
        rng = np.random.default_rng(0)
        turned = [np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2 if d > 1 else 0)]
        rows = np.concatenate([np.eye(d), *turned])
        return np.concatenate([rows, -rows]).reshape(-1, p, m)
    found = as_matrices(directions, call="iterate_templates", argument="directions")
    if found.shape[1:] != shape:
        raise ShapeError(
            f"`iterate_templates(directions=...)` needs shape (k, {p}, {m}), the shape of B in J; got {found.shape}."
        )
    return found


def centred(blocks: Blocks, start: MatrixPolytope, decay: Decay) -> Words:
    """The family in coordinates around the mean of the fixed points of its maps, and the radius of all sets there."""
    p = blocks.A.shape[1]
    # Beyond the doubles the radius is infinite, which callers refuse.
    with np.errstate(over="ignore", invalid="ignore"):
        centre = np.linalg.solve(np.eye(p) - blocks.A, blocks.B).mean(axis=0)
        shifted = blocks.A @ centre + blocks.B - centre
        size = frobenius_bounds(blocks.A)[1] * frobenius_bounds(centre)[1]
        size = size + frobenius_bounds(blocks.B)[1] + frobenius_bounds(centre)[1]
        rounding = float((p + 8) * UNIT_ROUNDOFF * size.max()) + 1e-300
        points = start.vertices - centre
        loose = 2.0 * UNIT_ROUNDOFF * float(frobenius_bounds(points)[1].max()) + max(start.e_missing, start.e_extra)
        reach = max(1.0, *decay.norms) * (float(frobenius_bounds(points)[1].max()) + loose)
        spread = decay.tail(0) * (float(frobenius_bounds(shifted)[1].max()) + rounding)
        radius = float(np.nextafter((reach + spread) * (1.0 + 1e-14), np.inf))
    A, group = np.unique(blocks.A.reshape(len(blocks.A), -1), axis=0, return_inverse=True)
    group = group.ravel()  # numpy 2.0.0 gives it another axis
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(len(A)))
    return Words(A.reshape(-1, p, p), shifted[order], first, centre, points, radius, rounding, loose)
