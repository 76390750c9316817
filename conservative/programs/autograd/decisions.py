"""What one run of a program decided: ties, their states, and the switches that follow them.

At a tied switch the program's own branch + w goes on, and z = other − own is kept. w and z are tensors in autograd's
graph, so that differentiating the outputs and all z gives the whole abs-normal form.
"""

from dataclasses import dataclass, field
from typing import Any

from conservative.programs.autograd.library import plain, torch
from conservative.programs.source_lines import users_line

NEAR = 1e3
"""Values within this many tolerances that do not tie are reported."""


@dataclass(slots=True)
class Decision:
    """A tie: its states, the one that the program is in, and the switches that each other state turns.

    `sign` is 1 where the largest of the values is taken, −1 where the smallest is, 0 where another rule holds.
    """

    key: tuple[Any, ...]
    name: str
    source: str
    distance: float
    states: int
    nominal: int
    turned: dict[int, list[int]] = field(default_factory=dict)
    steers: bool = False
    quiet: bool = False
    outcomes: list[tuple[Any, ...]] = field(default_factory=list)
    sign: int = 0

    def other_states(self) -> list[int]:
        """States in which the program may be besides its own, but for those that no comparison tells from another."""
        columns = {state: tuple(row[state] for row in self.outcomes) for state in range(self.states)}
        first = [self.nominal, *(state for state in (0, 2, 1, *range(3, self.states)) if state in columns)]
        if not self.outcomes:
            return [state for state in range(self.states) if state != self.nominal]
        seen: dict[tuple[Any, ...], int] = {}
        for state in first:
            seen.setdefault(columns[state], state)
        return [state for state in seen.values() if state != self.nominal]

    def patterns(self, keep: dict[int, int]) -> tuple[tuple[int, ...], ...]:
        """The distinct sets of switches that a state turns, under new numbers of those that are kept."""
        return tuple(pattern for pattern in self.states_of(keep) if pattern)

    def states_of(self, keep: dict[int, int]) -> dict[tuple[int, ...], list[int]]:
        """The states that turn each set of switches, the set of none first."""
        found: dict[tuple[int, ...], list[int]] = {(): []}
        for state in range(self.states):
            found.setdefault(tuple(keep[i] for i in self.turned.get(state, ()) if i in keep), []).append(state)
        return found


@dataclass(slots=True)
class Discrete:
    """A tensor that only ties can change: which decision owns each entry, and the entry in each of its states.

    Without a table the tensor depends on its owners in a way that is not followed.
    """

    owners: frozenset[int]
    of: Any = None
    table: Any = None


@dataclass(slots=True)
class Site:
    """Switches met at once: w goes into the program, z comes out; a place that is only watched has no z."""

    w: Any
    z: Any
    what: str


class Record:
    """Decisions, switches and remarks of one run; `forced` fixes decisions, by key, from the start."""

    def __init__(self, forced: dict[tuple[Any, ...], int], tolerance: float) -> None:
        self.forced, self.tolerance = forced, tolerance
        self.decisions: list[Decision] = []
        self.sites: list[Site] = []
        self.watched: list[Site] = []
        self.lines: list[tuple[list[int], Any]] = []
        self.framework: list[float] = []
        self.near: dict[str, float] = {}
        self.warnings: dict[str, None] = {}
        self.singular: dict[str, None] = {}
        self.taken_out: dict[str, None] = {}
        self.moves = 0
        self._by_key: dict[tuple[Any, ...], int] = {}

    def tied(self, left: Any, right: Any, name: str) -> Any:
        """Where two plain tensors tie; those that nearly do are noted."""
        gap = (left - right).abs()
        allowed = self.tolerance * torch.maximum(left.abs(), right.abs()).clamp(min=1.0)
        tied = (gap <= allowed) & gap.isfinite()
        close = (gap <= NEAR * allowed) & ~tied & gap.isfinite()
        if bool(close.any()):
            source = users_line()
            for e in close.flatten().nonzero()[:8, 0].tolist():
                label = f"{name}{element(e, tuple(gap.shape))} at {source}"
                self.near[label] = float(gap.flatten()[e])
        return tied

    def decide(
        self, name: str, number: int, shape: tuple[int, ...], ties: list[tuple[int, float, int, int]], *, sign: int = 0
    ) -> list[tuple[int, int]]:
        """For ties (element, distance, states, nominal): decision and state; decision −1 where it is forced."""
        source, answers = users_line(), []
        for e, distance, states, nominal in ties:
            key = (number, name, e)
            if key in self.forced and self.forced[key] < states:
                self.moves += 1
                answers.append((-1, self.forced[key]))
                continue
            if key not in self._by_key:
                self._by_key[key] = len(self.decisions)
                label = f"{name}{element(e, shape)}"
                quiet = not torch.is_grad_enabled()
                self.decisions.append(Decision(key, label, source, distance, states, nominal, quiet=quiet, sign=sign))
            index = self._by_key[key]
            answers.append((index, self.decisions[index].nominal))
        return answers

    def slots(self, z: Any, owners: list[int], states: list[int], weights: list[float], *, jump: float) -> Any:
        """New switches with differences z, each turned in one state of its owner; w to be added where they act.

        A difference in value above `jump` is not of first order: its decision then steers the program.
        """
        self.moves += 1
        start = len(self.framework)
        self.framework += weights
        for slot, (owner, state) in enumerate(zip(owners, states, strict=True), start):
            self.decisions[owner].turned.setdefault(state, []).append(slot)
        sizes = plain(z).abs()
        for i in (~(sizes <= jump)).nonzero()[:, 0].tolist():
            self.decisions[owners[i]].steers = True
        w = torch.zeros(len(owners), dtype=torch.float64, requires_grad=True)
        self.sites.append(Site(w, z, ""))
        return w

    def watch(self, out: Any, where: Any, what: str) -> Any:
        """`out` with a variable added at entries without a derivative: whether the program uses them is seen later."""
        self.moves += 1
        index = where.flatten().nonzero()[:, 0]
        w = torch.zeros(len(index), dtype=torch.float64, requires_grad=True)
        self.watched.append(Site(w, None, f"{what} at {users_line()}"))
        return out.flatten().index_add(0, index, w).reshape(out.shape)

    def steer(self, info: Discrete | None) -> None:
        """Let the program be run once for each state of these ties."""
        for owner in info.owners if info is not None else ():
            self.decisions[owner].steers = True

    def jump_size(self, value: Any) -> float:
        """A difference that rounding and the tolerance cannot explain."""
        size = float(plain(value).abs().max()) if value.numel() else 0.0
        return 10 * self.tolerance * max(1.0, size)


def element(e: int, shape: tuple[int, ...]) -> str:
    """The place of a flat entry as it is written: [3], [0,2], nothing for a number."""
    if not shape:
        return ""
    index = []
    for size in reversed(shape):
        e, place = divmod(e, size)
        index.append(place)
    return f"[{','.join(map(str, reversed(index)))}]"
