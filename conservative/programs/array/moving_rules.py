"""Rules of functions that move entries: shapes, joins, copies, constants of the same shape."""

from typing import Any

import numpy as np

from conservative.programs.array.calls import refuse
from conservative.programs.array.linear_maps import LinearMap, Put, Take
from conservative.programs.array.registry import FUNCTIONS, function_rule
from conservative.programs.array.run import Run
from conservative.programs.array.sparse_constant import SparseConstant
from conservative.programs.array.tabled import Tabled, settled_index
from conservative.programs.array.tape import Edge
from conservative.programs.array.traced import Traced, lift, traced

_ONE = (
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze, np.expand_dims, np.flip,
    np.fliplr, np.flipud, np.roll, np.rot90, np.repeat, np.tile, np.take, np.take_along_axis, np.diag, np.diagonal,
    np.diagflat, np.tril, np.triu, np.broadcast_to, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit,
    np.delete, np.compress, np.extract, np.resize, np.pad, np.atleast_1d, np.atleast_2d, np.atleast_3d,
    *(getattr(np, name) for name in ("matrix_transpose", "unstack", "permute_dims") if hasattr(np, name)),
)  # fmt: skip
_JOINS = (np.concatenate, np.stack, np.hstack, np.vstack, np.dstack, np.column_stack, np.block)


def move(run: Run, function: Any, operands: list[Any], rebuild: Any) -> Any:
    """What a function that only moves entries makes of arrays: it is applied to the places of the entries instead."""
    arrays = [lift(run, operand) for operand in operands]
    places, start = [], 1
    for x in arrays:
        places.append(np.arange(start, start + x.size).reshape(x.shape))
        start += x.size
    values, moved = function(*rebuild([x.v for x in arrays])), function(*rebuild(places))
    if isinstance(moved, (list, tuple)):
        return [_moved(run, arrays, v, m) for v, m in zip(values, moved, strict=True)]
    return _moved(run, arrays, values, moved)


def _moved(run: Run, arrays: list[Traced], value: Any, places: Any) -> Traced:
    value, places = np.asarray(value), np.asarray(places)
    first = arrays[0]
    view = first if len(arrays) == 1 and value.ndim and np.may_share_memory(value, first.v) else None
    if run.exact:
        value = run.constant(value) if (places == 0).any() else value
    flat = places.reshape(-1)
    if view is not None and flat.size == first.size and bool((flat == np.arange(1, first.size + 1)).all()):
        return traced(run, value, first.node, view_of=view, places=flat - 1)
    key = ("moved", *(x.node for x in arrays), places.shape, places.tobytes()) if places.nbytes < 400_000 else None
    if key is not None and key in run.memo and all(x.node >= 0 for x in arrays):
        return traced(run, value, run.memo[key], view_of=view, places=flat - 1)
    edges: list[Edge] = []
    start = 1
    for x in arrays:
        own = (flat >= start) & (flat < start + x.size)
        if x.node >= 0 and own.any():
            maps: list[LinearMap] = [Take(flat[own] - start, x.size)]
            if not own.all():
                maps.append(Put(np.flatnonzero(own), flat.size))
            edges.append(x.edge(*maps))
        start += x.size
    if not edges:
        return traced(run, value, -1, view_of=view, places=flat - 1)
    node = run.tape.add(flat.size, edges)
    if key is not None:
        run.memo[key] = node
    return traced(run, value, node, view_of=view, places=flat - 1)


def _one_array(function: Any) -> Any:
    def rule(run: Run, *args: Any, **named: Any) -> Any:
        args = tuple(settled_index(part) if not isinstance(part, Traced) else part for part in args)
        at = next((i for i, part in enumerate(args) if isinstance(part, Traced)), None)
        if at is None:
            if named and "a" in named:
                return rule(run, named.pop("a"), **named)
            return function(*args, **named)
        named = {key: settled_index(value) for key, value in named.items()}
        values = {key: value for key, value in named.items() if key != "constant_values"}
        if "constant_values" in named and np.any(np.asarray(named["constant_values"]) != 0):
            refuse("np.pad with a constant other than 0 has no rule. Join with `np.concatenate`.")

        def call(array: Any) -> Any:
            return function(*args[:at], array, *args[at + 1 :], **values)

        return move(run, call, [args[at]], lambda arrays: arrays)

    return rule


for _function in _ONE:
    function_rule(_function)(_one_array(_function))

_MOVE_TABLES = (
    np.reshape,
    np.ravel,
    np.transpose,
    np.squeeze,
    np.broadcast_to,
    np.expand_dims,
    np.flip,
    np.roll,
    np.repeat,
)


def _also_tables(function: Any, otherwise: Any) -> Any:
    def rule(run: Run, *args: Any, **named: Any) -> Any:
        if args and isinstance(args[0], Tabled):
            return args[0].moved(lambda layer: np.asarray(function(layer, *args[1:], **named)))
        return otherwise(run, *args, **named)

    return rule


for _function in _MOVE_TABLES:
    FUNCTIONS[_function] = _also_tables(_function, FUNCTIONS[_function])


