"""The spectral radius of a matrix from its eigenvectors in doubles, with all rounding enclosed: quick, not tight."""

import numpy as np

from conservative._core.families.as_family import MatrixFamily
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket

_SMALL, _LARGE = 1e-100, 1e100
"""Norms between which no square leaves the range of doubles."""


def floating_radius(family: MatrixFamily, index: int) -> Bracket | None:
    """A bracket of rho(A) for one matrix of a family; None where its eigenvectors are too nearly dependent.

    With A V = V D + R every eigenvalue lies within e = |V^-1| |R| of one on the diagonal of D, and each cluster of such
    discs holds as many as it has centres [Bauer and Fike 1960]: some eigenvalue is within (2 n - 1) e of the largest.
    |V^-1| is at most |W| / (1 - |I - W V|) for any W; Frobenius norms, and products of n terms err by (n + 2) u.

    Returns: of relative width about n^3 roundings times the condition of the eigenvectors.
    """
    A, n = family.floats[index], family.size
    if not _SMALL < float(frobenius_bounds(A)[1]) < _LARGE:
        return None
    try:
        values, V = np.linalg.eig(A)
        W = np.linalg.inv(V)
    except np.linalg.LinAlgError:
        return None
    moved = A @ V.real - (V * values).real, A @ V.imag - (V * values).imag
    moduli = np.abs(values)
    top, size = float(moduli.max()), _norm(V.real, V.imag)
    unit = 8 * (n + 8) * UNIT_ROUNDOFF
    left = W @ V - np.eye(n)
    defect = _norm(left.real, left.imag) + unit * _norm(W.real, W.imag) * size
    if not defect < 0.5:
        return None
    rest = _norm(*moved) + unit * (float(frobenius_bounds(A)[1]) + top) * size
    error = _norm(W.real, W.imag) / (1 - defect) * rest * (1 + 1e-12) + 4 * UNIT_ROUNDOFF * top
    upper = float(np.nextafter(top + error, np.inf))
    return Bracket(max(0.0, float(np.nextafter(top - 2 * n * error, -np.inf))), upper)


def _norm(real: np.ndarray, imaginary: np.ndarray) -> float:
    return float(frobenius_bounds(np.hstack([real, imaginary]))[1])
