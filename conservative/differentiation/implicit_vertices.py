"""(Id − A)⁻¹B at given vertices, in rationals or in doubles, modulo what Id − A sends to 0.

Where (Id − A)N = 0, the state is determined modulo the span of N at best. A acts on the quotient, and X there is that
of

    [Id − A  N; Nᵀ  0] [X; μ] = [B; 0],

which is regular exactly where 1 is no eigenvalue of A on the quotient. X is the representative orthogonal to N, and Nμ
what the state drifts by. An output w = C x + D θ with CN = 0 does not see it.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.null_spaces import DECOMPOSED, null_space
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative._core.rationals import nearest_double
from conservative.differentiation.enclosures import enclosed_solves
from conservative.differentiation.implicit_systems import Matrix, VertexBlocks

Floats = NDArray[np.float64]

CALL = "implicit_jacobian"


@dataclass(frozen=True, slots=True, eq=False)
class VertexSolves:
    """X_i and W_i = C_i X_i + D_i at every vertex.

    Parameters
    ----------
    states, outputs : ndarray, shape (k, p, m) and (k, q, m)
        In `Fraction` or in doubles.
    kernels, output_kernels : tuple of ndarray, shape (p, d_i) and (q, e_i)
        What X_i and W_i are determined up to; of no columns where they are determined.
    systems : ndarray, shape (k, n, n)
        Id − A_i, with N beside and below it where one kernel is common to all.
    errors, output_errors : ndarray, shape (k,)
        Proved Frobenius distances from the exact solves of the blocks as they are held.
    """

    states: Matrix
    outputs: Matrix
    kernels: tuple[Floats, ...]
    output_kernels: tuple[Floats, ...]
    systems: Matrix
    errors: Floats
    output_errors: Floats

    @property
    def common(self) -> bool:
        """Whether what the state is determined up to is the same at all vertices."""
        first = self.kernels[0]
        return all(kernel.shape == first.shape and bool((kernel == first).all()) for kernel in self.kernels)


def solve_vertices(system: VertexBlocks, *, rational: bool) -> VertexSolves:
    """The solves of all vertices; refused where neither state nor output are determined modulo a kernel."""
    if system.near and _has_null(system.in_floats()):
        rational = False
    found = _in_rationals(system.in_rationals()) if rational else _in_doubles(system)
    if not found.common and (not found.outputs.shape[1] or any(part.shape[1] for part in found.output_kernels)):
        first = next(i for i, kernel in enumerate(found.kernels) if kernel.shape[1])
        _refuse(first, "the state's derivative is not determined there, though it is at other vertices")
    return found


def _in_rationals(system: VertexBlocks) -> VertexSolves:
    A, B, C, D = system.parts
    k, p = A.shape[:2]
    one = np.array([[Fraction(int(i == j)) for j in range(p)] for i in range(p)], dtype=object).reshape(p, p)
    plain = [to_flint((one - a).tolist()) for a in A]
    kernels = [_kernel(K) if K.det() == 0 else None for K in plain]
    if any(kernel is not None for kernel in kernels):
        common = _kernel(to_flint(np.concatenate(list(one - A)).tolist()))
        kernels = [common] * k if common is not None else kernels
    states, systems = [], []
    for i, (K, kernel) in enumerate(zip(plain, kernels, strict=True)):
        bordered = K if kernel is None else _bordered(K, kernel)
        size = bordered.nrows()
        if size >= 2 * p:
            _refuse(i, "A leaves all of the state in place")
        if bordered.det() == 0:
            _refuse(i, "A has the eigenvalue 1 also modulo what it leaves in place")
        right = [*B[i].tolist(), *[[Fraction(0)] * B.shape[2]] * (size - p)]
        states.append(from_flint(bordered.solve(to_flint(right)))[:p])
        systems.append(from_flint(bordered))
    X = np.array(states, dtype=object).reshape(k, p, B.shape[2])
    N = [np.zeros((p, 0), dtype=object) if kernel is None else _array(kernel) for kernel in kernels]
    seen = [_independent(c @ n) for c, n in zip(C, N, strict=True)]
    W = np.array([c @ x + d for c, x, d in zip(C, X, D, strict=True)], dtype=object).reshape(k, *D.shape[1:])
    zero = np.zeros(k)
    return VertexSolves(X, W, tuple(n.astype(np.float64) for n in N), tuple(seen), _ragged(systems), zero, zero)


def _in_doubles(system: VertexBlocks) -> VertexSolves:
    floats = system.in_floats()
    A, B, C, D = floats.parts
    k, p, m = B.shape
    K = np.eye(p) - A
    kernels = _null_spaces(K) if p <= DECOMPOSED else [np.zeros((p, 0))] * k
    X, errors, systems = np.zeros((k, p, m)), np.zeros(k), []
    for i, N in enumerate(kernels):
        d = N.shape[1]
        if d == p:
            _refuse(i, "A leaves all of the state in place", proved=False)
        whole = np.block([[A[i], -N], [-N.T, np.eye(d)]])
        solved, error = enclosed_solves(whole[None], np.vstack([B[i], np.zeros((d, m))])[None], rounded=system.exact)
        if not np.isfinite(error[0]):
            _refuse(i, "it is singular up to rounding", proved=False)
        X[i], errors[i] = solved[0, :p], error[0]
        systems.append(np.eye(p + d) - whole)
    W = C @ X + D
    large = frobenius_bounds(C)[1] if C.size else np.zeros(k)
    sizes = frobenius_bounds(X)[1] if X.size else np.zeros(k)
    rounding = (p + 4) * UNIT_ROUNDOFF * 1.01 * (large * sizes + (frobenius_bounds(D)[1] if D.size else 0.0))
    seen = [_visible(c @ N, float(size)) for c, N, size in zip(C, kernels, large, strict=True)]
    away = errors * large + rounding * (1.0 + system.exact)
    return VertexSolves(X, W, tuple(kernels), tuple(seen), _ragged(systems), errors, np.asarray(away))


def _ragged(systems: list[Any]) -> Matrix:
    """The systems; one beside the other where they are of different sizes, by an array of arrays."""
    if len({len(system) for system in systems}) == 1:
        return np.array(systems)
    found = np.empty(len(systems), dtype=object)
    for i, system in enumerate(systems):
        found[i] = np.array(system)
    return found


def _has_null(system: VertexBlocks) -> bool:
    A = system.parts[0]
    p = A.shape[1]
    return p <= DECOMPOSED and any(N.shape[1] for N in _null_spaces(np.eye(p) - A))


def _null_spaces(K: Floats) -> list[Floats]:
    """Orthonormal kernels up to rounding: the common one for all where there is one, else each its own."""
    own = [null_space(matrix) for matrix in K]
    if not any(N.shape[1] for N in own):
        return own
    common = null_space(np.concatenate(list(K)))
    return [common] * len(K) if common.shape[1] else own


def _visible(seen: Floats, size: float) -> Floats:
    """What the output sees of a kernel: columns that are not 0 up to rounding."""
    return seen[:, np.linalg.norm(seen, axis=0) > 1e-9 * max(1.0, size)]


def _kernel(M: flint.fmpq_mat) -> flint.fmpq_mat | None:
    """A basis of {v : M v = 0} in columns; None for {0}."""
    reduced, rank = M.rref()
    n = M.ncols()
    if rank == n:
        return None
    rows = reduced.tolist()
    pivots = [next(j for j in range(n) if rows[i][j] != 0) for i in range(rank)]
    free = [j for j in range(n) if j not in pivots]
    basis = [[flint.fmpq(int(i == j)) for j in free] for i in range(n)]
    for i, pivot in enumerate(pivots):
        basis[pivot] = [-rows[i][j] for j in free]
    return flint.fmpq_mat(basis)


def _bordered(K: flint.fmpq_mat, N: flint.fmpq_mat) -> flint.fmpq_mat:
    beside, below = N.tolist(), N.transpose().tolist()
    d = N.ncols()
    top = [[*row, *extra] for row, extra in zip(K.tolist(), beside, strict=True)]
    return flint.fmpq_mat([*top, *[[*row, *[flint.fmpq(0)] * d] for row in below]])


def _array(M: flint.fmpq_mat) -> Matrix:
    return np.array(from_flint(M), dtype=object).reshape(M.nrows(), M.ncols())


def _independent(seen: Matrix) -> Floats:
    """The columns of a rational matrix that are not 0."""
    return seen[:, [bool(column.any()) for column in seen.T]].astype(np.float64)


def exact_doubles(solves: Matrix) -> Floats:
    """Rationals rounded to the nearest doubles."""
    where = f"`{CALL}(F_or_J=...)`: an entry of the solve at vertex {{}}"
    found = [[nearest_double(x, what=where.format(i + 1)) for x in solve.ravel()] for i, solve in enumerate(solves)]
    return np.array(found, dtype=np.float64).reshape(solves.shape)


def rounding_of(doubles: Floats) -> float:
    """Within this distance the nearest doubles are of what they stand for."""
    return round_up(1.01 * UNIT_ROUNDOFF * float(frobenius_bounds(doubles)[1].max())) if doubles.size else 0.0


def _refuse(vertex: int, why: str, *, proved: bool = True) -> None:
    what = "is singular" if proved else "is not proved invertible"
    remedy = "" if proved else ' Rational numbers and `solver="rational"` decide it.'
    raise ArgumentError(
        f"`{CALL}(F_or_J=...)`: Id − A {what} at vertex {vertex + 1}, and {why}: the implicit formula is undefined "
        f"there. Regularise the problem, or iterate the set instead (`iterate_set`).{remedy}"
    )
