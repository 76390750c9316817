"""What a walk through a program meets: guards, ties and switches, with arrays that JAX computes for every point.

Nothing here depends on the point but those arrays: a program is walked once, and compiled.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from conservative._core.errors import BudgetError
from conservative.programs.jaxpr.library import jnp

MAX_EQUATIONS = 50_000
"""Most equations of a program once its loops are unrolled."""


COMPARE, SWAP, PICK = "compare", "swap", "pick"
"""What a decision of control is of: two numbers; whether two neighbours change places; which of a row is taken."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """An array of decisions of one operation: guards, or ties of two or more values.

    Parameters
    ----------
    kind : str
    line : str
    shape : tuple of int
    start : int
        Number of the first element.
    outcomes : str
        One of `COMPARE`, `SWAP` and `PICK`.
    """

    kind: str
    line: str
    shape: tuple[int, ...]
    start: int
    outcomes: str = COMPARE

    def name(self, element: int) -> str:
        """As "max[1,2]"."""
        if len(self.shape) < 2:
            return f"{self.kind}[{element}]" if self.shape else self.kind
        return f"{self.kind}[{','.join(str(int(i)) for i in np.unravel_index(element, self.shape))}]"


@dataclass
class DecisionList:
    """All decisions of one kind, with their arrays in order."""

    items: list[Decisions] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)
    arrays: list[tuple[Any, ...]] = field(default_factory=list)
    size: int = 0

    def add(
        self, key: Any, kind: str, line: str, shape: tuple[int, ...], outcomes: str = COMPARE
    ) -> tuple[Decisions, bool]:
        """The decisions under a key, and whether they are new."""
        if key is not None and key in self.known:
            return self.items[self.known[key]], False
        self.known[key] = len(self.items)
        self.items.append(Decisions(kind, line, tuple(shape), self.size, outcomes))
        self.size += math.prod(shape)
        return self.items[-1], True

    def flat(self, column: int, dtype: Any) -> Any:
        """One array of each of the decisions, one after the other."""
        return flat([entry[column] for entry in self.arrays], dtype)


@dataclass
class Record:
    """The state of a walk."""

    tolerance: Any
    forced: Any = None
    weights: Any = None
    guards: DecisionList = field(default_factory=DecisionList)
    ties: DecisionList = field(default_factory=DecisionList)
    slots: list[tuple[Any, Any, Any, Any]] = field(default_factory=list)
    slot_count: int = 0
    control: list[Any] = field(default_factory=list)
    singular: list[tuple[str, str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    extremes: dict[int, tuple[str, Any, Any]] = field(default_factory=dict)
    equations: int = 0
    rules: dict[int, Any] = field(default_factory=dict)
    rule_lines: list[str] = field(default_factory=list)
    rounds: int = 1
    blocks: list[Any] = field(default_factory=list)
    loops: list[tuple[str, Any]] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    planned: tuple[int, ...] | None = None

    def clone(self) -> "Record":
        """The state at the start of a custom rule, which is walked once more where JAX differentiates it."""
        kinds = (DecisionList(list(k.items), dict(k.known), list(k.arrays), k.size) for k in (self.guards, self.ties))
        guards, ties = kinds
        return replace(
            self,
            guards=guards,
            ties=ties,
            slots=list(self.slots),
            control=list(self.control),
            singular=list(self.singular),
            warnings=list(self.warnings),
            numbers=dict(self.numbers),
            extremes={},
            passes=list(self.passes),
            blocks=list(self.blocks),
            loops=list(self.loops),
            rule_lines=[],
        )

    def number(self, *key: Any) -> int:
        """The number of a value by how it is computed; without a key one of its own."""
        return self.numbers.setdefault(key or ("new", len(self.numbers)), len(self.numbers))

    def count(self) -> None:
        """One more equation."""
        self.equations += 1
        if self.equations > MAX_EQUATIONS:
            raise BudgetError(
                f"the program has more than {MAX_EQUATIONS:,} equations once its loops are unrolled. Trace one step of "
                "the algorithm and let the recursion iterate it."
            )

    def forced_states(self, decisions: Decisions) -> Any:
        """For each guard the outcome that it must take, −1 where none is asked for."""
        if self.forced is None or not self.forced.size:
            return jnp.full(decisions.shape, -1, dtype=jnp.int8)
        part = self.forced[decisions.start : decisions.start + math.prod(decisions.shape)]
        return part.reshape(decisions.shape)

    def slot(self, owner: Any, choices: Any, difference: Any, weight: Any) -> Any:
        """Add an array of switches; what each adds to its output, 0 at the point.

        `owner`: guard g as g, tie t as −2 − t, −1 where none. `choices`: bits 1 and 2 say at which of the other
        outcomes the switch turns; 0 says that it is a choice of its own. `difference`: other − nominal, 0 at no tie.
        """
        start, self.slot_count = self.slot_count, self.slot_count + math.prod(difference.shape)
        shape = difference.shape
        self.slots.append(tuple(jnp.broadcast_to(part, shape) for part in (owner, choices, difference, weight)))
        if self.weights is None:
            return jnp.zeros(shape, difference.dtype)
        return self.weights[start : self.slot_count].reshape(shape).astype(difference.dtype)

    def close(self, value: Any) -> None:
        """Let the guards of an open value decide control: the program is run once for each outcome."""
        if value.open is not None:
            self.control.append(value.open.guard)


def numbered(decisions: Decisions) -> Any:
    """The numbers of decisions, in their shape."""
    return decisions.start + np.arange(math.prod(decisions.shape), dtype=np.int32).reshape(decisions.shape)


def flat(arrays: list[Any], dtype: Any) -> Any:
    """Arrays as one vector."""
    parts = [jnp.ravel(jnp.asarray(array)).astype(dtype) for array in arrays]
    return jnp.concatenate(parts) if parts else jnp.zeros(0, dtype)
