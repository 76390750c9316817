"""Bounds of spectral norms against fractions."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest

from conservative._core.matrix_norms import spectral_norm_bounds


def squared_norm(matrix: np.ndarray) -> tuple[Fraction, Fraction]:
    """The larger root of λ² − (trace of MᵀM)·λ + det² = 0, between fractions 1e-40 apart, for |entries| near one."""
    (a, b), (c, d) = ([Fraction(float(x)) for x in row] for row in matrix)
    trace, det = a * a + b * b + c * c + d * d, a * d - b * c
    root = Fraction(isqrt(int((trace * trace - 4 * det * det) * 10**80)), 10**40)
    return (trace + root) / 2, (trace + root) / 2 + Fraction(1, 10**40)


@pytest.mark.parametrize("exponent", [-1060, -600, 0, 600, 1000])
def test_norms_of_two_by_two_matrices_are_enclosed_to_a_few_roundings(exponent: int) -> None:
    rng = np.random.default_rng(0)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    near = turn + 1e-9 * rng.normal(size=(20, 2, 2))  # almost orthogonal: both singular values near one
    flat = rng.normal(size=(20, 2, 1)) @ rng.normal(size=(20, 1, 2))  # almost singular
    given = np.concatenate([rng.normal(size=(40, 2, 2)), near, flat, [turn, 0.3 * np.eye(2), [[1.0, 1], [1, 1]]]])
    scaled = np.ldexp(given, exponent)
    matrices = np.ldexp(scaled, -exponent)  # what is left of the digits
    lower, upper = spectral_norm_bounds(scaled)
    for matrix, low, high in zip(matrices, lower, upper, strict=True):
        below, above = squared_norm(matrix)
        unit = Fraction(2) ** exponent
        assert (Fraction(float(low)) / unit) ** 2 <= above
        assert (Fraction(float(high)) / unit) ** 2 >= below
        if exponent > -1000:
            assert high - low <= 32 * 2.0**-53 * high


def test_the_norm_of_zero_is_zero() -> None:
    assert [bound.tolist() for bound in spectral_norm_bounds(np.zeros((1, 2, 2)))] == [[0.0], [0.0]]
