"""One run of a program: its tape, the decisions that the point leaves open, the switches that follow them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.array.linear_maps import Matrix
from conservative.programs.array.tape import Edge, Tape
from conservative.programs.source_lines import users_line

LESS, EQUAL, GREATER = 0, 1, 2
_COPIED = 4096
"""Entries up to which arrays are copied, so that a program may write into its own."""

_NEAR = 1e3
"""Values within this many tolerances that do not tie are near ties."""
_ROUNDED = 1e-9
"""Exact values this close that differ are near ties: numbers that were rounded before they came are not equal."""


class ForkSignal(BaseException):
    """Control meets an open decision: the program is run again, once for each group of states that it tells apart.

    Not an `Exception`: a program that catches those must not catch this.
    """

    def __init__(self, decision: int, groups: Sequence[tuple[int, ...]], line: str, name: str) -> None:
        super().__init__(decision)
        self.decision, self.groups, self.line, self.name = decision, tuple(groups), line, name


class LeavesRationals(Exception):  # noqa: N818
    """An operation has no rational value."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Switches of max, min, abs and sort: those of one owner are choices of one tie, one at a time."""

    name: str
    line: str
    labels: tuple[str, ...]
    owner: NDArray[np.intp]
    distance: NDArray[np.float64]
    z: int
    w: int
    start: int


