"""Implicit differentiation at a kink: J_imp = {(Id − A)⁻¹B : [A B] ∈ 𝒥}."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_choice
from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative._core.exactness import Exactness
from conservative._core.families.as_family import ExactMatrix
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative._core.printable import shown
from conservative._core.rationals import nearest_double
from conservative._core.result_lines import count, result_line, shape
from conservative.differentiation.enclosures import enclosed_solves
from conservative.functions import StateMap
from conservative.jacobians import JacobianSet, JacobianZonotope, conservative_jacobian
from conservative.matrix_sets import MatrixPolytope

_RATIONAL = 1_000_000
"""Number of blocks times p³ up to which solves are rational."""


@dataclass(frozen=True, slots=True, eq=False)
class ImplicitJacobian:
    """The implicit Jacobians of a fixed point, by their hull.

    Parameters
    ----------
    vertices : ndarray, shape (k, p, m)
        (Id − A_i)⁻¹B_i, one for each vertex of 𝒥.
    exact_vertices : tuple of ExactMatrix
        The same solves in exact arithmetic, for the blocks as they are held (doubles are
        exact rationals too); None where they were solved in doubles.
    exactness : Exactness
        `EXACT`: the hull of the vertices *is* J_imp, which is then convex. `INNER`: every
        vertex belongs to J_imp, but the set may leave the hull.
    invertible : bool or None
        Whether Id − A is proved invertible on all of 𝒥 (`None`: not decided here). Without
        invertibility the formula defines no conservative Jacobian.
    error : float
        Proved Frobenius distance within which every vertex is of its exact solve.
    """

    vertices: NDArray[np.float64]
    exact_vertices: tuple[ExactMatrix, ...] | None
    exactness: Exactness
    invertible: bool | None
    error: float

    def __repr__(self) -> str:
        return result_line(
            self,
            f"hull of {count(len(self.vertices), 'vertex solve')}",
            shape(self.vertices.shape[1:]),
            f"invertible={self.invertible}",
            self.exactness.name,
        )

    @property
    def hull(self) -> MatrixPolytope:
        """conv of the vertex solves, as a set of p × m matrices."""
        return MatrixPolytope(self.vertices)


def implicit_jacobian(
    J: JacobianSet | JacobianZonotope | StateMap, at: Any = None, *, solver: str = "auto"
) -> ImplicitJacobian:
    """J_imp = {(Id − A)⁻¹B : [A B] ∈ 𝒥}, through its vertex solves.

    Parameters
    ----------
    J : JacobianSet, JacobianZonotope or StateMap
        Blocks [A B], shape (k, p, p + m) with m ≥ 1. A zonotope is listed; for more than 12 ties use
        `implicit_support`. A function stands for its Jacobians at a point.
    at : mapping or sequence of numbers, optional
        The point of a function; for a program the one it was built at unless given.
    solver : {"auto", "rational", "float"}
        Rational arithmetic, or doubles with a proved bound of the residual's effect; by default rational while the
        number of blocks times p³ is at most a million.

    Returns
    -------
    ImplicitJacobian

    Raises
    ------
    ArgumentError
        If there is no parameter, or Id − A is singular at a vertex (the message says which).
    NonFiniteError
        If a solve leaves the doubles' range.
    BudgetError
        For a zonotope of more than 12 ties.

    Notes
    -----
    The hull is exactly J_imp in three cases, decided in exact arithmetic. With p = 1 the map
    (a, b) ↦ b/(1 − a) is a perspective, which keeps segments. With one common A it is
    linear. With two vertices that differ by a rank-one matrix u vᵀ, Sherman–Morrison moves
    the solve along a segment, and det(Id − A) is affine along it, so that equal signs at the
    ends prove invertibility. In general only the vertices are claimed. Solves run in rational
    arithmetic: the doubles in `vertices` are their correctly rounded values.

    References
    ----------
    Bolte, Le, Pauwels, Silveti-Falls, Nonsmooth implicit differentiation, 2021.

    Examples
    --------
    θ − x/4 for x ≥ 0 and θ − 3x/4 for x < 0, at the kink:

    >>> import conservative as cj
    >>> J = cj.JacobianSet.from_blocks([[["-1/4"]], [["-3/4"]]], [[[1]], [[1]]])
    >>> solution = cj.implicit_jacobian(J)
    >>> solution.exact_vertices
    (((Fraction(4, 5),),), ((Fraction(4, 7),),))
    >>> solution.exactness.name
    'EXACT'
    """
    solver = as_choice(solver, ("auto", "rational", "float"), call="implicit_jacobian", argument="solver")
    if isinstance(J, StateMap):
        J = conservative_jacobian(J, at)
    elif at is not None:
        raise ArgumentError("`implicit_jacobian(at=...)` is the point of a function; blocks need none. Leave it out.")
    if not isinstance(J, (JacobianSet, JacobianZonotope)):
        raise ArgumentTypeError(
            f"`implicit_jacobian(J=...)` needs a set of Jacobians, as `conservative_jacobian` returns; got {shown(J)}."
        )
    J = J.listed() if isinstance(J, JacobianZonotope) else J
    p, n = J.vertices.shape[1:]
    if n <= p:
        raise ArgumentError(
            f"`implicit_jacobian(J=...)` needs blocks [A B] with a parameter part; got shape {J.vertices.shape}. "
            "Name the parameters when the function is built."
        )
    if solver == "float" or (solver == "auto" and len(J.vertices) * p**3 > _RATIONAL):
        return _in_doubles(J, p)
    blocks = exact_blocks(J)
    systems = [_identity_minus(block, p) for block in blocks]
    determinants = [to_flint(system).det() for system in systems]
    for index, determinant in enumerate(determinants):
        if determinant == 0:
            raise ArgumentError(
                f"`implicit_jacobian(J=...)`: Id − A is singular at vertex {index + 1}, so the implicit "
                "formula is undefined there. Iterate the set instead (`iterate_set`)."
            )
    solutions = tuple(
        from_flint(to_flint(system).solve(to_flint(tuple(row[p:] for row in block))))
        for system, block in zip(systems, blocks, strict=True)
    )
    one_sign = len({determinant > 0 for determinant in determinants}) == 1
    simple = p == 1 or _same_state_part(blocks, p) or _rank_one_segment(blocks)
    vertices = _doubles(solutions)
    return ImplicitJacobian(
        vertices=vertices,
        exact_vertices=solutions,
        exactness=Exactness.EXACT if simple and one_sign else Exactness.INNER,
        invertible=False if not one_sign else (True if simple else None),
        error=round_up(1.01 * UNIT_ROUNDOFF * float(frobenius_bounds(vertices)[1].max())),
    )


def _in_doubles(J: JacobianSet, p: int) -> ImplicitJacobian:
    """Solves in doubles with their proved errors; rationals are first rounded, which is one more error."""
    A, B = J.vertices[:, :, :p], J.vertices[:, :, p:]
    solutions, errors = enclosed_solves(A, B, rounded=J.exact_blocks is not None)
    if not np.isfinite(errors).all():
        raise ArgumentError(
            f"`implicit_jacobian(J=...)`: Id − A is not proved invertible at vertex {int(np.argmax(errors)) + 1}: it "
            'is singular up to rounding. Pass `solver="rational"`, or iterate the set instead (`iterate_set`).'
        )
    simple = bool((A[0] == A).all())
    return ImplicitJacobian(
        vertices=solutions,
        exact_vertices=None,
        exactness=Exactness.EXACT if simple else Exactness.INNER,
        invertible=True if simple else None,
        error=float(errors.max()),
    )


def _doubles(solutions: tuple[ExactMatrix, ...]) -> NDArray[np.float64]:
    where = "`implicit_jacobian(J=...)`: an entry of the solve at vertex {}"
    return np.array(
        [
            [[nearest_double(x, what=where.format(index + 1)) for x in row] for row in solution]
            for index, solution in enumerate(solutions)
        ]
    )


def exact_blocks(J: JacobianSet) -> tuple[ExactMatrix, ...]:
    """The blocks as rationals; doubles are rationals too."""
    if J.exact_blocks is not None:
        return J.exact_blocks
    return tuple(tuple(tuple(Fraction(x) for x in row) for row in block) for block in J.vertices.tolist())


def _identity_minus(block: ExactMatrix, p: int) -> ExactMatrix:
    return tuple(tuple((r == c) - x for c, x in enumerate(row[:p])) for r, row in enumerate(block))


def _same_state_part(blocks: tuple[ExactMatrix, ...], p: int) -> bool:
    return len({tuple(row[:p] for row in block) for block in blocks}) == 1


def _rank_one_segment(blocks: tuple[Any, ...]) -> bool:
    if len(blocks) != 2:
        return False
    difference = flint.fmpq_mat(
        [[_flint(a - b) for a, b in zip(*rows, strict=True)] for rows in zip(*blocks, strict=True)]
    )
    return int(difference.rank()) <= 1


def _flint(value: Fraction) -> flint.fmpq:
    return flint.fmpq(value.numerator, value.denominator)
