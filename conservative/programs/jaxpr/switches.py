"""Operations that choose among numbers: max, min, abs, clamp, reductions and sorts, with their ties opened."""

from collections.abc import Callable
from typing import Any

from conservative.programs.jaxpr.guards import closeness
from conservative.programs.jaxpr.library import jnp, slope_of_abs
from conservative.programs.jaxpr.orders import exchanges
from conservative.programs.jaxpr.record import Record
from conservative.programs.jaxpr.values import Value

Rule = Callable[[Record, Any, str, list[Value]], Any]


def _two_sided(
    record: Record,
    kind: str,
    line: str,
    sides: tuple[Any, Any],
    *,
    second: Any,
    half: Any,
    key: Any,
    gauge: Any = None,
    mean: float = 0.5,
) -> Any:
    """The first of two sides, or the second where `second`; where both tie, a switch between them.

    `half`: where JAX takes both, the second with weight `mean`. `gauge`: what tells of a tie, if not the sides.
    """
    a, b = sides
    tied, gap, ratio = closeness(record, *(gauge or sides))
    owner = ties(record, key, kind, line, gap, ratio)
    nominal, other = jnp.where(second, b, a), jnp.where(second, a, b)
    difference = jnp.where(tied, other - nominal, 0.0)
    return nominal + record.slot(jnp.where(tied, owner, -1), 1, difference, jnp.where(half, mean, 0.0))


def ties(record: Record, key: Any, kind: str, line: str, gap: Any, ratio: Any) -> Any:
    """New ties, or those that stand under the key: their numbers as owners of switches."""
    decisions, new = record.ties.add(key, kind, line, gap.shape)
    if new:
        record.ties.arrays.append((gap, ratio))
    return -2 - decisions.start - jnp.arange(gap.size, dtype=jnp.int32).reshape(gap.shape)


def _extreme(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    name = eqn.primitive.name
    low, high = sorted(ins, key=lambda v: v.number)  # max(b, a) is the decision of max(a, b)
    a, b = jnp.broadcast_arrays(low.array, high.array)
    key = (name, low.number, high.number, a.shape)
    return _two_sided(record, name, line, (a, b), second=b > a if name == "max" else b < a, half=a == b, key=key)


def _absolute(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    x = ins[0].array
    key = ("abs", ins[0].number, x.shape)
    gauge, mean = (x, jnp.zeros_like(x)), (1 - slope_of_abs()) / 2
    return _two_sided(record, "abs", line, (x, -x), second=x < 0, half=x == 0, key=key, gauge=gauge, mean=mean)


def _clamp(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    low, x, high = jnp.broadcast_arrays(*[v.array for v in ins])
    below = _two_sided(record, "clamp", line, (x, high), second=high <= x, half=False, key=None)
    return _two_sided(record, "clamp", line, (below, low), second=low >= below, half=False, key=None)


def _reduce(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    x, axes, name = ins[0].array, tuple(eqn.params["axes"]), eqn.primitive.name
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    rows = jnp.transpose(x, [*kept, *axes]).reshape([*(x.shape[a] for a in kept), -1])
    return best_of(record, name, line, rows, (name, ins[0].number, axes), larger=name == "reduce_max", mean=True)


def best_of(record: Record, name: str, line: str, rows: Any, key: Any, *, larger: bool, mean: bool) -> Any:
    """The best of r equal values in a row: the first, and r − 1 switches to the others. JAX takes it, or the `mean`."""
    best = (jnp.argmax if larger else jnp.argmin)(rows, axis=-1)[..., None]
    nominal = jnp.take_along_axis(rows, best, axis=-1)
    tied, gap, ratio = closeness(record, rows, nominal)
    other = jnp.arange(rows.shape[-1]) != best
    nearest = jnp.argmin(jnp.where(other, ratio, jnp.inf), axis=-1)[..., None]
    gap, ratio = (jnp.take_along_axis(v, nearest, axis=-1)[..., 0] for v in (gap, jnp.where(other, ratio, jnp.inf)))
    owner = ties(record, key, name, line, gap, ratio)[..., None]
    equal = rows == nominal
    weight = jnp.where(equal & mean, 1 / jnp.maximum(equal.sum(axis=-1, keepdims=True), 1), 0.0)
    difference = jnp.where(tied & other, rows - nominal, 0.0)
    return nominal[..., 0] + record.slot(jnp.where(tied & other, owner, -1), 0, difference, weight).sum(axis=-1)


def _sort(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    axis = eqn.params["dimension"]
    rows = jnp.moveaxis(ins[0].array, axis, -1)
    return jnp.moveaxis(exchanged(record, "sort", line, rows), -1, axis)


def exchanged(record: Record, name: str, line: str, rows: Any) -> Any:
    """Sorted rows: equal neighbours are exchanged in rounds, odd and even in turn, r rounds for r equal values."""
    rows = jnp.take_along_axis(rows, jnp.argsort(rows, axis=-1), axis=-1)
    tied, gap, ratio = closeness(record, rows[..., :-1], rows[..., 1:])
    pad = [(0, 0)] * (rows.ndim - 1)
    for _, here in exchanges(record, tied, rows.shape[-1]):
        owner = ties(record, None, name, line, gap, ratio)
        difference = jnp.where(here, rows[..., 1:] - rows[..., :-1], 0.0)
        moved = record.slot(jnp.where(here, owner, -1), 1, difference, 0.0)
        rows = rows + jnp.pad(moved, [*pad, (0, 1)]) - jnp.pad(moved, [*pad, (1, 0)])
    return rows


def largest(record: Record, eqn: Any, line: str, x: Any) -> Any:
    """The values of top_k, where nobody asks where they stand."""
    axis = eqn.params.get("axis", x.ndim - 1)
    rows = exchanged(record, "top_k", line, -jnp.moveaxis(x, axis, -1))
    return jnp.moveaxis(-rows[..., : eqn.params["k"]], -1, axis)


def _running(record: Record, eqn: Any, line: str, ins: list[Value]) -> Any:
    """Running maxima and minima, one element after the other."""
    larger, axis = eqn.primitive.name == "cummax", eqn.params["axis"]
    rows = jnp.moveaxis(ins[0].array, axis, 0)
    rows = rows[::-1] if eqn.params["reverse"] else rows
    found = [rows[0]] if len(rows) else []
    for row in rows[1:]:
        last = found[-1]
        second = row > last if larger else row < last
        sides = (last, row)
        found.append(_two_sided(record, eqn.primitive.name, line, sides, second=second, half=row == last, key=None))
    out = jnp.stack(found[::-1] if eqn.params["reverse"] else found)
    return jnp.moveaxis(out, 0, axis)


SWITCHES: dict[str, Rule] = {
    "max": _extreme,
    "min": _extreme,
    "abs": _absolute,
    "clamp": _clamp,
    "reduce_max": _reduce,
    "reduce_min": _reduce,
    "sort": _sort,
    "cummax": _running,
    "cummin": _running,
}
