"""Rules of switches: max, min, abs, comparisons, where, and masks times values."""

from typing import Any

import numpy as np

from conservative._core.errors import DiscontinuityError
from conservative.programs.array.linear_maps import Keep, LinearMap, Put, Scale, Take, element_count
from conservative.programs.array.registry import function_rule, ufunc_rule
from conservative.programs.array.run import EQUAL, GREATER, LESS, Run, labels_of
from conservative.programs.array.smooth_rules import divide, join_tables, mixed, product, tabled
from conservative.programs.array.tape import Edge
from conservative.programs.array.traced import Tabled, Traced, lift, note_singular, refuse, spread, traced
from conservative.programs.source_lines import users_line


def entries_of(x: Traced, shape: tuple[int, ...], chosen: Any, factor: Any = None) -> list[Edge]:
    """An edge from x, broadcast to a shape, to some of its flat entries, scaled."""
    if x.node < 0:
        return []
    places = np.broadcast_to(np.arange(x.size).reshape(x.shape), shape).reshape(-1)[chosen]
    maps: list[LinearMap] = [Take(places, x.size)]
    if factor is not None:
        maps.append(Scale(np.asarray(factor)))
    return [x.edge(*maps)]


def kept(x: Traced, shape: tuple[int, ...], mask: Any) -> list[Edge]:
    """An edge from x, broadcast to a shape, to where a mask holds."""
    if x.node < 0 or not mask.any():
        return []
    wide = spread(x.shape, shape)
    return [x.edge(*([wide] if wide else []), Keep(np.broadcast_to(mask, shape)))]


@ufunc_rule("maximum", "fmax")
def maximum(run: Run, a: Any, b: Any) -> Any:
    """The larger."""
    return _extremum(run, "maximum", a, b, np.maximum)


@ufunc_rule("minimum", "fmin")
def minimum(run: Run, a: Any, b: Any) -> Any:
    """The smaller."""
    return _extremum(run, "minimum", a, b, np.minimum)


def _extremum(run: Run, name: str, a: Any, b: Any, ufunc: Any) -> Any:
    if not (isinstance(a, Traced) or isinstance(b, Traced)):
        return tabled(run, ufunc, a, b)
    a, b = lift(run, a), lift(run, b)
    if a.node == b.node and a.node >= 0 and a.shape == b.shape:
        return a
    shape = np.broadcast_shapes(a.shape, b.shape)
    first = np.broadcast_to(np.asarray(a.v >= b.v if name == "maximum" else a.v <= b.v, dtype=bool), shape)
    tied, distance = run.tied(a.v, b.v)
    value = np.where(first, a.v, b.v)
    if not run.exact and np.isnan(a.v + b.v).any():
        note_singular(run, f"np.{name} with NaN and a value", a.v, np.isnan(np.broadcast_to(a.v + b.v, shape)))
        value = np.where(np.isnan(a.v + b.v), a.v + b.v, value)
    run.close(name, tied, distance)
    run.compared(name, a, b, tied)
    edges = kept(a, shape, first) + kept(b, shape, ~first)
    if tied.any():
        chosen = np.flatnonzero(tied.reshape(-1))
        sign = np.where(first.reshape(-1)[chosen], 1, -1)
        if run.exact:
            sign = run.constant(sign)
        z = entries_of(a, shape, chosen, -sign) + entries_of(b, shape, chosen, sign)
        w = run.open_values(name, labels_of(tied), np.arange(len(chosen)), distance.reshape(-1)[chosen], z)
        edges.append((w, (Put(chosen, element_count(shape)),)))
    return traced(run, value, run.tape.add(element_count(shape), edges))


@ufunc_rule("absolute", "fabs")
def absolute(run: Run, x: Any) -> Any:
    """|x|."""
    if isinstance(x, Tabled):
        return tabled(run, np.abs, x)
    zero = run.constant(0)
    tied, distance = run.tied(x.v, zero)
    run.close("abs", tied, distance)
    run.compared("abs", x, lift(run, zero), tied)
    sign = np.where(x.v >= 0, 1, -1)
    sign = run.constant(sign) if run.exact else sign.astype(float)
    edges: list[Edge] = [x.edge(Scale(sign))]
    if tied.any():
        chosen = np.flatnonzero(tied.reshape(-1))
        z = entries_of(x, x.shape, chosen, -2 * sign.reshape(-1)[chosen])
        w = run.open_values("abs", labels_of(tied), np.arange(len(chosen)), distance.reshape(-1)[chosen], z)
        edges.append((w, (Put(chosen, x.size),)))
    return traced(run, np.abs(x.v), run.tape.add(x.size, edges))


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


@ufunc_rule("divide", "true_divide")
def quotient(run: Run, a: Any, b: Any) -> Any:
    """a / b; a mask in the numerator or denominator multiplies."""
    if not (isinstance(a, Traced) or isinstance(b, Traced)):
        return tabled(run, np.divide, a, b)
    if isinstance(b, Tabled):
        return masked(run, b.mapped(lambda table: run.constant(1) / table), lift(run, a))
    if isinstance(a, Tabled):
        return masked(run, a, divide(run, 1.0, b))
    return divide(run, a, b)


@ufunc_rule("multiply")
def multiply(run: Run, a: Any, b: Any) -> Any:
    """a · b, of values, masks and both."""
    a, b = (_constant_beside(one, other) for one, other in ((a, b), (b, a)))
    if isinstance(a, Tabled) and isinstance(b, Traced):
        return masked(run, a, b)
    if isinstance(b, Tabled) and isinstance(a, Traced):
        return masked(run, b, a)
    if not (isinstance(a, Traced) or isinstance(b, Traced)):
        return tabled(run, np.multiply, a, b)
    return product(run, lift(run, a), lift(run, b))


