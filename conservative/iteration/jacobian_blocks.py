"""What iteration reads: Jacobian blocks [A_i B_i], and where to start."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_matrices
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.null_spaces import DECOMPOSED, null_space
from conservative.functions import StateMap
from conservative.functions.state_map import refuse_without_fixed_point
from conservative.jacobians import conservative_jacobian
from conservative.matrix_sets import FiniteSet, MatrixPolytope, MatrixSet, MatrixZonotope, hull

Floats = NDArray[np.float64]

_NEGLIGIBLE = 1e-12
"""Errors of this share of the size are those of rounding the blocks, as with any numbers that are passed."""

_KEPT = 1e-13
"""Within this share of their size, directions that all A leave in place are taken out: A may be off by rounding."""

LARGEST = 1e100
"""Size of sets up to which cubes of coordinates, which planar predicates form, stay among the doubles."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The vertices [A_i B_i] of a compact set 𝒥 of Jacobian blocks.

    Shapes: `A` (k, p, p), `B` (k, p, m). `A`: state parts. `B`: parameter parts. `convex`: whether 𝒥 is the hull of the
    blocks, not the finite family.
    """

    A: Floats
    B: Floats
    convex: bool


def read_blocks(J: Any, *, call: str, at: Any = None) -> Blocks:
    """The blocks of a Jacobian set, of a set of matrices, of an array, or of a map at a point.

    Shapes: `J` (k, p, p + m). `J`: arrays, polytopes and zonotopes of few generators stand for the hull of their
    matrices, a `FiniteSet` for the finite family. Bounds are about the stored matrices; sets with errors beyond
    rounding are refused.
    """
    if isinstance(J, StateMap):
        refuse_without_fixed_point(J, call=call)
        J = conservative_jacobian(J, at)
    elif at is not None:
        raise ArgumentError(f"`{call}(at=...)` is the point of a map; the blocks given need none. Leave it out.")
    if isinstance(J, MatrixSet) and not isinstance(J, MatrixPolytope | MatrixZonotope | FiniteSet):
        raise ArgumentTypeError(
            f"`{call}(J=...)` needs a polytope, a zonotope or a finite set of blocks; got a {type(J).__name__}. "
            "Take its `hull`."
        )
    if isinstance(J, MatrixSet) and max(J.e_missing, J.e_extra) > _NEGLIGIBLE * J.radius:
        raise ArgumentError(
            f"`{call}(J=...)` needs the blocks themselves; got a set that stands for another one, with "
            f"e_missing={J.e_missing:.3g} and e_extra={J.e_extra:.3g}, which no bound would contain. "
            "Pass its `extreme` to iterate what is stored."
        )
    source = J.extreme if isinstance(J, MatrixSet) else getattr(J, "vertices", J)
    array = as_matrices(source, call=call, argument="J")
    p, columns = array.shape[1:]
    if columns <= p:
        raise ShapeError(
            f"`{call}(J=...)` needs blocks [A B] of shape (k, p, p + m) with m at least 1; got {array.shape}. "
            "Pass `JacobianSet.from_blocks(A, B)`, or put A and B side by side."
        )
    return Blocks(array[:, :, :p], array[:, :, p:], convex=not isinstance(J, FiniteSet))


def on_quotient(blocks: Blocks) -> tuple[Blocks, Floats | None]:
    """The blocks modulo what every A leaves in place, and an orthonormal basis of that, shape (p, d); None for nothing.

    Where A N = N for all A, X is known modulo N at best. With P = Id − N Nᵀ the representatives orthogonal to N follow
    the blocks [P A  P B], in the same shapes.
    """
    p = blocks.A.shape[1]
    if not 1 < p <= DECOMPOSED:
        return blocks, None
    N = null_space(np.concatenate(list(np.eye(p) - blocks.A)), within=_KEPT)
    if not 0 < N.shape[1] < p:
        return blocks, None
    return Blocks(_away(blocks.A, N), _away(blocks.B, N), blocks.convex), N


def modulo(blocks: Blocks, N: Floats, *, call: str) -> Blocks:
    """The blocks [P A  P B], where these leave the span of N as it is."""
    moved = _away(blocks.A @ N, N)
    if np.abs(moved).max() > 1e-9 * max(1.0, float(np.abs(blocks.A).max())):
        raise ArgumentError(
            f"`{call}` takes the quotient by what the state blocks of the limit leave in place; those of a step move "
            "that out of itself, so that there is no quotient along the way. Leave the limit out."
        )
    return Blocks(_away(blocks.A, N), _away(blocks.B, N), blocks.convex)


def _away(columns: Floats, N: Floats) -> Floats:
    """(Id − N Nᵀ) times columns, with a leading axis."""
    return np.asarray(columns - N @ (N.T @ columns))


def check_size(size: float, *, call: str, least: float = 0.0) -> None:
    """Refuse sizes whose powers leave the doubles in the predicates of planar geometry and the search of neighbours."""
    if size > LARGEST or 0.0 < size < least:
        raise ArgumentError(
            f"`{call}` needs B and starting sets of sizes between {1.0 / LARGEST:g} and {LARGEST:g}; got {size:.3g}. "
            "Divide both by a power of two: all sets and distances are divided by it."
        )


def read_initial(initial: Any, blocks: Blocks | None, *, call: str) -> MatrixPolytope:
    """The hull of the starting set. Shapes: `initial` (n, p, m). `blocks`: whose shape it must have."""
    if isinstance(initial, MatrixSet):
        start = hull(initial)
    else:
        start = MatrixPolytope(as_matrices(initial, call=call, argument="initial"))
    wanted = start.shape if blocks is None else blocks.B.shape[1:]
    if start.shape != wanted:
        raise ShapeError(
            f"`{call}(initial=...)` needs {wanted[0]} × {wanted[1]} matrices, the shape of B in J; got "
            f"{start.shape[0]} × {start.shape[1]}. For one matrix X pass `[X]`."
        )
    return start
