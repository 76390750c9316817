"""Rules of comparisons, of logic, and of functions that jump: masks, whose ties are decisions."""

from typing import Any

import numpy as np

from conservative._core.errors import DiscontinuityError
from conservative.programs.array.calls import refuse
from conservative.programs.array.elementwise import note_singular
from conservative.programs.array.mask_sums import tabled
from conservative.programs.array.registry import ufunc_rule
from conservative.programs.array.run import EQUAL, GREATER, LESS, Run, labels_of
from conservative.programs.array.switch_rules import entries_of
from conservative.programs.array.tabled import Tabled
from conservative.programs.array.traced import Traced, lift
from conservative.programs.source_lines import users_line

_TRUTH = {
    "less": (True, False, False),
    "less_equal": (True, True, False),
    "greater": (False, False, True),
    "greater_equal": (False, True, True),
    "equal": (False, True, False),
    "not_equal": (True, False, True),
}


def decisions_of(run: Run, name: str, a: Any, b: Any) -> tuple[Any, Any]:
    """How entries of a and b compare: the state, as forced or at the point, and the number of the decision at ties."""
    a, b = lift(run, a), lift(run, b)
    shape = np.broadcast_shapes(a.shape, b.shape)
    if not run.exact and np.isnan(a.v + b.v).any():
        note_singular(
            run, f"a comparison ({name}) with NaN and a value", a.v, np.isnan(np.broadcast_to(a.v + b.v, shape))
        )
    state = np.where(a.v < b.v, LESS, np.where(a.v > b.v, GREATER, EQUAL))
    deps = np.full(shape, -1, dtype=np.intp)
    tied, distance = run.tied(a.v, b.v)
    if a.node < 0 and b.node < 0:
        return state, deps
    run.close(name, tied, distance)
    run.compared(name, a, b, tied)
    if tied.any():
        chosen = np.flatnonzero(tied.reshape(-1))
        one = run.constant(1)
        z = entries_of(a, shape, chosen, np.full(len(chosen), one)) + entries_of(
            b, shape, chosen, np.full(len(chosen), -one)
        )
        new = run.new_guards(name, labels_of(tied), state.reshape(-1)[chosen].tolist(), distance.reshape(-1)[chosen], z)
        deps.reshape(-1)[chosen] = new
        state.reshape(-1)[chosen] = [run.states[decision] for decision in new.tolist()]
    return state, deps


def compared(run: Run, name: str, a: Any, b: Any, values: Any) -> Any:
    """What a < b, = and > become; decisions are shared by the same comparison of the same operands, in either order."""
    keys = [_operand_key(run, operand) for operand in (a, b)]
    for first, second, ordered in ((*keys, values), (*keys[::-1], values[::-1])):
        found = run.memo.get(("compared", first, second))
        if found is not None:
            state, deps, relation = found
            if _relation(ordered) != relation and (deps >= 0).any():
                again = ("compared", first, second, _relation(ordered))
                if again not in run.memo:
                    run.memo[again] = run.again(name, deps)
                deps = run.memo[again]
            return by_state(run, state, deps, ordered)
    state, deps = decisions_of(run, name, a, b)
    if None not in keys:
        run.memo["compared", keys[0], keys[1]] = state, deps, _relation(values)
    return by_state(run, state, deps, values)


def _relation(values: Any) -> Any:
    """A relation and its negation are one: where the second of three values stands."""
    low, middle, high = values
    return (middle == low, middle == high)


def _operand_key(run: Run, operand: Any) -> Any:
    x = lift(run, operand)
    if x.node >= 0:
        return (x.node, x.shape)
    if x.size > 10_000:
        return None
    content = tuple(x.v.ravel().tolist()) if run.exact else (x.v + 0.0).tobytes()
    return ("constant", x.shape, content)


def by_state(run: Run, state: Any, deps: Any, values: Any) -> Any:
    """A table of what three states become, as plain numbers where nothing is open."""
    plain = np.asarray(values)[state]
    table = np.where(deps >= 0, np.asarray(values).reshape(3, *(1,) * deps.ndim), plain)
    if run.forced:
        for entry in np.argwhere(deps >= 0).tolist():
            allowed = run.allowed(int(deps[tuple(entry)]))
            for closed in {LESS, EQUAL, GREATER}.difference(allowed):
                table[(closed, *entry)] = plain[tuple(entry)]
        deps = np.where((table == plain).all(axis=0), -1, deps)
    if not (deps >= 0).any():
        return plain if plain.ndim else plain[()]
    if run.exact and table.dtype.kind != "b":
        table = run.constant(table)
    return Tabled(run, deps[None], table)


