"""The steps of a loop with their ties left open, in the form that the sweeps of `derivative_range` need."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, NonFiniteError
from conservative.differentiation.loops import TIE_TOLERANCE, parted_by_rounding
from conservative.functions import StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie, moved_rows

Matrix = NDArray[Any]

_LONGEST_FRACTION = 4096
"""Binary digits of a denominator beyond which a trajectory goes on in floats."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenStep:
    """u ↦ J(s)[u; v] for all s: [B Y; Z L] in one arithmetic, and the same around the centre s = 1/2.

    There d = (s − 1/2) r, |d| ≤ |r|/2, and J(s)x = centre x + Y_c d with the rows r = Z_c x + L_c d.

    Parameters
    ----------
    base, Y, Z, L
        As in `SwitchedJacobian`.
    ties : tuple of SwitchedTie
        Of these a selection takes one pattern each.
    parts : tuple of SwitchedTie
        The same where one at a time can be bounded with its patterns; else their switches one by one, which is more.
    Yc, Zc, Lc : ndarray
    """

    base: Any
    Y: Matrix
    Z: Matrix
    L: Matrix
    ties: tuple[SwitchedTie, ...]
    parts: tuple[SwitchedTie, ...] = field(init=False)
    Yc: Matrix = field(init=False)
    Zc: Matrix = field(init=False)
    Lc: Matrix = field(init=False)

    def __post_init__(self) -> None:
        half = Fraction(1, 2) if self.exact else 0.5
        s = np.full((1, len(self.Z)), half)
        moved, inner = moved_rows(s, self.Z, self.L)[0], moved_rows(s, self.L, self.L)[0]
        object.__setattr__(self, "Zc", 2 * moved)
        object.__setattr__(self, "Lc", 2 * inner)
        object.__setattr__(self, "Yc", self.Y + self.Y @ inner)
        object.__setattr__(self, "parts", tuple(part for tie in self.ties for part in self._parts(tie)))

    @property
    def exact(self) -> bool:
        """Whether the entries are rationals."""
        return bool(self.Z.dtype == object)

    @property
    def simple(self) -> bool:
        """Whether all ties have two sides and none acts on another: they are decided at once."""
        return not self.L.any() and all(tie.patterns == ((i,),) for i, tie in enumerate(self.ties))

    def centre(self, x: Matrix) -> Matrix:
        """The Jacobian at s = 1/2 times columns."""
        moved = self.Zc @ x
        return np.asarray(self.base @ x + self.Y @ (moved / 2))

    def _parts(self, tie: SwitchedTie) -> list[SwitchedTie]:
        low, high = min(tie.slots), max(tie.slots)
        alone = high - low + 1 == len(tie.slots) and not self.L[low : high + 1, low : high + 1].any()
        if len(tie.slots) == 1 or alone:
            return [tie]
        return [SwitchedTie(tie.name, tie.source, (i,), ((i,),)) for i in tie.slots]


def open_step(S: SwitchedJacobian) -> OpenStep:
    """A step from abs-normal form; several paths of control become one tie between their selections."""
    if S.others:
        S = _one_path(S)
    return OpenStep(S.base, S.Y, S.Z, S.L, tuple(sorted(S.ties, key=lambda tie: min(tie.slots))))


def in_floats(step: OpenStep) -> OpenStep:
    """The same step in doubles."""
    if not step.exact:
        return step
    base, Y, Z, L = (np.asarray(part).astype(np.float64) for part in (step.base, step.Y, step.Z, step.L))
    return OpenStep(base, Y, Z, L, step.ties)


def _one_path(S: SwitchedJacobian) -> SwitchedJacobian:
    blocks = S.vertices()
    differences = blocks[1:] - blocks[0]
    rows = [np.flatnonzero((D != 0).any(axis=1)) for D in differences]
    stops = np.cumsum([0, *(len(found) for found in rows)])
    patterns = [tuple(range(a, b)) for a, b in itertools.pairwise(stops) if b > a]
    k = int(stops[-1])
    zero: Any = Fraction(0) if S.exact else 0.0
    Y = np.full((S.shape[0], k), zero)
    Y[np.concatenate(rows), np.arange(k)] = 1
    Z = np.concatenate([D[found] for D, found in zip(differences, rows, strict=True)])
    tie = SwitchedTie("control", "", tuple(range(k)), tuple(patterns))
    return SwitchedJacobian(
        base=blocks[0], Y=Y, Z=Z, L=np.full((k, k), zero), ties=(tie,) if k else (), state_size=S.state_size,
        value=S.value,
    )  # fmt: skip


def recorded_steps(F: StateMap, x0: Sequence[Any], theta: Sequence[Any], steps: int) -> list[OpenStep]:
    """The steps t = 0, ..., T − 1 of x_{t+1} = F(x_t, θ); where x_t repeats, the same object again.

    Rationals are followed exactly for as long as they are short.
    """
    point = F.point([*x0, *theta], call="derivative_range")
    p, found = F.state_size, list[OpenStep]()
    values, exact, last = list(point.values), point.exact, None
    for t in range(steps):
        if exact and last is not None and values[:p] == last[:p]:
            return found + [found[-1]] * (steps - t)
        if not exact:
            x, parameters = np.array(values[:p], dtype=np.float64), np.array(values[p:], dtype=np.float64)
            return found + _float_steps(F, x, parameters, steps, t)
        S = F.switched(values)
        found.append(open_step(S))
        last, moved = values, S.value.tolist()
        exact = S.exact and all(x.denominator.bit_length() <= _LONGEST_FRACTION for x in moved)
        values = [*moved, *values[p:]]
    return found


def _float_steps(F: StateMap, x: Matrix, theta: Matrix, steps: int, made: int) -> list[OpenStep]:
    """The rest of a loop in doubles; points that only rounding parts have one step."""
    found, last = list[OpenStep](), None
    for t in range(made, steps):
        if not np.isfinite(x).all():
            raise NonFiniteError(
                f"`derivative_range(steps={steps})`: x_{t} is not finite. The loop diverges; take a smaller "
                "step size or fewer steps."
            )
        if last is not None and parted_by_rounding(x, last):
            found.append(found[-1])
            x = np.asarray(F.evaluate(x, theta), dtype=np.float64)
            continue
        S = linearized(F, np.concatenate([x, theta]))
        found.append(open_step(S))
        last, x = x, np.asarray(S.value, dtype=np.float64)
    return found


def linearized(F: StateMap, values: Any, *, tolerance: float | None = TIE_TOLERANCE) -> SwitchedJacobian:
    """The abs-normal form in floats, for products where the map has that."""
    own: Any = getattr(F, "linearized", None)
    if own is not None:
        at: Any = np.asarray(values, dtype=np.float64)
        return own(at, tolerance=tolerance)  # type: ignore[no-any-return]
    return F.switched([float(x) for x in values], tolerance=tolerance)


def check_self_map(F: StateMap) -> None:
    """Refuse a map that cannot be iterated, or has no parameter."""
    if F.size != F.state_size:
        raise ArgumentError(
            f"`derivative_range(F=...)` needs a map of the state to itself; it returns {F.size} numbers for "
            f"{F.state_size} states."
        )
    if not F.parameter_size:
        raise ArgumentError("`derivative_range(F=...)` needs a map with parameters: derivatives are by them.")
