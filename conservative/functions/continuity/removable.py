"""Removable singularities: products that vanish faster than a root is steep, and quotients 0/0 with a limit.

A product Π |u_k|^{E_k}, the u_k Lipschitz and 0 at the point, has gradients bounded by terms of the form
|u_k|^{E_k - 1} Π_{j≠k} |u_j|^{E_j} next to it. With every E_k >= 1 and Σ E_k > 1 they tend to 0, so that the derivative
at the point is 0, strictly. For S = Σ c_i |w_i|^{p_i}, c_i > 0, the power S^e counts with E = e min p_i, as |w_i| is at
most a multiple of S^{1/p_i}. A quotient of one variable is told by its series on the two sides of the point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from conservative._core.errors import FunctionError
from conservative.functions.continuity.arcs import GERMS, axis_arcs
from conservative.functions.continuity.compared_signs import never_negative
from conservative.functions.continuity.local_polynomials import Polynomial, polynomial_node, restricted
from conservative.functions.continuity.sided_germs import sided_germ, with_kinks
from conservative.functions.graph.elementary import SMOOTH
from conservative.functions.graph.evaluate import Trace, Undefined, comparisons, first_true, value_pass
from conservative.functions.graph.nodes import BOOLEANS, Graph, Node, reachable


def localised(
    graph: Graph, trace: Trace, point: Sequence[Any], near: tuple[Trace, Sequence[Any]]
) -> tuple[Graph, Graph]:
    """The graph with such nodes as "limit" nodes, which hold value and gradient, and the graph itself beside it.

    Both are the same one if there is none; for nodes with a kink both have room. `near` is the point at which what the
    tolerance ties is equal, and its values: holes are completed there.
    """
    replaced: dict[int, Node] = {}
    lipschitz: list[bool] = []
    for index, node in enumerate(graph.nodes):
        tame = _is_lipschitz(graph, trace, index, lipschitz)
        if not tame and node.op in ("multiply", "power") and _vanishes_fast(graph, trace, index, lipschitz):
            replaced[index], tame = Node("limit", (), (Fraction(0), ())), True
        elif not tame and node.op in ("multiply", "power", "add", "smooth"):
            smooth = _smooth_germ(graph, trace, index, point)
            replaced, tame = (replaced, tame) if smooth is None else ({**replaced, index: smooth}, True)
        if node.op == "piecewise":
            replaced.update(_completed(graph, near[0], index, near[1]))
            tame = tame or index in replaced
        lipschitz.append(tame)
    return with_kinks(graph, replaced) if replaced else (graph, graph)


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
        everywhere = node.data.denominator == 1 or node.args[0] in never_negative(graph)
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
    columns, here = _variables(graph, tied), first_true(graph, guards, trace.signs)
    if len(columns) != 1 or here is None or here < 0:
        return {}
    (column,) = columns
    found: dict[int, dict[int, Node]] = {}
    for place, branch in enumerate(branches):
        if place != here and isinstance(trace.values[branch], Undefined):
            limits = _limits(graph, trace, branch, column, point)
            found.update({branch: limits} if limits else {})
    beside = {first_true(graph, guards, {**trace.signs, tied[0]: s}) for s in (1, -1)} if len(tied) == 1 else {None}
    if len(beside) == 1 and _parts(graph, tied[0], point):
        (taken,) = beside
        branch = -1 if taken is None or taken < 0 else branches[taken]
        if branch in found and _meet(graph, trace, found[branch], (branch, branches[here]), column, point):
            if branch in found[branch] and len(found[branch]) == 1:
                return {index: found[branch][branch]}
            if _serves_only(graph, trace, branch, index):
                return {**found[branch], index: Node("add", (branch,))}
    return {i: n for b, limits in found.items() if _serves_only(graph, trace, b, index) for i, n in limits.items()}


def _meet(
    graph: Graph,
    trace: Trace,
    limits: Mapping[int, Node],
    pair: tuple[int, int],
    column: int,
    point: Sequence[Any],
) -> bool:
    """Whether a completed branch and what stands in the hole agree wherever one variable has its value at the point.

    They are compared as polynomials in the other variables and in whatever else does not depend on that one.
    """
    nodes = tuple(limits.get(i, node) for i, node in enumerate(graph.nodes))
    order = reachable(nodes, pair)
    wide = replace(graph, nodes=nodes, width=graph.width + len(order))
    built: dict[int, Polynomial | None] = {}
    for place, index in enumerate(order):
        node = nodes[index]
        if node.op in ("limit", "kink"):
            built[index] = {(0,) * wide.width: node.data[0]} if node.data[0] else {}
        elif node.op in ("compare", *BOOLEANS):
            built[index] = None
        else:
            built[index] = polynomial_node(wide, index, built, point)
        apart = built[index] is None and node.op not in BOOLEANS and column not in _variables(wide, [index])
        if apart and not isinstance(trace.values[index], (Undefined, bool)):
            built[index] = {tuple(int(i == graph.width + place) for i in range(wide.width)): Fraction(1)}
    first, second = (built[i] for i in pair)
    others = [i for i in range(wide.width) if i != column]
    return first is not None and second is not None and restricted(first, others) == restricted(second, others)


def _variables(graph: Graph, roots: Sequence[int]) -> set[int]:
    return {graph.nodes[i].data for i in reachable(graph.nodes, roots) if graph.nodes[i].op == "variable"}


def _parts(graph: Graph, compared: int, point: Sequence[Any]) -> bool:
    """Whether the sides of a comparison of one variable differ on the right and on the left of the point."""
    (column,) = _variables(graph, [compared])
    try:
        return all(value_pass(graph, GERMS, arc, {}).signs.get(compared) for arc in axis_arcs(point, column))
    except FunctionError:
        return False


def _serves_only(graph: Graph, trace: Trace, branch: int, index: int) -> bool:
    """Whether nothing but one Piecewise reads what has no value at the point: without its guards it has none."""
    lost = {i for i in reachable(graph.nodes, [branch]) if isinstance(trace.values[i], Undefined)}
    readers = {i for i, node in enumerate(graph.nodes) if lost.intersection(node.args)}
    return not lost.intersection(graph.outputs) and readers <= lost | {index}


def _limits(graph: Graph, trace: Trace, root: int, column: int, point: Sequence[Any]) -> dict[int, Node] | None:
    """Nodes in the place of those that are 0/0, by series in one variable; None where there is none."""
    node = graph.nodes[root]
    if not isinstance(trace.values[root], Undefined):
        return {}
    if _variables(graph, [root]) == {column}:
        limit = sided_germ(graph, root, column, point)
        return None if limit is None else {root: limit}
    if node.op == "multiply":
        factors = _factors(graph, root)
        own = [f for f in factors if _variables(graph, [f]) == {column}]
        lost = [f for f in own if isinstance(trace.values[f], Undefined)]
        others = [f for f in factors if f not in own]
        if lost and not any(isinstance(trace.values[f], Undefined) for f in others):
            whole = replace(graph, nodes=(*graph.nodes, Node("multiply", tuple(own))), linear=(*graph.linear, False))
            limit = sided_germ(whole, len(graph.nodes), column, point)
            return None if limit is None else {lost[0]: limit, root: Node("multiply", (*others, lost[0]))}
    if node.op not in ("add", "multiply", "smooth"):
        return None
    parts = [_limits(graph, trace, a, column, point) for a in node.args]
    return None if None in parts else {i: n for part in parts if part for i, n in part.items()}


def _factors(graph: Graph, root: int) -> list[int]:
    node = graph.nodes[root]
    return [f for a in node.args for f in _factors(graph, a)] if node.op == "multiply" else [root]


def _smooth_germ(graph: Graph, trace: Trace, index: int, point: Sequence[Any]) -> Node | None:
    """Value and slopes of an expression of one variable with roots of what is 0, by its series on both sides."""
    below = [graph.nodes[i] for i in reachable(graph.nodes, [index])]
    columns = _variables(graph, [index])
    steep = any(n.op == "power" and n.data.denominator > 1 and _is_zero(trace, n.args[0]) for n in below)
    if len(columns) != 1 or not steep:
        return None
    germ = sided_germ(graph, index, columns.pop(), point, edge=True)
    return germ if germ is not None and trace.values[index] == germ.data[0] else None
