"""What is smooth at a point though its formula is not: products that vanish faster than a root is steep, and quotients
0/0 that are completed.

A product Π |u_k|^{E_k}, the u_k Lipschitz and 0 at the point, has gradients bounded by terms of the form
|u_k|^{E_k - 1} Π_{j≠k} |u_j|^{E_j} next to it. With every E_k >= 1 and Σ E_k > 1 they tend to 0, so that the derivative
at the point is 0, strictly. For S = Σ c_i |w_i|^{p_i}, c_i > 0, the power S^e counts with E = e min p_i, as |w_i| is at
most a multiple of S^{1/p_i}. A quotient of one variable without switches that has a power series at the point is
analytic there.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from conservative._core.errors import FunctionError
from conservative.functions.continuity.laurent import LaurentArithmetic, power_series
from conservative.functions.continuity.test_curves import GERMS, axis_arcs
from conservative.functions.graph.elementary import SMOOTH
from conservative.functions.graph.evaluate import Trace, Undefined, comparisons, first_true, value_pass
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph, Node, reachable

_TWO_SIDED = LaurentArithmetic(two_sided=True)


def localised(graph: Graph, trace: Trace, point: Sequence[Any]) -> Graph:
    """The graph with such nodes as "limit" nodes, which hold value and gradient; the same graph if there is none."""
    replaced: dict[int, Node] = {}
    lipschitz: list[bool] = []
    for index, node in enumerate(graph.nodes):
        tame = _is_lipschitz(graph, trace, index, lipschitz)
        if not tame and node.op in ("multiply", "power") and _vanishes_fast(graph, trace, index, lipschitz):
            replaced[index], tame = Node("limit", (), (Fraction(0), ())), True
        if node.op == "piecewise":
            replaced.update(_completed(graph, trace, index, point))
            tame = tame or index in replaced
        lipschitz.append(tame)
    if not replaced:
        return graph
    return replace(graph, nodes=tuple(replaced.get(i, node) for i, node in enumerate(graph.nodes)))


def _is_zero(trace: Trace, index: int) -> bool:
    value = trace.values[index]
    return not isinstance(value, (Undefined, bool)) and bool(value == 0)


def _is_lipschitz(graph: Graph, trace: Trace, index: int, lipschitz: Sequence[bool]) -> bool:
    """Whether a node has values and bounded slopes all around the point, as far as its operands are seen to have."""
    node, value = graph.nodes[index], trace.values[index]
    if node.op in ("constant", "variable"):
        return True
    if isinstance(value, Undefined) or node.op in ("compare", "relation", "exponential", "limit", *BOOLEANS):
        return False
    if node.op in ("sign", "piecewise"):
        return _is_settled(graph, trace, index, lipschitz)
    if not all(lipschitz[a] for a in node.args):
        return False
    if node.op == "power":
        everywhere = node.data.denominator == 1 or graph.nodes[node.args[0]].op == "abs"
        return bool(node.data >= 1 and everywhere) or not _is_zero(trace, node.args[0])
    return node.op != "smooth" or _is_inside(trace, node)


def _is_settled(graph: Graph, trace: Trace, index: int, lipschitz: Sequence[bool]) -> bool:
    """Whether a sign or a Piecewise is one smooth branch around the point, none of its guards being on its boundary."""
    node = graph.nodes[index]
    if node.op == "sign":
        operands = graph.nodes[node.args[0]].args
        return not trace.boundary(node.args[0]) and all(lipschitz[a] for a in operands)
    branches, guards = node.branches()
    read = [c for g in guards for c in comparisons(graph, g)]
    chosen = first_true(graph, guards, trace.signs)
    steady = all(not trace.boundary(c) and all(lipschitz[a] for a in graph.nodes[c].args) for c in read)
    return steady and chosen is not None and chosen >= 0 and lipschitz[branches[chosen]]


def _is_inside(trace: Trace, node: Node) -> bool:
    """Whether the argument of an elementary function is inside its domain: at ±1 an arc cosine is infinitely steep."""
    value = trace.values[node.args[0]]
    return all(value != bound for _, bound, _ in SMOOTH[node.data].domain)


def _vanishes_fast(graph: Graph, trace: Trace, index: int, lipschitz: Sequence[bool]) -> bool:
    node = graph.nodes[index]
    if isinstance(trace.values[index], Undefined) or not _is_zero(trace, index):
        return False
    exponents: dict[int, Fraction] = {}
    for factor in node.args if node.op == "multiply" else (index,):
        if not _is_zero(trace, factor):
            if not lipschitz[factor]:
                return False
            continue
        powers = _powers(graph, trace, factor, lipschitz)
        if powers is None:
            return False
        for base, exponent in powers.items():
            exponents[base] = exponents.get(base, Fraction(0)) + exponent
    return bool(exponents) and min(exponents.values()) >= 1 and sum(exponents.values()) > 1


def _powers(graph: Graph, trace: Trace, index: int, lipschitz: Sequence[bool]) -> dict[int, Fraction] | None:
    """Bases u and exponents E of a factor that is 0, with Π |u|^E its size; None where that is not seen."""
    node, exponent = graph.nodes[index], Fraction(1)
    if node.op == "power" and _is_zero(trace, node.args[0]):
        index, exponent = node.args[0], Fraction(node.data)
        node = graph.nodes[index]
        known = [_even_power(graph, term) for term in node.args] if node.op == "add" else [None]
        if None not in known and lipschitz[index]:
            return {index: exponent * min(p for p in known if p is not None)}
        if exponent.denominator != 1 and node.op != "abs":
            return None
    if not lipschitz[index] or exponent <= 0:
        return None
    index = node.args[0] if node.op == "abs" else index
    node = graph.nodes[index]
    zeros = [a for a in node.args if _is_zero(trace, a)] if node.op == "multiply" else [index]
    return dict.fromkeys(zeros, exponent)


def _even_power(graph: Graph, index: int) -> Fraction | None:
    """The exponent p of a term c |w|^p, c > 0; None for other terms."""
    node = graph.nodes[index]
    if node.op == "multiply" and len(node.args) == 2 and graph.nodes[node.args[0]].op == "constant":
        if not graph.nodes[node.args[0]].data > 0:
            return None
        node = graph.nodes[node.args[1]]
    if node.op == "abs":
        return Fraction(1)
    if node.op != "power" or node.data < 1:
        return None
    even = node.data.denominator == 1 and node.data % 2 == 0
    return Fraction(node.data) if even or graph.nodes[node.args[0]].op == "abs" else None


def _completed(graph: Graph, trace: Trace, index: int, point: Sequence[Any]) -> dict[int, Node]:
    """Branches of a Piecewise that are 0/0 at the point, by their series; all of it where one point is completed."""
    branches, guards = graph.nodes[index].branches()
    tied = sorted({c for g in guards for c in comparisons(graph, g) if trace.boundary(c)})
    found: dict[int, Node] = {}
    for branch in branches:
        if (
            tied
            and isinstance(trace.values[branch], Undefined)
            and _variables(graph, tied) <= _variables(graph, [branch])
        ):
            limit = _limit(graph, branch, point)
            found.update({} if limit is None else {branch: limit})
    if len(tied) == 1 and found:
        above, at, below = (first_true(graph, guards, {**trace.signs, tied[0]: s}) for s in (1, 0, -1))
        if above == below != at and above is not None and at is not None and above >= 0 and at >= 0:
            whole = found.get(branches[above])
            if whole is not None and trace.values[branches[at]] == whole.data[0] and _parts(graph, tied[0], point):
                return {index: whole}
    return {branch: limit for branch, limit in found.items() if _serves_only(graph, branch, index)}


def _variables(graph: Graph, roots: Sequence[int]) -> set[int]:
    return {graph.nodes[i].data for i in reachable(graph.nodes, roots) if graph.nodes[i].op == "variable"}


def _parts(graph: Graph, compared: int, point: Sequence[Any]) -> bool:
    """Whether the sides of a comparison of one variable differ on the right and on the left of the point."""
    (column,) = _variables(graph, [compared])
    try:
        return all(value_pass(graph, GERMS, arc, {}).signs.get(compared) for arc in axis_arcs(point, column))
    except FunctionError:
        return False


def _serves_only(graph: Graph, branch: int, index: int) -> bool:
    """Whether nothing but one Piecewise reads a branch: without its guards it has no value."""
    return branch not in graph.outputs and all(branch not in n.args for i, n in enumerate(graph.nodes) if i != index)


def _limit(graph: Graph, root: int, point: Sequence[Any]) -> Node | None:
    """Value and slope of an expression of one variable that has a power series at the point."""
    columns = _variables(graph, [root])
    switches = any(graph.nodes[i].op in SWITCHES for i in reachable(graph.nodes, [root]))
    if len(columns) != 1 or switches or not all(isinstance(x, Fraction) for x in point):
        return None
    (column,) = columns
    series = value_pass(graph, _TWO_SIDED, [(0, germ) for germ in axis_arcs(point, column)[0]], {}).values[root]
    try:
        germ = None if isinstance(series, Undefined) else power_series(series)
        return None if germ is None else Node("limit", (), (germ.term(0), ((column, germ.term(1)),)))
    except FunctionError:
        return None
