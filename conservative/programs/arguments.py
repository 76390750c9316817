"""x and θ as users give them, arrays or containers of arrays, read into flat numbers with names, and back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, NonFiniteError
from conservative._core.printable import shown
from conservative.functions.points import read_number


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array among an argument's leaves: its place in the flat vector."""

    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a program: numbers, their names, and the containers that they came in.

    Parameters
    ----------
    values : tuple
        Floats, or `Fraction` for every number that was given exactly.
    names : tuple of str
        `x[0]`, `x[1,2]`, `w[0]` for the key w of a mapping.
    tree : Any
        The user's containers with a `Leaf` in place of each array.
    """

    values: tuple[Any, ...]
    names: tuple[str, ...]
    tree: Any

    @property
    def exact(self) -> bool:
        """Whether no number was a float."""
        return not any(isinstance(value, float) for value in self.values)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The leaves in order."""
        return tuple(leaves_of(self.tree))

    def rebuild(self, arrays: Sequence[Any]) -> Any:
        """The user's containers around new leaves, one for each, in order."""
        return _filled(self.tree, iter(arrays))

    def from_flat(self, flat: Any) -> Any:
        """The user's containers around the pieces of a flat array; numbers without axes come as scalars."""
        return self.rebuild([flat[leaf.start : leaf.stop].reshape(leaf.shape)[()] for leaf in self.leaves])


def read_arguments(x: Any, theta: Any, *, call: str, integers: bool = True) -> tuple[Argument, Argument]:
    """x and θ; θ without numbers where None. Arrays of integers are exact, or refused unless `integers`."""
    state = _read(x, "x", call, integers)
    if not state.values:
        raise EmptySetError(f"`{call}(x=...)` needs at least one number; got {shown(x)}.")
    parameter = Argument((), (), None) if theta is None else _read(theta, "theta", call, integers)
    clashing = set(state.names) & set(parameter.names)
    plain = isinstance(x, Mapping) or isinstance(theta, Mapping)
    if clashing and plain:
        state, parameter = (
            Argument(part.values, tuple(f"{prefix}.{name}" for name in part.names), part.tree)
            for part, prefix in ((state, "x"), (parameter, "theta"))
        )
    return state, parameter


def leaves_of(tree: Any) -> Iterator[Leaf]:
    """The leaves of a tree in order."""
    if isinstance(tree, Leaf):
        yield tree
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from leaves_of(item)
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from leaves_of(item)


def in_order_of(tree: Any, like: Any) -> list[Any]:
    """The leaves of what a program returned, mappings with the state's keys in the state's order."""
    if isinstance(tree, Mapping):
        keys = list(like) if isinstance(like, Mapping) and set(like) == set(tree) else list(tree)
        below = [like.get(key) if isinstance(like, Mapping) else None for key in keys]
        return [leaf for key, inner in zip(keys, below, strict=True) for leaf in in_order_of(tree[key], inner)]
    if isinstance(tree, (list, tuple)):
        same = isinstance(like, (list, tuple)) and len(like) == len(tree)
        below = list(like) if same else [None] * len(tree)
        return [leaf for item, inner in zip(tree, below, strict=True) for leaf in in_order_of(item, inner)]
    return [tree]


def _filled(tree: Any, arrays: Iterator[Any]) -> Any:
    if isinstance(tree, Leaf):
        return next(arrays)
    if isinstance(tree, Mapping):
        return {key: _filled(item, arrays) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        items = [_filled(item, arrays) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return tree


def _read(value: Any, argument: str, call: str, integers: bool) -> Argument:
    values: list[Any] = []
    names: list[str] = []

    def leaf(item: Any, name: str) -> Leaf:
        array = _array(item, name, f"{call}({argument}=...)", integers)
        start = len(values)
        values.extend(array.ravel().tolist())
        names.extend(_entry_names(name, array.shape))
        return Leaf(array.shape, start, len(values))

    def walk(item: Any, name: str, top: bool) -> Any:
        if isinstance(item, Mapping):
            return {key: walk(part, str(key) if top else f"{name}.{key}", False) for key, part in item.items()}
        if isinstance(item, (list, tuple)) and not _is_array(item):
            parts = [walk(part, f"{name}[{i}]", False) for i, part in enumerate(item)]
            return type(item)(*parts) if hasattr(item, "_fields") else type(item)(parts)
        return leaf(item, name)

    tree = walk(value, argument, True)
    return Argument(tuple(values), tuple(names), tree)


def _is_array(item: Sequence[Any]) -> bool:
    """Whether nested lists are one array: numbers, or lists of them of one shape, and no arrays among them."""
    if hasattr(item, "_fields"):
        return False
    if all(not isinstance(part, (list, tuple, Mapping)) and np.ndim(part) == 0 for part in item):
        return True
    if not all(isinstance(part, (list, tuple)) and _is_array(part) for part in item):
        return False
    try:
        return np.asarray(item, dtype=object).ndim > 1
    except ValueError:
        return False


def _entry_names(name: str, shape: tuple[int, ...]) -> list[str]:
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in product(*map(range, shape))]


def _array(item: Any, name: str, where: str, integers: bool) -> np.ndarray[Any, Any]:
    """Floats, or objects: `Fraction` for every entry given exactly, float for every other."""
    if item is None or callable(item):
        raise ArgumentTypeError(f"`{where}` needs numbers or arrays of numbers; got {name} = {shown(item)}.")
    listed = isinstance(item, (list, tuple))
    try:
        raw = np.asarray(item, dtype=object if listed else None)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentTypeError(f"`{where}`: {name} is no array of numbers ({error}).") from error
    if raw.dtype.kind == "c" or (raw.dtype == object and any(isinstance(v, complex) for v in raw.ravel())):
        raise ArgumentTypeError(
            f"`{where}` needs real numbers; {name} is complex. Pass real and imaginary parts as two arrays."
        )
    if raw.dtype.kind == "b" or (raw.dtype == object and any(isinstance(v, (bool, np.bool_)) for v in raw.ravel())):
        raise ArgumentTypeError(
            f"`{where}` needs real numbers; {name} holds truth values. What is not differentiated belongs into the "
            "function, not among its arguments."
        )
    if raw.dtype.kind in "iu" and not integers:
        raise ArgumentTypeError(
            f"`{where}` needs floating-point numbers; {name} holds integers (dtype {raw.dtype}), which have no "
            f"derivative. Pass floats, or bind {name} in the function if it is a count or an index."
        )
    if raw.dtype.kind == "f":
        floats = raw.astype(np.float64)
        if not np.isfinite(floats).all():
            bad = floats.ravel()[~np.isfinite(floats.ravel())][0]
            raise NonFiniteError(f"`{where}` needs finite numbers; {name} holds {bad}.")
        return floats
    read = np.empty(raw.size, dtype=object)
    for i, value in enumerate(raw.ravel().tolist()):
        number = read_number(value, name, where)
        read[i] = number if isinstance(number, (float, Fraction)) else _float(number, name, where)
    return read.reshape(raw.shape)


def _float(number: Any, name: str, where: str) -> float:
    try:
        return float(number)
    except (TypeError, OverflowError) as error:
        raise ArgumentError(f"`{where}`: {name} = {shown(number)} is no double.") from error