def _joining(function: Any) -> Any:
    def rule(run: Run, arrays: Any, *args: Any, **named: Any) -> Any:
        leaves: list[Any] = []

        def walk(item: Any) -> Any:
            if isinstance(item, list) or (isinstance(item, tuple) and item is arrays):
                return [walk(part) for part in item]
            leaves.append(item)
            return len(leaves) - 1

        tree = walk(list(arrays) if not isinstance(arrays, (list, tuple)) else arrays)

        def fill(node: Any, values: Any) -> Any:
            return [fill(part, values) for part in node] if isinstance(node, list) else values[node]

        if function is not np.block:
            leaves, tree = list(arrays), list(range(len(list(arrays))))
        return move(run, lambda nested: function(nested, *args, **named), leaves, lambda values: [fill(tree, values)])

    return rule


for _function in _JOINS:
    function_rule(_function)(_joining(_function))


@function_rule(np.append)
def append(run: Run, x: Any, values: Any, axis: Any = None) -> Any:
    """Joined, flat where no axis is given."""
    parts = [x, values] if axis is not None else [np.ravel(lift(run, x)), np.ravel(lift(run, values))]
    return np.concatenate(parts, axis=axis or 0)


@function_rule(np.insert)
def insert(run: Run, x: Any, at: Any, values: Any, axis: Any = None) -> Any:
    """Joined with new entries between."""
    return move(run, lambda a, b: np.insert(a, at, b, axis=axis), [x, values], lambda arrays: arrays)


@function_rule(np.broadcast_arrays)
def broadcast_arrays(run: Run, *arrays: Any, **_: Any) -> Any:
    """Each in the common shape."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in arrays))
    return [np.broadcast_to(lift(run, x), shape) for x in arrays]


@function_rule(np.shape)
def shape_of(run: Run, x: Any) -> Any:
    """The shape."""
    return _like(run, x).shape


@function_rule(np.ndim)
def ndim_of(run: Run, x: Any) -> Any:
    """The number of axes."""
    return len(_like(run, x).shape)


@function_rule(np.size)
def size_of(run: Run, x: Any, axis: Any = None) -> Any:
    """The number of entries."""
    shape = _like(run, x).shape
    return int(np.prod(shape)) if axis is None else shape[axis]


def _like(run: Run, x: Any) -> Any:
    return x if isinstance(x, (Tabled, SparseConstant)) else lift(run, x)


def _constant_like(function: Any) -> Any:
    def rule(run: Run, x: Any, *args: Any, **named: Any) -> Any:
        shape = named.get("shape") or _like(run, x).shape
        if function is np.full_like:
            return np.broadcast_to(lift(run, args[0] if args else named["fill_value"]), shape).copy()
        value = 1 if function is np.ones_like else 0
        return traced(run, run.constant(np.full(shape, value)), -1)

    return rule


for _function in (np.zeros_like, np.ones_like, np.full_like, np.empty_like):
    function_rule(_function)(_constant_like(_function))

# `like=x` makes an array that traced values can be stored into.
for _name in ("zeros", "ones", "empty"):
    function_rule(getattr(np, _name))(
        lambda run, shape, *_, _one=_name == "ones", **__: traced(run, run.constant(np.full(shape, int(_one))), -1)
    )


@function_rule(np.array, np.asarray, np.asanyarray, np.ascontiguousarray)
def array(run: Run, value: Any, *_: Any, **__: Any) -> Any:
    """With `like=x`: lists of traced values as an array."""
    return lift(run, value).copy()


@function_rule(np.copy)
def copy(run: Run, x: Any, **_: Any) -> Any:
    """The same values."""
    return x.copy()


@function_rule(np.real, np.real_if_close)
def real(run: Run, x: Any, **_: Any) -> Any:
    """The array itself: programs are real."""
    return x


@function_rule(np.iscomplexobj, np.isscalar)
def never(run: Run, x: Any) -> bool:
    """Traced arrays are neither complex nor scalars of Python's."""
    return False


@function_rule(np.isrealobj)
def always(run: Run, x: Any) -> bool:
    """Traced arrays are real."""
    return True


@function_rule(np.result_type, np.common_type)
def result_type(run: Run, *_: Any) -> Any:
    """Double precision."""
    return np.dtype(np.float64)


@function_rule(np.fill_diagonal)
def fill_diagonal(run: Run, x: Any, value: Any, wrap: bool = False) -> None:
    """In place."""
    n = min(x.shape)
    x[np.arange(n), np.arange(n)] = value


@function_rule(np.copyto)
def copyto(run: Run, target: Any, source: Any, **named: Any) -> None:
    """In place."""
    if not isinstance(target, Traced):
        refuse("a traced value is stored into a plain array. Make it by `np.zeros_like(x)`.")
    target.assign(np.where(named["where"], source, target) if "where" in named else source)


@function_rule(np.putmask, np.place)
def putmask(run: Run, target: Any, mask: Any, values: Any) -> None:
    """In place."""
    if np.ndim(values) or not isinstance(target, Traced):
        refuse("np.putmask needs a traced array and one value. Use `np.where`.")
    target.assign(np.where(mask, values, target))
