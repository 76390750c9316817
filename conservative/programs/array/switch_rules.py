"""Rules of switches: max, min, abs, clip, where, and masks times values."""

from typing import Any

import numpy as np

from conservative.programs.array.elementwise import note_singular
from conservative.programs.array.linear_maps import Keep, LinearMap, Put, Scale, Take, element_count
from conservative.programs.array.mask_sums import join_tables, mixed, tabled
from conservative.programs.array.registry import function_rule, ufunc_rule
from conservative.programs.array.run import Run, labels_of
from conservative.programs.array.smooth_rules import divide, product
from conservative.programs.array.tabled import Tabled
from conservative.programs.array.tape import Edge
from conservative.programs.array.traced import Traced, lift, spread, traced


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
    run.curved |= not run.exact and not bool((table == np.rint(table)).all())
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
        node = run.tape.add(element_count(shape), edges) if edges else -1
        return traced(run, np.where(first, x.v, y.v), node)
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
