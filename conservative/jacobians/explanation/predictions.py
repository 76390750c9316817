"""What automatic differentiation returns for a formula: forward and reverse accumulation in doubles, by table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.result_lines import result_line, shape
from conservative.functions.graph.nodes import BOOLEANS, Graph
from conservative.jacobians.explanation.conventions import CONVENTIONS, VERSIONS, Convention
from conservative.jacobians.explanation.in_doubles import Doubles
from conservative.jacobians.explanation.spellings import SwitchSpellings, bound_of

LIBRARIES = tuple(VERSIONS)
SPELLINGS = tuple(dict.fromkeys(c.spelling for c in CONVENTIONS))
"""Ways to write a switch; what a spelling does not write is written as "maximum"."""
MODES = ("reverse", "forward")

_ROWS: dict[tuple[str, str, str], list[Convention]] = {}
for _row in CONVENTIONS:
    _ROWS.setdefault((_row.framework, _row.spelling, _row.switch), []).append(_row)

Part = tuple[int, float]
"""An operand with the share of the derivative that it takes."""


@dataclass(frozen=True, slots=True)
class Derivative:
    """What one library returns for the formula, spelled one way.

    Parameters
    ----------
    framework : str
        "JAX", "PyTorch" or "NumPy".
    spelling : str
        How the switches are written.
    mode : str
        "reverse" (`jax.grad`, `jax.jacrev`, `backward`) or "forward" (`jax.jacfwd`, `jax.jvp`, `torch.func.jacfwd`).
    matrix : ndarray of float, shape (q, n)
        NaN where the library's entry is not finite.
    """

    framework: str
    spelling: str
    mode: str
    matrix: NDArray[np.float64]

    def __repr__(self) -> str:
        return result_line(self, self.framework, self.spelling, self.mode, shape(self.matrix.shape))


def library_derivatives(doubles: Doubles, switches: SwitchSpellings) -> tuple[Derivative, ...]:
    """The derivative of every library in every spelling that changes how some switch is written."""
    kinds = {kind for found in switches.kinds.values() for kind in found}
    found = []
    for framework in LIBRARIES:
        rows = [c for c in CONVENTIONS if c.framework == framework and not c.open]
        for spelling in SPELLINGS:
            if spelling == "maximum" or any(c.spelling == spelling and c.switch in kinds for c in rows):
                rules = LibraryRules(doubles, switches, framework, spelling)
                for mode in MODES if framework != "NumPy" else MODES[1:]:
                    matrix = _forward(rules) if mode == "forward" else _reverse(rules)
                    found.append(Derivative(framework, spelling, mode, np.where(np.isfinite(matrix), matrix, np.nan)))
    return tuple(found)


def operations(graph: Graph, switches: SwitchSpellings, index: int, framework: str) -> list[Convention]:
    """The operations of a library that may stand for a switch."""
    kinds = switches.kinds.get(index, ())
    rows = [c for c in CONVENTIONS if c.framework == framework and c.switch in kinds]
    return [c for c in rows if _fits(graph, switches, index, c)]


def _fits(graph: Graph, switches: SwitchSpellings, index: int, row: Convention) -> bool:
    """Whether an operation with fixed bounds can stand for a maximum or minimum with a constant."""
    if row.bounds is not None:
        return switches.clips.get(index) == row.bounds
    relu = row.switch == "bound" and row.spelling == "relu"
    return not relu or bound_of(graph, index, switches.varying[index]) == 0.0


@dataclass(frozen=True, slots=True)
class LibraryRules:
    """How one library, with its switches spelled one way, differentiates the nodes of a graph at a point."""

    doubles: Doubles
    switches: SwitchSpellings
    framework: str
    spelling: str

    def row(self, index: int) -> Convention | None:
        """The row of the table for a switch; None for a Piecewise that is only a choice."""
        for spelling in (self.spelling, "maximum"):
            for kind in self.switches.kinds.get(index, ()):
                for row in _ROWS.get((self.framework, spelling, kind), ()):
                    if _fits(self.doubles.graph, self.switches, index, row):
                        return row
        return None

    def parts(self, index: int, mode: str) -> tuple[list[Part], bool] | None:
        """The shares of a switch's operands, and whether shares of 0 are masks. None for a node that is no switch."""
        node = self.doubles.graph.nodes[index]
        row = self.row(index)
        if row is None and node.op == "piecewise":
            branch = self.doubles.branch(index)
            return [(a, float(i == branch)) for i, a in enumerate(node.branches()[0])], True
        if row is None:
            return None
        masks = row.masks if mode == "reverse" or row.masks_forward is None else row.masks_forward
        observed = row.observed if mode == "reverse" or row.forward is None else row.forward
        return _SHARES[row.switch](self, index, observed), masks


def _forward(rules: LibraryRules) -> NDArray[np.float64]:
    graph, doubles = rules.doubles.graph, rules.doubles
    tangents: list[NDArray[np.float64] | None] = []
    with np.errstate(all="ignore"):
        for index, node in enumerate(graph.nodes):
            if node.op == "variable":
                tangents.append(np.eye(graph.width)[node.data])
                continue
            terms = [s * t for a, s in _taken(rules, doubles, index, "forward") if (t := tangents[a]) is not None]
            tangents.append(np.sum(terms, axis=0) if terms else _unmoved(graph, rules, index, tangents))
    zero = np.zeros(graph.width)
    return np.stack([zero if tangents[o] is None else tangents[o] for o in graph.outputs])  # type: ignore[misc]


