"""`Traced`: an array with values and a place on the tape; `Tabled`: an array of what open decisions may make of it."""

import inspect
import operator
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.programs.array.linear_maps import Keep, LinearMap, Matrix, Put, Scale, Spread, Take, element_count
from conservative.programs.array.registry import FUNCTIONS, LINEAR, UFUNCS
from conservative.programs.array.run import Run
from conservative.programs.array.tape import Edge
from conservative.programs.source_lines import users_line

_KEY_BYTES = 400_000
"""Larger constants are not compared, so that operations on them are not known to be the same."""


def refuse(message: str) -> NoReturn:
    """Refuse with the user's line in front."""
    raise FunctionError(f"{users_line()}: {message}")


class Dispatched(NDArrayOperatorsMixin):
    """What `Traced` and `Tabled` share: NumPy hands its calls to the rules."""

    __slots__ = ("run",)
    __hash__ = None  # type: ignore[assignment]
    run: Run

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        return call_ufunc(self.run, ufunc, method, inputs, named)

    def __array_function__(self, function: Any, types: Any, args: Any, named: Any) -> Any:
        return call_function(self.run, function, args, named)


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

    def __init__(self, smooth: "Traced", jump: Tabled) -> None:
        self.run, self.smooth, self.jump = smooth.run, smooth, jump

    @property
    def shape(self) -> tuple[int, ...]:
        return self.smooth.shape

    @property
    def ndim(self) -> int:
        return self.smooth.ndim

    def settled(self) -> "Traced":
        """The array alone; the program is run again for each state of the mask."""
        self.jump.settled()
        return self.smooth

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
        key = ("take", self.node, positions.shape, positions.tobytes()) if positions.nbytes < _KEY_BYTES else None
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

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
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
        return value.settled()
    if isinstance(value, Tabled):
        return traced(run, run.constant(value.settled()), -1)
    if isinstance(value, (list, tuple)) and _holds_traced(value):
        return lift(run, np.stack([lift(run, part) for part in value]))
    array = np.asarray(value)
    if array.dtype == object and any(isinstance(entry, Dispatched) for entry in array.flat):
        joined = lift(run, np.stack([lift(run, entry) for entry in array.flat]))
        return traced(run, joined.v.reshape(array.shape), joined.node)
    if array.dtype.kind == "c":
        refuse("complex numbers take part: only real programs are differentiated.")
    return traced(run, run.constant(array) if array.dtype.kind != "b" else run.constant(array * 1.0), -1)


def _holds_traced(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_traced(part) for part in value)
    return isinstance(value, Dispatched)


def settled_index(index: Any) -> Any:
    """An index with open decisions taken as control."""
    if isinstance(index, Tabled):
        return index.settled()
    if isinstance(index, tuple):
        return tuple(settled_index(part) for part in index)
    if isinstance(index, list) and _holds_traced(index):
        return [settled_index(part) for part in index]
    if isinstance(index, Traced):
        refuse("a traced value serves as an index. Compute indices from constants, or use `np.where`.")
    return index


def spread(shape: tuple[int, ...], wider: tuple[int, ...]) -> Spread | None:
    """Broadcasting, where there is any."""
    return None if element_count(shape) == element_count(wider) else Spread(shape, wider)


def elementwise(run: Run, v: Any, *operands: tuple[Traced, Any], name: str = "") -> Traced:
    """A result whose entries are to first order Σ factor · operand, with broadcasting; factor None is 1."""
    v = np.asarray(v)
    edges = []
    for x, factor in operands:
        if x.node < 0:
            continue
        maps: list[LinearMap] = []
        wide = spread(x.shape, v.shape)
        if wide is not None:
            maps.append(wide)
        if factor is not None:
            factor = np.asarray(factor)
            if factor.ndim and factor.shape != v.shape:
                factor = np.broadcast_to(factor, v.shape)
            if not run.exact and not np.isfinite(factor).all():
                note_singular(run, name, x.v, ~np.isfinite(factor))
            maps.append(Scale(factor))
        edges.append(x.edge(*maps))
    if not edges:
        return traced(run, v, -1)
    node = run.tape.add(v.size, edges)
    run.rounded.add(node)
    return traced(run, v, node)


def note_singular(run: Run, name: str, x: Matrix, bad: Any) -> None:
    """Keep where a derivative, or a value, is not finite; it counts only if the result depends on it."""
    place = np.broadcast_to(x, np.shape(bad))[bad] if np.ndim(bad) else x
    value = np.asarray(place).ravel()[0]
    run.singular.append(f"{name} of {float(value):.6g} at {users_line()}")


def sparse_product(M: Any, x: Traced) -> Traced:
    """A sparse matrix times a traced vector or matrix."""
    return np.matmul(SparseConstant(x.run, M), x)  # type: ignore[call-overload, no-any-return]


class SparseConstant(Dispatched):
    """A sparse matrix on its way through NumPy's matmul."""

    __slots__ = ("M",)

    def __init__(self, run: Run, M: Any) -> None:
        self.run, self.M = run, M

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.M.shape)


