"""`ProgramExplanation`: the ties of a program by file and line, and the framework's own derivative beside the set."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError
from conservative._core.exactness import Exactness
from conservative._core.result_lines import count, result_line
from conservative.functions.points import Point
from conservative.functions.state_map import StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.jacobians.jacobian_set import JacobianSet
from conservative.jacobians.jacobian_zonotope import JacobianZonotope
from conservative.jacobians.switched_ties import switched_set
from conservative.matrix_sets import MatrixPolytope

_SHOWN = 32
_LARGEST = 200
"""Most entries of a block that is printed."""
_INSIDE = 1e-6
"""Relative: what counts as inside the set, for a derivative that a library computed in doubles."""


@dataclass(frozen=True, slots=True, eq=False)
class ProgramExplanation:
    """All ties of a program at a point, by its own lines. Prints as text; notebooks show a table.

    Parameters
    ----------
    point : Point
    form : SwitchedJacobian
        The ties, those that move no derivative, near ties and warnings.
    jacobians : JacobianSet, JacobianZonotope or None
        The set [A B] that the program may return; None where it is too large for both.
    library : str
        "NumPy", "JAX" or "PyTorch"; empty for maps that are no programs.
    own : ndarray, shape (q, n), or None
        What the library's own differentiation returned at the point; None where it has none.
    distance : float or None
        A proved lower bound of the Frobenius distance from `own` to the set, NaN where `own` is not finite.
    """

    point: Point
    form: SwitchedJacobian
    jacobians: JacobianSet | JacobianZonotope | None
    library: str
    own: NDArray[np.float64] | None
    distance: float | None

    @property
    def inside(self) -> bool | None:
        """Whether the library's own derivative lies in the set; None where there is none, or no set."""
        if self.own is None or self.distance is None:
            return None
        return bool(self.distance <= _INSIDE * max(1.0, float(np.abs(self.own).max(initial=0.0))))

    def __repr__(self) -> str:
        inside = {None: "not compared", True: f"{self.library} in the set", False: f"{self.library} NOT in the set"}
        return result_line(
            self, count(len(self.form.ties), "tie"), count(len(self.form.near_ties), "near-tie"), inside[self.inside]
        )

    def __str__(self) -> str:
        form = self.form
        lines = [self._headline()]
        for number, tie in enumerate(form.ties[:_SHOWN], start=1):
            choices = "" if len(tie.patterns) == 1 else f", {len(tie.patterns) + 1} choices"
            apart = f", {tie.distance:.3g} apart" if tie.distance else ""
            lines.append(f"  tie {number}: {tie}{choices}{apart}")
        lines += [f"  ... and {len(form.ties) - _SHOWN} more"] if len(form.ties) > _SHOWN else []
        joined = [group for group in form.groups if len(group) > 1]
        lines += [f"  ties that act on each other: {', '.join(map(str, group[:6]))}" for group in joined[:4]]
        if form.inactive:
            lines.append(f"  {count(len(form.inactive), 'tie')} without effect: {', '.join(form.inactive[:4])}")
        lines += [f"  near tie: {name}, {gap:.3g} apart" for name, gap in form.near_ties[:_SHOWN]]
        lines += [f"  note: {warning}" for warning in form.warnings]
        lines += self._blocks()
        return "\n".join([*lines, *self._own()])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{number}</td><td>{escape(tie.name)}</td><td>{escape(tie.source)}</td>"
            f"<td>{len(tie.patterns) + 1}</td><td>{tie.distance:.3g}</td></tr>"
            for number, tie in enumerate(self.form.ties[:_SHOWN], start=1)
        )
        head = "".join(f"<th>{title}</th>" for title in ("", "tie", "line", "choices", "apart"))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        notes = "".join(f"<li>{escape(note)}</li>" for note in (*self.form.warnings, *self._blocks(), *self._own()))
        return f"<div><p>{escape(self._headline())}</p>{table}<ul>{notes}</ul></div>"

    def _headline(self) -> str:
        ties = count(len(self.form.ties), "tie") if self.form.ties else "no ties: the program is smooth there"
        if self.form.others:
            ties += f", {count(len(self.form.others) + 1, 'path')} of control"
        point = str(self.point) if len(self.point.names) <= 8 else f"a point of {len(self.point.names)} numbers"
        return f"at {point}: {ties}"

    def _blocks(self) -> list[str]:
        J = self.jacobians
        if J is None:
            return ["  the set is too large to list or to cover; use `jvp` and `vjp` of the switched form"]
        known = "equal to Clarke's" if J.exactness is Exactness.EXACT else "which contains Clarke's"
        if self.form.warnings and not self.form.clean:
            known += " where the program's own rules are derivatives"
        if isinstance(J, JacobianZonotope):
            return [f"  the set: {J.tie_count} terms of rank one, {known}"]
        lines = [f"  the set: the hull of {count(len(J.vertices), 'Jacobian')} [A B], {known}"]
        if J.vertices[0].size <= _LARGEST:
            lines += [f"    {i}: {_matrix(block)}" for i, block in enumerate(J.vertices[:_SHOWN], start=1)]
        return lines

    def _own(self) -> list[str]:
        if self.own is None:
            return []
        shown = f" {_matrix(self.own)}" if self.own.size <= _LARGEST else ""
        if self.inside is None:
            return [f"  {self.library} returns{shown}, not compared"]
        if self.inside:
            return [f"  {self.library} returns{shown}, in the set"]
        finite = f"at least {self.distance:.3g} away from it" if np.isfinite(self.own).all() else "not finite"
        return [
            f"  {self.library} returns{shown}, NOT in the set: {finite}. A custom derivative rule, or a branch that "
            "was not taken, makes it so."
        ]


def explain_program(F: StateMap, at: Any, *, tolerance: float | None, max_pieces: int) -> ProgramExplanation:
    """The ties of any map at a point, its set, and what its library returns there."""
    point = F.point(at, tolerance=tolerance, call="explain")
    form = F.switched(at, tolerance=tolerance)
    try:
        jacobians = switched_set(form, max_pieces=max_pieces)
    except BudgetError:
        jacobians = None
    own = F.own_jacobian(at) if hasattr(F, "own_jacobian") else None
    library = getattr(getattr(F, "engine", None), "library", "")
    return ProgramExplanation(point, form, jacobians, library, own, _distance(jacobians, own))


def _distance(J: JacobianSet | JacobianZonotope | None, own: NDArray[np.float64] | None) -> float | None:
    if J is None or own is None:
        return None
    if not np.isfinite(own).all():
        return float("nan")
    blocks = MatrixPolytope(J.vertices) if isinstance(J, JacobianSet) else J.blocks
    return float(blocks.project(own).lower)


def _matrix(matrix: NDArray[Any]) -> str:
    rows = (", ".join(f"{float(x) + 0.0:.6g}" for x in row) for row in matrix)
    return "[" + ", ".join(f"[{row}]" for row in rows) + "]"
