"""Each part of an analysis said in sentences; what is proved and what is estimated is said with it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conservative._core.exactness import Exactness
from conservative._core.result_lines import count
from conservative.analysis.layout import (
    LARGEST_SHOWN,
    bracket_text,
    exact_text,
    known_text,
    matrix_lines,
    up_text,
    value_text,
)
from conservative.differentiation import DerivativeRange, ImplicitJacobian
from conservative.iteration import FixedSet, FixedSetStatus, SetTrajectory
from conservative.jacobians import JacobianSet, JacobianZonotope
from conservative.matrix_sets import LargestNorm
from conservative.spectral import AssumptionA, JointSpectralRadius, Product, RadiusStatus, word_text

_READINGS = {
    "program": "the program reading: all that differentiating this formula may return, with its guards decided",
    "selection": "the selection reading: all branches that have the value of F, also where a guard excludes them",
    "conical": "the function reading: limits of derivatives only, however F is written",
}
_FIXED = {
    FixedSetStatus.CONVEX: "the fixed set is convex: it is this hull, up to that error",
    FixedSetStatus.HULL: "the fixed set itself need not be convex: `fixed_set` encloses it",
    FixedSetStatus.BUDGET: "the hull was left at this error when its budget of time or vertices was spent",
}
_SPELLED = 20
"""Letters up to which a word is written out wherever it is mentioned."""

_ENTRIES, _SAME = 10, 1e-9
"""Entries of a derivative that are listed, and the width up to which one is a number."""


_ROUNDED_ZERO = 1e-300


@dataclass(frozen=True, slots=True)
class Finding:
    """One section of a report.

    Parameters
    ----------
    heading : str
    lines : tuple of str
    """

    heading: str
    lines: tuple[str, ...]


def about_jacobian(J: JacobianSet, conical: JacobianSet | None) -> Finding:
    """The set of blocks [A B] and its relation to the Clarke Jacobian."""
    k, q, n = J.vertices.shape
    plural = "vertex" if k == 1 else "vertices"
    name = "A" if q == n else "[A B]"
    given = "" if J.kind in _READINGS else ", as given"
    lines = [f"J_F = conv of {k} {plural} {name} of shape {q} × {n}{given}"]
    if J.kind in _READINGS:
        lines.append(f"what follows is about {_READINGS[J.kind]}")
    if k <= LARGEST_SHOWN and max(q, n) <= LARGEST_SHOWN:
        for i in range(k):
            rows = J.exact_blocks[i] if J.exact_blocks is not None else J.vertices[i].tolist()
            lines += matrix_lines(f"{name}_{i + 1}", rows, split=q)
        lines += _state_parts(J)
    elif k == 2:
        changed = int(np.linalg.matrix_rank(J.vertices[1] - J.vertices[0]))
        lines.append(f"the two vertices differ by a matrix of rank {changed}")
    if J.edges:
        lines.append("the Clarke Jacobian is not defined there: it speaks of a neighbourhood")
    elif J.kind == "conical":
        known = "equal to" if J.exactness is Exactness.EXACT else "a subset of"
        lines.append(f"{known} the Clarke Jacobian; a program may return more")
    elif conical is not None:
        if J.exactness is Exactness.EXACT:
            lines.append("equal to the Clarke Jacobian: the conical reading has the same hull")
        elif conical.exactness is Exactness.EXACT:
            lines.append(
                f"larger than the Clarke Jacobian, which is {_hull_text(len(conical.vertices))}: "
                "a program may return more than the function's own derivatives"
            )
        else:
            lines.append(
                f"contains the Clarke Jacobian; the conical reading keeps {len(conical.vertices)} of the pieces, "
                "so a program may return more than the function's own derivatives"
            )
    elif J.kind in _READINGS:
        equal = J.exactness is Exactness.EXACT
        lines.append("equal to the Clarke Jacobian" if equal else "contains the Clarke Jacobian")
    lines += _warnings(J)
    return Finding("Conservative Jacobian", tuple(lines))


def _state_parts(J: JacobianSet) -> list[str]:
    """Which block each distinct state part A_i is that of, where several share one: products are named by these."""
    k, q, n = J.vertices.shape
    if q == n or n < q:
        return []
    parts: dict[Any, list[int]] = {}
    for i in range(k):
        rows = J.exact_blocks[i] if J.exact_blocks is not None else J.vertices[i].tolist()
        parts.setdefault(tuple(tuple(row[:q]) for row in rows), []).append(i + 1)
    if len(parts) == k:
        return []
    named = [f"A_{i} of {', '.join(f'[A B]_{j}' for j in of)}" for i, of in enumerate(parts.values(), start=1)]
    return [f"state parts: {'; '.join(named)}"]


def _warnings(J: JacobianSet | JacobianZonotope) -> list[str]:
    """What is worth a look at the point: near ties, and the edge of the domain."""
    lines = []
    near = [f"{tie.expression} ({tie.distance:.3g} apart)" for tie in J.near_ties]
    if near:
        more = f", and {len(near) - 3} more" if len(near) > 3 else ""
        lines.append(f"near ties, taken as not tied: {', '.join(near[:3])}{more}")
    if J.edges:
        lines.append(f"the point is on the edge of the domain of {', '.join(J.edges)}: F has no value beyond it")
    return lines


def _hull_text(count: int) -> str:
    return "one of these matrices" if count == 1 else f"the hull of {count} of these matrices"


def about_ties(J: JacobianZonotope, norm: LargestNorm | None) -> Finding:
    """A zonotope of blocks [A B] whose ties are too many to list, and what its norm decides."""
    q, n = J.shape
    lines = [f"J_F = base + Σ t_i u_i v_iᵀ over {count(J.tie_count, 'tie')}, t_i in [0, 1], blocks of shape {q} × {n}"]
    if not J.tight:
        lines.append("a superset of what the program may return: some tie changes the block by more than rank one")
    if J.exactness is Exactness.EXACT:
        lines.append("equal to the Clarke Jacobian: the gradients of the ties are linearly independent")
    else:
        lines.append("contains the Clarke Jacobian")
    lines += _warnings(J)
    if norm is not None:
        lines.append(f"max ‖A‖₂ {value_text(norm.bounds)}, proved ({norm.proof})")
    lines.append("products, set iteration and vertex solves need the list of blocks and were left out")
    return Finding("Conservative Jacobian", tuple(lines))


def about_norms(assumption: AssumptionA, radius: JointSpectralRadius, *, rounded: bool = False) -> Finding:
    """Assumption A in the Euclidean norm, and each vertex alone; `rounded`: one is within their entries' rounding."""
    norm = value_text(assumption.norm)
    where = f"at A_{assumption.index + 1}"
    if rounded and assumption.holds:
        lines = [f"open: max ‖A‖₂ {norm} {where}, as close to 1 as the entries are rounded"]
    elif assumption.holds:
        lines = [f"holds: max ‖A‖₂ {norm}, below 1, {where}"]
    else:
        lines = [f"fails: max ‖A‖₂ {norm}, not below 1, {where}"]
    radii = [bracket_text(r) for r in radius.vertex_radii[:LARGEST_SHOWN]]
    more = ", ..." if len(radius.vertex_radii) > LARGEST_SHOWN else ""
    stable = all(r.upper < 1 for r in radius.vertex_radii)
    alone = "every vertex alone is stable" if stable else "vertices alone"
    lines.append(f"{alone}: spectral radii {', '.join(radii)}{more}")
    return Finding("Assumption A (‖A‖₂ ≤ ρ < 1 on the hull)", tuple(lines))


