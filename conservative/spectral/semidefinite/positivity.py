"""Positive semidefinite or not proved to be: exact arithmetic at the speed of one integer product."""

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import is_positive_semidefinite

FloatArray = NDArray[np.float64]

_SMALL = 12
"""Order up to which LDL^T in rationals decides at once."""

_ELIMINATED = 48
"""Order up to which LDL^T is tried when the quick proof fails."""

_BITS = 54
"""Fractional bits of the factor R of the quick proof."""


def is_proved_semidefinite(matrix: flint.fmpq_mat, *, strict: bool = False) -> bool:
    """Whether a symmetric rational matrix is proved positive semidefinite; False may mean not proved.

    Small matrices: LDL^T in exact arithmetic, which decides. Otherwise a Cholesky factor R of M - d I in doubles,
    d half of the smallest eigenvalue, is rounded to dyadic rationals and E = M - R^T R formed in exact integers: if E
    has nonnegative, dominant diagonal entries, then M = R^T R + E is a sum of a positive definite and a positive
    semidefinite matrix. Nothing rests on the doubles. Rows and columns are first multiplied by powers of two, which
    changes no sign. LDL^T comes last, up to order 48: its rationals grow.

    Shapes: `matrix` (n, n).
    """
    n = matrix.nrows()
    if n <= _SMALL:
        return is_positive_semidefinite(matrix, strict=strict)
    quick = _proved_by_factor(matrix)
    if quick or n > _ELIMINATED:
        return quick
    return is_positive_semidefinite(matrix, strict=strict)


def _proved_by_factor(matrix: flint.fmpq_mat) -> bool:
    n = matrix.nrows()
    diagonal = [matrix[i, i] for i in range(n)]
    if not all(x > 0 for x in diagonal):
        return False
    shift = [-((int(x.p).bit_length() - int(x.q).bit_length()) // 2) for x in diagonal]
    unit = flint.fmpq_mat([[_power(shift[i]) if i == j else 0 for j in range(n)] for i in range(n)])
    scaled = unit * matrix * unit
    numerators, denominator = scaled.numer_denom()
    whole = int(denominator)
    floats = np.array([[int(x) / whole for x in row] for row in numerators.tolist()])
    least = float(np.linalg.eigvalsh((floats + floats.T) / 2)[0])
    if not least > 0:
        return False
    try:
        factor = np.linalg.cholesky(floats - least / 2 * np.eye(n))
    except np.linalg.LinAlgError:
        return False
    rounded = flint.fmpz_mat(np.rint(np.ldexp(factor, _BITS)).astype(np.int64).tolist())
    if any(int(rounded[i, i]) <= 0 for i in range(n)):
        return False
    square = rounded * rounded.transpose() * denominator
    rest = numerators * (flint.fmpz(1) << (2 * _BITS)) - square
    return all(2 * row[i] >= sum(map(abs, row)) for i, row in enumerate(_integers(rest)))


def _integers(matrix: flint.fmpz_mat) -> list[list[int]]:
    return [[int(x) for x in row] for row in matrix.tolist()]


def _power(exponent: int) -> flint.fmpq:
    return flint.fmpq(1 << max(exponent, 0), 1 << max(-exponent, 0))
