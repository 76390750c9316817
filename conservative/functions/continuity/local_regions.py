"""Every open region next to a point: for ties between polynomials, or functions of one variable.

The differences that are tied at a point divide a neighbourhood into finitely many open regions and curves between them.
Where they are polynomials of at most two variables, or have the signs of such, the regions that reach the point are
known exactly; where they depend on one variable, there are two, told apart by series. In more variables some regions
are seen along arcs, others are proved to be empty, and some may stay undecided. On a region one piece is F, and what
lies between regions has measure zero: Clarke's Jacobian is the hull of the Jacobians at the point of exactly these
pieces.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm

from conservative._core.errors import FunctionError
from conservative.functions.continuity.arcs import GERMS, axis_arcs
from conservative.functions.continuity.compared_signs import root_against_polynomial, sign_polynomial
from conservative.functions.continuity.local_polynomials import Polynomial, difference, polynomial_node
from conservative.functions.continuity.power_series import Germ
from conservative.functions.continuity.sign_patterns import local_patterns
from conservative.functions.continuity.space_patterns import space_patterns
from conservative.functions.graph.evaluate import HOLE, Trace, comparisons, first_true, value_pass
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph, nodes_met, reachable
from conservative.functions.ties.active_pieces import Key, choice_key

_MOST_FORMS = 12
"""Most polynomials that one node may be, and most differences that are looked at."""

Choice = dict[Key, int]


@dataclass(frozen=True, slots=True)
class RegionChoices:
    """The choices at tied switches on the open regions that reach a point, and on those that may reach it."""

    met: Sequence[Choice]
    possible: Sequence[Choice] = ()


def region_choices(graph: Graph, trace: Trace, point: Sequence[Fraction], *, around: Graph) -> RegionChoices | None:
    """The choices at tied switches on the open regions that reach the point; None where that is not decided.

    `around` is the graph beside the point, where the other holds what is known at the point only.
    """
    tied = [i for i, options in trace.options.items() if len(options) > 1]
    if trace.forced or any(graph.nodes[i].op == "sign" for i in reachable(graph.nodes, graph.outputs)):
        return None
    below = reachable(around.nodes, [a for i in tied for a in graph.nodes[i].args])
    columns = {graph.nodes[i].data for i in below if graph.nodes[i].op == "variable"}
    if len(columns) == 1:
        found = _on_a_line(around, trace, tied, point, columns.pop())
        return None if found is None else RegionChoices(found)
    return _Regions(graph, trace, point, around).choices()


def _on_a_line(
    graph: Graph, trace: Trace, tied: Sequence[int], point: Sequence[Fraction], column: int
) -> list[Choice] | None:
    if not _tied_exactly(graph, trace, tied, point):
        return None
    found: list[Choice] = []
    order = lcm(*(node.data.denominator for node in graph.nodes if node.op == "power"))
    for arc in axis_arcs(point, column):
        try:
            beside = value_pass(graph, GERMS, [germ.stretched(order) for germ in arc], {})
        except FunctionError:
            return None
        choice: Choice = {}
        for index in tied:
            node = graph.nodes[index]
            options = beside.options.get(index, ())
            if node.op == "piecewise":
                guards = node.branches()[1]
                chosen = first_true(graph, guards, beside.signs)
                options = () if chosen is None else (chosen,)
            if not options or options[0] not in trace.options[index]:
                return None
            choice[choice_key(graph, index)] = options[0]
        found.append(choice)
    return found


def _tied_exactly(graph: Graph, trace: Trace, tied: Sequence[int], point: Sequence[Fraction]) -> bool:
    """Whether the values that are tied are equal, and not only within a tolerance."""
    try:
        here = value_pass(graph, GERMS, [Germ.of((x,)) for x in point], {})
    except FunctionError:
        return False
    plain = [i for i in tied if graph.nodes[i].op != "piecewise"]
    read = {c for i in tied if i not in plain for g in graph.nodes[i].branches()[1] for c in comparisons(graph, g)}
    alike = all(here.options.get(i) == trace.options[i] for i in plain)
    return alike and all(here.signs.get(c) == trace.signs.get(c) for c in read)


class _Regions:
    """The polynomials that nodes may be on the regions, and the signs of their differences."""

    def __init__(self, graph: Graph, trace: Trace, point: Sequence[Fraction], around: Graph) -> None:
        self.graph, self.trace, self.point, self.around = graph, trace, point, around
        self.place: dict[frozenset[tuple[tuple[int, ...], Fraction]], tuple[int, int]] = {}
        self.gaps: list[Polynomial] = []
        self.guards: dict[int, Polynomial | None] = {}
        self.roots: dict[int, tuple[Polynomial, Polynomial, int]] = {}
        self.order = self._needed()

    def _needed(self) -> list[int]:
        """What decides the tied switches that are reached; nothing below guards with the sign of a polynomial."""
        seen = nodes_met(self.graph.outputs, self._deciding)
        below = reachable(self.graph.nodes, [i for i in seen if len(self.trace.options.get(i, ())) > 1])
        return sorted(set(below) & set(seen))

    def _deciding(self, index: int) -> Iterator[int]:
        """The operands of a node that decide something next to the point; guards are read on the way."""
        node, options = self.graph.nodes[index], self.trace.options.get(index, ())
        yield from (node.args[i] for i in options) if node.op in ("max", "min", "piecewise") else node.args
        for compared in self._boundaries(index) if node.op == "piecewise" and len(options) > 1 else ():
            self.guards[compared] = sign_polynomial(self.around, compared, self.point)
            root = root_against_polynomial(self.around, compared, self.point) if self.guards[compared] is None else None
            if root is not None:
                self.roots[compared] = root
            elif self.guards[compared] is None:
                yield from self.graph.nodes[compared].args

    def choices(self) -> RegionChoices | None:
        """One choice for every pattern of signs that is met on an open region, and for those that may be."""
        if not self._collect():
            return None
        planar = local_patterns(self.gaps)
        patterns = space_patterns(self.gaps) if planar is None else ({p for p in planar if all(p)}, set())
        if patterns is None:
            return None
        met, possible = ([self._choice(pattern) for pattern in sorted(some)] for some in patterns)
        known = [choice for choice in met if choice is not None], [choice for choice in possible if choice is not None]
        return RegionChoices(*known) if list(map(len, known)) == [len(met), len(possible)] else None

    def _collect(self) -> bool:
        """Whether all tied differences are polynomials that vanish at the point, and few."""
        forms: dict[int, list[Polynomial]] = {}
        for index in self.order:
            node, options = self.graph.nodes[index], self.trace.options.get(index, ())
            if node.op in BOOLEANS or node.op == "compare":
                continue
            forms[index] = self._forms(index, forms)
            if len(forms[index]) > _MOST_FORMS:
                return False
            if len(options) > 1 and not all(self._add(gap) for gap in self._gaps(index, forms)):
                return False
        return bool(self.gaps)

    def _forms(self, index: int, forms: Mapping[int, list[Polynomial]]) -> list[Polynomial]:
        """The polynomials that a node may be; none where one is no polynomial."""
        node, options = self.graph.nodes[index], self.trace.options.get(index, ())
        made: list[Polynomial | None] = []
        if node.op == "abs":
            for option in options:
                made += [difference({}, p) if option else p for p in forms[node.args[0]]]
        elif node.op in ("max", "min", "piecewise"):
            parts = [forms[node.args[i]] for i in options]
            made = [p for part in parts for p in part] if all(parts) else []
        else:
            for inputs in product(*(forms[a] for a in node.args)):
                built = dict(zip(node.args, inputs, strict=True))
                made.append(polynomial_node(self.graph, index, built, self.point))
                if len(made) > _MOST_FORMS**2:
                    return []
        known = {_key(p): p for p in made if p is not None}
        return list(known.values()) if len([p for p in made if p is not None]) == len(made) else []

    def _gaps(self, index: int, forms: Mapping[int, list[Polynomial]]) -> Iterator[Polynomial | None]:
        """The differences whose signs decide a tied switch; None where one is not known."""
        node = self.graph.nodes[index]
        pairs: list[tuple[list[Polynomial], list[Polynomial]]]
        if node.op == "abs":
            pairs = [(forms[node.args[0]], [{}])]
        elif node.op == "piecewise":
            pairs = []
            for compared in self._boundaries(index):
                known = list(self.roots[compared][:2]) if compared in self.roots else [self.guards[compared]]
                left, right = self.graph.nodes[compared].args
                plain = [p for p in known if p is not None]
                pairs.append((plain, [{}]) if plain else (forms[left], forms[right]))
        else:
            operands = [node.args[i] for i in self.trace.options[index]]
            pairs = [(forms[a], forms[b]) for i, a in enumerate(operands) for b in operands[i + 1 :]]
        for first, second in pairs:
            if not first or not second:
                yield None
            yield from (difference(p, q) for p in first for q in second)

    def _boundaries(self, index: int) -> list[int]:
        guards = self.graph.nodes[index].branches()[1]
        return [c for g in guards for c in comparisons(self.graph, g) if self.trace.boundary(c)]

    def _add(self, gap: Polynomial | None) -> bool:
        if gap is None or (0,) * self.graph.width in gap:
            return False
        if gap and _key(gap) not in self.place:
            self.place[_key(gap)] = len(self.gaps), 1
            self.place[_key(difference({}, gap))] = len(self.gaps), -1
            self.gaps.append(gap)
        return len(self.gaps) <= _MOST_FORMS

    def _choice(self, pattern: Sequence[int]) -> Choice | None:
        """What each tied switch takes where the differences have given signs."""
        taken: Choice = {}
        value: dict[int, Polynomial | None] = {}
        for index in self.order:
            node, options = self.graph.nodes[index], self.trace.options.get(index, ())
            if node.op not in SWITCHES:
                value[index] = polynomial_node(self.graph, index, value, self.point)
                continue
            branch = options[0] if len(options) == 1 else None
            if len(options) > 1:
                branch = self._taken(index, pattern, value)
                if branch not in options:
                    return None
                taken[choice_key(self.graph, index)] = branch
            inner = None if branch is None else value[node.args[0 if node.op == "abs" else branch]]
            value[index] = difference({}, inner) if inner is not None and node.op == "abs" and branch else inner
        return taken

    def _taken(self, index: int, pattern: Sequence[int], value: Mapping[int, Polynomial | None]) -> int:
        """The branch of one tied switch; `HOLE` where none is."""
        node = self.graph.nodes[index]

        def sign(gap: Polynomial) -> int:
            place, turned = self.place[_key(gap)] if gap else (0, 0)
            return pattern[place] * turned

        def above(left: int, right: int) -> int:
            first, second = value[left], value[right]
            return 0 if first is None or second is None else sign(difference(first, second))

        if node.op == "abs":
            return int(sign(value[node.args[0]] or {}) < 0)
        if node.op == "piecewise":
            signs = {**self.trace.signs}
            for c in self._boundaries(index):
                known = self.guards[c]
                if c in self.roots:
                    plain, squares, turned = self.roots[c]
                    signs[c] = turned * (1 if sign(plain) < 0 else sign(squares))
                else:
                    signs[c] = above(*self.graph.nodes[c].args) if known is None else sign(known)
            found = first_true(self.graph, node.branches()[1], signs)
            return HOLE if found is None else found
        way = 1 if node.op == "max" else -1
        branch, *others = self.trace.options[index]
        for other in others:
            branch = other if way * above(node.args[other], node.args[branch]) > 0 else branch
        return branch


def _key(polynomial: Polynomial) -> frozenset[tuple[tuple[int, ...], Fraction]]:
    return frozenset(polynomial.items())
