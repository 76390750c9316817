"""Operations on open discrete values, element by element: tables where all is discrete, switches where numbers join."""

from collections.abc import Callable
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
    guard, clash = _common_guard(ins, out.shape)
    for value in ins:
        if value.open is not None:
            record.control.append(jnp.where(clash, jnp.broadcast_to(value.open.guard, out.shape), -1))
    guard = jnp.where(clash, -1, guard)
    others = [function(*(v.array if v.open is None else v.open.others[k] for v in ins)) for k in (0, 1)]
    opened = [v.open for v in ins if v.open is not None]
    binary = out.dtype == jnp.bool_ or (len(opened) == 1 and opened[0].binary)
    if not any(active(v) for v in ins):
        return out, Open(guard, (others[0], others[1]), binary)
    return _switched(record, out, others, guard, ins, binary), None


def _common_guard(ins: list[Value], shape: tuple[int, ...]) -> tuple[Any, Any]:
    """The guard of each element, and where two guards meet in one: these decide control."""
    guard, clash = jnp.full(shape, -1, jnp.int32), jnp.zeros(shape, bool)
    for value in ins:
        if value.open is not None:
            new = jnp.broadcast_to(value.open.guard, shape)
            clash = clash | ((new >= 0) & (guard >= 0) & (new != guard))
            guard = jnp.where(guard >= 0, guard, new)
    return guard, clash


def _switched(record: Record, out: Any, others: list[Any], guard: Any, ins: list[Value], binary: bool) -> Any:
    turns = [jnp.zeros(out.shape, bool), jnp.zeros(out.shape, bool)]
    same = jnp.ones(out.shape, bool)
    for value in ins:
        if value.open is not None:
            for k in (0, 1):
                turns[k] = turns[k] | jnp.broadcast_to(value.open.others[k] != value.array, out.shape)
            same = same & jnp.broadcast_to(value.open.others[0] == value.open.others[1], out.shape)
    at = guard >= 0
    first, second = at & turns[0], at & turns[1]
    joint = first & second & same
    alone = first | (second if binary else False)
    choices = jnp.where(first, 1, 0) + jnp.where(joint | (second & alone & ~first), 2, 0)
    difference = jnp.where(first, others[0] - out, jnp.where(alone, others[1] - out, 0.0))
    result = out + record.slot(jnp.where(alone, guard, -1), choices, difference, 0.0)
    if not binary:
        left = second & ~joint
        difference = jnp.where(left, others[1] - out, 0.0)
        result = result + record.slot(jnp.where(left, guard, -1), 2, difference, 0.0)
    return result


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
