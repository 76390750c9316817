"""Rules of functions that are compositions of others: rounding, polynomials, interpolation, grids."""

from typing import Any

import numpy as np

from conservative.programs.array.calls import refuse
from conservative.programs.array.linear_maps import Gather, LinearMap
from conservative.programs.array.registry import function_rule, ufunc_rule
from conservative.programs.array.run import Run
from conservative.programs.array.tabled import settled_index
from conservative.programs.array.traced import Traced, lift, spread, traced


@function_rule(np.round)
def rounded(run: Run, x: Any, decimals: int = 0, **_: Any) -> Any:
    """To decimals: constant near the point, refused half way between two."""
    scale = 10.0**decimals
    return np.rint(x * scale) / scale


@function_rule(np.nansum)
def nansum(run: Run, x: Any, axis: Any = None, **_: Any) -> Any:
    """The sum: values are numbers."""
    return np.sum(_numbers(run, x), axis=axis)


@function_rule(np.nanmean)
def nanmean(run: Run, x: Any, axis: Any = None, **_: Any) -> Any:
    """The mean: values are numbers."""
    return np.mean(_numbers(run, x), axis=axis)


def _numbers(run: Run, x: Any) -> Traced:
    found = lift(run, x)
    if np.isnan(found.v.astype(float)).any():
        refuse("NaN is skipped at the point, where the program has no derivative.")
    return found


@function_rule(np.polyval)
def polyval(run: Run, coefficients: Any, x: Any) -> Any:
    """By Horner's rule."""
    value: Any = 0.0
    for i in range(len(coefficients)):
        value = value * x + coefficients[i]
    return value


@function_rule(np.linspace)
def linspace(run: Run, start: Any, stop: Any, num: int = 50, **named: Any) -> Any:
    """Equal steps from start to stop."""
    if named or np.ndim(start) or np.ndim(stop):
        refuse("np.linspace has a rule for two numbers and `num` only.")
    return start + (stop - start) * (np.arange(num) / max(1, num - 1))


@function_rule(np.gradient)
def gradient(run: Run, x: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences of a vector with equal spacing, one-sided at its ends."""
    x = lift(run, x)
    if x.ndim != 1 or edge_order != 1 or any(np.ndim(part) for part in spacing):
        refuse("np.gradient has a rule for one axis of equal spacing and edge_order=1 only.")
    step = spacing[0] if spacing else 1
    inner = (x[2:] - x[:-2]) / (2 * step)
    return np.concatenate([(x[1:2] - x[:1]) / step, inner, (x[-1:] - x[-2:-1]) / step])


@function_rule(np.interp)
def interp(run: Run, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Piecewise linear between constant knots: each knot is a guard."""
    if period is not None or isinstance(xp, Traced):
        refuse("np.interp has a rule for constant knots without a period.")
    run.curved = True
    last = fp[-1] if right is None else right
    found: Any = np.where(np.less_equal(x, xp[-1]), fp[-1], last) if right is not None else fp[-1] + 0 * x
    for i in reversed(range(len(xp) - 1)):
        line = fp[i] + (fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i]) * (x - xp[i])
        found = np.where(np.less(x, xp[i + 1]), line, found)
    return np.where(np.less(x, xp[0]), fp[0] if left is None else left, found)


@function_rule(np.meshgrid)
def meshgrid(run: Run, *arrays: Any, indexing: str = "xy", **named: Any) -> Any:
    """Each array along an axis of its own."""
    if named:
        refuse("np.meshgrid has a rule without `sparse` and `copy`.")
    n = len(arrays)
    parts = [np.reshape(lift(run, x), (1,) * i + (-1,) + (1,) * (n - i - 1)) for i, x in enumerate(arrays)]
    full = np.broadcast_arrays(*parts)
    return [np.swapaxes(x, 0, 1) if indexing == "xy" and n > 1 else x for x in full]


@ufunc_rule("add.at")
def add_at(run: Run, target: Any, index: Any, values: Any) -> None:
    """Sums into places, repeated ones too, in place."""
    if not isinstance(target, Traced):
        refuse("a traced value is stored into a plain array. Make it by `np.zeros_like(x)`.")
    places = np.asarray(np.arange(target.size).reshape(target.shape)[settled_index(index)])
    new = lift(run, values)
    wide = spread(new.shape, places.shape)
    maps: list[LinearMap] = [*([wide] if wide else []), Gather(places, target.size)]
    v = target.v.copy()
    np.add.at(v.reshape(-1), places.reshape(-1), np.broadcast_to(new.v, places.shape).reshape(-1))
    target.assign(traced(run, v, run.tape.add(target.size, [target.edge(), new.edge(*maps)])))
