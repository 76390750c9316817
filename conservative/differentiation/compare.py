"""The derivatives of a fixed point side by side: implicit, piggyback and conical, compared by brackets."""

import math
from dataclasses import dataclass, field
from typing import Any

from conservative._core.errors import ArgumentError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, largest, round_down, round_up
from conservative._core.printable import page
from conservative._core.result_lines import between, count, result_line
from conservative.differentiation.implicit import implicit_jacobian
from conservative.differentiation.implicit_hull import ImplicitHull, is_box_of_rank_one
from conservative.differentiation.implicit_result import ImplicitJacobian
from conservative.differentiation.implicit_systems import exact_blocks
from conservative.iteration import FixedSet, fixed_set
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.jacobian_blocks import read_blocks
from conservative.jacobians import JacobianSet, JacobianZonotope, jacobian_readings
from conservative.matrix_sets import MatrixPolytope
from conservative.matrix_sets.distance.gaps import measured_gap


@dataclass(frozen=True, slots=True)
class OneSidedGaps:
    """Gaps between the hulls of two sets of derivatives.

    Parameters
    ----------
    first, second : str
        Names.
    forward, backward : Bracket
        gap(first, second) and gap(second, first).
    """

    first: str
    second: str
    forward: Bracket
    backward: Bracket

    def __repr__(self) -> str:
        return result_line(
            self,
            f"{self.first} beyond {self.second} {between(self.forward)}",
            f"{self.second} beyond {self.first} {between(self.backward)}",
        )

    def __str__(self) -> str:
        return (
            f"{self.first} beyond {self.second}: {_text(self.forward)}; "
            f"{self.second} beyond {self.first}: {_text(self.backward)}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class DerivativeComparison:
    """The convex hulls of the derivatives of a fixed point, and the gaps between them.

    Parameters
    ----------
    piggyback : MatrixPolytope
        conv J_pb = conv fix(𝒥), with its errors: what iterating derivatives leads to.
    implicit : ImplicitJacobian
        The solves (Id − A_i)⁻¹B_i at the vertices of 𝒥, which belong to J_imp.
    conical : ImplicitJacobian or None
        The solves for the blocks that are limits of derivatives of F: each is a limit of derivatives of x̄ where the
        cells of F are those of x̄. Only for a function, where some cell is open to first order and they are not too
        many.
    gaps : tuple of OneSidedGaps
        Between conv J_imp, of all solves and not only those at vertices, conv J_pb, and the hull of the conical
        solves. The gap from J_pb itself to conv J_imp is the same as from conv J_pb; to J_imp itself, where it is not
        convex, it may be larger.
    hull_of_vertices : bool
        Whether conv J_imp is proved to be the hull of the vertex solves.
    tol : float
        Absolute: the width that was wanted.
    """

    piggyback: MatrixPolytope
    implicit: ImplicitJacobian = field(repr=False)
    conical: ImplicitJacobian | None = field(repr=False)
    gaps: tuple[OneSidedGaps, ...]
    hull_of_vertices: bool
    tol: float

    def __repr__(self) -> str:
        return result_line(
            self,
            f"piggyback of {count(len(self.piggyback.vertices), 'vertex')}",
            f"implicit of {len(self.implicit.vertices)}",
            f"largest gap {between(largest(side for g in self.gaps for side in (g.forward, g.backward)))}"
            if self.gaps
            else "no gaps",
        )

    def _repr_html_(self) -> str:
        return page(self)

    def __str__(self) -> str:
        lines = ["Derivatives of the fixed point: gaps between convex hulls (Frobenius norm, proved)"]
        missing, extra = self.piggyback.e_missing, self.piggyback.e_extra
        lines.append(
            f"  conv J_pb: {count(len(self.piggyback.vertices), 'vertex')}, "
            f"errors {missing:.2g} missing, {extra:.2g} extra"
            + (f", more than tol = {self.tol:.2g}" if max(missing, extra) > self.tol else "")
        )
        whole = "their hull is conv J_imp" if self.hull_of_vertices else "conv J_imp may reach beyond their hull"
        lines.append(f"  J_imp: {len(self.implicit.vertices)} vertex solves, {whole}")
        if self.conical is not None:
            lines.append(f"  conical solves: {len(self.conical.vertices)}")
        return "\n".join([*lines, *(f"  {found}" for found in self.gaps)])


def compare_derivatives(source: Any, *, at: Any = None, tol: float = 1e-9) -> DerivativeComparison:
    """Compare J_imp, J_pb and the conical solves of a fixed point by one-sided gaps of their convex hulls.

    Parameters
    ----------
    source : PiecewiseSelection, StructuredMap, JacobianSet, JacobianZonotope or array_like of shape (k, p, p + m)
        A function needs `at`; a set of blocks is taken as J_F(x̄, θ).
    at : mapping or sequence of numbers, optional
        (x̄, θ) with F(x̄, θ) = x̄, as in `conservative_jacobian`.
    tol : float
        Absolute: Hausdorff distance within which the hull of J_pb is wanted, and the width of the brackets.

    Returns
    -------
    DerivativeComparison
        Prints as a table. J_imp ⊆ J_pb, so that gap is 0; the other way it says how far iterated derivatives may leave
        the hull of the implicit ones.

    Raises
    ------
    ExpansionError, BudgetError
        If the blocks do not contract; the message names the word.
    ArgumentError
        If a function comes without a point, or Id − A is singular.
    ShapeError, NonFiniteError, ArgumentTypeError

    Notes
    -----
    conv J_imp is the hull of the vertex solves where J_imp is convex (see `implicit_jacobian`), and where 𝒥 is a box of
    ties of rank one. Otherwise its gaps are bracketed: from above by solves in between, from below by support planes
    that are proved over cells of all solves, which are halved until the bracket is narrow or there are too many. For
    many blocks the bracket may stay wide; it is valid.

    Examples
    --------
    >>> import conservative as cj
    >>> J = cj.JacobianSet.from_blocks([[["-1/4"]], [["-3/4"]]], [[[1]], [[1]]])
    >>> found = compare_derivatives(J)
    >>> 24 / 91 in found.gaps[0].backward.widen(1e-8)
    True
    >>> print(found)  # doctest: +ELLIPSIS
    Derivatives of the fixed point: gaps between convex hulls (Frobenius norm, proved)
      conv J_pb: 2 vertices, errors ...
      J_imp: 2 vertex solves, their hull is conv J_imp
      conv J_imp beyond conv J_pb: 0; conv J_pb beyond conv J_imp: 0.263736...

    The solves between two blocks that differ by rank two leave the hull of theirs:

    >>> J = [[[0.9, 0.0, 1.0], [0.0, 0.0, 1.0]], [[0.0, 0.0, 1.0], [0.0, 0.9, 1.0]]]
    >>> round(compare_derivatives(J, tol=1e-7).gaps[0].backward.lower, 4)
    0.6255
    """
    J, conical, box = _read(source, at)
    fixed = fixed_set(J, tol=tol, representation="hull")
    implicit = implicit_jacobian(J)
    whole = implicit.exactness is Exactness.EXACT or box or is_box_of_rank_one(exact_blocks(J))
    hull = ImplicitHull(J.vertices, implicit.vertices, fixed.decay.tail(0), whole=whole)
    blur = _block_rounding(J, fixed)
    beyond = _with_errors(hull.gap_from(fixed.hull, tol=tol), fixed.hull.e_extra + blur, fixed.hull.e_missing + blur)
    gaps = [OneSidedGaps("conv J_imp", "conv J_pb", Bracket(0.0, 0.0), beyond)]
    inner = None if conical is None else implicit_jacobian(conical)
    if inner is not None:
        solves = inner.hull
        slack = UNIT_ROUNDOFF * solves.radius + blur
        to_solves = _with_errors(hull.gap_to(solves, tol=tol), slack, slack)
        from_pb = _with_errors(
            measured_gap(fixed.hull, solves), fixed.hull.e_extra + slack, fixed.hull.e_missing + slack
        )
        gaps.append(OneSidedGaps("conv J_imp", "conv conical", to_solves, Bracket(0.0, 0.0)))
        gaps.append(OneSidedGaps("conv J_pb", "conv conical", from_pb, Bracket(0.0, 0.0)))
    return DerivativeComparison(fixed.hull, implicit, inner, tuple(gaps), whole, tol)


def _read(source: Any, at: Any) -> tuple[JacobianSet, JacobianSet | None, bool]:
    """The blocks, the conical ones, and whether the blocks are known to be a box of ties of rank one."""
    if isinstance(source, (JacobianSet, JacobianZonotope)):
        return _listed(source), None, isinstance(source, JacobianZonotope)
    if not hasattr(source, "evaluate"):
        return _from_array(source), None, False
    if at is None:
        raise ArgumentError("`compare_derivatives(at=...)` needs the fixed point (x̄, θ) of the function; got none.")
    J, conical = jacobian_readings(source, at)
    return _listed(J), None if conical is None else _listed(conical), isinstance(J, JacobianZonotope)


def _from_array(source: Any) -> JacobianSet:
    blocks = read_blocks(source, call="compare_derivatives")
    return JacobianSet.from_blocks(blocks.A, blocks.B)


def _listed(J: JacobianSet | JacobianZonotope) -> JacobianSet:
    return J.listed() if isinstance(J, JacobianZonotope) else J


def _block_rounding(J: JacobianSet, fixed: FixedSet) -> float:
    """How far J_pb and J_imp move when exact blocks are rounded to doubles: one step moves X by ‖Δ[A B]‖ ‖[X; I]‖."""
    if J.exact_blocks is None:
        return 0.0
    step = 1.01 * UNIT_ROUNDOFF * float(frobenius_bounds(J.vertices)[1].max())
    moved = step * math.hypot(1.0, fixed.hull.radius + fixed.hull.e_missing) * 1.01
    return distance_to_fixed(fixed.decay, moved, later=0)


def _with_errors(found: Bracket, less: float, more: float) -> Bracket:
    """The gap between the sets that the measured ones stand for."""
    return Bracket(max(0.0, round_down(found.lower - round_up(less))), round_up(found.upper + round_up(more)))


def _text(bracket: Bracket) -> str:
    if bracket.upper == 0.0:
        return "0"
    if bracket.lower == 0.0:
        return f"at most {bracket.upper:.3g}"
    return f"{bracket.lower:.9g} to {bracket.upper:.9g}"
