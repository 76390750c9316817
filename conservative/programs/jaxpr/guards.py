"""Comparisons and steps: discrete values that a guard decides, as tables over its outcomes <, =, >."""

from typing import Any

from conservative.programs.jaxpr.library import jnp, lax
from conservative.programs.jaxpr.record import Record
from conservative.programs.jaxpr.values import Open, Value

TRUTH = {
    "lt": (True, False, False),
    "le": (True, True, False),
    "gt": (False, False, True),
    "ge": (False, True, True),
    "eq": (False, True, False),
    "ne": (True, False, True),
}
SINGLE = 1e-6
"""Ties of float32 values are decided within this at least: their own rounding is of that size."""


def closeness(record: Record, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Which elements tie, their distance, and that in units of the tolerance's scale."""
    gap = jnp.abs(a - b)
    ratio = gap / jnp.maximum(1.0, jnp.maximum(jnp.abs(a), jnp.abs(b)))
    least = SINGLE if gap.dtype == jnp.float32 else 0.0
    return ratio <= jnp.maximum(record.tolerance, least), gap, ratio


def guarded(record: Record, kind: str, line: str, a: Value, b: Value, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Which guard decides each element, the outcome of a against b there (0, 1, 2), and where it is forced."""
    flip = a.number > b.number
    low, high = (jnp.broadcast_to(v.array, shape) for v in ((b, a) if flip else (a, b)))
    decisions, new = record.guards.add((min(a.number, b.number), max(a.number, b.number), shape), kind, line, shape)
    tied, gap, ratio = closeness(record, low, high)
    outcome = (jnp.where(low < high, 0, jnp.where(low == high, 1, 2))).astype(jnp.int8)
    if new:
        record.guards.arrays.append((gap, ratio, outcome))
    forced = record.forced_states(decisions)
    outcome = jnp.where(forced >= 0, forced, outcome)
    ids = decisions.start + jnp.arange(outcome.size, dtype=jnp.int32).reshape(shape)
    return jnp.where(tied & (forced < 0), ids, -1), 2 - outcome if flip else outcome, forced >= 0


def table(record: Record, native: Any, guard: Any, outcome: Any, forced: Any, cases: list[Any]) -> tuple[Any, Open]:
    """The value at the point and at the guard's other outcomes, of what is `cases[k]` at outcome k.

    The outcomes that follow the point's go round in the order of the guard's own two numbers.
    """
    cases = [jnp.broadcast_to(case, native.shape).astype(native.dtype) for case in cases]

    def at(k: Any) -> Any:
        return jnp.where(k == 0, cases[0], jnp.where(k == 1, cases[1], cases[2]))

    value = jnp.where(forced, at(outcome), native)
    return value, Open(guard, (at((outcome + 1) % 3), at((outcome + 2) % 3)), native.dtype == jnp.bool_)


def compare(record: Record, name: str, line: str, a: Value, b: Value, native: Any) -> tuple[Any, Open | None]:
    """a < b and its like. x against max(x, y) is a question about x and y, as derivatives of max ask it."""
    if a.number == b.number:
        return native, None
    truth = TRUTH[name]
    for x, other, sides in ((a, b, truth), (b, a, truth[::-1])):
        kind, p, q = record.extremes.get(other.number, ("", None, None))
        if kind and x.number in (p.number, q.number):
            rest = q if x.number == p.number else p
            least = sides[1] if kind == "max" else sides[2]  # what holds where x > rest
            cases = (sides[0], sides[1], sides[1]) if kind == "max" else (sides[1], sides[1], least)
            return _compared(record, kind, line, x, rest, native, cases)
    return _compared(record, name, line, a, b, native, truth)


def _compared(
    record: Record, kind: str, line: str, a: Value, b: Value, native: Any, truth: tuple[bool, ...]
) -> tuple[Any, Open]:
    guard, outcome, forced = guarded(record, kind, line, a, b, native.shape)
    flip = a.number > b.number
    # Tables go round in the order of the guard's own two numbers, whichever comparison asks.
    outcome, cases = (2 - outcome, truth[::-1]) if flip else (outcome, truth)
    return table(record, native, guard, outcome, forced, [jnp.asarray(case) for case in cases])


def step(record: Record, name: str, params: dict[str, Any], line: str, x: Value, native: Any) -> tuple[Any, Open]:
    """Sign, floor, ceil, round and conversion to integers: constant but for jumps, at the nearest of which x may be."""
    at, cases = _jump(name, params, x.array)
    number = record.number("jump of", name == "round", x.number) if name != "sign" else zero_number(record, at)
    guard, outcome, forced = guarded(record, name, line, x, Value(at, x.depends, number), x.array.shape)
    if x.number > number:
        outcome, cases = 2 - outcome, cases[::-1]
    return table(record, native, guard, outcome, forced, cases)


def zero_number(record: Record, like: Any) -> int:
    """The number of the literal 0, so that sign(x) and x > 0 are one guard."""
    return record.number("literal", str(like.dtype), bytes(like.dtype.itemsize))


def _jump(name: str, params: dict[str, Any], x: Any) -> tuple[Any, list[Any]]:
    """The nearest jump, and the values before, at and after it."""
    if name == "sign":
        return jnp.zeros_like(x), [-jnp.ones_like(x), jnp.zeros_like(x), jnp.ones_like(x)]
    if name == "round":
        at = jnp.floor(x) + 0.5
        return at, [at - 0.5, lax.round(at, params["rounding_method"]), at + 0.5]
    at = jnp.round(x)
    if name == "floor":
        return at, [at - 1, at, at]
    if name == "ceil":
        return at, [at, at, at + 1]
    return at, [jnp.where(at > 0, at - 1, at), at, jnp.where(at < 0, at + 1, at)]
