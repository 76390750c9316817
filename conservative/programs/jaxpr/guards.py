"""Comparisons and steps: discrete values that a guard decides, as tables over its outcomes <, =, >."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from conservative.programs.jaxpr.library import jnp, lax
from conservative.programs.jaxpr.record import Record, numbered
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
    least = SINGLE if gap.dtype.itemsize < 8 else 0.0
    return ratio <= jnp.maximum(record.tolerance, least), gap, ratio


@dataclass(frozen=True, slots=True)
class Guarded:
    """For each element which guard decides it (−1 none), its outcome as three flags, and whether it is forced."""

    guard: Any
    less: Any
    equal: Any
    greater: Any
    forced: Any

    def at(self, cases: Sequence[Any], turn: int) -> Any:
        """What is `cases[k]` at outcome k: at the point for turn 0, at the outcomes that follow it for 1 and 2."""
        first, second, third = (cases[(k + turn) % 3] for k in range(3))
        if all(isinstance(case, bool) for case in cases):
            sides = ((self.less, first), (self.equal, second), (self.greater, third))
            flags = [flag for flag, case in sides if case]
            return reduce(lax.bitwise_or, flags, jnp.zeros(self.less.shape, bool))
        return jnp.where(self.less, first, jnp.where(self.equal, second, third))


def guarded(record: Record, kind: str, line: str, a: Value, b: Value, shape: tuple[int, ...]) -> Guarded:
    """The guard of a against b. It goes round in the order of its own two numbers, whoever asks: `ordered`."""
    low, high = (jnp.broadcast_to(v.array, shape) for v in ((b, a) if a.number > b.number else (a, b)))
    key = (min(a.number, b.number), max(a.number, b.number), shape)
    decisions, new = record.guards.add(key, kind, line, shape)
    tied, gap, ratio = closeness(record, low, high)
    less, equal = low < high, low == high
    if new:
        record.guards.arrays.append((gap, ratio, 2 - less.astype(jnp.int8) * 2 - equal.astype(jnp.int8)))
    state = record.forced_states(decisions)
    forced = state >= 0
    less, equal, greater = (jnp.where(forced, state == k, f) for k, f in enumerate((less, equal, ~(less | equal))))
    return Guarded(jnp.where(tied & ~forced, numbered(decisions), -1), less, equal, greater, forced)


def ordered(cases: Sequence[Any], a: Value, b: Value) -> Sequence[Any]:
    """Cases of a against b in the order of the guard's own two numbers."""
    return cases[::-1] if a.number > b.number else cases


def table(native: Any, found: Guarded, cases: Sequence[Any]) -> tuple[Any, Open]:
    """The value at the point and at the guard's other outcomes, of what is `cases[k]` at outcome k."""
    value, first, second = (found.at(cases, turn) for turn in range(3))
    at_point = jnp.where(found.forced, value, native)
    # What no guard decides stays as it is when it is joined with what one does: (x > 0) & (x < 6) at 0.
    decided = found.guard >= 0
    others = tuple(jnp.where(decided, jnp.asarray(case, native.dtype), at_point) for case in (first, second))
    return at_point, Open(found.guard, others, native.dtype == jnp.bool_)


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
    return table(native, guarded(record, kind, line, a, b, native.shape), ordered(truth, a, b))


def step(record: Record, name: str, params: dict[str, Any], line: str, x: Value, native: Any) -> tuple[Any, Open]:
    """Sign, floor, ceil, round and conversion to integers: constant but for jumps, at the nearest of which x may be."""
    at, cases = _jump(name, params, x.array)
    number = record.number("jump of", name == "round", x.number) if name != "sign" else zero_number(record, at)
    jump = Value(at, x.depends, number)
    found = guarded(record, name, line, x, jump, x.array.shape)
    return table(native, found, [jnp.asarray(case, native.dtype) for case in ordered(cases, x, jump)])


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
