"""`derivative_range`: between which values lies what differentiation may return, over all selections along a loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count, as_items, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.numbers import float_above, float_below
from conservative._core.printable import shown
from conservative._core.result_lines import count, result_line
from conservative.differentiation.open_steps import (
    Matrix,
    OpenStep,
    check_self_map,
    in_floats,
    linearized,
    open_step,
    recorded_steps,
)
from conservative.differentiation.range_sides import along, limits
from conservative.functions import StateMap
from conservative.functions.state_map import refuse_without_fixed_point

_EXACT_WORK = 4000
"""Rows times states up to which a loop of rationals is swept exactly."""


class Interval(NamedTuple):
    """The numbers from `lower` to `upper`.

    Parameters
    ----------
    lower, upper : float
    """

    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DerivativeRange:
    """What differentiation may return along a loop, bracketed from inside and outside.

    Parameters
    ----------
    inner : Interval or ndarray, shape (..., 2)
        Both ends are attained, by selections that were replayed.
    outer : Interval or ndarray, shape (..., 2)
        No selection leads outside.
    proved : bool
        Whether `outer` was found in exact arithmetic and rounded outward. Else all is floats, widened by more than
        their rounding usually is, and proved up to that.
    ties : int
        Ties of all steps together; of the one step at a fixed point.
    steps : int or None
    """

    inner: Any
    outer: Any
    proved: bool
    ties: int
    steps: int | None

    def __repr__(self) -> str:
        where = "J_pb" if self.steps is None else count(self.steps, "step")
        what = (
            f"inner {_shown(self.inner)}, outer {_shown(self.outer)}"
            if isinstance(self.outer, Interval)
            else f"intervals of shape {self.outer.shape[:-1]}"
        )
        return result_line(self, where, count(self.ties, "tie"), what, "proved" if self.proved else "floats")


def derivative_range(
    F: StateMap,
    x0: Any,
    theta: Any,
    *,
    steps: int | None = None,
    tangent: Any = None,
    cotangent: Any = None,
) -> DerivativeRange:
    """Bracket ⟨w, J v⟩ over all derivatives J that differentiation may return for x_T(θ), or in the limit.

    J_{t+1} = A_t J_t + B_t with [A_t B_t] any element of J_F(x_t, θ), chosen anew at every step, J_0 = 0.

    Parameters
    ----------
    F : StateMap
        A formula, arrays, a program, or an algorithm.
    x0 : sequence of p numbers
        Where the loop starts; the fixed point x̄ for ``steps=None``. Rationals are followed exactly.
    theta : sequence of m numbers
    steps : int, optional
        T. Without it the range is over J_pb = fix(𝒥) at the fixed point: what all long loops there lead to.
    tangent : sequence of m numbers, optional
        v; every coordinate in turn unless given.
    cotangent : sequence of p numbers, optional
        w; every coordinate in turn unless given.

    Returns
    -------
    DerivativeRange
        Intervals for one direction, arrays (p, m, 2) for every entry, (p, 2) and (m, 2) where one side is given.

    Raises
    ------
    ArgumentError
        If `x0` is no fixed point, where one is needed.
    ExpansionError, BudgetError
        If the recursion has no limit, or none is found.
    ShapeError, ArgumentTypeError, NonFiniteError, FunctionError, DiscontinuityError

    Notes
    -----
    No set of matrices is formed: needed are products with J(s) and its transpose, and of a large map only those
    coordinates that u_t = J_t v can have. The row r of a tie is what its switch multiplies. Backward, the bound stays
    affine in u_t: the switch of a row of one sign is decided, any other is bounded by a chord over the row's interval.
    These intervals come from the same sweeps, by induction over time: if all rows so far were in theirs, so is the next
    one. Where all rows have one sign, the outer interval is attained. The inner one starts from these choices and
    improves each step's switches in turn; both are exact for one step whose ties act apart. Along a loop without ties
    this costs one JVP. Points that differ by rounding have one linearisation.

    Examples
    --------
    x ← θ − |x|/2 at its kink, with J_imp = [2/3, 2]:

    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("t - Abs(x)/2", state=["x"], parameters=["t"])
    >>> found = derivative_range(F, [0], [0], tangent=[1], cotangent=[1])
    >>> [round(x, 6) + 0.0 for x in (*found.inner, *found.outer)]
    [0.0, 2.0, 0.0, 2.0]
    >>> derivative_range(F, [0], [0], steps=3, tangent=[1], cotangent=[1]).outer
    Interval(lower=0.25, upper=1.75)
    """
    if not isinstance(F, StateMap):
        raise ArgumentTypeError(
            f"`derivative_range(F=...)` needs a map F(x, θ), such as `from_numpy` makes; got {shown(F)}."
        )
    check_self_map(F)
    start = _numbers(x0, F.state_size, "x0")
    parameters = _numbers(theta, F.parameter_size, "theta")
    V, W = _directions(tangent, F.parameter_size, "tangent"), _directions(cotangent, F.state_size, "cotangent")
    if steps is None:
        refuse_without_fixed_point(F, call="derivative_range(steps=None)")
        _check_at_rest(F, [*start, *parameters])
        step = in_floats(open_step(linearized(F, F.point([*start, *parameters]).values, tolerance=None)))
        pairs = limits(step, W, V)
        proved, ties = False, len(step.ties)
    else:
        made = recorded_steps(F, start, parameters, as_count(steps, call="derivative_range", argument="steps", least=1))
        ties = sum(len(step.ties) for step in made)
        proved, made, V, W = _arithmetic(made, V, W)
        u = 0 * W[:, 0]
        pairs = [along(made, W, v, u) for v in V.T]
    inner, outer = (np.stack([pair[i] for pair in pairs], axis=1) for i in (0, 1))
    found = [_ends(inner, proved), _ends(outer, proved)]
    if cotangent is not None:
        found = [side[0] for side in found]
    if tangent is not None:
        found = [side[..., 0, :] for side in found]
    shaped = [Interval(*map(float, side)) if side.ndim == 1 else side for side in found]
    return DerivativeRange(shaped[0], shaped[1], proved, ties, steps)


def _arithmetic(made: list[OpenStep], V: Matrix, W: Matrix) -> tuple[bool, list[OpenStep], Matrix, Matrix]:
    """Whether the sweeps are exact, and what they are made of: rationals for small loops, else floats."""
    rows = sum(len(step.Z) for step in made)
    work = (rows + len(made)) * len(W)
    if all(step.exact and not isinstance(step.base[0, 0], float) for step in made) and work <= _EXACT_WORK:
        as_rational = np.vectorize(Fraction, otypes=[object])
        return True, made, as_rational(V), as_rational(W)
    floats: dict[int, OpenStep] = {}
    for step in made:
        if id(step) not in floats:
            floats[id(step)] = in_floats(step)
    return False, [floats[id(step)] for step in made], V, W


def _ends(side: Matrix, proved: bool) -> NDArray[np.float64]:
    """Doubles; of exact ends those outside, or nearest for what is one number."""
    if not proved:
        return np.asarray(side, dtype=np.float64)
    lower = np.vectorize(float_below, otypes=[np.float64])(side[..., 0])
    upper = np.vectorize(float_above, otypes=[np.float64])(side[..., 1])
    return np.stack([lower, upper], axis=-1) + 0.0


def _numbers(value: Any, size: int, argument: str) -> list[Any]:
    wanted = f"{count(size, 'number')}"
    several = isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    given = value if several else [value]
    found = as_items(
        given.tolist() if isinstance(given, np.ndarray) else given,
        call="derivative_range", argument=argument, wanted=wanted,
    )  # fmt: skip
    if len(found) != size:
        raise ShapeError(f"`derivative_range({argument}=...)` needs {wanted}; got {len(found)}.")
    return found


def _directions(value: Any, size: int, argument: str) -> NDArray[np.float64]:
    """Columns: the one that was given, or all coordinates."""
    if value is None:
        return np.eye(size)
    wanted = f"shape ({size},)"
    array = np.atleast_1d(as_real_array(value, call="derivative_range", argument=argument, wanted=wanted))
    if array.shape != (size,):
        raise ShapeError(f"`derivative_range({argument}=...)` needs {wanted}; got {array.shape}.")
    return array[:, None]


def _check_at_rest(F: StateMap, at: Sequence[Any]) -> None:
    residual = F.residual(at)
    if not residual.vanishes:
        raise ArgumentError(
            f"`derivative_range(x0=..., steps=None)` needs a fixed point; F moves this one by {residual.largest:.3g}. "
            "Iterate further, or give `steps` for the range along the loop from there."
        )


def _shown(interval: Interval) -> str:
    return f"[{interval.lower:.6g}, {interval.upper:.6g}]"
