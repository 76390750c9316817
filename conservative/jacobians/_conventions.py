"""What automatic differentiation returns at ties: the rule of each framework for each switch, then the chain rule.

The rules are those observed with JAX 0.10 (x64) and PyTorch 2.13. A maximum with a constant can be written in several
ways, which these libraries differentiate differently: that is the *spelling*. NumPy has no derivatives; its column
takes the derivatives that are written by hand with `np.sign`, strict comparisons and `np.argmax`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.functions._arithmetic import Arithmetic
from conservative.functions._forward import Gradient, dense, propagate
from conservative.functions._graph import BOOLEANS, Graph
from conservative.functions._values import Trace, Undefined, first_true

LIBRARIES = ("JAX", "PyTorch", "NumPy")
SPELLINGS = ("maximum", "relu", "clip", "where")
"""Ways to write a maximum or minimum with a constant; other maxima are always `maximum`."""

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Derivative:
    """What one framework returns for the formula, spelled one way.

    Parameters
    ----------
    framework : str
        "JAX", "PyTorch" or "NumPy".
    spelling : str
        How a maximum or minimum with a constant is written: "maximum", "relu", "clip" or "where".
    matrix : ndarray, shape (q, n), or None
        Entries `Fraction` or sympy numbers at exact points, floats otherwise. None where it is not finite.
    """

    framework: str
    spelling: str
    matrix: NDArray[Any] | None


def is_bounded(graph: Graph, index: int) -> bool:
    """Whether a switch is a maximum or minimum of something with a constant."""
    node = graph.nodes[index]
    constants = [graph.nodes[a].op == "constant" for a in node.args]
    return node.op in ("max", "min") and len(constants) == 2 and sum(constants) == 1


def shares(graph: Graph, index: int, tied: Sequence[int], *, framework: str, spelling: str) -> list[Fraction]:
    """How the derivative of a tied maximum or minimum is divided among its operands."""
    node = graph.nodes[index]
    divided = [Fraction(0)] * len(node.args)
    if len(tied) > 1 and is_bounded(graph, index):
        varying = next(i for i, a in enumerate(node.args) if graph.nodes[a].op != "constant")
        divided[varying] = _bounded_share(framework, spelling)
        divided[1 - varying] = 1 - divided[varying]
    elif framework == "NumPy":
        divided[tied[0]] = Fraction(1)
    else:
        for place in tied:
            divided[place] = Fraction(1, len(tied))
    return divided


def _bounded_share(framework: str, spelling: str) -> Fraction:
    """The share of what is compared with a constant."""
    if framework == "NumPy" or spelling in ("relu", "where"):
        return Fraction(0)
    return Fraction(1) if (framework, spelling) == ("PyTorch", "clip") else _HALF


def absolute_slope(framework: str) -> Fraction:
    """The derivative of the absolute value at 0."""
    return Fraction(1) if framework == "JAX" else Fraction(0)


def rule(graph: Graph, index: int, tied: Sequence[int], framework: str) -> str:
    """The rule of a framework at a tied switch, in words."""
    node = graph.nodes[index]
    if index in graph.labels:
        return "the order of a stable sort"
    if node.op == "abs":
        return f"slope {absolute_slope(framework)}"
    if node.op == "sign":
        return "slope 0, and the value sign(0) = 0"
    if node.op == "piecewise":
        return "the branch of the guard that holds (where)"
    if framework == "NumPy":
        return "the constant (strict comparison)" if is_bounded(graph, index) else "the first (argmax)"
    if not is_bounded(graph, index):
        return f"1/{len(tied)} of each"
    clip = "all of the other (clip)" if framework == "PyTorch" else "1/2 of each (clip)"
    return f"1/2 of each (maximum), the constant (relu, where), {clip}"


def library_derivatives(graph: Graph, trace: Trace, arithmetic: Arithmetic) -> tuple[Derivative, ...]:
    """The derivative of every framework in every spelling, at the point of a value pass without resolved jumps."""
    found = []
    for framework in LIBRARIES:
        for spelling in SPELLINGS if framework != "NumPy" else SPELLINGS[:1]:
            try:
                matrix = _Sweep(graph, trace, arithmetic, framework, spelling).run()
            except FunctionError:
                matrix = None
            found.append(Derivative(framework, spelling, matrix))
    return tuple(found)


class _Sweep:
    """Forward accumulation with the rules of one framework."""

    def __init__(self, graph: Graph, trace: Trace, arithmetic: Arithmetic, framework: str, spelling: str) -> None:
        self.graph, self.trace, self.arithmetic = graph, trace, arithmetic
        self.framework, self.spelling = framework, spelling
        self.gradients: dict[int, Gradient] = {}

    def run(self) -> NDArray[Any]:
        for index, node in enumerate(self.graph.nodes):
            if node.op in BOOLEANS or node.op == "compare" or isinstance(self.trace.values[index], Undefined):
                continue
            self.gradients[index] = self._gradient(index)
        rows = [dense(self.gradients[o], self.graph.width, self.arithmetic) for o in self.graph.outputs]
        return np.stack(rows)

    def _gradient(self, index: int) -> Gradient:
        node, label = self.graph.nodes[index], self.graph.labels.get(index)
        if label is not None:
            return self._sorted(label.name, label.rank, label.values)
        tied = self.trace.options.get(index, ())
        if node.op in ("max", "min"):
            divided = shares(self.graph, index, tied, framework=self.framework, spelling=self.spelling)
            return self._mixed(list(zip(divided, node.args, strict=True)))
        if node.op == "abs" and len(tied) > 1:
            return self._mixed([(absolute_slope(self.framework), node.args[0])])
        branch = tied[0] if tied else 0
        if node.op == "piecewise":
            chosen = first_true(self.graph, node.branches()[1], self.trace.signs)
            branch = branch if chosen is None else chosen
        return propagate(self.graph, self.trace, self.arithmetic, index=index, inputs=self.gradients, branch=branch)

    def _sorted(self, name: str, rank: int, values: Sequence[int]) -> Gradient:
        """A stable sort: equal values keep their order."""
        order = sorted(range(len(values)), key=lambda i: float(self.trace.values[values[i]]))
        taken = order[rank - 1 : rank] if name == "SortedValue" else order[len(order) - rank :]
        return self._mixed([(Fraction(1), values[i]) for i in taken])

    def _mixed(self, parts: Sequence[tuple[Fraction, int]]) -> Gradient:
        terms = [
            self.arithmetic.constant(share) * self.gradients[a]
            for share, a in parts
            if share and self.gradients.get(a) is not None
        ]
        return self.arithmetic.clean(np.sum(terms, axis=0)) if terms else None
