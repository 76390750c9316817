"""The derivatives of a fixed point side by side: implicit, piggyback and conical, compared by brackets."""

from dataclasses import dataclass, field
from typing import Any

from conservative._core.errors import ArgumentError
from conservative._core.exactness import Exactness
from conservative._core.numbers import Bracket, round_up
from conservative.differentiation.implicit import ImplicitJacobian, implicit_jacobian
from conservative.iteration import fixed_set
from conservative.jacobians import JacobianSet, JacobianZonotope, conservative_jacobian
from conservative.matrix_sets import MatrixPolytope
from conservative.matrix_sets.gaps import measured_gap


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

    def __str__(self) -> str:
        return (
            f"{self.first} beyond {self.second}: {_text(self.forward)}; "
            f"{self.second} beyond {self.first}: {_text(self.backward)}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class DerivativeComparison:
    """The hulls of the derivatives of a fixed point, and the gaps between them.

    Parameters
    ----------
    piggyback : MatrixPolytope
        conv J_pb = conv fix(𝒥), with its errors: what iterating derivatives leads to.
    implicit : ImplicitJacobian
        The hull of (Id − A_i)⁻¹B_i: all of J_imp when `EXACT`, else only its vertex solves.
    conical : ImplicitJacobian or None
        The same for the blocks that are limits of derivatives of F: each is a limit of derivatives of x̄ where the
        cells of F are those of x̄. Only for a function.
    gaps : tuple of OneSidedGaps
    """

    piggyback: MatrixPolytope
    implicit: ImplicitJacobian = field(repr=False)
    conical: ImplicitJacobian | None = field(repr=False)
    gaps: tuple[OneSidedGaps, ...]

    def __str__(self) -> str:
        whole = self.implicit.exactness is Exactness.EXACT
        lines = ["Derivatives of the fixed point, by their hulls (Frobenius norm)"]
        lines.append(
            f"  J_pb : {len(self.piggyback.vertices)} vertices, errors {self.piggyback.e_missing:.2g} missing, "
            f"{self.piggyback.e_extra:.2g} extra"
        )
        lines.append(
            f"  J_imp: {len(self.implicit.vertices)} solves, " + ("the whole set" if whole else "vertices only")
        )
        if self.conical is not None:
            lines.append(f"  conical solves: {len(self.conical.vertices)}")
        return "\n".join([*lines, *(f"  {found}" for found in self.gaps)])


def compare_derivatives(source: Any, *, at: Any = None, tol: float = 1e-9) -> DerivativeComparison:
    """Compare J_imp, J_pb and the conical solves of a fixed point by one-sided gaps of their hulls.

    Parameters
    ----------
    source : PiecewiseSelection, StructuredMap, JacobianSet, JacobianZonotope or array_like of shape (k, p, p + m)
        A function needs `at`; a set of blocks is taken as J_F(x̄, θ).
    at : mapping or sequence of numbers, optional
        (x̄, θ) with F(x̄, θ) = x̄, as in `conservative_jacobian`.
    tol : float
        Hausdorff distance within which the hull of J_pb is wanted.

    Returns
    -------
    DerivativeComparison
        Prints as a table. J_imp ⊆ J_pb, so the gap from the implicit to the piggyback hull is 0 up to rounding; the
        other way it says how far iterated derivatives may leave the implicit ones.

    Raises
    ------
    ExpansionError, BudgetError
        If the blocks do not contract; the message names the word.
    ArgumentError
        If a function comes without a point, or Id − A is singular.
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError

    Examples
    --------
    >>> import conservative as cj
    >>> J = cj.JacobianSet.from_blocks([[["-1/4"]], [["-3/4"]]], [[[1]], [[1]]])
    >>> found = compare_derivatives(J)
    >>> 24 / 91 in found.gaps[0].backward.widen(1e-8)
    True
    >>> print(found)  # doctest: +ELLIPSIS
    Derivatives of the fixed point, by their hulls (Frobenius norm)
      J_pb : 2 vertices, errors ...
      J_imp: 2 solves, the whole set
      J_imp beyond J_pb: at most ...; J_pb beyond J_imp: 0.263736...
    """
    J, conical = _read(source, at)
    piggyback = fixed_set(J, tol=tol, representation="hull").hull
    implicit = implicit_jacobian(J)
    inner = None if conical is None else implicit_jacobian(conical)
    named = [("J_imp", implicit.hull), ("J_pb", piggyback)]
    if inner is not None:
        named.append(("conical", inner.hull))
    pairs = [(named[i], named[j]) for i in range(len(named)) for j in range(i + 1, len(named))]
    gaps = tuple(OneSidedGaps(a, b, _gap(X, Y), _gap(Y, X)) for (a, X), (b, Y) in pairs)
    return DerivativeComparison(piggyback, implicit, inner, gaps)


def _read(source: Any, at: Any) -> tuple[JacobianSet, JacobianSet | None]:
    if isinstance(source, (JacobianSet, JacobianZonotope)):
        return _listed(source), None
    if not hasattr(source, "evaluate"):
        return _from_array(source), None
    if at is None:
        raise ArgumentError("`compare_derivatives(at=...)` needs the fixed point (x̄, θ) of the function; got none.")
    J = _listed(conservative_jacobian(source, at))
    return J, _listed(conservative_jacobian(source, at, kind="conical"))


def _from_array(source: Any) -> JacobianSet:
    from conservative.iteration.blocks import read_blocks

    blocks = read_blocks(source, call="compare_derivatives")
    return JacobianSet.from_blocks(blocks.A, blocks.B)


def _listed(J: JacobianSet | JacobianZonotope) -> JacobianSet:
    return J.listed() if isinstance(J, JacobianZonotope) else J


def _gap(X: MatrixPolytope, Y: MatrixPolytope) -> Bracket:
    """The gap of the exact hulls; solves carry the rounding of their exact values."""
    found = measured_gap(X, Y)
    rounding = 2.0**-52 * (X.radius + Y.radius)
    upper = round_up(found.upper + round_up(X.e_missing + Y.e_extra + rounding))
    return Bracket(max(0.0, found.lower - round_up(X.e_extra + Y.e_missing + rounding)), upper)


def _text(bracket: Bracket) -> str:
    if bracket.lower == 0.0:
        return f"at most {bracket.upper:.3g}"
    return f"{bracket.lower:.9g} to {bracket.upper:.9g}"
