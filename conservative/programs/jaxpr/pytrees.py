"""x and θ as pytrees of JAX: flat numbers with names from their paths, and back."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentTypeError, EmptySetError, NonFiniteError
from conservative._core.printable import printable, shown
from conservative.programs.jaxpr.library import jax, jnp


@dataclass(frozen=True, slots=True)
class Pytree:
    """One argument: its numbers, their names, and how to build it again."""

    values: tuple[float, ...]
    names: tuple[str, ...]
    outline: Any
    shapes: tuple[tuple[int, ...], ...]
    warnings: tuple[str, ...] = ()

    def prefixed(self, prefix: str) -> "Pytree":
        """With names that tell which argument they are of."""
        return replace(self, names=tuple(f"{prefix}.{name}" for name in self.names))

    def build(self, flat: Any) -> Any:
        """The pytree around the pieces of a flat array."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        pieces = jnp.split(flat, np.cumsum(sizes)[:-1]) if sizes else []
        leaves = [piece.reshape(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]
        return jax.tree_util.tree_unflatten(self.outline, leaves)


def read_pytree(value: Any, argument: str, *, call: str) -> Pytree:
    """Read one argument; refuse leaves without derivatives."""
    where = f"`{call}({argument}=...)`"
    paths, outline = jax.tree_util.tree_flatten_with_path(value)
    values: list[float] = []
    names: list[str] = []
    shapes, warnings = [], []
    for path, leaf in paths:
        name = leaf_name(path, argument)
        array = _numbers(leaf, name, where)
        if array.dtype in (np.float32, np.float16) or str(array.dtype) == "bfloat16":
            warnings.append(f"{name} is {array.dtype}; it is traced in double precision.")
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            bad = array[~np.isfinite(array)].ravel()[0]
            raise NonFiniteError(f"{where} needs finite numbers; {name} holds {bad}.")
        values += array.ravel().tolist()
        shapes.append(array.shape)
        names += _entries(name, array.shape)
    if not values and argument == "x":
        raise EmptySetError(f"{where} needs at least one number; got {shown(value)}.")
    return Pytree(tuple(values), tuple(names), outline, tuple(shapes), tuple(warnings))


def leaf_name(path: tuple[Any, ...], argument: str) -> str:
    """x for the leaf alone, x[0] for entries of sequences, w for the key or field w, x.w below others."""
    name = ""
    for key in path:
        if hasattr(key, "idx"):
            name += f"[{key.idx}]" if name else f"{argument}[{key.idx}]"
        else:
            part = printable(str(getattr(key, "key", getattr(key, "name", key))))
            name = f"{name}.{part}" if name else part
    return name or argument


def _entries(name: str, shape: tuple[int, ...]) -> list[str]:
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in product(*map(range, shape))]


def _numbers(leaf: Any, name: str, where: str) -> Any:
    if callable(leaf) and not hasattr(leaf, "dtype"):
        raise ArgumentTypeError(
            f"{where} needs arrays of numbers as leaves; {name} is {shown(leaf)}. Of a module with functions in it "
            "pass its arrays alone, and put it together inside the function."
        )
    try:
        array = np.asarray(leaf)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentTypeError(f"{where}: {name} is no array of numbers ({error}).") from error
    if isinstance(leaf, (int, float)) and not isinstance(leaf, bool):
        array = array.astype(np.float64)
    kind = jnp.issubdtype
    if kind(array.dtype, jnp.floating):
        return array
    if array.dtype.kind == "c":
        raise ArgumentTypeError(f"{where} needs real numbers; {name} is complex. Pass real and imaginary parts apart.")
    raise ArgumentTypeError(
        f"{where} needs floating-point numbers; {name} holds {array.dtype}, which has no derivative. Bind it in the "
        "function if it is a count, an index or a switch, or pass floats."
    )
