"""An explanation as text, as HTML and as LaTeX."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from conservative.functions.graph.printing import latex
from conservative.jacobians.as_graph import shortened
from conservative.jacobians.explanation.conventions import VERSIONS

if TYPE_CHECKING:
    from conservative.jacobians.explanation.explain import Explanation, Tie
    from conservative.jacobians.explanation.predictions import Derivative


def as_text(explanation: "Explanation") -> str:
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


def _formula(explanation: "Explanation") -> str:
    return shortened("; ".join(explanation.formula))


def _grouped(rules: Mapping[str, str]) -> list[tuple[str, str]]:
    """Libraries that do the same, on one line."""
    found: dict[str, list[str]] = {}
    for framework, words in rules.items():
        found.setdefault(words, []).append(framework)
    return [(", ".join(frameworks), words) for words, frameworks in found.items()]


def _rounding(explanation: "Explanation") -> list[str]:
    if not explanation.rounding:
        return []
    names = ", ".join(f"{shortened(e)} ({d:.2g} apart)" for e, d in explanation.rounding[:3])
    more = f" and {len(explanation.rounding) - 3} more" if len(explanation.rounding) > 3 else ""
    return [
        "",
        f"Rounding decides at {names}{more}: a library that adds in another order may return another Jacobian.",
    ]


def as_html(explanation: "Explanation") -> str:
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


def as_latex(explanation: "Explanation") -> str:
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


def predictions(derivatives: "Sequence[Derivative]") -> list[tuple[str, str]]:
    """Per library and version, its result, then those of other modes and spellings that differ from it."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for derivative in derivatives:
        texts = found.setdefault(f"{derivative.framework} {VERSIONS[derivative.framework]}", {})
        spelling = "" if derivative.spelling == "maximum" else f"written with {derivative.spelling}"
        texts.setdefault(spelling, {}).setdefault(matrix_text(derivative.matrix), []).append(derivative.mode)
    return [(library, _one_library(results)) for library, results in found.items()]


def _one_library(results: Mapping[str, Mapping[str, list[str]]]) -> str:
    default = results[""]
    differing: dict[str, list[str]] = {}
    for spelling, texts in results.items():
        if texts != default or not spelling:
            words = "; ".join(
                text + (f" by {modes[0]} mode" if len(texts) > 1 else "") for text, modes in texts.items()
            )
            differing.setdefault(words, []).append(spelling.removeprefix("written with "))
    return "; ".join(
        words + (f" written with {', '.join(filter(None, spellings))}" if any(spellings) else "")
        for words, spellings in differing.items()
    )


def matrix_text(matrix: Any) -> str:
    """A matrix on one line."""
    return "[" + ", ".join("[" + ", ".join(number_text(x) for x in row) + "]" for row in matrix.tolist()) + "]"


def number_text(value: Any) -> str:
    """A number, floats with six digits."""
    if value is None:
        return "undefined"
    return f"{value + 0.0:.6g}" if isinstance(value, float) else str(value)


def _headline(explanation: "Explanation") -> str:
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


def _place(explanation: "Explanation", tie: "Tie") -> str:
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