def _comparison(name: str) -> Any:
    def rule(run: Run, a: Any, b: Any) -> Any:
        if not (isinstance(a, Traced) or isinstance(b, Traced)):
            return tabled(run, getattr(np, name), a, b)
        return compared(run, name, a, b, _TRUTH[name])

    return rule


for _name in _TRUTH:
    ufunc_rule(_name)(_comparison(_name))


@ufunc_rule("sign")
def sign(run: Run, x: Any) -> Any:
    """−1, 0 or 1: a mask."""
    if isinstance(x, Tabled):
        return tabled(run, np.sign, x)
    return compared(run, "sign", x, 0.0, (-1.0, 0.0, 1.0))


@ufunc_rule("signbit")
def signbit(run: Run, x: Any) -> Any:
    """Whether x < 0."""
    return np.less(x, 0)


@ufunc_rule("heaviside")
def heaviside(run: Run, x: Any, middle: Any) -> Any:
    """0, the second operand at 0, or 1."""
    if isinstance(middle, Traced) or isinstance(x, Tabled):
        refuse("np.heaviside needs a traced first operand and a constant second one. Write it with `np.where`.")
    if np.ndim(middle):
        return np.where(np.equal(x, 0), middle, np.where(np.greater(x, 0), 1.0, 0.0))
    return compared(run, "heaviside", x, 0.0, (0.0, float(middle), 1.0))


def _on_masks(name: str) -> Any:
    def rule(run: Run, *operands: Any) -> Any:
        truths = [np.not_equal(x, 0) if isinstance(x, Traced) else x for x in operands]
        if not any(isinstance(x, Tabled) for x in truths):
            return getattr(np, name)(*truths)
        return tabled(run, getattr(np, name), *truths)

    return rule


for _name in ("logical_and", "logical_or", "logical_xor", "logical_not"):
    ufunc_rule(_name)(_on_masks(_name))


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor", "invert"):
    ufunc_rule(_name)(_on_masks(_name))


def _about_values(name: str) -> Any:
    def rule(run: Run, x: Any) -> Any:
        return getattr(np, name)(lift(run, x).v.astype(np.float64))

    return rule


for _name in ("isfinite", "isnan", "isinf"):
    ufunc_rule(_name)(_about_values(_name))


def _whole(name: str, offset: float) -> Any:
    def rule(run: Run, x: Any) -> Any:
        if isinstance(x, Tabled):
            return tabled(run, getattr(np, name), x)
        x = lift(run, x)
        values = x.v.astype(np.float64)
        nearest = np.rint(values - offset) + offset
        jump = np.asarray(run.tied(values, nearest)[0]) if not run.exact else np.asarray(values == nearest)
        if name == "trunc":
            jump = jump & (nearest != 0)
        if jump.any():
            at = float(values[jump].ravel()[0])
            low, high = (float(getattr(np, name)(at + side)) for side in (-0.25, 0.25))
            raise DiscontinuityError(
                f"{users_line()}: np.{name} jumps at {at:.6g}, from {low:.0f} to {high:.0f}. A program that jumps at "
                "the point has no conservative Jacobian there."
            )
        return run.constant(getattr(np, name)(values))[()]

    return rule


for _name in ("floor", "ceil", "trunc"):
    ufunc_rule(_name)(_whole(_name, 0.0))


ufunc_rule("rint")(_whole("rint", 0.5))


@ufunc_rule("floor_divide")
def floor_divide(run: Run, a: Any, b: Any) -> Any:
    """The whole part of a / b."""
    return np.floor(np.divide(a, b))


@ufunc_rule("remainder")
def remainder(run: Run, a: Any, b: Any) -> Any:
    """a − b · floor(a / b)."""
    return a - b * np.floor(np.divide(a, b))


@ufunc_rule("fmod")
def fmod(run: Run, a: Any, b: Any) -> Any:
    """a − b · trunc(a / b)."""
    return a - b * np.trunc(np.divide(a, b))
