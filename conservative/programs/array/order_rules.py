"""Rules of order: largest and smallest, sorting, ranks; and questions whose answer steers the program."""

from itertools import islice, permutations
from math import factorial
from typing import Any

import numpy as np

from conservative.programs.array.calls import refuse
from conservative.programs.array.linear_maps import Gather, Matrix, Put, Scale, Take
from conservative.programs.array.registry import function_rule, ufunc_rule
from conservative.programs.array.run import Run
from conservative.programs.array.sum_rules import axes_of
from conservative.programs.array.tabled import Tabled, settled_index
from conservative.programs.array.traced import Traced, lift, traced

_MOST_EXCHANGES = 4096
_MOST_ORDERS = 120


def _rows(x: Traced, axis: Any) -> tuple[Traced, tuple[int, ...], tuple[int, ...]]:
    """The entries along some axes as rows of a matrix; the shape of the results, and that with the axes kept."""
    axes = axes_of(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    shape = tuple(x.shape[i] for i in rest)
    wide = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    length = int(np.prod([x.shape[i] for i in axes]))
    return lift(x.run, np.reshape(np.transpose(x, (*rest, *axes)), (-1, length))), shape, wide


def _largest(name: str, sign: int) -> Any:
    def rule(run: Run, x: Any, axis: Any = None, out: Any = None, **named: Any) -> Any:
        if isinstance(x, Tabled):
            return getattr(x.settled(), name)(axis=axis)
        if named.get("where", True) not in (True, np._NoValue):
            refuse(f"np.{name}(where=...) has no rule. Write `np.{name}(np.where(mask, x, {-sign}e300))`.")
        if named.get("initial") not in (None, np._NoValue):
            initial = named.pop("initial")
            return getattr(np, f"{name}imum")(rule(run, x, axis, **named), initial)
        rows, shape, wide = _rows(lift(run, x), axis)
        if rows.shape[1] == 0:
            refuse(f"np.{name} of no entries.")
        v = rows.v if sign > 0 else -rows.v
        count = len(v)
        top = (
            np.array([max(range(v.shape[1]), key=row.__getitem__) for row in v]) if run.exact else np.argmax(v, axis=1)
        )
        best = v[np.arange(count), top]
        tied, distance = run.tied(v, best[:, None])
        others = tied.copy()
        others[np.arange(count), top] = False
        run.close(name, tied, distance)
        edges = [rows.edge(Take(np.arange(count) * v.shape[1] + top, rows.size))] if rows.node >= 0 else []
        if others.any() and rows.node >= 0:
            owner, entry = np.nonzero(others)
            gap = np.full(len(owner), run.constant(1))
            z = [
                rows.edge(Take(owner * v.shape[1] + entry, rows.size)),
                rows.edge(Take(owner * v.shape[1] + top[owner], rows.size), Scale(-gap)),
            ]
            groups = np.unique(owner, return_inverse=True)[1]
            labels = [
                f" of {n} equal values" + (f", row {i}" if count > 1 else "")
                for i, n in zip(owner, tied.sum(1)[owner], strict=True)
            ]
            w = run.open_values(name, labels, groups, distance[others], z)
            edges.append((w, (Gather(owner, count),)))
        value = rows.v[np.arange(count), top]
        final = wide if named.get("keepdims") is True else shape
        return traced(run, value.reshape(final), run.tape.add(count, edges) if edges else -1)

    return rule


function_rule(np.max, np.nanmax)(_largest("max", 1))
function_rule(np.min, np.nanmin)(_largest("min", -1))
ufunc_rule("maximum.reduce")(_largest("max", 1))
ufunc_rule("minimum.reduce")(_largest("min", -1))


def _accumulated(name: str) -> Any:
    def rule(run: Run, x: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        x = lift(run, x)
        parts = [np.take(x, 0, axis=axis)]
        for i in range(1, x.shape[axis]):
            parts.append(getattr(np, name)(parts[-1], np.take(x, i, axis=axis)))
        return np.stack(parts, axis=axis)

    return rule


for _name in ("maximum", "minimum"):
    ufunc_rule(f"{_name}.accumulate")(_accumulated(_name))


@function_rule(np.ptp)
def ptp(run: Run, x: Any, axis: Any = None, **_: Any) -> Any:
    """The largest minus the smallest."""
    return np.max(x, axis=axis) - np.min(x, axis=axis)


@function_rule(np.sort)
def sort(run: Run, x: Any, axis: Any = -1, **_: Any) -> Any:
    """Sorted along an axis; equal entries are exchanged by switches, neighbour by neighbour."""
    x = lift(run, x)
    if axis is None:
        x, axis = np.ravel(x), 0
    last = lift(run, np.swapaxes(x, axis, -1))
    shape = last.shape
    rows = last.v.reshape(-1, shape[-1])
    order = np.argsort(rows, axis=1, kind="stable")
    places = (order + np.arange(len(rows))[:, None] * shape[-1]).astype(np.intp)
    value = rows.reshape(-1)[places]
    node = run.tape.add(last.size, [last.edge(Take(places, last.size))]) if last.node >= 0 else -1
    if node >= 0 and shape[-1] > 1:
        node = _exchange(run, value, node)
    return np.swapaxes(traced(run, value.reshape(shape), node), axis, -1)


def _exchange(run: Run, value: Matrix, node: int) -> int:
    """Odd-even transposition within blocks of tied entries: every order of them, and no other entry moved."""
    joined, distance = run.tied(value[:, 1:], value[:, :-1])
    run.close("sort", joined, distance)
    if not joined.any():
        return node
    n = value.shape[1]
    joined = np.concatenate([np.zeros((len(value), 1), dtype=bool), joined], axis=1)
    first = np.maximum.accumulate(np.where(joined, 0, np.arange(n)), axis=1)
    place = np.arange(n) - first
    ends = np.concatenate([joined[:, 1:], np.zeros((len(value), 1), dtype=bool)], axis=1)
    length = np.zeros(value.shape, dtype=int)
    for row in range(len(value)):
        length[row] = np.bincount(first[row], minlength=n)[first[row]]
    exchanges = int((length * (length - 1) // 2)[~ends & (length > 1)].sum())
    if exchanges > _MOST_EXCHANGES:
        refuse(
            f"np.sort meets {int(length.max())} equal values, whose orders take {exchanges:,} exchanges, more than "
            f"{_MOST_EXCHANGES:,}. Sort only what differs, or move the point off the tie."
        )
    size = value.size
    for turn in range(int(length.max()) if length.max() > 2 else 1):
        pairs = (place % 2 == turn % 2) & (place + 1 < length) & (turn < np.where(length > 2, length, 1))
        low = np.flatnonzero(pairs.reshape(-1))
        if not len(low):
            continue
        one = np.full(len(low), run.constant(1))
        z = [(node, (Take(low + 1, size),)), (node, (Take(low, size), Scale(-one)))]
        labels = [f"[{i % n}] and [{i % n + 1}]" + (f", row {i // n}" if len(value) > 1 else "") for i in low.tolist()]
        gaps = np.concatenate([distance, np.zeros((len(value), 1))], axis=1).reshape(-1)[low]
        w = run.open_values("sort", labels, np.arange(len(low)), gaps, z)
        node = run.tape.add(size, [(node, ()), (w, (Put(low, size),)), (w, (Scale(-one), Put(low + 1, size)))])
    return node


@function_rule(np.partition)
def partition(run: Run, x: Any, kth: Any, axis: Any = -1, **_: Any) -> Any:
    """Sorted: one of the orders that a partition may have."""
    return sort(run, x, axis)


@function_rule(np.median)
def median(run: Run, x: Any, axis: Any = None, **_: Any) -> Any:
    """The middle of the sorted entries."""
    return _sorted_at(run, x, axis, 0.5)


@function_rule(np.percentile)
def percentile(run: Run, x: Any, q: Any, axis: Any = None, **named: Any) -> Any:
    """A quantile in percent."""
    return quantile(run, x, np.asarray(q, dtype=float) / 100, axis, **named)


@function_rule(np.quantile)
def quantile(run: Run, x: Any, q: Any, axis: Any = None, method: str = "linear", **_: Any) -> Any:
    """Between sorted neighbours, linearly."""
    if method != "linear":
        refuse("np.quantile has a rule for method='linear' only.")
    found = [_sorted_at(run, x, axis, float(level)) for level in np.ravel(q)]
    return found[0] if np.ndim(q) == 0 else np.stack(found)


def _sorted_at(run: Run, x: Any, axis: Any, level: float) -> Any:
    rows, shape, _ = _rows(lift(run, x), axis)
    ordered = sort(run, rows)
    place = level * (rows.shape[1] - 1)
    low = int(np.floor(place))
    part = place - low
    found = ordered[:, low]
    if part:
        run.curved = True
        found = found * (1 - part) + ordered[:, low + 1] * part
    return np.reshape(found, shape)


def _first_of_ties(name: str, sign: int) -> Any:
    def rule(run: Run, x: Any, axis: Any = None, out: Any = None, **_: Any) -> Any:
        rows, shape, _wide = _rows(lift(run, x), axis)
        v = rows.v if sign > 0 else -rows.v
        found = []
        for row in v:
            tied = np.flatnonzero(run.tied(row, row.max())[0]).tolist()
            top = int(np.flatnonzero(row == row.max())[0])
            order = [top, *(i for i in tied if i != top)]
            found.append(
                order[run.choose(f"{name} of {len(order)} equal values", len(order))] if len(order) > 1 else top
            )
        return np.array(found).reshape(shape)[()]

    return rule


function_rule(np.argmax)(_first_of_ties("argmax", 1))
function_rule(np.argmin)(_first_of_ties("argmin", -1))


@function_rule(np.argsort)
def argsort(run: Run, x: Any, axis: Any = -1, **_: Any) -> Any:
    """An order; the program is run once for each order of equal entries."""
    x = lift(run, x)
    if axis is None:
        x, axis = np.ravel(x), 0
    rows = np.swapaxes(x.v, axis, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    found = np.argsort(flat, axis=1, kind="stable")
    for row, order in zip(flat, found, strict=True):
        joined = np.asarray(run.tied(row[order][1:], row[order][:-1])[0], dtype=bool)
        ends = np.flatnonzero(~np.concatenate([joined, [False]])) + 1
        for start, stop in zip([0, *ends[:-1]], ends, strict=True):
            if stop - start > 1:
                order[start:stop] = _one_order(run, order[start:stop].tolist())
    return np.swapaxes(found.reshape(rows.shape), axis, -1)


def _one_order(run: Run, block: list[int]) -> list[int]:
    number = factorial(len(block)) if len(block) < 9 else _MOST_ORDERS + 1
    if number > _MOST_ORDERS:
        refuse(f"np.argsort meets {len(block)} equal values, which have too many orders. Use `np.sort` for values.")
    chosen = run.choose(f"argsort of {len(block)} equal values", number)
    return list(next(islice(permutations(block), chosen, None)))


def _asking(function: Any) -> Any:
    def rule(run: Run, x: Any, *args: Any, **named: Any) -> Any:
        truth = np.not_equal(x, 0) if isinstance(x, Traced) else x
        plain = truth.settled() if isinstance(truth, Tabled) else truth
        return function(plain, *args, **named)

    return rule


for _function in (np.any, np.all, np.count_nonzero, np.nonzero, np.flatnonzero, np.argwhere):
    function_rule(_function)(_asking(_function))
for _name, _function in (("logical_or.reduce", np.any), ("logical_and.reduce", np.all)):
    ufunc_rule(_name)(lambda run, x, axis=0, *_, _function=_function, **__: _asking(_function)(run, x, axis=axis))


@function_rule(np.isclose)
def isclose(run: Run, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, **_: Any) -> Any:
    """|a − b| ≤ atol + rtol |b|."""
    return np.less_equal(np.abs(a - b), atol + rtol * np.abs(b))


@function_rule(np.allclose)
def allclose(run: Run, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, **_: Any) -> Any:
    """Whether all are close."""
    return np.all(isclose(run, a, b, rtol, atol))


@function_rule(np.array_equal)
def array_equal(run: Run, a: Any, b: Any, **_: Any) -> Any:
    """Whether all are equal."""
    return np.shape(a) == np.shape(b) and np.all(np.equal(a, b))


@function_rule(np.searchsorted)
def searchsorted(run: Run, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """The place of v among sorted values: comparisons, whose ties steer the program."""
    below = np.less if side == "left" else np.less_equal
    a, v = lift(run, a), lift(run, v)
    truth = below(np.reshape(a, (-1,) + (1,) * v.ndim), v)
    return np.sum(np.asarray(settled_index(truth)), axis=0)


@function_rule(np.select)
def select(run: Run, conditions: Any, choices: Any, default: Any = 0) -> Any:
    """The first choice whose condition holds."""
    result = default
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        result = np.where(condition, choice, result)
    return result


@function_rule(np.piecewise)
def piecewise(run: Run, x: Any, conditions: Any, functions: Any, *args: Any, **named: Any) -> Any:
    """Functions by conditions; the last function holds where none does."""
    listed = list(conditions) if isinstance(conditions, (list, tuple)) else [conditions]
    values = [f(x, *args, **named) if callable(f) else f for f in functions]
    default = values[len(listed)] if len(values) > len(listed) else 0.0
    # NumPy lets later conditions win.
    return select(run, listed[::-1], values[: len(listed)][::-1], default) + x * 0


@function_rule(np.unique, np.digitize, np.histogram, np.lexsort, np.bincount)
def steering(run: Run, *_: Any, **__: Any) -> Any:
    """Counts and ranks have no derivative."""
    refuse("counts and ranks of traced values steer the program. Compute them from constants, outside of it.")


@function_rule(np.nan_to_num)
def nan_to_num(run: Run, x: Any, **_: Any) -> Any:
    """The array itself, where it is finite."""
    if not np.isfinite(x.v.astype(float)).all():
        refuse("np.nan_to_num meets values that are not finite, where the program has no derivative.")
    return x
