"""A change of basis and a scaling of a family, with every rounding enclosed."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import exact_end, working_precision
from conservative._core.families.as_family import MatrixFamily
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.spectral.norms.operator_norms import spectral_norm_bound

FloatArray = NDArray[np.float64]

_PRECISIONS = (192, 768, 3072)


@dataclass(frozen=True, slots=True, eq=False)
class ScaledFamily:
    """Floats near B_i = T A_i T^-1 / scale, whose joint spectral radius is that of A divided by the scale.

    Shapes: `floats` (k, n, n), `error` (k,), `norm` (k,). `floats`: entries of modulus about one. `error`: proved
    bounds of the Frobenius distance between the floats and the exact B_i. `norm`: proved bounds of ||B_i||_2. `scale`:
    the positive number divided out.
    """

    floats: FloatArray
    error: FloatArray
    norm: FloatArray
    scale: Fraction

    def divided(self, by: float) -> "ScaledFamily":
        """The family divided by a positive double, the rounding of the quotients enclosed."""
        floats = self.floats / by
        error = 1.01 * (self.error / by + UNIT_ROUNDOFF * frobenius_bounds(floats)[1])
        return ScaledFamily(floats, error, _norms(floats, error), self.scale * Fraction(by))


def scale_family(
    family: MatrixFamily, *, transform: FloatArray | None = None, scale: Fraction | None = None
) -> ScaledFamily | None:
    """T A_i T^-1, divided by a positive number, in ball arithmetic and then in doubles.

    Shapes: `transform` (n, n). `transform`: t, taken as the exact value of its doubles; the identity when absent.
    """
    n = family.size
    change = np.eye(n) if transform is None else transform
    for bits in _PRECISIONS:
        with working_precision(bits):
            balls = _transformed(family, change)
            if balls is not None:
                return _rounded(balls, n, scale)
    return None


def _transformed(family: MatrixFamily, change: FloatArray) -> list[list[flint.arb]] | None:
    """Entries of every T A T^-1 in row order, or None when the balls are too wide."""
    left = flint.arb_mat([[flint.arb(float(x)) for x in row] for row in change])
    try:
        right = left.inv()
    except ZeroDivisionError:
        return None
    family_balls = []
    for matrix in family.exact:
        middle = flint.arb_mat([[flint.arb(flint.fmpq(x.numerator, x.denominator)) for x in row] for row in matrix])
        entries = (left * middle * right).entries()
        if not all(x.is_finite() for x in entries):
            return None
        largest = max(abs(x) for x in entries).lower()  # `>` of balls means certainly larger
        if not all(x.rad() * 2**60 <= largest for x in entries):
            return None
        family_balls.append(entries)
    return family_balls


def _rounded(balls: Sequence[Sequence[flint.arb]], n: int, scale: Fraction | None) -> ScaledFamily:
    if scale is None:
        largest = exact_end(max(abs(x) for entries in balls for x in entries).upper())
        scale = Fraction(1) if largest == 0 else Fraction(2) ** _binary_exponent(largest)
    divisor = flint.arb(flint.fmpq(scale.numerator, scale.denominator))
    scaled = [[x / divisor for x in entries] for entries in balls]
    floats = np.array([[float(x.mid()) for x in entries] for entries in scaled]).reshape(-1, n, n)
    radius = np.array([[float(x.rad()) for x in entries] for entries in scaled]).reshape(-1, n, n)
    error = 1.01 * (2 * UNIT_ROUNDOFF * frobenius_bounds(floats)[1] + frobenius_bounds(radius)[1])
    error = np.where(floats.any(axis=(1, 2)) | radius.any(axis=(1, 2)), error, 0.0)
    return ScaledFamily(floats, error, _norms(floats, error), scale)


def _norms(floats: FloatArray, error: FloatArray) -> FloatArray:
    return np.asarray((spectral_norm_bound(floats) + error) * (1 + 4 * UNIT_ROUNDOFF))


def _binary_exponent(value: Fraction) -> int:
    """The e with 2^(e-1) <= value < 2^(e+1), without a float that could overflow."""
    return value.numerator.bit_length() - value.denominator.bit_length()


def diagonal_balance(family: MatrixFamily) -> FloatArray:
    """A diagonal T of powers of two for which rows and columns of the family are of like size.

    Max-plus balancing of log2 max_i |A_i|, one index at a time, a few sweeps. An index with entries in its row
    only, or in its column only, has them brought below the diagonal. Exponents are kept within +-505 so that T
    and T^-1 are doubles.

    Shapes: result (n, n).
    """
    with np.errstate(divide="ignore"):
        size = np.log2(np.abs(family.floats).max(axis=0))
    target = float(np.diag(size).max()) - 10
    np.fill_diagonal(size, -np.inf)
    shift = np.zeros(family.size)
    for _ in range(4):
        for j in range(family.size):
            row = float((size[j] - shift).max()) + float(shift[j])
            column = float((size[:, j] + shift).max()) - float(shift[j])
            shift[j] += _balancing_step(row, column, target)
    centred = shift - np.round((shift.max() + shift.min()) / 2)
    return np.diag(np.ldexp(1.0, np.clip(centred, -505, 505).astype(int)))


def balanced_floats(family: MatrixFamily) -> tuple[FloatArray, FloatArray, Fraction]:
    """The diagonal of powers of two that balances a family, and the family in that basis over a scale, in doubles.

    Shapes: result (n,), result (k, n, n).
    """
    diagonal = np.diag(diagonal_balance(family)).copy()
    if not np.isfinite(family.floats).all():
        return diagonal, np.zeros_like(family.floats), Fraction(0)
    shift = np.log2(diagonal).astype(int)
    mantissa, exponent = np.frexp(family.floats)
    exponent = exponent + (shift[:, None] - shift[None, :])
    top = int(exponent[mantissa != 0].max(initial=0))
    return diagonal, np.ldexp(mantissa, np.maximum(exponent - top, -1000)), Fraction(2) ** top


def balanced_family(family: MatrixFamily, *, scale: Fraction | None = None) -> ScaledFamily:
    """The family in a diagonal basis of powers of two."""
    scaled = scale_family(family, transform=diagonal_balance(family), scale=scale)
    if scaled is None:
        raise ArithmeticError("a diagonal matrix of powers of two could not be inverted in 3072 bits")
    return scaled


def _balancing_step(row: float, column: float, target: float) -> float:
    """The exponent by which to scale an index whose row and column have these largest exponents."""
    if np.isfinite(row) and np.isfinite(column):
        step = (column - row) / 2
    elif np.isfinite(row) and np.isfinite(target):
        step = target - row
    elif np.isfinite(column) and np.isfinite(target):
        step = column - target
    else:
        step = 0.0
    return float(np.clip(np.round(step), -1100, 1100))
