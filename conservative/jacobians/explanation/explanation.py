"""An explanation: what it holds, and how it shows as text, as HTML and as LaTeX."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative._core.printable import shown
from conservative._core.result_lines import count, result_line
from conservative.functions.expressions.source_lines import Origin
from conservative.functions.graph.printing import latex
from conservative.functions.points import Point
from conservative.jacobians.as_graph import shortened
from conservative.jacobians.explanation.conventions import CONVENTIONS
from conservative.jacobians.explanation.prediction_text import matrix_text, number_text, predictions
from conservative.jacobians.explanation.predictions import LIBRARIES, MODES, SPELLINGS, Derivative
from conservative.jacobians.jacobian_set import JacobianSet, NearTie


@dataclass(frozen=True, slots=True)
class TiedBranch:
    """One of the branches that agree at a tie.

    Parameters
    ----------
    expression : sympy.Expr
        The branch as written.
    value : number
        Its value at the point: exact, or a float.
    vertices : tuple of int
        Which of `Explanation.jacobians.vertices` some piece reaches with this branch.
    """

    expression: Any
    value: Any
    vertices: tuple[int, ...]

    def __repr__(self) -> str:
        return result_line(self, str(self.expression), f"value={self.value}", f"vertices={self.vertices}")


@dataclass(frozen=True, slots=True, repr=False)
class Tie:
    """A switch whose branches agree at the point, or a guard on its boundary that jumps inside F.

    Parameters
    ----------
    expression : sympy.Expr
        The switch as written; of several with equal guards, which share their choice, the first.
    branches : tuple of TiedBranch
    components : tuple of int
        The components of F that it enters, from 0.
    lines : tuple of int
        Their lines in the file; empty when F was not read from one.
    rules : mapping of framework to str
        What JAX, PyTorch and NumPy do at such a tie.
    """

    expression: Any
    branches: tuple[TiedBranch, ...]
    components: tuple[int, ...]
    lines: tuple[int, ...]
    rules: Mapping[str, str]

    def __repr__(self) -> str:
        branches = count(len(self.branches), "branch")
        return result_line(self, str(self.expression), branches, f"components={self.components}")


@dataclass(frozen=True, slots=True)
class Explanation:
    """All ties of a function at a point. Prints as text; notebooks show a table.

    Parameters
    ----------
    point : Point
    ties : tuple of Tie
    near_ties : tuple of NearTie
        Values that are not tied, yet suspiciously close.
    jacobians : JacobianSet or None
        The program reading, which `TiedBranch.vertices` refers to. None when it has more than 4,096 pieces.
    derivatives : tuple of Derivative
        What JAX, PyTorch and NumPy return for this formula, by spelling and mode.
    rounding : tuple of (expression, float)
        Switches whose operands differ by no more than their rounding, with the difference: there a library that
        rounds otherwise takes another branch, and `derivatives` are those of the formula in its own order.
    origin : Origin or None
        The file and its lines.
    formula : tuple of str
        The first components as they were read, of which `derivatives` speak.
    """

    point: Point
    ties: tuple[Tie, ...]
    near_ties: tuple[NearTie, ...]
    jacobians: JacobianSet | None
    derivatives: tuple[Derivative, ...]
    rounding: tuple[tuple[Any, float], ...] = ()
    origin: Origin | None = field(default=None, repr=False)
    formula: tuple[str, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        return result_line(
            self,
            count(len(self.ties), "tie"),
            count(len(self.near_ties), "near-tie"),
            count(len(self.derivatives), "derivative"),
            f"at {self.point}",
        )

    def derivative(self, framework: str, *, spelling: str = "maximum", mode: str = "reverse") -> NDArray[np.float64]:
        """What a library returns for this formula, as `formula` shows that it was read.

        Reading keeps roots of even powers and logarithms of sums of exponentials from overflowing: sqrt(x**2) is read
        as |x|, whereas a library that is given sqrt(x**2) returns NaN at 0.

        Parameters
        ----------
        framework : {"JAX", "PyTorch", "NumPy"}
        spelling : str
            How the switches are written: "maximum", "relu", "clip", "where", "clamp" (`jax.lax.clamp`, `torch.clamp`
            with tensors), "hard_tanh", "relu6", "leaky_relu", "max_dim", "median" or "top_k". NumPy has one way only.
        mode : {"reverse", "forward"}
            NumPy has no modes.

        Returns
        -------
        ndarray of float, shape (q, n)
            NaN where the library's entry is not finite: also a branch that is not taken makes it so, since 0 is
            multiplied by what is infinite there.

        Raises
        ------
        ArgumentError
            For an unknown library, spelling or mode, and for an operation that leaves its choice open.
        """
        if framework not in LIBRARIES or spelling not in SPELLINGS or mode not in MODES:
            raise ArgumentError(
                f"`derivative(...)` knows {', '.join(LIBRARIES)} with spelling {', '.join(SPELLINGS)} and mode "
                f"{', '.join(MODES)}; got {shown(framework)}, {shown(spelling)}, {shown(mode)}."
            )
        left_open = [c.operation for c in CONVENTIONS if c.open and (c.framework, c.spelling) == (framework, spelling)]
        if left_open:
            raise ArgumentError(
                f"`derivative({framework!r}, spelling={spelling!r})` cannot be predicted: {left_open[0]} leaves "
                "open which of several equal values it takes. Ask for another spelling, or run it."
            )
        results = {(d.framework, d.spelling, d.mode): d.matrix for d in self.derivatives}
        if framework == "NumPy":
            return results["NumPy", "maximum", "forward"]
        return results.get((framework, spelling, mode), results[framework, "maximum", mode])

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def _repr_latex_(self) -> str:
        return as_latex(self)


def as_text(explanation: Explanation) -> str:
    """Lines for a terminal."""
    lines = [_headline(explanation)]
    for number, tie in enumerate(explanation.ties, start=1):
        lines += ["", f"tie {number}: {shortened(tie.expression)}{_place(explanation, tie)}"]
        width = max(len(shortened(b.expression)) for b in tie.branches)
        for branch in tie.branches:
            made = _vertices(branch.vertices)
            lines.append(f"    {shortened(branch.expression):<{width}}  value {number_text(branch.value)}{made}")
        lines += [f"    {frameworks}: {words}" for frameworks, words in _grouped(tie.rules)]
    if explanation.near_ties:
        lines += ["", "near ties (not tied, yet suspiciously close):"]
        lines += [f"    {near.expression}: {near.distance:.3g} apart" for near in explanation.near_ties]
    if explanation.jacobians is not None and explanation.ties:
        lines += ["", "Jacobians [A B] that a program may return:"]
        blocks = explanation.jacobians.vertices
        lines += [f"    {i}: {matrix_text(block)}" for i, block in enumerate(blocks[:32], start=1)]
        lines += [f"    ... and {len(blocks) - 32} more"] if len(blocks) > 32 else []
    lines += ["", f"Automatic differentiation of F as it was read, {_formula(explanation)}, returns"]
    lines += [f"    {framework}: {text}" for framework, text in predictions(explanation.derivatives)]
    return "\n".join(lines + _rounding(explanation))


def _formula(explanation: Explanation) -> str:
    return shortened("; ".join(explanation.formula))


def _grouped(rules: Mapping[str, str]) -> list[tuple[str, str]]:
    """Libraries that do the same, on one line."""
    found: dict[str, list[str]] = {}
    for framework, words in rules.items():
        found.setdefault(words, []).append(framework)
    return [(", ".join(frameworks), words) for words, frameworks in found.items()]


def _rounding(explanation: Explanation) -> list[str]:
    if not explanation.rounding:
        return []
    names = ", ".join(f"{shortened(e)} ({d:.2g} apart)" for e, d in explanation.rounding[:3])
    more = f" and {len(explanation.rounding) - 3} more" if len(explanation.rounding) > 3 else ""
    return [
        "",
        f"Rounding decides at {names}{more}: a library that adds in another order may return another Jacobian.",
    ]


def as_html(explanation: Explanation) -> str:
    """A table with one row for each branch."""
    rows = []
    for tie in explanation.ties:
        place = escape(_place(explanation, tie).strip(" ()"))
        first = f'<td rowspan="{len(tie.branches)}">${escape(latex(tie.expression))}$<br>{place}</td>'
        rules = "<br>".join(f"{escape(frameworks)}: {escape(words)}" for frameworks, words in _grouped(tie.rules))
        last = f'<td rowspan="{len(tie.branches)}">{rules}</td>'
        for row, branch in enumerate(tie.branches):
            made = _numbers(branch.vertices)
            shown = f"${escape(latex(branch.expression))}$", escape(number_text(branch.value)), made
            middle = "".join(f"<td>{text}</td>" for text in shown)
            rows.append(f"<tr>{first if row == 0 else ''}{middle}{last if row == 0 else ''}</tr>")
    head = "".join(f"<th>{title}</th>" for title in ("tie", "branch", "value", "Jacobians", "conventions"))
    notes = [f"near tie: {near.expression}, {near.distance:.3g} apart" for near in explanation.near_ties]
    notes += [f"F as it was read: {_formula(explanation)}"]
    notes += [f"{framework}: {text}" for framework, text in predictions(explanation.derivatives)]
    notes += _rounding(explanation)[1:]
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<div><p>{escape(_headline(explanation))}</p>{table}<ul>{listed}</ul></div>"


def as_latex(explanation: Explanation) -> str:
    """An array with one row for each branch."""
    rows = [r"\text{tie} & \text{branch} & \text{value} & \text{Jacobians}"]
    for tie in explanation.ties:
        for place, branch in enumerate(tie.branches):
            value = number_text(branch.value) if isinstance(branch.value, float) else latex(branch.value)
            made = _numbers(branch.vertices)
            rows.append(
                f"{latex(tie.expression) if place == 0 else ''} & {latex(branch.expression)} & {value} & {made}"
            )
    body = " \\\\\n".join(rows)
    return f"$$\\begin{{array}}{{llll}}\n{body}\n\\end{{array}}$$"


def _headline(explanation: Explanation) -> str:
    count = len(explanation.ties)
    ties = "no ties: F is smooth there as written" if count == 0 else f"{count} {'tie' if count == 1 else 'ties'}"
    if count == 0 and explanation.near_ties:
        ties = "no ties, but values that are almost tied"
    if explanation.jacobians is not None and explanation.jacobians.edges:
        edge = f"on the edge of the domain of {', '.join(explanation.jacobians.edges)}, beyond which F has no value"
        ties = edge if count == 0 else f"{ties}, {edge}"
    if explanation.jacobians is None:
        return f"at {explanation.point}: {ties}, with more Jacobians than are listed"
    k, exactness = len(explanation.jacobians.vertices), explanation.jacobians.exactness
    relation = f"; their hull is {exactness.value.replace('the true set', 'the Clarke Jacobian')}" if count else ""
    relation = "" if explanation.jacobians.edges else relation
    return f"at {explanation.point}: {ties}, {k} {'Jacobian' if k == 1 else 'Jacobians'}{relation}"


def _place(explanation: Explanation, tie: Tie) -> str:
    listed = _numbers(tie.components)
    place = f"component {listed}" if len(tie.components) == 1 else f"components {listed}"
    if tie.lines and explanation.origin is not None:
        lines = sorted(set(tie.lines))
        place += f"; {explanation.origin.name}, line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
    return f"  ({place})"


def _numbers(places: Sequence[int]) -> str:
    """Places in a tuple, counted from one as everywhere in print."""
    return ", ".join(str(place + 1) for place in places)


def _vertices(vertices: Sequence[int]) -> str:
    if not vertices:
        return ""
    return f"  -> Jacobian{'s' if len(vertices) > 1 else ''} {_numbers(vertices)}"