@dataclass(frozen=True, slots=True)
class GuardedSwitches:
    """Switches that follow guards: `on[states]` says which of them a joint state of their decisions turns."""

    decisions: NDArray[np.intp]
    on: NDArray[np.bool_]
    z: int
    w: int
    start: int
    line: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Comparisons left < right, = and >, one for each tied entry, and the node of left − right there."""

    name: str
    line: str
    labels: tuple[str, ...]
    distance: NDArray[np.float64]
    gradient: int
    start: int


class Run:
    """What is recorded while a program runs once.

    Parameters
    ----------
    exact : bool
        Whether values are rationals.
    tolerance : float
        Within `tolerance * max(1, |a|, |b|)` values tie.
    forced : mapping of int to tuple of int
        Decisions, by their number in order of visit, that are taken as given: the states that they may still have.
    nominal : bool
        Whether decisions in control are taken as the point has them, without another run.

    `curved` is set where a factor of the derivative depends on values, which are rounded.
    """

    def __init__(
        self, *, exact: bool, tolerance: float, forced: Mapping[int, tuple[int, ...]], nominal: bool = False
    ) -> None:
        self.exact, self.tolerance, self.forced, self.nominal = exact, tolerance, forced, nominal
        self.tape = Tape()
        self.slots = 0
        self.switches: list[Switches] = []
        self.guarded: list[GuardedSwitches] = []
        self.guards: list[Guard] = []
        self.states: list[int] = []
        self.owners: list[Guard] = []
        self.joint: list[int] = []
        self.near: list[tuple[str, float]] = []
        self.singular: list[str] = []
        self.warnings: list[str] = []
        self.values: dict[int, Matrix] = {}
        self.rounded: set[int] = set()
        self.comparisons: list[tuple[str, str, Any, Any, NDArray[np.bool_]]] = []
        self.memo: dict[Any, Any] = {}
        self.kept: list[Any] = []
        self.curved = False
        self.held: list[Matrix] = []

    def constant(self, value: Any) -> Matrix:
        """An array of the run's numbers."""
        array = np.asarray(value)
        if self.exact:
            return exactly(array)
        if array.dtype == np.float64 and array.size > _COPIED:
            return self._held(array)
        return array.astype(np.float64) if array.dtype.kind != "b" else array

    def _held(self, array: Matrix) -> Matrix:
        """A large array of the user's without a copy: he cannot write to it until `release`."""
        if array.flags.writeable:
            array.flags.writeable = False
            self.held.append(array)
        return array

    def release(self) -> None:
        """Let the user write to his arrays again."""
        for array in self.held:
            array.flags.writeable = True
        self.held.clear()

    def tied(self, a: Matrix, b: Matrix) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which entries tie, and their distance; near ones are told to `near_tie` by the caller."""
        a, b = np.asarray(a), np.asarray(b)
        if self.exact:
            return np.asarray(a == b, dtype=bool), _apart(a, b)
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(a - b)
            scale = np.maximum(1.0, np.minimum(np.maximum(np.abs(a), np.abs(b)), np.finfo(float).max))
            return np.asarray((distance <= self.tolerance * scale) | (a == b)), np.asarray(distance / scale)

    def close(self, name: str, tied: NDArray[np.bool_], distance: NDArray[np.float64]) -> None:
        """Keep near ties: beyond the tolerance, yet not far."""
        close = (distance <= (_ROUNDED if self.exact else _NEAR * self.tolerance)) & ~tied
        if close.any():
            line = users_line()
            for label in labels_of(close):
                at = distance[tuple(map(int, label[1:-1].split(",")))] if label else distance
                self.near.append((f"{name}{label} at {line}", float(at)))

    def compared(self, name: str, a: Any, b: Any, tied: NDArray[np.bool_]) -> None:
        """Keep two traced arrays that were compared, until the errors of their values are known."""
        if not self.exact and not tied.all():
            self.comparisons.append((name, users_line(), (a.node, a.v), (b.node, b.v), tied))

    def within_rounding(self) -> list[tuple[str, float]]:
        """Values that do not tie, but differ by no more than rounding may have moved them."""
        if not self.comparisons:
            return []
        errors = self.tape.errors(self.values, self.rounded)
        found = []
        for name, line, (a, av), (b, bv), tied in self.comparisons:
            parts = [
                errors[node].reshape(v.shape) if node >= 0 else np.zeros(v.shape) for node, v in ((a, av), (b, bv))
            ]
            distance = np.abs(av - bv)
            close = np.asarray((distance <= parts[0] + parts[1]) & np.isfinite(distance) & ~tied)
            for label in labels_of(close) if close.any() else []:
                at = distance[tuple(map(int, label[1:-1].split(",")))] if label else distance
                found.append((f"{name}{label} at {line}", float(at)))
        return found

    def open_slots(self, count: int) -> tuple[int, int]:
        """A node for fresh switches, and the number of the first."""
        start, self.slots = self.slots, self.slots + count
        return self.tape.add(count), start

    def open_values(self, name: str, labels: Sequence[str], owner: Any, distance: Any, edges: Sequence[Edge]) -> int:
        """Open switches between equal values; `edges` lead to z. The node of w."""
        count = len(owner)
        z = self.tape.add(count, edges)
        w, start = self.open_slots(count)
        found = Switches(
            name, users_line(), tuple(labels), np.asarray(owner, dtype=np.intp),
            np.asarray(distance, dtype=np.float64), z, w, start,
        )  # fmt: skip
        self.switches.append(found)
        return w

    def open_guarded(self, decisions: Any, on: Any, edges: Sequence[Edge]) -> int:
        """Open switches that follow guards. The node of w."""
        z = self.tape.add(decisions.shape[0], edges)
        w, start = self.open_slots(decisions.shape[0])
        self.guarded.append(GuardedSwitches(decisions, on, z, w, start, users_line()))
        return w

    def new_guards(
        self, name: str, labels: Sequence[str], states: Sequence[int], distance: Any, edges: Sequence[Edge]
    ) -> NDArray[np.intp]:
        """Numbers of new decisions, one for each tied comparison; `edges` lead to left − right."""
        start = len(self.states)
        gradient = self.tape.add(len(states), edges)
        guard = Guard(name, users_line(), tuple(labels), np.asarray(distance, dtype=float), gradient, start)
        self.guards.append(guard)
        self.states += [self._taken(start + i, state) for i, state in enumerate(states)]
        self.owners += [guard] * len(states)
        self.joint += range(start, start + len(states))
        return np.arange(start, start + len(states))

    def _taken(self, decision: int, state: int) -> int:
        """The state of the point where it is allowed, else one that is."""
        allowed = self.forced.get(decision, (state,))
        return state if state in allowed else allowed[0]

    def allowed(self, decision: int) -> tuple[int, ...]:
        """States that a comparison may still have in this run."""
        return self.forced.get(self.joint[decision], (LESS, EQUAL, GREATER))

    def again(self, name: str, deps: NDArray[np.intp]) -> NDArray[np.intp]:
        """The same comparisons by another relation: masks of it choose by themselves, control chooses for both.

        `x > 0` and `x >= 0` differ at x = 0 alone; each mask chooses its side there, as two `Piecewise` do.
        """
        base = self.owners[int(deps.max())]
        start, count = len(self.states), len(base.labels)
        guard = Guard(name, users_line(), base.labels, base.distance, base.gradient, start)
        self.states += self.states[base.start : base.start + count]
        self.owners += [guard] * count
        self.joint += range(base.start, base.start + count)
        return np.where(deps >= 0, deps - base.start + start, -1)

    def choose(self, name: str, count: int) -> int:
        """One of several outcomes of a decision that control or an index depends on; outcome 0 is nominal."""
        decision = len(self.states)
        self.states.append(self._taken(decision, 0))
        self.owners.append(Guard(name, users_line(), ("",), np.zeros(1), -1, decision))
        self.joint.append(decision)
        if decision not in self.forced and not self.nominal:
            raise ForkSignal(decision, [(i,) for i in range(count)], users_line(), name)
        return self.states[decision]

    def settle(self, decision: int, groups: Sequence[tuple[int, ...]]) -> None:
        """Control tells groups of states apart: run again for each of them that is still open."""
        allowed, state = self.allowed(decision), self.states[decision]
        left = [tuple(s for s in group if s in allowed) for group in groups]
        left = sorted((group for group in left if group), key=lambda group: state not in group)
        if len(left) > 1 and not self.nominal:
            owner = self.owners[self.joint[decision]]
            label = owner.labels[self.joint[decision] - owner.start]
            raise ForkSignal(self.joint[decision], left, users_line(), f"{owner.name}{label} at {owner.line}")


def _apart(a: Matrix, b: Matrix) -> NDArray[np.float64]:
    """The distance of rationals, relative where they are large; infinite where it is no double."""
    try:
        x, y = a.astype(np.float64), b.astype(np.float64)
        gap = np.asarray(np.abs(a - b), dtype=np.float64)
    except OverflowError:
        return np.full(np.broadcast_shapes(a.shape, b.shape), np.inf)
    with np.errstate(invalid="ignore"):
        return np.asarray(gap / np.maximum(1.0, np.maximum(np.abs(x), np.abs(y))))


def exactly(value: Any) -> Matrix:
    """An object array of `Fraction`; infinities stay floats, truth values become 0 and 1."""
    array = np.asarray(value)
    if array.dtype == object and all(type(entry) is Fraction for entry in array.flat):
        return array
    out = np.empty(array.shape, dtype=object)
    flat = out.reshape(-1)
    for i, entry in enumerate(array.ravel().tolist()):
        flat[i] = _fraction(entry)
    return out


def _fraction(entry: Any) -> Any:
    if isinstance(entry, float) and not np.isfinite(entry):
        return entry
    try:
        return Fraction(entry)
    except (TypeError, ValueError) as error:
        raise LeavesRationals(f"{entry!r} is no rational number") from error


def labels_of(mask: NDArray[np.bool_]) -> list[str]:
    """Labels [i,j] of the marked entries; an empty label for an array without axes."""
    if mask.ndim == 0:
        return [""] if mask else []
    return [f"[{','.join(map(str, index))}]" for index in np.argwhere(mask).tolist()]
