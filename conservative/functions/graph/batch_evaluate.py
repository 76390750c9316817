"""The value pass at many points at once: values, tied branches and jumps as arrays, one column per point.

It follows `evaluate` rule by rule. What happens at few points only (guards on their boundary, jumps) is worked
out once for every distinct pattern of signs, by the same code as at a single point.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.graph.arithmetic import NEAR_TIE_FACTOR
from conservative.functions.graph.elementary import FLOAT, SMOOTH
from conservative.functions.graph.evaluate import HOLE, MAX_GUARD_BOUNDARIES, comparisons, first_true
from conservative.functions.graph.nodes import BOOLEANS, Graph, relation_holds

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
UNDEFINED = 2
"""The sign of a comparison one side of which has no value."""


@dataclass(frozen=True, slots=True)
class BatchTrace:
    """One value pass at N points.

    Parameters
    ----------
    values : list
        For numeric nodes an array (N,), or a scalar for constants; NaN where there is no value.
    options : dict of switch to bool array (branches, N)
        The branches whose values agree with the function's.
    guarded : dict of "piecewise" node to bool array (branches, N)
        Those of them that the guards choose for some signs of the tied comparisons.
    signs : dict of "compare" node to int array (N,)
    reachable : dict of "piecewise" node to bool array (branches + 2, N)
        The last two rows: no guard holds, and it is open which one does.
    jumping : dict of switch to bool array (N,)
    forced : mapping
    odd : bool array (N,)
        Points that only the pass at a single point can judge.
    near : bool array (N,)
        Points with two values that are untied, yet within `NEAR_TIE_FACTOR` tolerances, and those where a root is of 0.
    """

    values: list[Any]
    options: dict[int, Flags]
    signs: dict[int, NDArray[np.int8]]
    reachable: dict[int, Flags]
    jumping: dict[int, Flags]
    forced: Mapping[int, int]
    odd: Flags
    near: Flags
    guarded: dict[int, Flags]

    def decided(self) -> "BatchTrace":
        """The same pass with branches taken out that a guard decided against."""
        return replace(self, options={**self.options, **self.guarded})

    def take(self, columns: NDArray[np.intp]) -> "BatchTrace":
        """The same pass at some of the points."""
        return replace(
            self,
            values=[v[columns] if isinstance(v, np.ndarray) and v.ndim else v for v in self.values],
            options={i: o[:, columns] for i, o in self.options.items()},
            signs={i: s[columns] for i, s in self.signs.items()},
            reachable={i: r[:, columns] for i, r in self.reachable.items()},
            jumping={i: j[columns] for i, j in self.jumping.items()},
            odd=self.odd[columns],
            near=self.near[columns],
            guarded={i: g[:, columns] for i, g in self.guarded.items()},
        )

    def output(self, index: int) -> Floats:
        """A numeric node as an array (N,)."""
        return np.broadcast_to(np.asarray(self.values[index], dtype=np.float64), self.odd.shape)


class _BatchPass:
    def __init__(self, graph: Graph, points: Floats, tolerance: float, forced: Mapping[int, int]) -> None:
        self.graph, self.points, self.tolerance, self.forced = graph, points, tolerance, forced
        self.count = len(points)
        self.values: list[Any] = []
        self.truths: dict[int, tuple[Any, Any]] = {}
        self.options: dict[int, Flags] = {}
        self.guarded: dict[int, Flags] = {}
        self.signs: dict[int, NDArray[np.int8]] = {}
        self.reachable: dict[int, Flags] = {}
        self.jumping: dict[int, Flags] = {}
        self.jumpy: dict[int, Flags] = {}
        self.odd = np.zeros(self.count, dtype=np.bool_)
        self.near = np.zeros(self.count, dtype=np.bool_)

    def run(self) -> BatchTrace:
        with np.errstate(all="ignore"):
            for index, node in enumerate(self.graph.nodes):
                self.values.append(self._node(index))
                sources = [self.jumpy[a] for a in node.args if a in self.jumpy]
                sources += [self.jumping[index]] if index in self.jumping else []
                if sources:
                    self.jumpy[index] = reduce(np.logical_or, sources)
        return BatchTrace(
            values=self.values,
            options=self.options,
            signs=self.signs,
            reachable=self.reachable,
            jumping=self.jumping,
            forced=self.forced,
            odd=self.odd,
            near=self.near,
            guarded=self.guarded,
        )

    def _node(self, index: int) -> Any:
        node = self.graph.nodes[index]
        if node.op == "variable":
            return np.ascontiguousarray(self.points[:, node.data])
        if node.op == "piecewise":
            return self._piecewise(index)
        if node.op in BOOLEANS:
            self.truths[index] = self._truth(index)
            return None
        inputs = [self.values[a] for a in node.args]
        match node.op:
            case "compare":
                self.signs[index] = self._sign(inputs[0], inputs[1], index)
                return None
            case "sign":
                return self._jumping_sign(index)
            case "max" | "min":
                return self._extremum(index, inputs, np.maximum if node.op == "max" else np.minimum)
            case "abs":
                return self._absolute(index, inputs[0])
            case "constant":
                return np.float64(float(node.data))
            case _:
                if node.op == "power" and node.data.denominator != 1:
                    self.near |= np.abs(inputs[0]) <= self.tolerance
                return defined(smooth_value(node.op, node.data, inputs))

    def tied(self, left: Any, right: Any) -> Flags:
        """Whether values are within the tolerance; False where one does not exist."""
        scale = np.maximum(np.maximum(np.abs(left), np.abs(right)), 1.0)
        distance, bound = np.abs(left - right), self.tolerance * scale
        tied = distance <= bound
        self.near |= (distance <= NEAR_TIE_FACTOR * bound) & ~tied
        return np.broadcast_to(tied, (self.count,))

    def _sign(self, left: Any, right: Any, index: int | None = None) -> NDArray[np.int8]:
        if index in self.forced:
            sign: Any = np.int8(self.forced[index])  # type: ignore[index]
        else:
            sign = np.where(self.tied(left, right), 0, np.where(left > right, 1, -1))
        missing = np.isnan(left) | np.isnan(right)
        return np.broadcast_to(np.where(missing, UNDEFINED, sign), (self.count,)).astype(np.int8)

    def _jumping_sign(self, index: int) -> Any:
        node = self.graph.nodes[index]
        compared = node.args[0]
        signs = self.signs[compared]
        at_zero = signs == 0
        if compared not in self.forced and at_zero.any():
            self.jumping[index] = at_zero
        return np.where(signs == UNDEFINED, np.nan, node.data * signs.astype(np.float64))

    def _extremum(self, index: int, inputs: list[Any], call: Callable[[Any, Any], Any]) -> Any:
        best = reduce(call, inputs)
        self.options[index] = np.stack([self.tied(v, best) for v in inputs])
        return best

    def _absolute(self, index: int, value: Any) -> Any:
        sign = self._sign(value, np.float64(0.0))
        self.options[index] = np.stack([(sign == 0) | (sign == 1), (sign == 0) | (sign == -1)])
        return np.abs(value)

    def _truth(self, index: int) -> tuple[Any, Any]:
        """Where a guard surely holds, and where it surely does not."""
        node = self.graph.nodes[index]
        if node.op == "relation":
            signs = self.signs[node.args[0]]
            holding = [s for s in (-1, 0, 1) if relation_holds(node.data, s)]
            holds = reduce(np.logical_or, [signs == s for s in holding], np.zeros(self.count, dtype=np.bool_))
            return holds, ~holds & (signs != UNDEFINED)
        parts = [self.truths[a] for a in node.args]
        if node.op == "not":
            return parts[0][1], parts[0][0]
        if node.op in ("true", "false"):
            whole = np.full(self.count, node.op == "true")
            return whole, ~whole
        all_true, any_false = (reduce(f, [p[i] for p in parts]) for i, f in ((0, np.logical_and), (1, np.logical_or)))
        if node.op == "and":
            return all_true, any_false
        return reduce(np.logical_or, [p[0] for p in parts]), reduce(np.logical_and, [p[1] for p in parts])

    def _piecewise(self, index: int) -> Any:
        branches, guards = self.graph.nodes[index].branches()
        chosen = self._chosen(guards)
        reach = chosen == np.arange(len(branches) + 2)[:, None]
        self._add_boundaries(index, guards, reach)
        value: Any = np.full(self.count, np.nan)
        for position, branch in enumerate(branches):
            value = np.where(chosen == position, self.values[branch], value)
        agreeing = np.zeros((len(branches) + 2, self.count), dtype=np.bool_)
        for position, branch in enumerate(branches):
            steady = ~self.jumpy[branch] if branch in self.jumpy else True
            agreeing[position] = (
                (chosen == position)
                | (reach[position] & meet(self.values[branch], value, self.tolerance))
                | (steady & self.tied(self.values[branch], value))
            )
        jumps = (reach.sum(axis=0) > 1) & (reach & ~agreeing).any(axis=0)
        if jumps.any():
            self.jumping[index] = jumps
        settled = any(c in self.forced for c in _read(self.graph, guards))
        self.guarded[index] = (agreeing & reach)[:-2]
        self.options[index] = self.guarded[index] if settled else agreeing[:-2]
        self.reachable[index] = reach | agreeing
        return value

    def _chosen(self, guards: Sequence[int]) -> NDArray[np.intp]:
        """The first guard that holds; then `len(guards)` where none does, and one more where it is open which."""
        hole, unknown = len(guards), len(guards) + 1
        chosen = np.full(self.count, hole)
        for position in reversed(range(len(guards))):
            holds, fails = self.truths[guards[position]]
            chosen = np.where(holds, position, np.where(fails, chosen, unknown))
        return chosen

    def _add_boundaries(self, index: int, guards: Sequence[int], reach: Flags) -> None:
        """The branches that meet the point where guards are on their boundary, for each pattern of signs."""
        read = _read(self.graph, guards)
        loose = [c for c in read if c not in self.forced]
        columns = np.flatnonzero(reduce(np.logical_or, [self.signs[c] == 0 for c in loose], np.zeros(1, dtype=bool)))
        if not len(columns):
            return
        patterns, group = np.unique(np.stack([self.signs[c][columns] for c in read]), axis=1, return_inverse=True)
        rows = {HOLE: len(guards), None: len(guards) + 1}
        for number, pattern in enumerate(patterns.T.tolist()):
            signs = {c: s for c, s in zip(read, pattern, strict=True) if s != UNDEFINED}
            here = columns[group.ravel() == number]
            boundary = sorted(c for c in loose if signs.get(c) == 0)
            if len(boundary) > MAX_GUARD_BOUNDARIES:
                self.odd[here] = True
                continue
            for states in product((-1, 0, 1), repeat=len(boundary)):
                first = first_true(self.graph, guards, signs | dict(zip(boundary, states, strict=True)))
                reach[rows.get(first, first), here] = True


def smooth_value(op: str, data: Any, inputs: Sequence[Any]) -> Any:
    """The values of a node that is not a switch."""
    match op:
        case "add":
            return reduce(np.add, inputs)
        case "multiply":
            return reduce(np.multiply, inputs)
        case "power":
            return real_power(inputs[0], data)
        case "smooth":
            return SMOOTH[data].value(FLOAT, inputs[0])
        case _:
            return np.exp(inputs[1] * np.log(inputs[0]))


def real_power(base: Any, exponent: Any) -> Any:
    """A constant rational power."""
    if exponent == 2:
        return np.square(base)
    return 1.0 / base if exponent == -1 else np.power(base, float(exponent))


def defined(value: Any) -> Any:
    """NaN for everything that is not finite, so that an infinity cannot turn into a number later."""
    finite = np.isfinite(value)
    return value if finite.all() else np.where(finite, value, np.nan)


def batch_pass(graph: Graph, points: Floats, *, tolerance: float, forced: Mapping[int, int]) -> BatchTrace:
    """Every node's value at points (N, n), the comparisons in `forced` being given a sign."""
    return _BatchPass(graph, points, tolerance, forced).run()


def meet(left: Any, right: Any, tolerance: float) -> Any:
    """Whether branches on the two sides of a guard's boundary have one value there, as in `evaluate`."""
    scale = np.maximum(np.maximum(np.abs(left), np.abs(right)), 1.0)
    return np.abs(left - right) <= NEAR_TIE_FACTOR * tolerance * scale


def groups(key: Flags) -> list[NDArray[np.intp]]:
    """The columns of a bool array gathered by equality."""
    packed = np.ascontiguousarray(np.packbits(key, axis=0).T)
    rows = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
    _, group = np.unique(rows, return_inverse=True)
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _read(graph: Graph, guards: Sequence[int]) -> list[int]:
    return sorted({c for g in guards for c in comparisons(graph, g)})
