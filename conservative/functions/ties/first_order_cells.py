"""Feasible first-order cells: which combinations of branches are active along an open cone of directions.

Depth first on sign prefixes. Switches are visited operands first; at a tied one each branch asks for
`(g_chosen - g_other) . d > 0`, and a prefix whose open cone is empty is cut, so the cost follows the number of cells
and not of combinations. Branches with equal gradients are not told apart: next to the point, whichever is active
has that gradient in the limit.

The search also says whether its cells are all there is. A cut is *sound* when its conditions contradict each other as
functions of variables and atoms (see `smooth_atoms`): a convex combination of them vanishes identically, so no point
near this one meets them all. If every cut is sound then, near the point, F is a selection of the pieces of the cells
found, and Clarke's Jacobian is the hull of their Jacobians at the point. For a piecewise affine function every cut is
sound; with linearly independent tie gradients there is none.

A search may be given a deadline: it then ends early, and says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over
from conservative._core.errors import FunctionError
from conservative._core.exact.hull_membership import hull_contains
from conservative.functions.graph.arithmetic import Arithmetic
from conservative.functions.graph.evaluate import HOLE, Trace, comparisons, first_true, truth
from conservative.functions.graph.forward_mode import dense, propagate
from conservative.functions.graph.nodes import BOOLEANS, Graph
from conservative.functions.ties.active_pieces import not_lipschitz
from conservative.functions.ties.double_description import ExactCone, rational_multiple
from conservative.functions.ties.lp_cones import LinearCone, telling_order
from conservative.functions.ties.smooth_atoms import lay_out, operands, steep_comparisons, unit

_SIDES = 4
"""Most other sides of a tie whose every subset may stay tied along an equation."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A nonempty open cone of directions, and the Jacobian of F along it.

    Shapes: `jacobian` (q, n). `interior`: a direction inside, exact at an exact point.
    """

    jacobian: NDArray[Any]
    interior: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Slope:
    """The derivative of a node in variables and atoms (None: constant); `curved` when that is all that is known."""

    row: NDArray[Any] | None
    curved: bool = False


@dataclass(slots=True)
class _Prefix:
    """What has been decided on the way down; copied where the search branches."""

    position: int
    slopes: dict[int, _Slope]
    signs: dict[int, int]
    cone: ExactCone | LinearCone
    asked: tuple[_Slope, ...] = ()

    def copy(self) -> "_Prefix":
        return _Prefix(self.position, dict(self.slopes), self.signs, self.cone, self.asked)


class CellSearch:
    """The cells of one trace; after a full iteration `complete` says whether they give all of Clarke's Jacobian.

    The numbers of the trace are exact, or enclosed where they are irrational at a floating-point point.

    With `thin`, cones within the solutions of equations count too: the comparisons that a resolved jump holds equal,
    and ties that persist along them; `sure` says whether all of these were tried.
    """

    def __init__(
        self,
        graph: Graph,
        trace: Trace,
        arithmetic: Arithmetic,
        outputs: tuple[int, ...],
        *,
        thin: bool = False,
        deadline: float = NEVER,
    ) -> None:
        self.graph, self.trace, self.arithmetic, self.outputs, self.thin = graph, trace, arithmetic, outputs, thin
        self.level = thin and not all(trace.forced.values())
        self.steep = steep_comparisons(graph, trace, arithmetic)
        self.layout = lay_out(graph, trace, arithmetic, outputs, self.steep)
        self.complete = True
        self.steady = True
        self.sure = True
        self.deadline, self.stopped = deadline, False

    def __iter__(self) -> Iterator[Cell]:
        for leaf in self.leaves():
            rows = [self._derivative(leaf.slopes[o]) for o in self.outputs]
            yield Cell(np.stack(rows), leaf.cone.interior)

    def leaves(self) -> Iterator[_Prefix]:
        """Depth first, the prefixes that reach the end."""
        if self.steep.intersection(self.trace.forced):
            self.complete = self.sure = False
            return
        signs = {c: s for c, s in self.trace.signs.items() if s != 0 or c in self.trace.forced}
        stack = [_Prefix(0, {}, signs, ExactCone.whole(self.graph.width))]
        while stack:
            if is_over(self.deadline):
                self.stopped, self.complete = True, False
                return
            prefix = stack.pop()
            children = self._advance(prefix)
            if children is None:
                yield prefix
            else:
                stack.extend(reversed(children))

    def _advance(self, prefix: _Prefix) -> list[_Prefix] | None:
        """Run to the next switch that is open; its children, or None at the end."""
        while prefix.position < len(self.layout.order):
            index = self.layout.order[prefix.position]
            node = self.graph.nodes[index]
            if node.op == "compare":
                narrowed = self._resolved(prefix, index) if index in self.trace.forced else prefix
                if narrowed is None:
                    return []
                prefix.cone, prefix.asked = narrowed.cone, narrowed.asked
            elif index not in self.layout.atoms and len(self.trace.options.get(index, ())) > 1:
                return list(self._piecewise(prefix, index) if node.op == "piecewise" else self._choose(prefix, index))
            elif node.op not in BOOLEANS:
                prefix.slopes[index] = self._slope(prefix, index)
            prefix.position += 1
        return None

    def _slope(self, prefix: _Prefix, index: int) -> _Slope:
        """The slope of a node at which nothing is chosen."""
        layout, node = self.layout, self.graph.nodes[index]
        if index in layout.constant:
            return _Slope(None)
        if index in layout.atoms or node.op == "variable":
            column, factor = layout.atoms.get(index, (node.data, Fraction(1)))
            return _Slope(unit(layout, column, factor, self.arithmetic))
        used = operands(self.graph, self.trace, index)
        inputs = {a: prefix.slopes[a].row if a in used else None for a in node.args}
        branch = self.trace.options.get(index, (0,))[0]
        try:
            row = propagate(self.graph, self.trace, self.arithmetic, index=index, inputs=inputs, branch=branch)
        except FunctionError as error:
            raise FunctionError(not_lipschitz(self.graph, index, str(error))) from error
        return _Slope(row, index in layout.curved or any(prefix.slopes[a].curved for a in used))

    def _resolved(self, prefix: _Prefix, index: int) -> _Prefix | None:
        """A comparison whose sign was given to resolve a jump becomes a condition."""
        sign = self.trace.forced[index]
        slope = self._gap(prefix, index)
        if sign:
            return self._narrow(prefix, [slope if sign > 0 else _negated(slope)])
        if self._identical(slope):
            return prefix
        derivative = self._derivative(slope)
        if not self.thin:
            self.complete &= not self.arithmetic.vanishes(derivative)
            return None
        return self._levelled(prefix, slope)

    def _levelled(self, prefix: _Prefix, slope: _Slope) -> _Prefix | None:
        """The part of a prefix where a gap is zero."""
        cone = prefix.cone.narrow(self._derivative(slope), equal=True)
        if cone is None:
            return None
        narrowed = prefix.copy()
        narrowed.cone = cone
        return narrowed

    def _choose(self, prefix: _Prefix, index: int) -> Iterator[_Prefix]:
        """A tied Max, Min or Abs: one child for each different derivative."""
        node = self.graph.nodes[index]
        if node.op == "abs":
            inner = prefix.slopes[node.args[0]]
            candidates, direction = [inner, _negated(inner)], 1
        else:
            candidates = [prefix.slopes[node.args[i]] for i in self.trace.options[index]]
            direction = 1 if node.op == "max" else -1
        distinct = self._distinct(candidates)
        for chosen in distinct:
            others = [other for other in distinct if other is not chosen]
            gaps = [self._minus(chosen, other) if direction > 0 else self._minus(other, chosen) for other in others]
            for tied in self._persisting(len(gaps)):
                narrowed = self._narrow(prefix, [g for i, g in enumerate(gaps) if i not in tied])
                for gap in (gaps[i] for i in tied):
                    narrowed = None if narrowed is None else self._levelled(narrowed, gap)
                if narrowed is not None:
                    yield self._settle(narrowed, index, chosen)

    def _persisting(self, count: int) -> list[tuple[int, ...]]:
        """Which of the other sides of a tie stay tied with the chosen one: none, but along equations any."""
        if not self.level:
            return [()]
        self.sure &= count <= _SIDES
        return [tied for size in range(count + 1) for tied in combinations(range(count), size)][: 2**_SIDES]

    def _piecewise(self, prefix: _Prefix, index: int) -> Iterator[_Prefix]:
        branches, guards = self.graph.nodes[index].branches()
        options = self.trace.options[index]
        distinct = self._distinct([prefix.slopes[branches[i]] for i in options])
        if len(distinct) == 1:
            yield self._settle(prefix.copy(), index, distinct[0])
            return
        chosen = first_true(self.graph, guards, prefix.signs)
        if chosen is not None:
            if chosen != HOLE and chosen in options:
                yield self._settle(prefix.copy(), index, prefix.slopes[branches[chosen]])
            else:
                self.complete = False
            return
        unsettled = next(g for g in guards if truth(self.graph, g, prefix.signs) is None)
        compared = next(c for c in comparisons(self.graph, unsettled) if c not in prefix.signs)
        if compared in self.steep:
            self.complete = self.sure = False
            return
        slope = self._gap(prefix, compared)
        if not self.graph.linear[compared]:
            self.steady &= self._meets_along(slope, distinct)
        for sign in (0,) if self._identical(slope) else (1, -1, 0) if self.level else (1, -1):
            asked = [slope if sign > 0 else _negated(slope)]
            narrowed = self._narrow(prefix, asked) if sign else self._levelled(prefix, slope)
            if narrowed is not None:
                narrowed.signs = {**prefix.signs, compared: sign}
                yield narrowed

    def _meets_along(self, boundary: _Slope, branches: Sequence[_Slope]) -> bool:
        """Whether branches can meet along a curved boundary: where it has a normal, they part in its direction only."""
        normal = self._derivative(boundary)
        if self.arithmetic.vanishes(normal):
            return True
        for branch in branches[1:]:
            parting = self._derivative(self._minus(branch, branches[0]))
            minors = self.arithmetic.clean((np.outer(normal, parting) - np.outer(parting, normal)).ravel())
            if not self.arithmetic.vanishes(minors) and not self._within_rounding(minors, normal, branches):
                return False
        return True

    def _within_rounding(self, minors: NDArray[Any], normal: NDArray[Any], branches: Sequence[_Slope]) -> bool:
        """Whether branches may meet after all: a double is beside a curved boundary, not on it, where they part."""
        if not self.arithmetic.rounded:
            return False
        largest = max(float(np.abs(self._derivative(b).astype(np.float64)).max(initial=0.0)) for b in branches)
        size = float(np.abs(normal.astype(np.float64)).max()) * largest
        return bool(float(np.abs(minors.astype(np.float64)).max()) <= 1e-6 * size)

    def _settle(self, prefix: _Prefix, index: int, slope: _Slope) -> _Prefix:
        prefix.slopes[index] = slope
        prefix.position += 1
        return prefix

    def _gap(self, prefix: _Prefix, compared: int) -> _Slope:
        left, right = self.graph.nodes[compared].args
        return self._minus(prefix.slopes[left], prefix.slopes[right])

    def _minus(self, left: _Slope, right: _Slope) -> _Slope:
        width = self.layout.width
        row = dense(left.row, width, self.arithmetic) - dense(right.row, width, self.arithmetic)
        return _Slope(self.arithmetic.clean(row), left.curved or right.curved)

    def _derivative(self, slope: _Slope) -> NDArray[Any]:
        return self.layout.project(dense(slope.row, self.layout.width, self.arithmetic), self.arithmetic)

    def _identical(self, gap: _Slope) -> bool:
        """Whether two sides of a tie are the same function near the point."""
        return not gap.curved and (gap.row is None or self.arithmetic.vanishes(gap.row))

    def _distinct(self, slopes: Sequence[_Slope]) -> list[_Slope]:
        """One slope for each different derivative; curved where it stands for different functions."""
        kept: list[_Slope] = []
        for slope in slopes:
            for position, other in enumerate(kept):
                gap = self._minus(slope, other)
                if self.arithmetic.vanishes(self._derivative(gap)):
                    kept[position] = _Slope(other.row, other.curved or not self._identical(gap))
                    break
            else:
                kept.append(slope)
        return kept

    def _narrow(self, prefix: _Prefix, conditions: Sequence[_Slope]) -> _Prefix | None:
        """The part of a prefix where some gaps are positive; a cut is looked at for soundness."""
        cone: ExactCone | LinearCone | None = prefix.cone
        rows = [self._derivative(condition) for condition in conditions]
        for position in telling_order(prefix.cone.strict, prefix.cone.equal, rows):
            cone = None if cone is None else cone.narrow(rows[position])
        asked = (*prefix.asked, *conditions)
        if cone is None:
            self.complete = self.complete and self._sound(asked)
            return None
        narrowed = prefix.copy()
        narrowed.cone, narrowed.asked = cone, asked
        return narrowed

    def _sound(self, asked: Sequence[_Slope]) -> bool:
        """Whether conditions with an empty cone contradict each other as functions."""
        width = self.layout.width
        rows = [rational_multiple(dense(a.row, width, self.arithmetic)) for a in asked if not a.curved]
        if not self.layout.atoms and len(rows) == len(asked):
            return all(isinstance(x, Fraction) for row in rows for x in row)
        if not rows:
            return False
        stack = np.stack(rows)
        return hull_contains(stack, stack[:1] * 0, exact=True)


def _negated(slope: _Slope) -> _Slope:
    return slope if slope.row is None else _Slope(-slope.row, slope.curved)


def reached_direction(graph: Graph, trace: Trace, arithmetic: Arithmetic) -> tuple[bool, bool]:
    """Whether the resolved signs of a trace hold to first order along some direction, and whether all were tried."""
    search = CellSearch(graph, trace, arithmetic, (), thin=True)
    return next(search.leaves(), None) is not None, search.sure
