"""Indices that an order gives: argmax, argsort, top_k, and sorts that take other arrays along.

An index cannot be opened to first order. The program is run once for each order of values that tie: each run is forced
to pick another of equal values, or to exchange equal neighbours.
"""

from typing import Any

from conservative.programs.jaxpr.guards import closeness
from conservative.programs.jaxpr.library import jnp, lax
from conservative.programs.jaxpr.record import PICK, SWAP, Decisions, Record, numbered


def picked(record: Record, name: str, line: str, rows: Any, *, larger: bool) -> Any:
    """The index of the best of each row, or of one that ties with it where a run is forced to take that."""
    best = (jnp.argmax if larger else jnp.argmin)(rows, axis=-1)[..., None]
    tied, gap, ratio = closeness(record, rows, jnp.take_along_axis(rows, best, axis=-1))
    other = jnp.arange(rows.shape[-1]) != best
    gap, ratio = (jnp.where(other, part, jnp.inf) for part in (gap, ratio))
    decisions, _ = record.guards.add(None, name, line, rows.shape, PICK)
    state = _asked(record, decisions, tied & other, gap, ratio)
    chosen = tied & other & (state == 1)
    return jnp.where(chosen.any(axis=-1), jnp.argmax(chosen, axis=-1), best[..., 0])


def arranged(record: Record, name: str, line: str, rows: Any, order: Any) -> Any:
    """An order of each row, with equal neighbours exchanged as a run is forced to: r rounds for r equal values."""
    ordered = jnp.take_along_axis(rows, order, axis=-1)
    tied, gap, ratio = closeness(record, ordered[..., :-1], ordered[..., 1:])
    pad = [(0, 0)] * (rows.ndim - 1)
    for turn, here in exchanges(record, tied, rows.shape[-1]):
        decisions, _ = record.guards.add(None, name, line, gap.shape, SWAP)
        far = jnp.full(gap.shape, jnp.inf)
        state = _asked(record, decisions, here, *((gap, ratio) if turn == 0 else (far, far)))
        swap = here & (state == 1)
        from_left, from_right = (jnp.pad(swap, [*pad, side]) for side in ((1, 0), (0, 1)))
        order = jnp.where(
            from_right, jnp.roll(order, -1, axis=-1), jnp.where(from_left, jnp.roll(order, 1, axis=-1), order)
        )
    return order


def exchanges(record: Record, tied: Any, length: int) -> list[tuple[int, Any]]:
    """Rounds, odd and even in turn, and which tied neighbours each may exchange: once for two equal values alone."""
    place, size = _blocks(tied)
    record.blocks.append(jnp.max(size, initial=0))
    rounds = range(min(record.rounds, length))
    return [
        (turn, tied & (((size == 2) & (turn == 0)) | ((size > 2) & (turn < size) & ((place + turn) % 2 == 0))))
        for turn in rounds
    ]


def _blocks(tied: Any) -> tuple[Any, Any]:
    """For neighbours that tie: their place in the block of equal values, and how many values it has."""
    axis, index = tied.ndim - 1, jnp.arange(tied.shape[-1])
    start = lax.cummax(jnp.where(tied, 0, index + 1), axis=axis)
    end = lax.cummin(jnp.where(tied, tied.shape[-1], index), axis=axis, reverse=True)
    return index - start, jnp.where(tied, end - start + 1, 0)


def _asked(record: Record, decisions: Decisions, open_: Any, gap: Any, ratio: Any) -> Any:
    """What a run is forced to; where it is not, the decisions that are open are asked for."""
    record.guards.arrays.append((gap, ratio, jnp.zeros(gap.shape, jnp.int8)))
    state = record.forced_states(decisions)
    record.control.append(jnp.where(open_ & (state < 0), numbered(decisions), -1))
    return state


def order_of(eqn: Any, arrays: list[Any], axis: int) -> Any:
    """The stable order that a sort of one or more keys takes, along the last axis."""
    keys = [jnp.moveaxis(array, axis, -1) for array in arrays[: eqn.params.get("num_keys", 1)]]
    count = jnp.broadcast_to(jnp.arange(keys[0].shape[-1]), keys[0].shape)
    return lax.sort([*keys, count], dimension=keys[0].ndim - 1, num_keys=len(keys))[-1]


def sorted_together(record: Record, eqn: Any, line: str, arrays: list[Any]) -> list[Any]:
    """A sort that takes other arrays along, by an order in which equal keys may be exchanged."""
    axis = eqn.params["dimension"]
    order = arranged(record, "sort", line, jnp.moveaxis(arrays[0], axis, -1), order_of(eqn, arrays, axis))
    rows = [jnp.take_along_axis(jnp.moveaxis(array, axis, -1), order, axis=-1) for array in arrays]
    return [jnp.moveaxis(row, -1, axis) for row in rows]


def top(record: Record, eqn: Any, line: str, x: Any) -> list[Any]:
    """The k largest values and where they stand."""
    axis = eqn.params.get("axis", x.ndim - 1)
    rows = jnp.moveaxis(x, axis, -1)
    order = arranged(record, "top_k", line, rows, jnp.argsort(-rows, axis=-1))[..., : eqn.params["k"]]
    values = jnp.take_along_axis(rows, order, axis=-1)
    return [jnp.moveaxis(out, -1, axis) for out in (values, order.astype(eqn.outvars[1].aval.dtype))]


def argument(record: Record, eqn: Any, line: str, x: Any) -> list[Any]:
    """argmax and argmin."""
    name, (axis,) = eqn.primitive.name, eqn.params["axes"]
    index = picked(record, name, line, jnp.moveaxis(x, axis, -1), larger=name == "argmax")
    return [index.astype(eqn.params["index_dtype"])]
