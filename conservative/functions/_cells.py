"""Feasible first-order cells: which combinations of branches are active along an open cone of directions.

Depth first on sign prefixes. Switches are visited operands first; at a tied one each branch asks for
`(g_chosen - g_other) . d > 0`, and a prefix whose open cone is empty is cut by a linear program, so the cost
follows the number of cells and not of combinations. A direction found for the parent decides one child for
free. Branches with equal gradients are not told apart: next to the point whichever is active has, in
the limit, that gradient.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions._arithmetic import Arithmetic, as_exact, exact_sign
from conservative.functions._forward import Gradient, dense, propagate, subtract
from conservative.functions._graph import BOOLEANS, Graph
from conservative.functions._values import HOLE, Trace, comparisons, first_true, truth

_MARGIN = 1e-9
"""Smallest slack, on rows of unit length, of a cone that counts as open."""


@dataclass(frozen=True, slots=True)
class _Prefix:
    """What has been decided on the way down."""

    position: int
    gradients: dict[int, Gradient]
    signs: dict[int, int]
    strict: tuple[NDArray[Any], ...]
    equal: tuple[NDArray[Any], ...]
    direction: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """A nonempty open cone of directions, and the Jacobian of F along it."""

    jacobian: NDArray[Any]
    direction: NDArray[np.float64]


def feasible_cells(graph: Graph, trace: Trace, arithmetic: Arithmetic) -> Iterator[Cell]:
    """The cells of one trace; with exact numbers each is confirmed exactly by its rational direction.

    A cell thinner than about 1e-9 may be missed, so the cells found are a subset of all cells.
    """
    if any(sign == 0 for sign in trace.forced.values()):
        return
    search = _Search(graph, trace, arithmetic, graph.outputs)
    for leaf in search.leaves():
        if arithmetic.exact and not _confirmed(leaf):
            continue
        rows = [dense(leaf.gradients[o], graph.width, arithmetic) for o in graph.outputs]
        yield Cell(np.stack(rows), leaf.direction)


def reached_direction(graph: Graph, trace: Trace, arithmetic: Arithmetic) -> NDArray[np.float64] | None:
    """A direction along which the resolved signs of a trace hold to first order, if there is one."""
    leaf = next(_Search(graph, trace, arithmetic, ()).leaves(), None)
    return None if leaf is None else leaf.direction


class _Search:
    def __init__(self, graph: Graph, trace: Trace, arithmetic: Arithmetic, outputs: tuple[int, ...]) -> None:
        self.graph, self.trace, self.arithmetic = graph, trace, arithmetic
        self.order = _needed(graph, trace, outputs)

    def leaves(self) -> Iterator[_Prefix]:
        stack = [_Prefix(0, {}, dict(self.trace.signs), (), (), np.zeros(self.graph.width))]
        for compared, sign in self.trace.signs.items():
            if sign == 0 and compared not in self.trace.forced:
                del stack[0].signs[compared]
        while stack:
            prefix = stack.pop()
            if prefix.position == len(self.order):
                yield prefix
            else:
                stack.extend(reversed(list(self._advance(prefix))))

    def _advance(self, prefix: _Prefix) -> Iterator[_Prefix]:
        index = self.order[prefix.position]
        node = self.graph.nodes[index]
        if node.op == "compare":
            yield from self._resolved(prefix, index)
        elif node.op in BOOLEANS:
            yield replace(prefix, position=prefix.position + 1)
        elif len(self.trace.options.get(index, ())) > 1:
            yield from self._piecewise(prefix, index) if node.op == "piecewise" else self._choose(prefix, index)
        else:
            branch = self.trace.options.get(index, (0,))[0]
            gradient = propagate(
                self.graph, self.trace, self.arithmetic, index=index, inputs=prefix.gradients, branch=branch
            )
            yield self._settle(prefix, index, gradient)

    def _settle(self, prefix: _Prefix, index: int, gradient: Gradient) -> _Prefix:
        return replace(prefix, position=prefix.position + 1, gradients={**prefix.gradients, index: gradient})

    def _resolved(self, prefix: _Prefix, index: int) -> Iterator[_Prefix]:
        """A comparison whose sign was given to resolve a jump becomes a constraint."""
        step = replace(prefix, position=prefix.position + 1)
        if index not in self.trace.forced:
            yield step
            return
        sign = self.trace.forced[index]
        row = self._slope_of(prefix, index)
        narrowed = self._narrow(step, strict=[row * sign]) if sign else self._narrow(step, equal=[row])
        if narrowed is not None:
            yield narrowed

    def _choose(self, prefix: _Prefix, index: int) -> Iterator[_Prefix]:
        """A tied Max, Min or Abs: one child for each different gradient."""
        node = self.graph.nodes[index]
        if node.op == "abs":
            inner = prefix.gradients[node.args[0]]
            candidates: list[Gradient] = [inner, None if inner is None else -inner]
            direction = 1
        else:
            candidates = [prefix.gradients[node.args[i]] for i in self.trace.options[index]]
            direction = 1 if node.op == "max" else -1
        distinct = self._distinct(candidates)
        for chosen in distinct:
            rows = [direction * self._minus(chosen, other) for other in distinct if other is not chosen]
            narrowed = self._narrow(prefix, strict=rows)
            if narrowed is not None:
                yield self._settle(narrowed, index, chosen)

    def _piecewise(self, prefix: _Prefix, index: int) -> Iterator[_Prefix]:
        branches, guards = self.graph.nodes[index].branches()
        options = self.trace.options[index]
        distinct = self._distinct([prefix.gradients[branches[i]] for i in options])
        if len(distinct) == 1:
            yield self._settle(prefix, index, distinct[0])
            return
        chosen = first_true(self.graph, guards, prefix.signs)
        if chosen is not None:
            if chosen != HOLE and chosen in options:
                yield self._settle(prefix, index, prefix.gradients[branches[chosen]])
            return
        unsettled = next(g for g in guards if truth(self.graph, g, prefix.signs) is None)
        compared = next(c for c in comparisons(self.graph, unsettled) if c not in prefix.signs)
        row = self._slope_of(prefix, compared)
        for sign in (1, -1):
            narrowed = self._narrow(prefix, strict=[row * sign])
            if narrowed is not None:
                yield replace(narrowed, signs={**prefix.signs, compared: sign})

    def _slope_of(self, prefix: _Prefix, compared: int) -> NDArray[Any]:
        left, right = self.graph.nodes[compared].args
        return self._minus(prefix.gradients[left], prefix.gradients[right])

    def _minus(self, left: Gradient, right: Gradient) -> NDArray[Any]:
        return subtract(left, right, self.graph.width, self.arithmetic)

    def _distinct(self, gradients: list[Gradient]) -> list[Gradient]:
        kept: list[Gradient] = []
        for gradient in gradients:
            if not any(self.arithmetic.vanishes(self._minus(gradient, other)) for other in kept):
                kept.append(gradient)
        return kept

    def _narrow(
        self, prefix: _Prefix, *, strict: list[NDArray[Any]] | None = None, equal: list[NDArray[Any]] | None = None
    ) -> _Prefix | None:
        new_strict, new_equal = strict or [], equal or []
        if any(self.arithmetic.vanishes(row) for row in new_strict):
            return None
        all_strict, all_equal = (*prefix.strict, *new_strict), (*prefix.equal, *new_equal)
        direction: NDArray[np.float64] | None = prefix.direction
        if new_equal or (_unit(new_strict, self.graph.width) @ prefix.direction < 1e-6).any():
            direction = _interior(_unit(all_strict, self.graph.width), _unit(all_equal, self.graph.width))
        if direction is None:
            return None
        return replace(prefix, strict=all_strict, equal=all_equal, direction=direction)


def _unit(rows: Any, width: int) -> NDArray[np.float64]:
    matrix = np.array([[float(x) for x in row] for row in rows], dtype=np.float64).reshape(-1, width)
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.where(length == 0, 1.0, length)


def _interior(strict: NDArray[np.float64], equal: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """A direction d with strict @ d > 0 and equal @ d = 0 and the largest slack in the unit box."""
    from scipy.optimize import linprog

    width = strict.shape[1]
    if len(strict) == 0:
        return np.zeros(width)
    result = linprog(
        np.append(np.zeros(width), -1.0),
        A_ub=np.hstack([-strict, np.ones((len(strict), 1))]),
        b_ub=np.zeros(len(strict)),
        A_eq=np.hstack([equal, np.zeros((len(equal), 1))]) if len(equal) else None,
        b_eq=np.zeros(len(equal)) if len(equal) else None,
        bounds=[(-1.0, 1.0)] * width + [(None, 1.0)],
        method="highs",
    )
    if result.x is None or result.x[-1] <= _MARGIN:
        return None
    direction: NDArray[np.float64] = np.asarray(result.x[:-1], dtype=np.float64)
    return direction


def _confirmed(leaf: _Prefix) -> bool:
    direction = [Fraction(float(x)) for x in leaf.direction]
    for row in leaf.strict:
        total = sum((entry * d for entry, d in zip(row, direction, strict=True) if d), Fraction(0))
        if exact_sign(total if isinstance(total, Fraction) else as_exact(total)) <= 0:
            return False
    return True


def _needed(graph: Graph, trace: Trace, outputs: tuple[int, ...]) -> tuple[int, ...]:
    """Nodes whose gradient decides a cell, operands first."""
    seen: set[int] = set()
    stack = [*outputs, *trace.forced]
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        node = graph.nodes[index]
        if node.op == "sign":
            continue
        if node.op in ("max", "min"):
            stack.extend(node.args[i] for i in trace.options[index])
        elif node.op == "piecewise":
            branches, guards = node.branches()
            stack.extend(branches[i] for i in trace.options[index])
            if len(trace.options[index]) > 1:
                stack.extend(c for g in guards for c in comparisons(graph, g) if trace.boundary(c))
        else:
            stack.extend(node.args)
    return tuple(sorted(seen))