def call_ufunc(run: Run, ufunc: Any, method: str, inputs: Sequence[Any], named: dict[str, Any]) -> Any:
    """A ufunc by its rule; results of the same operation on the same operands are the same."""
    named = {key: value for key, value in named.items() if value is not None and not _is_default(key, value)}
    out = named.pop("out", (None,))[0]
    if any(isinstance(x, Mixed) for x in inputs):
        linear = method == "__call__" and ufunc.__name__ in LINEAR
        if linear:
            return LINEAR[ufunc.__name__](run, *inputs)
        inputs = [x.settled() if isinstance(x, Mixed) else x for x in inputs]
    named = {key: value for key, value in named.items() if not (key == "dtype" and np.dtype(value) == np.float64)}
    rule = UFUNCS.get(f"{ufunc.__name__}.{method}" if method != "__call__" else ufunc.__name__)
    if rule is None or (named and method == "__call__"):
        known = "" if rule is None else f" with {', '.join(named)}"
        part = "" if method == "__call__" else f".{method}"
        refuse(
            f"`{_title(ufunc)}{part}`{known} has no rule here. Write it with arithmetic, `np.maximum`, `np.where` and "
            "the like; `cj.programs` lists what is known."
        )
    result = remembered(run, (ufunc, method), rule, inputs, named)
    if out is None:
        return result
    if not isinstance(out, Traced):
        refuse("a traced value is stored into a plain array. Make it by `np.zeros_like(x)`.")
    out.assign(result)
    return out


def call_function(run: Run, function: Any, args: Any, named: dict[str, Any]) -> Any:
    """A function of NumPy's by its rule."""
    rule = FUNCTIONS.get(function)
    if rule is None:
        refuse(
            f"`{_title(function)}` has no rule here. Write it with arithmetic, sums, `np.maximum`, `np.where`, "
            "`np.sort` and the like."
        )
    args = [part.settled() if isinstance(part, Mixed) else part for part in args]
    _refuse_ignored(function, rule, named)
    out = named.get("out")
    if out is not None:
        named = {key: value for key, value in named.items() if key != "out"}
        result = remembered(run, function, rule, args, named)
        if not isinstance(out, Traced):
            refuse("a traced value is stored into a plain array. Make it by `np.zeros_like(x)`.")
        out.assign(result)
        return out
    return remembered(run, function, rule, args, named)


_HARMLESS = frozenset(
    ("casting", "copy", "dtype", "kind", "optimize", "order", "out", "overwrite_input", "returned", "stable", "subok")
)


def _refuse_ignored(function: Any, rule: Any, named: dict[str, Any]) -> None:
    """A rule that takes what it does not know as `**_` must not lose what matters."""
    parameters = inspect.signature(rule).parameters
    if not any(p.kind is p.VAR_KEYWORD and not p.name.strip("_") for p in parameters.values()):
        return
    for name, value in named.items():
        idle = value is None or value is False or value is np._NoValue or (name == "where" and value is True)
        if name not in parameters and not (idle or name in _HARMLESS):
            refuse(f"`{_title(function)}({name}=...)` has no rule here. Write out what it does.")


def remembered(run: Run, what: Any, rule: Any, args: Sequence[Any], named: dict[str, Any]) -> Any:
    """The result of an earlier call with the same operands, or of this one."""
    key = _key((tuple(args), tuple(sorted(named.items()))))
    if key is not None and (what, key) in run.memo:
        return _again(run.memo[what, key])
    with np.errstate(all="ignore"):
        result = rule(run, *args, **named)
    views = [part for part in (result if isinstance(result, list) else [result]) if getattr(part, "_origin", None)]
    if key is not None and not views:
        run.memo[what, key] = result
        return _again(result)
    return result


def _again(result: Any) -> Any:
    """A fresh array of the same values, for the first may be written to."""
    if isinstance(result, Traced):
        return traced(result.run, result.v, result._node)
    return list(map(_again, result)) if isinstance(result, list) else result


def _key(value: Any) -> Any:
    """A hashable that is equal for equal operands; None where that is not known."""
    if isinstance(value, Traced):
        if value.node >= 0:
            return ("traced", value.node, value.shape)
        value = value.v
    if isinstance(value, Tabled):
        value.run.kept.append(value)
        return ("tabled", id(value))
    if isinstance(value, Dispatched):
        return None
    if isinstance(value, (tuple, list)):
        parts = tuple(map(_key, value))
        return None if any(part is None for part in parts) else (type(value), parts)
    if isinstance(value, np.ndarray):
        if value.nbytes > _KEY_BYTES:
            return None
        content = tuple(map(_key, value.ravel())) if value.dtype == object else value.tobytes()
        if value.dtype == object and any(part is None for part in content):
            return None
        return ("array", value.shape, value.dtype.str, content)
    if (
        value is None
        or isinstance(value, (bool, int, float, str, np.generic, slice, type))
        or hasattr(value, "as_integer_ratio")
    ):
        return (type(value).__name__, str(value) if isinstance(value, slice) else value)
    return None


def _is_default(key: str, value: Any) -> bool:
    return (
        (key == "where" and value is True)
        or (key == "casting" and value == "same_kind")
        or (key in ("order", "subok", "initial") and value in ("K", True))
        or value is np._NoValue
    )


def _title(function: Any) -> str:
    module = getattr(function, "__module__", None) or "numpy"
    name = getattr(function, "__name__", str(function))
    return f"{module.replace('numpy', 'np')}.{name}"
