"""`Tabled`: masks and numbers as open decisions may make them; `Mixed`: such a part beside a traced array."""

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.array.calls import Dispatched, refuse
from conservative.programs.array.linear_maps import element_count
from conservative.programs.array.run import Run


class Tabled(Dispatched):
    """Numbers or truth values that depend on open decisions of three states.

    Parameters
    ----------
    run : Run
    deps : ndarray of int, shape (d, *shape)
        Decisions that an entry depends on, -1 for none.
    table : ndarray, shape (3,) * d + shape
        The entries for every joint state.
    """

    __slots__ = ("deps", "table")

    def __init__(self, run: Run, deps: NDArray[np.intp], table: NDArray[Any]) -> None:
        self.run, self.deps, self.table = run, deps, table

    @property
    def shape(self) -> tuple[int, ...]:
        return self.deps.shape[1:]

    @property
    def ndim(self) -> int:
        return self.deps.ndim - 1

    @property
    def size(self) -> int:
        return element_count(self.shape)

    @property
    def dtype(self) -> Any:
        return self.table.dtype

    @property
    def v(self) -> NDArray[Any]:
        """The entries in the states that the point has."""
        states = np.array([*self.run.states, 0])[self.deps]
        return np.asarray(self.table[(*states, *np.indices(self.shape))])

    @property
    def varies(self) -> NDArray[np.bool_]:
        """Where the entry depends on a decision at all."""
        flat = self.table.reshape(-1, *self.shape)
        return np.asarray((flat != flat[0]).any(axis=0))

    def settled(self) -> NDArray[Any]:
        """The entries as plain numbers; the program is run again for each outcome of what they depend on."""
        d = len(self.deps)
        outcomes_of, decisions_of = self.table.reshape((3,) * d + (-1,)), self.deps.reshape(d, -1)
        for entry in np.flatnonzero(self.varies).tolist():
            outcomes = outcomes_of[..., entry]
            for axis, decision in enumerate(decisions_of[:, entry].tolist()):
                if decision >= 0:
                    self.run.settle(decision, _alike(outcomes, axis))
        return self.v

    def key(self) -> Any:
        """Its identity: it is kept, so that no other has it."""
        self.run.kept.append(self)
        return ("tabled", id(self))

    def mapped(self, change: Any) -> "Tabled":
        """Another function of the same decisions, entry by entry."""
        return Tabled(self.run, self.deps, np.asarray(change(self.table)))

    def moved(self, change: Any) -> "Tabled":
        """The same entries in other places: `change` acts on the trailing axes."""
        d = len(self.deps)
        deps = np.stack([change(layer) for layer in self.deps])
        flat = self.table.reshape(-1, *self.shape)
        table = np.stack([change(layer) for layer in flat])
        return Tabled(self.run, deps, table.reshape((3,) * d + deps.shape[1:]))

    @property
    def T(self) -> "Tabled":
        return self.moved(np.transpose)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.array(self.settled(), dtype=dtype)

    def __bool__(self) -> bool:
        return bool(self.settled())

    def __float__(self) -> float:
        return float(self.settled())

    def __int__(self) -> int:
        return int(self.settled())

    def __index__(self) -> int:
        return operator.index(self.settled()[()])

    def __len__(self) -> int:
        return len(self.deps[0])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> "Tabled":
        plain = settled_index(index)
        return self.moved(lambda layer: np.asarray(layer[plain]))

    def __repr__(self) -> str:
        return f"<masks of shape {self.shape} that ties leave open>"

    def astype(self, dtype: Any, **_: Any) -> "Tabled":
        exact = self.run.exact and np.dtype(dtype).kind == "f"
        return self.mapped(self.run.constant if exact else lambda table: table.astype(dtype))

    def reshape(self, *shape: Any) -> "Tabled":
        return self.moved(lambda layer: layer.reshape(*shape))

    def ravel(self) -> "Tabled":
        return self.reshape(-1)

    def copy(self) -> "Tabled":
        return self

    def any(self, *args: Any, **named: Any) -> Any:
        return self.settled().any(*args, **named)

    def all(self, *args: Any, **named: Any) -> Any:
        return self.settled().all(*args, **named)

    def sum(self, *args: Any, **named: Any) -> Any:
        return self.settled().sum(*args, **named)

    def nonzero(self) -> Any:
        return self.settled().nonzero()


def _alike(outcomes: NDArray[Any], axis: int) -> list[tuple[int, ...]]:
    """States along an axis in groups of one outcome."""
    found: dict[Any, tuple[int, ...]] = {}
    for state, part in enumerate(np.moveaxis(outcomes, axis, 0)):
        key = tuple(np.ravel(part).tolist())
        found[key] = (*found.get(key, ()), state)
    return list(found.values())


class Mixed(Dispatched):
    """A traced array plus a mask whose values are not 0 in all states: `m * a` before `(1 - m) * b` joins it.

    Sums and multiples keep both parts, until the mask's part cancels; whatever else meets them takes the decisions as
    control.
    """

    __slots__ = ("jump", "smooth")
    keeps_masks = True

    def __init__(self, smooth: Any, jump: Tabled) -> None:
        self.run, self.smooth, self.jump = smooth.run, smooth, jump

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.smooth.shape)

    @property
    def ndim(self) -> int:
        return int(self.smooth.ndim)

    def settled(self) -> Any:
        """The array alone; the program is run again for each state of the mask."""
        self.jump.settled()
        return self.smooth

    settled_operand = settled

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.settled(), name)

    def __getitem__(self, index: Any) -> Any:
        return self.settled()[index]

    def __bool__(self) -> bool:
        return bool(self.settled())

    def __float__(self) -> float:
        return float(self.settled())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.settled())


def holds_traced(value: Any) -> bool:
    """Whether there is something traced among values and lists of them."""
    if isinstance(value, (list, tuple)):
        return any(holds_traced(part) for part in value)
    return isinstance(value, Dispatched)


def settled_index(index: Any) -> Any:
    """An index with open decisions taken as control."""
    if isinstance(index, Tabled):
        return index.settled()
    if isinstance(index, tuple):
        return tuple(settled_index(part) for part in index)
    if isinstance(index, list) and holds_traced(index):
        return [settled_index(part) for part in index]
    if isinstance(index, Dispatched):
        refuse("a traced value serves as an index. Compute indices from constants, or use `np.where`.")
    return index
