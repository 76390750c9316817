"""Guards that cannot jump, by construction: their branches differ by a multiple of the difference they compare.

Each node is read as a linear form over the nodes that are neither sums nor multiples. Where left meets right, a form
that is a multiple of left - right is zero, and so is a product with such a factor. A comparator of a sorting network,
`Piecewise((left, left <= right), (right, True))`, is seen to be continuous this way, and max, min and |·| always are.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product

from conservative.functions.graph.evaluate import HOLE, comparisons, first_true
from conservative.functions.graph.nodes import BOOLEANS, Graph, Node

Form = dict[int, Fraction]
"""From nodes to coefficients that are not zero; -1 stands for the number 1."""

_MAX_COMPARISONS = 4
_MAX_TERMS = 64
_ONE = -1


def open_seams(graph: Graph) -> list[int]:
    """The comparisons across which some Piecewise or sign might jump, as far as is seen here."""
    seams = _Seams(graph)
    readers = [(i, n) for i, n in enumerate(graph.nodes) if n.op in ("piecewise", "sign")]
    found: set[int] = set()
    for index, node in readers:
        if node.op == "sign":
            found.update(() if seams.is_weighed(index) else node.args)
        else:
            read = {c for g in node.branches()[1] for c in comparisons(graph, g)}
            found.update(c for c in read - found if not seams.is_joined(node, c, sorted(read - {c})))
    return sorted(found)


class _Seams:
    """The linear forms of one graph, and which nodes may hold a jump."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.forms: dict[int, Form] = {}
        self.jumpy: list[bool] = []
        for index, node in enumerate(graph.nodes):
            self.jumpy.append(node.op in ("piecewise", "sign") or any(self.jumpy[a] for a in node.args))
            if node.op not in BOOLEANS and node.op != "compare":
                self.forms[index] = _form(graph, node, index, self.forms)

    def is_joined(self, node: Node, compared: int, others: Sequence[int]) -> bool:
        """Whether the branches beside a comparison, and on it, agree wherever its two sides are equal."""
        branches, guards = node.branches()
        if len(others) >= _MAX_COMPARISONS:
            return False
        gap = self._gap(compared)
        for signs in product((-1, 0, 1), repeat=len(others)):
            given = dict(zip(others, signs, strict=True))
            taken = {first_true(self.graph, guards, {**given, compared: sign}) for sign in (-1, 0, 1)}
            if None in taken or HOLE in taken:
                return False
            first, *rest = [self.forms[branches[i]] for i in taken if i is not None]
            if not all(self._vanishes(_minus(first, other), gap) for other in rest):
                return False
        return True

    def is_weighed(self, sign: int) -> bool:
        """Whether a sign only occurs in products with a factor that vanishes where it jumps."""
        gap = self._gap(self.graph.nodes[sign].args[0])
        users = [node for node in self.graph.nodes if sign in node.args]
        return sign not in self.graph.outputs and all(
            user.op == "multiply" and self._holds_factor([a for a in user.args if a != sign], gap) for user in users
        )

    def _gap(self, compared: int) -> Form:
        left, right = self.graph.nodes[compared].args
        return _minus(self.forms[left], self.forms[right])

    def _vanishes(self, form: Form, gap: Form) -> bool:
        """Whether a form is 0 wherever the gap is: terms with the gap as a factor are, and the rest is a multiple."""
        return _multiple({i: c for i, c in form.items() if not self._is_multiplied(i, gap)}, gap)

    def _is_multiplied(self, index: int, gap: Form) -> bool:
        if index == _ONE:
            return False
        node = self.graph.nodes[index]
        return self._is_power(node, gap) or (node.op == "multiply" and self._holds_factor(node.args, gap))

    def _is_power(self, node: Node, gap: Form) -> bool:
        return node.op == "power" and bool(node.data >= 1) and _multiple(self.forms[node.args[0]], gap)

    def _holds_factor(self, factors: Sequence[int], gap: Form) -> bool:
        """Whether one factor vanishes with the gap and the others have no jump, so that they are bounded there."""
        vanishing = [a for a in factors if _multiple(self.forms[a], gap) or self._is_power(self.graph.nodes[a], gap)]
        return any(not any(self.jumpy[b] for b in factors if b != a) for a in vanishing)


def _multiple(form: Form, gap: Form) -> bool:
    """Whether a form is a rational multiple of another one."""
    if not form:
        return True
    if form.keys() != gap.keys():
        return False
    pivot = next(iter(form))
    return all(form[i] * gap[pivot] == gap[i] * form[pivot] for i in form)


def _form(graph: Graph, node: Node, index: int, forms: Mapping[int, Form]) -> Form:
    form = {index: Fraction(1)}
    if node.op == "constant" and isinstance(node.data, Fraction):
        form = {_ONE: node.data} if node.data else {}
    elif node.op == "add":
        form = _sum([forms[a] for a in node.args])
    elif node.op == "multiply" and len(node.args) == 2:
        factor = graph.nodes[node.args[0]]
        if factor.op == "constant" and isinstance(factor.data, Fraction):
            form = {i: c * factor.data for i, c in forms[node.args[1]].items()}
    return form if len(form) <= _MAX_TERMS else {index: Fraction(1)}


def _sum(forms: Sequence[Form]) -> Form:
    total: Form = {}
    for form in forms:
        for i, c in form.items():
            total[i] = total.get(i, Fraction(0)) + c
    return {i: c for i, c in total.items() if c}


def _minus(left: Form, right: Form) -> Form:
    return _sum([left, {i: -c for i, c in right.items()}])