def about_products(expanding: Product | None, searched: int, radius: JointSpectralRadius) -> Finding:
    """A shortest expanding word, and the bracket of the joint spectral radius."""
    lines = []
    if expanding is None and not searched:
        lines.append("products were not tried one by one: the time given is too short for that")
    elif expanding is None:
        lines.append(f"no product of up to {count(searched, 'matrix')} has spectral radius above 1 (proved)")
    else:
        text = word_text(expanding.word, expanding.count)
        exact = f", eigenvalue {expanding.eigenvalue} exactly" if expanding.eigenvalue is not None else ""
        size = bracket_text(expanding.radius)
        above = f" and more, by at most {up_text(expanding.radius.upper - 1, 2)}" if size == "1" else ""
        lines.append(f"A_{text} has spectral radius {size}{above}{exact}")
        if len(expanding.word) > 1:
            lines.append("no shorter product has spectral radius above 1 (proved)")
        if expanding.matrix.shape[0] <= LARGEST_SHOWN:
            lines += matrix_lines(f"A_{text}", expanding.exact_matrix)
    lines += radius_lines(radius)
    lines.append(f"status: {radius.status.value}")
    return Finding("Products and the joint spectral radius", tuple(lines))


def radius_lines(radius: JointSpectralRadius) -> list[str]:
    """The bracket of a joint spectral radius, and what its word has to do with it."""
    value = value_text(radius.bracket) if radius.exact is None else exact_text(radius.exact)
    lines = [f"joint spectral radius {value}, proved"]
    if not radius.word:
        return lines
    name, length = word_text(radius.word, len(radius.vertex_radii)), len(radius.word)
    power = "" if length == 1 else f"^(1/{length})"
    # A long word is spelled once, and called w.
    called, product = (name, f"A_{name}") if length <= _SPELLED else (f"w = {name}", "A_w")
    if radius.status is RadiusStatus.EXACT:
        lines.append(f"attained by the word {called} (length {length}): it equals ρ({product}){power}")
    elif radius.lower > 0:
        lines.append(f"lower end from the word {called} (length {length}): ρ({product}){power}")
    return lines


