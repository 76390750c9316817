"""Zonotopes of square matrices as {A + U^T diag(t) V : |t_j| <= 1}: doubles for searches, rationals for proofs."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentTypeError, ShapeError
from conservative._core.exact.linear_algebra import as_python_fraction, to_flint
from conservative.jacobians import JacobianZonotope
from conservative.matrix_sets import MatrixZonotope

FloatArray = NDArray[np.float64]

_CALL = "zonotope_radius"


@dataclass(frozen=True, eq=False)
class SquareZonotope:
    """{A + sum of s_i G_i : |s_i| <= 1} with G_i the sum of u_j v_j^T over the factors j that belong to generator i.

    Parameters
    ----------
    matrices : MatrixZonotope
        The same set, or one near it, for norm bounds.
    apart : float
        Proved Frobenius distance between the members of the two with the same weights.
    center : ndarray, shape (n, n)
    U, V : ndarray, shape (m, n)
        Factors; a generator of rank r has r of them.
    owner : ndarray of int, shape (m,)
        The generator of each factor.
    count : int
        Number of generators.
    exact : tuple of object arrays or None
        Center, U and V, doubles or `Fraction`; None when the doubles are meant.
    """

    matrices: MatrixZonotope
    apart: float
    center: FloatArray
    U: FloatArray
    V: FloatArray
    owner: NDArray[np.int64]
    count: int
    exact: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None = None

    @property
    def size(self) -> int:
        """Order n of the matrices."""
        return int(self.center.shape[0])

    def members(self, signs: FloatArray) -> FloatArray:
        """The matrices of some weights, in doubles.

        Shapes: `signs` (length, count), result (length, n, n).
        """
        return np.asarray(self.center + self.U.T @ (signs[:, self.owner][:, :, None] * self.V))

    def scaled(self) -> tuple["SquareZonotope", float, FloatArray]:
        """The set divided by a power of two, with its factors balanced by powers of two: U b / unit and V / b.

        Shapes: result (m,). Returns: its doubles are those of this set, scaled; its exact data are not used. Returns: 1
        / b.
        """
        tall, wide = np.abs(self.U).max(axis=1, initial=0.0), np.abs(self.V).max(axis=1, initial=0.0)
        with np.errstate(over="ignore", under="ignore"):
            largest = max(float(np.abs(self.center).max()), float((tall * wide).max(initial=0.0)))
        exponent = int(np.frexp(largest)[1]) if 0 < largest < np.inf else 0
        shift = (np.frexp(tall)[1] - exponent - np.frexp(wide)[1]) // 2
        shift = np.where((tall > 0) & (wide > 0), np.clip(shift, -1000, 1000), 0)
        U = np.ldexp(self.U, (-shift - exponent)[:, None])
        scaled = replace(self, center=np.ldexp(self.center, -exponent), U=U, V=np.ldexp(self.V, shift[:, None]))
        return scaled, float(np.ldexp(1.0, exponent)), np.ldexp(1.0, shift)

    @cached_property
    def rational(self) -> tuple[flint.fmpq_mat, flint.fmpq_mat, flint.fmpq_mat]:
        """Center, U and V exactly."""
        parts = (self.center, self.U, self.V) if self.exact is None else self.exact
        return as_rational(parts[0]), as_rational(parts[1]), as_rational(parts[2])

    def rational_member(self, signs: FloatArray) -> flint.fmpq_mat:
        """The matrix of weights +1 and -1, exactly.

        Shapes: `signs` (count,).
        """
        center, U, V = self.rational
        if not len(self.owner):
            return center
        weights = signs[self.owner].astype(int).tolist()
        scaled = flint.fmpq_mat([[w * x for x in row] for w, row in zip(weights, V.tolist(), strict=True)])
        return center + U.transpose() * scaled


def as_rational(array: NDArray[Any]) -> flint.fmpq_mat:
    """A float or `Fraction` array, shape (r, c), as a rational matrix."""
    if array.size == 0:
        return flint.fmpq_mat(*array.shape)
    if array.dtype.kind == "f":
        return flint.fmpq_mat([[flint.fmpq(*x.as_integer_ratio()) for x in row] for row in array.tolist()])
    return to_flint([[Fraction(x) for x in row] for row in array.tolist()])


def as_square_zonotope(value: Any) -> SquareZonotope:
    """A zonotope of square matrices, or the state blocks of a zonotope of Jacobians."""
    if isinstance(value, JacobianZonotope):
        return _of_jacobian(value)
    if not isinstance(value, MatrixZonotope):
        raise ArgumentTypeError(
            f"`{_CALL}(zonotope=...)` needs a MatrixZonotope or a JacobianZonotope; got {type(value).__name__}. "
            "For finitely many matrices, or their hull, use `joint_spectral_radius`."
        )
    _require_square(value.shape)
    if value.factors is not None:
        U, V = value.factors
        return SquareZonotope(value, 0.0, value.center, U, V, np.arange(len(U)), len(U))
    return _of_dense(value)


def _require_square(shape: tuple[int, int]) -> None:
    if shape[0] != shape[1]:
        raise ShapeError(
            f"`{_CALL}(zonotope=...)` needs square matrices; got shape {shape}. Of blocks [A B] pass the state part."
        )


def _of_jacobian(J: JacobianZonotope) -> SquareZonotope:
    """base + sum t_i u_i v_i^T with 0 <= t_i <= 1 around its middle, in exact arithmetic where the data are exact."""
    p = J.state_size
    _require_square((J.shape[0], p))
    U, V = 0.5 * J.U, J.V[:, :p]
    exact = None
    if J.exact_factors is not None:
        base, left, right = J.exact_factors
        half, right = left * Fraction(1, 2), right[:, :p]
        exact = (base[:, :p] + (half.T @ right if len(left) else 0), half, right)
    state = J.state
    return SquareZonotope(state, state.e_missing, state.center, U, V, np.arange(len(U)), len(U), exact)


def _of_dense(Z: MatrixZonotope) -> SquareZonotope:
    """Factors of dense generators: their independent columns, and the rows that combine them, both exact."""
    n = Z.shape[0]
    left, right, owner = [np.zeros((0, n))], [np.zeros((0, n))], [np.zeros(0, dtype=np.int64)]
    for i, generator in enumerate(Z.generators):
        reduced, rank = as_rational(generator).rref()
        if rank == n:
            columns, rows = generator.T, np.eye(n)
        else:
            entries = reduced.tolist()[:rank]
            columns = generator.T[[next(c for c in range(n) if row[c] != 0) for row in entries]]
            rows = np.array([[as_python_fraction(x) for x in row] for row in entries], dtype=object).reshape(-1, n)
        left.append(columns)
        right.append(rows)
        owner.append(np.full(rank, i))
    U, V = np.concatenate(left), np.concatenate(right)
    exact = None if V.dtype == np.float64 else (Z.center, U, V)
    return SquareZonotope(Z, 0.0, Z.center, U, V.astype(np.float64), np.concatenate(owner), int(Z.parts.count), exact)
