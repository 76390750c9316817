"""`ImplicitJacobian`: the implicit derivatives of a fixed point and of its output, and what is known of them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from conservative._core.exactness import Exactness
from conservative._core.families.as_family import ExactMatrix
from conservative._core.result_lines import count, result_line, shape
from conservative.matrix_sets import MatrixPolytope

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ImplicitJacobian:
    """The implicit Jacobians of a fixed point and of its output, by their hulls.

    Parameters
    ----------
    vertices : ndarray, shape (k, p, m)
        (Id − A_i)⁻¹B_i, one for each vertex of 𝒥; for many ties those that attain an end of an entry.
    exact_vertices : tuple of ExactMatrix
        The same solves in exact arithmetic, for the blocks as they are held (doubles are
        exact rationals too); None where they were solved in doubles.
    exactness : Exactness
        `EXACT`: the hull of the vertices *is* J_imp, which is then convex. `INNER`: every
        vertex belongs to J_imp, but the set may leave the hull. `OUTER`: of a zonotope that covers 𝒥, whose solves
        need not belong to J_imp; `entries` hold all of it.
    invertible : bool or None
        Whether Id − A is proved invertible on all of 𝒥, modulo `quotient` (`None`: not decided here). Without
        invertibility the formula defines no conservative Jacobian.
    error : float
        Frobenius distance within which every vertex is of its exact solve.
    output_vertices : ndarray, shape (k, q, m)
        C_i (Id − A_i)⁻¹B_i + D_i for a map with an output w = output(z, θ), whose ties are those of the map where they
        are the same; else `vertices`.
    exact_output_vertices : tuple of ExactMatrix or None
    output_error : float
    kernels : tuple of ndarray, shape (p, d_i)
        What each vertex is determined up to, in columns; of no columns where it is determined. `vertices` holds the
        representative orthogonal to it.
    output_kernels : tuple of ndarray, shape (q, e_i)
        What the output sees of these: of no columns where its derivative is determined all the same.
    entries, output_entries : ndarray, shape (p, m, 2) and (q, m, 2), or None
        Between which values every entry lies on conv J_imp; None where the vertices are not known to tell.
    residual : float or None
        |F(x, θ) − x|, largest component, for a map. Where it is not 0, `error` holds what one step of Newton's method
        to the fixed point moves the solves by.
    proved : bool
        Whether `error` is proved. It is for blocks as they are held, at a point that F leaves in place.
    """

    vertices: Floats
    exact_vertices: tuple[ExactMatrix, ...] | None
    exactness: Exactness
    invertible: bool | None
    error: float
    output_vertices: Floats = field(repr=False)
    exact_output_vertices: tuple[ExactMatrix, ...] | None = field(repr=False)
    output_error: float = field(repr=False)
    kernels: tuple[Floats, ...] = field(repr=False)
    output_kernels: tuple[Floats, ...] = field(repr=False)
    entries: Floats | None = field(repr=False, default=None)
    output_entries: Floats | None = field(repr=False, default=None)
    residual: float | None = None
    proved: bool = True

    def __repr__(self) -> str:
        d, seen = self._free
        return result_line(
            self,
            f"hull of {count(len(self.vertices), 'vertex solve')}",
            shape(self.vertices.shape[1:]),
            *([f"state modulo {count(d, 'direction')}"] if d else []),
            *([f"output {'modulo what is seen of it' if seen else 'determined'}"] if d and self.has_output else []),
            f"invertible={self.invertible}",
            self.exactness.name,
            *([f"residual {self.residual:.2g}"] if self.residual else []),
        )

    @property
    def has_output(self) -> bool:
        """Whether the map has an output of its own."""
        return self.output_vertices is not self.vertices

    @property
    def hull(self) -> MatrixPolytope:
        """conv of the vertex solves, as a set of p × m matrices."""
        return MatrixPolytope(self.vertices)

    @property
    def output_hull(self) -> MatrixPolytope:
        """conv of the outputs' derivatives, as a set of q × m matrices."""
        return MatrixPolytope(self.output_vertices)

    @property
    def quotient(self) -> Floats | None:
        """The directions, shape (p, d), modulo which the state is determined at all vertices alike; None for none."""
        first = self.kernels[0]
        return first if first.shape[1] and all(np.array_equal(kernel, first) for kernel in self.kernels) else None

    @property
    def _free(self) -> tuple[int, int]:
        """Most directions that are left open in the state, and in the output."""
        return max(N.shape[1] for N in self.kernels), max(N.shape[1] for N in self.output_kernels)
