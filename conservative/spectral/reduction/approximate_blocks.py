"""Families that are block triangular up to rounding: a quadratic norm that bounds the blocks and what is left below.

With a common invariant subspace that holds up to errors e only, no exact form is found, and no polytope closes. In
coordinates with the subspace first, sqrt(|x_1|^2 + K^2 |x_2|^2) makes what is above the blocks small like 1/K and what
is left below them like K e: about sqrt(e) at the best K. The norm is found in doubles and proved for the family itself.
"""

from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import MatrixFamily
from conservative.spectral.norms.ellipsoids import folded_norm
from conservative.spectral.norms.isometries import extremal_form
from conservative.spectral.norms.scaling import balanced_floats

FloatArray = NDArray[np.float64]

_MOST_ORDER = 16
_LEFT = 1e-9
"""Singular values below this part of the largest do not make a subspace larger."""

_SCALES = np.ldexp(1.0, np.arange(0, 48))


_NEAR = 1 + Fraction(1, 10**6)


@dataclass(frozen=True, slots=True, eq=False)
class HiddenNorm:
    """A quadratic norm of a family with hidden blocks.

    Shapes: `P` (n, n). `estimate`: the largest norm of a matrix, about. `P`: exact: its entries span more digits than
    doubles have.
    """

    estimate: Fraction
    P: flint.fmpq_mat


def hidden_transform(matrices: FloatArray) -> tuple[float, FloatArray] | None:
    """Coordinates F in which a family with hidden blocks has small Euclidean norms; None where no subspace is seen.

    Shapes: `matrices` (k, n, n). Returns: max ||F A_i F^-1||, an estimate, and F.
    """
    n = matrices.shape[1]
    Q = _invariant(matrices) if 1 < n <= _MOST_ORDER else None
    if Q is None:
        return None
    r = Q.shape[1]
    basis = np.linalg.qr(np.concatenate([Q, np.eye(n)], axis=1))[0][:, :n]
    moved = basis.T @ matrices @ basis
    first, second = _own(moved[:, :r, :r]), _own(moved[:, r:, r:])
    both = np.zeros((n, n))
    both[:r, :r], both[r:, r:] = first, second
    inverse = np.linalg.inv(both)
    scaled = both @ moved @ inverse
    best, scale = np.inf, 1.0
    for K in _SCALES:
        weights = np.where(np.arange(n) < r, 1.0, K)
        rate = float(np.linalg.norm(scaled * weights[:, None] / weights[None, :], 2, axis=(1, 2)).max())
        if rate < best:
            best, scale = rate, float(K)
    both[r:] *= scale
    return best, both @ basis.T


def _own(block: FloatArray) -> FloatArray:
    """Coordinates for a diagonal block: its own hidden blocks, an extremal quadratic norm, or a small one."""
    inner = hidden_transform(block)
    if inner is not None:
        return inner[1]
    radius = float(np.abs(np.linalg.eigvals(block)).max())
    form = extremal_form(block, rate=radius) if radius > 0 else None
    return np.ascontiguousarray(np.linalg.cholesky(folded_norm(block)[1] if form is None else form).T)


def _invariant(matrices: FloatArray) -> FloatArray | None:
    """An orthonormal basis of the smallest subspace that an eigenvector of a random sum generates, if it is proper."""
    n = matrices.shape[1]
    weights = np.random.default_rng(0).standard_normal(len(matrices))
    _, vectors = np.linalg.eig(np.einsum("k,kij->ij", weights, matrices))
    found: FloatArray | None = None
    for vector in vectors.T:
        span = _orthonormal(np.stack([vector.real, vector.imag], axis=1))
        while span.shape[1] < n:
            wider = _orthonormal(np.concatenate([span, *(m @ span for m in matrices)], axis=1))
            if wider.shape[1] == span.shape[1]:
                break
            span = wider
        if span.shape[1] < n and (found is None or span.shape[1] < found.shape[1]):
            found = span
    return found


def _orthonormal(columns: FloatArray) -> FloatArray:
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, sizes > _LEFT * max(float(sizes[0]), 1e-300)])


def hidden_norm(family: MatrixFamily, *, near: Fraction) -> HiddenNorm | None:
    """The quadratic norm of hidden blocks, if the largest norm in it is about a rate that is attained."""
    diagonal, floats, scale = balanced_floats(family)
    found = hidden_transform(floats) if floats.any() else None
    if found is None or Fraction(found[0]) * scale > near * _NEAR:
        return None
    factor = to_flint([[Fraction(x) * Fraction(d) for x, d in zip(row, diagonal, strict=True)] for row in found[1]])
    return HiddenNorm(Fraction(found[0]) * scale, factor.transpose() * factor)
