"""Operations on open discrete values, element by element: tables where all is discrete, switches where numbers join."""

from collections.abc import Callable
from functools import reduce
from typing import Any

from conservative.programs.jaxpr.guards import TRUTH
from conservative.programs.jaxpr.library import jnp, lax
from conservative.programs.jaxpr.record import Record
from conservative.programs.jaxpr.values import Open, Value

POINTWISE = {
    *TRUTH, "not", "and", "or", "xor", "neg", "add", "add_any", "sub", "mul", "div", "rem", "max", "min", "abs", "sign",
    "floor", "ceil", "round", "square", "sqrt", "integer_pow", "pow", "exp", "log", "logistic", "tanh", "select_n",
    "clamp", "is_finite", "convert_element_type",
}  # fmt: skip

Function = Callable[..., Any]


def moved(move: Function, ins: list[Value], *, join: bool) -> Open:
    """Open values rearranged. `join`: what is not open stands beside them, without guard; else it says where to."""

    def guard(value: Value) -> Any:
        if value.open is not None:
            return value.open.guard
        return jnp.full(value.array.shape, -1, jnp.int32) if join else value.array

    first, second = (move(*(v.array if v.open is None else v.open.others[k] for v in ins)) for k in (0, 1))
    return Open(move(*map(guard, ins)), (first, second), all(v.open is None or v.open.binary for v in ins))


def pointwise(
    record: Record, function: Function, ins: list[Value], active: Callable[[Value], bool]
) -> tuple[Any, Open | None]:
    """f of open values and others: at the point, and a table, or switches where derivatives pass through."""
    out = function(*(v.array for v in ins))
    opened = [v.open for v in ins if v.open is not None]
    guard = _common_guard(record, opened, out.shape)
    others = [function(*(v.array if v.open is None else v.open.others[k] for v in ins)) for k in (0, 1)]
    binary = out.dtype == jnp.bool_ or (len(opened) == 1 and opened[0].binary)
    if not any(active(v) for v in ins):
        return out, Open(guard, (others[0], others[1]), binary)
    turns = [_differs(k, ins, out.shape) for k in (0, 1)]
    return _switched(record, out, others, guard, turns, _same(ins, out.shape) if not binary else None), None


def _common_guard(record: Record, opened: list[Open], shape: tuple[int, ...]) -> Any:
    """The guard of each element. Where two guards meet in one they decide control."""
    guard = jnp.broadcast_to(opened[0].guard, shape)
    for value in opened[1:]:
        new = jnp.broadcast_to(value.guard, shape)
        clash = (new >= 0) & (guard >= 0) & (new != guard)
        record.control += [jnp.where(clash, guard, -1), jnp.where(clash, new, -1)]
        guard = jnp.where(clash, -1, jnp.where(guard >= 0, guard, new))
    return guard


def _differs(k: int, ins: list[Value], shape: tuple[int, ...]) -> Any:
    """Where the discrete values at an outcome are not those at the point."""
    found = [jnp.broadcast_to(v.open.others[k] != v.array, shape) for v in ins if v.open is not None]
    return reduce(lax.bitwise_or, found)


def _same(ins: list[Value], shape: tuple[int, ...]) -> Any:
    """Where the discrete values are the same at both other outcomes."""
    found = [jnp.broadcast_to(v.open.others[0] == v.open.others[1], shape) for v in ins if v.open is not None]
    return reduce(lax.bitwise_and, found)


def _switched(record: Record, out: Any, others: list[Any], guard: Any, turns: list[Any], same: Any) -> Any:
    """The value with a switch for each outcome; one for both where they agree, as a binary value's do."""
    first, second = ((guard >= 0) & turn for turn in turns)
    zero = jnp.zeros_like(out)
    if same is None:
        choices = first.astype(jnp.int32) + 2 * second.astype(jnp.int32)
        difference = jnp.where(first, others[0] - out, jnp.where(second, others[1] - out, zero))
        return out + record.slot(jnp.where(first | second, guard, -1), choices, difference, 0.0)
    choices = first.astype(jnp.int32) + 2 * (first & second & same).astype(jnp.int32)
    left = second & ~(first & same)
    one = record.slot(jnp.where(first, guard, -1), choices, jnp.where(first, others[0] - out, zero), 0.0)
    two = record.slot(jnp.where(left, guard, -1), 2, jnp.where(left, others[1] - out, zero), 0.0)
    return out + one + two


def choose(record: Record, index: Value, cases: list[Value], count: int, active: Callable[[Value], bool]) -> Value:
    """One of several values by an index, as a switch where the index is open."""

    def select(which: Any, *arrays: Any) -> Any:
        if count == 1:
            return arrays[0]
        which = jnp.clip(jnp.asarray(which).astype(jnp.int32), 0, count - 1)
        return lax.select_n(which if count > 2 else which.astype(bool), *arrays)

    depends = max(v.depends for v in (index, *cases))
    number = record.number("choose", *(v.number for v in (index, *cases)))
    if index.open is None and not any(v.open for v in cases):
        return Value(select(index.array, *(v.array for v in cases)), depends, number)
    out, opened = pointwise(record, select, [index, *cases], active)
    return Value(out, depends, number, opened)