def about_iteration(trajectory: SetTrajectory, *, expands: bool = False) -> Finding:
    """The gaps of the iterated hull against their bounds, as a table.

    `expands`: whether the joint spectral radius is proved to exceed one.
    """
    lines = [
        f"{'t':>4} {'dist(X_t, X_t+1)':>18} {'a priori':>12} {'a posteriori':>12} {'carried':>10}  "
        "(bounds of dist(X_t, conv fix), with the error carried)"
    ]
    last = len(trajectory.gaps) - 1
    shown = sorted({t for t in (*range(5), 5, 10, 20, 50, 100, 200, 500, 1000, last) if 0 <= t <= last})
    for t in shown:
        bound = trajectory.bounds[t]
        lines.append(
            f"{t:>4} {_above(trajectory.gaps[t].upper, 6):>18} {_above(bound.a_priori, 4):>12} "
            f"{_above(bound.a_posteriori, 4):>12} {_above(trajectory.carried[t], 2):>10}"
        )
    floor = max(trajectory.carried[: last + 2])
    if last >= 0 and 1e-9 * trajectory.sets[-1].radius < floor < math.inf:
        lines.append(
            f"stored sets are within {floor:.2g} of the exact ones (thinning, rounding); no bound of theirs is less; "
            "smaller distances of the exact ones follow from earlier distances by contraction"
        )
    if expands:
        lines.append(
            "no bound is finite: the joint spectral radius exceeds 1, so some sequences of choices grow for ever"
        )
    else:
        lines.append(f"status: {trajectory.status.value}")
    return Finding("Set iteration: hulls of X_{t+1} = 𝒥(X_t)", tuple(lines))


def _above(bound: float, digits: int) -> str:
    """An upper bound; beyond the normal doubles it is the rounding of a zero."""
    return f"{bound:.{digits}g}" if bound == 0 or bound > _ROUNDED_ZERO else f"<{_ROUNDED_ZERO:g}"


def about_implicit(implicit: ImplicitJacobian) -> Finding:
    """The solves (Id − A)⁻¹B at the vertices."""
    k, p, m = implicit.vertices.shape
    lines = []
    if implicit.has_output and not np.array_equal(implicit.output_vertices, implicit.vertices):
        lines += _set_lines("of the output", implicit.output_vertices, implicit.exact_output_vertices)
    if implicit.quotient is not None:
        lines.append(
            f"of the state only modulo {count(implicit.quotient.shape[1], 'direction')} that Id − A sends to 0"
        )
    lines += _set_lines("J_imp", implicit.vertices, implicit.exact_vertices)
    if implicit.exactness is Exactness.EXACT:
        lines.append("J_imp is exactly the hull of its vertex solves")
    else:
        lines.append(f"the {k} vertex solves of shape {p} × {m} belong to J_imp, which may leave their hull")
    if implicit.invertible is False:
        lines.append("Id − A is singular somewhere on the hull, so the implicit formula is not justified")
    return Finding("Implicit derivatives (Id − A)⁻¹B", tuple(lines))


