"""`Traced`: an array with values and a place on the tape."""

import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from conservative.programs.array.calls import KEY_BYTES, Dispatched, key_of, refuse
from conservative.programs.array.linear_maps import Broadcast, Keep, LinearMap, Put, Take, element_count
from conservative.programs.array.run import Run
from conservative.programs.array.sparse_constant import sparse_product
from conservative.programs.array.tabled import Mixed, Tabled, holds_traced, settled_index
from conservative.programs.array.tape import Edge


class Traced(Dispatched):
    """An array of the user's program: its values, and the node of the tape that its flat entries are.

    Node -1 is a constant. What is written to a view is written to the array behind it too; another view that is out of
    date then is refused when it is read.
    """

    __slots__ = ("_age", "_cell", "_frozen", "_node", "_origin", "v")
    _cell: list[int]
    __array_priority__ = 1000

    def __init__(self, run: Run, v: Any, node: int, *, view_of: "Traced | None" = None, frozen: bool = False) -> None:
        self.run, self.v, self._node = run, np.asarray(v), node
        self._cell = [0] if view_of is None else view_of._cell
        self._age = self._cell[0]
        self._frozen = frozen
        if node >= 0 and not run.exact:
            run.values.setdefault(node, self.v)
        self._origin: tuple[Traced, NDArray[np.intp]] | None = None

    @property
    def node(self) -> int:
        """Its place on the tape."""
        if self._cell[0] != self._age:
            refuse("an array is read through a view that was made before the array was changed. Copy it first.")
        return self._node

    @property
    def shape(self) -> tuple[int, ...]:
        return self.v.shape

    @property
    def ndim(self) -> int:
        return self.v.ndim

    @property
    def size(self) -> int:
        return self.v.size

    @property
    def dtype(self) -> Any:
        return np.dtype(np.float64)

    @property
    def T(self) -> "Traced":
        return self.transpose()

    @property
    def mT(self) -> "Traced":
        return lift(self.run, np.swapaxes(self, -1, -2))

    @property
    def real(self) -> "Traced":
        return self

    @property
    def flat(self) -> Any:
        return iter(self.ravel())

    def key(self) -> Any:
        """Its place on the tape, or the values of a constant."""
        return ("traced", self.node, self.shape) if self.node >= 0 else key_of(self.v)

    def again(self) -> "Traced":
        """A fresh array of the same values, for the first may be written to."""
        return traced(self.run, self.v, self._node)

    def edge(self, *maps: LinearMap) -> Edge:
        """From this array along linear maps."""
        return self.node, maps

    def __repr__(self) -> str:
        return f"<traced array of shape {self.shape}>"

    def __bool__(self) -> bool:
        return bool(np.not_equal(self, 0))

    def __float__(self) -> NoReturn:
        refuse(
            "a traced value is asked for as a Python float (by `float`, `math`, or a store into a plain array), which "
            "would lose its derivative. Use NumPy's functions, `np.zeros_like(x)` for arrays to fill, or `np.stack`."
        )

    def __complex__(self) -> NoReturn:
        refuse("a traced value is asked for as a complex number: only real programs are differentiated.")

    def __int__(self) -> int:
        return int(np.asarray(np.trunc(self))[()])

    def __index__(self) -> NoReturn:
        refuse("a traced value serves as an index or count. Make it a constant of the program, or use `np.where`.")

    def __getitem__(self, index: Any) -> "Traced":
        plain = settled_index(index)
        v = np.asarray(self.v[plain])
        view = v.ndim > 0 and np.may_share_memory(v, self.v)
        if self.node < 0 and not view:
            return traced(self.run, v, -1)
        positions = np.asarray(np.arange(self.size).reshape(self.shape)[plain])
        node = self._taken(positions) if self.node >= 0 else -1
        return traced(self.run, v, node, view_of=self if view else None, places=positions)

    def _taken(self, positions: NDArray[np.intp]) -> int:
        key = ("take", self.node, positions.shape, positions.tobytes()) if positions.nbytes < KEY_BYTES else None
        node = self.run.memo.get(key)
        if node is None:
            node = self.run.tape.add(positions.size, [self.edge(Take(positions, self.size))])
            if key is not None:
                self.run.memo[key] = node
        return int(node)

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, Tabled) and index.shape == self.shape and np.ndim(value) == 0:
            self.assign(np.where(index, value, self))
            return
        plain = settled_index(index)
        new = lift(self.run, value)
        owner = np.full(self.shape, -1)
        room = owner[plain]
        given = np.broadcast_to(new.v, np.shape(room))
        owner[plain] = np.arange(np.size(room)).reshape(np.shape(room))
        targets, sources = np.flatnonzero(owner.ravel() >= 0), owner.ravel()[owner.ravel() >= 0]
        v = self.v.copy()
        v[plain] = given if given.ndim else given[()]
        wide = spread(new.shape, given.shape)
        maps: list[LinearMap] = [*([wide] if wide else []), Take(sources, given.size), Put(targets, self.size)]
        edges = [self.edge(Keep(owner.ravel() < 0)), new.edge(*maps)]
        self._replace(v, self.run.tape.add(self.size, edges))

    def assign(self, other: Any) -> None:
        """Take another's values in place, as `out=` and `+=` do."""
        new = lift(self.run, other)
        if new.shape != self.shape:
            new = lift(self.run, np.broadcast_to(new, self.shape))
        self._replace(new.v, new.node)

    def _replace(self, v: NDArray[Any], node: int) -> None:
        if self._frozen:
            refuse("an argument of the program is changed in place. Copy it first: `y = x.copy()`.")
        self.v, self._node = v, node
        if self._origin is None:
            self._cell[0] += 1
        else:
            base, places = self._origin
            fresh = Traced(self.run, v, node)
            behind = base.v.copy()
            behind.reshape(-1)[places.reshape(-1)] = v.reshape(-1)
            own = np.zeros(base.size, dtype=bool)
            own[places.reshape(-1)] = True
            edges = [base.edge(Keep(~own)), fresh.edge(Put(places, base.size))]
            base._replace(behind, self.run.tape.add(base.size, edges))
        self._age = self._cell[0]

    def astype(self, dtype: Any, **_: Any) -> Any:
        kind = np.dtype(dtype)
        if kind == np.float32 or kind == np.float16:
            refuse(f"values are rounded to {kind}, which decides ties by chance. Use float64.")
        if kind.kind in "iu":
            return np.trunc(self)
        if kind.kind == "b":
            return np.not_equal(self, 0)
        if kind.kind not in "fO":
            refuse(f"a traced array is asked for as {kind}: only real programs are differentiated.")
        return traced(self.run, self.v, self.node)

    def copy(self, *_: Any) -> "Traced":
        return traced(self.run, self.v, self.node)

    __copy__ = __deepcopy__ = copy

    def flatten(self, *_: Any) -> "Traced":
        return traced(self.run, self.v.reshape(-1), self.node)

    def item(self, *index: Any) -> "Traced":
        return lift(self.run, np.ravel(self)[index[0] if index else 0])

    def tolist(self) -> Any:
        return [self[i].tolist() for i in range(len(self.v))] if self.ndim else self

    def fill(self, value: Any) -> None:
        self[...] = value

    def conj(self) -> "Traced":
        return self

    def reshape(self, *shape: Any, **named: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **named)

    def transpose(self, *axes: Any) -> "Traced":
        return lift(self.run, np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None))

    def round(self, decimals: int = 0) -> Any:
        return np.round(self, decimals)

    def __format__(self, spec: str) -> str:
        return format(float(self.v), spec) if spec and not self.ndim else str(self)

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self, digits or 0)

    def __floor__(self) -> Any:
        return np.floor(self)

    def __ceil__(self) -> Any:
        return np.ceil(self)

    def __trunc__(self) -> Any:
        return np.trunc(self)

    def sort(self, axis: int = -1, **named: Any) -> None:
        self.assign(np.sort(self, axis=axis, **named))

    def partition(self, kth: Any, axis: int = -1, **named: Any) -> None:
        self.assign(np.partition(self, kth, axis=axis, **named))

    def __rmatmul__(self, other: Any) -> Any:
        return np.matmul(other, self) if not hasattr(other, "tocsr") else sparse_product(other, self)

    def __matmul__(self, other: Any) -> Any:
        return np.matmul(self, other) if not hasattr(other, "tocsr") else sparse_product(other.T, self.T).T

    def __rmul__(self, other: Any) -> Any:
        return np.multiply(other, self) if not hasattr(other, "tocsr") else sparse_product(other, self)

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            function = getattr(np, _METHODS[name])
            return lambda *args, **named: function(self, *args, **named)
        raise AttributeError(f"a traced array has no attribute {name!r}", name=name, obj=None)