def _constant_beside(x: Any, other: Any) -> Any:
    """A constant beside a mask is a mask's factor."""
    return x.v if isinstance(x, Traced) and x.node < 0 and isinstance(other, Tabled) else x


def masked(run: Run, mask: Tabled, x: Traced) -> Any:
    """A mask times a value: switches where the value is 0, control where the product jumps."""
    shape = np.broadcast_shapes(mask.shape, x.shape)
    zero = np.zeros(shape) if not run.exact else run.constant(np.zeros(shape, dtype=int))
    deps, (table, _) = join_tables(run, (mask, zero))
    if table.dtype.kind == "b":
        table = run.constant(table) if run.exact else table.astype(float)
    elif not run.exact:
        table = table.astype(float)
    full = Tabled(run, deps, table)
    value = np.broadcast_to(x.v, shape)
    nominal = np.broadcast_to(full.v, shape)
    varies = full.varies
    states = list(np.ndindex(*(3,) * len(deps)))
    wide = spread(x.shape, shape)
    edges: list[Edge] = [x.edge(*([wide] if wide else []), Scale(np.where(varies & (nominal == 0), 0, nominal)))]
    edges = [] if x.node < 0 else edges
    seen = [nominal]
    for s in states:
        fresh = varies.copy()
        for before in seen:
            fresh = fresh & (table[s] != before)
        seen.append(table[s])
        if fresh.any():
            chosen = np.flatnonzero(fresh)
            change = np.asarray(table[s] - nominal).reshape(-1)[chosen]
            on = (table == table[s]).reshape((3,) * len(deps) + (-1,))[..., chosen]
            z = entries_of(x, shape, chosen, change)
            w = run.open_guarded(deps.reshape(len(deps), -1)[:, chosen].T, on, z)
            edges.append((w, (Put(chosen, element_count(shape)),)))
    smooth = traced(run, nominal * value, run.tape.add(element_count(shape), edges))
    # Where nothing is open the value may be NaN, which is no jump.
    jump = np.where(varies, (table - nominal) * np.where(varies, value, zero), zero)
    return mixed(run, smooth, Tabled(run, deps, jump))


@function_rule(np.where)
def where(run: Run, condition: Any, a: Any = None, b: Any = None) -> Any:
    """a where the condition holds, else b."""
    if a is None:
        settled = condition.settled() if isinstance(condition, Tabled) else np.not_equal(condition, 0)
        return np.nonzero(np.asarray(settled))
    if isinstance(condition, Traced):
        condition = np.not_equal(condition, 0)
    if not isinstance(a, Traced) and not isinstance(b, Traced) and not _lists_traced(a, b):
        return tabled(run, np.where, condition, a, b)
    x, y = lift(run, a), lift(run, b)
    if isinstance(condition, Tabled) and x.node < 0 and y.node < 0:
        return tabled(run, np.where, condition, x.v, y.v)
    shape = np.broadcast_shapes(
        condition.shape if isinstance(condition, Tabled) else np.shape(condition), x.shape, y.shape
    )
    if not isinstance(condition, Tabled):
        first = np.broadcast_to(np.asarray(condition, dtype=bool), shape)
        edges = kept(x, shape, first) + kept(y, shape, ~first)
        return traced(run, np.where(first, x.v, y.v), run.tape.add(element_count(shape), edges))
    deps, (table, _) = join_tables(run, (condition, np.zeros(shape)))
    full = Tabled(run, deps, np.asarray(table, dtype=bool))
    varies, first = full.varies, np.asarray(full.v, dtype=bool)
    edges = kept(x, shape, first) + kept(y, shape, ~first)
    if varies.any():
        chosen = np.flatnonzero(varies)
        turn = np.where(first.reshape(-1)[chosen], 1, -1)
        turn = run.constant(turn) if run.exact else turn
        z = entries_of(x, shape, chosen, -turn) + entries_of(y, shape, chosen, turn)
        on = (full.table != first).reshape((3,) * len(deps) + (-1,))[..., chosen]
        w = run.open_guarded(deps.reshape(len(deps), -1)[:, chosen].T, on, z)
        edges.append((w, (Put(chosen, element_count(shape)),)))
    nominal = np.where(first, x.v, y.v)
    smooth = traced(run, nominal, run.tape.add(element_count(shape), edges))
    zero = run.constant(np.zeros(shape, dtype=int))
    jump = np.where(varies & (full.table != first), np.where(first, y.v, x.v) - nominal, zero)
    return mixed(run, smooth, Tabled(run, deps, jump))


def _lists_traced(*values: Any) -> bool:
    return any(
        isinstance(value, (list, tuple)) or getattr(value, "dtype", np.dtype(float)).kind == "O" for value in values
    )


@function_rule(np.clip)
def clip(run: Run, x: Any, a_min: Any = None, a_max: Any = None, **named: Any) -> Any:
    """Between two bounds."""
    low, high = named.get("min", a_min), named.get("max", a_max)
    if low is not None and not _is_infinite(low):
        x = np.maximum(x, low)
    return x if high is None or _is_infinite(high) else np.minimum(x, high)


def _is_infinite(bound: Any) -> bool:
    return isinstance(bound, float) and bool(np.isinf(bound))
