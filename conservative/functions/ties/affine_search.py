"""The search for all cells of a piecewise affine function, in homogeneous coordinates (z, s), s > 0."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.functions.graph.evaluate import HOLE, comparisons, first_true, truth
from conservative.functions.graph.nodes import Graph
from conservative.functions.graph.to_sympy import abbreviated
from conservative.functions.ties.double_description import ExactCone
from conservative.functions.ties.lp_cones import LinearCone

Form = NDArray[Any]
"""n coefficients and a constant, as `Fraction`."""


@dataclass(slots=True)
class AffinePrefix:
    """What has been decided on the way down.

    `forms`: the affine form of every node that was needed. `signs`: of comparisons. `cone`: the open cone of (z, s) on
    which all that holds. `rows`: the conditions, each positive on the cone.
    """

    forms: dict[int, Form]
    signs: dict[int, int]
    cone: ExactCone | LinearCone
    rows: tuple[Form, ...] = ()

    def narrowed(self, conditions: Sequence[Form]) -> "AffinePrefix | None":
        """A copy on the part where the conditions are positive; None when it has no interior."""
        cone: ExactCone | LinearCone | None = self.cone
        rows = self.rows
        for condition in conditions:
            if not condition[:-1].any():
                if condition[-1] <= 0:
                    return None
                continue
            cone = None if cone is None else cone.narrow(condition)
            rows = (*rows, condition)
        return None if cone is None else AffinePrefix(dict(self.forms), dict(self.signs), cone, rows)


class AffineSearch:
    """Depth first; a node is looked at only where an output needs it."""

    def __init__(self, graph: Graph, symbols: Sequence[Any]) -> None:
        self.graph, self.symbols, self.width = graph, symbols, graph.width
        self.has_holes = False

    def leaves(self, within: Sequence[Form] = ()) -> Iterator[AffinePrefix]:
        """The prefixes at which every output has a form, where the conditions `within` are positive.

        Afterwards `has_holes` tells whether some open set was left out because no guard of a Piecewise holds there.
        """
        whole = ExactCone.whole(self.width + 1).narrow(self._constant(Fraction(1)))
        assert whole is not None
        start = AffinePrefix({}, {}, whole).narrowed(within)
        stack = [] if start is None else [start]
        while stack:
            prefix = stack.pop()
            children = self._advance(prefix)
            if children is None:
                yield prefix
            else:
                stack.extend(child for child in reversed(children) if child is not None)

    def _advance(self, prefix: AffinePrefix) -> list[AffinePrefix | None] | None:
        """Run to the next choice; its children, or None when all outputs have forms."""
        waiting = list(self.graph.outputs)
        while waiting:
            index = waiting[-1]
            if index in prefix.forms:
                waiting.pop()
                continue
            node = self.graph.nodes[index]
            if node.op in ("piecewise", "sign"):
                guards = node.branches()[1] if node.op == "piecewise" else ()
                compared = self._open(prefix, guards) if guards else node.args[0]
                if compared is not None and compared not in prefix.signs:
                    needed = [a for a in self.graph.nodes[compared].args if a not in prefix.forms]
                    if not needed:
                        return self._split(prefix, compared)
                    waiting.extend(needed)
                    continue
            needed = [a for a in self._operands(prefix, index) if a not in prefix.forms]
            if needed:
                waiting.extend(needed)
            elif node.op in ("max", "min", "abs"):
                return self._choose(prefix, index)
            else:
                form = self._form(prefix, index)
                if form is None:
                    self.has_holes = True
                    return []
                prefix.forms[index] = form
        return None

    def _open(self, prefix: AffinePrefix, guards: Sequence[int]) -> int | None:
        """The comparison that decides next which guard holds first; None when that is settled."""
        if first_true(self.graph, guards, prefix.signs) is not None:
            return None
        unsettled = next(g for g in guards if truth(self.graph, g, prefix.signs) is None)
        return next(c for c in comparisons(self.graph, unsettled) if c not in prefix.signs)

    def _operands(self, prefix: AffinePrefix, index: int) -> tuple[int, ...]:
        node = self.graph.nodes[index]
        if node.op == "sign":
            return ()
        if node.op == "piecewise":
            branches, guards = node.branches()
            chosen = first_true(self.graph, guards, prefix.signs)
            return () if chosen is None or chosen == HOLE else (branches[chosen],)
        return node.args

    def _split(self, prefix: AffinePrefix, compared: int) -> list[AffinePrefix | None]:
        """The two sides of a comparison, or its one sign where the difference is constant."""
        left, right = (prefix.forms[a] for a in self.graph.nodes[compared].args)
        gap = left - right
        if not gap[:-1].any():
            prefix.signs[compared] = int(gap[-1] > 0) - int(gap[-1] < 0)
            return [prefix]
        sides = [(sign, prefix.narrowed([gap * sign])) for sign in (1, -1)]
        for sign, side in sides:
            if side is not None:
                side.signs[compared] = sign
        return [side for _, side in sides]

    def _choose(self, prefix: AffinePrefix, index: int) -> list[AffinePrefix | None]:
        """The regions where each operand of a Max, Min or Abs is the chosen one."""
        node = self.graph.nodes[index]
        candidates = [prefix.forms[a] for a in node.args]
        if node.op == "abs":
            candidates.append(-candidates[0])
        direction = -1 if node.op == "min" else 1
        distinct = [np.array(row, dtype=object) for row in dict.fromkeys(tuple(c) for c in candidates)]
        children = []
        for chosen in distinct:
            child = prefix.narrowed([direction * (chosen - other) for other in distinct if other is not chosen])
            if child is not None:
                child.forms[index] = chosen
                children.append(child)
        return list(children)

    def _form(self, prefix: AffinePrefix, index: int) -> Form | None:
        """The form of a node whose operands have theirs; None where no guard of a Piecewise holds."""
        node = self.graph.nodes[index]
        if node.op == "sign":
            return self._constant(Fraction(node.data * prefix.signs[node.args[0]]))
        if node.op == "piecewise":
            operands = self._operands(prefix, index)
            return prefix.forms[operands[0]] if operands else None
        if node.op == "variable":
            return np.array([Fraction(int(i == node.data)) for i in range(self.width + 1)], dtype=object)
        inputs = [prefix.forms[a] for a in node.args]
        varying = [f for f in inputs if f[:-1].any()]
        if node.op == "constant" and isinstance(node.data, Fraction):
            return self._constant(node.data)
        if node.op == "add":
            total: Form = np.sum(inputs, axis=0)
            return total
        if node.op == "multiply" and len(varying) <= 1:
            scale = prod((f[-1] for f in inputs if not f[:-1].any()), start=Fraction(1))
            return varying[0] * scale if varying else self._constant(scale)
        if node.op == "power" and not varying and node.data.denominator == 1 and (inputs[0][-1] or node.data > 0):
            return self._constant(inputs[0][-1] ** int(node.data))
        raise FunctionError(
            "`affine_pieces(F=...)` needs a piecewise affine function with rational coefficients; it holds "
            f"{abbreviated(self.graph, self.symbols, index)[:60]}. Bind variables that multiply others, and write "
            "irrational constants as rationals."
        )

    def _constant(self, value: Fraction) -> Form:
        return np.array([*[Fraction(0)] * self.width, value], dtype=object)