_METHODS = {
    name: name
    for name in (
        "all", "any", "argmax", "argmin", "argsort", "clip", "compress", "cumprod", "cumsum", "diagonal", "dot", "max",
        "mean", "min", "nonzero", "prod", "ptp", "ravel", "repeat", "searchsorted", "squeeze", "std", "sum", "swapaxes",
        "take", "trace", "var",
    )
}  # fmt: skip


class TracedArray(Traced):
    """With axes. A scalar has none of these, so that lists of scalars may become an array and go on to be traced."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self.v)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:  # noqa: RET503
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.startswith("scipy.sparse."):
            # A sparse matrix then leaves the product to `__rmatmul__`.
            box = np.empty((), dtype=object)
            box[()] = self
            return box
        refuse(
            "a traced array is asked for as a plain one, which would lose its derivative. Leave `np.asarray` and "
            "`np.array` out, or give them `like=x`; write `A @ x` for `A.dot(x)`; make arrays to fill by "
            "`np.zeros_like(x)` or `np.zeros(n, like=x)`; join lists with `np.stack`; and for a function that is not "
            "NumPy's own use NumPy's."
        )


def traced(run: Run, v: Any, node: int, *, view_of: Traced | None = None, places: Any = None) -> Traced:
    """A traced array, or scalar; for a view, the flat places of its entries in the other array."""
    array = np.asarray(v)
    if run.exact and array.dtype != object:
        array = run.constant(array)
    found = (TracedArray if array.ndim else Traced)(run, array, node, view_of=view_of)
    if view_of is not None:
        found._origin = (view_of, places)
    return found


def lift(run: Run, value: Any) -> Traced:
    """What takes part in an operation as a traced array: constants at node -1, lists of traced values joined."""
    if isinstance(value, Traced):
        if value.run is not run:
            refuse("a traced value of an earlier run was kept and used again. A program keeps nothing between calls.")
        return value
    if isinstance(value, Mixed):
        return lift(run, value.settled())
    if isinstance(value, Tabled):
        return traced(run, run.constant(value.settled()), -1)
    if isinstance(value, (list, tuple)) and holds_traced(value):
        return lift(run, np.stack([lift(run, part) for part in value]))
    array = np.asarray(value)
    if array.dtype == object and any(isinstance(entry, Dispatched) for entry in array.flat):
        joined = lift(run, np.stack([lift(run, entry) for entry in array.flat]))
        return traced(run, joined.v.reshape(array.shape), joined.node)
    if array.dtype.kind == "c":
        refuse("complex numbers take part: only real programs are differentiated.")
    return traced(run, run.constant(array) if array.dtype.kind != "b" else run.constant(array * 1.0), -1)


def spread(shape: tuple[int, ...], wider: tuple[int, ...]) -> Broadcast | None:
    """Broadcasting, where there is any."""
    return None if element_count(shape) == element_count(wider) else Broadcast(shape, wider)
