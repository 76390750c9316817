"""Complex matrices as real ones: A + iB acts on C^n as [[A, -B], [B, A]] acts on the pairs (Re x, Im x) of R^2n."""

from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.rationals import as_fraction


def has_complex(nested: Any) -> bool:
    """Whether an entry of nested lists is a complex number, of Python, NumPy or sympy."""
    if isinstance(nested, (list, tuple)):
        return any(has_complex(x) for x in nested)
    if isinstance(nested, np.ndarray):
        return nested.dtype.kind == "c" or (nested.dtype.kind == "O" and has_complex(nested.tolist()))
    return isinstance(nested, (complex, np.complexfloating)) or getattr(nested, "is_real", None) is False


def realified(matrices: Any) -> list[list[list[Fraction]]]:
    """Matrices of complex entries as real matrices of twice the order; as they are when every imaginary part is 0.

    The map is a homomorphism of rings, an isometry for Euclidean norms, and its spectrum is that of A with the
    conjugates: norms and spectral radii of products are the same, hence so are all rates of growth.

    Shapes: `matrices` (k, n, m).

    >>> [[int(x) for x in row] for row in realified([[[1j]]])[0]]
    [[0, -1], [1, 0]]
    """
    parts = [[[_parts(x) for x in row] for row in matrix] for matrix in matrices]
    if not any(imaginary for matrix in parts for row in matrix for _, imaginary in row):
        return [[[real for real, _ in row] for row in matrix] for matrix in parts]
    return [
        [[x for x, _ in row] + [-y for _, y in row] for row in matrix]
        + [[y for _, y in row] + [x for x, _ in row] for row in matrix]
        for matrix in parts
    ]


def _parts(value: Any) -> tuple[Fraction, Fraction]:
    if isinstance(value, (complex, np.complexfloating)):
        return as_fraction(float(value.real)), as_fraction(float(value.imag))
    if getattr(value, "is_real", None) is False:
        real, imaginary = value.as_real_imag()
        return as_fraction(real), as_fraction(imaginary)
    return as_fraction(value), Fraction(0)