def _unmoved(
    graph: Graph, rules: LibraryRules, index: int, tangents: Sequence[NDArray[np.float64] | None]
) -> NDArray[np.float64] | None:
    """The tangent of a node that takes from nothing: zeros where it is computed from variables, else none."""
    node = graph.nodes[index]
    if node.op in BOOLEANS or (node.op == "sign" and rules.framework == "JAX"):
        return None
    label = graph.labels.get(index)
    return (
        np.zeros(graph.width) if any(tangents[a] is not None for a in (label.values if label else node.args)) else None
    )


def _taken(rules: LibraryRules, doubles: Doubles, index: int, mode: str) -> list[tuple[int, Any]]:
    """The operands of a node with the factors of their derivatives; masked ones are left out by forward mode."""
    node = doubles.graph.nodes[index]
    if node.op in BOOLEANS or node.op in ("compare", "constant", "variable"):
        return []
    found = rules.parts(index, mode)
    if found is None:
        return list(doubles.slopes(index))
    parts, masks = found
    return [(a, s) for a, s in parts if s or not (masks and mode == "forward")]


def _reverse(rules: LibraryRules) -> NDArray[np.float64]:
    graph, doubles = rules.doubles.graph, rules.doubles
    count = len(graph.outputs)
    adjoints: dict[int, NDArray[np.float64]] = {}
    for row, output in enumerate(graph.outputs):
        adjoints.setdefault(output, np.zeros(count))[row] += 1.0
    result = np.zeros((count, graph.width))
    varying = _varying(graph, rules)
    with np.errstate(all="ignore"):
        for index in reversed(range(len(graph.nodes))):
            node, adjoint = graph.nodes[index], adjoints.pop(index, None)
            if adjoint is None:
                continue
            if node.op == "variable":
                result[:, node.data] += adjoint
                continue
            found = rules.parts(index, "reverse")
            masks = found is not None and found[1]
            for operand, factor in _taken(rules, doubles, index, "reverse"):
                if varying[operand]:
                    flow = np.zeros(count) if masks and factor == 0 else factor * adjoint
                    adjoints[operand] = adjoints[operand] + flow if operand in adjoints else flow
    return result


def _varying(graph: Graph, rules: LibraryRules) -> list[bool]:
    """Which nodes a library sees depend on the variables: JAX sees no derivative of a sign."""
    varying: list[bool] = []
    for node in graph.nodes:
        stopped = node.op in BOOLEANS or (node.op == "sign" and rules.framework == "JAX")
        varying.append(node.op == "variable" or (not stopped and any(varying[a] for a in node.args)))
    return varying


def _bound(rules: LibraryRules, index: int, observed: Any) -> list[Part]:
    node, tied = rules.doubles.graph.nodes[index], rules.doubles.tied(index)
    place = rules.switches.varying[index]
    share = float(observed[0]) if len(tied) > 1 else float(tied[0] == place)
    return [(node.args[place], share)]


def _even(rules: LibraryRules, index: int, observed: Any) -> list[Part]:
    """Two operands, or many: the observed shares, spread on those that tie."""
    node, tied = rules.doubles.graph.nodes[index], rules.doubles.tied(index)
    share = dict.fromkeys(tied, 1.0 / len(tied))
    if len(tied) > 1 and observed[0] in (0.0, 1.0):
        share = {tied[0]: float(observed[0]), tied[-1]: float(observed[-1])}
    return [(a, share.get(i, 0.0)) for i, a in enumerate(node.args)]


def _absolute(rules: LibraryRules, index: int, observed: Any) -> list[Part]:
    operand = rules.doubles.graph.nodes[index].args[0]
    value = rules.doubles.values[operand]
    return [(operand, float(observed[0]) if value == 0 else float(np.sign(value)))]


def _sign(rules: LibraryRules, index: int, observed: Any) -> list[Part]:
    compared = rules.doubles.graph.nodes[rules.doubles.graph.nodes[index].args[0]]
    return [(a, 0.0) for a in compared.args]


def _leaky_share(rules: LibraryRules, index: int, observed: Any) -> list[Part]:
    inner, slope = rules.switches.leaky[index]
    value = rules.doubles.values[inner]
    return [(inner, 1.0 if value > 0 or (value == 0 and observed[0] == 1.0) else slope)]


def _sorted(rules: LibraryRules, index: int, observed: Any) -> list[Part]:
    label = rules.doubles.graph.labels[index]
    count = len(label.values)
    order = rules.doubles.order(label.values)
    if observed[0][0] == 0.0:  # from the top, where JAX ranks 0 above -0
        values = [float(rules.doubles.values[a]) for a in label.values]
        order = sorted(range(count), key=lambda i: (-values[i], bool(np.signbit(values[i]))))[::-1]
    taken = order[label.rank - 1 : label.rank] if label.name == "SortedValue" else order[count - label.rank :]
    return [(a, float(i in taken)) for i, a in enumerate(label.values)]


def _median(rules: LibraryRules, index: int, observed: Any) -> list[Part]:
    if observed[0] == 0.0:
        return _sorted(rules, index, ((1.0, 0.0), (0.0, 1.0)))
    values = [float(rules.doubles.values[a]) for a in rules.doubles.graph.labels[index].values]
    equal = [v == float(rules.doubles.values[index]) for v in values]
    return [(a, e / sum(equal)) for a, e in zip(rules.doubles.graph.labels[index].values, equal, strict=True)]


_SHARES: dict[str, Callable[[LibraryRules, int, Any], list[Part]]] = {
    "bound": _bound,
    "pair": _even,
    "many": _even,
    "abs": _absolute,
    "sign": _sign,
    "leaky": _leaky_share,
    "sorted": _sorted,
    "median": _median,
}