def about_fixed_set(fixed: FixedSet) -> Finding:
    """The hull of the fixed set with its error bound."""
    error = max(fixed.hull.e_missing, fixed.hull.e_extra)
    lines = _set_lines("conv fix(𝒥)", fixed.hull.vertices, None, error)
    lines.append(f"hull known to within {up_text(error, 3)} (Frobenius, proved)")
    lines.append(_FIXED.get(fixed.status) or f"status: {fixed.status.value}")
    return Finding("Fixed set J_pb: what unrolled differentiation can converge to", tuple(lines))


def about_entries(entries: DerivativeRange, names: Sequence[str], implicit: ImplicitJacobian | None) -> Finding:
    """The entries of J_pb that are not one number, the widest first, beside those of J_imp."""
    outer, inner = (part.reshape(-1, 2) for part in (entries.outer, entries.inner))
    p, m = entries.outer.shape[:2]
    known = implicit is not None and implicit.vertices.shape[1:] == (p, m)
    solves = implicit.vertices.reshape(len(implicit.vertices), -1) if implicit is not None and known else None
    widths = outer[:, 1] - outer[:, 0]
    moving = [i for i in np.argsort(-widths) if widths[i] > _SAME * max(1.0, np.abs(outer[i]).max())]
    size = float(np.abs(outer).max())

    def span(low: float, high: float) -> str:
        # Six digits are shown: what is nothing beside the largest entry is 0.
        return f"[{', '.join('0' if abs(x) < _SAME * size else f'{x:.6g}' for x in (low, high))}]"

    rows: list[tuple[str, ...]] = [("entry", "attained", "bounded by", "J_imp" if known else "")]
    for i in moving[:_ENTRIES]:
        row, column = divmod(int(i), m)
        ends = "" if solves is None else span(solves[:, i].min(), solves[:, i].max())
        rows.append((f"d {names[row]} / d {names[p + column]}", span(*inner[i]), span(*outer[i]), ends))
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(x.ljust(n) for x, n in zip(row, sizes, strict=True)).rstrip() for row in rows] if moving else []
    if len(moving) > _ENTRIES:
        lines.append(f"and {count(len(moving) - _ENTRIES, 'narrower entry')}")
    if len(moving) < len(widths):
        lines.append(f"{count(len(widths) - len(moving), 'entry')} of one value each")
    return Finding("J_pb, entry by entry: what any choice at the ties may lead to", tuple(lines))


def _set_lines(name: str, vertices: Any, exact: Any, error: float = 0.0) -> list[str]:
    """A set on the line as an interval, a small one by its vertices, a large one by the range of each entry."""
    k, p, m = vertices.shape
    if p * m == 1:
        low, high = (known_text(end, error) for end in (vertices.min(), vertices.max()))
        rounded = f"[{low}, {high}]"
        if exact is None:
            return [f"{name} = {rounded}"]
        values = [row[0][0] for row in exact]
        shown = f"[{min(values)}, {max(values)}]"
        return [f"{name} = {shown}" if shown == rounded else f"{name} = {shown} ≈ {rounded}"]
    if m == 1 and k <= LARGEST_SHOWN:
        lines = [f"{name}: ({', '.join(f'{x:.6g}' for x in v[:, 0])})" for v in vertices]
        return list(dict.fromkeys(lines))
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    row, column = divmod(int(np.argmax(high - low)), m)
    ends = f"[{known_text(low[row, column], error)}, {known_text(high[row, column], error)}]"
    return [f"{name}: {count(k, 'vertex')}; the widest entry, ({row + 1}, {column + 1}), ranges over {ends}"]
