"""One quadratic norm for matrices that commute, at any rate above the largest of their radii."""

import math
from collections.abc import Sequence
from fractions import Fraction

import flint

from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import to_flint, working_precision
from conservative._core.families.as_family import ExactMatrix

_PRECISIONS = (128, 512, 2048)
"""Bits in which a quadratic norm is summed up, until the rounding is small."""

_DOUBLINGS = 64
"""Doublings of the number of powers summed up: enough for a bound above the radius by a part of 2^-52."""


def common_form(matrices: Sequence[ExactMatrix], bound: Fraction) -> list[list[Fraction]]:
    """P with P - (A / bound)^T P (A / bound) about the identity or more, for every A of matrices that commute.

    From the identity on, every matrix in turn has the form summed up over the squares of its powers, doubled until they
    are small: what the form was before is the difference for the matrix, and the differences for those before it are
    summed up alike, since powers commute. The form is rounded to a grid on which the differences move by less than a
    quarter. Raises CertificateError where the bound is too near to the radius of a matrix.
    """
    n = len(matrices[0])
    for bits in _PRECISIONS:
        with working_precision(bits):
            scaled = [flint.arb_mat(to_flint(m) / flint.fmpq(bound.numerator, bound.denominator)) for m in matrices]
            grid = math.ceil(math.log2(8 * n * (1 + max(float(_square(m).upper()) for m in scaled))))
            P = flint.arb_mat(flint.fmpz_mat(n, n, [int(i == j) for i in range(n) for j in range(n)]))
            for matrix in scaled:
                P = _summed_up(P, matrix)
            if all(x.is_finite() and x.rad() * 2 ** (grid + 4) < 1 for x in P.entries()):
                scale = 2**grid
                whole = [[int((P[i, j] * scale).mid().floor().unique_fmpz()) for j in range(n)] for i in range(n)]
                return [[Fraction(whole[max(i, j)][min(i, j)], scale) for j in range(n)] for i in range(n)]
    raise CertificateError("no quadratic norm is found: the bound is too near to the radius of the matrix")


def _summed_up(P: flint.arb_mat, power: flint.arb_mat) -> flint.arb_mat:
    for _ in range(_DOUBLINGS):
        P += power.transpose() * P * power
        power *= power
        if _square(power) < 0.25:
            break
    return P


def _square(matrix: flint.arb_mat) -> flint.arb:
    """The square of the Frobenius norm."""
    return sum((x * x for x in matrix.entries()), flint.arb(0))
