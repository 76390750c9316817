"""Maxima over windows and over scattered updates, and the derivatives of pooling, which pick the place of a maximum."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError
from conservative.programs.jaxpr.guards import closeness
from conservative.programs.jaxpr.library import bind_again, jnp, lax
from conservative.programs.jaxpr.orders import picked
from conservative.programs.jaxpr.record import Record
from conservative.programs.jaxpr.switches import best_of, ties
from conservative.programs.jaxpr.values import Value

_ENTRIES = 4_000_000
"""Most entries of all windows together."""


def windowed(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    """Max pooling: the best of each window, with switches to others that tie. JAX takes the first."""
    name, x = eqn.primitive.name, ins[0].array
    rows = _windows(eqn, x)
    key = (name, str(sorted(eqn.params.items(), key=str)), ins[0].number)
    return best_of(record, name, line, rows, key, larger=name == "reduce_window_max", mean=False)


def pooled_gradient(record: Record, eqn: Any, line: str, arrays: list[Any]) -> list[Any]:
    """What flows back through max pooling: each source to the place of the best in its window."""
    source, operand = arrays
    index = _places(eqn, operand, record, line)
    flat = jnp.zeros(operand.size, source.dtype).at[index.ravel()].add(source.ravel())
    return [flat.reshape(operand.shape)]


def pooled_tangent(record: Record, eqn: Any, line: str, arrays: list[Any]) -> list[Any]:
    """What flows forward through max pooling: the tangent at the place of the best of each window."""
    tangents, operand = arrays
    return [tangents.ravel()[_places(eqn, operand, record, line)]]


def _places(eqn: Any, operand: Any, record: Record, line: str) -> Any:
    larger = str(eqn.params["select_prim"]) == "ge"
    index = _index(eqn, operand.shape)
    best = picked(record, eqn.primitive.name, line, _windows(eqn, operand, larger=larger), larger=larger)
    return jnp.take_along_axis(jnp.asarray(index), best[..., None], axis=-1)[..., 0]


def _windows(eqn: Any, x: Any, *, larger: bool | None = None) -> Any:
    """The entries of each window along the last axis; padding is never the best."""
    larger = eqn.primitive.name == "reduce_window_max" if larger is None else larger
    index = _index(eqn, x.shape)
    return jnp.where(index >= 0, x.ravel()[np.maximum(index, 0)], -jnp.inf if larger else jnp.inf)


def _index(eqn: Any, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Where the entries of each window stand in the flat array, −1 in the padding: shape (windows, entries)."""
    p, ones = eqn.params, (1,) * len(shape)
    sides = (p["window_dimensions"], p["window_strides"], p["padding"])
    spacing = (p.get("window_dilation", ones), p.get("base_dilation", ones))
    out, numbers = np.zeros((1, 1), dtype=np.int64), []
    for length, size, stride, (low, high), dilation, spread in zip(shape, *sides, *spacing, strict=True):
        full = (length - 1) * spread + 1
        numbers.append((full + low + high - (size - 1) * dilation - 1) // stride + 1)
        at = np.arange(numbers[-1])[:, None] * stride - low + np.arange(size) * dilation
        here = np.where((at >= 0) & (at < full) & (at % spread == 0), at // spread, -1)
        if out.size * here.size > _ENTRIES:
            raise BudgetError(f"the windows of {eqn.primitive.name} have more than {_ENTRIES:,} entries together.")
        left, right = out[:, None, :, None], here[None, :, None, :]
        out = np.where((left < 0) | (right < 0), -1, left * length + right)
        out = out.reshape(out.shape[0] * out.shape[1], -1)
    return out.reshape(*numbers, -1)


def scattered(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    """A maximum or minimum of each place and what is scattered to it: the first of equal ones, with switches."""
    operand, indices, updates = (v.array for v in ins)
    name, size, last = eqn.primitive.name.replace("-", "_"), operand.size, updates.size
    places = _destinations(eqn, operand.shape, indices, updates.shape).ravel()
    inside, places = places >= 0, jnp.maximum(places, 0)
    (best,) = bind_again(eqn, [lax.stop_gradient(part) for part in (operand, indices, updates)])
    best, held, new, count = best.ravel(), operand.ravel(), updates.ravel(), jnp.arange(last)
    kept = closeness(record, held, best)[0] | (held == best)
    tied = closeness(record, new, best[places])[0] & inside
    first = jnp.full(size, last).at[places].min(jnp.where(tied, count, last))
    nominal = jnp.where(kept, held, new[jnp.minimum(first, last - 1)])
    other = inside & (kept[places] | (first[places] != count))
    _, *apart = closeness(record, new, nominal[places])
    nearest = (jnp.full(size, jnp.inf).at[places].min(jnp.where(other, part, jnp.inf)) for part in apart)
    gap, ratio = (part.reshape(operand.shape) for part in nearest)
    owner = ties(record, None, name, line, gap, ratio).ravel()[places]
    equal = inside & (new == best[places])
    number = jnp.zeros(size).at[places].add(equal) + (held == best)
    difference = jnp.where(tied & other, new - nominal[places], 0.0)
    moved = record.slot(jnp.where(tied & other, owner, -1), 0, difference, jnp.where(equal, 1 / number[places], 0.0))
    return nominal.at[places].add(jnp.where(inside, moved, 0.0)).reshape(operand.shape)


def _destinations(eqn: Any, shape: tuple[int, ...], indices: Any, updates: tuple[int, ...]) -> Any:
    """Where each update goes in the flat array, −1 where it is dropped."""
    to = eqn.params["dimension_numbers"]
    single = {*to.inserted_window_dims, *to.operand_batching_dims}
    sizes = iter(updates[d] for d in to.update_window_dims)
    dimensions = lax.GatherDimensionNumbers(
        offset_dims=to.update_window_dims,
        collapsed_slice_dims=to.inserted_window_dims,
        start_index_map=to.scatter_dims_to_operand_dims,
        operand_batching_dims=to.operand_batching_dims,
        start_indices_batching_dims=to.scatter_indices_batching_dims,
    )
    return lax.gather(
        jnp.arange(math.prod(shape)).reshape(shape),
        indices,
        dimensions,
        slice_sizes=tuple(1 if d in single else next(sizes) for d in range(len(shape))),
        mode=eqn.params["mode"],
        fill_value=-1,
    )
